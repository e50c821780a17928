"""Texts as arrays: the encoders of the chapter on text in Chollet's "Deep Learning with Python", for lists of words.

A text is a list of words, as a tokenizer of ``tsuzuri.text.tokenizers`` splits it, or a ``str``, whose words are its
characters. An encoder goes in two steps that combine freely: words become ids, and lists of ids become an array. Names
and results are those of ``keras.preprocessing`` wherever the thing is the same.

    in the book                      here
    -------------------------------  ---------------------------------------------------------------
    Tokenizer.texts_to_sequences     texts_to_sequences(texts, vocabulary)
    hashing_trick(text, n, "md5")    hashing_trick(words, n)
    a set of n-grams                 ngrams(words, n), which are words again
    pad_sequences                    pad_sequences(sequences)
    one-hot encoding                 one_hot(sequences, num_words)
    Tokenizer.sequences_to_matrix    sequences_to_matrix(sequences, num_words, mode)
    Tokenizer.texts_to_matrix        Bag(texts, num_words).texts_to_matrix(texts, mode)

Id 0 is ``<eos>``, which no text holds, and serves for padding; id 1 is the unknown, as with Keras's ``oov_token``.
Two things differ: words of equal count follow each other by spelling, not as they came, and an id that is out of range
is refused, not dropped. Arrays are dense and of at most ``DENSE`` bytes, or ``scipy.sparse.csr_array`` where
``sparse=True`` asks for them.
"""

import hashlib
import math
import reprlib
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy

from tsuzuri.errors import UserError
from tsuzuri.text.vocabulary import Vocabulary, build_vocabulary

DENSE = 2**30  # bytes: the largest dense array that is made, unless a call sets another limit
ENDS = ("pre", "post")
WHOLE = "iu"  # NumPy's kinds of integer types
MODES = {  # of a word's count in a text, the text's number of words, and the word's inverse document frequency
    "binary": lambda counts, lengths, idf: numpy.ones(len(counts)),
    "count": lambda counts, lengths, idf: counts,
    "freq": lambda counts, lengths, idf: counts / lengths,
    "tfidf": lambda counts, lengths, idf: (1 + numpy.log(counts)) * idf,
}


def ngrams(words: Sequence[str], n: int) -> list[str]:
    """The runs of 1 to n words of a text, shorter runs first; each is one word, its parts joined with a space.

    The characters of a ``str`` are joined with nothing. A gram of words that hold spaces may thus read as another.

    >>> ngrams(["the", "cat", "sat"], 2)
    ['the', 'cat', 'sat', 'the cat', 'cat sat']
    >>> ngrams("猫舌", 2)
    ['猫', '舌', '猫舌']
    """
    _at_least("n", n, 1)
    glue = "" if isinstance(words, str) else " "
    return [glue.join(words[k : k + size]) for size in range(1, n + 1) for k in range(len(words) - size + 1)]


def texts_to_sequences(texts: Iterable[Sequence[str]], vocabulary: Vocabulary) -> list[numpy.ndarray]:
    """Each text's ids (length,) int32 in a ``tsuzuri.text.vocabulary.Vocabulary``; a word it does not know is 1.

    >>> from tsuzuri.text.vocabulary import Vocabulary
    >>> known = Vocabulary(["<eos>", "<unk>", "the", "cat"])
    >>> [ids.tolist() for ids in texts_to_sequences([["the", "cat"], ["the", "dog"]], known)]
    [[2, 3], [2, 1]]
    """
    return [vocabulary.encode(text) for text in texts]


def hashing_trick(words: Iterable[str], n: int) -> numpy.ndarray:
    """Ids of a text's words (length,) int32 in 1..n-1 by the words' MD5 sums: without a vocabulary, the same anywhere.

    Words may share an id; 0 stays free for padding. This is Keras's ``hashing_trick(text, n, hash_function="md5")``.

    >>> hashing_trick(["the", "cat", "sat"], 1000).tolist()
    [132, 759, 622]
    """
    if not 2 <= n <= 2**31:
        raise UserError(f"n {n}: hashed ids must be in range 1..n-1, with n in range 2..{2**31}")
    sums = (hashlib.md5(word.encode("utf-8", "surrogatepass"), usedforsecurity=False).digest() for word in words)
    return numpy.fromiter((int.from_bytes(digest, "big") % (n - 1) + 1 for digest in sums), numpy.int32)


