"""What the check of a GPU says is so: its peers learn and write as we do, its floor is counted right, no part ends it.

There is no GPU in these tests: PyTorch runs on the CPU, and our kernels where the emulator does.
"""

import contextlib
import datetime
import functools
import itertools
import math
import os
import select
import subprocess
import sys
import time
import types

import numpy
import pytest

from benchmarks import gpu_check, gpu_equal, gpu_floor, gpu_ours, gpu_peers, gpu_profile, gpu_speed
from benchmarks.trainers import MissingError, weights
from tests.conftest import ROOT
from tsuzuri.kernels.gpu import BFLOAT16, FLOAT32, PRECISIONS, TF32
from tsuzuri.models import rnn

SIZE = (50, 8, 3, 4)  # V, N, B, T
DATA = gpu_ours.windows(50, 3, 4)
MACHINE = gpu_floor.Machine(1e12, 4e12, 8e12, 1e9, 1e-6, 1e-7)


def on_the_cpu(run):
    """What ``run()`` returns; skips where PyTorch is not installed, or cannot do that on this processor."""
    try:
        return run()
    except MissingError as missing:
        pytest.skip(str(missing))


def pytorch(dropout=0.0, **how):
    return on_the_cpu(lambda: gpu_peers.PyTorch(SIZE, DATA, dropout, device="cpu", **how))


def pytorch_writer(*how, **more):
    return on_the_cpu(lambda: gpu_peers.PyTorchWriter(*how, device="cpu", **more))


@pytest.mark.parametrize("precision", PRECISIONS)
def test_pytorch_learns_as_our_model_on_the_cpu_does(precision):
    wanted = gpu_equal.losses(gpu_ours.OnTheCPU(SIZE, DATA), 3)
    found = on_the_cpu(lambda: gpu_equal.losses(pytorch(precision=precision), 3))
    assert gpu_equal.why_not(found, wanted, precision) is None


def test_pytorch_drops_values():
    assert gpu_equal.losses(pytorch(0.5), 1) != gpu_equal.losses(pytorch(), 1)


def test_what_comes_before_a_graph_is_forgotten(monkeypatch):
    """With a graph that is none: what warms it up must not show in the losses and in the words."""

    def recorded(torch, run):
        for _ in range(gpu_peers.WARM):
            run()
        return run

    monkeypatch.setattr(gpu_peers, "_recorded", recorded)
    assert gpu_equal.losses(pytorch(graph=True), 3) == gpu_equal.losses(pytorch(), 3)
    writers = [pytorch_writer(50, 8, 3, 0, graph=graph) for graph in (True, False)]
    assert writers[0].write(5).tolist() == writers[1].write(5).tolist()


def loaded_model(words, units):
    model = rnn.RNN(rnn.Sizes(words, units), numpy.random.default_rng(0))
    for name, values in weights(words, units).items():
        layer, kind = name.split("/")
        getattr(model[layer], kind).array[...] = values
    return model


def test_pytorch_writes_the_likeliest_words_as_our_model_does():
    model, word, wanted = loaded_model(50, 8), gpu_ours.first(50, 3), []
    for _ in range(6):
        word = model.step(word).argmax(1).astype(numpy.int32)
        wanted.append(word)
    writer = pytorch_writer(50, 8, 3, 0)
    assert writer.write(4).tolist() == numpy.array(wanted)[:4].tolist()
    assert writer.write(2).tolist() == numpy.array(wanted)[4:].tolist()


@pytest.mark.parametrize("top_p", [1.0, 0.5])
def test_pytorch_draws_from_the_softmax_and_from_its_nucleus(top_p):
    streams, words = 20_000, 5
    writer = pytorch_writer(words, 2, streams, top_p=top_p)
    with writer._inference():
        y = writer.torch.ones((streams, 2))
        p = writer.out(y[0]).softmax(0).numpy().astype("d")
        found = numpy.bincount(writer._choose(y).numpy(), minlength=words) / streams
    if top_p < 1:
        order = numpy.argsort(-p)
        kept = order[: 1 + numpy.searchsorted(numpy.cumsum(p[order]), top_p)]
        p[numpy.setdiff1d(order, kept)] = 0
    p /= p.sum()
    assert abs(found - p).max() < 6 / math.sqrt(4 * streams)  # six standard deviations of a share, at most


