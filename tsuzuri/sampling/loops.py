"""A way out of loops: detects that a row only repeats itself, and raises the temperature of its next draws.

A confident LSTM can fall into a cycle: a phrase over and over, in music also one key for ever while lengths and
velocities vary. No draw at the same temperature leads out where each word of the cycle is nearly certain,
so the temperature is raised, a little more with every word for as long as the cycle lasts, and no longer.

The bounds are set where human work ends: of 0.4 million words of novels and plays none is in a loop, of 0.5
million words of songs and of music for games 0.1 % are. A model that has just left a loop mostly falls into the next
one at once, so a loop is remembered for a while: closer bounds hold, and the heat begins where it was. A small model of
folk tunes, which at temperature 0 does nothing but loop, then spends 3 % of its words in loops, and 84 % without.
"""

import numpy

PERIOD = 256  # words at most in what is repeated: some bars of music, or a paragraph
# Bounds: in general, and while a loop is remembered
REPEATS = (4, 3)  # songs and poems say a phrase twice and thrice (AABB, AAAB), and then go on
WORDS = (24, 12)  # in all: 「……」, a row of 。 or a laugh can be of many words, but hardly of so many
ONSETS = (16, 8)  # notes in a row on one key: two bars of eighths
# Heat: the temperature is raised by heat - 1; the factors are for each word
RISE = 1.1  # ten times as hot after 24 words, and a loop that is only just closed is left at a mild heat
MOST = 64.0  # at which any two words that may follow are about equally likely
FALL = 0.8  # of what is above 1: the first words after a loop are still warm, or it would close again at once
FORGET = 0.98  # of the memory of the heat above 1, which halves in 34 words
LEAST = 1 / 16  # above 1: less than this counts as none


class LoopEscape:
    """Follows the words drawn in each of ``batch`` rows, and gives the heat by which to raise its temperature.

    ``onset_keys``: for music, int (V,), the key of the note that a word starts, -1 for a word that starts none; None
    for text. Each stream needs an object of its own, since it remembers the words drawn.
    """

    def __init__(self, batch, onset_keys=None):
        self.onset_keys = None if onset_keys is None else numpy.asarray(onset_keys)
        period = numpy.arange(1, PERIOD + 1)
        bounds = zip(REPEATS, WORDS, strict=True)
        self._needed = numpy.array([numpy.maximum((r - 1) * period, w - period) for r, w in bounds])  # (2, P)
        self._last = numpy.full((batch, PERIOD), -1)  # (B, P), the latest word first
        self._equal = numpy.zeros((batch, PERIOD), int)  # (B, P), how many words in a row equal that a period before
        self._key, self._onsets = numpy.full(batch, -1), numpy.zeros(batch, int)  # and how many in a row are on it
        self._above, self._memory = numpy.zeros((batch, 1)), numpy.zeros((batch, 1))  # of the heat what is above 1

    def heat(self):
        """The heat, float64 (B, 1): 1 leaves a row's temperature as it is; it rises with each word of a loop."""
        return 1 + self._above

    def take(self, words, drawn=None):
        """Take the words (B,) just drawn: heat the rows that loop, cool the others.

        ``drawn`` bool (B,): which of them were; the others are of primes, and heat nothing. None stands for all.
        """
        self.read(words)
        wary = (self._memory[:, 0] > 0).astype(int)  # (B,)
        loops = (self._equal >= self._needed[wary]).any(axis=1) | (self._onsets >= numpy.take(ONSETS, wary))
        if drawn is not None:
            loops &= drawn
        if not loops.any() and not wary.any():
            return
        risen = RISE * (1 + numpy.maximum(self._above, self._memory)) - 1
        self._above = _settled(numpy.where(loops[:, None], numpy.minimum(risen, MOST - 1), FALL * self._above))
        self._memory = _settled(numpy.maximum(FORGET * self._memory, self._above))

    def read(self, words):
        """Take words (B,) of the prime, which are not drawn: they may begin a loop, but heat nothing."""
        self._equal += 1
        self._equal *= self._last == words[:, None]
        self._last[:, 1:] = self._last[:, :-1]
        self._last[:, 0] = words
        if self.onset_keys is not None:
            keys = self.onset_keys[words]
            starts = keys >= 0
            self._onsets = numpy.where(starts, numpy.where(keys == self._key, self._onsets + 1, 1), self._onsets)
            self._key = numpy.where(starts, keys, self._key)


def _settled(above):
    return numpy.where(above < LEAST, 0, above)
