"""Measures of a piece's form: bars that come again, the rhythm that they share, the structure that repeats build."""

import numpy

from benchmarks.music_measures import Measure
from tsuzuri.midi.score import DRUMS

DISTANCES = 1, 2, 4, 8, 16  # bars
PARTS = 4, 8, 16  # bars
LIKE, UNLIKE = 0.5, -2.0  # the least similarity of bars that repeat each other, and what counts for any less


def pattern(bar, start):
    """What a bar that begins at ``start`` holds, however loud: equal patterns sound the same."""
    return tuple((note.start - start, note.end - note.start, note.channel, note.key) for note in bar)


def transposable(notes):
    """A ``pattern`` by intervals: the same in every key."""
    first = next((key for _, _, channel, key in notes if channel != DRUMS), 0)
    return tuple((*rest, channel, key - first * (channel != DRUMS)) for *rest, channel, key in notes)


def patterns(tune, transposed=False):
    """The pattern of each bar, empty where none of its notes begins."""
    found = [pattern(bar, n * tune.bar) for n, bar in enumerate(tune.bars)]
    return [transposable(each) for each in found] if transposed else found


def repeats(distance, transposed=False):
    """Of a tune: how many bars are the same as that ``distance`` before, of all that are not empty and have one."""

    def of(tune):
        found = patterns(tune, transposed)
        pairs = [(before, bar) for before, bar in zip(found, found[distance:], strict=False) if bar]
        return sum(before == bar for before, bar in pairs), len(pairs)

    return of


def repeats_any(transposed=False):
    """Of a tune: how many bars are the same as an earlier one, of all that are not empty but the first."""

    def of(tune):
        found = list(filter(None, patterns(tune, transposed)))
        return len(found) - len({*found}), max(0, len(found) - 1)

    return of


def groove(tune):
    """The mean over all pairs of bars of the share of places at which notes begin in both or in neither.

    Grooving pattern similarity (Wu and Yang 2020), of the bars that are not empty.
    """
    begins = numpy.zeros((len(tune.bars), tune.bar))
    for note in tune.notes:
        begins[note.start // tune.bar, note.start % tune.bar] = 1
    begins = begins[begins.any(1)]
    count = len(begins)
    if count < 2:
        return None
    each, both = begins.sum(1), begins @ begins.T
    differ = each[:, None] + each - 2 * both
    return float(1 - differ.sum() / (count * (count - 1)) / tune.bar)


def similarity(tune):
    """How alike the bars are, (N, N): the share of notes that have the place and pitch class of one in the other.

    Dice's coefficient; what is less than ``LIKE`` is ``UNLIKE``, as in Müller's matrices, so that paths avoid it.
    """
    columns, rows = {}, []
    for n, bar in enumerate(tune.bars):
        marks = {(note.start - n * tune.bar, note.key % 12, note.channel == DRUMS) for note in bar}
        rows.append([columns.setdefault(mark, len(columns)) for mark in marks])
    holds = numpy.zeros((len(rows), max(1, len(columns))))
    for n, row in enumerate(rows):
        holds[n, row] = 1
    each = holds.sum(1)
    alike = 2 * holds @ holds.T / numpy.maximum(1, each[:, None] + each)
    return numpy.where(alike >= LIKE, alike, UNLIKE)


def structureness(length):
    """Of a tune: how much of it, at most, is told by one part of ``length`` bars that is repeated.

    The greatest fitness of a part (Müller, Grosche and Jiang 2011, *A segment-based fitness measure for capturing
    repetitive structures of music recordings*), as Wu and Yang (2020) take it from the fitness scape plot. Bars neither
    hurry nor drag, so that paths are straight.
    """

    def of(tune):
        return fitness(similarity(tune), length)

    return of


def fitness(alike, length):
    """The greatest fitness of a segment of so many bars in a matrix (N, N) of similarities."""
    count = len(alike)
    starts = count - length + 1
    if starts <= 0:
        return 0.0
    paths = sum(alike[k : k + starts, k : k + starts] for k in range(length))  # (starts of segment, of its repeat)
    score, taken = numpy.zeros((count + 1, starts)), numpy.zeros((count + 1, starts))  # the best up to each bar
    for end in range(1, count + 1):
        score[end], taken[end] = score[end - 1], taken[end - 1]
        if end >= length:
            longer = score[end - length] + paths[:, end - length]
            better = longer > score[end]
            score[end] = numpy.where(better, longer, score[end])
            taken[end] = numpy.where(better, taken[end - length] + 1, taken[end])
    covered = taken[-1] * length
    gain = numpy.maximum(0, score[-1] - length) / numpy.maximum(1, covered)  # without the segment itself
    coverage = numpy.maximum(0, covered - length) / count
    return float((2 * gain * coverage / numpy.maximum(1e-12, gain + coverage)).max())


FORM = (
    Measure("groove over all pairs of bars", groove, "mean"),
    Measure("bars as any before", repeats_any(), "share"),
    Measure("bars as any before, transposed too", repeats_any(True), "share"),
    *(Measure(f"bars as {distance} before", repeats(distance), "share") for distance in DISTANCES),
    *(
        Measure(f"bars as {distance} before, transposed too", repeats(distance, True), "share")
        for distance in DISTANCES
    ),
    *(Measure(f"structureness at {length} bars", structureness(length), "mean") for length in PARTS),
)
