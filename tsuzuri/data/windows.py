"""Ids to the windows that truncated BPTT reads: B streams side by side, T steps at a time; all ids as one ring.

Runs from before documents were kept apart (``layout.py``) go on with these windows, and are evaluated by these.

The ids are cut into B runs of equal length, which are read in parallel, so that the state carried from one window to
the next is that of the same run.
"""

import itertools
from typing import NamedTuple

import numpy

PADDING = -1  # a target that counts for nothing


class Window(NamedTuple):
    """Ids ``xs`` (T, B), and ``ts`` (T, B), those to predict, int32; ``PADDING`` of these counts for nothing.

    ``xs`` are (T, B, 1 + C) where a model is told more than the word before, ``layout.document_windows``.

    ``resets`` (B,) are the streams whose state is one of zeros before the window, bool, or None where it is no one's.
    """

    xs: numpy.ndarray
    ts: numpy.ndarray
    resets: numpy.ndarray | None = None


def training_windows(ids: numpy.ndarray, batch: int, steps: int, start: int = 0) -> list[Window]:
    """The windows of an epoch: ids and the ids that follow them, each (T, B) int32, T <= ``steps``.

    The ids are taken as a ring that is entered at ``start``, so that epochs need not all be cut at the same places;
    what the cut into ``batch`` runs leaves over is skipped in this epoch.

    >>> [(xs.tolist(), ts.tolist()) for xs, ts, _ in training_windows(numpy.arange(5), batch=2, steps=1)]
    [([[0, 2]], [[1, 3]]), ([[1, 3]], [[2, 4]])]
    """
    length = len(ids) // batch
    ring = numpy.roll(ids, -start)
    xs = ring[: length * batch].reshape(batch, length).T  # (L, B)
    ts = numpy.roll(ring, -1)[: length * batch].reshape(batch, length).T  # (L, B)
    return _cut(xs, ts, steps)


def evaluation_windows(ids: numpy.ndarray, batch: int, steps: int) -> list[Window]:
    """Windows, as those of ``training_windows``, that score every id but the first exactly once.

    Runs are padded with a target of ``PADDING``.
    """
    length = -(-(len(ids) - 1) // batch)
    xs, ts = numpy.zeros(length * batch, numpy.int32), numpy.full(length * batch, PADDING, numpy.int32)
    xs[: len(ids) - 1], ts[: len(ids) - 1] = ids[:-1], ids[1:]
    return _cut(xs.reshape(batch, length).T, ts.reshape(batch, length).T, steps)


def _cut(xs, ts, steps):
    """Windows of nearly equal length, so that the last is not a short rest that weighs as much as a whole one."""
    windows = -(-len(xs) // steps)
    bounds = [len(xs) * k // windows for k in range(windows + 1)]
    return [
        Window(numpy.ascontiguousarray(xs[a:b], numpy.int32), numpy.ascontiguousarray(ts[a:b], numpy.int32))
        for a, b in itertools.pairwise(bounds)
    ]
