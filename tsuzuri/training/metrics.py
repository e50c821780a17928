"""How well a classifier does: the confusion matrix, the scores made of it, and both as a table for a terminal.

A confusion matrix is (K, K) of counts for K classes: its rows are the classes of the examples, its columns the guesses.
"""

import itertools
import unicodedata
from typing import NamedTuple

import numpy

NONE = "-"  # in place of a score that would be a division by zero
ELLIPSIS = "…"
WIDEST = 30  # columns of a name
MARKS = 16  # characters in a column that are looked at: a letter with its marks
LARGEST = 20  # classes whose confusion matrix still fits a wide terminal
MISTAKES = 10  # that are listed where it does not


class Scores(NamedTuple):
    """Shares from 0 to 1, and of each class an array (K,); a division by zero gives 0.

    ``precision`` is the share of a class's guesses that are right, ``recall`` the share of its examples that are
    guessed, ``f1`` their harmonic mean, ``support`` the number of its examples. The ``macro_`` ones are means over the
    classes that have an example or a guess, each counting the same, as scikit-learn takes them.
    """

    accuracy: float
    precision: numpy.ndarray
    recall: numpy.ndarray
    f1: numpy.ndarray
    support: numpy.ndarray
    macro_precision: float
    macro_recall: float
    macro_f1: float


def confusion_matrix(truth, guesses, classes):
    """The confusion matrix, int64 (K, K), of the classes (n,) of n examples and those guessed, numbers below K."""
    truth, guesses = (numpy.asarray(numbers, numpy.int64) for numbers in (truth, guesses))
    assert truth.shape == guesses.shape
    assert all(((numbers >= 0) & (numbers < classes)).all() for numbers in (truth, guesses))
    return numpy.bincount(truth * classes + guesses, minlength=classes**2).reshape(classes, classes)


def class_scores(matrix):
    """The ``Scores`` of a confusion matrix."""
    right, support, guessed = matrix.diagonal(), matrix.sum(axis=1), matrix.sum(axis=0)
    seen = support + guessed
    each = [_shares(right, guessed), _shares(right, support), _shares(2 * right, seen)]
    means = [float(_shares(shares.sum(), (seen > 0).sum())) for shares in each]
    return Scores(float(_shares(right.sum(), support.sum())), *each, support, *means)


def _shares(parts, wholes):
    """Each part of its whole; 0 where the whole is 0."""
    return numpy.where(wholes, parts / numpy.maximum(wholes, 1), 0.0)


def metrics_report(matrix, names):
    """A text of several lines: accuracy, the scores of each class, their means, and the confusion matrix.

    ``names`` are the K classes' names; those in double-width letters align too. The matrix of more than ``LARGEST``
    classes gives way to its most frequent mistakes.
    """
    scores, guessed = class_scores(matrix), matrix.sum(axis=0)
    shown = [legible_name(name) for name in names]
    right, count = int(matrix.trace()), int(matrix.sum())
    rows = [("", "class", "precision", "recall", "F1", "examples")]
    for k, name in enumerate(shown):
        support = scores.support[k]
        wholes = (scores.precision[k], guessed[k]), (scores.recall[k], support), (scores.f1[k], guessed[k] + support)
        rows.append((str(k + 1), name, *(_percent(*whole) for whole in wholes), f"{support:,}"))
    means = scores.macro_precision, scores.macro_recall, scores.macro_f1
    rows.append(("", "macro average", *(_percent(mean, count) for mean in means), f"{count:,}"))
    table = _aligned(rows, left=2)
    mistakes = _mistakes(matrix, shown) if len(names) > LARGEST else _crossed(matrix, shown)
    return f"accuracy {_percent(scores.accuracy, count)} ({right:,} of {count:,} examples)\n\n{table}\n\n{mistakes}"


def _percent(share, whole):
    return f"{100 * share:.1f} %" if whole else NONE


def _crossed(matrix, names):
    """The confusion matrix itself, its columns headed by the numbers of its rows."""
    numbers = [str(k + 1) for k in range(len(names))]
    rows = [("", "class \\ guess", *numbers)]
    rows += [(number, name, *map(str, row)) for number, name, row in zip(numbers, names, matrix, strict=True)]
    return _aligned(rows, left=2)


def _mistakes(matrix, names):
    """The most frequent mistakes, a line each."""
    wrong = matrix - numpy.diag(matrix.diagonal())
    if not wrong.any():
        return "No mistakes."
    most = numpy.argsort(-wrong, axis=None, kind="stable")[:MISTAKES]
    pairs = [divmod(int(place), len(names)) for place in most]
    rows = [("class", "guess", "examples")]
    rows += [(names[truth], names[guess], f"{wrong[truth, guess]:,}") for truth, guess in pairs if wrong[truth, guess]]
    return "The most frequent mistakes:\n" + _aligned(rows, left=2)


def _aligned(rows, left):
    """Lines of cells two columns apart; the first ``left`` cells of a row end in spaces, the others begin with them."""
    widths = [max(map(text_width, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        gaps = [" " * (wide - text_width(cell)) for wide, cell in zip(widths, row, strict=True)]
        cells = [cell + gap if i < left else gap + cell for i, (cell, gap) in enumerate(zip(row, gaps, strict=True))]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def legible_name(name, most=WIDEST):
    """A class's name in at most so many columns, without characters that have no look; composed, as fonts want it."""
    kept = name[: MARKS * most]  # as many as can be seen: composing goes with the square of the marks on a letter
    kept = "".join(c if c.isprintable() else " " for c in unicodedata.normalize("NFC", kept))
    if len(name) <= MARKS * most and text_width(kept) <= most:
        return kept
    widths = itertools.accumulate(map(text_width, kept))
    return kept[: sum(width <= most - text_width(ELLIPSIS) for width in widths)] + ELLIPSIS


def text_width(text):
    """Columns of a terminal that a text takes: two for full-width letters, none for marks on the letter before."""
    return sum(0 if _is_mark(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _is_mark(character):
    return unicodedata.category(character) in ("Mn", "Me")
