"""Texts that were split before their subwords could be learned: from ids of characters to ids of pieces."""

from collections.abc import Mapping

import numpy

from tsuzuri.data.text_stream import TextStream, first_seen_ids
from tsuzuri.text.subwords import learn_subwords
from tsuzuri.text.tokenizers import SUBWORD, Tokenizer, get_tokenizer
from tsuzuri.text.vocabulary import EOS, SPECIAL

Index = Mapping[str, int]


def subword_parts(
    parts: Mapping[str, numpy.ndarray], index: Index, model: bytes, least: int, most: int | None
) -> tuple[dict[str, numpy.ndarray], Index, Tokenizer]:
    """The same text in pieces: the ids of each split, the index that they are of, all pieces in it, and the tokenizer.

    ``parts`` are ids of characters, by ``index``, each line ended by ``<eos>``. Without the bytes of a ``model`` the
    pieces are learned from the lines of "train" alone, with bounds as in ``learn_subwords``. Raises ``UserError``.
    """
    lines = {split: lines_of(ids, index) for split, ids in parts.items()}
    tokenizer = get_tokenizer(SUBWORD, model=model or learn_subwords(lines["train"], least, most))
    pieces = first_seen_ids()
    for word in tokenizer.words:
        pieces[word]
    spelled = {}
    for split in parts:
        stream = TextStream(tokenizer.split, pieces)
        stream.add(lines.pop(split))
        spelled[split] = stream.array()
    return spelled, pieces, tokenizer


def lines_of(ids: numpy.ndarray, index: Index) -> list[str]:
    """The lines that ids of characters spell, each ended by ``<eos>``.

    >>> lines_of(numpy.array([2, 3, 0, 0, 2, 0]), {"<eos>": 0, "<unk>": 1, "a": 2, "b": 3})
    ['ab', '', 'a']
    """
    codes = numpy.array([0] * len(SPECIAL) + [ord(c) for c in list(index)[len(SPECIAL) :]], "<u4")
    codes[EOS] = ord("\n")  # which is in no line
    return codes[ids].tobytes().decode("utf-32-le", "surrogatepass").split("\n")[:-1]