def pad_sequences(
    sequences: Iterable[Sequence[int]],
    maxlen: int | None = None,
    dtype="int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: float = 0,
    limit: int = DENSE,
) -> numpy.ndarray:
    """Lists of ids as one array (samples, maxlen), with ``value`` in front of the short ones, or after them ("post").

    Of those longer than ``maxlen``, which is the longest's length unless given, the last ids are kept, or the first
    (``truncating="post"``). Raises ``UserError`` for an array of more than ``limit`` bytes, and for ids that are not of
    an integer type unless ``dtype`` is of none either.

    >>> pad_sequences([[5], [2, 3, 4]])
    array([[0, 0, 5],
           [2, 3, 4]], dtype=int32)
    >>> pad_sequences([[5], [2, 3, 4]], maxlen=2, padding="post", truncating="post")
    array([[5, 0],
           [2, 3]], dtype=int32)
    """
    _one_of("padding", padding, ENDS)
    _one_of("truncating", truncating, ENDS)
    sequences = list(sequences)
    if maxlen is None:
        maxlen = max(map(len, sequences), default=0)
    _at_least("maxlen", maxlen, 0)
    _fits((len(sequences), maxlen), dtype, limit, "give a smaller maxlen")
    padded = numpy.full((len(sequences), maxlen), value, dtype)
    for row, ids in zip(padded, sequences, strict=True):
        if padded.dtype.kind in WHOLE:
            _whole(ids)
        kept = ids[max(0, len(ids) - maxlen) :] if truncating == "pre" else ids[:maxlen]
        start = maxlen - len(kept) if padding == "pre" else 0
        row[start : start + len(kept)] = kept
    return padded


def one_hot(
    sequences: Iterable[Sequence[int]],
    num_words: int,
    maxlen: int | None = None,
    padding: str = "post",
    truncating: str = "post",
    dtype="f",
    sparse: bool = False,
    limit: int = DENSE,
):
    """A 1 at each id's place: (samples, maxlen, num_words), by words or by characters as the ids are; padding is all 0.

    Begins at each text's first word and cuts off its last ones, as the book does; the names are those of
    ``pad_sequences``. Sparse, it is (samples * maxlen, num_words), a text's rows one after another. A product with it
    is what an embedding looks up by the ids alone. Raises ``UserError`` for an id that is not in 0..num_words-1, for
    ids that are not of an integer type and for a dense array of more than ``limit`` bytes.

    >>> one_hot([[1, 2], [3]], num_words=4).astype(int).tolist()
    [[[0, 1, 0, 0], [0, 0, 1, 0]], [[0, 0, 0, 1], [0, 0, 0, 0]]]
    """
    sequences = list(sequences)
    _flat(sequences, num_words)
    ids = pad_sequences(sequences, maxlen, numpy.int64, padding, truncating, value=-1, limit=limit)  # (samples, maxlen)
    rows = numpy.flatnonzero(ids >= 0)
    matrix = _array((ids.size, num_words), rows, ids.ravel()[rows], numpy.ones(len(rows)), dtype, sparse, limit)
    return matrix if sparse else matrix.reshape(*ids.shape, num_words)


def sequences_to_matrix(
    sequences: Iterable[Sequence[int]],
    num_words: int,
    mode: str = "binary",
    idf: Sequence[float] | None = None,
    dtype="f",
    sparse: bool = False,
    limit: int = DENSE,
):
    """A bag of each text's ids, without their order: (samples, num_words).

    ``mode`` says what stands for an id that is c of a text's n: "binary" 1, "count" c, "freq" c / n, or "tfidf"
    (1 + ln c) * idf[id], which needs ``idf`` (num_words,). What stands for all others is 0. Raises ``UserError`` for an
    id that is not in 0..num_words-1, for ids that are not of an integer type and for a dense array of more than
    ``limit`` bytes.

    >>> sequences_to_matrix([[1, 3, 3], []], num_words=4, mode="count").tolist()
    [[0.0, 1.0, 0.0, 2.0], [0.0, 0.0, 0.0, 0.0]]
    """
    _one_of("mode", mode, MODES)
    if mode == "tfidf" and numpy.shape(idf) != (num_words,):
        raise UserError(f"mode tfidf: idf must be one number for each of the {num_words} ids, as Bag has them")
    ids, lengths = _flat(sequences, num_words)
    cells = numpy.repeat(numpy.arange(len(lengths)), lengths) * num_words + ids
    cells, counts = numpy.unique(cells, return_counts=True)  # in order of rows, then of columns
    rows, columns = numpy.divmod(cells, num_words)
    values = MODES[mode](counts, lengths[rows], None if idf is None else numpy.asarray(idf)[columns])
    return _array((len(lengths), num_words), rows, columns, values, dtype, sparse, limit)


