"""Lines to words and back: exactly, for every line, by every tokenizer."""

import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import ROOT
from tsuzuri.text import aozora, tokenizers
from tsuzuri.text.encodings import decode

TOKENIZERS = {name: tokenizers.get_tokenizer(name) for name in tokenizers.NAMES}


def test_mecab_splits_japanese():
    line = "ホームズは静かに言った。"
    assert TOKENIZERS["mecab"].split(line) == ["ホームズ", "は", "静か", "に", "言っ", "た", "。"]


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
    assert TOKENIZERS["mecab"].split(line) == words
    assert TOKENIZERS["mecab"].join(words) == line


def test_the_rule_never_separates_what_stood_together():
    words = TOKENIZERS["mecab"].split("U.S.A.の3.14とabc123")
    assert TOKENIZERS["mecab"].join(words) == "U.S.A.の3.14とabc123"


def test_space_keeps_words_as_they_are():
    split = TOKENIZERS["space"].split
    assert split("the cat  sat\ton the mat. ") == ["the", "cat", "  ", "sat", "\t", "on", "the", "mat."]
    assert split("  no blank at an end ") == ["no", "blank", "at", "an", "end"]


HINDI, IN = "\u0939\u093f\u0928\u094d\u0926\u0940", "\u092e\u0947\u0902"
SHALOM, WORLD = "\u05e9\u05c1\u05b8\u05dc\u05d5\u05b9\u05dd", "\u05e2\u05d5\u05dc\u05dd"
HEART = "\u2764\ufe0f"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("It's a co-writer/director's film.", ["It's", "a", "co-writer", "/", "director's", "film", "."]),
        ("Well, yes -- no...  why?!!", ["Well", ",", " ", "yes", " ", "--", " ", "no", "...", "  ", "why", "?", "!!"]),
        ("$1,000.50 in the '90s, 1.", ["$", "1,000.50", "in", "the", " ", "'", "90s", ",", " ", "1", "."]),
        ("(a) 'quoted' dogs'", ["(", "a", ")", " ", "'", "quoted", "'", " ", "dogs", "'"]),
        ("no.5", ["no", ".", "5"]),
        ("from U.S.", ["from", "U", ".", "S", "."]),
        ("moore 's film wo n't , 'll", ["moore", "'s", "film", "wo", "n't", " ", ",", "'ll"]),
        ("a . . b ' 'snow", ["a", " ", ".", ".", " ", "b", " ", "'", "'", "snow"]),
        (
            "snake_case __init__ e\u0301te\u0301",
            ["snake", "_", "case", " ", "__", "init", "__", " ", "e\u0301te\u0301"],
        ),
        (" a\u3000b\tc ", [" ", "a", "\u3000", "b", "\t", "c", " "]),
        ("\u0939\u093f\u0928\u094d\u0926\u0940 \u092e\u0947\u0902, \u0964", [HINDI, IN, ",", " ", "\u0964"]),
        ("\u05e9\u05c1\u05b8\u05dc\u05d5\u05b9\u05dd \u05e2\u05d5\u05dc\u05dd!", [SHALOM, WORLD, "!"]),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", ["\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"]),
        ("\U00011103\U00011127\U00011133\U00011103 a", ["\U00011103\U00011127\U00011133\U00011103", "a"]),
        (
            "love\u2764\ufe0f \u2764\ufe0fgood !!\u0301 !",
            ["love", HEART, " ", HEART, "good", " ", "!!\u0301", " ", "!"],
        ),
    ],
)
def test_english_words(line, words):
    assert TOKENIZERS["english"].split(line) == words
    assert TOKENIZERS["english"].join(words) == line


def test_every_mark_of_unicode_stays_with_its_word():
    marks = [c for c in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(c) in ("Mn", "Mc")]
    words = [f"a{mark}b{mark}" for mark in marks]
    assert len(marks) > 2000
    assert TOKENIZERS["english"].split(" ".join(words)) == words


SIGNS = st.sampled_from(["a", "don't", "12", "3.5", "co-op", ",", ".", "...", "!!", "(", "'", "_", "'s", "n't", "é"])


