"""Where the time of a window goes: each launch and product of it is timed."""

import math

import numpy
import pytest

from benchmarks import gpu_floor, gpu_ours, gpu_peers, gpu_profile, gpu_speed
from tests.benchmarks.contender import Clock

SIZE = (50, 8, 3, 4)  # V, N, B, T
DATA = gpu_ours.windows(50, 3, 4)
MACHINE = gpu_floor.Machine(1e12, 4e12, 8e12, 1e9, 1e-6, 1e-7)

on_the_emulator = pytest.mark.parametrize("engine", ["emulated"], indirect=True)


def test_a_launch_that_is_not_in_a_graph_is_not_timed_as_one(emulated):
    engine = emulated()
    engine.why_no_graph = "it is busy"
    assert math.isnan(gpu_floor.launch_time(engine, lambda: None, nodes=2, seconds=0))


def test_a_profile_says_where_the_time_goes(emulated):
    clock, engine = Clock(), emulated()
    launch, product = engine.kernel, engine.product

    def slow_kernel(*which, **defines):
        def launched(*arguments, **how):
            clock.now += 1
            launch(*which, **defines)(*arguments, **how)

        return launched

    def slow_product(*arguments):
        clock.now += 2
        product(*arguments)

    engine.kernel, engine.product = slow_kernel, slow_product
    profile = gpu_profile.Profile(engine, clock)
    a, b, out = engine.asarray(numpy.ones((4, 2), "f")), engine.asarray(numpy.ones((4, 3), "f")), engine.empty((2, 3))

    def run():
        profile.kernel("barrier", "nothing")(1, 32)
        profile.product(a, b, out, transpose_a=True)
        profile.kernel("barrier", "nothing")(2, 32)
        profile.product(a, b, out, True, precision="float32")

    run()
    rows = profile.times(profile.record(run), ahead=False)
    assert rows == [("product 2 x 4 x 3, float32", 0.004, 2), ("nothing", 0.002, 2)]
    assert (out == 4).all()
    lines = [*profile.lines(run, ahead=False)]
    assert lines[0].split(maxsplit=3) == ["4,000.0", "µs", "67%", "product 2 x 4 x 3, float32 (2 times)"]
    assert lines[-1].split(maxsplit=2) == ["6,000.0", "µs", "all 4 launches"]
    assert profile.multiprocessors == engine.multiprocessors


@on_the_emulator
@pytest.mark.usefixtures("small_engine")
def test_a_window_of_ours_is_profiled(monkeypatch):
    data = gpu_ours.windows(20, 2, 3, 2)
    entry = gpu_speed.Entry("ours float32", gpu_peers.TRAINERS["ours float32"])
    monkeypatch.setattr(gpu_profile, "Events", lambda cuda: Clock(step=1))
    monkeypatch.setattr(gpu_profile, "AHEAD", 8)
    monkeypatch.setattr(numpy, "cuda", None, raising=False)  # the emulator's CuPy is NumPy
    lines = [*gpu_speed.profile(entry, (20, 5, 2, 3), data)]
    assert lines[-1].endswith(" launches")
    names = " ".join(lines)
    assert "softmax" in names
    assert "product 20 x 6 x 5, float32" in names  # the gradient of the output layer
