"""Brackets: the signs of words that open and close them, and how a corpus uses them.

Straight quotes (" and ') are none of them: the same sign opens and closes. Where a text closes a quotation with a sign
that opens one elsewhere, as German does with “, that sign is found not to be one of a pair there.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy

PAIRS = ("「」", "『』", "（）", "〈〉", "《》", "【】", "〔〕", "［］", "“”", "()", "[]", "{}")
MATCHED = 0.75  # of a pair's signs, at least: with fewer it is used for something else
RARE = 0.05  # of the brackets, above which line ends in them are a habit: in novels 0.3 to 1.5 % have one, and as
# few open a pair within itself; and of a pair's, above which to open inside another one is a habit
MOST = 0.95  # of the brackets are no longer than ``BracketHabits.longest``
SHORTEST, LONGEST = 30, 200  # words: the least of ``longest``, and what stands for it where no corpus was looked at
FORGOTTEN = 2000  # words after which a bracket that is still open was never meant to close
NESTS = tuple(outer[0] + inner[0] for outer in PAIRS for inner in PAIRS)
AT_ONCE = 1 << 13  # words that are looked at
OPENS = {pair[0]: k for k, pair in enumerate(PAIRS, 1)}
CLOSES = {pair[1]: k for k, pair in enumerate(PAIRS, 1)}


class BracketHabits(NamedTuple):
    """How a corpus uses brackets: which ``pairs``, and how long they are in words, of 19 in 20 at most ``longest``.

    ``lines``: whether they stay open at line ends; ``again``: whether a pair is opened within itself; ``inside``: which
    are opened right inside which, as the signs that open them, the outer first: ("「『",); None where it is not known.
    """

    pairs: tuple[str, ...] = PAIRS
    lines: bool = False
    again: bool = False
    longest: int = LONGEST
    inside: tuple[str, ...] | None = None

    def report(self) -> dict[str, Any]:
        """As JSON has it."""
        found = {"pairs": list(self.pairs), "lines": self.lines, "again": self.again, "longest": self.longest}
        return found if self.inside is None else found | {"inside": list(self.inside)}


def bracket_signs(word: str, pairs: Sequence[str] = PAIRS) -> tuple[int, ...]:
    """The brackets of a word in their order: k opens the k-th of ``PAIRS``, counted from 1, and -k closes it.

    >>> bracket_signs("。」「")
    (-1, 1)
    """
    signs = (OPENS.get(c) or -CLOSES.get(c, 0) for c in word)
    return tuple(sign for sign in signs if sign and PAIRS[abs(sign) - 1] in pairs)


def signs_of_words(words: Sequence[str], pairs: Sequence[str] = PAIRS) -> dict[int, tuple[int, ...]]:
    """The signs of those words that have any, by their ids.

    A pair is left out where no word does nothing but close it: what opens it could then never end. Emoticons such as
    :) are closing signs like any others.
    """
    signs = {i: found for i, word in enumerate(words) if (found := bracket_signs(word, pairs))}
    held = {PAIRS[k] for k in range(len(PAIRS)) if (-k - 1,) in signs.values() and (k + 1,) in signs.values()}
    if held < {*pairs}:
        signs = {i: found for i in signs if (found := bracket_signs(words[i], tuple(held)))}
    return signs


def _places(ids: numpy.ndarray, wanted: Iterable[int], size: int) -> Iterator[tuple[int, int]]:
    """Yield the place of each id that is wanted, of ``size`` there are, and the id: they may be many."""
    known = numpy.zeros(size, bool)
    known[list(wanted)] = True
    for start in range(0, len(ids), AT_ONCE):
        part = ids[start : start + AT_ONCE]
        places = numpy.flatnonzero(known[part])
        yield from zip((places + start).tolist(), part[places].tolist(), strict=True)


def bracket_habits(ids: Sequence[int] | numpy.ndarray, words: Sequence[str], line_end: int) -> BracketHabits:
    """How a text of ``ids`` uses brackets; ``line_end`` is the id that ends a line."""
    signs = {i: found for i, word in enumerate(words) if (found := bracket_signs(word))}
    signs[line_end] = ()
    seen, opened, matched = [0] * len(PAIRS), [0] * len(PAIRS), [0] * len(PAIRS)
    lengths: list[int] = []
    crossing, again, line = 0, 0, 0
    inside: Counter[tuple[int, int]] = Counter()  # of the outer and the inner pair
    stack: list[tuple[int, int, int]] = []  # pair, place, line
    for place, i in _places(numpy.asarray(ids), signs, len(words)):
        line += i == line_end
        while stack and place - stack[0][1] > FORGOTTEN:
            del stack[0]
        for sign in signs[i]:
            k = abs(sign)
            seen[k - 1] += 1
            if sign > 0:
                opened[k - 1] += 1
                again += any(entry[::2] == (k, line) for entry in stack)
                if stack and stack[-1][2] == line:
                    inside[stack[-1][0], k] += 1
                stack.append((k, place, line))
            elif any(entry[0] == k for entry in stack):
                while stack[-1][0] != k:
                    stack.pop()
                _, start, first = stack.pop()
                matched[k - 1] += 2
                lengths.append(place - start + 1)
                crossing += first != line
    pairs = tuple(pair for pair, n, good in zip(PAIRS, seen, matched, strict=True) if good > MATCHED * n)
    longest = sorted(lengths)[int(MOST * len(lengths))] if lengths else LONGEST
    rare = RARE * len(lengths)
    often = sorted(nest for nest, n in inside.items() if n > RARE * opened[nest[1] - 1])
    held = (PAIRS[outer - 1][0] + PAIRS[inner - 1][0] for outer, inner in often)
    return BracketHabits(pairs, crossing > rare, again > rare, max(SHORTEST, longest), tuple(held))
