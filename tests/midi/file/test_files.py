"""Headers and chunks: each form and each fault of a file by its bytes, and what is no MIDI."""

import struct

import pytest

from tests.midi.file.inputs import END, NOTE, PLAIN, check, chunk, hexed, midi, same, unhex
from tsuzuri.midi.file import smf

NOTES = ["0 90 3c 40", "0 ff 2f"]
AT_480 = "read as 480 ticks a quarter note"
# name: file, format, division, number of tracks, problems
FILES = {
    "format 0": (PLAIN, 0, 96, 1, []),
    "format 1": (midi(NOTE, NOTE), 1, 96, 2, []),
    "format 2": (midi(NOTE, NOTE, format=2), 2, 96, 2, []),
    "format 0 with two tracks": (
        midi(NOTE, NOTE, format=0), 1, 96, 2, ["8: format 0 with 2 tracks, read as format 1"],
    ),
    "format 27905": (midi(NOTE, format=27905), 1, 96, 1, ["8: format 27905, read as format 1"]),
    "a wrong number of tracks": (
        midi(NOTE, count=3), 0, 96, 1, ["10: the header counts 3 tracks, there are 1, all read"],
    ),
    "no track": (midi(format=1), 1, 96, 0, ["14: no track, none read"]),
    "25 frames of 40 ticks": (midi(NOTE, division=0xE728), 0, -0x18D8, 1, []),
    "30 drop-frame": (midi(NOTE, division=0xE350), 0, -0x1CB0, 1, []),
    "60 frames": (midi(NOTE, division=0xC401), 0, -0x3BFF, 1, ["12: division of 60 frames a second, kept"]),
    "frames of no ticks": (midi(NOTE, division=0xE700), 0, 480, 1, [f"12: division e700 has no ticks, {AT_480}"]),
    "division 0": (midi(NOTE, division=0), 0, 480, 1, [f"12: division 0000 has no ticks, {AT_480}"]),
    "RIFF": (
        b"RIFF\0\0\0\0RMIDLIST\3\0\0\0abc\0data" + struct.pack("<I", len(PLAIN)) + PLAIN + b"LIST\4\0\0\0abcd",
        0, 96, 1, [],
    ),
    "MacBinary": (b"\0\x04song" + bytes(122) + PLAIN, 0, 96, 1, ["0: 128 bytes before the header, skipped"]),
    "a foreign chunk": (PLAIN[:14] + chunk(b"XFIH", b"\0\xff\x2f") + PLAIN[14:], 0, 96, 1, []),
    "a longer header": (PLAIN[:7] + b"\x08" + PLAIN[8:14] + b"\1\2" + PLAIN[14:], 0, 96, 1, []),
    "a header of a wrong length": (PLAIN[:7] + b"\x00" + PLAIN[8:], 0, 96, 1, ["4: header length 0, read as 6"]),
    "a header length into the track": (
        PLAIN[:7] + b"\x0a" + PLAIN[8:], 0, 96, 1, ["4: header length 10, read as 6"],
    ),
    "a header cut off": (PLAIN[:11], 1, 480, 0, [f"0: a header of 11 bytes, read as format 1 with {AT_480[8:]}",
                                                "11: no track, none read"]),
    "no header": (PLAIN[14:], 1, 480, 1, [f"0: no header MThd, read as format 1 with {AT_480[8:]}"]),
    "a track length too long": (midi(NOTE, length=99), 0, 96, 1, ["18: track length 99, read as 8"]),
    "a track length too short": (midi(NOTE, length=3), 0, 96, 1, ["18: track length 3, read as 8"]),
    "a track length into the next track": (
        midi(NOTE, length=10) + midi(NOTE)[14:], 1, 96, 2,
        ["18: track length 10, read as 8", "10: the header counts 1 tracks, there are 2, all read",
         "8: format 0 with 2 tracks, read as format 1"],
    ),
    "a track length over the next track": (
        midi(NOTE, length=24) + midi(NOTE)[14:], 1, 96, 2,
        ["18: track length 24, read as 8", "10: the header counts 1 tracks, there are 2, all read",
         "8: format 0 with 2 tracks, read as format 1"],
    ),
    "the start of a second track": (PLAIN + b"MTrk\0\0", 0, 96, 1, ["30: 6 bytes that are no chunk, skipped"]),
    "bytes after the last track": (PLAIN + bytes(3), 0, 96, 1, ["30: 3 bytes that are no chunk, skipped"]),
    "bytes between tracks": (
        midi(NOTE, NOTE)[:30] + b"\0" + PLAIN[14:], 1, 96, 2, ["30: 1 bytes that are no chunk, skipped"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("data", "format", "division", "tracks", "problems"), FILES.values(), ids=FILES)
def test_a_file(data, format, division, tracks, problems):
    file = check(data)
    assert (file.format, file.division, len(file.tracks)) == (format, division, tracks)
    assert [hexed(track) for track in file.tracks] == [NOTES] * tracks
    assert [f"{offset}: {wrong}, {done}" for offset, wrong, done in file.problems] == problems
    if problems:
        with pytest.raises(smf.NotMidi):
            smf.read_smf(data, strict=True)
    else:
        assert same(smf.read_smf(data, strict=True), file)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "offset 0: is empty"),
        (bytes(100), "offset 0: is not MIDI, but zero bytes"),
        (b"<!DOCTYPE html><html>", "offset 0: is HTML, not MIDI (it begins with b'<!DOCTYPE')"),
        (b"\xef\xbb\xbf\n<HTML>MThd", "offset 0: is HTML, not MIDI (it begins with b'\\xef\\xbb\\xbf\\n<HTML')"),
        (b"PK\3\4" + PLAIN, "offset 0: is a zip archive, not MIDI (it begins with b'PK\\x03\\x04MThd\\x00')"),
        (b"\x89PNG\r\n\x1a\n\0", "offset 0: is a PNG image, not MIDI (it begins with b'\\x89PNG\\r\\n\\x1a\\n\\x00')"),
        (b"A text on MThd and MTrk", "offset 0: is text, not MIDI (it begins with b'A text on')"),
        (b"\0\1\2\3", "offset 0: has no header MThd, not MIDI (it begins with b'\\x00\\x01\\x02\\x03')"),
        (b"RIFF\0\0\0\0RMIDdata\0\0\0\0", "offset 20: is empty"),
    ],
)
def test_no_midi(data, reason):
    with pytest.raises(smf.NotMidi) as error:
        smf.read_smf(data)
    assert str(error.value) == reason


def test_more_tracks_than_memory_should_be_given_for():
    data = b"MThd" + struct.pack(">IHHH", 6, 1, 0x4001, 96) + chunk(b"MTrk", unhex(END)) * 0x4001
    file = smf.read_smf(data)
    assert len(file.tracks) == smf.MOST_TRACKS == 0x4000
    assert [problem.offset for problem in file.problems] == [14 + 0x4000 * 12, 10]  # the rest; the header's count
