"""Rests cut by whole bars: at both ends and within, with what stands in them."""

import pytest

from tsuzuri.midi import rests
from tsuzuri.midi.score import Note, Score

BAR = 1920  # of 4/4
SIX_EIGHT = bytes.fromhex("ff5806032408")  # bars of 1440
PEDAL, TEMPO_60 = bytes.fromhex("b0407f"), bytes.fromhex("ff510f4240")


def score(*spans, others=(), end=0):
    notes = [Note(start, stop, 0, 60, 80) for start, stop in spans]
    return Score(notes, list(others), max([end, *(note.end for note in notes)]), 480)


def spans(piece):
    return [note[:2] for note in piece.notes]


@pytest.mark.parametrize(
    ("before", "after", "bars"),
    [
        (((0, 480),), [(0, 480)], 0),
        (((4 * BAR, 4 * BAR + 480),), [(0, 480)], 4),
        (((4 * BAR + 1440, 5 * BAR),), [(1440, BAR)], 4),  # an upbeat keeps its place in the bar
        (((1440, BAR),), [(1440, BAR)], 0),
        (((0, 480), (480 + 2 * BAR, 3 * BAR)), [(0, 480), (480 + 2 * BAR, 3 * BAR)], 0),  # two bars are no long rest
        (((0, 480), (481 + 2 * BAR, 3 * BAR)), [(0, 480), (481 + BAR, 2 * BAR)], 1),
        (((0, 480), (480 + 9 * BAR, 10 * BAR)), [(0, 480), (480 + 2 * BAR, 3 * BAR)], 7),
        (((0, 9 * BAR), (480, 960), (10 * BAR, 11 * BAR)), [(0, 9 * BAR), (480, 960), (10 * BAR, 11 * BAR)], 0),
    ],
)
def test_long_rests_are_cut_by_whole_bars(before, after, bars):
    piece = score(*before)
    trimmed = rests.cut_rests(piece, piece)
    assert (spans(trimmed.score), trimmed.bars) == (after, bars)


def test_bars_are_those_of_the_meter():
    piece = score((3 * 1440 + 240, 4 * 1440), others=[(0, SIX_EIGHT)])
    trimmed = rests.cut_rests(piece._replace(others=[]), piece)
    assert (spans(trimmed.score), trimmed.bars) == ([(240, 1440)], 3)


def test_what_stands_in_a_rest_comes_where_it_began_or_at_once():
    others = [(0, PEDAL), (5 * BAR, TEMPO_60), (12 * BAR, PEDAL), (19 * BAR, PEDAL)]
    piece = score((8 * BAR, 9 * BAR), (19 * BAR, 20 * BAR), others=others)
    trimmed = rests.cut_rests(piece, piece)
    assert spans(trimmed.score) == [(0, BAR), (3 * BAR, 4 * BAR)]
    assert trimmed.score.others == [(0, PEDAL), (0, TEMPO_60), (3 * BAR, PEDAL), (3 * BAR, PEDAL)]
    assert trimmed.bars == 16


def test_a_piece_ends_with_the_bar_of_its_last_note():
    piece = score((0, BAR + 480), others=[(BAR, PEDAL), (2 * BAR, PEDAL), (7 * BAR, PEDAL)], end=9 * BAR)
    trimmed = rests.cut_rests(piece, piece)
    assert (trimmed.score.end, trimmed.bars) == (2 * BAR, 7)
    assert trimmed.score.others == [(BAR, PEDAL), (2 * BAR, PEDAL)]
    late = score((0, BAR + 480), others=[(2 * BAR, TEMPO_60), (3 * BAR, TEMPO_60)], end=3 * BAR)
    assert rests.cut_rests(late, late).score.others == [(2 * BAR, TEMPO_60)]  # no event comes after the end
    short = score((0, 480), end=960)
    assert rests.cut_rests(short, short) == (short, 0)


def test_of_no_notes_nothing_is_cut():
    piece = score(others=[(0, PEDAL)], end=9 * BAR)
    assert rests.cut_rests(piece, piece) == (piece, 0)


def test_how_long_a_new_piece_may_be_silent():
    limit, end = rests.RestLimit(BAR, BAR), 9 * BAR
    assert limit.deadline(BAR, end) == 2 * BAR - 1  # its first bar
    limit.fall_silent(4 * BAR)
    assert limit.deadline(4 * BAR, end) == 6 * BAR
    limit.fall_silent(7 * BAR + 480)
    assert limit.deadline(7 * BAR + 480, end) == end - 1  # not silent to the end
    limit.fall_silent(8 * BAR)
    assert limit.deadline(8 * BAR, end) == 10 * BAR  # but through what is left of the last bar
