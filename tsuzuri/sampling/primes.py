"""The words that texts begin with, side by side: where they differ in length, the shortest says when drawing begins."""

import numpy


class Primes:
    """What each of B texts begins with, each at least one id.

    A text whose beginning is longer than the shortest goes on with its own words while others are drawn already, so
    that each text reads its own beginning from a reset state, and nothing else.

    ``start``: the length of the shortest; ``extra`` int (B,): the words of each beyond it; ``same``: whether all are
    the same.
    """

    def __init__(self, primes):
        lengths = numpy.array([len(prime) for prime in primes])
        self.start, self.same = int(lengths.min()), all(prime == primes[0] for prime in primes)
        self.extra = lengths - self.start
        self._words = numpy.full((lengths.max(), len(primes)), -1, numpy.int32)  # (T, B)
        for row, prime in enumerate(primes):
            self._words[: len(prime), row] = prime

    def __len__(self):
        return self._words.shape[1]

    def common(self):
        """The words (start, B) that are read before any word is drawn."""
        return self._words[: self.start]

    def given(self, count):
        """The words (B,) in place of the draw after so many, -1 where a word is drawn; None where all are drawn."""
        place = self.start + count
        return self._words[place] if place < len(self._words) else None