class Bag:
    """Texts in, matrix out: the words, or the runs of up to n words, that were counted in the texts it is made from.

    ``vocabulary`` holds the ``num_words`` commonest, ``<eos>`` and ``<unk>`` among them, or all; ``idf`` (V,) is
    ln(1 + texts / (1 + texts that hold the word)), Keras's inverse document frequency, in which the unknown weighs as a
    word that no text holds.

    >>> bag = Bag([["the", "cat"], ["the", "dog", "the"]])
    >>> bag.vocabulary.words
    ['<eos>', '<unk>', 'the', 'cat', 'dog']
    >>> bag.texts_to_matrix([["the", "the", "owl"]], mode="count").tolist()
    [[0.0, 1.0, 2.0, 0.0, 0.0]]
    """

    def __init__(self, texts: Iterable[Sequence[str]], num_words: int | None = None, n: int = 1):
        texts, occurrences, documents = list(texts), Counter(), Counter()
        for text in texts:
            grams = ngrams(text, n)
            occurrences.update(grams)
            documents.update(set(grams))
        self.n = n
        self.vocabulary = build_vocabulary(occurrences, most=num_words)
        frequency = numpy.fromiter((documents[word] for word in self.vocabulary.words), float)  # in documents
        self.idf = numpy.log(1 + len(texts) / (1 + frequency))

    def texts_to_sequences(self, texts: Iterable[Sequence[str]]) -> list[numpy.ndarray]:
        """Each text's ids int32, those of its single words first, then those of its longer runs."""
        return texts_to_sequences((ngrams(text, self.n) for text in texts), self.vocabulary)

    def texts_to_matrix(
        self, texts: Iterable[Sequence[str]], mode: str = "binary", dtype="f", sparse: bool = False, limit: int = DENSE
    ):
        """(samples, V) of texts; the names are those of ``sequences_to_matrix``."""
        ids = self.texts_to_sequences(texts)
        return sequences_to_matrix(ids, len(self.vocabulary), mode, self.idf, dtype, sparse, limit)


def _flat(sequences, num_words):
    """All ids one after another, int64, and how many each text has (samples,); checks that they are in range."""
    parts = [_whole(ids).astype(numpy.int64, copy=False) for ids in sequences]
    lengths = numpy.fromiter(map(len, parts), numpy.int64)
    ids = numpy.concatenate([lengths[:0], *parts])
    wrong = ids[(ids < 0) | (ids >= num_words)]
    if len(wrong):
        raise UserError(f"id {wrong[0]}: ids must be in range 0..{num_words - 1}, as num_words is {num_words}")
    return ids, lengths


def _whole(ids):
    """A text's ids as an array (length,) of an integer type."""
    ids = numpy.asarray(ids)
    if ids.size == 0:
        return ids.astype(numpy.int64)
    if ids.dtype.kind not in WHOLE:
        raise UserError(f"ids {reprlib.repr(ids.tolist())}: must be whole numbers, and are of type {ids.dtype}")
    return ids


def _array(shape, rows, columns, values, dtype, sparse, limit):
    """A matrix of zeros but for ``values``, whose places are in order of rows, then of columns."""
    if sparse:
        csr_array = _csr_array()
        starts = numpy.searchsorted(rows, numpy.arange(shape[0] + 1))
        index = numpy.int32 if max(*shape, len(columns)) < 2**31 else numpy.int64  # scikit-learn's solvers want int32
        return csr_array((values.astype(dtype), columns.astype(index), starts.astype(index)), shape=shape)
    _fits(shape, dtype, limit, "ask for sparse=True")
    matrix = numpy.zeros(shape, dtype)
    matrix[rows, columns] = values
    return matrix


def _csr_array():
    try:
        from scipy.sparse import csr_array
    except ImportError as error:
        raise UserError(f"sparse=True needs SciPy ({error}): run 'python -m pip install scipy'") from None
    return csr_array


def _fits(shape, dtype, limit, advice):
    """Raise ``UserError`` if a dense array takes more than ``limit`` bytes."""
    size = math.prod(shape) * numpy.dtype(dtype).itemsize
    if size > limit:
        axes = " x ".join(map(str, shape))
        raise UserError(f"a dense array of {axes} takes {size} bytes; at most {limit} are allowed: {advice}")


def _one_of(name, value, allowed):
    if value not in allowed:
        raise UserError(f"{name} {value!r}: must be one of {', '.join(allowed)}")


def _at_least(name, value, least):
    if value < least:
        raise UserError(f"{name} {value}: must be {least} or more")
