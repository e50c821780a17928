"""Sequences of ids to packed rows, which hold no padding: what the classifier reads.

The sequences of a batch are put in order of their lengths, longest first. Then come the first words of all of them,
the second words of those that have one, and so on: at each step the sequences that still go on are the first ones.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy

POOL = 50  # batches whose sequences are sorted together: alike in length, and others in every epoch


class Packed(NamedTuple):
    """B sequences of R words in all, the longest of T.

    ``ids`` (R,) int32; ``backwards`` (R,) the same with each sequence read from its end; ``counts`` (T,) how many
    sequences have a word at each step; ``order`` (B,): sequence b is number ``order[b]`` of those that were packed.
    """

    ids: numpy.ndarray
    backwards: numpy.ndarray
    counts: numpy.ndarray
    order: numpy.ndarray


def pack_sequences(sequences: Sequence[Sequence[int]]) -> Packed:
    """The ``Packed`` of B arrays of ids, none of them empty.

    >>> pack_sequences([[7], [1, 2, 3], [4, 5]]).ids.tolist()
    [1, 4, 7, 2, 5, 3]
    """
    lengths = numpy.array([len(ids) for ids in sequences])
    order = numpy.argsort(-lengths, kind="stable")
    lengths = lengths[order]
    flat = numpy.concatenate([sequences[b] for b in order]).astype(numpy.int32)
    starts = numpy.cumsum(lengths) - lengths
    step, row = numpy.nonzero(numpy.arange(lengths[0])[:, None] < lengths)  # of (T, B), in order; each (R,)
    first, last = starts[row], (starts + lengths - 1)[row]
    return Packed(flat[first + step], flat[last - step], numpy.bincount(step), order)


def epoch_batches(
    lengths: numpy.ndarray, size: int, rng: numpy.random.Generator, by_length: bool = False
) -> list[numpy.ndarray]:
    """The batches of an epoch, shuffled by ``rng``: a list of arrays of ``size`` places in ``lengths``, or fewer.

    ``by_length`` puts sequences of similar length together, which is faster where lengths differ much.
    """
    order = rng.permutation(len(lengths))
    if by_length:
        pools = numpy.split(order, range(size * POOL, len(order), size * POOL))
        order = numpy.concatenate([pool[numpy.argsort(lengths[pool], kind="stable")] for pool in pools])
    batches = numpy.split(order, range(size, len(order), size))
    return [batches[n] for n in rng.permutation(len(batches))] if by_length else batches
