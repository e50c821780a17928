"""``generate.py``'s arguments: the run and the beginning in any order, a mistyped run, and where it says it wrote."""

import os
import shutil

import mido
import pytest

from tests.cli import run_command
from tests.conftest import ROOT, refused
from tests.training.test_old_runs import STORED
from tsuzuri.api.run_folders import nearest_run

TUNE = ROOT / "corpus" / "tunes" / "clementine.mid"
FEW = ("--length", 4, "--seed", 1, "-d", "cpu")


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """A working folder with runs/novel and runs/folk."""
    monkeypatch.chdir(tmp_path)
    for kind, name in (("text", "novel"), ("music", "folk")):
        shutil.copytree(STORED / kind, tmp_path / "runs" / name)
    (tmp_path / "runs" / "nova").mkdir()  # holds no run
    return tmp_path


@pytest.fixture
def word(runs):
    """A word that the text's run knows."""
    words = (runs / "runs/novel/vocabulary.txt").read_text(encoding="utf-8").split("\n")
    return next(word for word in words[2:] if word.isalpha())


def test_the_run_and_the_beginning_stand_in_any_order(word):
    usual = run_command("generate.py", "runs/novel", word, *FEW)
    assert usual.returncode == 0, usual.stderr
    assert usual.stdout.startswith(word)
    assert run_command("generate.py", word, "runs/novel", *FEW).stdout == usual.stdout


def test_a_mistyped_run_is_named(runs, word):
    meant = "not a run (there is no such folder): did you mean runs/novel?"
    for wrong in ("runs/nvel", "novl", "run/novel", "runs/novel2"):
        for arguments in ((wrong,), (wrong, word), (word, wrong), ("-m", wrong)):
            assert refused(run_command("generate.py", *arguments, *FEW)) == f"{wrong}: {meant}"
    assert refused(run_command("generate.py", runs / "runs" / "novell")).endswith(f"mean {runs / 'runs' / 'novel'}?")
    for other, said in (
        ("quite/another", "no such folder"),
        ("runs/nova", "holds no run.json"),
        ("x" * 300, "no such"),
    ):
        assert said in refused(run_command("generate.py", other, word))


def test_the_nearest_run(runs):
    assert nearest_run("runs/flk") == "runs/folk"
    assert nearest_run("folk/") == "runs/folk"
    assert nearest_run("runs/[folk") == "runs/folk"
    assert nearest_run("zzz") is None
    assert nearest_run(f"{runs}/runs/zzz") is None  # the folder in common makes nothing alike
    assert nearest_run(f"{runs}/runs/novle") == f"{runs}/runs/novel"
    os.chdir(runs / "runs")
    assert nearest_run("novle") == "novel"


def test_a_long_text_too_many_is_cut(word):
    line = refused(run_command("generate.py", "-m", "runs/novel", word, "-p", "x" * 5000))
    assert line == "x" * 59 + "…: one run directory and one text to begin with are enough"


def test_what_was_written_is_said(runs):
    for out in ("a.txt", "new/b.txt"):
        done = run_command("generate.py", "runs/novel", "-o", out, *FEW)
        assert (done.stdout, done.stderr.splitlines()[-1]) == ("", f"wrote {out}")
        assert (runs / out).exists()
    words = run_command("generate.py", "runs/folk", "--words", "-o", "a.words", *FEW)
    assert words.stderr.splitlines()[-1] == "wrote a.words"


def test_one_midi_file_for_several_pieces_or_words(runs):
    line = refused(run_command("generate.py", "runs/folk", "-n", 2, "-o", "many.mid"))
    assert line == "many.mid: a MIDI file cannot hold 2 pieces: name a folder for several"
    line = refused(run_command("generate.py", "runs/folk", "--words", "-o", "many.mid"))
    assert line == "many.mid: a MIDI file cannot hold words: name a file that ends in .words"


@pytest.mark.parametrize("name", ["none.mid", "none.words", "no/NONE.MIDI", "my tune.mid"])
def test_a_beginning_that_is_no_file(runs, name):
    assert refused(run_command("generate.py", "runs/folk", name)) == f"{name}: no such file"


def test_bars_are_counted_after_the_beginning(runs):
    done = run_command("generate.py", "runs/folk", TUNE, "--bars", 2, "--seed", 1, "-d", "cpu", "-o", "a.mid")
    assert done.returncode == 0, done.stderr
    before, after = (mido.MidiFile(path) for path in (TUNE, runs / "a.mid"))
    beats = [sum(m.time for m in file.tracks[-1]) / file.ticks_per_beat for file in (before, after)]
    assert beats[1] > beats[0] + 2
    help_text = run_command("generate.py", "--help").stdout
    assert "length in bars, counted after the prime" in " ".join(help_text.split())


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "no file of words: name one, such as tunes.words"),
        (["-o", "a.mid"], "no file of words: name one, such as tunes.words"),
        (["a.words"], "no output: name a folder, or for a single piece a file that ends in .mid, with -o/--out"),
        (["none.words", "-o", "a.mid"], "none.words: no such file"),
        (["none.mid", "-o", "a.mid"], "none.mid: no such file"),
        ([TUNE, "-o", "a.mid"], f"{TUNE}: is a MIDI file, must be a file of words (read_midi.py writes them)"),
    ],
)
def test_what_write_midi_lacks(runs, arguments, reason):
    (runs / "a.words").write_text("00_90_3c50 60_80_3c00\n")
    assert refused(run_command("write_midi.py", *arguments)) == reason
    assert not (runs / "a.mid").exists()


def test_one_number_of_semitones_is_a_range(runs):
    (runs / "a.mid").write_bytes(TUNE.read_bytes())
    one, two = (run_command("read_midi.py", "a.mid", "--transpose", value).stdout for value in ("2", "0..2"))
    assert one == two
    assert len(one.splitlines()) == 3
    assert "such as -5..6; 5 alone is 0..5" in " ".join(run_command("read_midi.py", "--help").stdout.split())
