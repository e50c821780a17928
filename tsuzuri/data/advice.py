"""What is wrong with a corpus, though it can be trained on: said before the hours go into it."""

import numpy

from tsuzuri.data.corpus import Corpus
from tsuzuri.text import vocabulary

MOST_UNKNOWN = 0.2  # of the validation words
FEWEST_PIECES = 3  # in validation and test


def corpus_warnings(corpus: Corpus) -> list[str]:
    """A line for each thing that will make the figures of a training say little, with what to do about it."""
    music = corpus.tokenizer.name == "midi"
    return [*_unknown_words(corpus, music), *_few_pieces(corpus, music)]


def _unknown_words(corpus, music):
    share = float(numpy.mean(corpus.valid == vocabulary.UNK))
    if share <= MOST_UNKNOWN:
        return
    if music:
        advice = "add tunes, or try --transpose -5..6, a coarser --grid or fewer --velocities"
    else:
        characters = "" if corpus.tokenizer.name == "char" else ", or take --tokens char"
        advice = f"add text of the same kind, lower --min-count{characters}"
    yield f"warning  {share:.0%} of the validation words are unknown, and their loss says little: {advice}"


def _few_pieces(corpus, music):
    for split, ids in (("validation", corpus.valid), ("test", corpus.test)):
        count = int(numpy.count_nonzero(ids == vocabulary.EOS))
        if count < FEWEST_PIECES:
            option = "--valid" if split == "validation" else "--test"
            piece, more = ("tune", "tunes") if music else ("line", "text")
            named = f"{count} {piece}{'' if count == 1 else 's'}"
            yield f"warning  {split} is of {named} only, and its loss says little: add {more}, or name {option} files"