on_the_emulator = pytest.mark.parametrize("engine", ["emulated"], indirect=True)


@pytest.fixture
def small_engine(engine):
    """The engine of the whole program, with one multiprocessor: fewer kernels are built, and the same for all."""
    engine.multiprocessors = 1
    return engine


@pytest.mark.parametrize("place", [gpu_ours.LAYERS, gpu_ours.PROJECTIONS])
def test_ours_follows_the_cpu_with_dropout(emulated, place):
    data = gpu_ours.windows(20, 2, 3, 2)
    size = 20, 5, 2, 3
    engine = emulated(multiprocessors=1)
    other = engine.zeros(1000)
    ours = gpu_ours.Ours(size, data, 0.5, place=place, on=engine)
    wanted = gpu_equal.losses(gpu_ours.OnTheCPU(size, data, 0.5, place), 4)
    assert gpu_equal.losses(ours, 4) == pytest.approx(wanted, rel=1e-5)
    assert 0 < ours.memory() <= engine.used() - other.nbytes
    assert gpu_ours.without_graph(ours) is None


def test_ours_writes_the_likeliest_words(emulated):
    writer = gpu_ours.OursWriter(20, 5, 9, 0.0, on=emulated())
    assert numpy.array_equal(writer.write(4), pytorch_writer(20, 5, 9, 0).write(4))
    assert writer.memory() > 0
    assert gpu_ours.without_graph(writer) is None


def test_the_first_words_are_words():
    assert gpu_ours.first(3, 5).tolist() == [0, 1, 2, 0, 1]


@pytest.mark.parametrize("watch", [0, 1])
def test_no_block_passes_the_others_at_the_barrier(emulated, watch):
    for seed in range(3):
        engine = emulated(seed, multiprocessors=4)
        counter, reached, late = engine.zeros((3, 64), "u4")
        numbers = numpy.int32(9), numpy.int32(watch)
        engine.kernel("barrier", "barriers")(4, 64, counter, reached, late, *numbers, cooperative=True)
        assert counter[0] == 4 * 9
        assert reached[:4].tolist() == [9 * watch] * 4
        assert not late.any()


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


class Clock:
    """Events of a GPU on which each launch takes a millisecond and each product two."""

    def __init__(self, step=0):
        self.now, self.step = 0, step

    def mark(self):
        self.now += self.step
        return self.now

    def between(self, first, last):
        return (last - first) / 1e3


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


def test_losses_must_agree_and_so_must_what_updates_change_in_them():
    wanted = [100.0, 99.0, 98.0]
    assert gpu_equal.apart([100.0, 99.0, 97.0], wanted) == pytest.approx((1 / 98, 1.0))
    assert gpu_equal.why_not([100.0, 99.001, 98.001], wanted, FLOAT32) is None
    assert gpu_equal.why_not([100.0, 98.9, 98.0], wanted, FLOAT32)
    assert gpu_equal.why_not([100.0, 98.9, 98.0], wanted, BFLOAT16) is None
    assert gpu_equal.why_not([100.0, math.nan, 98.0], wanted, BFLOAT16)
    wanted = [100.0, 99.9, 99.8]
    why = gpu_equal.why_not([100.0, 99.905, 99.8], wanted, FLOAT32)  # near as losses, but one falls by 5 % less
    assert why == "other losses: [100.0, 99.905, 99.8], not [100.0, 99.9, 99.8]"


@pytest.mark.parametrize("far", [1e-7, 1e-3])
def test_who_follows_without_a_graph_is_told(far, monkeypatch, capsys):
    found = ("ours float32", FLOAT32, far, "without a CUDA graph: it is busy"), ("ours bfloat16", BFLOAT16, 1e-3, None)
    monkeypatch.setattr(gpu_equal, "follow", lambda *_: found)
    with pytest.raises(SystemExit) as end:
        gpu_equal.main()
    assert end.value.code == (far > 1e-5)
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if "graph" in line] == [
        f"ours float32, dropout on {place}: without a CUDA graph: it is busy" for place in ("layers", "projections")
    ]
    assert len(lines) == 6


