"""What a text begins with: blanks that the model does not know, unknown words, and no text, as Python is told."""

import re
import warnings

import pytest

import tsuzuri
from tests.api.conftest import SMALL

LINES = ["灯台の灯が海を照らす。", "先生は灯台へ行く。", "海の先生は灯台を見る。"]
DRAW = {"length": 5, "seed": 1, "device": "cpu"}


@pytest.fixture(scope="module")
def japanese(tmp_path_factory):
    """A run on lines without a blank, split by MeCab."""
    options = {**SMALL, "tokens": "mecab", "epoch": 1, "batchsize": 2, "bproplen": 4, "sample_every": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tsuzuri.train(texts=["\n".join(LINES * 20)], out=tmp_path_factory.mktemp("blanks") / "run", **options)


@pytest.fixture(scope="module")
def spaced(tmp_path_factory):
    """A run on lines with a wide blank at their beginning, which is a word."""
    options = {**SMALL, "tokens": "mecab", "epoch": 1, "batchsize": 2, "bproplen": 4, "sample_every": 0}
    lines = ["　" + line for line in LINES * 20]
    return tsuzuri.train(texts=["\n".join(lines)], out=tmp_path_factory.mktemp("wide") / "run", **options)


@pytest.mark.parametrize("unknown", ["error", "skip", "nearest"])
@pytest.mark.parametrize("prime", ["灯台 海", " 灯台　海 ", "灯台 \t海"])
def test_a_blank_that_the_model_does_not_know_is_no_word(japanese, prime, unknown):
    wanted = japanese.generate("灯台海", **DRAW)
    with pytest.warns(UserWarning, match="^without blanks between words, which .*run does not know$") as caught:
        assert japanese.generate(prime, unk=unknown, **DRAW) == wanted
    assert len(caught) == 1
    assert wanted.startswith("灯台海")


def test_a_blank_that_the_model_knows_is_a_word(spaced):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert spaced.generate("　灯台", **DRAW).startswith("　灯台")


def test_words_that_are_like_an_unknown_one_are_named(japanese):
    message = r"'灯火': not a known word; .*run knows 灯, 灯台 \(unk=\"skip\" or unk=\"nearest\" goes on\)"
    with pytest.raises(tsuzuri.UserError, match=message):
        japanese.generate("灯火", **DRAW)
    with pytest.warns(UserWarning, match="^灯 for 灯火$"):
        assert japanese.generate("灯火", unk="nearest", **DRAW) == japanese.generate("灯", **DRAW)


@pytest.mark.parametrize("unknown", ["error", "nearest"])
def test_where_none_is_like_it_words_of_the_model_are_examples(japanese, unknown):
    examples = r"灯台, 先生 \(unk=\"skip\" goes on\)"
    message = rf"^'xyz': not a known word, and none is like it; .*run knows, for example, {examples}$"
    with pytest.raises(tsuzuri.UserError, match=message):
        japanese.generate("xyz", unk=unknown, **DRAW)


def test_a_long_word_is_cut(japanese):
    for unknown in ("error", "nearest"):
        with pytest.raises(tsuzuri.UserError, match=r"'x{59}…': not a known word") as caught:
            japanese.generate("x" * 5000, unk=unknown, **DRAW)
        assert len(str(caught.value)) < 400
    with pytest.warns(UserWarning, match="^without x{59}…$"):
        japanese.generate("灯台" + "x" * 5000, unk="skip", **DRAW)


@pytest.mark.parametrize("unknown", ["error", "skip", "nearest"])
def test_half_a_character_is_refused(japanese, text_run, unknown):
    for run in (japanese, text_run):
        place = re.escape(r"'灯台\udcff': character 3, '\udcff', is none of Unicode: must be text in UTF-8")
        with pytest.raises(tsuzuri.UserError, match=f"^{place}$"):
            run.generate("灯台\udcff", unk=unknown, **DRAW)


def test_a_prime_of_music_is_answered_in_pythons_words(music_run, tmp_path):
    with pytest.raises(
        tsuzuri.UserError, match=r'00_90_0150: not a known word; .*\(unk="skip" or unk="nearest" goes on'
    ):
        music_run.generate("00_90_0150", **DRAW)
    with pytest.raises(tsuzuri.UserError, match=r"^none\.mid: no such file$"):
        music_run.generate("none.mid", **DRAW)
    with pytest.raises(tsuzuri.UserError, match="is a folder, must be a MIDI file, a file of words"):
        music_run.generate(tmp_path, **DRAW)
    with pytest.raises(tsuzuri.UserError, match=r"word 1 to begin with, 'x{39}…', is not") as caught:
        music_run.generate("x" * 5000, **DRAW)
    assert len(str(caught.value)) < 200
