"""Which words of a text a classifier decided by: their shares, and how those are shown on a terminal.

A word's share is how much of the guessed class's probability goes when the word is left out (after Li, Monroe and
Jurafsky 2016, "Understanding Neural Networks through Representation Erasure", who compare logs of probabilities).
Words that say the same hide each other: where one is left out, the other still says it, and both have small shares.
"""

import numpy

from tsuzuri.printable import printable_text

# Backgrounds of the 256-color palette from the weakest to the strongest, blue towards the class, orange against it:
# told apart by the color-blind, and of a middling brightness, so that black is readable on them and they are seen
# on a dark as on a light terminal.
TOWARDS, AGAINST = (103, 68, 33, 39), (138, 173, 202, 208)
BLACK = 16  # of the palette's cube, which no theme changes
FULL = 0.05  # the least share that has the most vivid color: where all words have less, all are paler
MOST = 1000  # readings of a text less some of its words, so that what a long one takes grows as its length
WORDS = 20_000  # of such texts that are made at once
FAINT = 0.15  # words of a smaller part of the strongest share are left as they are


def leave_one_out(ids, probability, prior):
    """The share of each word of ``ids`` (R,), float64 (R,): p of the whole text, less p of the text without the word.

    Of a text of more than ``MOST`` words, runs of adjacent words are left out together, ``MOST`` runs of equal length
    but for a word, and each word has an equal part of its run's share.

    ``probability`` takes a list of n id arrays and returns (n,), the probability of the class that the whole text is
    given. It is called with as many texts at once as have ``WORDS`` words, or with one. No model can read a text of no
    words, so where the only word is left out ``prior`` stands for p: the probability of the class before a word is
    read, such as its share of the training examples.
    """
    ids = numpy.asarray(ids)
    if len(ids) < 2:
        return numpy.array([float(probability([ids])[0]) - prior] if len(ids) else [])
    runs = min(len(ids), MOST)
    edges = numpy.arange(runs + 1) * len(ids) // runs
    spans = [slice(0, 0), *map(slice, edges[:-1], edges[1:])]  # the first leaves nothing out
    step = max(1, WORDS // len(ids))
    groups = (spans[n : n + step] for n in range(0, len(spans), step))
    p = numpy.concatenate([probability([numpy.delete(ids, span) for span in group]) for group in groups])
    lengths = numpy.diff(edges)
    return numpy.repeat((float(p[0]) - p[1:].astype("d")) / lengths, lengths)


def show_shares(words, weights, color):
    """A text with its words' shares: colored by them, or with those of the stronger words written behind them.

    ``words`` are as ``Tokenizer.pieces`` yields them, with the space before them, ``weights`` (R,) their shares. With
    ``color`` the text is for a terminal of 256 colors, blue for words that speak for the class and orange for those
    against it, the stronger, the more vivid. Without it is plain, as ``not bad(+0.31)``.
    """
    most = max(FULL, max(map(abs, weights), default=0))
    return "".join(_shown(word, weight, weight / most, color) for word, weight in zip(words, weights, strict=True))


def _shown(word, weight, strength, color):
    """A word with its weight; its strength is between -1 and 1."""
    word = printable_text(word)  # so that the only escapes are ours
    bare = word.lstrip()
    if not bare or abs(strength) < FAINT:
        return word
    if not color:
        return f"{word}({weight:+.2f})"
    hues = TOWARDS if strength > 0 else AGAINST
    background = hues[min(int(len(hues) * abs(strength)), len(hues) - 1)]
    return f"{word.removesuffix(bare)}\x1b[38;5;{BLACK};48;5;{background}m{bare}\x1b[0m"
