"""The encoders of texts are held equal to Keras and scikit-learn where these are."""

import importlib.util
import itertools
import pathlib
import runpy
import sys
import types

import numpy
import pytest

from tests.text.encoded import MODES, some_texts
from tsuzuri.text import encoders
from tsuzuri.text.vocabulary import EOS


def keras(path):
    """The names in one file of Keras, which needs but NumPy: all of Keras would need a backend and its seconds."""
    spec = importlib.util.find_spec("keras") or pytest.skip("Keras is not installed")
    export = types.SimpleNamespace(keras_export=lambda names: lambda thing: thing)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "keras.src.api_export", export)
        return types.SimpleNamespace(**runpy.run_path(pathlib.Path(spec.origin).parent / "src" / path))


@pytest.fixture(scope="module")
def keras_text():
    return keras("legacy/preprocessing/text.py")


@pytest.fixture(scope="module")
def keras_pad():
    return keras("utils/sequence_utils.py").pad_sequences


@pytest.fixture
def sklearn():
    pytest.importorskip("scipy.sparse")
    return pytest.importorskip("sklearn.feature_extraction.text")


@pytest.mark.parametrize(
    ("n", "characters", "num_words"),  # of grams all: many are as common as others, and which are cut is not the same
    [(1, False, None), (1, False, 2), (1, False, 12), (3, False, None), (1, True, None), (1, True, 12)],
)
def test_a_bag_is_that_of_keras(rng, keras_text, n, characters, num_words):
    fitted, unseen = some_texts(rng, characters)
    theirs = keras_text.Tokenizer(num_words, lower=False, char_level=characters, oov_token="<unk>")
    theirs.fit_on_texts(fitted if n == 1 else [encoders.ngrams(text, n) for text in fitted])
    bag = encoders.Bag(fitted, num_words, n)
    order = [EOS, *(theirs.word_index[word] for word in bag.vocabulary.words[1:])]
    assert n > 1 or order == list(range(len(order)))
    for texts in (fitted, unseen):
        grams = texts if n == 1 else [encoders.ngrams(text, n) for text in texts]
        for mode in MODES:
            wanted = theirs.texts_to_matrix(grams, mode)[:, order]
            assert bag.texts_to_matrix(texts, mode, dtype="d") == pytest.approx(wanted, rel=1e-12), mode
        assert n > 1 or [ids.tolist() for ids in bag.texts_to_sequences(texts)] == theirs.texts_to_sequences(grams)


def test_hashed_ids_are_those_of_keras(rng, keras_text):
    for text in some_texts(rng)[0]:
        for n in (2, 50, int(rng.integers(2, 2**31))):
            wanted = keras_text.hashing_trick(" ".join(text), n, "md5", filters="", lower=False)
            assert encoders.hashing_trick(text, n).tolist() == wanted


@pytest.mark.parametrize("dtype", ["int32", "d"])
def test_padding_is_that_of_keras(rng, keras_pad, dtype):
    sequences = [rng.integers(0, 99, rng.integers(0, 9)).tolist() for _ in range(12)]
    for maxlen, padding, truncating in itertools.product([None, 1, 5, 20], encoders.ENDS, encoders.ENDS):
        options = {"maxlen": maxlen, "padding": padding, "truncating": truncating, "dtype": dtype, "value": 7}
        result, wanted = encoders.pad_sequences(sequences, **options), keras_pad(sequences, **options)
        assert result.dtype == wanted.dtype
        assert (result == wanted).all()


def test_a_bag_is_that_of_scikit_learn(rng, sklearn):
    n, characters = [(1, False), (2, False), (1, True), (3, True)][rng.integers(4)]
    print("n", n, "characters", characters)
    fitted, unseen = some_texts(rng, characters)
    split = list if characters else str.split
    options = {
        "analyzer": "char" if characters else "word",
        "tokenizer": None if characters else split,
        "lowercase": False,
    }
    options |= {"ngram_range": (1, n), "token_pattern": None}
    joined, more = ([text if characters else " ".join(text) for text in texts] for texts in (fitted, unseen))
    bag = encoders.Bag(fitted, n=n)
    theirs = {
        "count": sklearn.CountVectorizer(**options),
        "binary": sklearn.CountVectorizer(binary=True, **options),
        "tfidf": sklearn.TfidfVectorizer(sublinear_tf=True, use_idf=False, norm=None, **options),
    }
    for mode, vectorizer in theirs.items():
        vectorizer.fit(joined)
        known = bag.vocabulary.words[2:]
        assert set(known) == set(vectorizer.vocabulary_)
        order = [vectorizer.vocabulary_[word] for word in known]
        for ours, texts in ((fitted, joined), (unseen, more)):
            result = bag.texts_to_matrix(ours, mode, dtype="d", sparse=True).toarray()[:, 2:]
            wanted = vectorizer.transform(texts).toarray()[:, order]
            assert result / (bag.idf[2:] if mode == "tfidf" else 1) == pytest.approx(wanted, rel=1e-12)


def test_a_share_is_scikit_learns_l1_norm_and_idf_counts_its_texts(rng, sklearn):
    fitted, _ = some_texts(rng)
    theirs = sklearn.TfidfVectorizer(analyzer=list, norm="l1", use_idf=False).fit(fitted)
    bag = encoders.Bag(fitted)
    order = [theirs.vocabulary_[word] for word in bag.vocabulary.words[2:]]
    assert bag.texts_to_matrix(fitted, "freq", dtype="d")[:, 2:] == pytest.approx(
        theirs.transform(fitted).toarray()[:, order], rel=1e-12
    )
    smooth = sklearn.TfidfVectorizer(analyzer=list).fit(fitted).idf_[order]  # ln((1 + texts) / (1 + holders)) + 1
    holders = (1 + len(fitted)) / numpy.exp(smooth - 1)  # and 1
    assert bag.idf[2:] == pytest.approx(numpy.log(1 + len(fitted) / holders), rel=1e-12)


@pytest.mark.slow
def test_scikit_learn_learns_from_a_sparse_bag(sklearn):
    svm = pytest.importorskip("sklearn.svm")
    texts = [["good", "film"], ["bad", "film"]] * 5
    bag = encoders.Bag(texts)
    model = svm.LinearSVC().fit(bag.texts_to_matrix(texts, "tfidf", sparse=True), [1, 0] * 5)
    assert model.predict(bag.texts_to_matrix([["a", "good", "one"], ["bad"]], "tfidf", sparse=True)).tolist() == [1, 0]
