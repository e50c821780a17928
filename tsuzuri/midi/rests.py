"""Rests of music (``--rests``): silence at both ends of a piece, and long silence within it, cut by whole bars.

New pieces have none that are too long.

Composers wrote this silence, and only what learns from a piece has no use for so much of it. Bars stay where they are:
an upbeat keeps its rest, which is shorter than a bar. ``gaps.py`` comes before: it shortens what nobody wrote.
"""

import bisect
from typing import NamedTuple

from tsuzuri.midi import timing
from tsuzuri.midi.score import Score

INNER = 2  # bars: a rest within a piece that is longer is cut to more than one and at most as many


class Cut(NamedTuple):
    """Silence that is taken out of a piece: ``length`` ticks before tick ``before``."""

    before: int
    length: int


class Trimmed(NamedTuple):
    """A score without long rests, and how many bars were cut out of it."""

    score: Score
    bars: float


def cut_rests(score: Score, frame: Score) -> Trimmed:
    """The ``Trimmed`` score: what comes before its first bar with a note, after its last, and long rests within.

    ``frame`` is the score with the time signatures of its file. Both have ticks a quarter note. Other events
    that stand in silence at the beginning come at once, those after the last bar are left out.
    """
    if not score.notes:
        return Trimmed(score, 0)
    starts = timing.bar_starts(frame)
    meters = timing.meter_changes(frame)
    cuts = _cuts(score, starts, meters)
    last = max(note.end for note in score.notes)
    end = starts[min(bisect.bisect_left(starts, last), len(starts) - 1)]
    end = max(last, min(end, score.end))
    lengths = [*((cut.before, cut.length) for cut in cuts), (end, score.end - end)]
    bars = sum(length / timing.bar_length_at(tick, meters, score.division) for tick, length in lengths)
    kept = [event for event in score.others if event[0] <= end]
    return Trimmed(without_cuts(score._replace(others=kept, end=end), cuts), bars)


def _cuts(score, starts, meters):
    """The ``Cut`` of each rest that is too long, in order of time."""
    cuts, sounded = [], 0
    for n, note in enumerate(score.notes):
        if n and note.start <= sounded:
            sounded = max(sounded, note.end)
            continue
        start = starts[bisect.bisect_right(starts, note.start) - 1]  # of the bar in which the note begins
        length = start
        if n:
            bar = timing.bar_length_at(note.start, meters, score.division)
            length = (-(-(note.start - sounded) // bar) - INNER) * bar
        cuts += [Cut(start, length)] * (length > 0)
        sounded = note.end
    return cuts


def without_cuts(score, cuts):
    """The score without some of its silence; what stands in it comes where it began."""
    if not cuts:
        return score
    moved = timing.tick_without([(cut.before - cut.length, cut.before) for cut in cuts])
    return score.retimed(moved)._replace(end=moved(score.end))


class RestLimit:
    """How long a new piece may be silent: until its first bar is over, then ``INNER`` bars, and never to its end.

    ``start`` is where what is asked for begins, and ``bar`` the length of a bar, both in ticks; that may change.
    """

    def __init__(self, start: int, bar: int) -> None:
        self.bar = bar
        self._since, self._bars, self._less = start, 1, 1

    def fall_silent(self, tick: int) -> None:
        """Count from a tick on: the last note that sounded has ended."""
        self._since, self._bars, self._less = tick, INNER, 0

    def deadline(self, tick: int, limit: int) -> int:
        """The last tick at which the next note may begin, now being ``tick``; the piece ends at ``limit``."""
        deadline = self._since + self._bars * self.bar - self._less
        return min(deadline, limit - 1) if tick < limit - self.bar else deadline
