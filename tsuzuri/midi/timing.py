"""Time: ticks to seconds through a tempo map, to musical time, to a grid; bars; the length of a growing piece."""

import bisect
import itertools
import math

from tsuzuri.midi.score import META, METER, TEMPO, Score

TICKS = 480  # a quarter note, by default
MICROSECONDS = 500_000  # a quarter note where there is no tempo event: 120 a minute
SECOND = 1_000_000  # microseconds
_DROP_FRAME = 29  # in a header: 30000/1001 frames a second


class PiecewiseLine:
    """A rising, piecewise linear function through (0, 0): ``slopes`` are (x, slope from there on), the first at 0."""

    def __init__(self, slopes):
        self._xs, self._slopes = zip(*slopes, strict=True)
        rises = zip(itertools.pairwise(self._xs), self._slopes, strict=False)
        self._values = [0.0, *itertools.accumulate((after - before) * slope for (before, after), slope in rises)]

    def at(self, x):
        """The value at ``x``."""
        i = bisect.bisect_right(self._xs, x) - 1
        return self._values[i] + (x - self._xs[i]) * self._slopes[i]

    def inverse(self, value):
        """The x of a value."""
        i = bisect.bisect_right(self._values, value) - 1
        return self._xs[i] + (value - self._values[i]) / self._slopes[i]


class TempoMap:
    """A tempo map: from ticks to seconds and back.

    ``changes`` are (tick, microseconds a quarter note) in order of time; ``division`` is as in a file's header. With an
    SMPTE division, ticks are fractions of a second whatever the tempo.
    """

    def __init__(self, changes, division):
        if division < 0:
            self._line = PiecewiseLine([(0, 1 / smpte_ticks_per_second(division))])
        else:
            slopes = [(tick, microseconds / SECOND / division) for tick, microseconds in _from_zero(changes)]
            self._line = PiecewiseLine(slopes)

    def seconds(self, tick: int) -> float:
        """The seconds from the beginning to a tick."""
        return self._line.at(tick)

    def tick(self, seconds: float) -> float:
        """The tick at a number of seconds from the beginning, a float."""
        return self._line.inverse(seconds)


def _from_zero(changes):
    return changes if changes and changes[0][0] == 0 else [(0, MICROSECONDS), *changes]


def tempo_map_of(score: Score) -> TempoMap:
    """The ``TempoMap`` of a score."""
    return TempoMap(tempo_changes(score), score.division)


def tempo_changes(score):
    """A score's tempo changes as (tick, microseconds a quarter note), impossible ones left out."""
    changes = (
        (tick, int.from_bytes(payload, "big")) for tick, payload in score.meta_events(TEMPO) if len(payload) == 3
    )
    return [(tick, microseconds) for tick, microseconds in changes if microseconds]


def smpte_ticks_per_second(division):
    """The ticks a second of an SMPTE division, negative as in the file: frames a second, times ticks a frame."""
    frames, parts = -(division >> 8), max(1, division & 0xFF)
    return (30_000 / 1001 if frames == _DROP_FRAME else frames) * parts


def main_tempo(score: Score) -> int:
    """The tempo of a piece, in microseconds a quarter note: the median over its seconds.

    Half of them are at most as slow. A ritardando, or a last chord that is held, has little weight in it.
    """
    spans = itertools.pairwise([*_from_zero(tempo_changes(score)), (score.end, None)])
    seconds = sorted((value, max(0, min(until, score.end) - tick) * value) for (tick, value), (until, _) in spans)
    half, passed = sum(weight for _, weight in seconds) / 2, 0
    for value, weight in seconds:
        passed += weight
        if passed >= half and (weight or not half):
            return value
    raise AssertionError("no tempo holds")


def main_meter(score: Score) -> tuple[int, int]:
    """The time signature that a piece has for most of its time, as (numerator, denominator)."""
    return _longest_value(
        [(tick, (numerator, denominator)) for tick, numerator, denominator in meter_changes(score)], score.end
    )


def _longest_value(changes, end):
    """The value that holds for the longest time, of (tick, value) changes of a piece that ends at ``end``."""
    times = {}
    for (tick, value), (until, _) in itertools.pairwise([*changes, (end, None)]):
        times[value] = times.get(value, 0) + max(0, min(until, end) - tick)
    return max(times, key=times.get)


