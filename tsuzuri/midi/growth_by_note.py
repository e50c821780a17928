"""A growing piece whose words are notes with their lengths (``words.lengths``): what sounds ends by itself.

A word's delta is the time from the last one, and it may come while others sound: not before its key has ended, nor
before a voice of its channel is free. So for each key and channel the words of the shortest deltas are blocked.
"""

import numpy

from tsuzuri.midi.growth import BLOCKED, FREE, MOST_CONTROLS, GrowingPiece
from tsuzuri.midi.score import OFF
from tsuzuri.midi.words.lengths import ONSET, length_of


class GrowingByNote(GrowingPiece):
    """A ``GrowingPiece`` that knows when its notes end; they are in ``events`` once its time is there."""

    def __init__(self, lexicon, longest, voices, bars, opening=None):
        super().__init__(lexicon, longest, voices, bars, opening)
        self._until = {}  # key: the tick where it ends, but for the limit
        self._silent_to = 0  # the tick before which no word may stand, at the end of a beginning
        self._early = []  # arrays of ids, which are blocked now by their deltas
        self._length = 0  # of the note that is added

    @property
    def ends(self):
        return {key: min(end, self.limit) for key, end in self._until.items()}

    @property
    def reached(self):
        return max(self.now, self._silent_to, *self._until.values())

    def bias(self):
        self._early = []
        bias = super().bias()
        self._block_early(bias)
        return bias

    def unwanted(self):
        """As of any piece, but that silence begins where the last note ends, which is yet to come."""
        if self.over or self.must_end:
            return
        if self.rests:
            yield self.lexicon.delta > self.rests.deadline(self.reached, self.limit) - self.now
        if self.controls >= MOST_CONTROLS:
            yield ~self.lexicon.notes

    def add(self, tick, message, bias):
        self._length = length_of(message)
        super().add(tick, message[:ONSET] if self._length else message, bias)
        self._block_early(bias)

    def wait(self, ticks, bias):
        self._silent_to = self.reached + ticks
        self._block_early(bias)

    def rescue(self, division):
        """Go on where no word may: wait until all notes have ended, or end the piece where they have."""
        if self.reached == self.now:
            self.finish(self.limit if self.counter else self.now)
            return
        spare = numpy.empty(len(self.lexicon.delta), "f")  # the bias is computed anew after this
        tick = min(self.reached, self.limit)
        self._end_before(tick, spare)
        self._pass(tick, spare)
        if tick == self.limit:
            self.finish(tick)

    def finish(self, tick, last=None):
        """Let the sounding notes end, at the limit at the latest, and lift the pedals after them."""
        ends = self.ends
        self._append_ends(ends)
        super().finish(max(tick, *ends.values(), 0), last)

    def _strike(self, key, bias):
        self.struck += 1
        self._until[key] = self.now + min(self._length, self.longest)
        if self.struck == 1:
            bias[self.lexicon.ends] = FREE if self._may_end() else BLOCKED
        if self.rests:
            self.rests.fall_silent(self.reached)

    def _end_before(self, tick, bias):
        """End the notes that are over at a tick."""
        until = min(tick, self.limit)
        self._append_ends({key: end for key, end in self._until.items() if end <= until})

    def _append_ends(self, ends):
        for key, end in sorted(ends.items(), key=lambda item: item[1]):
            self.events.append((end, bytes([OFF | key[0], key[1], 0])))
            del self._until[key]

    def _block_early(self, bias):
        """Block the words that would come too early, and free those that would no longer."""
        if self.over or self.introduces:
            return
        for ids in self._early:
            bias[ids] = FREE
        self._early = [ids for ids in self._ids_too_early() if len(ids)]
        for ids in self._early:
            bias[ids] = BLOCKED

    def _ids_too_early(self):
        """Yield arrays of ids that must not come yet, of words that may at other times."""
        lexicon = self.lexicon
        if self._may_end() and self._until:
            yield lexicon.end_marks.before(max(self._until.values()) - self.now)
        if self.must_end:
            return
        by_channel = {}
        for (channel, key), end in self._until.items():
            by_channel.setdefault(channel, []).append(end)
            if (channel, key) in lexicon.of_key:
                yield lexicon.of_key[channel, key].before(end - self.now)
        for channel, ends in by_channel.items():
            if len(ends) >= self.voices[channel]:
                yield lexicon.of_channel[channel].before(sorted(ends)[-self.voices[channel]] - self.now)
        if self._silent_to > self.now:
            yield numpy.flatnonzero(lexicon.free & (lexicon.delta < self._silent_to - self.now))
