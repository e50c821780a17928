"""MIDI files to words and back: reports, pictures, sound, and what is refused."""

import os
import re
import subprocess
import time

import mido
import pytest

from tests.cli.music import TUNES, parsed, strikes
from tests.conftest import refused


def test_there_and_back(script, tmp_path):
    out = tmp_path / "tunes.words"
    process = script("read_midi.py", TUNES, "-o", out, "--events", "all", "--ticks-per-beat", "keep")
    assert process.returncode == 0, process.stderr
    files = sorted(TUNES.glob("*.mid"))
    assert f"read     {len(files)} files: {len(files)} pieces and 0 copies of them" in process.stderr
    assert len(out.read_text().splitlines()) == len(files)
    assert script("write_midi.py", out, "-o", tmp_path / "back").returncode == 0
    back = sorted((tmp_path / "back").iterdir())
    assert [path.name for path in back] == [path.name for path in files]
    for before, after in zip(files, back, strict=True):
        assert [[*m.bytes(), m.time] for m in strikes(before)] == [[*m.bytes(), m.time] for m in strikes(after)]
        assert parsed(after).length == pytest.approx(mido.MidiFile(before).length)


def test_words_go_to_standard_output(command):
    process = command("read_midi.py", TUNES / sorted(TUNES.glob("*.mid"))[0].name)
    assert re.fullmatch(r"([0-9a-f]+_[89]0_[0-9a-f]{4} ?)+\n", process.stdout)


def test_the_report_names_what_was_mended_and_refused(command, tmp_path):
    tune = sorted(TUNES.glob("*.mid"))[0].read_bytes()
    (tmp_path / "cut.mid").write_bytes(tune[:-12])
    (tmp_path / "page.mid").write_bytes(b"<!DOCTYPE html><html><body>404</body></html>")
    process = command("read_midi.py", tmp_path, "-o", tmp_path / "x.words")
    assert process.returncode == 0
    assert re.search(r"^mended   .*cut\.mid: .*offset \d+: ", process.stderr, re.MULTILINE)
    assert re.search(r"^refused  .*page\.mid: offset 0: is HTML, not MIDI", process.stderr, re.MULTILINE)
    strict = refused(command("read_midi.py", tmp_path / "cut.mid", "-o", tmp_path / "y.words", "--strict"))
    assert re.search(r"cut\.mid: offset \d+: ", strict)
    assert not (tmp_path / "y.words").exists()


def test_the_list_of_tracks(command):
    process = command("read_midi.py", "--list", TUNES)
    assert process.returncode == 0
    assert process.stdout.count(": format 0, division 480, 1 tracks") == len(list(TUNES.glob("*.mid")))
    assert re.search(
        r"^ \*  0 +\d+ notes  keys \d+\.\.\d+ +channel 1 +\d+ [A-Z][a-z]+.* +\S", process.stdout, re.MULTILINE
    )


def test_pictures_of_midi_files(command, tmp_path):
    tune = sorted(TUNES.glob("*.mid"))[0]
    (tmp_path / "a.mid").write_bytes(tune.read_bytes())
    assert command("read_midi.py", tmp_path / "a.mid", "--plot").returncode == 0
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    (tmp_path / "b.mid").write_bytes(b"not music")
    assert "nothing to draw: " in refused(command("read_midi.py", tmp_path / "b.mid", "--plot"))


