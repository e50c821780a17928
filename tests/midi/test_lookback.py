"""What a piece had bars ago: by hand for a small tune, the corpus's way against that of growing pieces."""

import numpy
import pytest

from tsuzuri.midi import lookback
from tsuzuri.midi.lookback import LAST_BAR, LOOKS, NUMERATORS, PATTERNS, PLACED, RUNS, UNKNOWN, Lookback
from tsuzuri.text.vocabulary import SPECIAL

C, OFF_C, D, OFF_D = "00_90_3c40", "60_80_3c00", "00_90_3e40", "60_80_3e00"  # notes of a quarter, 96 ticks
HALF_OFF_C = "8140_80_3c00"  # 192 ticks
MINOR, MAJOR = "00_ff_59fe01", "00_ff_590100"
IN_TWO, IN_THREE, FLUTE = "00_ff_5802022408", "00_ff_5803022408", "00_c0_49"


def ids_of(words, lines):
    """The ids of lines of words in a vocabulary of ``words``, a line end after each."""
    place = {word: n for n, word in enumerate(words)}
    return numpy.array([place[word] for line in lines for word in [*line, "<eos>"]])


def rows_read(looking, ids):
    """``Lookback.rows`` as a reader has them: before each word, once the one before it was read."""
    reader = looking.reader(1)
    return numpy.concatenate([reader.read([word]) for word in [looking.eos, *ids[:-1]]])


@pytest.fixture
def words():
    return [*SPECIAL, C, OFF_C, D, OFF_D, HALF_OFF_C, IN_TWO, IN_THREE, FLUTE]


def test_a_tune_is_told_what_it_had_a_bar_ago(words):
    tune = [IN_TWO, FLUTE, C, OFF_C, D, OFF_D, C, OFF_C, C, OFF_C]  # C D | C C in 2/4
    rows = Lookback(words, 96, (4, 4)).rows(ids_of(words, [tune]))
    due = [words[row[0]] for row in rows]
    # before the second bar C is due and then its end, then D, which is C; after the end of that nothing is known
    nothing = words[UNKNOWN]
    assert due == [nothing] * 6 + [C, OFF_C, D, OFF_D, C]
    assert [row[LOOKS] for row in rows] == [0] * 7 + [1, 2, 0, 0]  # as many in a row were so
    assert (rows[:-1, 1:LOOKS] == UNKNOWN).all()  # two bars ago there was nothing, but for the end's C


def test_the_place_in_the_bar_and_the_bars_so_far(words):
    tune = [IN_THREE, HALF_OFF_C, C, OFF_C, IN_TWO, C, OFF_C, C, OFF_C, C]
    rows = Lookback(words, 96, (4, 4)).rows(ids_of(words, [tune]))
    places = rows[:, -2] - PLACED
    assert places.tolist() == [0, 0, 48, 48, 0, 0, 0, 24, 24, 0, 0]
    first_bar = rows[0, -1]
    assert (rows[:, -1] - first_bar).tolist() == [0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2]


def test_a_bar_without_a_meter_of_its_own_is_the_runs(words):
    tune = [C, OFF_C, C, OFF_C, C]
    one, two = (Lookback(words, 96, meter).rows(ids_of(words, [tune]))[-2, 0] for meter in ((1, 4), (2, 4)))
    assert words[one] == C
    assert words[two] == C
    assert Lookback(words, 96, (3, 4)).rows(ids_of(words, [tune]))[-2, 0] == UNKNOWN


def test_nothing_of_one_piece_is_told_in_the_next(words):
    looking = Lookback(words, 96, (1, 4))
    tune = [IN_TWO, C, OFF_C, D, OFF_D, C, OFF_C]
    alone, behind = looking.rows(ids_of(words, [tune])), looking.rows(ids_of(words, [tune, tune]))
    assert (behind == numpy.concatenate([alone, alone])).all()


def test_long_pieces_are_in_their_last_counted_bar(words):
    rows = Lookback(words, 96, (1, 4)).rows(ids_of(words, [[C, OFF_C] * (LAST_BAR + 9)]))
    assert rows[-1, -1] == rows[2 * LAST_BAR, -1] == lookback.MARKS - 1
    assert rows[:, LOOKS:].max() < lookback.MARKS
    assert rows[-1, LOOKS] == lookback.LONGEST_RUN


@pytest.mark.parametrize("trial", range(30))
def test_a_growing_piece_is_told_what_a_corpus_is(words, rng, trial):
    words += ["05_90_3c40", "05_ff_5801032408", "00_80_3c00", MINOR, MAJOR, "10_ff_59f900"]
    looking = Lookback(words, 96, (int(rng.integers(1, 5)), 8))
    likely = numpy.array([4, 1] + [rng.integers(1, 9) for _ in words[2:]], "d")
    ids = rng.choice(len(words), 150, p=likely / likely.sum())
    numpy.testing.assert_array_equal(rows_read(looking, ids), looking.rows(ids))


def test_pieces_side_by_side_keep_apart(words, rng):
    looking, steps = Lookback(words, 96, (2, 4)), rng.integers(0, len(words), (40, 3))
    together, alone = looking.reader(3), [looking.reader(1) for _ in range(3)]
    for n, row in enumerate(steps):
        told = together.read(row)
        for k, reader in enumerate(alone):
            numpy.testing.assert_array_equal(told[k], reader.read(row[k : k + 1])[0])
        if n == 20:
            together.forget([False, True, False])
            alone[1] = looking.reader(1)


def test_it_is_told_where_two_distances_say_the_same(words):
    tune = [C, OFF_C, D, OFF_D, C, OFF_C, D, OFF_D, C]  # bars of a quarter: C D C D C
    rows = Lookback(words, 96, (1, 4)).rows(ids_of(words, [tune]))
    said = rows[-2]  # before the third C, and after the end of D: C is due by what was two and four bars ago
    assert [words[n] for n in said[:LOOKS]] == [D, C, C, words[UNKNOWN], words[UNKNOWN]]
    assert said[-4] - RUNS == 0b0010


def test_the_mode_and_the_beats_that_a_piece_says_stay_in_sight(words):
    words += [MINOR, MAJOR]
    rows = Lookback(words, 96, (9, 8)).rows(ids_of(words, [[IN_THREE, MINOR, C, OFF_C], [MAJOR, C, OFF_C]]))
    said = rows[:, -3] - RUNS - PATTERNS
    modes, beats = said // len(NUMERATORS), [NUMERATORS[n] for n in said % len(NUMERATORS)]
    assert modes.tolist() == [0, 0, 2, 2, 2, 0, 1, 1, 1]
    assert beats == [9, 3, 3, 3, 3, 9, 9, 9, 9]


def test_ends_of_notes_that_were_there_then_and_are_not_now_are_passed_over(words):
    short_c, short_d, late_c = "30_80_3c00", "00_80_3e00", "30_90_3c40"  # ends on the offbeat, and a note after a rest
    words += [short_c, short_d, late_c]
    rows = Lookback(words, 96, (1, 4)).rows(ids_of(words, [[C, OFF_C, C, D, short_c, short_d, late_c, D]]))
    assert words[rows[7, 0]] == D  # what a bar ago stood after the end of C, and after C
