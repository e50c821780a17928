"""What may follow: a mask over the whole vocabulary, so that only music that can be played is ever drawn.

No note-off without its note, no second onset of a sounding key, no note longer than so many ticks, none of no length,
and no end while anything sounds. Where the vocabulary has no word that may follow, the grammar ends a note itself, so
that it never comes to a stand.

Axes: B pieces side by side, V words.
"""

import math

import numpy

from midi import timing, words
from midi.score import END, META, METER, OFF, ON, TEMPO

SILENT = -1
FAR = 1 << 60  # ticks: no limit
_KEYS = 16 * 128  # slots are channel * 128 + key; the one after the last is that of words without a key
_PEDAL, _CONTROL = 64, 0xB0


class Grammar:
    """Takes the words drawn for B pieces and says which may follow; gathers the ``events`` of each, closed at its end.

    ``spelled`` are the words of the vocabulary by id, ``eos`` the id of the line end, ``longest`` the ticks that a note
    may last at most. Pieces end of themselves where ``may_end`` is left True.
    """

    def __init__(self, spelled, eos, division, longest, batch=1):
        self.eos, self.division, self.longest = eos, division, longest
        self._parsed = [_parsed(word) for word in spelled]
        self._delta = numpy.array([delta for delta, _ in self._parsed])  # (V,)
        slots = numpy.array([_slot(message) for _, message in self._parsed])
        kinds = numpy.array([_kind(message) for _, message in self._parsed])
        self._ons, self._offs = numpy.flatnonzero(kinds == ON), numpy.flatnonzero(kinds == OFF)
        self._on_slots, self._off_slots = slots[self._ons], slots[self._offs]
        ends = numpy.array([i == eos or message == END for i, (_, message) in enumerate(self._parsed)])
        self._ends = numpy.flatnonzero(ends)
        self._usable = ends | numpy.array([message is not None for _, message in self._parsed])
        self._usable[self._ons[~numpy.isin(self._on_slots, self._off_slots)]] = False  # nothing could end these notes
        self._moving = ends | (self._delta > 0) | numpy.isin(kinds, (ON, OFF))  # the others can go on for ever
        self._closing = self._usable & ((kinds == OFF) | ends)  # what may still follow when a piece is to end

        self.events = [[] for _ in range(batch)]
        self.over = [False] * batch
        self.may_end = True
        self.now = numpy.zeros(batch, numpy.int64)  # ticks, as all of these
        self._onset = numpy.full((batch, _KEYS + 1), SILENT, numpy.int64)
        self._limit = numpy.full(batch, FAR)  # no piece goes beyond
        self._untils = [None] * batch
        self._struck = numpy.zeros(batch, bool)
        self._must_end = numpy.zeros(batch, bool)
        self._pedals = [set() for _ in range(batch)]

    def begin(self, events):
        """Let every piece begin with (tick, message) events, which are legal."""
        for row in range(len(self.events)):
            for tick, message in events:
                if message != END:
                    self._add(row, tick, message)

    def until(self, amount, unit, meter, tempo):
        """Let every piece end so many "bars" or "seconds" after what it has, and not before.

        ``meter`` and ``tempo`` hold until the piece has others: (numerator, denominator), microseconds a quarter note.
        """
        self.may_end = False
        for row, events in enumerate(self.events):
            until = Until(unit, self.division, meter, tempo)
            for tick, message in events:
                until.take(tick, message)
            done = until.at(int(self.now[row]))
            until.total = amount + (math.ceil(done - 1e-6) if unit == "bars" else done)  # whole bars
            self._untils[row], self._limit[row] = until, until.tick()

    def close(self, row):
        """Let a piece end as soon as its notes have ended."""
        self._must_end[row] = True

    def take(self, ids):
        """Add the words drawn, (B,); pieces that are over stay as they are."""
        for row, i in enumerate(ids):
            if self.over[row]:
                continue
            delta, message = self._parsed[i]
            if i == self.eos or message == END:
                self._finish(row, int(self.now[row]) + delta, [message] * (message is not None))
            else:
                self._add(row, int(self.now[row]) + delta, message)

    def mask(self, logits):
        """Put -inf where a word must not follow; logits (B, V) on the CPU, changed in place and returned."""
        allowed = self._allowed()
        for row in numpy.flatnonzero(~(allowed & self._moving).any(axis=1)):
            while not (allowed[row] & self._moving).any():
                self._rescue(row)
                allowed[row] = self._allowed()[row]
        logits[~allowed] = -numpy.inf
        return logits

    def _allowed(self):
        """Which words may follow, (B, V)."""
        now = self.now[:, None]
        allowed = self._usable & (self._delta <= self._room()[:, None])
        silent = self._onset[:, self._on_slots] == SILENT
        allowed[:, self._ons] &= silent & (now + self._delta[self._ons] < self._limit[:, None])
        onset = self._onset[:, self._off_slots]
        allowed[:, self._offs] &= (onset != SILENT) & (now + self._delta[self._offs] > onset)
        quiet = self._struck & (self._onset == SILENT).all(axis=1)
        allowed[:, self._ends] &= (quiet & (self._must_end | self.may_end))[:, None]
        allowed[self._must_end] &= self._closing
        for row, over in enumerate(self.over):
            if over:
                allowed[row] = False
                allowed[row, self.eos] = True
        return allowed

    def _room(self):
        """Ticks until the first note must end or the piece reaches its limit, (B,)."""
        first = numpy.where(self._onset == SILENT, FAR, self._onset).min(axis=1)
        return numpy.minimum(first + self.longest, self._limit) - self.now

    def _rescue(self, row):
        """No word that moves may follow: end the notes that must end first, or all if the piece must end."""
        onsets = self._onset[row]
        sounding = numpy.flatnonzero(onsets != SILENT)
        tick, limit = int(self.now[row] + self._room()[row]), int(self._limit[row])
        if self._must_end[row]:
            tick = min(tick, int(self.now[row]) + self.division)
        for slot in sounding:
            all_of_them = self._must_end[row] or tick == limit
            if (all_of_them and onsets[slot] < tick) or onsets[slot] + self.longest == tick:
                self._add(row, tick, bytes([OFF | slot // 128, slot % 128, 0]))
        if not len(sounding) or tick == limit:
            self._finish(row, int(self.now[row]))

    def _add(self, row, tick, message):
        self.events[row].append((tick, message))
        self.now[row] = tick
        kind, slot = _kind(message), _slot(message)
        if kind == ON:
            self._onset[row, slot] = tick
            self._struck[row] = True
        elif kind == OFF:
            self._onset[row, slot] = SILENT
        elif kind == _CONTROL and message[1] == _PEDAL:
            change = self._pedals[row].add if message[2] >= 64 else self._pedals[row].discard
            change(message[0] & 0x0F)
        if self._untils[row]:
            self._untils[row].take(tick, message)
            self._limit[row] = self._untils[row].tick()

    def _finish(self, row, tick, last=()):
        """Lift the pedals; nothing follows but the ``last`` messages."""
        for channel in sorted(self._pedals[row]):
            self._add(row, tick, bytes([_CONTROL | channel, _PEDAL, 0]))
        self.events[row] += [(tick, message) for message in last]
        self.over[row] = True


class Until:
    """Counts bars or seconds along a piece, and tells the tick at which ``total`` of them are over."""

    def __init__(self, unit, division, meter, tempo):
        self.unit, self.division, self.total = unit, division, 0
        self._since, self._done = 0, 0.0
        self._rate = 1 / timing.bar_length(*meter, division) if unit == "bars" else self._seconds(tempo)

    def take(self, tick, message):
        """Note a change of meter or of tempo."""
        if message[:2] == bytes([META, METER]) and self.unit == "bars":
            rate = 1 / timing.bar_length(message[2], 1 << message[3], self.division)
        elif message[:2] == bytes([META, TEMPO]) and self.unit == "seconds":
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
        return tempo / timing.SECOND / self.division


def _parsed(word):
    """(delta, message) of a word; (0, None) for one that is no MIDI, such as <eos>."""
    try:
        return words.parse(word)
    except ValueError:
        return 0, None


def _kind(message):
    return 0 if message is None or message[0] == META else message[0] & 0xF0


def _slot(message):
    return (message[0] & 0x0F) << 7 | message[1] if _kind(message) in (OFF, ON) else _KEYS
