"""The windows of truncated BPTT: each run carried on, each id scored once."""

import itertools

import numpy
import pytest

from tsuzuri.data import windows


@pytest.mark.parametrize(("size", "batch", "steps"), [(2, 1, 1), (7, 2, 3), (100, 4, 7), (101, 1, 200), (53, 10, 5)])
def test_training_windows_carry_each_run_on(size, batch, steps):
    ids = numpy.arange(size, dtype="i")
    start = size // 3
    cut = windows.training_windows(ids, batch, steps, start)
    assert len(cut) == -(-(size // batch) // steps)
    assert all(window.resets is None for window in cut)
    lengths = {len(window.xs) for window in cut}
    assert max(lengths) <= steps
    assert max(lengths) - min(lengths) <= 1
    xs, ts = (numpy.concatenate([window[k] for window in cut]) for k in (0, 1))
    assert (ts == (xs + 1) % size).all()
    assert xs.T.ravel().tolist() == [(start + k) % size for k in range(xs.size)]
    assert xs.shape == (size // batch, batch)


@pytest.mark.parametrize(("size", "batch", "steps"), [(2, 1, 1), (8, 3, 2), (100, 4, 7), (50, 7, 100)])
def test_evaluation_scores_every_id_once(size, batch, steps):
    cut = windows.evaluation_windows(numpy.arange(size), batch, steps)
    scored = [(x, t) for xs, ts, _ in cut for x, t in zip(xs.ravel(), ts.ravel(), strict=True) if t >= 0]
    assert sorted(scored) == list(itertools.pairwise(range(size)))