class Contender:
    """Trains and writes at a speed: ``words`` a second of a clock that moves when it does."""

    def __init__(self, speed, clock, losses=(4.0, 3.0, 2.0, 1.5, 1.2), why_no_graph=None):
        self.speed, self.clock, self.losses, self.asked = speed, clock, losses, -1
        self.why_no_graph = why_no_graph

    def train(self, number):
        self.asked = number
        self.clock.now += 12 / self.speed

    def loss(self):
        return self.losses[min(self.asked, len(self.losses) - 1)]

    def memory(self):
        return 3 << 20


def kind_of(speed, clock, precision=FLOAT32, is_ours=False, **how):
    def make(size, data, dropout=0.0, compiled=False):
        if isinstance(speed, Exception):
            raise speed
        return Contender(speed * (2 if compiled else 1), clock, **how)

    return gpu_peers.Kind(make, precision, is_ours)


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(time, "perf_counter", lambda: clock.now)
    return clock


def test_a_turn_is_long_enough(clock):
    contender, called = Contender(24.0, clock), []

    def once(number):
        called.append(number)
        contender.train(number)

    assert gpu_speed.turn(once, lambda: None, 12, 10.0, 5) == pytest.approx(24)
    assert called == [0, 1, 2, 0, 1, 2, *range(20)]
    called.clear()
    gpu_speed.turn(once, lambda: None, 12, 0.1, 5)
    assert called[6:] == [*range(5)]


def trained(monkeypatch, capsys, kinds, may_compile=False):
    """What a run of training says: rows by name, other lines, and whether all was fine."""
    monkeypatch.setattr(gpu_peers, "TRAINERS", kinds)
    monkeypatch.setattr(
        gpu_peers, "PyTorch", lambda size, data, device: kinds["PyTorch float32, eager"].make(size, data)
    )
    monkeypatch.setitem(gpu_speed.AIMS, SIZE, gpu_speed.Aim(100, 2))
    monkeypatch.setattr(gpu_speed, "profile", lambda entry, size, data: ["profile of", entry.name])
    fine = gpu_speed.train(SIZE, MACHINE, lambda: may_compile)
    lines = capsys.readouterr().out.splitlines()
    rows = {line.split(" | ")[1]: line[2:-2].split(" | ") for line in lines if gpu_check.is_row(line)}
    return rows, [line for line in lines if not gpu_check.is_row(line)], fine


def test_the_table_of_training(monkeypatch, capsys, clock):
    kinds = {
        "ours float32": kind_of(120.0, clock, is_ours=True, why_no_graph="it is busy"),
        "ours bfloat16": kind_of(180.0, clock, BFLOAT16, is_ours=True),
        "PyTorch float32, graph": kind_of(60.0, clock),
        "PyTorch float32, eager": kind_of(30.0, clock),
        "PyTorch bfloat16, graph": kind_of(MissingError("no CUDA graph | because"), clock, BFLOAT16),
        "PyTorch bfloat16, eager": kind_of(80.0, clock, BFLOAT16),
    }
    rows, said, fine = trained(monkeypatch, capsys, kinds)
    assert fine
    least = gpu_floor.training(SIZE, FLOAT32, MACHINE)
    assert rows["ours float32"] == [
        "train 50, 8, 3, 4",
        "ours float32",
        "120",
        "1.50",
        "2.00",
        f"{10 * least:.0%}",
        "3",
    ]
    assert rows["ours bfloat16"][2:5] == ["180", "2.25", "2.25"]
    assert rows["PyTorch float32, graph"][2:5] == ["60", "0.75", "1.00"]
    assert rows["PyTorch float32, eager"][3] == "slower in a short turn"
    assert rows["PyTorch bfloat16, graph"][2] == "no CUDA graph / because"
    assert [line for line in said if "CUDA graph" in line] == [
        "train 50, 8, 3, 4: ours float32, without a CUDA graph: it is busy"
    ]
    assert said[-1].endswith("the aim is met: ours bfloat16, 180 of 100 words/s, 2.25 of 2 times PyTorch's best")


