"""The grammar of music: a mask over the whole vocabulary, so that only music that can be played is ever drawn.

No note-off without its note, no second onset of a sounding key, no note of no length, no more notes at once than a
channel has voices, and no end while anything sounds. A note that would last too long, or beyond the end of the piece,
is ended in time whatever is drawn; and where the vocabulary has no word that may follow, the grammar ends the sounding
notes itself, so that it never gets stuck. Controls and the like do not follow one another for ever, and where bars are
asked for there is music in them (``rests.RestLimit``).

A word changes little in the set of words that may follow, so the mask is updated, not computed anew: it costs a small
part of a model's step. Axes: B pieces side by side, V words.
"""

import math

import numpy

from tsuzuri.midi import timing
from tsuzuri.midi.lexicon import Lexicon, key_of
from tsuzuri.midi.rests import RestLimit
from tsuzuri.midi.score import END, META, OFF, ON

__all__ = ["Grammar", "Lexicon"]

MOST_CONTROLS = 128  # words in a row that are no notes
FAR = 1 << 60  # ticks: no limit
_PEDAL, _CONTROL = 64, 0xB0
FREE, BLOCKED = 0.0, -numpy.inf  # added to a logit
_NONE = numpy.zeros(0, numpy.intp)


class Grammar:
    """Takes the words drawn for B pieces, masks those that must not follow, and collects the ``events`` of each piece.

    A note lasts at most ``longest`` ticks, and at most ``voices[c]`` keys of channel c sound at once. Pieces may end by
    themselves where ``may_end``, and are brought to an end after ``most_notes``.
    """

    def __init__(self, lexicon, division, longest, voices=(128,) * 16, batch=1, may_end=True):
        self.lexicon, self.division = lexicon, division
        self._pieces = [_Piece(lexicon, longest, voices) for _ in range(batch)]
        for piece in self._pieces:
            piece.may_end = may_end
        self._bias = numpy.array([piece.bias() for piece in self._pieces])  # (B, V), added to the logits

    @property
    def events(self):
        """The (tick, message) events of each piece."""
        return [piece.events for piece in self._pieces]

    @property
    def ticks(self):
        """The tick up to which each piece has grown."""
        return [piece.now for piece in self._pieces]

    def end_after_notes(self, count):
        """Bring every piece to an end after so many more notes."""
        for piece in self._pieces:
            piece.most_notes = piece.struck + count

    @property
    def cut_short(self):
        """How many pieces were brought to an end by the number of their notes, or by ``close``."""
        return sum(piece.must_end for piece in self._pieces)

    @property
    def ended(self):
        """Which pieces have ended, bool (B,)."""
        return numpy.array([piece.over for piece in self._pieces])

    def over(self):
        """Whether every piece has ended."""
        return all(piece.over for piece in self._pieces)

    def begin(self, events, rest=0):
        """Begin every piece with legal (tick, message) events, whose notes may be of any length, and a ``rest``."""
        for row, piece in enumerate(self._pieces):
            longest, piece.longest = piece.longest, FAR
            for tick, message in events:
                if message != END:
                    piece.add(tick, message, self._bias[row])
            piece.longest = longest
            piece.wait(rest, self._bias[row])

    def end_after(self, amount, unit, meter, tempo, steady=False, may_rest=False):
        """Let every piece end ``amount`` bars or seconds (``unit``) after its present events, and not before.

        ``meter`` (numerator, denominator) and ``tempo`` (microseconds a quarter note) hold until the piece has others;
        a ``steady`` tempo holds whatever tempo events the piece has. Unless it ``may_rest`` it holds music from its
        first bar on.
        """
        for row, piece in enumerate(self._pieces):
            counter = timing.LengthCounter(unit, self.division, meter, tempo, steady)
            for tick, message in piece.events:
                counter.take(tick, message)
            done = counter.at(piece.now)
            counter.total = amount + (math.ceil(done - 1e-6) if unit == "bars" else done)  # whole bars
            piece.may_end, piece.counter, piece.limit = False, counter, counter.tick()
            if not may_rest:
                bar = timing.bar_length(*meter, self.division)
                start = -(-piece.now // bar) * bar if unit == "bars" else piece.now
                piece.rests = RestLimit(start, bar)
            self._bias[row] = piece.bias()

    def close(self):
        """Let every piece end as soon as its sounding notes have ended; no new note starts."""
        for row, piece in enumerate(self._pieces):
            piece.must_end = True
            self._bias[row] = piece.bias()

    def take(self, ids):
        """Add the words drawn, ids (B,); pieces that have ended stay as they are."""
        for row, (piece, i) in enumerate(zip(self._pieces, ids.tolist(), strict=True)):
            if piece.over:
                continue
            delta, message = self.lexicon.parsed[i]
            if i == self.lexicon.eos or message == END:
                piece.finish(piece.now + delta, message)
            else:
                piece.add(piece.now + delta, message, self._bias[row])
            if piece.over:
                self._bias[row] = piece.bias()

    def mask(self, logits):
        """Put -inf where a word must not follow; logits (B, V) on the CPU, changed in place and returned."""
        for row, piece in enumerate(self._pieces):
            if self._bias[row, piece.witness]:  # blocked
                self._find_witness(row, piece)
        logits += self._bias
        for row, piece in enumerate(self._pieces):
            for unwanted in piece.unwanted():
                if (self.lexicon.moves & ~unwanted & (logits[row] > BLOCKED)).any():
                    logits[row, unwanted] = BLOCKED
        return logits

    def _find_witness(self, row, piece):
        """Find a word that moves the piece on and may follow; where there is none, end the sounding notes first."""
        possible = self.lexicon.moves & (self._bias[row] == FREE)
        if not possible.any():
            piece.rescue(self.division)
            self._bias[row] = piece.bias()
            possible = self.lexicon.moves & (self._bias[row] == FREE)
        piece.witness = int(possible.argmax())


class _Piece:
    """A growing piece: its events, its sounding keys, and the words that these block."""

    def __init__(self, lexicon, longest, voices):
        self.lexicon, self.longest, self.voices = lexicon, longest, voices
        self.events, self.over, self.now = [], False, 0
        self.limit, self.counter = FAR, None  # the tick that the piece does not go beyond
        self.may_end, self.must_end, self.struck, self.most_notes = True, False, 0, FAR  # struck: notes
        self.rests, self.controls = None, 0  # a ``RestLimit``; how many words in a row were no notes
        self.sounding = {}  # key: the tick of its onset; the longest held first
        self.fresh = []  # keys struck at this very tick
        self.counts = [0] * 16  # of sounding keys, by channel
        self.pedals = set()
        self.witness = 0  # a word that moves the piece on, and may follow as long as it is not blocked

    def bias(self):
        """The bias (V,) on the logits, 0 or -inf for words that must not follow, computed anew."""
        lexicon = self.lexicon
        blocked = ~lexicon.free
        if self.over:
            blocked[:] = True
            blocked[lexicon.eos] = False
            return numpy.where(blocked, BLOCKED, FREE).astype("f")
        if self.must_end:
            blocked[:] = True
        for key, onset in self.sounding.items():
            blocked[lexicon.on.get(key, _NONE)] = True
            blocked[lexicon.off_later.get(key, _NONE)] = False
            blocked[lexicon.off_at_once.get(key, _NONE)] = onset == self.now
        for channel, count in enumerate(self.counts):
            if count >= self.voices[channel]:
                blocked[lexicon.channel[channel]] = True
        blocked[lexicon.ends] = not self._may_end()
        return numpy.where(blocked, BLOCKED, FREE).astype("f")

    def _may_end(self):
        return bool(self.struck) and not self.sounding and (self.may_end or self.must_end)

    def unwanted(self):
        """Yield the words (V,) that must not follow as long as others may: rests too long, too many controls."""
        if self.over or self.must_end:
            return
        if self.rests and not self.sounding:
            yield self.lexicon.delta > self.rests.deadline(self.now, self.limit) - self.now
        if self.controls >= MOST_CONTROLS:
            yield ~self.lexicon.notes

    def add(self, tick, message, bias):
        """Add an event, and update the ``bias`` (V,) on the words that may follow."""
        kind = message[0] & 0xF0
        self._end_before(tick, bias)
        if tick > self.limit or (tick == self.limit and kind == ON):
            self.finish(self.limit)
            return
        self._pass(tick, bias)
        if kind == OFF and key_of(message) not in self.sounding:
            return  # the note lasted too long, and has been ended
        self.events.append((tick, message))
        self.controls = 0 if kind in (ON, OFF) else self.controls + 1
        if kind == ON:
            self._strike(key_of(message), bias)
            if self.struck >= self.most_notes:
                self.must_end = True
                bias[:] = self.bias()
        elif kind == OFF:
            self._end(key_of(message), bias)
        elif kind == _CONTROL and message[1] == _PEDAL:
            (self.pedals.add if message[2] >= 64 else self.pedals.discard)(message[0] & 0x0F)
        elif self.counter and message[0] == META:
            self.counter.take(tick, message)
            self.limit = self.counter.tick()

    def wait(self, ticks, bias):
        """Let time pass in which nothing happens."""
        self._pass(self.now + ticks, bias)

    def _end_before(self, tick, bias):
        """End the notes that would be too long at ``tick``, each when it reaches the longest duration."""
        while self.sounding:
            key, onset = next(iter(self.sounding.items()))
            if onset + self.longest >= min(tick, self.limit):
                return
            self._pass(onset + self.longest, bias)
            self.events.append((self.now, bytes([OFF | key[0], key[1], 0])))
            self._end(key, bias)

    def _pass(self, tick, bias):
        """Advance to a tick: keys struck before it may be ended without a delta."""
        if tick > self.now:
            self.now = tick
            for key in self.fresh:
                if key in self.sounding and key in self.lexicon.off_at_once:
                    bias[self.lexicon.off_at_once[key]] = FREE
            self.fresh.clear()

    def _strike(self, key, bias):
        lexicon, channel = self.lexicon, key[0]
        if not self.sounding:
            for i in lexicon.ends:
                bias[i] = BLOCKED
        self.sounding[key] = self.now
        self.struck += 1
        self.fresh.append(key)
        self.counts[channel] += 1
        if self.counts[channel] >= self.voices[channel]:
            bias[lexicon.channel[channel]] = BLOCKED
        elif key in lexicon.on:
            bias[lexicon.on[key]] = BLOCKED
        if key in lexicon.off_later:
            bias[lexicon.off_later[key]] = FREE
            self.witness = lexicon.off_later[key][0]

    def _end(self, key, bias):
        lexicon, channel = self.lexicon, key[0]
        del self.sounding[key]
        if self.rests and not self.sounding:
            self.rests.fall_silent(self.now)
        self.counts[channel] -= 1
        for table in (lexicon.off_later, lexicon.off_at_once):
            if key in table:
                bias[table[key]] = BLOCKED
        if not self.must_end:
            if self.counts[channel] == self.voices[channel] - 1:  # no longer full
                bias[lexicon.channel[channel]] = FREE
                for other in self.sounding:
                    if other[0] == channel and other in lexicon.on:
                        bias[lexicon.on[other]] = BLOCKED
            elif self.counts[channel] < self.voices[channel] and key in lexicon.on:
                bias[lexicon.on[key]] = FREE
            if key in lexicon.on:
                self.witness = lexicon.on[key][0]
        if not self.sounding:
            for i in lexicon.ends:
                bias[i] = FREE if self._may_end() else BLOCKED

    def rescue(self, division):
        """Go on where no word may: end all sounding notes a quarter note later, or the piece if there are none."""
        if not self.sounding:
            self.finish(self.now)
            return
        spare = numpy.empty(len(self.lexicon.delta), "f")  # the bias is computed anew after this
        tick = min(self.now + division, self.limit)
        self._end_before(tick, spare)
        self._pass(tick, spare)
        for key in list(self.sounding):
            self.events.append((tick, bytes([OFF | key[0], key[1], 0])))
            self._end(key, spare)

    def finish(self, tick, last=None):
        """End the sounding notes and lift the pedals; nothing follows but the ``last`` message."""
        self.events += [(tick, bytes([OFF | channel, key, 0])) for channel, key in self.sounding]
        self.events += [(tick, bytes([_CONTROL | channel, _PEDAL, 0])) for channel in sorted(self.pedals)]
        self.events += [(tick, last)] * (last is not None)
        self.over = True
