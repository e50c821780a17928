"""The cost of spelling out a word: that it is a proper code, and that it is lower for what is like the known words."""

import itertools
import math

import pytest

from tsuzuri.text import spelling
from tsuzuri.text.spelling import SpellingModel

LONGEST = 7


def total_probability(model, alphabet, longest):
    """Of all strings up to a length: of those in ``alphabet``, and of all others, which are as many as Unicode has.

    Others are alike, so that one, a snowman, stands for all of them.
    """
    total = 0.0
    for length in range(longest + 1):
        for characters in itertools.product([*alphabet, "☃"], repeat=length):
            many = (spelling.UNICODE - len(alphabet)) ** characters.count("☃")
            total += many * math.exp(-model.nats("".join(characters)))
    return total


@pytest.mark.parametrize("words", [["ab", "ba", "aab"], ["a", "b"], ["ab"] * 9, ["b", "abba", ""], []])
def test_the_probabilities_of_all_strings_sum_to_one_at_most(words):
    alphabet = sorted({*"ab"} & {*"".join(words)})
    totals = [total_probability(SpellingModel(words), alphabet, longest) for longest in (2, LONGEST)]
    assert totals[0] < totals[1] <= 1 + 1e-9
    assert totals[1] > 0.7  # longer strings have the rest: nothing is wasted


def test_a_probability_by_hand():
    """Of a word ab the model has, where one more is counted of a, b, the end and all others, a as 2 of 7."""
    model = SpellingModel(["ab"])
    first = (1 + 1 * (1 + 1 * 2 / 7) / 2) / 2  # one a after nothing, twice interpolated
    second = (1 + 1 * (1 + 1 * 2 / 7) / 2) / 2
    assert model.nats("ab") == pytest.approx(-math.log(first * second**2))
    snowman = 1 / 7 / spelling.UNICODE / 2 / 2
    end = 2 / 7  # after what was never seen
    assert model.nats("☃") == pytest.approx(-math.log(snowman * end))


def test_what_is_like_the_known_words_costs_less():
    model = SpellingModel(["walking", "talking", "falling", "calling"])
    assert model.nats("walling") < model.nats("gniwlla")
    assert model.nats("walling") < model.nats("wallcng") < model.nats("wall☃ng")


def test_the_rarest_words_count(monkeypatch):
    monkeypatch.setattr(spelling, "RAREST", 2)
    assert SpellingModel(["aaa", "bbb", "ccc"]).nats("bc") == SpellingModel(["bbb", "ccc"]).nats("bc")
