"""Texts that were split before their subwords could be learned: from ids of characters to ids of pieces."""

from collections.abc import Mapping

import numpy

from tsuzuri.data.text_stream import SplitText, TextStream, first_seen_ids
from tsuzuri.text.subwords import learn_subwords
from tsuzuri.text.tokenizers import SUBWORD, Tokenizer, get_tokenizer
from tsuzuri.text.vocabulary import EOS, SPECIAL

Index = Mapping[str, int]


def subword_parts(
    parts: Mapping[str, SplitText], index: Index, model: bytes, least: int, most: int | None
) -> tuple[dict[str, SplitText], Index, Tokenizer]:
    """The same text in pieces: each split, the index that they are of, all pieces in it, and the tokenizer.

    The ids of ``parts`` are of characters, by ``index``, each line ended by ``<eos>``. Without the bytes of a ``model``
    the pieces are learned from the lines of "train" alone, with bounds as in ``learn_subwords``. Raises ``UserError``.
    """
    lines = {split: lines_of(part.ids, index) for split, part in parts.items()}
    tokenizer = get_tokenizer(SUBWORD, model=model or learn_subwords(lines["train"], least, most))
    pieces = first_seen_ids()
    for word in tokenizer.words:
        pieces[word]
    spelled = {}
    for split, part in parts.items():
        stream = TextStream(tokenizer.split, pieces)
        stream.add(lines.pop(split))
        ids = stream.array()
        spelled[split] = part._replace(ids=ids, starts=_moved_starts(part, ids))
    return spelled, pieces, tokenizer


def _moved_starts(part: SplitText, ids: numpy.ndarray) -> numpy.ndarray:
    """Where the documents of ``part`` begin in other ``ids`` of the same lines."""
    lines = numpy.searchsorted(numpy.flatnonzero(part.ids == EOS), part.starts)  # that end before
    begins = numpy.concatenate([[0], numpy.flatnonzero(ids == EOS) + 1])
    return begins[lines].astype(part.starts.dtype)


def lines_of(ids: numpy.ndarray, index: Index) -> list[str]:
    """The lines that ids of characters spell, each ended by ``<eos>``.

    >>> lines_of(numpy.array([2, 3, 0, 0, 2, 0]), {"<eos>": 0, "<unk>": 1, "a": 2, "b": 3})
    ['ab', '', 'a']
    """
    codes = numpy.array([0] * len(SPECIAL) + [ord(c) for c in list(index)[len(SPECIAL) :]], "<u4")
    codes[EOS] = ord("\n")  # which is in no line
    return codes[ids].tobytes().decode("utf-32-le", "surrogatepass").split("\n")[:-1]