def test_an_aim_that_is_missed_is_followed_by_its_profile(monkeypatch, capsys, clock):
    kinds = {"ours float32": kind_of(120.0, clock, is_ours=True), "PyTorch float32, eager": kind_of(70.0, clock)}
    rows, said, fine = trained(monkeypatch, capsys, kinds, may_compile=True)
    assert fine
    assert rows["ours float32"][3] == "1.71"
    assert said[-4].endswith("the aim is missed: ours float32, 120 of 100 words/s, 1.71 of 2 times PyTorch's best")
    assert said[-3:-1] == ["profile of", "ours float32"]
    assert rows["PyTorch float32, eager, output compiled"][2:4] == ["140", "1.00"]
    assert said[-1].endswith("ours float32, 120 of 100 words/s, 0.86 of 2 times PyTorch's best")


def test_who_computes_something_else_is_not_timed(monkeypatch, capsys, clock):
    kinds = {
        "ours float32": kind_of(120.0, clock, is_ours=True, losses=(4.0, 3.0, 2.0, 1.5, 1.3)),
        "ours bfloat16": kind_of(ValueError("broken\nin two lines"), clock, BFLOAT16, is_ours=True),
        "PyTorch float32, eager": kind_of(60.0, clock),
    }
    rows, said, fine = trained(monkeypatch, capsys, kinds)
    assert not fine
    assert rows["ours float32"][2] == "other losses: [4.0, 3.0, 2.0, 1.5, 1.3], not [4.0, 3.0, 2.0, 1.5, 1.2]"
    assert rows["ours bfloat16"][2] == "ValueError: broken"
    assert rows["PyTorch float32, eager"][2] == "60"
    assert said[-1] == "train 50, 8, 3, 4: the aim is missed: ours did not run"


class Writer(Contender):
    def __init__(self, words, *how):
        super().__init__(*how)
        self.words = numpy.array(words)

    def write(self, count):
        self.clock.now += count * self.words.size / self.speed
        return numpy.tile(self.words, (count, 1))


def test_the_table_of_writing(monkeypatch, capsys, clock):
    def kind(speed, precision, is_ours, *written):
        def make(words, units, streams, temperature=1.0, top_p=1.0, device=None):
            return Writer(written, speed * (1 if top_p == 1 else 0.5), clock)

        return gpu_peers.Kind(make, precision, is_ours)

    kinds = {
        "ours float32": kind(600.0, FLOAT32, True, 1, 2, 3, 4),
        "ours tf32": kind(900.0, TF32, True, 1, 2, 3, 4),
        "PyTorch float32, graph": kind(300.0, FLOAT32, False, 1, 2, 3, 5),
        "PyTorch bfloat16, graph": kind(400.0, BFLOAT16, False, 1, 2, 3, 5),
        "PyTorch float32, eager": kind(200.0, FLOAT32, False, 1, 2, 3, 4),
    }
    monkeypatch.setattr(gpu_peers, "WRITERS", kinds)
    monkeypatch.setattr(gpu_peers, "PyTorchWriter", kinds["PyTorch float32, eager"].make)
    monkeypatch.setitem(gpu_speed.AIMS, (50, 8, 4), gpu_speed.Aim(500, 2))
    assert not gpu_speed.write((50, 8, 4), MACHINE, lambda: False)
    lines = capsys.readouterr().out.splitlines()
    rows = [line[2:-2].split(" | ")[:5] for line in lines if gpu_check.is_row(line)]
    least = "write 50, 8, 4"
    assert rows == [
        [least, "ours float32", "600", "1.50", "3.00"],  # four streams are written without TF32
        [least, "PyTorch float32, graph", "other words at temperature 0", "", ""],
        [least, "PyTorch bfloat16, graph", "400", "1.00", "1.00"],  # three of four first words
        [least, "PyTorch float32, eager", "200", "0.50", "1.00"],
        *[[f"{least}, top-p 0.9", name, *rest] for name, *rest in (
            ("ours float32", "300", "1.50", "3.00"),
            ("PyTorch float32, graph", "other words at temperature 0", "", ""),
            ("PyTorch bfloat16, graph", "200", "1.00", "1.00"),
            ("PyTorch float32, eager", "100", "0.50", "1.00"),
        )],
    ]  # fmt: skip
    missed = "the aim is missed: ours float32, 600 of 500 words/s, 1.50 of 2 times PyTorch's best"
    assert [line for line in lines if not gpu_check.is_row(line)] == [f"{least}: {missed}"]


