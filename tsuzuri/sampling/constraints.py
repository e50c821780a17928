"""Constraints: functions of logits (B, V) that set words which must not be drawn to -inf.

Those that depend on the words so far are told of each by ``take``, and say by ``changed`` whether what they forbid may
be other than when they were last called; ``steady`` ones never change.
"""

import numpy

from tsuzuri.sampling.nesting import mended, nested

LAST_RESORT = 2  # times the longest: where a bracket is closed even within a sentence


def forbid_ids(ids):
    """A constraint that always forbids these ids, such as that of ``<unk>``."""
    ids = list(ids)

    def forbid(logits):
        logits[:, ids] = -numpy.inf
        return logits

    return forbid


class Constraints:
    """Several constraints as one, each of which leaves something in what all others leave."""

    def __init__(self, *parts):
        self._parts = parts

    @property
    def steady(self):
        """Whether what is forbidden never changes."""
        return all(part.steady for part in self._parts)

    @property
    def changed(self):
        """Whether what is forbidden may be other than when this was last called."""
        return any(part.changed for part in self._parts)

    def __call__(self, logits):
        for part in self._parts:
            logits = part(logits)
        return logits

    def follow(self, rows):
        """Yield each of the ``rows`` of words (B,) drawn, once it is known here."""
        for words in rows:
            for part in self._parts:
                part.take(words)
            yield words


class SingleBlankLines:
    """A constraint that forbids some ids always, and an empty line where a text begins and after another one.

    ``prime`` are the words that each of ``batch`` texts begins with, ids or rows (B,) of them: the first is the
    ``line_end`` before its first line. A ``line_end`` of None lets lines be as they come.
    """

    def __init__(self, always, line_end, prime, batch):
        self._forbid, self._line_end = forbid_ids(always), line_end
        self._ends = numpy.ones(batch, int)  # line ends in a row: a text begins as after an empty line
        self._full, self.changed = False, True
        for words in prime:
            self.take(numpy.broadcast_to(words, batch))

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

    def take(self, words):
        """Take the words (B,) that were drawn."""
        if self._line_end is None:
            return
        self._ends += 1
        self._ends *= words == self._line_end
        before, self._full = self._full, bool(self._ends.max() > 1)  # whether some text may not end a line now
        self.changed = self.changed or before or self._full


class ClosedBrackets:
    """A constraint that lets brackets close in their order only, and all of them before a text ends.

    ``signs`` (``nesting.py``) are those of the ids that have any; each pair has an id that only closes it, and there
    are ids without signs. ``prime`` are the words that the texts begin with, rows (B,), which may leave brackets open.
    ``budgets`` (B,) are the words that may follow: as many as are open are left for closing. ``line_end`` is the id
    that must not be drawn in a bracket, or None; ``again`` and ``inside`` say what may be opened within what
    (``nesting.nested``). A bracket is closed at the first id with ``is_end`` after it has ``longest`` words, and
    wherever it has ``LAST_RESORT`` times as many.
    """

    steady = False

    def __init__(self, signs, prime, budgets, longest, line_end=None, again=True, is_end=lambda i: False, inside=None):
        self._signs, self._line_end, self._habits = signs, line_end, (again, inside)
        self._longest, self._is_end = longest, is_end
        self._budgets = numpy.array(budgets)
        batch = len(self._budgets)
        self._stacks, self._lengths, self._late = [()] * batch, [0] * batch, [False] * batch
        self._most = max(len(found) for found in signs.values())  # brackets that a word may open
        self._rules = {}  # by what they depend on
        self._groups, self.changed = {}, True
        for words in prime:
            self._budgets += 1
            self.take(words)
        self._group()

    def depth(self, row):
        """How many brackets are open in a text now."""
        return len(self._stacks[row])

    def __call__(self, logits):
        for state, rows in self._groups.items():
            only, ids = self._rule(*state)
            if only:
                places = numpy.ix_(rows, ids)
                kept = logits[places]
                logits[rows] = -numpy.inf
                logits[places] = kept
            elif len(ids):
                logits[numpy.ix_(rows, ids)] = -numpy.inf
        self.changed = False
        return logits

    def take(self, words):
        """Take the words (B,) that were drawn, or are of primes, in which anything may be open or closed."""
        self._budgets -= 1
        for row, word in enumerate(words.tolist()):
            stack, signs = self._stacks[row], self._signs.get(word)
            if signs:
                self._stacks[row] = mended(stack, signs)
            if not self._stacks[row]:
                self._lengths[row], self._late[row] = 0, False
                continue
            self._lengths[row] += 1
            if self._lengths[row] >= self._longest and not self._late[row]:
                last_resort = self._lengths[row] >= LAST_RESORT * self._longest
                self._late[row] = last_resort or self._is_end(word)
        self._group()

    def _group(self):
        """Sort the rows by what their rules depend on."""
        groups = {}
        for row, (stack, late, room) in enumerate(zip(self._stacks, self._late, self._budgets.tolist(), strict=True)):
            closing = bool(stack) and (late or room <= len(stack))
            room = None if closing else min(max(room - 1, 0), len(stack) + self._most)
            groups.setdefault((stack, closing, room), []).append(row)
        self.changed = self.changed or groups != self._groups
        self._groups = groups

    def _rule(self, stack, closing, room):
        """(True, the only ids that may be drawn) or (False, those that must not).

        For the brackets of ``stack``: where it is ``closing`` an id must close some, else no more than ``room`` may be
        open after it.
        """
        state = stack, closing, room
        if state not in self._rules:
            after = {i: nested(stack, signs, *self._habits) for i, signs in self._signs.items()}
            if closing:
                ids = [i for i, left in after.items() if left is not None and len(left) < len(stack)]
            else:
                ids = [i for i, left in after.items() if left is None or len(left) > room]
                ids += [self._line_end] * (bool(stack) and self._line_end is not None)
            if len(self._rules) >= 1000:  # of which few come again
                self._rules.clear()
            self._rules[state] = closing, numpy.array(ids, int)
        return self._rules[state]


class NeverAfter:
    """A constraint that forbids some ids after some words, in texts that have others left.

    ``groups`` int (V,) is the group of each word, and ``forbidden`` has for each group the ids that must not come right
    after its words; none after those of group 0. ``prime`` are the words that the texts begin with, rows (B,). It comes
    after all constraints that leave few words, such as those that close a bracket: where it would forbid all that these
    leave, it forbids nothing.
    """

    steady = False

    def __init__(self, groups, forbidden, prime):
        self._groups, self._forbidden = groups, forbidden
        self._now, self.changed = groups[numpy.asarray(prime[-1])], True  # (B,)

    def __call__(self, logits):
        for group in numpy.unique(self._now[self._now > 0]).tolist():
            rows = numpy.flatnonzero(self._now == group)
            places = numpy.ix_(rows, self._forbidden[group])
            kept = logits[places]
            logits[places] = -numpy.inf
            stuck = numpy.isneginf(logits[rows].max(1))
            if stuck.any():
                logits[places] = numpy.where(stuck[:, None], kept, -numpy.inf)
        self.changed = False
        return logits

    def take(self, words):
        """Take the words (B,) that were drawn."""
        before, self._now = self._now, self._groups[words]
        self.changed = self.changed or not numpy.array_equal(before, self._now)
