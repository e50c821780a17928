"""What is counted in passages of text, lists of words with "\n" for a line end: repetition, lines, brackets, sentences.

A passage is cut off somewhere: its whole lines are those before the last.
"""

import itertools
import math

from benchmarks.beginnings import BRACKET
from tsuzuri.text.brackets import CLOSES, OPENS, PAIRS, bracket_signs
from tsuzuri.text.sentences import is_closing, is_sentence_end

RUN = 4  # words in a row that come again in a passage
STOPS, LOUD = "。、！？", "！？"  # signs that begin nothing; those that may follow each other
TIMES, LOOP = 3, 12  # a loop: something comes so many times in a row, of so many words in all


def repeated(words, count=RUN):
    """Of the runs of ``count`` words those that came before in the same words, and how many runs there are."""
    runs = [tuple(words[n : n + count]) for n in range(len(words) - count + 1)]
    return len(runs) - len({*runs}), len(runs)


def looped(words):
    """How many words are of a loop, and how many there are.

    A loop is something, of one word or more, that comes ``TIMES`` times in a row or more, in ``LOOP`` words or more.
    """
    held = set()
    for period in range(1, len(words) // TIMES + 1):
        needed, equal = max(period * TIMES, LOOP) - period, 0
        for n, (before, word) in enumerate(zip(words, words[period:], strict=False)):
            equal = equal + 1 if before == word else 0
            if equal == needed:
                held.update(range(n + 1 - equal, n + 1 + period))
            elif equal > needed:
                held.add(n + period)
    return len(held), len(words)


def lines_of(words):
    """The lines of a passage: lists of words, of which the last is cut off, and empty where the one before is not."""
    lines = [[]]
    for word in words:
        if word == "\n":
            lines.append([])
        else:
            lines[-1].append(word)
    return lines


def ends_whole(words):
    """Whether the last sentence of a passage has ended: 」 after half a sentence is no end."""
    end = len(words)
    while end and (words[end - 1] == "\n" or is_closing(words[end - 1])):
        end -= 1
    return end > 0 and is_sentence_end(words[end - 1], words[: end - 1])


def slips(words):
    """How many words cannot stand where they do, in any text: 。、！？ or what closes after what opens, 。 after 。.

    A blank line counts too. How lines begin is not looked at.
    """
    count = 0
    for before, word in itertools.pairwise(words):
        if before == "\n":
            count += word == "\n"
        elif word[0] in STOPS:
            count += before[-1] in OPENS or (before[-1] in STOPS and not {before[-1], word[0]} <= {*LOUD})
        elif word[0] in CLOSES:
            count += before[-1] in OPENS
    return count


def balanced(words, pairs=PAIRS):
    """Whether the brackets of ``pairs`` close in their order in the words, and all that open."""
    stack = []
    for sign in itertools.chain.from_iterable(bracket_signs(word, pairs) for word in words):
        if sign > 0:
            stack.append(sign)
        elif not stack or stack.pop() != -sign:
            return False
    return not stack


def sentences(words):
    """How many words each sentence has: a line end ends one, and 。！？ with the brackets that close after it."""
    counts = []
    for line in lines_of(words)[:-1]:
        begun = ended = 0
        for n, word in enumerate(line):
            if ended and not is_closing(word):
                counts.append(begun)
                begun = ended = 0
            begun += 1
            ended = ended or is_sentence_end(word, line[:n])
        counts += [begun] if begun else []
    return counts


class Passages:
    """Passages as lists of words, "\\n" for a line end, and what is counted in them.

    ``pairs`` are the brackets that the corpus uses as such; ``novelty`` tells how new words are, and is None for
    passages of the corpus itself.
    """

    def __init__(self, passages, pairs=PAIRS, novelty=None):
        self.passages, self._pairs = passages, pairs
        self._new = [novelty(words) for words in passages] if novelty else None
        lines = [lines_of(words) for words in passages]
        self._lines = {"first": [each[:1] for each in lines], "later": [each[1:] for each in lines]}
        whole = [each[:-1] for each in lines]
        self._whole = {"first": [each[:1] for each in whole], "later": [each[1:] for each in whole]}

    def repeated(self):
        """The share of runs of four words that came before in their passage."""
        return _share(map(repeated, self.passages))

    def looped(self):
        """The share of words that are of something that comes three times in a row, in twelve words or more."""
        return _share(map(looped, self.passages))

    def distinct(self):
        """Distinct words of a hundred, line ends not counted."""
        kept = [[word for word in words if word != "\n"] for words in self.passages]
        return _mean([100 * len({*words}) / len(words) for words in kept if words])

    def copied(self):
        """The mean of the passages' longest copies, in words."""
        return None if self._new is None else _mean([new.longest.length if new.longest else 0 for new in self._new])

    def seen(self, count):
        """The share of runs of ``count`` words, 4 or 8, that stand in what was trained on."""
        if self._new is None:
            return None
        return _mean([new.seen[count] for new in self._new if new.seen[count] is not None])

    def opening(self, which, signs=BRACKET):
        """The share of the first or the later lines that begin with 「, or another of ``signs``."""
        begun = [line for lines in self._lines[which] for line in lines if line]
        return _share((line[0][0] in signs, 1) for line in begun)

    def amiss(self, which):
        """The share of the first or the later lines that begin with a sign that nothing begins with."""
        return self.opening(which, (*STOPS, *CLOSES))

    def slips(self):
        """How many words of a hundred passages cannot stand where they do."""
        return _mean([100 * slips(words) for words in self.passages])

    def unbalanced(self, which):
        """The share of the first or the later lines, of those that are whole, whose brackets do not close in order."""
        whole = [line for lines in self._whole[which] for line in lines if line]
        return _share((not balanced(line, self._pairs), 1) for line in whole)

    def unbalanced_passages(self):
        """The share of passages whose whole lines have brackets, taken together, that do not close in order."""
        whole = [[*first, *later] for first, later in zip(self._whole["first"], self._whole["later"], strict=True)]
        return _share((not balanced(itertools.chain(*lines), self._pairs), 1) for lines in whole)

    def ends_whole(self):
        """The share of passages whose last sentence has ended."""
        return _share((ends_whole(words), 1) for words in self.passages)

    def sentence(self):
        """The mean number of words in a sentence, signs counted, of whole lines."""
        return _mean([count for words in self.passages for count in sentences(words)])


def _share(parts):
    """The sum of parts over the sum of wholes, of pairs (part, whole)."""
    part, whole = map(sum, zip(*parts, strict=True)) if (parts := list(parts)) else (0, 0)
    return part / whole if whole else math.nan


def _mean(values):
    return sum(values) / len(values) if values else math.nan


COLUMNS = {  # the head of a column: what of Passages, and how it is written
    "4 words again": (Passages.repeated, "{:.1%}"),
    "in a loop": (Passages.looped, "{:.1%}"),
    "distinct of 100": (Passages.distinct, "{:.1f}"),
    "longest copy": (Passages.copied, "{:.1f}"),
    "4 words seen": (lambda drawn: drawn.seen(4), "{:.1%}"),
    "8 words seen": (lambda drawn: drawn.seen(8), "{:.1%}"),
    "first lines 「": (lambda drawn: drawn.opening("first"), "{:.0%}"),
    "later 「": (lambda drawn: drawn.opening("later"), "{:.0%}"),
    "first 。": (lambda drawn: drawn.amiss("first"), "{:.1%}"),
    "later 。": (lambda drawn: drawn.amiss("later"), "{:.1%}"),
    "slips in 100": (Passages.slips, "{:.0f}"),
    "first unbalanced": (lambda drawn: drawn.unbalanced("first"), "{:.1%}"),
    "later unbalanced": (lambda drawn: drawn.unbalanced("later"), "{:.1%}"),
    "passages unbalanced": (Passages.unbalanced_passages, "{:.1%}"),
    "ends whole": (Passages.ends_whole, "{:.0%}"),
    "words a sentence": (Passages.sentence, "{:.1f}"),
}
