"""Standard MIDI Files: each feature and fault by its bytes, and other libraries as oracles."""

import struct
from collections import Counter

import mido
import numpy
import pytest
import symusic

from benchmarks.midi_speed import by_mido
from tsuzuri.midi.file import smf
from tsuzuri.midi.file.text import decode_midi_text
from tsuzuri.midi.file.walk import MOST_PROBLEMS

END = "00 ff 2f 00"


def unhex(text):
    """Bytes of commented hex."""
    return bytes.fromhex("".join(line.split("#")[0] for line in text.splitlines()))


def chunk(name, body, length=None):
    return name + struct.pack(">I", len(body) if length is None else length) + body


def midi(*tracks, format=None, count=None, division=96, length=None):
    """A file of tracks in hex; the first event is at byte 22. ``length`` is what the last track's chunk claims."""
    header = struct.pack(">HHH", min(len(tracks) - 1, 1) if format is None else format, count or len(tracks), division)
    bodies = [unhex(track) for track in tracks]
    chunks = [chunk(b"MTrk", body, length if body is bodies[-1] else None) for body in bodies]
    return b"".join([chunk(b"MThd", header), *chunks])


def hexed(track):
    return [f"{tick} {message.hex(' ')}" for tick, message in track.events()]


def same(one, other):
    return (
        len(one.tracks) == len(other.tracks)
        and (one.format, one.division) == (other.format, other.division)
        and all(
            numpy.array_equal(a.ticks, b.ticks)
            and numpy.array_equal(a.messages, b.messages)
            and a.payloads == b.payloads
            for a, b in zip(one.tracks, other.tracks, strict=True)
        )
    )


def check(data):
    """Read bytes as every input must be read: a sound ``File`` that is written and read again, or None for NotMidi."""
    try:
        file = smf.read_smf(data)
    except smf.NotMidi:
        with pytest.raises(smf.NotMidi, match=r"^offset \d+: [^\n]+$"):
            smf.read_smf_with(None, data)
        return None
    for track in file.tracks:
        n = len(track.ticks)
        assert track.ticks.dtype == numpy.int64
        assert track.messages.dtype == numpy.uint8
        assert track.messages.shape == (n, 3)
        assert (numpy.diff(track.ticks, prepend=0) >= 0).all()
        assert (track.messages[:, 0] >= 0x80).all()
        assert (track.messages[:, 1:] < 0x80).all()
        assert track.messages[-1].tolist() == [0xFF, 0x2F, 0]
        assert sorted(track.payloads) == numpy.flatnonzero(track.messages[:, 0] >= 0xF0).tolist()
    by_walk = smf.read_smf_with(None, data)
    assert by_walk.problems == file.problems
    assert same(by_walk, file)
    again = smf.read_smf(smf.write_smf(file))
    assert same(again, file)
    assert len(file.problems) <= MOST_PROBLEMS + 1
    return file


