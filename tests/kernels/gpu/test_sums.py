"""Sums and moves of a window in CUDA, run by the emulator, against NumPy in float64."""

import numpy
import pytest

from tests.conftest import relative_error
from tests.kernels.gpu.test_embedding import values
from tsuzuri.kernels.gpu import sums


@pytest.mark.parametrize("kind", ["f", "u2"])
@pytest.mark.parametrize("accumulate", [False, True])
@pytest.mark.parametrize(("rows", "size", "room"), [(1, 1, 0), (3, 33, 3), (40, 6, 0), (35, 130, 2), (50, 8, 8)])
def test_columns(rng, emulated, rows, size, room, kind, accumulate):
    before = rng.normal(size=size).astype("f")
    numbers = rng.normal(size=(rows, size + room)).astype("f")
    if kind == "u2":
        numbers = (numbers.view("u4") >> 16).astype("u2")
    found = []
    for schedule in (1, 2):
        engine = emulated(schedule)
        a, out = engine.asarray(numbers), engine.asarray(before) if accumulate else engine.empty(size)
        sums.sum_columns(engine, a, out, accumulate, engine.empty(sums.columns_scratch(rows, size)))
        wanted = values(numbers[:, :size]).sum(axis=0) + (before if accumulate else 0)
        assert relative_error(out, wanted, floor=1) < 1e-5
        found.append(out.tobytes())
    assert found[0] == found[1]


@pytest.mark.parametrize("rows", [1, 16, 17, 350, 700, 8960])
@pytest.mark.parametrize("size", [1, 127, 2600, 10000, 60000])
def test_slabs_are_all_rows_and_scratch_holds_them(rows, size):
    parts, length = sums.slabs(rows, size)
    assert (parts - 1) * length < rows <= parts * length
    assert parts * size <= sums.columns_scratch(rows, size)
    assert parts == 1 or length >= sums.LEAST
    assert parts * -(-size // sums.COLUMNS) <= max(sums.BLOCKS, -(-size // sums.COLUMNS))


@pytest.mark.parametrize("rows", [1, 31, 1500])
def test_total(rng, emulated, rows):
    losses = rng.random(rows).astype("f")
    found = []
    for seed in (1, 2):
        engine = emulated(seed)
        loss, running = engine.empty(1), engine.asarray([3.5])
        for _ in range(2):
            sums.sum_losses(engine, engine.asarray(losses), 1 / 3, loss, running, 7)
        assert loss[0] == pytest.approx(losses.sum(dtype="d") / 3, rel=1e-7)
        assert running[0] == 3.5 + 2 * 7 * float(loss[0])
        found.append((loss.tobytes(), running.tobytes()))
    assert found[0] == found[1]


def test_huge_losses_are_added_in_float64(emulated):
    engine = emulated()
    loss = engine.empty(1)
    sums.sum_losses(engine, engine.asarray([2e38, 2e38, 2e38], "f"), 1 / 3, loss, engine.zeros(1, "d"), 1)
    assert loss[0] == pytest.approx(2e38)


@pytest.mark.parametrize("count", [1, 6, 8])
@pytest.mark.parametrize("kind", ["f", "u2"])
def test_carry(rng, emulated, kind, count):
    engine = emulated()
    arrays = [engine.asarray(rng.normal(size=(4, 3, 101)), "f") for _ in range(count - 1)]
    arrays.append(engine.asarray(rng.integers(0, 2**15, (4, 3, 32)), kind))
    wanted = [numpy.concatenate([a[-1:], a[1:]]) for a in arrays]
    sums.carry(engine, [(a[-1], a[0]) for a in arrays])
    assert all((a == b).all() for a, b in zip(arrays, wanted, strict=True))
    assert len(engine.launches) == -(-count // 6)


@pytest.mark.parametrize("kind", ["f", "u2"])
@pytest.mark.parametrize("shape", [(1, 1), (3, 31), (5, 8), (40, 33)])
def test_cast(rng, emulated, shape, kind):
    engine = emulated()
    w = rng.normal(size=shape).astype("f")
    op = engine.empty((shape[0], 64), kind)
    sums.cast(engine, engine.asarray(w), op)
    assert relative_error(values(op[:, : shape[1]]), w) < (2**-8 if kind == "u2" else 1e-30)
    assert numpy.isnan(values(op[:, shape[1] :])).all()
