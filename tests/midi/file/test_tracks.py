"""Tracks: each event and each fault by its bytes."""

import pytest

from tests.midi.file.inputs import END, check, hexed, midi, same
from tsuzuri.midi.file import smf
from tsuzuri.midi.file.walk import MOST_PROBLEMS

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


def test_a_sysex_and_lyrics_between_notes_do_not_stop_the_runs():
    """Real files keep running status over meta events; the run after one must be found again."""
    track = "00 90 3c 40" + "".join(f"00 ff 05 01 61 {k % 3:02x} 3c 00 {k % 5:02x} 3e 40" for k in range(100)) + END
    file = check(midi(track))
    assert len(file.tracks[0].ticks) == 302
