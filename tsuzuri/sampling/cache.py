"""A neural cache (Grave, Joulin and Usunier 2017): words that a text has had lately become likelier.

It remembers the hidden state before each of the last words. The next word is likely to be one that stood where the
state was much like the present one, so that a name which the model hardly knows, or a turn of the text itself, is
expected once it was read. Nothing is learned, and the model stays as it is.
"""

import numpy

SIZE = 2000  # words that are remembered
SHARPNESS = 40.0  # over the number of units: how much more the likest states count than others (theta of the paper)
WEIGHT = 0.2  # of the cache in the mixture with the model (lambda of the paper)


class NeuralCache:
    """The last ``size`` words of one text, each with the hidden state (N,), of ``units``, that was there before it."""

    def __init__(self, units, size=SIZE, sharpness=SHARPNESS, weight=WEIGHT):
        self._states = numpy.zeros((size, units), "f")
        self._words = numpy.full(size, -1, numpy.int32)
        self._count, self._sharpness, self._weight = 0, sharpness / units, weight

    def log_probability(self, log_p, state, word):
        """log of the probability of ``word`` after the hidden ``state`` (N,), where the model's is ``log_p``."""
        if not self._count:
            return log_p
        held = min(self._count, len(self._words))
        scores = self._sharpness * (self._states[:held] @ state).astype("d")
        weights = numpy.exp(scores - scores.max())
        share = weights[self._words[:held] == word].sum() / weights.sum()
        cached = numpy.log(self._weight * share) if share > 0 else -numpy.inf
        return float(numpy.logaddexp(numpy.log1p(-self._weight) + log_p, cached))

    def take(self, state, word):
        """Remember that ``word`` followed the hidden ``state`` (N,), and forget the oldest word where it is full."""
        place = self._count % len(self._words)
        self._states[place], self._words[place] = state, word
        self._count += 1
