"""The performance of a score: its notes at samples, with the controls of their channels."""

import bisect
import math
from typing import NamedTuple

import numpy

from tsuzuri.midi import pedal, timing
from tsuzuri.midi.score import DRUMS, PROGRAM
from tsuzuri.midi.sound import timbres, tones

CONTROL, BEND = 0xB0, 0xE0
DATA, DATA_FINE, VOLUME, PAN, EXPRESSION, RESET = 6, 38, 7, 10, 11, 121  # controls
NRPN_FINE, NRPN_COARSE, RPN_FINE, RPN_COARSE = 98, 99, 100, 101
_RAMP = 0.006  # seconds in which a control moves: at once would click


class Curve:
    """A value that changes in steps over time, which is counted in samples."""

    def __init__(self, value):
        self.times, self.values = [0], [value]

    def move(self, time, value):
        """Change the value at a time not before the last change."""
        if self.times[-1] == time:
            self.values[-1] = value
        elif self.values[-1] != value:
            self.times.append(time)
            self.values.append(value)

    def at(self, time):
        """The value at a time."""
        return self.values[bisect.bisect_right(self.times, time) - 1]

    def steps(self, first, last):
        """The (sample, value) steps from the one in force at ``first`` to the last one before ``last``."""
        i, j = bisect.bisect_right(self.times, max(0, first)) - 1, bisect.bisect_left(self.times, last)
        return list(zip(self.times[i:j], self.values[i:j], strict=True))

    def samples(self, first, last, rate):
        """The value from ``first`` to ``last``: a number where it is constant, else (last - first,) without jumps."""
        ramp = int(_RAMP * rate)
        steps = self.steps(first - ramp, last + ramp)  # a step beyond may cut a ramp short
        if len(steps) == 1 or steps[1][0] >= last:
            return steps[0][1]
        x, y = [], []
        for (_, before), (time, value), (until, _) in zip(steps, steps[1:], [*steps[2:], (math.inf, 0)], strict=False):
            x += [time, min(time + ramp, until)]
            y += [before, value]
        return numpy.interp(numpy.arange(first, last), x, y).astype("f")


class Channel:
    """The controls of a channel at each sample, which begin with the defaults of General MIDI."""

    def __init__(self):
        self.program, self.bend = Curve(0), Curve(0.0)
        self.volume, self.expression, self.pan = Curve(100), Curve(127), Curve(64)
        self._bend, self._bend_range = 0.0, {DATA: 2, DATA_FINE: 0}  # -1..1; semitones and cents of a full bend
        self._parameter = [127, 127]

    def apply(self, time, message):
        """Apply a channel message at a sample; messages that have no effect here are ignored."""
        kind, first = message[0] & 0xF0, message[1]
        if kind == PROGRAM:
            self.program.move(time, first)
        elif kind == BEND:
            self._move_bend(time, ((message[2] << 7 | first) - 8192) / 8192)
        elif kind == CONTROL:
            self._control(time, first, message[2])

    def _control(self, time, number, value):
        curve = {VOLUME: self.volume, PAN: self.pan, EXPRESSION: self.expression}.get(number)
        if curve:
            curve.move(time, value)
        elif number in (RPN_FINE, RPN_COARSE):
            self._parameter[number - RPN_FINE] = value
        elif number in (NRPN_FINE, NRPN_COARSE):
            self._parameter = [127, 127]  # parameters that are not registered have no effect here
        elif number in (DATA, DATA_FINE) and self._parameter == [0, 0]:  # registered parameter 0: the bend's range
            self._bend_range[number] = value
            self._move_bend(time, self._bend)
        elif number == RESET:
            self.expression.move(time, 127)
            self._move_bend(time, 0.0)

    def _move_bend(self, time, bend):
        self._bend = bend
        self.bend.move(time, bend * (self._bend_range[DATA] + self._bend_range[DATA_FINE] / 100))


class Part(NamedTuple):
    """A note as it is played: the samples at which it starts and falls silent, the seconds it is held, its timbre.

    ``timbre`` is None for a drum.
    """

    first: int
    last: int
    hold: float
    timbre: object
    key: int
    velocity: int
    channel: Channel

    def bends(self, rate):
        """The (second, semitones) steps of its pitch bend, from second 0 on."""
        steps = self.channel.bend.steps(self.first, self.last)
        return tuple((max(0, time - self.first) / rate, semitones) for time, semitones in steps)


def held_notes(score, rate):
    """Yield (note, channel, first sample, sample where key and pedal release it) of each note, the latest first."""
    tempo_map = timing.tempo_map_of(score)

    def sample(tick):
        return round(tempo_map.seconds(tick) * rate)

    channels = [Channel() for _ in range(16)]
    for tick, message in score.others:
        if message[0] < 0xF0:
            channels[message[0] & 0x0F].apply(sample(tick), message)
    for note in reversed(pedal.hold_notes(score)[0].notes):
        yield note, channels[note.channel], sample(note.start), sample(note.end)


def score_parts(score, rate):
    """The ``Part`` of each note, sorted by first sample."""
    return sorted((_part(*held, rate) for held in held_notes(score, rate)), key=lambda part: part.first)


def _part(note, channel, first, release, rate):
    if note.channel == DRUMS:
        return Part(first, first + tones.drum_length(note.key, rate), 0, None, note.key, note.velocity, channel)
    timbre = timbres.TIMBRES[timbres.timbre_of_program(channel.program.at(first))]
    hold = max(1, round((release - first) / rate * 1000)) / 1000  # whole milliseconds: equal notes are made once
    last = first + math.ceil(tones.tone_seconds(timbre, note.key, hold) * rate)
    return Part(first, last, hold, timbre, note.key, note.velocity, channel)
