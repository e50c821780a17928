"""What a GPU could reach at most: measured on the emulator, counted by hand."""

import functools
import itertools
import math
import sys
import time

import pytest

from benchmarks import gpu_floor, gpu_ours
from tsuzuri.kernels.gpu import BFLOAT16, FLOAT32, TF32
from tsuzuri.models import rnn

SIZE = (50, 8, 3, 4)  # V, N, B, T
DATA = gpu_ours.windows(50, 3, 4)
MACHINE = gpu_floor.Machine(1e12, 4e12, 8e12, 1e9, 1e-6, 1e-7)

on_the_emulator = pytest.mark.parametrize("engine", ["emulated"], indirect=True)


def test_the_machine_is_measured(emulated):
    engine, waited = emulated(), []
    wait = functools.partial(waited.append, None)
    assert gpu_floor.product_rate(engine, wait, FLOAT32, side=8, seconds=0) > 0
    assert gpu_floor.product_rate(engine, wait, BFLOAT16, side=8, seconds=0) > 0
    assert gpu_floor.copy_rate(engine, wait, size=1 << 12, seconds=0) > 0
    assert gpu_floor.launch_time(engine, wait, nodes=2, replays=2, seconds=0) > 0
    assert engine.launches.count("nothing") == 1 + 2 * 2 * (1 + gpu_floor.RUNS)
    taken = []
    zeros = engine.zeros
    engine.zeros = lambda *what: taken.append(zeros(*what)) or taken[-1]
    assert gpu_floor.wait_time(engine, wait, waits=2, seconds=0) > 0
    assert taken[0][0, 0] == 2 * engine.multiprocessors  # it began at 0 in the last run too, or nobody waited
    assert len(waited) == 5 * (1 + gpu_floor.RUNS)


def test_rates_are_of_the_fastest_run(monkeypatch):
    ticks = itertools.accumulate([0, 1, 5, 1, 2, 1, 3, 1])  # runs of 5, 2 and 3 seconds, with one between
    monkeypatch.setattr(time, "perf_counter", functools.partial(next, ticks))
    assert gpu_floor.fastest(lambda: None, lambda: None, seconds=0) == 2


def test_the_floor_counts_each_product_and_each_way_through_memory():
    words, units, streams, steps = SIZE
    model = rnn.Sizes(words, units).shapes()
    used = sum(math.prod(shape) for name, shape in model.items() if name.endswith("W") and name != "l0/W")
    every = sum(math.prod(shape) for shape in model.values())
    assert gpu_floor.operations(words, units) == 6 * used
    logits = streams * steps * words
    adam = 8 * every  # gradients for the norm; four read and three written
    float32 = 4 * (2 * used + every + adam + 5 * logits)
    bfloat16 = 2 * 2 * used + 4 * (every + adam) + 2 * used + (2 * 4 + 3 * 2) * logits
    assert gpu_floor.moved(SIZE, FLOAT32) == gpu_floor.moved(SIZE, TF32) == float32
    assert gpu_floor.moved(SIZE, BFLOAT16) == bfloat16
    for precision, rate in ((FLOAT32, 1e12), (TF32, 4e12), (BFLOAT16, 8e12)):
        seconds = 6 * used * streams * steps / rate + gpu_floor.moved(SIZE, precision) / 1e9 + 2 * (steps + 1) * 1e-6
        assert gpu_floor.training(SIZE, precision, MACHINE) == pytest.approx(seconds)
    written = 4 * used / 1e9 + 2 * 7 * used / 1e12
    assert gpu_floor.writing(words, units, 7, FLOAT32, MACHINE) == pytest.approx(written)


def test_a_machine_is_read_as_it_was_saved(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(gpu_floor, "now", lambda: MACHINE)
    path = tmp_path / "machine.json"
    monkeypatch.setattr(sys, "argv", ["gpu_floor", "--save", str(path)])
    gpu_floor.main()
    assert gpu_floor.read(path) == MACHINE
    assert gpu_floor.read(tmp_path / "other.json") is None
    assert "1.0 in float32, 4.0 in tf32, 8.0 in bfloat16 TFLOP/s" in capsys.readouterr().out
