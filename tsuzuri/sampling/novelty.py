"""What of new words is copied from the words of a corpus, and a limit on the copies that are drawn.

A copy is a run of words that stands in the corpus, word by word. ``suffixes.Suffixes`` looks them up.
"""

from collections import deque

import numpy


def seen_share(lengths, left, count):
    """The share of the runs of ``count`` words that stand in the corpus; None where there are no such runs.

    ``lengths`` are those of ``Suffixes.longest_matches``; ``left``, int (m,), how many words there are from each on.
    """
    there = lengths[left >= count]
    return float((there >= count).mean()) if len(there) else None


def longest_runs(lengths, least):
    """The (start, length) of each run of ``least`` words or more that is copied and part of no longer one."""
    lengths = numpy.asarray(lengths)
    ends = numpy.arange(len(lengths)) + lengths
    before = numpy.concatenate([[0], ends[:-1]])
    found = numpy.flatnonzero((lengths >= least) & (ends > before))
    return [(int(start), int(lengths[start])) for start in found]


class WordRun:
    """The words just drawn in one row, and those that would make a copy of more than ``most`` words of them."""

    def __init__(self, suffixes, most):
        self._suffixes, self._most, self._last = suffixes, most, deque(maxlen=most)

    def take(self, word):
        """Take a word that was drawn."""
        self._last.append(int(word))

    def forbidden(self):
        """The ids that must not follow: those that do in the corpus, wherever the last ``most`` words stand there."""
        if len(self._last) < self._most:
            return ()
        return self._suffixes.following(list(self._last))


class CopyLimit:
    """A constraint that forbids what an ``inner`` one does, and the words that would make a copy too long.

    ``runs`` has for each row something like a ``WordRun``. The words drawn are to go through ``follow``; ``given(n)``
    are those (B,) that stand in place of the n-th draw, -1 where it counts, or None where all do. Where no word would
    be left the copy goes on, as the inner constraint lets it: ``gave_way`` counts the words that were drawn so in rows
    that are ``growing``.
    """

    steady, changed = False, True  # what is forbidden may be other for every word

    def __init__(self, inner, runs, given=lambda _: None, growing=lambda _: True):
        self._inner, self._runs, self._given, self._growing = inner, runs, given, growing
        self._open, self.gave_way = [], 0  # the rows that have no other word just now

    def __call__(self, logits):
        logits = self._inner(logits)
        self._open = []
        for row, run in enumerate(self._runs):
            ids = run.forbidden()
            if len(ids):
                kept = logits[row, ids].copy()
                logits[row, ids] = -numpy.inf
                if numpy.isneginf(logits[row]).all():
                    logits[row, ids] = kept
                    self._open.append(row)
        return logits

    def follow(self, rows):
        """Yield each of the ``rows`` of words (B,) drawn, once it is known here and to the inner constraint."""
        inner = getattr(self._inner, "follow", iter)
        for n, words in enumerate(inner(rows)):
            given = self._given(n)
            drawn = [row for row in range(len(self._runs)) if given is None or given[row] < 0]
            self.gave_way += sum(self._growing(row) for row in self._open if row in drawn)
            for row in drawn:
                self._runs[row].take(words[row])
            yield words