def test_a_single_piece_with_picture_and_sound(command, tmp_path):
    (tmp_path / "mine.words").write_text("00_90_3c50 8360_80_3c00 00_90_4050 8360_80_4000\n")
    process = command("write_midi.py", tmp_path / "mine.words", "-o", tmp_path / "new" / "t.mid", "--plot", "--wav")
    assert process.returncode == 0, process.stderr
    assert parsed(tmp_path / "new" / "t.mid").length == pytest.approx(1.0)
    assert (tmp_path / "new" / "t.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "new" / "t.wav").read_bytes()[:4] == b"RIFF"


def test_words_that_are_not_legal_are_mended_or_refused_with_their_place(command, tmp_path):
    path = tmp_path / "mine.words"
    path.write_text("00_90_3c50 60_80_3c00\n\n00_90_3c50  00_80_4000 10_80_3c00 60_90_4050\n")
    process = command("write_midi.py", path, "-o", tmp_path / "out")
    assert process.returncode == 0
    assert "mended   " + str(path) + ": line 3, column 13: 00_80_4000 releases key 64 of channel 1" in process.stderr
    assert ": line 3, column 35: 60_90_4050 strikes key 64 of channel 1, which never ends" in process.stderr
    assert [path.name for path in sorted((tmp_path / "out").iterdir())] == ["mine-1.mid", "mine-2.mid"]
    for file in (tmp_path / "out").iterdir():
        parsed(file)
    line = refused(command("write_midi.py", path, "-o", tmp_path / "strict", "--strict"))
    assert line.endswith("line 3, column 13: 00_80_4000 releases key 64 of channel 1, which does not sound")
    assert not (tmp_path / "strict").exists()


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        (["read_midi.py"], "no files: name MIDI files or folders of them"),
        (["read_midi.py", "none.mid"], "none.mid: no such file or folder"),
        (["read_midi.py", "README.md"], "README.md: offset 0: is text, not MIDI"),
        (["read_midi.py", "docs"], "docs: the folder holds no file that ends in .mid, .midi"),
        (["read_midi.py", TUNES, "--track", "9"], "has no track 9: must be in range 0..0"),
        (["read_midi.py", TUNES, "--velocities", "200"], "200 is out of range: must be keep, or a number in 1..127"),
        (["read_midi.py", TUNES, "--transpose", "-5..x"], "-5..x is not a range: must be two numbers in -24..24"),
        (["read_midi.py", TUNES, "--stretch", "1,9"], "1,9 is out of range: must be factors in 0.25..4"),
        (["read_midi.py", TUNES, "--stretch", "some"], "some are no factors: must be factors in 0.25..4"),
        (["read_midi.py", TUNES, "-o", ""], "must name a file or a folder, and is empty"),
        (["read_midi.py", "--list", "README.md"], "nothing to list: README.md: offset 0: is text, not MIDI"),
        (["write_midi.py", "README.md"], "no output: name a folder, or for a single piece a file that ends in .mid"),
        (["write_midi.py", "none.words", "-o", "x"], "none.words: no such file"),
        (["train.py", "corpus", "-o", "x"], "text and MIDI in one corpus"),
        (["train.py", TUNES, "-o", "x", "--tokens", "char"], "--tokens is for text, and"),
        (["train.py", "corpus/stories", "-o", "x", "--grid", "8"], "--grid is for MIDI, and"),
        (["train.py", TUNES, "-o", "x", "-b", "5000"], "too small"),
        (
            ["train.py", "docs", "-o", "x"],
            "docs: the folder holds neither text nor music: no file that ends in .txt, .zip, .epub, .mid, .midi, .smf, "
            ".kar, .rmi, .words; passed over",
        ),
        (["train.py", "docs", "tools", "-o", "x"], "docs tools: the folders hold neither text nor music"),
        (["train.py", "docs", "corpus/stories", "-o", "x"], "docs: the folder holds no file that ends in .txt"),
    ],
)
def test_what_is_refused(command, args, reason):
    assert reason in refused(command(*args))


def test_illegal_words_are_mended_or_refused_on_reading_too(command, tmp_path):
    path = tmp_path / "mine.words"
    path.write_text("00_90_3c50 60_80_3c00\n00_90_3c50 hello 60_80_3c00\n")
    process = command("read_midi.py", path)
    assert process.stdout == "00_90_3c50 60_80_3c00\n00_90_3c50 60_80_3c00\n"
    assert "mine.words: line 2, word 2: hello is not delta_status_data in hex" in process.stderr
    assert "line 2, word 2: hello" in refused(command("read_midi.py", path, "--strict"))
    line = refused(command("read_midi.py", path, "--grid", 4))
    assert line == f"--grid is for MIDI files: {path} holds words, made already"


def test_output_to_what_is_no_file_is_no_replacement(script, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link.words").symlink_to(tmp_path / "real.words")
    tune = sorted(TUNES.glob("*.mid"))[0]
    with subprocess.Popen(["cat", tmp_path / "pipe"], stdout=subprocess.PIPE) as reader:
        assert script("read_midi.py", tune, "-o", tmp_path / "pipe").returncode == 0
        assert reader.stdout.read().startswith(b"00_90_")
    assert script("read_midi.py", tune, "-o", tmp_path / "link.words").returncode == 0
    names = ["link.words", "link.words.json", "pipe", "real.words"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    assert (tmp_path / "link.words").is_symlink()
    assert (tmp_path / "real.words").read_text().startswith("00_90_")


def test_what_cannot_be_played_is_written_all_the_same(command, tmp_path):
    """Three hours: too long for --wav, which says so when the MIDI file is there."""
    (tmp_path / "long.words").write_text("00_90_3c50 8360_80_3c00 84ef9a00_90_3c50 8360_80_3c00\n")
    line = refused(command("write_midi.py", tmp_path / "long.words", "-o", tmp_path / "long.mid", "--wav"))
    assert "at most 2:00 can be made into sound" in line
    assert mido.MidiFile(tmp_path / "long.mid").length > 10_000


def test_a_line_may_have_as_many_faults_as_words(tmp_path, command):
    path = tmp_path / "a.words"
    path.write_text("00_90_4050 " + "00_90_4050 60_80_4200 oops " * 20_000 + "x" * 5000 + "\n")
    start = time.process_time()
    done = command("write_midi.py", path, "-o", tmp_path / "a.mid")
    assert time.process_time() - start < 10
    lines = done.stderr.splitlines()
    assert lines[0].endswith("a.words: line 1, column 12: 00_90_4050 strikes key 64 of channel 1, which sounds already")
    assert lines[2].endswith("line 1, column 34: oops is not delta_status_data in hex, such as 00_90_4050")
    assert re.fullmatch(r"mended   .*a.words: line 1: and 59997 more", lines[5])
    strict = command("write_midi.py", path, "-o", tmp_path / "b.mid", "--strict")
    assert refused(strict).endswith("which sounds already")
    path.write_text("00_90_4050 60_80_4000 " + "x" * 5000 + "\n")
    assert len(command("write_midi.py", path, "-o", tmp_path / "a.mid").stderr) < 500
