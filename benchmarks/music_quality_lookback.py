"""Magenta's lookback features for our words: what stood one and two bars ago, what repeats it, the place in the bar.

Magenta's ``LookbackEventSequenceEncoderDecoder`` (Waite 2016) has steps of one length, each with one event. Its input
is the last event; for each distance, a bar and two, the event that comes next if the tune repeats what it had then, and
whether the last event was such a repeat; and the number of the step in the bar as a binary counter. Ours are words that
move time on by themselves, so that here:

* the word that a repeat would have is the one that followed the same place of the piece a bar, or two, ago: where m
  words of notes were read at this tick, the one that came after m of that tick, or else the next one after it;
* the last word repeats if it is that word, as it was before it was read;
* the counter tells the sixteenth of the bar that was reached, in five bits as Magenta's, and three more tell where in
  the sixteenth that is, in 24ths of a quarter note, since ours may be triplets.

A bar is as long as the piece's last word of a meter has it, or else of four quarter notes. Words of no note move time
on, but are neither looked back for nor counted. Magenta's labels "repeat a bar" and "two bars" are left out: what is
predicted must be the same words for all, so that their bits compare.
"""

import bisect
import itertools
from typing import NamedTuple

import numpy

from tsuzuri.midi.score import META, METER, OFF, ON
from tsuzuri.midi.timing import bar_length
from tsuzuri.text.vocabulary import EOS

BARS = (1, 2)  # that are looked back
SIXTEENTHS, PARTS = 5, 3  # bits of the counter
FINEST = 24  # steps of a quarter note
BITS = SIXTEENTHS + PARTS


class Lookback(NamedTuple):
    """What is known before each of some ids (R,): the word ``before``, an ``<eos>`` before a piece's first.

    ``looked`` (R, bars) int32 has the words of a repeat, ``nothing`` (one more than the last id) where there was none;
    ``repeats`` (R, bars) bool, whether the word before was such; ``place`` (R, BITS) bool, the lowest bit first.
    """

    before: numpy.ndarray
    looked: numpy.ndarray
    repeats: numpy.ndarray
    place: numpy.ndarray


class Piece:
    """A piece that grows word by word: the words of its notes with their ticks, and its bar."""

    def __init__(self, division):
        self.division, self.tick, self.since = division, 0, 0
        self.bar = bar_length(4, 4, division)
        self.ticks, self.words = [], []

    def read(self, word, event):
        """Take a word into account, an id, and what it is: (delta, message), or None for a special word."""
        if event is None:
            return
        delta, message = event
        self.tick += delta
        if message[0] & 0xF0 in (ON, OFF):
            self.ticks.append(self.tick)
            self.words.append(word)
        elif message[:2] == bytes([META, METER]):
            self.bar, self.since = bar_length(message[2], 1 << message[3], self.division), self.tick

    def looked_back(self, bars):
        """The word that comes next if the piece repeats what it had so many bars ago; None where it had none."""
        then = self.tick - bars * self.bar
        if then < 0:
            return None
        read = len(self.ticks) - bisect.bisect_left(self.ticks, self.tick)  # at this tick
        at = min(bisect.bisect_left(self.ticks, then) + read, bisect.bisect_right(self.ticks, then))
        return self.words[at] if at < len(self.words) else None

    def place(self):
        """The bits of the place in the bar."""
        steps = (self.tick - self.since) % self.bar * FINEST // self.division
        sixteenth, part = divmod(steps, FINEST // 4)
        bits = [sixteenth >> n & 1 for n in range(SIXTEENTHS)]
        return bits + [part >> n & 1 for n in range(PARTS)]


def look_back(ids, starts, parsed, division):
    """The ``Lookback`` of pieces in ids (R,), which begin at ``starts``; ``parsed`` has (delta, message) of each id."""
    nothing, count = len(parsed), len(ids)
    before = numpy.zeros(count, numpy.int32)
    looked, repeats = numpy.zeros((count, len(BARS)), numpy.int32), numpy.zeros((count, len(BARS)), bool)
    place = numpy.zeros((count, BITS), bool)
    for start, stop in itertools.pairwise([*map(int, starts), count]):
        piece, last, expected = Piece(division), EOS, [None for _ in BARS]
        for n, word in enumerate(ids[start:stop].tolist(), start):
            before[n], repeats[n] = last, [last == old for old in expected]
            expected = [piece.looked_back(bars) for bars in BARS]
            looked[n] = [nothing if old is None else old for old in expected]
            place[n] = piece.place()
            piece.read(word, parsed[word])
            last = word
    return Lookback(before, looked, repeats, place)
