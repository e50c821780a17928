"""The stand-ins for CUDA, engines, and a case for the recurrence, as fixtures."""

import sys

import pytest

from tests.kernels.gpu import stand_ins
from tests.kernels.gpu.recurrent_case import RATIOS, Case, F
from tsuzuri.kernels.gpu.masks import Dropout
from tsuzuri.kernels.gpu.recurrence import Drops


@pytest.fixture
def device(rng):
    """A device that runs its streams in any order that events allow."""
    return stand_ins.Device(rng)


@pytest.fixture
def place():
    """An array of 24 bytes on the device."""
    return stand_ins.Place()


@pytest.fixture
def cupy(monkeypatch):
    """A CuPy that is none, for the engine to be looked for in."""
    stand_ins.forget()
    fake = stand_ins.FakeCupy()
    monkeypatch.setitem(sys.modules, "cupy", fake)
    yield fake
    stand_ins.forget()


@pytest.fixture
def case(rng):
    def make(sizes, precision=F, on="outputs", locked=False):
        T, B, N = sizes
        shapes, scale = ((4 * N, N), (4 * N,)) * 2, 0.5 / N**0.5
        weights = [[rng.normal(size=shape, scale=scale).astype("f") for shape in shapes] for _ in range(2)]
        states = [[rng.normal(size=(B, N), scale=0.5).astype("f") for _ in range(2)] for _ in range(2)]
        keys = [[rng.integers(2**64, size=1, dtype="u8") for _ in range(2)] for _ in range(2)]
        x, g_out = (rng.normal(size=(T, B, N)).astype("f") for _ in range(2))
        drops = [Drops(**{on: Dropout.of(ratio, B if locked else 0)}) if on else Drops() for ratio in RATIOS]
        return Case(x, g_out, weights, states, keys, drops, precision)

    return make


@pytest.fixture(params=["emulated", pytest.param("gpu", marks=pytest.mark.gpu)])
def engines(request):
    """A function from a seed of the schedule to an engine."""
    engine = request.getfixturevalue(request.param)
    return engine if request.param == "emulated" else lambda seed=0: engine
