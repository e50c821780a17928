"""Gaps that nobody meant (``--max-rest``): garbage in place of a delta time becomes a few bars, not hours of silence.

They are shortened in whatever is read, drawn or played, a note that lasts through one included, and to the tick.
``rests.py`` comes after, for what is learned: of silence that was meant it cuts whole bars.
"""

from typing import NamedTuple

from tsuzuri.midi import timing
from tsuzuri.midi.file.specs import LARGEST_NUMBER
from tsuzuri.midi.score import Score

AUTO, KEEP = "auto", "keep"
BARS = 8  # that a rest lasts which cannot be right
LONGEST = LARGEST_NUMBER // timing.TICKS  # quarter notes of a rest that can be written by default: more is no rest


class LongRest(NamedTuple):
    """A rest from tick ``begin`` to ``end`` of which ``kept`` ticks are kept."""

    begin: int
    end: int
    kept: int


def long_rests(score: Score, max_rest: int | str = AUTO, faulty: bool = False, ticks: int = 0) -> list[LongRest]:
    """The rests of a score that are too long, in order of time.

    A rest is the time from one onset or end of a note to the next when none sounds; of a ``faulty`` file, also when
    some do. It may last ``max_rest`` bars: ``AUTO`` are ``BARS`` of a faulty file; otherwise, and where it is ``KEEP``,
    any rest that can be written, now and at ``ticks`` a quarter note, may be meant. One that cannot becomes ``BARS``.
    """
    bars = {AUTO: BARS if faulty else None, KEEP: None}.get(max_rest, max_rest)
    quarter, meters = _quarter(score), timing.meter_changes(score)
    longest = min(LONGEST, LARGEST_NUMBER // max(ticks, quarter)) * quarter
    if bars is None and score.end <= longest:  # as in nearly all files
        return []
    found = []
    for begin, end, sounds in _gaps(score):
        if end - begin <= quarter:  # as nearly all are
            continue
        bar = timing.bar_length_at(begin, meters, quarter)
        limited = bars is not None and (faulty or not sounds)
        if end - begin > (min(bars * bar, longest) if limited else longest):
            found.append(LongRest(begin, end, min((bars or BARS) * bar, longest)))
    return found


def shorten(score: Score, rests: list[LongRest]) -> Score:
    """The score with its long rests shortened; what happens in one happens by its new end."""
    if not rests:
        return score
    return score.retimed(timing.tick_without([(rest.begin + rest.kept, rest.end) for rest in rests]))


def remark(score: Score, rests: list[LongRest]) -> str:
    """What a report says of the long rests of a score."""
    longest = max(rest.end - rest.begin for rest in rests) // _quarter(score)
    if len(rests) == 1:
        return f"a rest of {longest:,} quarter notes shortened"
    return f"{len(rests)} rests of up to {longest:,} quarter notes shortened"


def _quarter(score):
    """Ticks a quarter note; in SMPTE time as many as there are at 120 a minute."""
    if score.division > 0:
        return score.division
    return max(1, round(timing.smpte_ticks_per_second(score.division) * timing.MICROSECONDS / timing.SECOND))


def _gaps(score):
    """Yield (begin, end, whether a note sounds) of the times between one onset or end of a note and the next."""
    changes = [(note.start, 1) for note in score.notes] + [(note.end, -1) for note in score.notes]
    sounding, before = 0, 0
    for tick, change in [*sorted(changes), (score.end, 0)]:
        if tick > before:
            yield before, tick, sounding > 0
        sounding += change
        before = max(before, tick)
