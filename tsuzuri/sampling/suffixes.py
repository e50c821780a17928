"""A suffix array: all places of a sequence of ids, sorted by what follows each, so that a passage is found by halving.

Manber and Myers 1993, with the groups that are not sorted yet kept apart as Larsson and Sadakane 2007 do, in NumPy:
a million words take some tenths of a second, and nothing is hashed, so that what is found is there.
"""

import bisect

import numpy

WIDE = 63  # bits of a key that is sorted by
END, UNKNOWN = -1, -2  # after the last id; a word that is never found, not at the end either
DEEP = 16  # words, up to which all places of a text are searched for at once


def suffix_array(ids):
    """The places 0..n-1 of ``ids``, int (n,) of 0 or more, sorted by the sequences that begin there, int64 (n,)."""
    key, width = _first_words(ids)
    order = numpy.argsort(key)
    key, count = key[order], len(ids)
    rank, slots = numpy.empty(count, numpy.int64), numpy.arange(count)
    # The places are in order by their first ``width`` words, and those at ``slots`` share these with others
    while True:
        first = numpy.ones(len(slots) + 1, bool)
        first[1:-1] = key[1:] != key[:-1]
        rank[order[slots]] = slots[numpy.maximum.accumulate(numpy.where(first[:-1], numpy.arange(len(slots)), 0))]
        slots = slots[~(first[:-1] & first[1:])]
        if not len(slots):
            return order
        places = order[slots]
        after = places + width
        beyond = after >= count
        after[beyond] = 0
        key = rank[places] * (count + 1) + numpy.where(beyond, 0, rank[after] + 1)
        by = numpy.argsort(key)
        key, order[slots] = key[by], places[by]
        width *= 2


def _first_words(ids):
    """A number for each place, in the order of the first words there, and of how many: as many as fit into it."""
    bits = max(2, int(ids.max(initial=0) + 1).bit_length())
    width, count = WIDE // bits, len(ids)
    key = numpy.zeros(count, numpy.int64)
    for shift in range(width):
        key <<= bits
        key[: max(0, count - shift)] += ids[shift:]
        key[: max(0, count - shift)] += 1  # 0 is the end
    return key, width


class Suffixes:
    """What is looked up in ``ids``, int (n,): words of 0 or more; a negative one is never found."""

    def __init__(self, ids):
        ids = numpy.asarray(ids)
        self.order = suffix_array(ids)
        self.ids = numpy.append(ids.astype(numpy.int64), END)  # the end is less than any word
        counts = numpy.bincount(ids) if len(ids) else numpy.zeros(0, int)
        self._starts = numpy.concatenate([[0], numpy.cumsum(counts)])  # of the slots whose first word is each

    def __len__(self):
        return len(self.order)

    def find(self, words):
        """The slots (low, high) of ``order`` where ``words``, a list, stands in ``ids``; empty where it does not."""
        low, high = 0, len(self)
        for depth, word in enumerate(words):
            if low >= high:
                break
            low, high = self._narrowed(low, high, depth, word)
        return low, high

    def places(self, words):
        """All places where ``words`` stands, in order."""
        low, high = self.find(words)
        return numpy.sort(self.order[low:high])

    def following(self, words):
        """The words that follow ``words`` anywhere, each once, in order."""
        low, high = self.find(words)
        found = self.ids[numpy.minimum(self.order[low:high] + len(words), len(self))]  # sorted, as the slots are
        found = found[found >= 0]
        return found[numpy.append(True, found[1:] != found[:-1])] if len(found) else found

    def _narrowed(self, low, high, depth, word):
        """Of slots that share their first ``depth`` words those that have ``word`` next."""
        if word < 0 or (depth == 0 and word >= len(self._starts) - 1):
            return 0, 0
        if depth == 0:
            return int(self._starts[word]), int(self._starts[word + 1])

        def at(place):
            return self.ids[place + depth]

        low = bisect.bisect_left(self.order, word, low, high, key=at)
        if low == high or at(self.order[low]) != word:
            return low, low
        return low, bisect.bisect_right(self.order, word, low, high, key=at)

    def longest_matches(self, words):
        """For each place of ``words``, int (m,), how many words from there on stand in ``ids``, int64 (m,)."""
        words = numpy.asarray(words, numpy.int64)
        words = numpy.where(words < 0, UNKNOWN, words)
        lengths, count = numpy.zeros(len(words), numpy.int64), len(words)
        places = numpy.flatnonzero((words >= 0) & (words < len(self._starts) - 1))
        low, high = self._starts[words[places]], self._starts[words[places] + 1]
        for depth in range(1, DEEP + 1):
            kept = low < high
            places, low, high = places[kept], low[kept], high[kept]
            lengths[places] = depth
            inside = places + depth < count
            places, low, high = places[inside], low[inside], high[inside]
            if depth < DEEP:
                low, high = self._all_narrowed(low, high, depth, words[places + depth])
        end = 0
        for place, first, last in zip(places.tolist(), low.tolist(), high.tolist(), strict=True):
            if end < count:  # else all that follows has been found up to the end
                end = self._end_of_match(words, place, first, last)
            lengths[place] = end - place
        return lengths

    def _all_narrowed(self, low, high, depth, words):
        """``_narrowed`` for several ranges of slots and a word for each."""
        first = self._all_bounds(low, high, depth, words)
        return first, numpy.where(words < 0, first, self._all_bounds(first, high, depth, words + 1))

    def _all_bounds(self, low, high, depth, words):
        """The first slot of each range whose word at ``depth`` is not less than its word, or where the range ends."""
        low, high = low.copy(), high.copy()
        while (unsure := low < high).any():
            middle = (low + high) // 2
            less = self.ids[numpy.where(unsure, self.order[middle * unsure] + depth, 0)] < words
            low = numpy.where(unsure & less, middle + 1, low)
            high = numpy.where(unsure & ~less, middle, high)
        return low

    def _end_of_match(self, words, place, low, high):
        """Where the longest match of ``words`` from ``place`` ends, the slots being those of its first ``DEEP``."""
        depth = DEEP
        while high - low > 1 and place + depth < len(words):
            first, last = self._narrowed(low, high, depth, int(words[place + depth]))
            if first >= last:
                return place + depth
            low, high, depth = first, last, depth + 1
        at, block = int(self.order[low]), DEEP
        while True:  # in blocks that grow: a long copy takes few steps
            ours, theirs = words[place + depth :][:block], self.ids[at + depth :][:block]
            both = min(len(ours), len(theirs))
            differ = numpy.flatnonzero(ours[:both] != theirs[:both])
            if len(differ) or both < block:
                return place + depth + (int(differ[0]) if len(differ) else both)
            depth, block = depth + block, 2 * block
