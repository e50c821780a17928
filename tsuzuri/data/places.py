"""Where in the training part of a corpus each text or tune begins, by its name."""

import os
from collections.abc import Iterable, Sequence

import numpy

from tsuzuri.data.text_stream import SplitText
from tsuzuri.text.vocabulary import EOS, Vocabulary

Places = list[tuple[str, int]]  # names, and where they begin


def text_places(train: SplitText) -> Places:
    """The ``Places`` of the texts of the training part."""
    return list(zip(_short_names(train.names), train.starts.tolist(), strict=True))


def _short_names(names):
    """Names without the folders that all share: they are the same wherever the corpus lies."""
    folders = {os.path.dirname(os.path.abspath(name)) for name in names}
    try:
        shared = os.path.commonpath(folders)
    except ValueError:  # none at all, or on several drives
        return names
    return [os.path.relpath(os.path.abspath(name), shared).replace(os.sep, "/") for name in names]


def piece_places(train: numpy.ndarray, pieces: Iterable[tuple[str, Sequence[str]]], vocabulary: Vocabulary) -> Places:
    """The ``Places`` of ``pieces``, the name and the words of each, in the ids ``train``, where they end in ``EOS``.

    One of which only a part is trained on is known by that part.
    """
    encoded = [(name, vocabulary.encode(words).astype(numpy.int32).tobytes()) for name, words in pieces]
    names = {ids: name for name, ids in reversed(encoded)}  # of equal ones the first
    found, start = [], 0
    for end in numpy.flatnonzero(train == EOS).tolist():
        ids = train[start:end].astype(numpy.int32).tobytes()
        name = names.get(ids) or next((name for name, whole in encoded if ids in whole), "")
        found.append((name, start))
        start = end + 1
    return found
