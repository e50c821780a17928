"""``corpus.npz``: the ids that a language model is trained on, so that what it copies of them can be told.

``ids`` are the training part, ``starts`` where its texts or tunes begin, ``names`` their names as JSON, ``run`` the id.
"""

from __future__ import annotations

import bisect
import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy

from tsuzuri import storage
from tsuzuri.errors import UserError
from tsuzuri.rules import is_whole
from tsuzuri.text.vocabulary import EOS
from tsuzuri.training import expected
from tsuzuri.training.identity import MARK, check_identity, identity_array

NAME = "corpus.npz"
SHORT = 1 << 16  # words of a vocabulary whose ids take two bytes


class TrainedOn(NamedTuple):
    """The training part of a corpus: ``ids`` (N,), and the name and the beginning of each text or tune in it."""

    ids: numpy.ndarray
    places: Sequence[tuple[str, int]]

    def name_at(self, place: int) -> str:
        """The name of the text or tune that the word at a place is of; empty where that is not known."""
        return self._place(place)[0]

    def line_at(self, place: int) -> int:
        """The line of its text that the word at a place is in, counted from 1 and as it was read."""
        return 1 + int((self.ids[self._place(place)[1] : place] == EOS).sum())

    def start_at(self, place: int) -> int:
        """Where the text or tune that the word at a place is of begins."""
        return self._place(place)[1]

    def _place(self, place):
        at = bisect.bisect_right(self.places, place, key=lambda named: named[1])
        return self.places[at - 1] if at else ("", 0)


def encode_corpus(trained_on: TrainedOn, size: int, identity: str | None) -> bytes:
    """The bytes of a ``corpus.npz``; ``size`` is that of the vocabulary, ``identity`` the run's id."""
    names = json.dumps([name for name, _ in trained_on.places]).encode()
    arrays = {
        "ids": trained_on.ids.astype(numpy.uint16 if size <= SHORT else numpy.int32),
        "starts": numpy.array([start for _, start in trained_on.places], numpy.int64),
        "names": numpy.frombuffer(names, numpy.uint8),
    }
    return storage.encode_npz(arrays | identity_array(identity))


def load_corpus(path: str, about: dict[str, Any]) -> TrainedOn:
    """What a ``corpus.npz`` holds, checked against ``about``, the run.json beside it; raises ``UserError``."""
    words = about["corpus"]["report"].get("words")
    count = words.get("train") if isinstance(words, dict) else None
    most = expected.arrays_of_corpus(count if is_whole(count, 1, 1 << 62) else 0)
    arrays = storage.load_npz(path, most)
    check_identity(path, arrays.pop(MARK, None), about["id"])
    try:
        ids, starts = arrays["ids"], arrays["starts"]
        names = json.loads(arrays["names"].tobytes())
        if len(ids) != count or ids.ndim != 1 or ids.dtype.kind not in "iu":
            raise ValueError(f"ids are {ids.dtype} {ids.shape}, must be {count} whole numbers")
        if not (ids.min() >= 0 and ids.max() < about["sizes"]["words"]):
            raise ValueError(f"ids are {ids.min()} to {ids.max()}, must be in 0..{about['sizes']['words'] - 1}")
        if not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
            raise ValueError("names are no list of texts")
        if starts.shape != (len(names),) or starts.dtype.kind != "i" or (numpy.diff(starts) < 0).any():
            raise ValueError("starts are not one number for each name, in order")
    except (KeyError, ValueError, TypeError, RecursionError) as error:
        raise UserError(f"{path}: damaged: {error}") from None
    return TrainedOn(ids, list(zip(names, starts.tolist(), strict=True)))
