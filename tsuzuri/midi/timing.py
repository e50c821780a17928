"""Time: ticks to seconds through a tempo map, to musical time, to a grid; bars; how far a piece has come."""

import bisect
import itertools

from tsuzuri.midi.score import META, METER, TEMPO

TICKS = 480  # a quarter note, unless asked otherwise
MICROSECONDS = 500_000  # a quarter note where no tempo is given: 120 a minute
SECOND = 1_000_000  # microseconds
_DROP_FRAME = 29  # stands for 30000/1001 frames a second


class PiecewiseLine:
    """A rising function made of straight pieces, from 0 at 0: ``slopes`` are (place, slope from there on), the first
    at place 0."""

    def __init__(self, slopes):
        self._places, self._slopes = zip(*slopes, strict=True)
        rises = zip(itertools.pairwise(self._places), self._slopes, strict=False)
        self._values = [0.0, *itertools.accumulate((after - before) * slope for (before, after), slope in rises)]

    def at(self, place):
        """The value at a place."""
        i = bisect.bisect_right(self._places, place) - 1
        return self._values[i] + (place - self._places[i]) * self._slopes[i]

    def back(self, value):
        """The place of a value."""
        i = bisect.bisect_right(self._values, value) - 1
        return self._places[i] + (value - self._values[i]) / self._slopes[i]


class TempoMap:
    """A tempo map: from ticks to seconds and back.

    ``changes`` are (tick, microseconds a quarter note) in order of time; ``division`` is a file's, and where it is
    SMPTE's, ticks are shares of a second whatever the tempo.
    """

    def __init__(self, changes, division):
        if division < 0:
            self._line = PiecewiseLine([(0, 1 / smpte_ticks_per_second(division))])
        else:
            slopes = [(tick, microseconds / SECOND / division) for tick, microseconds in _from_zero(changes)]
            self._line = PiecewiseLine(slopes)

    def seconds(self, tick):
        """Seconds from the beginning to a tick."""
        return self._line.at(tick)

    def tick(self, seconds):
        """The tick at so many seconds, a float."""
        return self._line.back(seconds)


def _from_zero(changes):
    return changes if changes and changes[0][0] == 0 else [(0, MICROSECONDS), *changes]


def tempo_map_of(score):
    """The ``Tempi`` of a score."""
    return TempoMap(tempo_changes(score), score.division)


def tempo_changes(score):
    """A score's tempo changes as (tick, microseconds a quarter note), impossible ones left out."""
    found = ((tick, int.from_bytes(payload, "big")) for tick, payload in score.metas(TEMPO) if len(payload) == 3)
    return [(tick, microseconds) for tick, microseconds in found if microseconds]


def smpte_ticks_per_second(division):
    """Of SMPTE's division, a negative number as it stands in the file: frames a second, times ticks a frame."""
    frames, parts = -(division >> 8), max(1, division & 0xFF)
    return (30_000 / 1001 if frames == _DROP_FRAME else frames) * parts


def main_tempo(score):
    """The tempo that a piece has for most of its time, in microseconds a quarter note."""
    return _lasting(_from_zero(tempo_changes(score)), score.end)


def main_meter(score):
    """The time signature that a piece has for most of its time, as (numerator, denominator)."""
    return _lasting(
        [(tick, (numerator, denominator)) for tick, numerator, denominator in meter_changes(score)], score.end
    )


def _lasting(changes, end):
    """Of (tick, value) changes the value that holds longest until the end."""
    times = {}
    for (tick, value), (until, _) in itertools.pairwise([*changes, (end, None)]):
        times[value] = times.get(value, 0) + max(0, min(until, end) - tick)
    return max(times, key=times.get)


def in_musical_time(score, ticks=TICKS, tempo_map=None):
    """The score at ``ticks`` a quarter note; one in SMPTE's time is measured in the quarter notes of its tempo map.

    ``tempo_map`` are tempo changes as from ``changes``, for a score that has left out its own.
    """
    if score.division == ticks:
        return score
    if score.division < 0:
        rate = smpte_ticks_per_second(score.division)
        tempi = _from_zero(tempo_changes(score) if tempo_map is None else tempo_map)
        slopes = [(tick / rate, SECOND / microseconds) for tick, microseconds in tempi]
        quarters = PiecewiseLine(slopes)
        return score.mapped(lambda tick: round(quarters.at(tick / rate) * ticks))._replace(division=ticks)
    old = score.division
    return score.mapped(lambda tick: (2 * tick * ticks + old) // (2 * old))._replace(division=ticks)


def snap_to_grid(score, grid):
    """The score with every time on the nearest of ``grid`` places a quarter note, and no note shorter than one."""
    step = score.division / grid
    return score.mapped(lambda tick: int(tick / step + 0.5)).mapped(lambda place: round(place * step))


def stretch(score, factor):
    """The score with all times multiplied."""
    return score.mapped(lambda tick: round(tick * factor))


def meter_changes(score):
    """The time signatures as (tick, numerator, denominator), one at tick 0 first; 4/4 where none is given."""
    found = [
        (tick, payload[0], 1 << payload[1])
        for tick, payload in score.metas(METER)
        if len(payload) >= 2 and payload[0] and payload[1] <= 7
    ]
    return found if found and found[0][0] == 0 else [(0, 4, 4), *found]


def bar_length(numerator, denominator, division):
    """Ticks of a bar, at least one."""
    return max(1, division * 4 * numerator // denominator)


def bar_starts(score):
    """The ticks at which bars begin, from 0 to the first at or after the end of the score.

    The score must have ticks a quarter note.
    """
    starts, signatures = [], [*meter_changes(score), (score.end + 1, 0, 1)]
    for (tick, numerator, denominator), (until, _, _) in itertools.pairwise(signatures):
        starts += range(tick, until, bar_length(numerator, denominator, score.division))
    if starts[-1] < score.end:
        _, numerator, denominator = signatures[-2]
        starts.append(starts[-1] + bar_length(numerator, denominator, score.division))
    return starts


class LengthCounter:
    """Counts bars or seconds along a piece, and tells the tick at which ``total`` of them are over."""

    def __init__(self, unit, division, meter, tempo, steady=False):
        self.unit, self.division, self.steady, self.total = unit, division, steady, 0
        self._since, self._done = 0, 0.0
        self._rate = 1 / bar_length(*meter, division) if unit == "bars" else self._seconds(tempo)

    def take(self, tick, message):
        """Note a change of meter or of tempo."""
        if message[:2] == bytes([META, METER]) and self.unit == "bars":
            rate = 1 / bar_length(message[2], 1 << message[3], self.division)
        elif message[:2] == bytes([META, TEMPO]) and self.unit == "seconds" and not self.steady:
            rate = self._seconds(int.from_bytes(message[2:], "big"))
        else:
            return
        self._since, self._done, self._rate = tick, self.at(tick), rate

    def at(self, tick):
        """How many are over at a tick, not before the last change."""
        return self._done + (tick - self._since) * self._rate

    def tick(self):
        """The tick at which all are over, not before the last change."""
        return self._since + max(0, round((self.total - self._done) / self._rate))

    def _seconds(self, tempo):
        return tempo / SECOND / self.division
