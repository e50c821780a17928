"""One row of each sequence from its packed rows, as ``packed.py`` lays them out; twin of ``reference.pool``.

Sequences keep their order. Each kind gives the pooled rows, and what its gradient needs besides ``counts``.
"""

from typing import NamedTuple

import numpy

from tsuzuri.compat import chainer
from tsuzuri.kernels.numpy_ import packed

MEAN, MAX, LAST, CONCAT = KINDS = "mean", "max", "last", "concat"
PARTS = LAST, MAX, MEAN  # of CONCAT, in the order of Howard and Ruder (2018)


class Places(NamedTuple):
    """Where the rows of sequences are."""

    lengths: numpy.ndarray  # (B,) steps of each
    stream: numpy.ndarray  # (R,) the sequence of each row
    last: numpy.ndarray  # (B,) the last row of each


def places(counts):
    """``Places`` of the rows that ``counts`` (T,) describes."""
    streams = numpy.arange(counts[0])
    starts = numpy.cumsum(counts) - counts
    lengths = (counts > streams[:, None]).sum(axis=1)
    return Places(lengths, packed.streams(counts), starts[lengths - 1] + streams)


def pool_forward(h, counts, kind):
    """Pool h (R, N) to (B, N), ``kind`` one of ``KINDS``; also the row (B, N) that each maximum is from, or None.

    ``CONCAT`` gives the others side by side, (B, 3N).
    """
    xp = chainer.backend.get_array_module(h)
    if kind == CONCAT:
        pooled, rows = zip(*(pool_forward(h, counts, part) for part in PARTS), strict=True)
        return xp.concatenate(pooled, axis=1), rows[PARTS.index(MAX)]
    if kind == LAST:
        return h[xp.asarray(places(counts).last)], None
    pooled, rows = h[: counts[0]].copy(), None
    if kind == MAX:
        rows = xp.zeros(pooled.shape, "l") + xp.arange(len(pooled))[:, None]
    for here, _, _ in [*packed.steps(counts)][1:]:
        step, count = h[here], here.stop - here.start
        if kind == MEAN:
            pooled[:count] += step
        else:
            larger = step > pooled[:count]
            xp.copyto(rows[:count], xp.arange(here.start, here.stop)[:, None], where=larger)
            xp.maximum(pooled[:count], step, out=pooled[:count])  # unlike ``larger``, it hands a NaN on
    if kind == MEAN:
        pooled /= xp.asarray(places(counts).lengths[:, None], h.dtype)
    return pooled, rows


def pool_backward(g, counts, kind, rows):
    """The gradient of h (R, N) from that of the pooled rows, g (B, N), and the rows of ``pool_forward``."""
    xp = chainer.backend.get_array_module(g)
    if kind == CONCAT:
        parts = zip(xp.split(g, len(PARTS), axis=1), PARTS, strict=True)
        return sum(pool_backward(part, counts, name, rows) for part, name in parts)
    where = places(counts)
    if kind == MEAN:
        return (g / xp.asarray(where.lengths[:, None], g.dtype))[xp.asarray(where.stream)]
    g_h = xp.zeros((len(where.stream), g.shape[1]), g.dtype)
    if kind == LAST:
        g_h[xp.asarray(where.last)] = g
    else:  # no two streams share a row
        g_h[rows, xp.arange(g.shape[1])] = g
    return g_h


def flatten_forward(h, counts, slots):
    """The rows of each sequence side by side, (B, slots N) of h (R, N); zeros follow a sequence of fewer rows.

    Twin of ``reference.flatten``. No sequence may be longer than ``slots``.
    """
    xp = chainer.backend.get_array_module(h)
    flat = xp.zeros((int(counts[0]), slots, h.shape[1]), h.dtype)
    flat[_slots(xp, counts)] = h
    return flat.reshape(len(flat), -1)


def flatten_backward(g, counts, slots):
    """The gradient of h (R, N) from that of the flattened rows, g (B, slots N)."""
    xp = chainer.backend.get_array_module(g)
    return g.reshape(len(g), slots, -1)[_slots(xp, counts)]


def _slots(xp, counts):
    """The sequence and the step of each row, two arrays (R,)."""
    return xp.asarray(packed.streams(counts)), xp.asarray(numpy.repeat(numpy.arange(len(counts)), counts))