@given(st.lists(st.tuples(SIGNS, st.sampled_from([" ", "  ", "\t"]))))
def test_english_words_are_the_same_however_they_are_separated(separated):
    words = [word for word, _ in separated]
    for line in (" ".join(words), "".join(word + gap for word, gap in separated)):
        assert [word for word in TOKENIZERS["english"].split(line) if not word.isspace()] == words


def test_english_splits_reviews_as_their_authors_did(shared):
    split = TOKENIZERS["english"].split
    lines = (shared / "sentiment" / "stsa.fine.dev").read_text(encoding="utf-8").split("\n")
    ours = [word for line in lines for word in split(line) if not word.isspace()]
    theirs = " ".join(lines).split()
    assert 0.98 < len(theirs) / len(ours) < 1
    natural = [line.replace(" ,", ",").replace(" .", ".") for line in lines]
    assert [word for line in natural for word in split(line) if not word.isspace()] == ours


EXACT = [name for name in tokenizers.NAMES if name != "wakati"]  # which leaves out what parts the words
LINES = st.one_of(
    st.text(st.sampled_from("あ漢ア。、「」！　 Aé1.,()'\"-\t"), max_size=40),
    st.text(st.sampled_from("as 's1.,-_'’\u0301Ⓐⓐ \n\x85"), max_size=40),
    st.text(st.sampled_from("a's '!_ \u0301\u0939\u093f\u05dc\u05b9\u200d\u2764\ufe0f\U00011127"), max_size=40),
    st.text(st.sampled_from("👍🏽👨\u200d👩❤\ufe0f🇯🇵1\u20e3e\u0301か\u3099 　!'s葛\U000e0100ｶﾞ★"), max_size=40),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40),
)


@pytest.mark.parametrize("name", EXACT)
@given(line=LINES)
@settings(max_examples=150, deadline=None)
def test_join_undoes_split(name, line):
    words = TOKENIZERS[name].split(line)
    assert TOKENIZERS[name].join(words) == (line.strip(" ") if name == "space" else line)
    assert all(words)


@pytest.mark.parametrize("count", [60, pytest.param(3000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", EXACT)
def test_join_undoes_split_on_real_text(shared, rng, name, count):
    """So many lines of each file, from anywhere in it."""
    files = [shared / "lm_tinyshakespeare" / "input.txt", shared / "lm_wikitext2" / "valid.txt"]
    files += [shared / "sentiment" / "stsa.fine.test"]
    files += sorted((shared / "aozora_edge").iterdir()) + sorted((ROOT / "corpus" / "stories").iterdir())
    for path in files:
        text = decode(path.read_bytes()).text
        lines = aozora.clean_aozora(text).lines if aozora.is_aozora(text) else text.split("\n")
        start = rng.integers(max(1, len(lines) - count + 1))
        for line in lines[start : start + count]:
            again = TOKENIZERS[name].join(TOKENIZERS[name].split(line))
            assert again == (line.strip(" ") if name == "space" else line)


@pytest.mark.parametrize(
    "line",
    [
        "吾輩は猫である。" * 2_000,
        "吾輩は猫である" * 2_000,
        "a" * 3_000,
        "あ " * 3_000,
        pytest.param("吾輩は猫である。" * 120_000, marks=pytest.mark.slow),
    ],
    ids=lambda line: f"{line[:9]} {len(line)}",
)
def test_lines_of_any_length(line):
    assert TOKENIZERS["mecab"].join(TOKENIZERS["mecab"].split(line)) == line


@pytest.mark.parametrize("line", ["吾輩は猫。" * 1_000, "吾輩は猫" * 1_000, "あ。" * tokenizers.LONGEST])
def test_mecab_is_never_given_more_than_it_can_take(monkeypatch, line):
    lengths = []

    class Tagger:
        def parse(self, part):
            lengths.append(len(part))
            return " ".join(part) + " \n"

    monkeypatch.setattr(tokenizers, "open_tagger", lambda settings, made: (Tagger(), ""))
    mecab = tokenizers.get_tokenizer("mecab")
    assert mecab.split(line) == list(line)
    assert sum(lengths) == len(line)
    assert max(lengths) <= tokenizers.LONGEST
