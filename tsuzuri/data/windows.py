"""Ids to the windows that truncated BPTT reads: B streams side by side, T steps at a time.

The ids are cut into B runs of equal length, which are read in parallel, so that the state carried from one window to
the next is that of the same run.
"""

import itertools

import numpy


def training_windows(ids, batch, steps, start=0):
    """The windows of an epoch, as a list of (xs, ts), each (T, B) int32 with T <= ``steps``.

    The ids are taken as a ring that is entered at ``start``, so that epochs need not all be cut at the same places;
    what is left over by the cut into ``batch`` runs is skipped this time round.
    """
    length = len(ids) // batch
    ring = numpy.roll(ids, -start)
    xs = ring[: length * batch].reshape(batch, length).T  # (L, B)
    ts = numpy.roll(ring, -1)[: length * batch].reshape(batch, length).T
    return _cut(xs, ts, steps)


def evaluation_windows(ids, batch, steps):
    """Windows that score every id but the first exactly once: runs are padded with a target of -1."""
    length = -(-(len(ids) - 1) // batch)
    xs, ts = numpy.zeros(length * batch, numpy.int32), numpy.full(length * batch, -1, numpy.int32)
    xs[: len(ids) - 1], ts[: len(ids) - 1] = ids[:-1], ids[1:]
    return _cut(xs.reshape(batch, length).T, ts.reshape(batch, length).T, steps)


def count_windows(size, batch, steps):
    """How many windows an epoch over ``size`` ids has."""
    return -(-(size // batch) // steps)


def _cut(xs, ts, steps):
    """Windows of nearly equal length, so that the last is not a scrap that weighs as much as a whole one."""
    windows = -(-len(xs) // steps)
    bounds = [len(xs) * k // windows for k in range(windows + 1)]
    return [
        (numpy.ascontiguousarray(xs[a:b], numpy.int32), numpy.ascontiguousarray(ts[a:b], numpy.int32))
        for a, b in itertools.pairwise(bounds)
    ]
