"""Sequences of ids to packed rows, which hold no padding: what the classifier reads.

The sequences of a batch are put in order of their lengths, longest first. Then come the first words of all of them,
the second words of those that have one, and so on: at each step the sequences that still go on are the first ones.
"""

from typing import NamedTuple

import numpy

POOL = 50  # batches whose sequences are put in order together: alike in length, and different every time


class Packed(NamedTuple):
    """B sequences of R words in all, the longest of T.

    ``ids`` (R,) int32; ``backwards`` (R,) the same with each sequence read from its end; ``counts`` (T,) how many
    sequences have a word at each step; ``order`` (B,): sequence b is number ``order[b]`` of those that were packed.
    """

    ids: numpy.ndarray
    backwards: numpy.ndarray
    counts: numpy.ndarray
    order: numpy.ndarray


def pack_sequences(sequences):
    """The ``Packed`` of B arrays of ids, none of them empty.

    >>> pack([[7], [1, 2, 3], [4, 5]]).ids.tolist()
    [1, 4, 7, 2, 5, 3]
    """
    lengths = numpy.array([len(ids) for ids in sequences])
    order = numpy.argsort(-lengths, kind="stable")
    lengths = lengths[order]
    flat = numpy.concatenate([sequences[b] for b in order]).astype(numpy.int32)
    starts = numpy.cumsum(lengths) - lengths
    step, _ = there = numpy.nonzero(numpy.arange(lengths[0])[:, None] < lengths)  # (T, B), row by row
    place, last = starts[there[1]], (starts + lengths - 1)[there[1]]
    return Packed(flat[place + step], flat[last - step], numpy.bincount(step), order)


def epoch_batches(lengths, size, rng, by_length=False):
    """Places of the sequences of each batch of an epoch, as a list of arrays of ``size`` places or fewer, shuffled.

    ``by_length`` puts sequences of like length together, which is faster where they differ much.
    """
    order = rng.permutation(len(lengths))
    if by_length:
        pools = numpy.split(order, range(size * POOL, len(order), size * POOL))
        order = numpy.concatenate([pool[numpy.argsort(lengths[pool], kind="stable")] for pool in pools])
    cut = numpy.split(order, range(size, len(order), size))
    return [cut[n] for n in rng.permutation(len(cut))] if by_length else cut