# Parts of the check


def part(name, seconds, code, **how):
    return gpu_check.Part(name, seconds, (sys.executable, "-c", code), **how)


def test_a_part_that_fails_or_hangs_is_told_and_the_others_go_on():
    row = "| " + " | ".join("abcdefg") + " |"
    todo = [
        part("good", 60, f"print('hello'); print({row!r})"),
        part("bad", 60, "print('first'); import sys; print('why', file=sys.stderr); sys.exit(3)"),
        part("none", 60, "", missing="no such program"),
        part("skipped", 60, "print('2 skipped')", says=" passed"),
        part("last", 60, "print('2 passed, still here')", says=" passed"),
    ]
    told = []
    outcomes = gpu_check.run_all(todo, lambda outcomes: told.append(len(outcomes)))
    assert told == [1, 2, 3, 4, 5]
    assert [outcome.fault for outcome in outcomes] == [
        "",
        "failed with exit status 3",
        "cannot run: no such program",
        "failed: nothing in it passed",
        "",
    ]
    text = gpu_check.report(outcomes, datetime.datetime(2026, 1, 2, 3, 4))
    assert "2 January 2026" in text or "02 January 2026 03:04" in text
    assert text.count(row) == 1
    assert text.index(row) < text.index("## good\n\n```\nhello\n```") < text.index("## bad\n\n```\nfirst\nwhy\n```")
    assert "still here" in text


def on_a_clock(monkeypatch, todo):
    """The limits that ``run_all`` gives to parts (name, seconds, needs, taken), and how each went."""
    now, limits = [100.0], {}

    def run(part, limit):
        limits[part.name] = limit
        now[0] += part.command
        return gpu_check.Outcome(part, "", part.command, "")

    parts = [gpu_check.Part(name, seconds, taken, needs=needs) for name, seconds, needs, taken in todo]
    with monkeypatch.context() as patch:
        patch.setattr(gpu_check, "run", run)
        patch.setattr(time, "monotonic", lambda: now[0])
        outcomes = gpu_check.run_all(parts, lambda outcomes: None)
    return limits, outcomes


def test_a_part_has_its_time_and_what_others_left_of_theirs(monkeypatch):
    todo = [("quick", 5, 0, 4), ("cut off", 5, 0, 6.5), ("late", 5, 0, 1), ("over", 1, 0, 9), ("last", 2, 0, 1)]
    limits, outcomes = on_a_clock(monkeypatch, todo)
    assert limits == {"quick": 5, "cut off": 6, "late": 4.5, "over": 4.5, "last": -2.5}
    assert [outcome.how for outcome in outcomes] == ["done"] * 5


def test_a_part_that_no_time_is_left_for_is_left_out(monkeypatch):
    todo = [("first", 10, 0, 4), ("enough", 0, 6, 1), ("too little", 0, 6, 1), ("last", 1, 0, 2)]
    limits, outcomes = on_a_clock(monkeypatch, todo)
    assert limits == {"first": 10, "enough": 6, "last": 6}
    assert [outcome.fault for outcome in outcomes] == [""] * 4
    left_out = "left out: needs 6 seconds, 5 are left"
    assert [outcome.how for outcome in outcomes] == ["done", "done", left_out, "done"]
    assert f"| too little | {left_out} | 0 |\n" in gpu_check.report(outcomes, datetime.datetime(2026, 1, 2))


