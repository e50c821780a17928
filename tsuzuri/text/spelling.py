"""What it costs to spell out a word that a model does not know, so that ``<unk>`` is never cheaper than the word.

A model with few words is seldom surprised, since most of a text is ``<unk>`` to it. Models of different words can be
compared only where each ``<unk>`` is paid in full: by its own probability, and by that of the word's characters here.

The characters are predicted one by one from the two before them, by counts of the rarest known words, which unknown
words are most like (Witten and Bell 1991, interpolated: method C), down to single characters with one added to each
count (Laplace). An end of the word is predicted as a character is, and so is "a character that no known word has",
which is then named among all of Unicode. So this is a proper code: the probabilities of all strings sum to 1 at most.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable

CONTEXT = 2  # characters that predict the next one
RAREST = 20_000  # known words at most that are counted
END = ""  # in place of a character: the word is over
UNICODE = 0x110000  # code points that a character may be


class SpellingModel:
    """Probabilities of words as strings of characters, counted on ``words``, from the frequent to the rare."""

    def __init__(self, words: Iterable[str]):
        self._single: Counter[str] = Counter()
        self._after: list[defaultdict[str, Counter[str]]] = [defaultdict(Counter) for _ in range(CONTEXT)]
        for word in list(words)[-RAREST:]:
            for n, character in enumerate([*word, END]):
                self._single[character] += 1
                for width, after in enumerate(self._after, 1):
                    after[word[max(0, n - width) : n]][character] += 1
        self._total = self._single.total() + len(self._single.keys() | {END}) + 1  # one more for each, and for others

    def nats(self, word: str) -> float:
        """-log of the probability of a word, in nats; of the empty one too.

        >>> round(SpellingModel(["ab", "ab"]).nats("ab"), 3)
        0.243
        """
        return -sum(math.log(self._probability(word[:n], c)) for n, c in enumerate([*word, END]))

    def _probability(self, before, character):
        """Of a character after others, each context weighed against the shorter one by how many characters it saw."""
        p = (self._single[character] + 1) / self._total
        if character not in self._single and character != END:
            p /= UNICODE
        for width, after in enumerate(self._after, 1):
            seen = after.get(before[max(0, len(before) - width) :])
            if seen:
                p = (seen[character] + len(seen) * p) / (seen.total() + len(seen))
        return p
