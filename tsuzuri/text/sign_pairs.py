"""Signs side by side: which of them a corpus never has one right after the other, such as 、、 or 「。.

A sign is a punctuation mark, a bracket, a space or another symbol: no letter, no digit and nothing that combines with
them. A line end is a sign too, so that what never begins a line, and a blank line where there is none, count as well.
Characters are looked at, not words: what stands side by side within a word does so in the text.
"""

import itertools
import unicodedata
from collections.abc import Mapping, Sequence

import numpy

from tsuzuri.rules import Rule
from tsuzuri.text.subwords import is_byte
from tsuzuri.text.vocabulary import EOS, UNK

# Times that each of two signs stands in a corpus, at least, for "never one after the other" to mean something: what
# never came in 30 times comes in less than one of ten (the rule of three). Of the 115,731 held-out words of 53 books,
# judged by the rest of each, 13 made such a pair; with 20 it was 19, and with 50 hardly fewer, 12.
COMMON = 30
AT_ONCE = 1 << 16  # words that are looked at
LINE_END = "\n"
Followers = Mapping[str, str]  # of each common sign the common signs that come right after it


def _is_table(value: object) -> bool:
    return isinstance(value, dict) and all(
        len(sign) == 1 and isinstance(after, str) and set(after) <= value.keys() for sign, after in value.items()
    )


FOLLOWERS = Rule("an object: of each sign those of them that come after it", _is_table)  # as JSON has it


def is_sign(character: str) -> bool:
    """Whether a character is a sign: of Unicode's categories P, S and Z, or white space.

    >>> [c for c in "「a１。ー\\n々" if is_sign(c)]
    ['「', '。', '\\n']
    """
    return character.isspace() or unicodedata.category(character)[0] in "PSZ"


def _spellings(words: Sequence[str]) -> list[str]:
    """What words are in a text: a line end, nothing that is known of unknown ones and of bytes, or themselves."""
    special = {EOS: LINE_END, UNK: ""}
    return [special.get(i, "" if is_byte(word) else word) for i, word in enumerate(words)]


def sign_followers(ids: numpy.ndarray, words: Sequence[str]) -> dict[str, str]:
    """Of each sign that is common in a text of ``ids`` the common ones that come right after it, in Unicode's order.

    The text begins as after a line end.
    """
    spellings = _spellings(words)
    counts = numpy.zeros(len(words), int)
    for start in range(0, len(ids), AT_ONCE):
        counts += numpy.bincount(ids[start : start + AT_ONCE], minlength=len(words))
    stands = {c: 0 for c in sorted(set().union(*spellings)) if is_sign(c)}
    for spelling, count in zip(spellings, counts.tolist(), strict=True):
        for c in filter(stands.__contains__, spelling):
            stands[c] += count
    common = [c for c, count in stands.items() if count >= COMMON]
    seen = _between(ids, spellings, common) | _within(spellings, counts, {*common})
    return {a: "".join(b for b in common if a + b in seen) for a in common}


def _between(ids: numpy.ndarray, spellings: list[str], common: list[str]) -> set[str]:
    """The pairs of common signs of which one ends a word and the other begins the next."""
    places = {c: k for k, c in enumerate(common)}
    first, last = (numpy.array([places.get(s[end : end + 1 or None], -1) for s in spellings]) for end in (0, -1))
    pairs, before = set(), last[EOS]
    for start in range(0, len(ids), AT_ONCE):
        part = ids[start : start + AT_ONCE]
        ends, begins = numpy.concatenate([[before], last[part[:-1]]]), first[part]
        both = (ends >= 0) & (begins >= 0)
        pairs.update(numpy.unique(ends[both] * len(common) + begins[both]).tolist())
        before = last[part[-1]]
    return {common[pair // len(common)] + common[pair % len(common)] for pair in pairs}


def _within(spellings: list[str], counts: numpy.ndarray, common: set[str]) -> set[str]:
    """The pairs of common signs within words that the text has."""
    there = (spellings[i] for i in numpy.flatnonzero(counts).tolist())
    return {a + b for spelling in there for a, b in itertools.pairwise(spelling) if a in common and b in common}


def never_after(followers: Followers, words: Sequence[str]) -> tuple[numpy.ndarray, list[numpy.ndarray]]:
    """The group of each word, int (V,), and of each group the ids that never come after its words.

    A word is judged by its last character as what comes first, and by its first as what comes after it, where it is of
    signs alone: one with a letter may come after all. Group 0 is of words that nothing is forbidden after.
    """
    spellings = _spellings(words)
    begins: dict[str, list[int]] = {sign: [] for sign in followers}
    for i, spelling in enumerate(spellings):
        if spelling[:1] in begins and all(map(is_sign, spelling)):
            begins[spelling[0]].append(i)
    forbidden = [numpy.zeros(0, int)]
    group_of = {}
    for sign, after in followers.items():
        ids = [i for other, found in begins.items() if other not in after for i in found]
        if ids:
            group_of[sign] = len(forbidden)
            forbidden.append(numpy.array(sorted(ids)))
    return numpy.array([group_of.get(spelling[-1:], 0) for spelling in spellings]), forbidden
