"""The stand-ins for CUDA, as fixtures."""

import sys

import pytest

from tests.kernels.gpu import stand_ins


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
