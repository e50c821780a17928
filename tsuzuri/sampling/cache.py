"""A neural cache (Grave, Joulin and Usunier 2017): words that a text has had lately become likelier.

It remembers the hidden state before each of the last words. The next word is likely to be one that stood where the
state was much like the present one, so that a name which the model hardly knows, or a turn of the text itself, is
expected once it was read. Nothing is learned, and the model stays as it is.

Axes: B texts side by side, C words that are remembered of each, N units, V words of the vocabulary.
"""

import math

import numpy

from tsuzuri.sampling.filters import module_of_array

SIZE = 2000  # words that are remembered
SHARPNESS = 40.0  # over the number of units: how much more the likest states count than others (theta of the paper)
WEIGHT = 0.2  # of the cache in the mixture with the model (lambda of the paper)
COMMON = 0.04  # of a vocabulary, its most frequent words: they are the model's alone where a text is drawn
ROOM = 256  # words by which it grows, up to its size
STEPS = 2.0**40  # of the likest state's weight: sums of whole steps are exact, in whatever order a GPU adds them


class NeuralCache:
    """The last ``size`` words of each of B texts, each with the hidden state (N,) that was there before it.

    It makes no word likelier whose id is below ``common``: ids go by frequency, and the commonest words, drawn where
    the model would have none of them, break more sentences than they serve. What the cache has of them is shared out
    among all words.
    Its arrays are of the module that the model's are of. Texts know nothing of each other.
    """

    def __init__(self, size=SIZE, sharpness=SHARPNESS, weight=WEIGHT, common=0):
        self._size, self._sharpness, self._weight, self._common = size, sharpness, weight, common
        self._states = self._words = self._now = None  # (B, C, N), (B, C), (B, N)
        self._count = 0

    def read(self, words, states):
        """The model has read ``words`` (B,), and its hidden states are ``states`` (B, N) now.

        The words are remembered with the states before them; the oldest are forgotten where it is full.
        """
        if self._now is not None:
            self._make_room()
            place = self._count % self._size
            self._states[:, place], self._words[:, place] = self._now, words
            self._count += 1
        self._now = states

    def mixed(self, logits):
        """Logits (B, V) of the mixture of the model, whose ``logits`` (B, V) are for the next words, with the cache.

        Those of words that are not in the cache stay as they are.
        """
        if not self._count:
            return logits
        xp, (batch, size) = module_of_array(logits), logits.shape
        weights = self._weights()
        places = self._words + size * xp.arange(batch)[:, None]
        sums = xp.bincount(places.ravel(), weights.ravel(), batch * size)  # (B V)
        sums.reshape(batch, size)[:, : self._common] = 0
        most = logits.max(axis=1, keepdims=True)
        chances = xp.exp(logits - most)  # not yet divided by their sum
        odds = self._weight / (1 - self._weight) * chances.sum(axis=1, dtype="d") / weights.sum(axis=1)
        held = xp.flatnonzero(sums)
        rows, mixed = held // size, logits.copy()
        mixed.ravel()[held] = xp.log(chances.ravel()[held] + odds[rows] * sums[held]) + most[rows, 0]
        return mixed

    def log_probability(self, log_p, word):
        """log of the probability that ``word`` is the next of the only text, where the model's is ``log_p``."""
        if not self._count:
            return log_p
        weights = self._weights()
        share = float((weights * (self._words == word)).sum() / weights.sum())
        cached = math.log(self._weight * share) if share > 0 else -numpy.inf
        return float(numpy.logaddexp(numpy.log1p(-self._weight) + log_p, cached))

    def _weights(self):
        """How much each remembered word counts now, (B, C) float64, in whole steps; that of the likest state is 1."""
        xp = module_of_array(self._now)
        alike = (self._states @ self._now[:, :, None])[:, :, 0].astype("d")  # (B, C)
        alike[:, self._count :] = -numpy.inf  # room that nothing is in
        scale = self._sharpness / self._now.shape[1]
        return xp.rint(STEPS * xp.exp(scale * (alike - alike.max(axis=1, keepdims=True))))

    def _make_room(self):
        """Room for one more word in each text, unless there is as much as there may be."""
        xp, (batch, units) = module_of_array(self._now), self._now.shape
        held = 0 if self._words is None else self._words.shape[1]
        if self._count < held or held == self._size:
            return
        room = min(held + ROOM, self._size)
        states, words = xp.zeros((batch, room, units), "f"), xp.zeros((batch, room), "i")
        if held:
            states[:, :held], words[:, :held] = self._states, self._words
        self._states, self._words = states, words
