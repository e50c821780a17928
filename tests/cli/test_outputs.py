"""Where commands write: what cannot be is refused before anything is read, and music finds a place by itself."""

import os
import shutil

import pytest

from tests.cli import run_command
from tests.conftest import ROOT, refused
from tests.training.test_old_runs import STORED
from tsuzuri import storage
from tsuzuri.errors import UserError
from tsuzuri.midi.export import default_output

LONG = "x" * 300


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder to work in, with a file and a folder in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("kept")
    (tmp_path / "folder").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("command", "into_folder"),
    [
        (["train.py", "NOTHING"], True),
        (["classify.py", "train", "NOTHING"], True),
        (["generate.py", STORED / "text"], False),
        (["generate.py", STORED / "music", "--words"], False),
        (["generate.py", STORED / "music", "-n", "2"], True),
        (["read_midi.py", "NOTHING"], False),
        (["write_midi.py", "NOTHING"], True),
        (["classify.py", "evaluate", STORED / "classes"], False),
    ],
)
def test_a_bad_output_is_refused_before_anything_is_read(place, command, into_folder):
    wrong = {
        "file/run": "Not a directory",
        f"new/{LONG}": "File name too long",
        "/proc/none/run": "No such file or directory",
        "": "must name a file or a folder, and is empty",
        ("file" if into_folder else "folder"): f"must be a {'folder' if into_folder else 'file'}",
    }
    if command == ["generate.py", STORED / "text"]:
        del wrong["folder"]  # which takes texts too
    for out, reason in wrong.items():
        line = refused(run_command(*command, "-o", out))
        assert line.endswith(reason), out
        assert line.startswith(f"{out}: " if out else "--out: ")
    assert sorted(os.listdir(place)) == ["file", "folder"]
    assert (place / "file").read_text() == "kept"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_refused(place):
    (place / "folder").chmod(0o500)
    for check in (storage.check_folder, storage.check_file):
        with pytest.raises(UserError, match="Permission denied"):
            check("folder/new")


def test_what_can_be_written_is_left_as_it_is(place):
    for check in (storage.check_folder, storage.check_file):
        check("new/deep/name")
        check(str(place / "new"))
        check("name")
    storage.check_folder(".")
    storage.check_folder("folder")
    storage.check_file("file")
    storage.check_file(os.devnull)
    assert sorted(os.listdir(place)) == ["file", "folder"]


def test_text_may_go_into_a_new_folder(place):
    done = run_command("generate.py", STORED / "text", "-o", "new/a.txt", "--length", 5, "--seed", 1, "-d", "cpu")
    assert done.returncode == 0, done.stderr
    assert (place / "new" / "a.txt").read_text(encoding="utf-8")


def test_the_name_of_music_without_one(place):
    assert default_output("runs/folk", 7, 1) == "folk-7.mid"
    assert default_output("runs/folk/", 7, 3) == "folk-7"
    assert default_output(".", 7, 1) == f"{place.name}-7.mid"
    assert default_output("/", 7, 1) == "tune-7.mid"
    (place / "folk-7.mid").touch()
    (place / "folk-7-2.png").touch()  # where --plot would draw
    assert default_output("runs/folk", 7, 1) == "folk-7-3.mid"
    assert default_output("runs/folk", 7, 3) == "folk-7"
    (place / "folk-7").mkdir()
    assert default_output("runs/folk", 7, 3) == "folk-7-2"


def test_music_without_an_output_goes_to_a_file_that_is_new(place):
    shutil.copytree(STORED / "music", place / "folk")
    command = ["generate.py", "folk", "--bars", "1", "--seed", "5", "-d", "cpu"]
    first, second = run_command(*command), run_command(*command)
    assert (first.returncode, first.stdout) == (0, ""), first.stderr
    assert first.stderr.splitlines()[-1] == "wrote folk-5.mid"
    assert second.stderr.splitlines()[-1] == "wrote folk-5-2.mid"
    assert (place / "folk-5.mid").read_bytes() == (place / "folk-5-2.mid").read_bytes()
    several = run_command(*command, "-n", 2)
    assert several.stderr.splitlines()[-1] == "wrote 2 pieces into folk-5"
    assert len(os.listdir(place / "folk-5")) == 2
    words = run_command(*command, "--words")
    assert "_90_" in words.stdout
    assert sorted(os.listdir(place)) == ["file", "folder", "folk", "folk-5", "folk-5-2.mid", "folk-5.mid"]


@pytest.mark.parametrize(
    ("run", "prime", "reason"),
    [
        ("text", "tune.mid", "tune.mid: is a MIDI file, and {run} was trained on text: must be words to begin with"),
        ("text", "copy", "copy: is a MIDI file, and {run} was trained on text: must be words to begin with"),
        ("text", "a.words", "a.words: is words of MIDI, and {run} was trained on text: must be words to begin with"),
        (
            "music",
            "a.txt",
            "a.txt: offset 0: is text, not MIDI (it begins with b'Once upon'): must be a MIDI file, a file",
        ),
        (
            "music",
            "a.words",
            "a.words: is not a file of words: line 1 has 'Once', where words such as 00_90_4050 must be",
        ),
    ],
)
def test_a_prime_of_the_other_kind_is_named_as_such(place, run, prime, reason):
    shutil.copy(ROOT / "corpus" / "tunes" / "greensleeves.mid", "tune.mid")
    shutil.copy("tune.mid", "copy")
    for name in ("a.txt", "a.words"):
        (place / name).write_text("Once upon a time\n")
    line = refused(run_command("generate.py", STORED / run, prime, "-d", "cpu"))
    assert line.startswith(reason.format(run=STORED / run))


def test_prose_is_not_turned_into_midi(place):
    (place / "prose.txt").write_text("\nOnce upon a time\nthere was 00_90_4050\n")
    line = refused(run_command("write_midi.py", "prose.txt", "-o", "out"))
    held = "line 2 has 'Once', where words such as 00_90_4050 must be (read_midi.py writes them)"
    assert line == f"prose.txt: is not a file of words: {held}"
    assert not (place / "out").exists()
    (place / "good.words").write_text("00_90_4050 oops 8360_80_4000\n")
    done = run_command("write_midi.py", "good.words", "-o", "out")
    assert done.returncode == 0
    assert "mended   good.words: line 1, column 12: oops is not" in done.stderr
    assert len(os.listdir("out")) == 1


@pytest.mark.parametrize("command", [["train.py"], ["classify.py", "train"]])
def test_a_finished_run_says_how_it_goes_on(place, command):
    corpus = "corpus.tsv" if len(command) > 1 else "corpus.txt"
    lines = [f"{label}\t{label} {n % 3} of them" for n in range(40) for label in "ab"]
    (place / corpus).write_text("\n".join(lines))
    out = ["-o", "run", "-d", "cpu"]
    small = ["-u", 4, "-b", 2, *(["-l", 3] if command == ["train.py"] else [])]
    assert run_command(*command, corpus, *out, *small, "-e", 2).returncode == 0
    again = run_command(*command, *out, "--resume")
    assert again.returncode == 0, again.stderr
    assert (
        "nothing  is left to do: all 2 epochs were done before; --epoch 4 goes on with as many more\n" in again.stderr
    )
    more = run_command(*command, *out, "--resume", "-e", 3)
    assert "is left to do" not in more.stderr
    assert more.stdout.startswith("epoch   3")