# name: track in hex, its events, its problems as "offset: what"
TRACKS = {
    "running status": (
        """
        00 90 3c 40      # note on
        60 3c 00         # the same key, velocity 0
        81 00 b0 07 64   # 128 ticks later a control change
        00 0a 40
        00 ff 2f 00
        """,
        ["0 90 3c 40", "96 90 3c 00", "224 b0 07 64", "224 b0 0a 40", "224 ff 2f"],
        [],
    ),
    "messages with one data byte": (
        """
        00 c0 05
        00 06            # a program change under running status
        8f 7f d3 11
        00 90 3c 40
        00 c1 07
        00 91 3c 40
        00 ff 2f 00
        """,
        ["0 c0 05", "0 c0 06", "2047 d3 11", "2047 90 3c 40", "2047 c1 07", "2047 91 3c 40", "2047 ff 2f"],
        [],
    ),
    "every kind of channel message": (
        "00 80 01 02 00 91 03 04 00 a2 05 06 00 b3 07 08 00 c4 09 00 d5 0a 00 e6 0b 0c 00 9f 7f 7f" + END,
        [
            *("0 80 01 02", "0 91 03 04", "0 a2 05 06", "0 b3 07 08", "0 c4 09", "0 d5 0a", "0 e6 0b 0c", "0 9f 7f 7f"),
            "0 ff 2f",
        ],
        [],
    ),
    "delta times of one to four bytes": (
        "7f 90 01 01  81 00 01 02  ff 7f 01 03  81 80 00 01 04  ff ff 7f 01 05  81 80 80 00 01 06 ff ff ff 7f 01 07"
        + END,
        [
            *("127 90 01 01", "255 90 01 02", "16638 90 01 03", "33022 90 01 04", "2130173 90 01 05"),
            *("4227325 90 01 06", "272662780 90 01 07", "272662780 ff 2f"),
        ],
        [],
    ),
    "a delta time that looks like a program change": (
        "00 90 3c 40 c0 00 3c 00 c0 00 3c 40" + END,
        ["0 90 3c 40", "8192 90 3c 00", "16384 90 3c 40", "16384 ff 2f"],
        [],
    ),
    "meta events": (
        """
        00 ff 51 03 07 a1 20
        00 ff 58 04 03 02 18 08
        00 ff 59 02 f9 01
        00 ff 54 05 61 00 00 00 00
        00 ff 00 02 00 01
        00 ff 03 02 c3 a9
        00 ff 7f 01 43
        00 ff 60 01 ff   # a kind that the standard does not name
        00 ff 05 00      # an empty lyric
        0a ff 2f 00
        """,
        [
            *("0 ff 51 07 a1 20", "0 ff 58 03 02 18 08", "0 ff 59 f9 01", "0 ff 54 61 00 00 00 00", "0 ff 00 00 01"),
            *("0 ff 03 c3 a9", "0 ff 7f 43", "0 ff 60 ff", "0 ff 05", "10 ff 2f"),
        ],
        [],
    ),
    "sysex in packets, escapes": (
        "00 f0 03 43 12 00  60 f7 02 7e f7  00 f7 03 f3 01 ff 00 f0 05 7e 7f 09 01 f7" + END,
        ["0 f0 43 12 00", "96 f7 7e f7", "96 f7 f3 01 ff", "96 f0 7e 7f 09 01 f7", "96 ff 2f"],
        [],
    ),
    "running status kept over a meta event and a sysex": (
        "00 90 3c 40  00 ff 01 01 61  10 3c 00  00 f0 01 f7  10 3c 40 10 3c 00" + END,
        ["0 90 3c 40", "0 ff 01 61", "16 90 3c 00", "16 f0 f7", "32 90 3c 40", "48 90 3c 00", "48 ff 2f"],
        ["32: running status after a meta event, kept", "39: running status after a sysex, kept"],
    ),
    "system messages": (
        "01 f8  01 f1 10  01 f2 10 20  01 f3 01  01 f4 01 f6 01 fe 00 90 3c 40" + END,
        ["7 90 3c 40", "7 ff 2f"],
        [
            *("23: status f8 in a track, skipped", "25: status f1 in a track, skipped"),
            *("28: status f2 in a track, skipped", "32: status f3 in a track, skipped"),
            *("35: status f4 in a track, skipped", "37: status f6 in a track, skipped"),
            "39: status fe in a track, skipped",
        ],
    ),
    "no status yet": (
        "05 3c 40 00 3c 00 10 90 3c 40" + END,
        ["21 90 3c 40", "21 ff 2f"],
        ["23: data without a status, skipped to the next event"],
    ),
    "a velocity over 127": (
        "00 90 3c c8 60 3c 00" + END,
        ["0 90 3c 7f", "96 90 3c 00", "96 ff 2f"],
        ["24: data bytes 3c c8, read as 127 at most"],
    ),
    "a lost data byte": (
        "00 90 3c 40 0a 80 3c 81 00 90 3e ff ff ff 00 90 40 40" + END,
        ["0 90 3c 40", "10 90 40 40", "10 ff 2f"],
        ["28: data bytes 3c 81, skipped to the next event"],
    ),
    "numbers of more than four bytes": (
        "80 80 80 80 05 90 3c 40  81 80 80 80 05 3c 00  00 ff 01 80 80 80 80 01 61" + END,
        ["5 90 3c 40", "5 90 3c 00", "5 ff 01 61", "5 ff 2f"],
        [
            "22: a number of 5 bytes, read as 5",
            "30: a number of 5 bytes, read as 0",
            "40: a number of 5 bytes, read as 1",
        ],
    ),
    "a text longer than the track": (
        "00 ff 03 7f 50 69 61 6e 6f 00 90 3c 40" + END,
        ["0 ff 03 50 69 61 6e 6f", "0 90 3c 40", "0 ff 2f"],
        ["25: length 127 where 13 bytes are left, read as 5"],
    ),
    "a tempo longer than the track": (
        "00 ff 51 73 0b c0 2c 80 00 90 3c 40" + END,  # its last three bytes could be a program change
        ["0 ff 51 0b c0 2c", "0 90 3c 40", "0 ff 2f"],
        ["25: length 115 where 12 bytes are left, read as 3"],
    ),
    "a sysex longer than the track": (
        "00 f0 7f 43 12 f7 00 90 3c 40" + END,
        ["0 f0 43 12 f7", "0 90 3c 40", "0 ff 2f"],
        ["24: length 127 where 11 bytes are left, read as 3"],
    ),
    "meta events of wrong lengths and values": (
        """
        01 ff 51 02 07 a1          # a tempo of two bytes
        01 ff 51 04 07 a1 20 00    # of four
        01 ff 51 03 00 00 00       # of no time at all
        01 ff 59 02 08 00          # eight sharps
        01 ff 58 04 04 ff 18 08    # a 2**255th
        01 ff 2f 01 00
        """,
        ["2 ff 51 07 a1 20", "6 ff 2f"],
        [
            *("25: tempo of 2 bytes, left out", "31: tempo of 4 bytes, cut to 3", "40: tempo 00 00 00, left out"),
            *("47: key signature 08 00, left out", "53: time signature 04 ff 18 08, left out"),
            "60: end of track of 1 bytes, cut to 0",
        ],
    ),
    "a meta event of a type over 127": (
        "00 ff ff 00 90 3c 40" + END,
        ["0 90 3c 40", "0 ff 2f"],
        ["23: meta event of type ff, skipped to the next event"],
    ),
    "no end of track": (
        "00 90 3c 40 60 3c 00",
        ["0 90 3c 40", "96 90 3c 00", "96 ff 2f"],
        ["29: no end of track, added"],
    ),
    "an event cut off": (
        "00 90 3c 40 60 3c",
        ["0 90 3c 40", "0 ff 2f"],
        ["26: an event is cut off, left out", "28: no end of track, added"],
    ),
    "events after the end of track": (
        "00 90 3c 40 60 3c 00 00 ff 2f 00 00 90 3c 40",
        ["0 90 3c 40", "96 90 3c 00", "96 ff 2f"],
        ["33: 4 bytes after the end of track, ignored"],
    ),
    "nothing": ("", ["0 ff 2f"], ["22: no end of track, added"]),
}


