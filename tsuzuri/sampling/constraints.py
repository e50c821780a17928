"""Constraints: functions of logits (B, V) that set words which must not be drawn to -inf."""

import numpy


def forbid_ids(ids):
    """A constraint that always forbids these ids, such as that of ``<unk>``."""
    ids = list(ids)

    def forbid(logits):
        logits[:, ids] = -numpy.inf
        return logits

    return forbid


class SingleBlankLines:
    """A constraint that forbids some ids always, and an empty line where a text begins and after another one.

    ``prime`` are the ids that each of ``batch`` texts begins with: the first is the ``line_end`` before its first line.
    A ``line_end`` of None lets lines be as they come. The words drawn are to go through ``follow``.

    ``changed``: whether what is forbidden may be other than when it was last called.
    """

    def __init__(self, always, line_end, prime, batch):
        self._forbid, self._line_end = forbid_ids(always), line_end
        self._ends = numpy.ones(batch, int)  # line ends in a row: a text begins as after an empty line
        self._full, self.changed = False, True
        for word in prime:
            self._take(numpy.full(batch, word))

    @property
    def steady(self):
        """Whether what is forbidden never changes."""
        return self._line_end is None

    def __call__(self, logits):
        logits = self._forbid(logits)
        if self._full:
            logits[self._ends > 1, self._line_end] = -numpy.inf
        self.changed = False
        return logits

    def follow(self, rows):
        """Yield each of the ``rows`` of words (B,) drawn, once it is known here."""
        for words in rows:
            self._take(words)
            yield words

    def _take(self, words):
        if self._line_end is None:
            return
        self._ends += 1
        self._ends *= words == self._line_end
        before, self._full = self._full, bool(self._ends.max() > 1)  # whether some text may not end a line now
        self.changed = self.changed or before or self._full
