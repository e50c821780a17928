"""A text to begin with finds its words in any spelling that a keyboard, a file system or an old phone gives it."""

import unicodedata
import warnings

import pytest

import tsuzuri
from tests.api.conftest import SMALL

DRAW = {"length": 5, "seed": 1, "device": "cpu"}
LINES = ["ガラスのびんと灯台。", "先生はガラスの灯台へ行く。"]


def train(folder, lines, **options):
    options = SMALL | {"epoch": 1, "batchsize": 2, "bproplen": 4, "sample_every": 0} | options
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tsuzuri.train(texts=["\n".join(lines * 20)], out=folder / "run", **options)


@pytest.fixture(scope="module")
def japanese(tmp_path_factory):
    return train(tmp_path_factory.mktemp("spelled"), LINES, tokens="mecab")


@pytest.fixture(scope="module")
def parted(tmp_path_factory):
    return train(tmp_path_factory.mktemp("parted"), ["先生 は 灯台 へ 行く 。", "灯台 の 先生 。"], tokens="auto")


def test_decomposed_letters_are_the_composed_ones_without_a_word(japanese):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        text = japanese.generate(unicodedata.normalize("NFD", "ガラス"), **DRAW)
    assert text == japanese.generate("ガラス", **DRAW)
    assert text.startswith("ガラス")


def test_half_width_letters_find_the_wide_ones(japanese):
    with pytest.warns(UserWarning, match="^ガラスの灯台 for ｶﾞﾗｽの灯台$"):
        text = japanese.generate("ｶﾞﾗｽの灯台", **DRAW)
    assert text == japanese.generate("ガラスの灯台", **DRAW)


def test_a_spelling_that_is_unknown_as_well_is_refused_as_it_was_written(japanese):
    with pytest.raises(tsuzuri.UserError, match=r"^'ﾎｰﾑｽﾞ': not a known word"):
        japanese.generate("ﾎｰﾑｽﾞ", **DRAW)


def test_words_that_came_parted_are_written_without_spaces(parted):
    assert parted.about["tokens"] == "wakati"
    text = parted.generate("先生 は 灯台", **DRAW)
    assert text.startswith("先生は灯台")
    assert " " not in text


def test_a_beginning_without_spaces_finds_words_that_came_parted(parted):
    with pytest.warns(UserWarning, match="^先生 は 灯台 for 先生は灯台$"):
        assert parted.generate("先生は灯台", **DRAW) == parted.generate("先生 は 灯台", **DRAW)
