"""Bags of words, dense and sparse: worked by hand, and by a slow twin."""

import math
import sys
from collections import Counter

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.text.encoded import CATS, MODES, NUM_WORDS, SEQUENCES
from tsuzuri.errors import UserError
from tsuzuri.text import encoders, tokenizers
from tsuzuri.text.vocabulary import UNK


@pytest.fixture
def sparse():
    return pytest.importorskip("scipy.sparse")


def by_hand(sequences, mode, idf):
    """The slow twin of ``sequences_to_matrix``: one number at a time."""
    matrix = numpy.zeros((len(sequences), NUM_WORDS))
    for row, ids in zip(matrix, sequences, strict=True):
        for i, c in Counter(ids).items():
            of = {"binary": 1, "count": c, "freq": c / len(ids), "tfidf": (1 + math.log(c)) * idf[i]}
            row[i] = of[mode]
    return matrix


def test_texts_may_come_from_a_generator():
    def once(things):
        return (thing for thing in things)

    bag, same = encoders.Bag(once(CATS)), encoders.Bag(CATS)
    assert bag.vocabulary.words == same.vocabulary.words
    assert bag.idf.tolist() == same.idf.tolist()
    assert bag.texts_to_matrix(once(CATS), "count").tolist() == same.texts_to_matrix(CATS, "count").tolist()
    ids = [[1], [], [2, 3]]
    assert encoders.pad_sequences(once(ids)).tolist() == [[0, 1], [0, 0], [2, 3]]
    assert encoders.one_hot(once(ids), 4).tolist() == encoders.one_hot(ids, 4).tolist()
    assert encoders.sequences_to_matrix(once(ids), 4).tolist() == encoders.sequences_to_matrix(ids, 4).tolist()


@settings(deadline=None, max_examples=50)
@given(SEQUENCES, st.sampled_from(MODES), st.lists(st.floats(0, 9), min_size=NUM_WORDS, max_size=NUM_WORDS))
def test_a_bag_is_that_of_its_slow_twin(sequences, mode, idf):
    result = encoders.sequences_to_matrix(sequences, NUM_WORDS, mode, idf, dtype="d")
    assert result == pytest.approx(by_hand(sequences, mode, idf), rel=1e-14)
    assert result.dtype == numpy.float64


@pytest.mark.parametrize("mode", MODES)
def test_sparse_is_what_dense_is(rng, sparse, mode):
    sequences = [rng.integers(0, NUM_WORDS, length) for length in (0, 5, 40, 0, 1, 0)]
    idf = rng.random(NUM_WORDS)
    for texts in (sequences, sequences[:1], []):
        dense, thin = (encoders.sequences_to_matrix(texts, NUM_WORDS, mode, idf, sparse=s) for s in (False, True))
        assert isinstance(thin, sparse.csr_array)
        assert thin.dtype == dense.dtype == numpy.float32
        assert thin.shape == dense.shape
        assert (thin.toarray() == dense).all()
        assert thin.nnz == (dense != 0).sum()
        assert thin.indices.dtype == thin.indptr.dtype == numpy.int32


@pytest.mark.parametrize("maxlen", [None, 3, 50])
def test_sparse_one_hot_has_the_rows_of_the_dense(rng, sparse, maxlen):
    sequences = [rng.integers(0, NUM_WORDS, length) for length in (4, 0, 7)]
    dense, thin = (encoders.one_hot(sequences, NUM_WORDS, maxlen, sparse=s) for s in (False, True))
    assert isinstance(thin, sparse.csr_array)
    assert (thin.toarray().reshape(dense.shape) == dense).all()


def test_sparse_is_made_where_dense_is_refused(sparse):
    many = 2**31
    ids = [encoders.hashing_trick(text, many) for text in CATS]
    with pytest.raises(UserError, match=r"^a dense array of 3 x 2147483648 takes 25769803776 bytes; .*sparse=True$"):
        encoders.sequences_to_matrix(ids, many)
    assert encoders.sequences_to_matrix(ids, many, "count", sparse=True).sum(axis=1).tolist() == [6, 3, 0]


