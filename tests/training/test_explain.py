"""Which words a classifier decided by, with a bag of words whose shares are known, and how they are shown."""

import re

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tsuzuri.text.tokenizers import get_tokenizer
from tsuzuri.training import explain

ESCAPES = re.compile(r"\x1b\[[\d;]*m")
BACKGROUND = re.compile(r"\x1b\[38;5;16;48;5;(\d+)m(.*?)\x1b\[0m", re.DOTALL)


class Bag:
    """A model whose probability is the mean of its words' own; it notes what it was asked."""

    def __init__(self, own):
        self.own, self.asked = own, []

    def __call__(self, texts):
        self.asked.append([text.tolist() for text in texts])
        assert all(map(len, texts)), "no model reads an empty text"
        return numpy.array([self.own[text].mean() for text in texts], "f")


def test_each_word_is_left_out_once_in_one_batch():
    model = Bag(numpy.array([0.9, 0.1, 0.5]))
    found = explain.leave_one_out([0, 1, 2], model, 0.3)
    assert model.asked == [[[0, 1, 2], [1, 2], [0, 2], [0, 1]]]
    assert found.dtype == numpy.float64
    assert found == pytest.approx([0.5 - 0.3, 0.5 - 0.7, 0.5 - 0.5], abs=1e-7)


def test_the_shares_of_fresh_texts(rng):
    own, ids = rng.random(30), rng.integers(0, 30, rng.integers(2, 40)).astype("i")
    rest = (own[ids].sum() - own[ids]) / (len(ids) - 1)
    assert explain.leave_one_out(ids, Bag(own), 0.5) == pytest.approx(own[ids].mean() - rest, abs=1e-6)


def test_of_a_long_text_runs_of_words_are_left_out_together(rng, monkeypatch):
    monkeypatch.setattr(explain, "MOST", 50)
    monkeypatch.setattr(explain, "WORDS", 1000)
    for length in (50, 51, 99, 100, int(rng.integers(102, 400))):
        own, ids = rng.random(length), rng.permutation(length).astype("i")
        model = Bag(own)
        found = explain.leave_one_out(ids, model, 0.5)
        asked = [text for texts in model.asked for text in texts]
        assert len(asked) == 51
        assert asked[0] == ids.tolist()
        assert all(sum(map(len, texts)) <= 1000 for texts in model.asked)
        left_out, n = [length - len(text) for text in asked[1:]], 0
        assert sum(left_out) == length
        assert max(left_out) - min(left_out) <= 1
        for text, count in zip(asked[1:], left_out, strict=True):
            assert text == numpy.delete(ids, slice(n, n + count)).tolist()
            share = own.mean() - own[text].mean()
            assert found[n : n + count] == pytest.approx([share / count] * count, abs=1e-6)
            n += count
        assert len(found) == length


def test_a_text_of_more_words_than_are_read_at_once(monkeypatch):
    monkeypatch.setattr(explain, "WORDS", 3)
    model = Bag(numpy.arange(5.0))
    assert explain.leave_one_out(range(5), model, 0.5) == pytest.approx([2 - (10 - n) / 4 for n in range(5)])
    assert [len(texts) for texts in model.asked] == [1] * 6


def test_an_only_word_is_held_against_the_prior():
    assert explain.leave_one_out([1], Bag(numpy.array([0.2, 0.9])), 0.6) == pytest.approx([0.3])


def test_a_text_of_no_words_has_no_shares():
    model = Bag(numpy.zeros(1))
    assert explain.leave_one_out(numpy.zeros(0, "i"), model, 0.5).shape == (0,)
    assert model.asked == []


def test_without_color_the_stronger_words_have_numbers():
    words, weights = ["not", " a", " bad", " film", "."], [0.31, 0.02, -0.116, -0.04, 0.0]
    assert explain.show_shares(words, weights, False) == "not(+0.31) a bad(-0.12) film."
    assert explain.show_shares(["本当", "に", "嬉しい"], [0.1, 0.0, 0.4], False) == "本当(+0.10)に嬉しい(+0.40)"
    assert explain.show_shares([], [], False) == ""


