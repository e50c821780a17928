"""The part of a file that is learned, gone on from, and told; and how long new pieces are."""

import json

import mido

from tests.cli.music import SMALL, TUNES, parsed
from tests.conftest import refused
from tests.midi.words.tunes import midi
from tsuzuri.midi import compose

SCALE = (60, 62, 64, 65, 67, 69, 71, 72)


def played(channel, keys, start=0, step=120):
    times = [(start + step * n, key) for n, key in enumerate(keys)]
    return "\n".join(f"{t} 9{channel:x} {key:02x} 50\n{t + step} 8{channel:x} {key:02x} 00" for t, key in times)


def band(shift, start):
    """A flute on channel 3 over a bass and drums, after a rest."""
    tune = f"0 c2 49\n0 ff 58 03022408\n{played(2, [key + shift for key in SCALE] * 3, start)}"
    return midi(played(1, (36, 43) * 40), tune, played(9, (36,) * 200, 0, 30))


def test_a_corpus_of_bands_gives_tunes_for_the_flute(command, tmp_path):
    (tmp_path / "in").mkdir()
    for n in range(4):
        (tmp_path / "in" / f"{n}.mid").write_bytes(band(n, 1440 * 5 * n))
    done = command("train.py", tmp_path / "in", "-o", tmp_path / "run", "-e", 1, *SMALL)
    assert done.returncode == 0, done.stderr
    told = done.stderr
    assert "parts    4 of 12: of each file the one with the tune by its skyline (--track)" in told
    assert "left out 8 parts, 4 of them drums, 1,120 notes (92% of all)" in told
    assert "rests    30 bars of silence cut from 3 pieces (--rests)" in told
    assert "hint     4 of 4 files have several parts, and one of each is little to learn from, 96 notes" in told
    about = json.loads((tmp_path / "run" / "run.json").read_text())["corpus"]["report"]["midi"]
    assert (about["programs"], about["meter"], about["parts"]["left"]) == ([[0, 0x49]], [3, 4], 8)
    done = command("generate.py", tmp_path / "run", "-n", 4, "--bars", 8, "-o", tmp_path / "out", "--seed", 1)
    assert done.returncode == 0, done.stderr
    for path in (tmp_path / "out").iterdir():
        (track,) = parsed(path).tracks
        assert [m.program for m in track if m.type == "program_change"] == [0x49]
        assert {m.channel for m in track if m.type == "note_on"} == {0}
        assert first_onset(track) < 1440


def test_refused_files_are_told_where_the_rest_is_too_little(command, tmp_path):
    (tmp_path / "0.mid").write_bytes(band(0, 0))
    for n in range(1, 4):
        (tmp_path / f"{n}.mid").write_text("404 Not Found")
    line = refused(command("train.py", tmp_path, "-o", tmp_path / "run", *SMALL, "-b", 64))
    assert "too small: " in line
    first = f"of 4 files 3 were refused: the first is {tmp_path}/1.mid: offset 0: is text, not MIDI"
    assert f"; {first}" in line
    assert line.index(first) < line.index("1 of 1 file have several parts")


def first_onset(track):
    tick = 0
    for message in track:
        tick += message.time
        if message.type == "note_on":
            return tick
    raise AssertionError("no note")


def test_of_a_file_to_begin_with_the_part_is_told(folk, command, tmp_path):
    (tmp_path / "band.mid").write_bytes(band(0, 0))
    done = command("generate.py", folk[0], "-p", tmp_path / "band.mid", "--bars", 1, "-o", tmp_path / "on.mid")
    assert done.returncode == 0, done.stderr
    assert "note: the piece begins with a part of the file: track 1, Flute, channel 3\n" in done.stderr
    tune = sorted(TUNES.glob("*.mid"))[0]
    done = command("generate.py", folk[0], "-p", tune, "--bars", 1, "-o", tmp_path / "on2.mid")
    assert "note: the piece begins with a part" not in done.stderr


def test_what_was_cut_short_is_told(folk, command, tmp_path, monkeypatch):
    monkeypatch.setattr(compose, "DENSEST", 2)
    options = ("--bars", 4, "--seed", 1)
    done = command("generate.py", folk[0], "-n", 3, "-o", tmp_path / "out", *options)
    assert "note: 3 of 3 pieces had to be cut short: at 8 notes a piece is brought to its end\n" in done.stderr
    for path in (tmp_path / "out").iterdir():
        assert sum(m.type == "note_on" and m.velocity > 0 for m in mido.MidiFile(path).tracks[0]) == 8
    done = command("generate.py", folk[0], "--words", *options)
    assert "note: the piece had to be cut short: at 8 notes" in done.stderr
    done = command("generate.py", folk[0], "--words", "--length", 10, "--seed", 1)
    assert "cut short" not in done.stderr


def test_read_midi_tells_what_it_took(command, tmp_path):
    (tmp_path / "band.mid").write_bytes(band(0, 0))
    done = command("read_midi.py", tmp_path / "band.mid", "-o", tmp_path / "b.words")
    assert "track 1, Flute, channel 3; left out 2 other parts" in done.stderr
    listed = command("read_midi.py", "--list", tmp_path / "band.mid").stdout.splitlines()
    assert [line[1] for line in listed[1:]] == [" ", "*", " "]
    one = midi("\n".join((played(1, (36, 43) * 40), played(2, SCALE * 3))), form=0)
    (tmp_path / "one.mid").write_bytes(one)
    assert "(of it channel 3)" in command("read_midi.py", "--list", tmp_path / "one.mid").stdout
