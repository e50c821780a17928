"""Notes that are one word each, end to end: MIDI to words and back, a training, and what it writes."""

import json
import shutil

import pytest

from tests.cli.music import SMALL, TUNES, parsed
from tests.conftest import refused
from tsuzuri.text import vocabulary

NOTES = ("--words", "notes")
MADE = ("--velocities", 8, "--grid", 24, "--rests", "cut", "--controls", 4, "--about", "on")
RUN = ("--lr", 0.01, "--sample-every", 0, *SMALL)


@pytest.fixture
def tunes(tmp_path):
    folder = tmp_path / "tunes"
    folder.mkdir()
    for path in sorted(TUNES.glob("*.mid"))[:4]:
        shutil.copy(path, folder)
    return folder


@pytest.mark.parametrize("options", [(), ("--events", "all", "--track", "all", "--ticks-per-beat", "keep"), MADE])
def test_the_same_midi_comes_of_either_kind_of_words(command, tmp_path, tunes, options):
    for form in ("events", "notes"):
        words = tmp_path / f"{form}.words"
        assert command("read_midi.py", tunes, "-o", words, "--words", form, *options).returncode == 0
        assert json.loads((tmp_path / f"{form}.words.json").read_text())["settings"]["words"] == form
        assert command("write_midi.py", words, "-o", tmp_path / form, "--strict").returncode == 0
    text = (tmp_path / "notes.words").read_text()
    assert "_80_" not in text
    assert len(text.split()) < 0.6 * len((tmp_path / "events.words").read_text().split())
    files = [{path.name: path.read_bytes() for path in (tmp_path / form).iterdir()} for form in ("events", "notes")]
    assert files[0] == files[1]
    assert len(files[0]) == 4


def test_words_by_hand_may_be_of_both_kinds_and_those_that_are_not_legal_are_named(command, tmp_path):
    (tmp_path / "a.words").write_text("00_90_3c50_8360 00_90_4050 8360_80_4000\n")
    assert command("write_midi.py", tmp_path / "a.words", "-o", tmp_path / "a.mid", "--strict").returncode == 0
    assert parsed(tmp_path / "a.mid").length == 0.5
    (tmp_path / "b.words").write_text("00_90_3c50_8360 60_90_3c50_60\n")
    process = command("write_midi.py", tmp_path / "b.words", "-o", tmp_path / "b.mid")
    said = "b.words: line 1, column 17: 60_90_3c50_60 strikes key 60 of channel 1, which sounds already"
    assert said in process.stderr
    parsed(tmp_path / "b.mid")
    assert said in refused(command("write_midi.py", tmp_path / "b.words", "-o", tmp_path / "b.mid", "--strict"))


def test_a_training_from_words_and_from_midi_stopped_and_resumed_and_what_it_writes(command, tmp_path, tunes):
    words, run = tmp_path / "t.words", tmp_path / "run"
    assert command("read_midi.py", tunes, "-o", words, *NOTES, *MADE).returncode == 0
    assert command("train.py", tunes, "-o", tmp_path / "whole", "-e", 2, "--keys", "own", *NOTES, *RUN).returncode == 0
    assert command("train.py", words, "-o", run, "-e", 1, *RUN).returncode == 0
    line = refused(command("train.py", "-o", run, "--resume", "-e", 2, "--words", "events"))
    assert "--words events: " in line
    assert command("train.py", "-o", run, "--resume", "-e", 2, *NOTES).returncode == 0
    assert (run / "model.npz").read_bytes() == (tmp_path / "whole" / "model.npz").read_bytes()
    known = vocabulary.load_vocabulary(run / "vocabulary.txt").words
    assert not any("_80_" in word for word in known)
    assert json.loads((run / "run.json").read_text())["corpus"]["midi"]["words"] == "notes"
    options = ("-n", 6, "--bars", 4, "--temperature", 2, "-o", tmp_path / "out")
    assert command("generate.py", run, *options).returncode == 0
    assert len([parsed(path) for path in (tmp_path / "out").iterdir()]) == 6
    process = command("generate.py", run, "--words", "--bars", 4, "--seed", 1)
    assert {word.count("_") for word in process.stdout.split() if "_90_" in word} == {3}
    assert "_80_" not in process.stdout
    line = refused(command("generate.py", run, "00_90_3c50", "--bars", 4, "--words"))
    assert "word 1 to begin with, '00_90_3c50', strikes key 60 of channel 1, which never ends" in line
    line = refused(command("train.py", tunes, "-o", tmp_path / "more", "--init-from", run, "--words", "events", *RUN))
    assert "--words events: must be notes" in line
