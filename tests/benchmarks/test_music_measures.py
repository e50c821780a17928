"""Measures of music on pieces so small that their values are worked out by hand."""

import collections
import math
from types import SimpleNamespace

import numpy
import pytest

from benchmarks import music_form, music_measures, music_stats, music_voices
from benchmarks.music_measures import GRID, Measure, make_tune
from tsuzuri.midi.score import DRUMS, Note

QUARTER, BAR = GRID, 2 * GRID
# Bars of 2/4 as the keys of two quarter notes: eight that are all different, and eight others
A = [(60 + n, 62 + n) for n in range(8)]
B = [(80 - n, 83 - n) for n in range(8)]


def note(start, length, key, channel=0):
    """Times in quarter notes."""
    return Note(round(start * QUARTER), round((start + length) * QUARTER), channel, key, 80)


def tune(bars, up=0):
    """The tune of bars of two quarter notes each."""
    keys = [key + up for bar in bars for key in bar]
    return make_tune([note(n, 1, key) for n, key in enumerate(keys)], BAR)


def of(measures, name):
    return next(measure.of for measure in measures if measure.name == name)


AABA = tune(A + A + B + A)


@pytest.mark.parametrize(
    ("distance", "same"),
    [(1, (0, 31)), (2, (0, 30)), (4, (0, 28)), (8, (8, 24)), (16, (8, 16)), (24, (8, 8))],  # of three A
)
def test_bars_of_aaba_come_again_where_an_a_is_so_far_after_another(distance, same):
    assert music_form.repeats(distance)(AABA) == same


def test_sixteen_of_the_bars_of_aaba_come_again_and_of_any_but_the_first():
    assert music_form.repeats_any()(AABA) == (16, 31)


def test_a_sequence_repeats_transposed_and_not_exactly():
    rising = tune([(60, 64), (62, 66), (60, 65)])  # major third, the same a tone up, a fourth
    assert music_form.repeats(1)(rising) == (0, 2)
    assert music_form.repeats(1, transposed=True)(rising) == (1, 2)
    assert (music_form.repeats_any()(rising), music_form.repeats_any(True)(rising)) == ((0, 2), (1, 2))


def test_drums_are_not_transposed_and_lengths_count():
    def bars(*keys, channel=0, lengths=(1, 1)):
        return make_tune([note(2 * n, lengths[n], key, channel) for n, key in enumerate(keys)], BAR)

    assert music_form.repeats(1, transposed=True)(bars(36, 38)) == (1, 1)
    assert music_form.repeats(1, transposed=True)(bars(36, 38, channel=DRUMS)) == (0, 1)
    assert music_form.repeats(1)(bars(36, 36, lengths=(1, 0.5))) == (0, 1)


def test_empty_bars_repeat_nothing():
    assert music_form.repeats(1)(make_tune([note(0, 1, 60), note(6, 1, 60)], BAR)) == (0, 1)
    assert music_form.repeats_any()(make_tune([note(0, 1, 60), note(6, 1, 60)], BAR)) == (1, 1)


def test_the_groove_of_two_bars_that_differ_at_two_of_48_places():
    two = make_tune([note(0, 1, 60), note(1, 1, 60), note(2, 1, 60), note(3.5, 0.5, 60)], BAR)
    assert music_form.groove(two) == pytest.approx(1 - 2 / 48)
    assert music_form.groove(tune(A)) == 1
    assert music_form.groove(tune(A[:1])) is None


def test_the_structureness_of_aaba():
    """A covers 24 bars, 16 without itself: 16 of 24 gained, 16 of 32 covered, of which the harmonic mean is 4/7."""
    apart = numpy.where(numpy.equal.outer([0, 1, 0, 2], [0, 1, 0, 2]), 1.0, -2.0)
    assert music_form.fitness(apart, 1) == pytest.approx(2 * (1 / 2 * 1 / 4) / (1 / 2 + 1 / 4))
    assert music_form.fitness(apart, 2) == 0
    assert music_form.fitness(apart, 9) == 0
    assert music_form.structureness(8)(tune(A + A + [(20, 25)] * 8 + A)) == pytest.approx(4 / 7)
    assert music_form.structureness(16)(tune(A + B + A + B)) == pytest.approx(1 / 2)
    assert music_form.structureness(16)(tune(A)) == 0


def test_bars_are_alike_by_the_notes_that_they_share():
    alike = music_form.similarity(tune([(60, 62), (72, 65), (61, 66)]))  # one of two, an octave higher; none
    assert alike.tolist() == [[1, 0.5, -2], [0.5, 1, -2], [-2, -2, 1]]


def test_histograms():
    one = make_tune([note(0, 1, 60), note(1, 0.5, 62), note(1.5, 0.5, 59), note(2, 2, 60)], BAR)
    assert one.key.text() == "C"
    assert music_measures.pitch_classes(one) == {0: 2, 2: 1, 11: 1}
    assert music_measures.degrees(tune([(67, 71), (74, 67)])) == {"1": 2, "3": 1, "5": 1}
    assert music_measures.intervals(one) == {2: 1, -3: 1, 1: 1}
    assert music_measures.intervals(tune([(60, 80)])) == {12: 1}
    assert music_measures.lengths(one) == {1: 1, 0.5: 2, 2: 1}
    assert music_measures.onsets(one) == {0: 2, 1: 1, 1.5: 1}


