"""A small emulated GPU for the benchmarks."""

import pytest


@pytest.fixture
def small_engine(engine):
    """The engine of the whole program, with one multiprocessor: fewer kernels are built, and the same for all."""
    engine.multiprocessors = 1
    return engine
