"""Texts to ids: n-grams, hashing, padding and one-hot rows, worked by hand."""

import hashlib

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.text.encoded import CATS, NUM_WORDS, SEQUENCES
from tsuzuri.text import encoders
from tsuzuri.text.vocabulary import Vocabulary

ENDS = st.sampled_from(encoders.ENDS)


@pytest.mark.parametrize(
    ("words", "n", "wanted"),
    [
        (["a", "b", "c"], 1, ["a", "b", "c"]),
        (["a", "b", "c"], 2, ["a", "b", "c", "a b", "b c"]),
        (["a", "b", "c"], 9, ["a", "b", "c", "a b", "b c", "a b c"]),
        ("abc", 3, ["a", "b", "c", "ab", "bc", "abc"]),
        ([], 2, []),
        ("", 2, []),
    ],
)
def test_ngrams(words, n, wanted):
    assert encoders.ngrams(words, n) == wanted


@settings(deadline=None, max_examples=50)
@given(st.lists(st.sampled_from("abc")), st.integers(1, 5))
def test_a_text_of_so_many_words_has_so_many_grams(words, n):
    grams = encoders.ngrams(words, n)
    assert len(grams) == sum(max(0, len(words) - size + 1) for size in range(1, n + 1))
    assert all(gram in " ".join(words) for gram in grams)
    assert encoders.ngrams("".join(words), n) == [gram.replace(" ", "") for gram in grams]


def test_words_become_ids_and_unknown_words_one():
    known = Vocabulary(["<eos>", "<unk>", "the", "cat"])
    result = encoders.texts_to_sequences([*CATS, "the"], known)
    assert [ids.tolist() for ids in result] == [[2, 3, 1, 1, 2, 1], [2, 1, 1], [], [1, 1, 1]]
    assert {ids.dtype for ids in result} == {numpy.dtype("int32")}


@settings(deadline=None, max_examples=50)
@given(st.lists(st.text(max_size=5), max_size=5), st.integers(2, 2**31))
def test_hashed_ids_are_the_words_own_and_leave_zero_free(words, n):
    ids = encoders.hashing_trick(words, n)
    assert ids.dtype == numpy.int32
    assert ids.tolist() == [int(hashlib.md5(word.encode()).hexdigest(), 16) % (n - 1) + 1 for word in words]
    assert all(0 < i < n for i in ids)


def test_hashed_ids_are_those_that_keras_gives():
    """Of Keras 3.15.1: hashing_trick("猫 cat 00_90_4050", 2**20, "md5", filters="", lower=False)."""
    assert encoders.hashing_trick(["猫", "cat", "00_90_4050"], 2**20).tolist() == [794470, 281658, 418977]


def test_half_a_surrogate_pair_is_hashed_as_any_word():
    ids = encoders.hashing_trick(["\ud83d", "\ude00", "cat"], 2**20)
    assert ids.tolist()[2] == 281658
    assert len(set(ids.tolist())) == 3


def test_numbers_that_are_no_ids_are_padded_where_they_are_asked_for():
    assert encoders.pad_sequences([[1.7, 2], []], dtype="d").tolist() == [[1.7, 2], [0, 0]]


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({}, [[0, 0, 0, 1], [0, 0, 0, 0], [2, 3, 4, 5]]),
        ({"padding": "post"}, [[1, 0, 0, 0], [0, 0, 0, 0], [2, 3, 4, 5]]),
        ({"maxlen": 2}, [[0, 1], [0, 0], [4, 5]]),
        ({"maxlen": 2, "truncating": "post"}, [[0, 1], [0, 0], [2, 3]]),
        ({"maxlen": 2, "padding": "post", "value": 9}, [[1, 9], [9, 9], [4, 5]]),
        ({"maxlen": 5, "padding": "post"}, [[1, 0, 0, 0, 0], [0, 0, 0, 0, 0], [2, 3, 4, 5, 0]]),
        ({"maxlen": 0}, [[], [], []]),
    ],
    ids=str,
)
def test_pad_sequences(options, wanted):
    result = encoders.pad_sequences([[1], [], [2, 3, 4, 5]], **options)
    assert result.tolist() == wanted
    assert result.dtype == numpy.int32
    assert encoders.pad_sequences([numpy.array(ids) for ids in ([1], [], [2, 3, 4, 5])], **options).tolist() == wanted


@settings(deadline=None, max_examples=50)
@given(SEQUENCES, st.none() | st.integers(0, 15), ENDS, ENDS)
def test_a_padded_row_is_its_text_or_one_end_of_it(sequences, maxlen, padding, truncating):
    padded = encoders.pad_sequences(sequences, maxlen, padding=padding, truncating=truncating, value=-1)
    longest = max(map(len, sequences), default=0)
    assert padded.shape == (len(sequences), longest if maxlen is None else maxlen)
    for row, ids in zip(padded.tolist(), sequences, strict=True):
        size = min(len(ids), padded.shape[1])
        kept = ids[:size] if truncating == "post" else ids[len(ids) - size :]
        blank = [-1] * (padded.shape[1] - size)
        assert row == (kept + blank if padding == "post" else blank + kept)


def test_one_hot_by_words_and_by_characters():
    known = Vocabulary(["<eos>", "<unk>", "猫", "が"])
    wanted = [[[0, 0, 1, 0], [0, 0, 0, 1]], [[0, 1, 0, 0], [0, 0, 0, 0]]]
    for texts in ([["猫", "が"], ["犬"]], ["猫が", "犬"]):
        result = encoders.one_hot(encoders.texts_to_sequences(texts, known), len(known))
        assert result.tolist() == wanted
        assert result.dtype == numpy.float32


@settings(deadline=None, max_examples=50)
@given(SEQUENCES, st.none() | st.integers(0, 15), ENDS, ENDS)
def test_one_hot_read_back_is_the_padded_ids(sequences, maxlen, padding, truncating):
    options = {"maxlen": maxlen, "padding": padding, "truncating": truncating}
    hot = encoders.one_hot(sequences, NUM_WORDS, **options)
    assert set(hot.ravel().tolist()) <= {0, 1}
    padded = encoders.pad_sequences(sequences, value=-1, **options)
    assert (hot.sum(axis=2) == (padded >= 0)).all()
    assert (numpy.where(padded >= 0, hot @ numpy.arange(NUM_WORDS), -1) == padded).all()
