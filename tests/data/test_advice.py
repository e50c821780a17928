"""Warnings of a corpus whose figures will say little."""

import numpy
import pytest

from tsuzuri.data.advice import corpus_warnings
from tsuzuri.data.corpus import Corpus
from tsuzuri.text import vocabulary
from tsuzuri.text.tokenizers import get_tokenizer


def corpus(tokens="space", unknown=0, valid=3, test=3, **report):
    """Of pieces of nine words and a line end each, of which validation has ``unknown`` of 10 * ``valid`` as <unk>."""
    piece = [2] * 9 + [vocabulary.EOS]
    ids = numpy.array(piece * valid, "i")
    ids[numpy.flatnonzero(ids == 2)[:unknown]] = vocabulary.UNK
    words = vocabulary.build_vocabulary({"a": 5}, 1, None)
    report["unknown"] = {"valid": float((ids == vocabulary.UNK).mean())}
    splits = numpy.array(piece * 50, "i"), ids, numpy.array(piece * test, "i")
    starts = dict.fromkeys(("train", "valid", "test"), numpy.zeros(1, "q"))
    return Corpus(*splits, words, get_tokenizer(tokens), report, starts)


@pytest.mark.parametrize("tokens", ["space", "char", "midi"])
def test_a_good_corpus_has_none(tokens):
    assert corpus_warnings(corpus(tokens, unknown=6)) == []  # of 30: 20 %, and not above it


@pytest.mark.parametrize(
    ("tokens", "advice"),
    [
        ("space", "add text of the same kind, lower --min-count, or take --tokens char"),
        ("char", "add text of the same kind, lower --min-count"),
        ("midi", "add tunes, or try --transpose -5..6, a coarser --grid or fewer --velocities"),
    ],
)
def test_unknown_words_of_validation(tokens, advice):
    (line,) = corpus_warnings(corpus(tokens, unknown=9))
    assert line == f"warning  30% of the validation words are unknown, and their loss says little: {advice}"


def test_few_pieces():
    assert corpus_warnings(corpus("midi", valid=1, test=2)) == [
        "warning  validation is of 1 tune only, and its loss says little: add tunes, or name --valid files",
        "warning  test is of 2 tunes only, and its loss says little: add tunes, or name --test files",
    ]
    (line,) = corpus_warnings(corpus(valid=2))
    assert line == ("warning  validation is of 2 lines only, and its loss says little: add text, or name --valid files")


def test_few_lines_of_many_words_are_enough_and_empty_ones_are_none():
    few = corpus(valid=1)
    assert len(corpus_warnings(few)) == 1
    assert corpus_warnings(few._replace(valid=numpy.array([2] * 99 + [vocabulary.EOS], "i"))) == []
    blank = numpy.array([2, vocabulary.EOS, vocabulary.EOS] * 2 + [2, vocabulary.EOS], "i")
    assert corpus_warnings(few._replace(valid=blank)) == []
    (line,) = corpus_warnings(few._replace(valid=blank[2:]))
    assert line.startswith("warning  validation is of 2 lines only")


def test_lines_that_are_trained_on_too():
    assert corpus_warnings(corpus(known_lines={"valid": 0.5, "test": 0.2})) == []
    (line,) = corpus_warnings(corpus(known_lines={"valid": 0.9, "test": 0.2}))
    assert line == (
        "warning  90% of the long lines of validation are trained on too, and its loss says little: leave out what is "
        "in the corpus twice, or name --valid files"
    )


def test_wrapped_lines():
    assert corpus_warnings(corpus(wrapped=0)) == []
    assert corpus_warnings(corpus(wrapped=2)) == [
        "warning  2 files look wrapped at a width: --lines join makes one line of each paragraph"
    ]
