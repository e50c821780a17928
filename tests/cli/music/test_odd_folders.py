"""Folders and archives as people have them: a broken link, a name in no encoding, a README, a pipe, many parts."""

import os
import shutil
import zipfile

import pytest

from tests.cli.music import SMALL, TUNES
from tests.conftest import refused
from tests.midi.test_merging import band, track
from tests.midi.words.tunes import midi

TUNE = sorted(TUNES.glob("*.mid"))[0]


@pytest.fixture
def tunes(tmp_path):
    """A folder of tunes, one of them in a karaoke file, with what else may lie there."""
    folder = tmp_path / "tunes"
    folder.mkdir()
    for n, path in enumerate(sorted(TUNES.glob("*.mid"))[:4]):
        shutil.copy(path, folder / (path.name if n else "song.kar"))
    (folder / "README.txt").write_text("four tunes")
    (folder / "broken.mid").symlink_to("nowhere.mid")
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / "pipe.mid")
    return folder


def said(process, *lines):
    assert process.returncode == 0, process.stderr
    for line in lines:
        assert line in process.stderr


def test_a_list_names_what_it_cannot_read(command, tunes):
    process = command("read_midi.py", "--list", tunes)
    said(process, f"refused  {tunes}/broken.mid: no such file\n", f"left out {tunes}/README.txt: is no MIDI\n")
    assert process.stdout.count(": format 0") == 4
    assert "song.kar: format 0, division 480, 1 tracks" in process.stdout
    assert "song.mid: no such file" in refused(command("read_midi.py", "--list", tunes / "song.mid"))


def test_words_and_pictures_of_such_a_folder(command, tunes, tmp_path):
    process = command("read_midi.py", tunes, "-o", tmp_path / "x.words", "--plot")
    said(process, "read     5 files: 4 pieces", f"{tunes}/README.txt", f"refused  {tunes}/broken.mid: no such file")
    assert len(list(tmp_path.glob("*.png"))) == 4
    said(command("read_midi.py", tunes, "--plot"), f"left out {tunes}/README.txt: is no MIDI\n")


def test_an_archive_is_trained_on(command, tunes, tmp_path):
    with zipfile.ZipFile(tmp_path / "tunes.zip", "w") as archive:
        for path in sorted(tunes.iterdir()):
            if path.suffix in (".mid", ".kar", ".txt") and path.is_file():
                archive.write(path, f"tunes/{path.name}")
    process = command("train.py", tmp_path / "tunes.zip", "-o", tmp_path / "run", "-e", 1, *SMALL)
    said(process)
    assert "read     4 files, " in process.stdout + process.stderr
    name = f"{tmp_path}/tunes.zip/tunes/README.txt: is no MIDI"
    assert f"left out {name}" in process.stdout + process.stderr
    process = command("read_midi.py", tmp_path / "tunes.zip", "--list")
    assert "tunes.zip/tunes/song.kar: format 0" in process.stdout
    said(command("read_midi.py", tmp_path / "tunes.zip", "--plot"), f"drew     {tmp_path}/song.png")


def test_a_name_that_is_not_utf_8(command, tmp_path):
    place = os.path.join(os.fsencode(tmp_path), b"\x83\x65.mid")  # half of a name in Shift-JIS
    try:
        shutil.copy(os.fsencode(TUNE), place)
    except OSError:
        pytest.skip("this file system holds only names in UTF-8")
    said(command("read_midi.py", tmp_path, "-o", tmp_path / "a.words", "--plot"), "read     1 file: 1 piece")
    said(command("write_midi.py", tmp_path / "a.words", "-o", tmp_path / "back"))
    (written,) = (tmp_path / "back").iterdir()
    assert written.suffix == ".mid"


def test_what_has_no_channel_is_said_by_pictures_too(command, tmp_path):
    guest = track(0, 60, (50, 80), (90, 200), (600, 700), port=1)
    (tmp_path / "a.mid").write_bytes(midi(*band((0, 100), last=[guest])))
    line = f"mended   {tmp_path}/a.mid: channel 1 of track 15: 2 of 3 notes left out: 15 instruments have all channels"
    every, to = ("read_midi.py", tmp_path / "a.mid", "--track", "all"), ("-o", tmp_path / "a.words")
    said(command("read_midi.py", tmp_path / "a.mid", "--plot"), line + "\n")
    said(command(*every, "--events", "channel", *to), line + "\n")
    lost = ", 1 note of French Horn as Tubular Bells (--events channel keeps programs)\n"
    said(command(*every, *to), line + lost)


def test_max_rest_is_an_option(command, tmp_path):
    (tmp_path / "a.mid").write_bytes(midi("0 90 3c 50\n480 80 3c 00\n48000 90 3e 50\n48480 80 3e 00"))
    process = command("read_midi.py", tmp_path / "a.mid", "--max-rest", 2)
    assert process.stdout == "00_90_3c50 8360_80_3c00 9e00_90_3e50 8360_80_3e00\n"
    said(process, "a rest of 99 quarter notes shortened")
    line = refused(command("read_midi.py", tmp_path / "a.mid", "--max-rest", 0))
    assert line == "--max-rest: 0 is out of range: must be auto, keep, or a number in 1..1000"