def test_intervals_are_those_of_each_voice_and_of_no_drum():
    both = make_tune([note(0, 1, 60), note(0, 1, 40, 1), note(0, 1, 36, DRUMS), note(1, 1, 62), note(1, 1, 45, 1)], BAR)
    assert music_measures.intervals(both) == {2: 1, 5: 1}
    assert music_measures.pitch_classes(both).total() == 4


def test_the_entropy_of_pitch_classes():
    assert music_measures.entropy(collections.Counter("aabc")) == pytest.approx(1.5)
    bars = tune([(60, 62), (60, 60)])  # a bit, and none; of both three notes of four on one pitch class
    assert music_measures.pitch_class_entropy(1)(bars) == pytest.approx(0.5)
    assert music_measures.pitch_class_entropy(4)(bars) == pytest.approx(0.75 * math.log2(4 / 3) + 0.5)
    assert music_measures.pitch_class_entropy(1)(make_tune([note(0, 1, 36, DRUMS)], BAR)) is None


def test_what_is_repeated_is_compressed_more():
    assert music_measures.compression(tune(A + A + A)) > 1.5 * music_measures.compression(tune(A))


@pytest.mark.parametrize(("keys", "ends", "minor"), [((60, 64, 67, 60), 1, 0), ((69, 72, 76, 72), 0, 1)])
def test_the_tonic_at_the_end_and_the_mode(keys, ends, minor):
    one = tune([keys[:2], keys[2:]])
    assert music_measures.ends_on_tonic(one) == (ends, 1)
    assert of(music_measures.BASIC, "in minor")(one) == (minor, 1)


def piece(keys):
    """A stand-in for ``PieceWords``: quarter notes at 480 ticks."""
    events = [(480 * n + on, bytes([0x90 - 0x10 * (on > 0), key, 80])) for n, key in enumerate(keys) for on in (0, 480)]
    score = SimpleNamespace(events=lambda: events)
    return SimpleNamespace(score=lambda: score)


def test_a_stretch_is_a_copy_in_any_key():
    known = [piece([60, 62, 64, 65, 67, 60]), piece([50, 40])]
    found = [piece([72, 74, 76, 77, 70]), piece([60, 63, 60]), piece([30])]
    tunes = music_measures.with_copies([AABA] * 3, found, known)
    assert [one.copied for one in tunes] == [4, 1, 1]


def test_voices_that_sound_together():
    """Two voices: a fifth for a quarter note, a second for an eighth, then the lower one alone for the rest of it."""
    two = make_tune([note(0, 1, 60), note(0, 1, 67, 1), note(1, 1, 60), note(1, 0.5, 62, 1)], BAR)
    assert [time for time, _ in music_voices.chords(two)] == [24, 12, 12]
    assert music_voices.at_once(two) == (2 * 36 + 12) / 48
    assert music_voices.several(two) == (36, 48)
    assert music_voices.consonance(two) == (24, 36)
    assert music_voices.together(two) == (2, 2)
    assert music_voices.together(tune(A)) == (0, 0)
    assert music_voices.empty_beats(two) == (0, 4)


def test_beats_without_a_voice_and_the_bass_on_the_first():
    """Three bars of 2/4: the bass on the first beat of the first, on the second of the second, nowhere in the third."""
    notes = [*(note(n, 1, 72) for n in range(6)), note(0, 1, 40, 1), note(3, 1, 45, 1)]
    three = make_tune(sorted(notes), BAR)
    assert music_voices.empty_beats(three) == (4, 12)
    assert music_voices.bass_on_first(three) == (1, 2)


def test_steady_drums():
    drums = make_tune([note(at, 0.5, 36, DRUMS) for at in (0, 1, 2, 3, 4)], BAR)  # two strokes, two, one of them
    assert music_voices.steady_drums(drums) == pytest.approx((1 + 2 / 3) / 2)
    assert music_voices.steady_drums(tune(A)) is None


def test_figures_of_many():
    assert music_measures.figure("mean", [1, None, 2]) == 1.5
    assert music_measures.figure("median", [1, 5, 2]) == 2
    assert music_measures.figure("share", [(1, 1), (0, 3)]) == 0.25
    assert music_measures.figure("histogram", [collections.Counter("ab"), collections.Counter("aa")], {"a": 1}) == 0.25
    assert math.isnan(music_measures.figure("share", [(0, 0)]))
    assert music_measures.distance({"a": 1.0}, {"b": 1.0}) == 1


BARS = Measure("bars", lambda one: len(one.bars), "mean")
CLASSES = Measure("classes", music_measures.pitch_classes, "histogram")


def test_rows_say_what_is_outside_the_real_pieces_range(capsys):
    real = [tune(A[: 2 + n % 5]) for n in range(40)]
    rows = music_stats.compare(
        (
            Measure("bars", lambda one: len(one.bars), "mean"),
            Measure("classes", music_measures.pitch_classes, "histogram"),
        ),
        real,
        [real, [tune(A[:8], up=1)]],
        10,
        numpy.random.default_rng(0),
    )
    bars, classes = rows
    assert 2 < bars.low < 4 < bars.high < 6
    assert bars.figures[:2] == [4, 8]
    assert classes.figures[0] == 0
    assert [bars.excess(value) > 0 for value in bars.figures] == [False, True, False]
    assert [classes.excess(value) > 0 for value in classes.figures] == [False, True, False]
    music_stats.print_table(rows, ["same", "other", "real"])
    lines = capsys.readouterr().out.splitlines()
    assert "| **8.000** |" in lines[2]
    assert lines[4].startswith("| outside, of 2 | | 0 | 2 | 0 |")