@pytest.mark.parametrize(("track", "events", "problems"), TRACKS.values(), ids=TRACKS)
def test_a_track(track, events, problems):
    data = midi(track)
    file = check(data)
    assert hexed(file.tracks[0]) == events
    assert [f"{offset}: {wrong}, {done}" for offset, wrong, done in file.problems] == problems
    if problems:
        with pytest.raises(smf.NotMidi, match=f"^offset {problems[0].rsplit(', ', 1)[0]}$"):
            smf.read_smf(data, strict=True)
    else:
        assert same(smf.read_smf(data, strict=True), file)


NOTE = "00 90 3c 40" + END
PLAIN = midi(NOTE)
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


def test_the_list_of_problems_is_capped():
    problems = smf.read_smf(midi("00 f8" * 250 + END)).problems
    assert len(problems) == MOST_PROBLEMS + 1
    assert problems[-1].wrong == "150 more problems"


def test_a_delta_time_that_skipped_events_made_too_long():
    file = check(midi("ff ff ff 7f f8 01 90 3c 40" + END))
    assert hexed(file.tracks[0])[0] == "268435455 90 3c 40"
    assert file.problems[-1] == (27, "268435456 ticks after the event before", "read as 268435455")


def test_ticks_beyond_32_bits():
    file = check(midi("00 90 3c 40" + "ff ff ff 7f 3c 00" * 40 + END))
    assert int(file.tracks[0].ticks[-1]) == 40 * 0x0FFFFFFF > 2**33


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


