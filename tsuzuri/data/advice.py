"""What is wrong with a corpus, though it can be trained on: said before the hours go into it."""

import numpy

from tsuzuri.data.corpus import Corpus
from tsuzuri.data.dataset import Dataset
from tsuzuri.text import vocabulary

MOST_UNKNOWN = 0.2  # of the validation words
FEWEST_PIECES = 3  # in validation and test
FEWEST_WORDS = 100  # of text in validation and test, where its lines are few
MOST_KNOWN = 0.5  # of the long lines of validation and test
FEWEST_OF_CLASS = 5  # examples to train on
FEWEST_EXAMPLES = 10  # in validation and test: one more of them wrong is a step of 10 % in the error
NAMED = 3  # classes at most


def corpus_warnings(corpus: Corpus) -> list[str]:
    """A line for each thing that will make the figures of a training say little, with what to do about it."""
    music = corpus.tokenizer.name == "midi"
    share = corpus.report["unknown"]["valid"]
    more = "try --transpose -5..6, a coarser --grid" if music else "add text of the same kind"
    advice = _against_unknown_words(corpus.tokenizer.name, more)
    return [
        *_unknown_words(share, f"their loss says little: {advice}"),
        *_few_pieces(corpus, music),
        *_known_lines(corpus.report.get("known_lines", {})),
        *_wrapped_lines(corpus.report.get("wrapped", 0)),
    ]


def dataset_warnings(data: Dataset, tokens: str) -> list[str]:
    """The same for the examples of a classifier, whose tokenizer has the name ``tokens``."""
    music = tokens == "midi"
    advice = _against_unknown_words(tokens, "a coarser --grid" if music else "add examples")
    share = data.report["unknown"]["valid"]
    return [
        *_unknown_words(share, f"the classifier reads none of them: {advice}"),
        *_few_of_class(data),
        *_few_examples(data),
    ]


def _unknown_words(share, advice):
    if share > MOST_UNKNOWN:
        yield f"warning  {share:.0%} of the validation words are unknown, and {advice}"


def _against_unknown_words(tokens, more):
    """What to do about unknown words; ``more`` is what differs between models."""
    if tokens == "midi":
        return f"add tunes, or {more} or fewer --velocities"
    characters = "" if tokens == "char" else ", or take --tokens char"
    return f"{more}, lower --min-count{characters}"


def _few_of_class(data):
    counts = zip(data.classes, data.report["classes"]["train"], strict=True)
    few = [f"{name} {count}" for name, count in counts if count < FEWEST_OF_CLASS]
    if few:
        others = f" and {len(few) - NAMED} more" if len(few) > NAMED else ""
        named = f"{', '.join(few[:NAMED])}{others}"
        yield (
            f"warning  fewer than {FEWEST_OF_CLASS} examples of a class to train on ({named}): it will hardly be "
            "recognized: add examples of it"
        )


def _few_examples(data):
    for split, option, part in (("validation", "--valid", data.valid), ("test", "--test", data.test)):
        if 0 < len(part) < FEWEST_EXAMPLES:
            named = f"{len(part)} example{'' if len(part) == 1 else 's'}"
            yield f"warning  {split} is of {named} only, and its error says little: add some, or name {option} files"


def _few_pieces(corpus, music):
    for split, ids in (("validation", corpus.valid), ("test", corpus.test)):
        count = _count_lines(ids)
        if count < FEWEST_PIECES and (music or len(ids) < FEWEST_WORDS):
            option = "--valid" if split == "validation" else "--test"
            piece, more = ("tune", "tunes") if music else ("line", "text")
            named = f"{count} {piece}{'' if count == 1 else 's'}"
            yield f"warning  {split} is of {named} only, and its loss says little: add {more}, or name {option} files"


def _count_lines(ids):
    """The lines, or tunes, that are not empty: the line ends that no other stands before."""
    ends = ids == vocabulary.EOS
    return int(numpy.count_nonzero(ends[1:] & ~ends[:-1]))


def _known_lines(shares):
    for split, name in (("valid", "validation"), ("test", "test")):
        share = shares.get(split, 0)
        if share > MOST_KNOWN:
            yield (
                f"warning  {share:.0%} of the long lines of {name} are trained on too, and its loss says little: leave "
                f"out what is in the corpus twice, or name --{split} files"
            )


def _wrapped_lines(files):
    if files:
        looks = "1 file looks" if files == 1 else f"{files} files look"
        yield f"warning  {looks} wrapped at a width: --lines join makes one line of each paragraph"
