"""A file of which hardly anything is left is refused with the count of its faults; one with some faults is read."""

import struct

import pytest

from tests.midi.file.inputs import END, PLAIN, chunk, midi, same, unhex
from tests.midi.words.tunes import FLUTE
from tests.midi.words.tunes import midi as tune
from tsuzuri.errors import UserError
from tsuzuri.midi.file import smf
from tsuzuri.midi.reading import DAMAGED, RATIO, read_music
from tsuzuri.midi.words import collect
from tsuzuri.midi.words.convert import convert_file
from tsuzuri.midi.words.settings import Settings

NOTE = "00 90 3c 50 60 80 3c 00"
FAULT = "00 90 3c f9 f9"  # data bytes that are none


def test_noise_is_refused(rng, tmp_path):
    header = b"MThd" + struct.pack(">IHHH", 6, 0, 1, 96)
    for size in (400, 2000, 20_000):
        data = header + chunk(b"MTrk", rng.integers(0, 256, size, "u1").tobytes())
        reason = r"^offset 0: is damaged: [0-9,]+ faults, and hardly anything is left \([0-9,]+ events\)$"
        with pytest.raises(smf.NotMidi, match=reason):
            read_music(data)
    (tmp_path / "noise.mid").write_bytes(data)
    with pytest.raises(UserError, match=r"no MIDI that can be read: .*noise\.mid: offset 0: is damaged: "):
        collect.collect_pieces([str(tmp_path)], Settings())


def test_where_the_limit_is():
    counts = set()
    for notes in range(20, 60):
        data = midi((FAULT + NOTE) * 20 + NOTE * (notes - 20) + END)
        file = smf.read_smf(data)
        assert len(file.problems) == 20
        enough = len(file.tracks[0].ticks) >= RATIO * 20
        counts.add(enough)
        if enough:
            assert len(read_music(data).remarks) == 20
        else:
            with pytest.raises(smf.NotMidi, match="is damaged: 20 faults, and hardly anything is left"):
                read_music(data)
    assert counts == {True, False}
    few = midi((FAULT + NOTE) * (DAMAGED - 1) + END)
    assert len(read_music(few).remarks) == DAMAGED - 1  # few faults are none too many


def test_faults_beyond_those_listed_count():
    with pytest.raises(smf.NotMidi, match="is damaged: 250 faults"):
        read_music(midi((FAULT + NOTE) * 250 + END))


def test_most_of_a_file_passed_over():
    junk = b"".join(chunk(b"MTrk", unhex(FAULT + END)) + b"\xff" * 999 for _ in range(DAMAGED))
    with pytest.raises(smf.NotMidi, match="hardly anything is left"):
        read_music(midi(NOTE * 100 + END) + junk)


def test_messages_that_have_no_place_in_a_file_are_no_damage():
    assert len(read_music(midi("00 f8 00 fe" * 20 + NOTE + END)).remarks) == 40


def test_a_file_without_faults_is_as_it_is():
    music = read_music(PLAIN)
    assert same(music.file, smf.read_smf(PLAIN))
    assert music.remarks == []
    assert convert_file("x.mid", tune(FLUTE), Settings()).remarks == []
    with pytest.raises(smf.NotMidi, match=r"^offset 23: status f8 in a track$"):
        read_music(midi("00 f8" + NOTE + END), strict=True)