@pytest.mark.parametrize(
    ("encoding", "wanted"),
    [
        *(("utf-8", text) for text in ["Für Elise", "é", "山", "카", "Вальс", "Dvořák", "ショパン", "Noël – Étude"]),
        *(("cp932", text) for text in ["ベートーベン　交響曲第７番", "荒城の月", "月光", "ピアノ右手", "ﾋﾟｱﾉ", "ﾄﾞﾗﾑ"]),
        *(("gbk", text) for text in ["音轨1", "明", "山", "朝", "月亮代表我的心", "钢琴", "茉莉花", "二泉映月"]),
        *(("euc-kr", text) for text in ["아리랑", "사랑", "빛날 세라 영웅", "피아노", "고향의 봄"]),
        *(("latin-1", text) for text in ["Für Elise", "Copyright © 2000", "Synthé'", "Grüße", "São João", "Étude"]),
        ("cp1252", "L’été"),
    ],
)
def test_text_in_its_encoding(encoding, wanted):
    assert decode_midi_text(wanted.encode(encoding)) == wanted


def test_text_is_safe_on_a_terminal(rng):
    assert decode_midi_text(b"a\x1b[31m\nb\r\x07\0") == "a [31m b"
    for length in [0, 1, *rng.integers(2, 50, 500)]:
        shown = decode_midi_text(rng.bytes(length))
        assert all(c.isprintable() or c == "\u3000" for c in shown)


def test_text_of_real_files(shared):
    def texts(name):
        for track in smf.read_smf((shared / "midi_edge_music21" / name).read_bytes()).tracks:
            for k, payload in track.payloads.items():
                if not payload.isascii() and 1 <= track.messages[k, 1] <= 9:
                    yield decode_midi_text(payload)

    assert "ベートーベン　交響曲第７番　第２楽章" in set(texts("test04.mid"))
    assert {"音轨1", "明", "山", "钟", "海", "天"} <= set(texts("test18.mid")) & set(texts("test19.mid"))
    assert {"빛", "날", "다"} <= set(texts("test20.mid"))


# The oracles


SHARE = pytest.mark.parametrize("share", [0.04, pytest.param(1, marks=pytest.mark.slow)])


def real_files(shared, rng=None, share=1):
    """Real files that are not empty: those of odd features, and a random share of the others."""
    paths = [path for path in sorted(shared.glob("midi_*/**/*.mid")) if path.stat().st_size]
    return [path for path in paths if share == 1 or "edge" in str(path) or rng.random() < share]


def mido_events(data):
    """Tracks of (tick, message) as mido reads them; None where it refuses."""
    try:
        return by_mido(data)
    except (OSError, EOFError, ValueError, IndexError, KeyError, mido.KeySignatureError):
        return None


def without_system(events):
    """mido keeps messages that have no place in a file, and adds no end of track."""
    events = [(tick, raw) for tick, raw in events if not 0xF0 < raw[0] < 0xFF]
    return events[:-1] if events and events[-1][1] == b"\xff\x2f" else events


@SHARE
def test_the_same_events_as_mido(shared, rng, share):
    compared, paths = 0, real_files(shared, rng, share)
    for path in paths:
        data = path.read_bytes()
        theirs = mido_events(data)
        if theirs is None:
            continue
        ours = [list(track.events()) for track in smf.read_smf(data).tracks]
        ours = ours[: len(theirs)]  # mido believes the header's count
        assert list(map(without_system, ours)) == list(map(without_system, theirs)), path
        compared += 1
    assert compared > len(paths) - 30


