"""The encoders of texts: worked by hand, by slow twins, and held equal to Keras and scikit-learn where these are."""

import hashlib
import importlib.util
import itertools
import math
import pathlib
import runpy
import sys
import types
from collections import Counter

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tsuzuri.errors import UserError
from tsuzuri.text import encoders, tokenizers
from tsuzuri.text.vocabulary import EOS, UNK, Vocabulary

CATS = [["the", "cat", "sat", "on", "the", "mat"], ["the", "dog", "ate"], []]
NUM_WORDS = 9
MODES = list(encoders.MODES)
SEQUENCES = st.lists(st.lists(st.integers(0, NUM_WORDS - 1), max_size=12), max_size=6)
ENDS = st.sampled_from(encoders.ENDS)


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
def sparse():
    return pytest.importorskip("scipy.sparse")


@pytest.fixture
def sklearn():
    pytest.importorskip("scipy.sparse")
    return pytest.importorskip("sklearn.feature_extraction.text")


def some_texts(rng, characters=False):
    """Texts to count and others to encode, with words that are not in the first; no two words are as common."""
    words = [chr(ord("あ") + k) if characters else f"w{k}" for k in range(30)]
    pool = rng.permutation([word for k, word in enumerate(words[:20], 1) for _ in range(k)]).tolist()
    cuts = [0, 0, *sorted(rng.integers(0, len(pool), 20).tolist()), len(pool)]
    fitted = [pool[a:b] for a, b in itertools.pairwise(cuts)]
    unseen = [rng.choice(words, rng.integers(1, 30)).tolist() for _ in range(10)] + [[]]
    if characters:
        return ["".join(text) for text in fitted], ["".join(text) for text in unseen]
    return fitted, unseen


def by_hand(sequences, mode, idf):
    """The slow twin of ``sequences_to_matrix``: one number at a time."""
    matrix = numpy.zeros((len(sequences), NUM_WORDS))
    for row, ids in zip(matrix, sequences, strict=True):
        for i, c in Counter(ids).items():
            of = {"binary": 1, "count": c, "freq": c / len(ids), "tfidf": (1 + math.log(c)) * idf[i]}
            row[i] = of[mode]
    return matrix


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


@pytest.mark.parametrize(
    ("call", "wanted"),
    [
        (lambda: encoders.ngrams("abc", 0), "n 0: must be 1 or more"),
        (lambda: encoders.hashing_trick("abc", 1), r"n 1: hashed ids .* n in range 2..2147483648"),
        (lambda: encoders.hashing_trick("abc", 2**31 + 1), "n 2147483649: hashed ids"),
        (lambda: encoders.pad_sequences([], padding="left"), "padding 'left': must be one of pre, post"),
        (lambda: encoders.pad_sequences([], truncating="left"), "truncating 'left': must be one of pre, post"),
        (lambda: encoders.pad_sequences([], maxlen=-1), "maxlen -1: must be 0 or more"),
        (lambda: encoders.pad_sequences([[1, 2]], limit=7), "dense array of 1 x 2 takes 8 bytes; at most 7.*maxlen"),
        (lambda: encoders.pad_sequences([[1], [1.7, 2]]), r"ids \[1.7, 2.0\]: must be whole numbers, .* type float64"),
        (lambda: encoders.pad_sequences([[2, 1.7]], maxlen=0), "must be whole numbers"),
        (lambda: encoders.one_hot([[1.7, 2]], 4), r"ids \[1.7, 2.0\]: must be whole numbers"),
        (lambda: encoders.sequences_to_matrix([[], [0.5] * 99], 4), r"ids \[0.5, .*\.\.\.\]: must be whole numbers"),
        (lambda: encoders.sequences_to_matrix([["a"]], 4), r"ids \['a'\]: must be whole numbers"),
        (lambda: encoders.one_hot([[4]], 4), r"id 4: ids must be in range 0..3"),
        (lambda: encoders.one_hot([[0, -1]], 4), r"id -1: ids must be in range 0..3"),
        (lambda: encoders.one_hot([[3, 3]], 4, limit=31), "dense array of 2 x 4 takes 32 bytes; .*sparse=True"),
        (lambda: encoders.sequences_to_matrix([[1], [4]], 4), r"id 4: ids must be in range 0..3"),
        (lambda: encoders.sequences_to_matrix([], 4, "multi"), "mode 'multi': must be one of binary, count, freq, tf"),
        (lambda: encoders.sequences_to_matrix([], 4, "tfidf"), "mode tfidf: idf must be one number for each of the 4"),
        (lambda: encoders.sequences_to_matrix([], 4, "tfidf", [1]), "mode tfidf: idf must be one number for each"),
        (lambda: encoders.sequences_to_matrix([[1]], 8, limit=31), "of 1 x 8 takes 32 bytes; at most 31 .*sparse=True"),
        (lambda: encoders.Bag(["ab"]).texts_to_matrix(["a"], limit=15), "of 1 x 4 takes 16 bytes; at most 15 "),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(call, wanted):
    with pytest.raises(UserError, match=wanted) as raised:
        call()
    assert "\n" not in str(raised.value)


def test_a_limit_is_what_may_be_taken():
    assert encoders.sequences_to_matrix([[1]], 8, limit=32).nbytes == 32
    assert encoders.one_hot([[3, 3]], 4, limit=32).nbytes == 32
    assert encoders.pad_sequences([[1, 2]], limit=8).nbytes == 8
    assert encoders.Bag(CATS).texts_to_matrix(CATS[:1], limit=36).nbytes == 36


def test_sparse_without_scipy_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.sparse", None)
    with pytest.raises(UserError, match=r"^sparse=True needs SciPy \(.*\): run 'python -m pip install scipy'$"):
        encoders.sequences_to_matrix([[1]], 4, sparse=True)
    assert encoders.sequences_to_matrix([[1]], 4).tolist() == [[0, 1, 0, 0]]
