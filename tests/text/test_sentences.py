"""Where a sentence ends, and that of an abbreviation, a number or an ellipsis none does."""

import pytest

from tsuzuri.sampling.endings import Ending
from tsuzuri.text import tokenizers
from tsuzuri.text.sentences import is_closing, is_sentence_end, sentence_rules

SENTENCES = [
    ("Mr. Brown met Dr. Smith at 3.14 p.m. in the U.S. office.", " He left."),
    ("Mrs. Jones said no.", " Mr. Jones said yes."),
    ("See J. S. Bach, e.g. his fugues, i.e. the short ones!", " Well."),
    ("He waited... and then Prof. Gray came.", ' "Is that so?"'),
    ('"I saw St. Paul\'s (cf. fig. 3)."', " She did not."),
    ("It cost 1.50 or 2.0.1, of example.org.", " Cheap."),
    ("Wer kam? ", "Hr. Meier."),
    ("「もう行く。」", "彼は言った。"),
    ("А. С. Пушкин родился в Москве.", " Он жил."),
    ("So did I.", " He too."),
    ("Vitamin a.", " Another."),
]


@pytest.mark.parametrize("name", ["space", "english", "char", "mecab"])
@pytest.mark.parametrize(("first", "rest"), SENTENCES)
def test_one_sentence_is_taken_as_a_reader_takes_it(name, first, rest):
    tokenizer = tokenizers.get_tokenizer(name)
    words = tokenizer.split(first + rest)
    ending = Ending(None, 1, *sentence_rules(tokenizer.spaced))
    taken = [word for word in words if not ending.over and ending.take(word)]
    if name == "space" and " " not in first + rest:
        return  # one word
    assert tokenizer.join(taken).rstrip() == first.rstrip()


def test_the_prime_may_end_in_an_abbreviation():
    tokenizer = tokenizers.get_tokenizer("english")
    ending = Ending(None, 1, *sentence_rules(tokenizer.spaced, tokenizer.split("He met Mr")))
    words = [".", " ", "Brown", ".", " ", "So"]
    assert [word for word in words if not ending.over and ending.take(word)] == words[:4]


@pytest.mark.parametrize("name", ["english", "char"])
def test_a_blank_that_is_missing_joins_no_two_sentences(name):
    """As a model writes that has not learned much yet."""
    tokenizer = tokenizers.get_tokenizer(name)
    ending = Ending(None, 1, *sentence_rules(tokenizer.spaced))
    taken = [word for word in tokenizer.split("He said no.Smith went on.") if not ending.over and ending.take(word)]
    assert tokenizer.join(taken) == "He said no."


def test_sentence_ends():
    for word in ("。", "！", "said.", 'said."', "。」", ".", "no.", "I.", "(no.)", "3.14."):
        assert is_sentence_end(word)
    for word in ("、", "は", "」", "", "…", "……", "…」", "...", "wait..", "Mr.", "(Mr.", "mrs.", "e.g.", "U.S.", "J."):
        assert not is_sentence_end(word)
    assert is_closing("」")
    assert is_closing('"')
    assert not is_closing("は」")
