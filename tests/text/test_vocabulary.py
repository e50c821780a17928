"""Words and their ids: their order, the file they are kept in, and the nearest of them."""

from collections import Counter

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tsuzuri.errors import UserError
from tsuzuri.text import vocabulary


def test_ids_go_by_frequency_then_by_word():
    vocab = vocabulary.build_vocabulary(Counter({"い": 2, "あ": 2, "う": 5, "え": 1, "<unk>": 9}), least=2)
    assert vocab.words == ["<eos>", "<unk>", "う", "あ", "い"]
    assert vocabulary.build_vocabulary(Counter({"い": 2, "あ": 2, "う": 5}), most=4).words == [
        "<eos>",
        "<unk>",
        "う",
        "あ",
    ]
    assert vocab.encode(["う", "え", "あ"]).tolist() == [2, 1, 3]
    assert vocab.encode(["う"]).dtype == numpy.int32


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), unique=True))
def test_odd_words_survive_the_file(tmp_path_factory, words):
    words = [*vocabulary.SPECIAL, *(word for word in words if word not in vocabulary.SPECIAL)]
    path = tmp_path_factory.mktemp("v") / "vocabulary.txt"
    path.write_bytes(vocabulary.Vocabulary(words).dump())
    assert vocabulary.load_vocabulary(path).words == words
    assert path.read_bytes().count(b"\n") == len(words)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"<eos>\n<unk>\na\na\n", "holds 'a' twice"),
        (b"a\nb\n", "does not begin with <eos> and <unk>"),
        (b"", "does not begin"),
        (b"\xff\xfe", "not a vocabulary"),
    ],
)
def test_what_is_no_vocabulary(tmp_path, data, reason):
    path = tmp_path / "vocabulary.txt"
    path.write_bytes(data)
    with pytest.raises(UserError, match=reason):
        vocabulary.load_vocabulary(path)
    with pytest.raises(UserError, match=r"none: no such file$"):
        vocabulary.load_vocabulary(tmp_path / "none")


def test_nearest_words():
    vocab = vocabulary.Vocabulary([*vocabulary.SPECIAL, "の", "ホームズ", "ワトソン", "ホーム"])
    assert vocab.nearest("ホムズ")[0] == "ホームズ"
    assert vocab.nearest("トン")[0] == "ワトソン"
    assert vocab.nearest("ズのxyz", 2) == ["の", "ホームズ"]
    assert vocab.nearest("xyz") == []
    assert "<unk>" not in vocab.nearest("<unk>")


@pytest.mark.parametrize(
    ("words", "examples"),
    [
        ("、 の 。 た 一 言っ 先生 それから ホームズ 、、", "先生 ホームズ"),
        (". the , of lighthouse and 12345 harbor", "lighthouse harbor"),
        (", the of 1 and", "the of and"),
        (", . 12", ", . 12"),
        ("ab あいうえお", "ab あいうえお"),
    ],
)
def test_examples_are_words_with_a_meaning(words, examples):
    vocab = vocabulary.Vocabulary([*vocabulary.SPECIAL, *words.split()])
    assert vocab.examples() == examples.split()
    assert vocab.examples(2) == examples.split()[:2]


def test_words_that_are_known_are_kept():
    """Seen once they are as good as the frequent ones; those that are not seen come last, in their order."""
    counts, known = {"b": 2, "a": 1, "e": 0, "c": 5, "d": 1}, ["<eos>", "<unk>", "z", "d", "e"]
    words = vocabulary.build_vocabulary(counts, 2, known=known).words
    assert words == ["<eos>", "<unk>", "c", "b", "d", "z", "e"]
    for most in range(2, 8):
        cut = vocabulary.build_vocabulary(counts, 2, most, known).words
        assert cut == words[:most]
        assert vocabulary.build_vocabulary(counts, 2, most, cut).words == cut  # as where a training goes on
