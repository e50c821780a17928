"""Pretrained word vectors: a row for every word of a vocabulary, from a file of GloVe, word2vec or fastText.

Memory is taken for the vocabulary's rows and a buffer, however large the file is.
"""

import os
from collections import defaultdict
from typing import NamedTuple

import numpy

from tsuzuri.errors import UserError
from tsuzuri.text import vector_files
from tsuzuri.text.tokenizers import SUBWORD
from tsuzuri.text.vocabulary import EOS, SPECIAL, Vocabulary

FORMS = vector_files.FORMS  # what ``Vectors.form`` may be
ALIASES = {"<eos>": "</s>", "<unk>": "UNK"}  # what the special words are called in files of vectors


class Vectors(NamedTuple):
    """A vocabulary's vectors: ``rows`` (V, D) float32, one for every id, and what is known of their file.

    ``known`` (V,) bool says which of the rows are from the file; ``form``, one of ``FORMS``, and ``total``, how many
    words it holds, describe it.
    """

    rows: numpy.ndarray
    known: numpy.ndarray
    form: str
    total: int


def load_vectors(path: str | os.PathLike, vocabulary: Vocabulary, rng: numpy.random.Generator) -> Vectors:
    """The ``Vectors`` of a vocabulary from a file; where a word stands in it twice, the first row counts.

    A word that is not in the file takes the row of its lower-case form, and ``<eos>`` and ``<unk>`` take those of
    ``</s>`` and ``UNK``. Rows that are still missing are drawn by ``rng``, as ``fill_missing_rows`` says.

    Raises ``UserError`` for a file that cannot be read or is damaged, with the line or the byte (of what is unpacked,
    from 0) where that shows, and for one that holds no word of the vocabulary.
    """
    with vector_files.open_vectors(path) as stream:
        layout = vector_files.detect_layout(stream.peek())
        rows, known, total = _select_rows(layout, stream, vocabulary.words)
    if not known.any():
        some = ", ".join(repr(word) for word in vocabulary.words[len(SPECIAL) :][:3])
        raise UserError(f"{path}: none of its {total:,} words is one of the text, such as {some}: of another language?")
    return Vectors(fill_missing_rows(rows, known, rng), known, layout.form, total)


def fill_missing_rows(rows: numpy.ndarray, known: numpy.ndarray, rng: numpy.random.Generator) -> numpy.ndarray:
    """``rows`` (V, D), changed in place: those that are not ``known``, (V,) bool, are drawn by ``rng`` like the others.

    Each number comes from a normal distribution with the mean and variance of its column in the known rows, of which
    there must be some. One mean for all columns would not do: in GloVe's vectors some numbers are far from 0 in every
    word. Rows that do not differ, such as a single one, have no variance: that of all their numbers takes its place.
    """
    examples = rows[known]
    spread, mean = examples.std(axis=0, dtype="d"), examples.mean(axis=0, dtype="d")  # (D,)
    if not spread.any():
        spread = examples.std(dtype="d")
    rows[~known] = rng.standard_normal((len(rows) - len(examples), rows.shape[1])) * spread + mean
    return rows


def check_words(tokens: str) -> None:
    """Raise ``UserError`` for a tokenizer whose words are none that a file of word vectors has."""
    if tokens == SUBWORD:
        raise UserError("--vectors: are of whole words, and --tokens subword has pieces: must be another tokenizer")


def vector_width(path: str | os.PathLike) -> int:
    """How many numbers a word has in a file, by its beginning alone; raises ``UserError`` as ``load_vectors`` does."""
    with vector_files.open_vectors(path) as stream:
        return vector_files.detect_layout(stream.peek()).width


def vectors_report(path: str | os.PathLike, vectors: Vectors, ids: numpy.ndarray) -> dict:
    """What run.json keeps of where the vectors are from, and how much of a text they cover.

    ``ids`` are the text's. "found" counts the words of the vocabulary, "of" so many without ``<eos>`` and ``<unk>``,
    that were in the file; with their repetitions they are the "share" of the text, without its line ends.
    """
    known = vectors.known.copy()
    known[: len(SPECIAL)] = False
    counts = numpy.bincount(ids, minlength=len(known))
    counts[EOS] = 0
    return {
        "file": os.path.abspath(path),
        "form": vectors.form,
        "total": vectors.total,
        "width": vectors.rows.shape[1],
        "found": int(known.sum()),
        "of": len(known) - len(SPECIAL),
        "share": float(counts[known].sum() / max(1, counts.sum())),
    }


def vectors_summary(about: dict) -> str:
    """A ``vectors_report`` in words, for people."""
    part = about["found"] / max(1, about["of"])
    size = f"{about['total']:,} of {about['width']} numbers ({about['form']})"
    coverage = f"{about['found']:,} of {about['of']:,} words found ({part:.1%}; {about['share']:.1%} of the text)"
    return f"{size}: {coverage}, the others drawn like them"


def _select_rows(layout, stream, words):
    """A vocabulary's rows (V, D), zeros where the file has none; (V,) bool, where it has one; and its total of rows."""
    reader = vector_files.row_reader(layout, stream)
    places = _places(words)
    rows = numpy.zeros((len(words), layout.width), "f")
    ranks = numpy.full(len(words), len(words))
    total = 0
    for word, row in reader:
        total += 1
        for rank, i in places.get(word, ()):
            if rank < ranks[i]:
                rows[i], ranks[i] = reader.numbers(row), rank
    if layout.claimed not in (None, total):
        raise ValueError(f"line 1 says {layout.claimed:,} words, and the file holds {total:,}")
    return rows, ranks < len(words), total


def _places(words):
    """(rank, id) pairs by the bytes of a word in a file; of two words for one id, the one of lower rank counts."""
    places = defaultdict(list)
    for i, word in enumerate(words):
        for rank, name in enumerate((word, ALIASES.get(word, word.lower()))):
            places[name.encode()].append((rank, i))
    return dict(places)