def test_who_is_asked_for_has_its_time(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(gpu_check, "run_all", lambda todo, tell: seen.extend(todo) or [])
    monkeypatch.setattr(sys, "argv", ["gpu_check", "--only", "floor", "train 60000", "--out", str(tmp_path / "x")])
    with pytest.raises(SystemExit):
        gpu_check.main()
    assert [(part.name, part.seconds) for part in seen] == [("floor", 15), ("train 60000,650,20,35", gpu_check.ENOUGH)]


def test_a_part_that_hangs_is_ended_with_all_that_it_has_started(tmp_path, monkeypatch):
    """What it starts writes into a pipe, from which can be seen when it is there and that it has gone."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    wait = subprocess.Popen.wait

    def wait_for_both(process, timeout=None):
        assert select.select([reader], [], [], 120)[0]
        return wait(process, timeout)

    monkeypatch.setattr(subprocess.Popen, "wait", wait_for_both)
    child = f"import time; pipe = open({str(pipe)!r}, 'w'); pipe.write('here'); pipe.flush(); time.sleep(600)"
    hangs = f"import subprocess, sys; print({gpu_check.SECONDS!r}); subprocess.run([sys.executable, '-c', {child!r}])"
    try:
        outcome = gpu_check.run(part("hangs", 0, hangs, notes=("a note",)), 0.6)
        assert os.read(reader, 99) == b"here"
        assert select.select([reader], [], [], 120)[0]
        assert os.read(reader, 99) == b""
    finally:
        os.close(reader)
    assert outcome.fault == "cut off after 1 seconds"
    assert outcome.output == "a note\n1\n"


def test_all_parts_take_eight_minutes_at_most():
    parts = [*gpu_check.parts("machine.json")]
    assert sum(part.seconds for part in parts) <= 8 * 60
    assert [part.name.split(" ")[0] for part in parts[:6]] == [
        "machine",
        "tests",
        "memcheck",
        "racecheck",
        "floor",
        "follow",
    ]
    assert len(parts) == 6 + len(gpu_speed.AIMS) + len(gpu_speed.BESIDES)
    assert parts[-1].name == "train 60000,650,20,35"
    assert [bool(part.needs) for part in parts] == [False] * (len(parts) - 1) + [True]
    assert len({part.name for part in parts}) == len(parts)


@on_the_emulator
def test_a_little_of_everything(small_engine, monkeypatch, capsys):
    monkeypatch.setattr(gpu_check, "SMALL", (((20, 5, 2, 3), FLOAT32, gpu_ours.LAYERS),))
    monkeypatch.setattr(gpu_check, "SMALL_WRITING", ((9, 3, 1), (9, 3, 9)))
    assert gpu_check.run_small()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + 4
    assert 0 < float(lines[0].rsplit(" ", 1)[1]) < 15  # nats of three words; log 20 is 3
    assert small_engine.launches


@pytest.mark.parametrize("missing", [None, 0, 1])
def test_a_little_that_goes_without_a_graph_fails(missing, monkeypatch, capsys):
    done = [(str(k), Contender(1, None, why_no_graph="it is busy" if k == missing else None)) for k in range(2)]
    monkeypatch.setattr(gpu_check, "small", lambda: done)
    assert gpu_check.run_small() is (missing is None)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == (2 if missing is None else 3)
    assert missing is None or lines[missing + 1] == "without a CUDA graph: it is busy"


WITH_TESTS_FOR_A_GPU = {
    "cli/test_gpu.py",
    "kernels/test_kernels.py",
    *(f"kernels/gpu/test_{name}.py" for name in ("window", "writing", "recurrence", "launcher", "calls")),
}


def test_files_of_tests_for_a_gpu_are_found():
    names = {path.relative_to(gpu_check.TESTS).as_posix() for path in gpu_check.tests_for_a_gpu()}
    assert names >= WITH_TESTS_FOR_A_GPU
    assert "midi/file/test_smf.py" not in names  # which needs packages that a machine with a GPU may not have


IMPORTS = """
import importlib, sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in missing:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

missing = set(sys.argv[1].split(","))
sys.meta_path.insert(0, Finder())
for name in sys.argv[2:]:
    importlib.import_module(f"tests.{name}")
"""
NOT_THERE = "mido", "tqdm", "matplotlib", "MeCab", "unidic_lite", "hypothesis", "symusic", "scipy", "pkg_resources"


def test_tests_for_a_gpu_import_nothing_that_is_not_looked_for():
    paths = gpu_check.tests_for_a_gpu()
    groups = {}
    for path in paths:
        name = ".".join(path.relative_to(gpu_check.TESTS).with_suffix("").parts)
        groups.setdefault(gpu_check.needs(path), []).append(name)
    assert len(groups) > 1
    for needs, names in groups.items():
        missing = ",".join(package for package in NOT_THERE if package not in needs)
        command = [sys.executable, "-W", "ignore", "-c", IMPORTS, missing, *names]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("missing", [(), ("mido", "matplotlib")])
def test_a_file_of_tests_whose_needs_are_missing_is_left_out_and_told(missing, monkeypatch):
    monkeypatch.setattr(gpu_check.importlib.util, "find_spec", lambda name: None if name in missing else name)
    part = {part.name: part for part in gpu_check.parts("machine.json")}["tests"]
    named = {name for name in part.command if name.startswith("tests")}
    assert len(named) == len(gpu_check.tests_for_a_gpu()) - bool(missing)
    assert (os.path.join("tests", "cli", "test_gpu.py") in named) is not bool(missing)
    assert part.notes == (("left out: cli/test_gpu.py, needs mido and matplotlib",) if missing else ())


@on_the_emulator
@pytest.mark.parametrize("why", [None, "it is busy"])
def test_the_machine_is_described(engine, why, monkeypatch):
    facts = {"name": b"fake", "totalGlobalMem": 3 << 30, "major": 9, "minor": 0, "multiProcessorCount": 6}
    runtime = types.SimpleNamespace(
        getDevice=lambda: 0, getDeviceProperties=lambda device: facts | {"l2CacheSize": 5 << 20},
        driverGetVersion=lambda: 13010, runtimeGetVersion=lambda: 13000,
    )  # fmt: skip
    cuda = types.SimpleNamespace(runtime=runtime, nvrtc=types.SimpleNamespace(getVersion=lambda: (13, 1)))
    monkeypatch.setitem(sys.modules, "cupy", types.SimpleNamespace(cuda=cuda))
    engine.why_no_graph = why
    lines = [*gpu_check.describe_machine()]
    assert lines[0].startswith("Python 3.")
    assert "fake, 3 GiB, compute capability 9.0" in lines
    assert "CUDA of the driver 13010, of the runtime 13000, NVRTC 13.1" in lines
    assert f"NumPy {numpy.__version__}" in lines
    assert any(line.startswith("CuPy: AttributeError") for line in lines)
    assert ("without a CUDA graph: it is busy" in lines) is bool(why)
    assert engine.launches.count("nothing") == 1


def test_lines_on_the_machine_are_told_as_they_come(monkeypatch, capsys):
    def lines():
        yield "first"
        assert capsys.readouterr().out == "first\n"
        yield "second"

    monkeypatch.setattr(gpu_check, "describe_machine", lines)
    monkeypatch.setattr(sys, "argv", ["gpu_check", "--machine"])
    gpu_check.main()
    assert capsys.readouterr().out == "second\n"


def test_the_sanitizer_is_found_beside_nvcc(tmp_path, monkeypatch):
    for name in ("CUDA_HOME", "CUDA_PATH"):
        monkeypatch.delenv(name, raising=False)
    real, link = tmp_path / "cuda", tmp_path / "bin"
    for folder in (real, link):
        folder.mkdir()
    for name in ("nvcc", "compute-sanitizer"):
        (real / name).touch(0o755)
    monkeypatch.setenv("PATH", str(link))
    assert gpu_check.sanitizer() is None
    (link / "nvcc").symlink_to(real / "nvcc")
    assert gpu_check.sanitizer() == str(real / "compute-sanitizer")


def test_a_long_output_is_shortened_in_its_middle():
    lines = [str(number) for number in range(100)]
    short = gpu_check.shorter(lines)
    assert short[: gpu_check.LINES] == lines[: gpu_check.LINES]
    assert short[gpu_check.LINES] == "... 50 lines ..."
    assert short[-1] == "99"
    assert gpu_check.shorter(lines[:50]) == lines[:50]


def test_without_a_gpu_the_check_says_so_and_fails(tmp_path, monkeypatch, capsys):
    with contextlib.suppress(MissingError):
        pytest.skip(f"there is a GPU: {gpu_ours.engine().name}")
    out = tmp_path / "report.md"
    monkeypatch.setattr(sys, "argv", ["gpu_check", "--only", "machine", "floor", "--out", str(out)])
    with pytest.raises(SystemExit) as end:
        gpu_check.main()
    assert end.value.code == 1
    assert out.read_text().count("there is no GPU that CuPy can use") == 2
    assert "floor: failed with exit status 1" in capsys.readouterr().err
