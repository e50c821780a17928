"""MeCab's dictionaries: where another tokenizer makes the words they are refused, or said to do nothing."""

import pytest

import tsuzuri
from tests.api.conftest import PAIRS, SMALL, SORTING, TEXT

NAMES = [{"dictionary": "unidic-lite"}, {"user_dictionary": "mine.dic"}]


@pytest.mark.parametrize("named", NAMES)
def test_beside_another_tokenizer_they_are_refused(tmp_path, named):
    (name,) = named
    told = rf'^{name}: is for tokens="mecab", and tokens is space$'
    with pytest.raises(tsuzuri.UserError, match=told):
        tsuzuri.train(texts=[TEXT], out=tmp_path / "run", **SMALL, **named)
    with pytest.raises(tsuzuri.UserError, match=told):
        tsuzuri.train_classifier(PAIRS, tmp_path / "run", **SORTING, **named)
    assert not (tmp_path / "run" / "run.json").exists()


def test_for_texts_that_need_none_a_warning_says_so(tmp_path):
    told = r'^warning dictionary does nothing here: these texts are split by english \(tokens="mecab" asks for it\)$'
    small, sorting = ({**options, "tokens": "auto", "epoch": 1} for options in (SMALL, SORTING))
    with pytest.warns(UserWarning, match=told):
        tsuzuri.train(texts=["The cat sees the dog.\n" * 60], out=tmp_path / "a", dictionary="unidic-lite", **small)
    with pytest.warns(UserWarning, match=told):
        tsuzuri.train_classifier(PAIRS, tmp_path / "b", dictionary="unidic-lite", **sorting)


def test_for_mecab_they_are_taken(tmp_path, recwarn):
    for tokens in ("mecab", "auto"):
        options = {**SMALL, "tokens": tokens, "epoch": 1, "dictionary": "unidic-lite"}
        run = tsuzuri.train(texts=["猫は犬を見た。\n犬は鳥を見た。\n" * 60], out=tmp_path / tokens, **options)
        assert run.about["tokens"] == "mecab"
    assert not [warning for warning in recwarn if "dictionary" in str(warning.message)]