def test_a_bag_of_words():
    bag = encoders.Bag(CATS)
    assert bag.vocabulary.words == ["<eos>", "<unk>", "the", "ate", "cat", "dog", "mat", "on", "sat"]
    assert bag.idf == pytest.approx([math.log(4)] * 2 + [math.log(2)] + [math.log(2.5)] * 6)
    texts = [["the", "owl", "and", "the", "cat"], []]
    assert [ids.tolist() for ids in bag.texts_to_sequences(texts)] == [[2, 1, 1, 2, 4], []]
    wanted = {
        "binary": [0, 1, 1, 0, 1, 0, 0, 0, 0],
        "count": [0, 2, 2, 0, 1, 0, 0, 0, 0],
        "freq": [0, 0.4, 0.4, 0, 0.2, 0, 0, 0, 0],
        "tfidf": [0, (1 + math.log(2)) * math.log(4), (1 + math.log(2)) * math.log(2), 0, math.log(2.5), 0, 0, 0, 0],
    }
    for mode, row in wanted.items():
        result = bag.texts_to_matrix(texts, mode)
        assert result == pytest.approx(numpy.array([row, [0] * 9]), rel=1e-6)


def test_a_bag_of_characters_and_of_ngrams():
    assert encoders.Bag(["たたみ"]).vocabulary.words == ["<eos>", "<unk>", "た", "み"]
    bag = encoders.Bag(["たたみ"], n=2)
    assert bag.vocabulary.words == ["<eos>", "<unk>", "た", "たた", "たみ", "み"]
    assert bag.texts_to_matrix(["みたた"], "count").tolist() == [[0, 1, 2, 1, 0, 1]]  # みた is unknown


@pytest.mark.parametrize(("num_words", "wanted"), [(4, ["the", "ate"]), (3, ["the"]), (2, [])])
def test_a_bag_keeps_the_commonest(num_words, wanted):
    bag = encoders.Bag(CATS, num_words)
    assert bag.vocabulary.words[2:] == wanted
    rest = 6 - CATS[0].count("the") * ("the" in wanted)
    assert bag.texts_to_matrix(CATS[:1], "count")[0, UNK] == rest
    assert bag.texts_to_matrix(CATS[:1], "count").shape == (1, num_words)


def test_a_bag_of_what_a_tokenizer_gives():
    split = tokenizers.get_tokenizer("space").split
    bag = encoders.Bag([split("to be or not to be")])
    result = bag.texts_to_matrix([split("be not")], "count")
    assert {word: result[0, i] for word, i in bag.vocabulary.ids.items() if result[0, i]} == {"be": 1, "not": 1}


def test_a_bag_is_that_which_keras_gave():
    """Of Keras 3.15.1: Tokenizer(4, oov_token="<unk>") fitted to the same, on a text with two unknowns."""
    bag = encoders.Bag([*CATS, ["ate"]], 4)
    theirs = {
        "binary": [0, 1, 1, 1],
        "count": [0, 2, 2, 1],
        "freq": [0, 0.4, 0.4, 0.2],
        "tfidf": [0, 2.725015263724081, 1.4345999834090677, 0.8472978603872034],
    }
    for mode, wanted in theirs.items():
        result = bag.texts_to_matrix([["the", "the", "ate", "owl", "dog"]], mode, dtype="d")
        assert result[0] == pytest.approx(wanted, rel=1e-12)


def test_sparse_without_scipy_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.sparse", None)
    with pytest.raises(UserError, match=r"^sparse=True needs SciPy \(.*\): run 'python -m pip install scipy'$"):
        encoders.sequences_to_matrix([[1]], 4, sparse=True)
    assert encoders.sequences_to_matrix([[1]], 4).tolist() == [[0, 1, 0, 0]]
