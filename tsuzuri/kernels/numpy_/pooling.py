"""One row of each sequence from its packed rows, as ``packed.py`` lays them out; twin of ``reference.pool``.

Sequences keep their order. Each kind gives the pooled rows, and what its gradient needs besides ``counts``.
"""

from typing import NamedTuple

import numpy

from tsuzuri.compat import chainer
from tsuzuri.kernels.numpy_ import packed

MEAN, MAX, LAST = KINDS = "mean", "max", "last"


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
    return Places(lengths, numpy.arange(counts.sum()) - numpy.repeat(starts, counts), starts[lengths - 1] + streams)


def pool_forward(h, counts, kind):
    """Pool h (R, N) to (B, N), ``kind`` one of ``KINDS``; also the row (B, N) that each maximum is from, or None."""
    xp = chainer.backend.get_array_module(h)
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
    where = places(counts)
    if kind == MEAN:
        return (g / xp.asarray(where.lengths[:, None], g.dtype))[xp.asarray(where.stream)]
    g_h = xp.zeros((len(where.stream), g.shape[1]), g.dtype)
    if kind == LAST:
        g_h[xp.asarray(where.last)] = g
    else:  # no two streams share a row
        g_h[rows, xp.arange(g.shape[1])] = g
    return g_h
