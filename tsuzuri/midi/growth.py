"""A growing piece: its events, its sounding keys, and which words these let follow, for the grammar."""

import numpy

from tsuzuri.midi.lexicon import key_of
from tsuzuri.midi.score import END, META, OFF, ON
from tsuzuri.midi.words.about import kind_of

MOST_CONTROLS = 128  # words in a row that are no notes
FAR = 1 << 60  # ticks: no limit
_PEDAL, _CONTROL = 64, 0xB0
FREE, BLOCKED = 0.0, -numpy.inf  # added to a logit
_NONE = numpy.zeros(0, numpy.intp)


class GrowingPiece:
    """A growing piece: its events, its sounding keys, and the words that these block."""

    def __init__(self, lexicon, longest, voices, bars, opening=None):
        self.lexicon, self.voices, self.opening = lexicon, voices, opening
        self.bars, self.any_length = bars, False  # ``BarLines``; whether notes may be of any length
        self._longest, self._bar = longest, bars.length  # of a note where bars are so long; of longer ones more
        self.events, self.over, self.now = [], False, 0
        self.limit, self.counter = FAR, None  # the tick that the piece does not go beyond
        self.may_end, self.must_end, self.struck, self.most_notes = True, False, 0, FAR  # struck: notes
        self.usual = ()  # meta events for its first tick, as long as it has not said others
        self.earliest = 0  # the tick from which it may end
        self.rests, self.controls = None, 0  # a ``RestLimit``; how many words in a row were no notes
        self.sounding = {}  # key: the tick of its onset; the longest held first
        self.fresh = []  # keys struck at this very tick
        self.counts = [0] * 16  # of sounding keys, by channel
        self.pedals = set()
        self.witness = 0  # a word that moves the piece on, and may follow as long as it is not blocked

    @property
    def longest(self):
        """The ticks that a note may last: as many bars of the present meter as of the first one."""
        return FAR if self.any_length else self._longest * self.bars.length // self._bar

    def bias(self):
        """The bias (V,) on the logits, 0 or -inf for words that must not follow, computed anew."""
        lexicon = self.lexicon
        blocked = ~lexicon.free
        if self.over:
            blocked[:] = True
            blocked[lexicon.eos] = False
            return numpy.where(blocked, BLOCKED, FREE).astype("f")
        if self.opening:
            ids, alone = self.opening.allowed(self._said())
            blocked |= alone
            blocked[ids] = False
            if alone:
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

    @property
    def ends(self):
        """By (channel, key) the ticks where notes end that sound, as far as they are known already."""
        return {}

    @property
    def reached(self):
        """The tick where all that is known of the piece is over."""
        return self.now

    @property
    def introduces(self):
        """Whether the next word is to say what the piece is, and nothing else."""
        return bool(self.opening and self.opening.allowed(self._said())[1])

    def _said(self):
        return [message for _, message in self.events]

    def _may_end(self):
        return (
            bool(self.struck) and not self.sounding and (self.must_end or (self.may_end and self.now >= self.earliest))
        )

    def early(self):
        """The ids (n,) of the changes of meter that must wait for the next bar."""
        meters = self.lexicon.meters
        return meters[~self.bars.are_at(self.now + self.lexicon.delta[meters])]

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
        if self.opening and (tick or kind_of(message) is None):
            self.opening = None
            bias[:] = self.bias()
        if self.usual and (tick or message[0] != META):
            self._say_usual()
        self._end_before(tick, bias)
        if tick > self.limit or (tick == self.limit and kind in (ON, META & 0xF0)):
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
        elif message[0] == META:
            self._take_meta(tick, message)
        if self.opening:
            bias[:] = self.bias()

    def _say_usual(self):
        """Say at the first tick what the piece has not said itself."""
        said = {message[:2] for message in self._said()}
        self.events += [(0, message) for message in self.usual if message[:2] not in said]
        self.usual = ()

    def _take_meta(self, tick, message):
        """Take a change of meter or of tempo into account."""
        self.bars.take(tick, message)
        if self.rests:
            self.rests.bar = self.bars.length
        if self.counter:
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
            self.finish(self.limit if self.counter else self.now)
            return
        spare = numpy.empty(len(self.lexicon.delta), "f")  # the bias is computed anew after this
        tick = min(self.now + division, self.limit)
        self._end_before(tick, spare)
        self._pass(tick, spare)
        for key in list(self.sounding):
            self.events.append((tick, bytes([OFF | key[0], key[1], 0])))
            self._end(key, spare)

    def finish(self, tick, last=None):
        """End the sounding notes and lift the pedals; nothing follows but the ``last`` message.

        Where the piece is as long as was asked for, the track ends there, however early its last note has.
        """
        self.events += [(tick, bytes([OFF | channel, key, 0])) for channel, key in self.sounding]
        self.events += [(tick, bytes([_CONTROL | channel, _PEDAL, 0])) for channel in sorted(self.pedals)]
        if self.counter and tick == self.limit and self.events and self.events[-1][0] < tick:
            last = END
        self.events += [(tick, last)] * (last is not None)
        self.over = True