def test_where_no_word_says_much_none_is_made_to():
    assert explain.show_shares(["a", " b"], [0.004, -0.007], True) == "a b"
    assert explain.show_shares(["a", " b"], [0.001, -0.03], False) == "a b(-0.03)"


def test_colors_tell_towards_from_against_and_strong_from_weak():
    weights = numpy.linspace(-0.8, 0.8, 41)
    shown = explain.show_shares([f" {n}" for n in range(41)], weights, True)
    found = {int(word): int(background) for background, word in BACKGROUND.findall(shown)}
    assert sorted(found) == [n for n, weight in enumerate(weights) if abs(weight) >= explain.FAINT * 0.8]
    against = [found[n] for n in range(20, -1, -1) if n in found]
    towards = [found[n] for n in range(20, 41) if n in found]
    for levels, hues in ((against, explain.AGAINST), (towards, explain.TOWARDS)):
        assert list(dict.fromkeys(levels)) == list(hues)  # from the weakest to the strongest, each in one stretch
        assert levels == sorted(levels, key=hues.index)
    assert (
        explain.show_shares(["a", "b"], [0.02, 0.03], True).count(f"48;5;{explain.TOWARDS[-1]}m") == 0
    )  # both are weak


def test_the_space_before_a_word_has_no_color():
    assert explain.show_shares(["a", "  b"], [0, 1], True) == "a  \x1b[38;5;16;48;5;39mb\x1b[0m"
    assert explain.show_shares(["a", "\n", "b"], [0, 1, 0], True) == "a\nb"
    assert explain.show_shares(["a", "\n", "b"], [0, 1, 0], False) == "a\nb"


@pytest.mark.parametrize("color", [True, False])
def test_a_text_cannot_steer_the_terminal(color):
    shown = explain.show_shares(["a\x1b[2J", "\x9b", "\u3000b\t\n"], [0, 0.0, 0], color)
    assert shown == r"a\x1b[2J\x9b" + "\u3000b\t\n"


@given(st.lists(st.tuples(st.text(st.characters(categories=["L", "N", "P", "Zs"])), st.floats(-1, 1)), max_size=20))
def test_the_words_themselves_are_all_there(pairs):
    words, weights = [word for word, _ in pairs], [weight for _, weight in pairs]
    assert ESCAPES.sub("", explain.show_shares(words, weights, True)) == "".join(words)
    assert len(explain.show_shares(words, weights, False)) >= len("".join(words))


@pytest.mark.parametrize("line", ["彼は New York が好きではない。", "It's  not\tbad (at all)."])
@pytest.mark.parametrize("name", ["mecab", "space", "char"])
def test_a_line_of_words_reads_as_before(rng, name, line):
    if name == "mecab":
        pytest.importorskip("MeCab")
    tokens = get_tokenizer(name)
    words = tokens.split(line)
    weights = rng.normal(0, 0.2, len(words))
    assert ESCAPES.sub("", explain.show_shares(tokens.pieces(words), weights, True)) == line
    assert re.sub(r"\([+-]\d\.\d\d\)", "", explain.show_shares(tokens.pieces(words), weights, False)) == line


def _luminance(color):
    """Relative luminance of a color of the 6 x 6 x 6 cube of the 256-color palette (WCAG 2.1)."""
    steps = numpy.array([0, 95, 135, 175, 215, 255]) / 255
    channels = steps[[(color - 16) // 36, (color - 16) // 6 % 6, (color - 16) % 6]]
    linear = numpy.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


@pytest.mark.parametrize("color", [*explain.TOWARDS, *explain.AGAINST])
def test_colored_words_can_be_read_and_seen(color):
    light = _luminance(color) + 0.05
    assert light / (_luminance(explain.BLACK) + 0.05) >= 4.5  # WCAG's least for text
    assert light / 0.05 >= 3  # against a black terminal
    assert 1.05 / light >= 2  # against a white one