def in_musical_time(score: Score, ticks: int = TICKS, tempo_map: list | None = None) -> Score:
    """The score at ``ticks`` a quarter note; SMPTE time is turned into quarter notes by the tempo map.

    ``tempo_map``: (tick, microseconds) changes as from ``tempo_changes``, for a score that has left out its own.
    """
    if score.division == ticks:
        return score
    if score.division < 0:
        rate = smpte_ticks_per_second(score.division)
        changes = _from_zero(tempo_changes(score) if tempo_map is None else tempo_map)
        slopes = [(tick / rate, SECOND / microseconds) for tick, microseconds in changes]
        quarters = PiecewiseLine(slopes)
        return score.retimed(lambda tick: round(quarters.at(tick / rate) * ticks))._replace(division=ticks)
    old = score.division
    return score.retimed(lambda tick: (2 * tick * ticks + old) // (2 * old))._replace(division=ticks)


def snap_to_grid(score, grid):
    """The score with every time at the nearest of ``grid`` steps a quarter note, each note a step long at least."""
    step = score.division / grid
    return score.retimed(lambda tick: int(tick / step + 0.5)).retimed(lambda n: round(n * step))


def stretch(score, factor):
    """The score with all times multiplied by ``factor``."""
    return score.retimed(lambda tick: round(tick * factor))


def is_meter(numerator: object, denominator: object) -> bool:
    """Whether a time signature is possible."""
    numbers = type(numerator) is type(denominator) is int
    return numbers and 0 < numerator < 256 and denominator in (1, 2, 4, 8, 16, 32, 64, 128)


def meter_changes(score):
    """The time signatures as (tick, numerator, denominator), one at tick 0 first; 4/4 where there is none."""
    changes = [
        (tick, payload[0], 1 << payload[1])
        for tick, payload in score.meta_events(METER)
        if len(payload) >= 2 and payload[0] and payload[1] <= 7
    ]
    return changes if changes and changes[0][0] == 0 else [(0, 4, 4), *changes]


def bar_length(numerator, denominator, division):
    """Ticks of a bar, at least one."""
    return max(1, division * 4 * numerator // denominator)


def bar_length_at(tick, meters, division):
    """Ticks of the bar at a tick; ``meters`` as from ``meter_changes``."""
    _, numerator, denominator = meters[bisect.bisect_right(meters, tick, key=lambda meter: meter[0]) - 1]
    return bar_length(numerator, denominator, division)


def tick_without(spans):
    """The function from a tick to its place once ``spans`` of time are taken out: (begin, end), in order and apart.

    What stands in one of them comes where it begins.

    >>> list(map(tick_without([(100, 150), (200, 300)]), (100, 120, 150, 250, 300)))
    [100, 100, 100, 150, 150]
    """
    ends = [end for _, end in spans]
    gone = [0, *itertools.accumulate(end - begin for begin, end in spans)]

    def moved(tick):
        n = bisect.bisect_right(ends, tick)  # spans that lie before it
        return (min(tick, spans[n][0]) if n < len(spans) else tick) - gone[n]

    return moved


def bar_starts(score: Score) -> list[int]:
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


class BarLines:
    """Where the bars of a growing piece begin: they are ``length`` ticks long, counted from tick ``since`` on."""

    def __init__(self, division, meter):
        self.division, self.since, self.length = division, 0, bar_length(*meter, division)

    def take(self, tick, message):
        """Take an event of the piece into account: a change of meter begins a bar."""
        if message[:2] == bytes([META, METER]):
            self.since, self.length = tick, bar_length(message[2], 1 << message[3], self.division)

    def are_at(self, ticks):
        """Whether a bar begins at ticks, a number or an array, at or after the last change."""
        return (ticks - self.since) % self.length == 0


class LengthCounter:
    """Counts the bars or seconds of a growing piece; ``tick()`` is where it has ``total`` of them.

    A change of meter begins a bar, as in ``bar_starts``, and ends the one before however short that is.
    """

    def __init__(self, unit, division, meter, tempo, steady=False):
        self.unit, self.division, self.steady, self.total = unit, division, steady, 0
        self._since, self._done = 0, 0.0
        self._rate = 1 / bar_length(*meter, division) if unit == "bars" else self._seconds(tempo)

    def take(self, tick, message):
        """Take an event of the piece into account: a change of meter or of tempo."""
        if message[:2] == bytes([META, METER]) and self.unit == "bars":
            rate = 1 / bar_length(message[2], 1 << message[3], self.division)
        elif message[:2] == bytes([META, TEMPO]) and self.unit == "seconds" and not self.steady:
            rate = self._seconds(int.from_bytes(message[2:], "big"))
        else:
            return
        done = self.at(tick)
        self._since, self._done, self._rate = tick, math.ceil(done - 1e-6) if self.unit == "bars" else done, rate

    def at(self, tick):
        """The bars or seconds up to a tick at or after the last change."""
        return self._done + (tick - self._since) * self._rate

    def tick(self):
        """The tick at which ``total`` is reached, at or after the last change."""
        return self._since + max(0, round((self.total - self._done) / self._rate))

    def _seconds(self, tempo):
        return tempo / SECOND / self.division
