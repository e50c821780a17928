"""MIDI files are written in one form, and what cannot be written is refused."""

import numpy
import pytest

from tests.midi.file.inputs import PLAIN, hexed, midi, same, unhex
from tests.midi.file.test_tracks import TRACKS
from tsuzuri.midi.file import smf


def test_track_takes_what_events_gives():
    track = smf.read_smf(midi(TRACKS["meta events"][0])).tracks[0]
    again = smf.make_track(track.events())
    assert same(smf.MidiFile(0, 96, [again], []), smf.MidiFile(0, 96, [track], []))
    assert hexed(smf.read_smf(smf.write_smf(smf.MidiFile(0, 96, [smf.make_track([])], []))).tracks[0]) == ["0 ff 2f"]


def test_written_bytes_are_canonical():
    events = [(0, b"\x90\x3c\x40"), (200, b"\x90\x3c\x00"), (200, b"\xf0" + b"\1" * 130), (200, b"\xc0\5")]
    written = smf.write_smf(smf.MidiFile(1, -0x18D8, [smf.make_track(events)], []))
    assert written == unhex(
        """
        4d 54 68 64 00 00 00 06 00 01 00 01 e7 28
        4d 54 72 6b 00 00 00 96
        00 90 3c 40
        81 48 90 3c 00   # its status again
        00 f0 81 02 """ + "01" * 130 + """
        00 c0 05
        00 ff 2f 00      # added
        """
    )  # fmt: skip
    later = smf.write_smf(smf.MidiFile(1, 96, [smf.make_track([*events, (300, b"\xff\x2f")])], []))
    assert later.endswith(b"\x00\xc0\5\x64\xff\x2f\x00")


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        ([(5, b"\x90\x3c\x40"), (4, b"\x90\x3c\x00")], "event 1: tick 4, must be in range 5.."),
        ([(-1, b"\x90\x3c\x40")], "event 0: tick -1, must be in range 0.."),
        ([(0, b"\x90\x3c")], "event 0: 90 3c must have 3 bytes"),
        ([(0, b"\xc0\x3c\x01")], "event 0: c0 3c 01 must have 2 bytes"),
        ([(0, b"\xff")], "event 0: ff must have 2 bytes"),
        ([(0, b"")], "must have a status"),
        ([(0, b"\x3c\x40")], "event 0: 3c 40 must have a status"),
        ([(0, b"\xf8")], "event 0: f8 must have a status"),
        ([(0, b"\x90\x3c\x80")], "track 0, event 0: 90 3c 80 must have data in 00..7f"),
        ([(0, b"\xff\x80")], "track 0, event 0: ff 80 00 must have data in 00..7f"),
        ([(0x10000000, b"\x90\x3c\x40")], "must come 0..268435455 ticks after"),
        ([(0, b"\xff\x51\1")], "track 0, event 0: 01 (1 bytes) is no tempo"),
        ([(0, b"\xff\x59\x08\0")], "is no key signature"),
        ([(0, b"\xff\x2f"), (0, b"\xc0\1")], "track 0: its end of track is event 0 of 2"),
    ],
)
def test_what_cannot_be_written(events, reason):
    with pytest.raises(ValueError, match=reason.replace("(", r"\(").replace(")", r"\)")):
        smf.write_smf(smf.MidiFile(1, 96, [smf.make_track(events)], []))


def test_files_and_tracks_that_cannot_be_written():
    track = smf.read_smf(PLAIN).tracks[0]
    for format, division, tracks in [
        (3, 96, 1),
        (0, 96, 2),
        (1, 0, 1),
        (1, 0x8000, 1),
        (1, -0x100, 1),
        (1, -0x8001, 1),
    ]:
        with pytest.raises(ValueError, match="must be"):
            smf.write_smf(smf.MidiFile(format, division, [track] * tracks, []))
    broken = [
        track._replace(payloads={}),
        track._replace(payloads={1: b"", 7: b""}),
        track._replace(messages=track.messages[:1]),
        track._replace(messages=track.messages.astype(int)),
        track._replace(messages=numpy.array([[0xC0, 1, 1], [0xFF, 0x2F, 0]], numpy.uint8)),
        track._replace(messages=numpy.array([[0x70, 1, 1], [0xFF, 0x2F, 0]], numpy.uint8)),
    ]
    for one in broken:
        with pytest.raises(ValueError, match=r"^track 0"):
            smf.write_smf(smf.MidiFile(1, 96, [one], []))
