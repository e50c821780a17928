"""Rests that nobody meant are shortened, and said; rests that somebody may have meant are not."""

import io
import struct

import mido
import pytest

from tests.midi.file.inputs import chunk, unhex
from tests.midi.words.tunes import midi
from tsuzuri.midi import export, gaps
from tsuzuri.midi.file.specs import LARGEST_NUMBER
from tsuzuri.midi.score import Note, Score
from tsuzuri.midi.words.convert import convert_file, encode_piece
from tsuzuri.midi.words.settings import Settings

BAR = 4 * 480


def score(*notes, others=(), end=0):
    notes = [Note(start, stop, 0, 60, 80) for start, stop in notes]
    return Score(notes, list(others), max([end, *(note.end for note in notes)]), 480)


def starts(before, **asked):
    return [note.start for note in gaps.shorten(before, gaps.long_rests(before, **asked)).notes]


# name: notes, what is asked, the onsets that remain
RESTS = {
    "of twenty bars": (((0, 480), (20 * BAR, 20 * BAR + 9)), {}, [0, 20 * BAR]),
    "in a file with faults": (((0, 480), (20 * BAR, 20 * BAR + 9)), {"faulty": True}, [0, 480 + 8 * BAR]),
    "of eight bars there": (((0, 480), (480 + 8 * BAR, 9 * BAR)), {"faulty": True}, [0, 480 + 8 * BAR]),
    "to be of two bars": (((0, 480), (20 * BAR, 20 * BAR + 9)), {"max_rest": 2}, [0, 480 + 2 * BAR]),
    "two of them": (
        ((9 * BAR, 10 * BAR), (30 * BAR, 31 * BAR), (32 * BAR, 33 * BAR)),
        {"max_rest": 3},
        [3 * BAR, 7 * BAR, 9 * BAR],
    ),
    "to be kept": (((0, 480), (20 * BAR, 21 * BAR)), {"max_rest": "keep", "faulty": True}, [0, 20 * BAR]),
    "too long to write": (((0, 480), (480 + LARGEST_NUMBER + 9, 500 + LARGEST_NUMBER)), {}, [0, 480 + 8 * BAR]),
    "as long as can be": (((0, 480), (480 + 559_240 * 480, 600 * 600_000)), {"max_rest": "keep"}, [0, 268_435_680]),
    "too long at more ticks": (
        ((0, 480), (480 + 10_000 * 480, 10_002 * 480)),
        {"ticks": 32767},
        [0, 480 + 8 * BAR],
    ),
    "under a note": (((0, 30 * BAR), (30 * BAR, 31 * BAR)), {"max_rest": 2}, [0, 30 * BAR]),
    "under a note, in a file with faults": (((0, 30 * BAR), (30 * BAR, 31 * BAR)), {"faulty": True}, [0, 8 * BAR]),
}  # fmt: skip


@pytest.mark.parametrize(("notes", "asked", "wanted"), RESTS.values(), ids=RESTS)
def test_a_rest(notes, asked, wanted):
    assert starts(score(*notes), **asked) == wanted


def test_bars_are_those_of_the_piece_and_what_stands_in_a_rest_stays_in_order():
    waltz = (0, bytes.fromhex("ff5803020818"))
    controls = [(tick, bytes([0xB0, 7, n])) for n, tick in enumerate((0, 700, 9 * BAR, 25 * BAR, 40 * BAR))]
    before = score((0, 480), (20 * BAR, 21 * BAR), others=[waltz, *controls], end=40 * BAR)
    after = gaps.shorten(before, gaps.long_rests(before, max_rest=2))
    two = 2 * 3 * 480
    assert [note.start for note in after.notes] == [0, 480 + two]
    assert [tick for tick, _ in after.others] == [0, 0, 700, 480 + two, 480 + two + BAR + two, 480 + two + BAR + two]
    assert after.end == 480 + two + BAR + two


def test_smpte_time_counts_bars_at_120_a_minute():
    notes = [Note(0, 100, 0, 60, 80), Note(100_000, 100_100, 0, 60, 80)]
    before = Score(notes, [], 100_100, -25 * 256 + 40)  # 1000 ticks a second
    assert starts(before, faulty=True) == [0, 100 + 8 * 4 * 500]


# garbage of a delta time behind a fault, a status that no file may hold
GARBAGE = "00 90 3c 50  83 60 80 3c 00  00 f1 05  ff ff ff 7f 90 3e 50  83 60 80 3e 00  00 ff 2f 00"


def broken(track=GARBAGE, division=96):
    return b"MThd" + struct.pack(">IHHH", 6, 0, 1, division) + chunk(b"MTrk", unhex(track))


def test_garbage_behind_a_fault_is_a_rest_of_eight_bars():
    converted = convert_file("x.mid", broken(), Settings())
    (piece,) = converted.pieces
    assert [note.start for note in piece.score().notes] == [0, 2400 + 8 * BAR]
    assert converted.remarks[-1] == "a rest of 2,796,202 quarter notes shortened"
    data, _ = encode_piece(piece)
    assert sum(message.time for message in mido.MidiFile(file=io.BytesIO(data)).tracks[0]) < 12 * BAR
    scored, remarks = export.read_score(broken())
    assert scored.end == 480 + 32 * 96 + 480
    assert remarks[-1] == converted.remarks[-1]


def test_without_a_fault_a_delta_too_long_to_write_is_one():
    long = midi("0 90 3c 50\n96 80 3c 00\n268435455 90 3e 50\n268435555 80 3e 00", division=96)
    for settings in (Settings(), Settings(ticks_per_beat="keep"), Settings(events="all"), Settings(track="all")):
        converted = convert_file("x.mid", long, settings)
        first, second = converted.pieces[0].score().notes
        assert second.start - first.end == 32 * converted.pieces[0].division
        assert "shortened" in converted.remarks[-1]


def test_max_rest_is_a_setting():
    rest = midi("0 90 3c 50\n480 80 3c 00\n24000 90 3e 50\n24480 80 3e 00")
    onsets = {}
    for bars in ("auto", "keep", 4):
        converted = convert_file("x.mid", rest, Settings(max_rest=bars))
        onsets[bars] = converted.pieces[0].score().notes[1].start
    assert onsets == {"auto": 24000, "keep": 24000, 4: 480 + 4 * BAR}
    assert converted.remarks == ["a rest of 49 quarter notes shortened"]
