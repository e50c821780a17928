"""Lines to words and back: exactly, for every line, by every tokeniser."""

import builtins

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus import aozora, tokenise
from corpus.reader import decode
from errors import UserError
from tests.conftest import ROOT

TOKENISERS = {name: tokenise.tokeniser(name) for name in tokenise.NAMES}


def test_mecab_splits_japanese():
    line = "ホームズは静かに言った。"
    assert TOKENISERS["mecab"].split(line) == ["ホームズ", "は", "静か", "に", "言っ", "た", "。"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("Sherlock Holmesは言った", ["Sherlock", "Holmes", "は", "言っ", "た"]),
        ("彼は Holmes だ", ["彼", "は", " ", "Holmes", " ", "だ"]),
        ("何と！　部屋", ["何", "と", "！", "\u3000", "部屋"]),
        ("a  b", ["a", "  ", "b"]),
        ("", []),
    ],
)
def test_white_space_is_a_word_only_where_the_rule_does_not_put_it(line, words):
    assert TOKENISERS["mecab"].split(line) == words
    assert TOKENISERS["mecab"].join(words) == line


def test_the_rule_never_parts_what_stood_together():
    words = TOKENISERS["mecab"].split("U.S.A.の3.14とabc123")
    assert TOKENISERS["mecab"].join(words) == "U.S.A.の3.14とabc123"


def test_space_keeps_words_as_they_are():
    split = TOKENISERS["space"].split
    assert split("the cat  sat\ton the mat. ") == ["the", "cat", "  ", "sat", "\t", "on", "the", "mat.", " "]


LINES = st.one_of(
    st.text(st.sampled_from("あ漢ア。、「」！　 Aé1.,()'\"-\t"), max_size=40),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40),
)


@pytest.mark.parametrize("name", tokenise.NAMES)
@given(line=LINES)
@settings(max_examples=400, deadline=None)
def test_join_undoes_split(name, line):
    words = TOKENISERS[name].split(line)
    assert TOKENISERS[name].join(words) == line
    assert all(words)


@pytest.mark.parametrize("name", tokenise.NAMES)
def test_join_undoes_split_on_real_text(shared, name):
    files = [shared / "lm_tinyshakespeare" / "input.txt", shared / "lm_wikitext2" / "valid.txt"]
    files += sorted((shared / "aozora_edge").iterdir()) + sorted((ROOT / "corpus" / "samples" / "stories").iterdir())
    for path in files:
        text = decode(path.read_bytes())
        lines = aozora.clean(text).lines if aozora.is_aozora(text) else text.split("\n")[:3000]
        for line in lines:
            assert TOKENISERS[name].join(TOKENISERS[name].split(line)) == line


@pytest.mark.parametrize(
    ("sample", "name"),
    [
        ("吾輩は猫である。名前はまだ無い。", "mecab"),
        ("Sherlock Holmesは言った。", "mecab"),
        ("To be, or not to be: that is the question.", "space"),
        ("天地玄黄宇宙洪荒", "mecab"),
        ("MTVLSPADKTNVKAAWGKVGAHAGEYGAEALERMFLSFPTTKTYFPHF", "char"),
    ],
)
def test_choose_by_the_text(sample, name):
    assert tokenise.choose(sample) == name


def test_sentence_ends():
    for word in ("。", "！", "said.", 'said."', "。」"):
        assert tokenise.ends_sentence(word)
    for word in ("、", "は", "」", "", "…", "……", "…」"):
        assert not tokenise.ends_sentence(word)
    assert tokenise.closes("」")
    assert tokenise.closes('"')
    assert not tokenise.closes("は」")


@pytest.mark.parametrize("line", ["吾輩は猫である。" * 120_000, "吾輩は猫である" * 5_000, "a" * 20_000, "あ " * 5_000])
def test_lines_of_any_length(line):
    assert TOKENISERS["mecab"].join(TOKENISERS["mecab"].split(line)) == line


def test_a_missing_dictionary_tells_the_command_that_mends_it(monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "unidic_lite":
            raise ImportError("No module named 'unidic_lite'")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UserError, match="python -m pip install mecab-python3 unidic-lite"):
        tokenise.tokeniser("mecab")


def test_a_broken_dictionary_is_one_line(monkeypatch, tmp_path):
    import unidic_lite

    monkeypatch.setattr(unidic_lite, "DICDIR", str(tmp_path))
    with pytest.raises(UserError, match="cannot open its dictionary in") as error:
        tokenise.tokeniser("mecab")
    assert "\n" not in str(error.value)
