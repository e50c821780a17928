"""The grammar of music: a mask over the whole vocabulary, so that only music that can be played is ever drawn.

Where notes are one word each, no note begins before its key and a voice are free (``growth_by_note.py``). Else there is
no note-off without its note, no second onset of a sounding key, no note of no length, no more notes at once than a
channel has voices, and no end while anything sounds. A note that would last too long, or beyond the end of the piece,
is ended in time whatever is drawn; and where the vocabulary has no word that may follow, the grammar ends the sounding
notes itself, so that it never gets stuck. A meter changes where a bar begins. Controls and the like do not follow one
another for ever, and where bars are asked for there is music in them (``rests.RestLimit``); after the last of them the
track ends.

A word changes little in the set of words that may follow, so the mask is updated, not computed anew: it costs a small
part of a model's step. Axes: B pieces side by side, V words.
"""

import math

import numpy

from tsuzuri.midi import timing
from tsuzuri.midi.growth import BLOCKED, FREE, GrowingPiece
from tsuzuri.midi.growth_by_note import GrowingByNote
from tsuzuri.midi.keys import key_of_payload
from tsuzuri.midi.lexicon import Lexicon
from tsuzuri.midi.rests import RestLimit
from tsuzuri.midi.score import END, KEY
from tsuzuri.midi.words.about import kind_of

__all__ = ["Grammar", "Lexicon"]


class Grammar:
    """Takes the words drawn for B pieces, masks those that must not follow, and collects the ``events`` of each piece.

    A note lasts at most ``longest`` ticks where the ``meter`` holds, in others as many of their bars, and at most
    ``voices[c]`` keys of channel c sound at once. Pieces may end by themselves where ``may_end``, and are brought to an
    end after ``most_notes``. With an ``opening`` (``words.about.Opening``) each first says what it is, and never again.
    """

    def __init__(
        self, lexicon, division, longest, voices=(128,) * 16, batch=1, may_end=True, opening=None, meter=(4, 4)
    ):
        self.lexicon, self.division, self._opening = lexicon, division, opening
        if opening:
            lexicon.free[opening.ids] = False
            self._lean = numpy.zeros((batch, len(lexicon.delta)), "f")
        growing = GrowingByNote if lexicon.by_note else GrowingPiece
        bars = [timing.BarLines(division, meter) for _ in range(batch)]
        self._pieces = [growing(lexicon, longest, voices, each, opening) for each in bars]
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

    def piece(self, row):
        """The ``GrowingPiece`` of a row."""
        return self._pieces[row]

    def sounds(self, row):
        """Whether a note of a piece sounds."""
        return bool(self._pieces[row].sounding)

    def introducing(self, row):
        """Whether the next word of a piece is to say what it is."""
        return self._pieces[row].introduces

    def end_between(self, row, first, last):
        """Let a piece end from the tick ``first`` on, and by ``last`` at the latest."""
        piece = self._pieces[row]
        piece.earliest, piece.limit = first, last
        self._bias[row] = piece.bias()

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

    def begin(self, events, rest=None, usual=()):
        """Begin every piece with legal (tick, message) events, whose notes may be of any length, and a ``rest``.

        Where words are notes, events are too (``words.lengths``), and what follows may begin while the last ones sound,
        but where a rest is given, be it 0. The ``usual`` messages are meta events that stand at the beginning where a
        piece has no other of their kind.
        """
        for row, piece in enumerate(self._pieces):
            piece.any_length, piece.usual = True, usual
            for tick, message in events:
                if message != END:
                    self._add(row, tick, message)
            piece.any_length = False
            if rest is not None:
                piece.wait(rest, self._bias[row])

    def _add(self, row, tick, message):
        """Add an event to a piece; one that says its key lets it lean to that."""
        piece = self._pieces[row]
        if piece.opening and kind_of(message) == KEY:
            self._lean[row] = piece.opening.lean(key_of_payload(message[2:]))
        piece.add(tick, message, self._bias[row])

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
            done = counter.at(piece.reached)
            counter.total = math.ceil(done - 1e-6) if unit == "bars" else done  # whole bars
            start = counter.tick()
            counter.total += amount
            piece.may_end, piece.counter, piece.limit = False, counter, counter.tick()
            if not may_rest:
                piece.rests = RestLimit(start, piece.bars.length)
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
                self._add(row, piece.now + delta, message)
            if piece.over:
                self._bias[row] = piece.bias()

    def mask(self, logits):
        """Put -inf where a word must not follow; logits (B, V) on the CPU, changed in place and returned."""
        for row, piece in enumerate(self._pieces):
            if self._bias[row, piece.witness] and not piece.introduces:  # blocked
                self._find_witness(row, piece)
        logits += self._bias
        if self._opening:
            logits += self._lean
        for row, piece in enumerate(self._pieces):
            if len(self.lexicon.meters) and not self._opening:  # which alone draws any
                logits[row, piece.early()] = BLOCKED
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