def of_status(file, high):
    """(tick, data, data) of all channel messages of a status, sorted."""
    rows = []
    for track in file.tracks:
        of = track.messages[:, 0] >> 4 == high
        rows += zip(track.ticks[of].tolist(), *track.messages[of, 1:].T.tolist(), strict=True)
    return sorted(rows)


def symusic_notes(track):
    """(start, length, key, velocity) by symusic's rule: a note off ends the first note of its key that still sounds."""
    sounding, notes = {}, []
    for tick, (status, key, velocity) in zip(track.ticks.tolist(), track.messages.tolist(), strict=True):
        if status >> 4 == 9 and velocity:
            sounding.setdefault((status & 15, key), []).append((tick, velocity))
        elif status >> 4 in (8, 9) and sounding.get((status & 15, key)):
            start, loudness = sounding[status & 15, key].pop(0)
            notes.append((start, tick - start, key, loudness))
    return notes


@SHARE
def test_the_same_notes_controls_bends_tempos_and_bars_as_symusic(shared, rng, share):
    """Of a track without notes symusic keeps no control and no bend."""
    compared, whole, paths = 0, 0, real_files(shared, rng, share)
    for path in paths:
        data = path.read_bytes()
        try:
            score = symusic.Score.from_midi(data)
        except (RuntimeError, ValueError):
            continue
        file = smf.read_smf(data)
        if file.problems or file.division < 0:
            continue
        notes = [note for track in file.tracks for note in symusic_notes(track)]
        assert sorted(notes) == sorted((n.time, n.duration, n.pitch, n.velocity) for t in score.tracks for n in t.notes)
        controls = sorted((c.time, c.number, c.value) for t in score.tracks for c in t.controls)
        ours = of_status(file, 0xB)
        assert not Counter(controls) - Counter(ours), path
        bends = sorted((b.time, b.value) for t in score.tracks for b in t.pitch_bends)
        our_bends = sorted((tick, low + 128 * high - 8192) for tick, low, high in of_status(file, 0xE))
        assert not Counter(bends) - Counter(our_bends), path
        whole += ours == controls and our_bends == bends
        metas = [(tick, raw) for track in file.tracks for tick, raw in track.events() if raw[0] == 0xFF]
        tempos = sorted((tick, int.from_bytes(raw[2:], "big")) for tick, raw in metas if raw[1] == 0x51)
        assert tempos == sorted((t.time, t.mspq) for t in score.tempos), path
        bars = sorted((tick, raw[2], 2 ** raw[3]) for tick, raw in metas if raw[1] == 0x58)
        assert bars == sorted((t.time, t.numerator, t.denominator) for t in score.time_signatures), path
        compared += 1
    assert compared > len(paths) - 60
    assert whole > 0.9 * compared


@SHARE
def test_real_files_are_read_alike_without_runs(shared, rng, share):
    for path in real_files(shared, rng, share):
        check(path.read_bytes())


def test_a_sysex_and_lyrics_between_notes_do_not_stop_the_runs():
    """Real files keep running status over meta events; the run after one must be found again."""
    track = "00 90 3c 40" + "".join(f"00 ff 05 01 61 {k % 3:02x} 3c 00 {k % 5:02x} 3e 40" for k in range(100)) + END
    file = check(midi(track))
    assert len(file.tracks[0].ticks) == 302


def test_more_tracks_than_memory_should_be_given_for():
    data = b"MThd" + struct.pack(">IHHH", 6, 1, 0x4001, 96) + chunk(b"MTrk", unhex(END)) * 0x4001
    file = smf.read_smf(data)
    assert len(file.tracks) == smf.MOST_TRACKS == 0x4000
    assert [problem.offset for problem in file.problems] == [14 + 0x4000 * 12, 10]  # the rest; the header's count
