"""The words of texts so far, which filters look back at."""

import numpy

MOST = 1 << 16  # words that are looked back at; a text may be longer


class History:
    """The last words of B texts, ``words`` (B, T) int32; those of the beginning too."""

    def __init__(self, batch):
        self._kept, self._count = numpy.empty((batch, 256), numpy.int32), 0

    @property
    def words(self):
        """(B, T), the latest last."""
        return self._kept[:, max(0, self._count - MOST) : self._count]

    def take(self, words):
        """Take the next words (B,)."""
        if self._count == self._kept.shape[1]:
            kept = self.words
            self._kept = numpy.empty((len(kept), 2 * kept.shape[1]), numpy.int32)
            self._kept[:, : kept.shape[1]], self._count = kept, kept.shape[1]
        self._kept[:, self._count] = words
        self._count += 1
