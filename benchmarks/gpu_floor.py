"""What this GPU can do at most: products, memory, waits of all blocks for each other; what a speed is held against.

    python -m benchmarks.gpu_floor                    (needs CuPy and a GPU)
    python -m benchmarks.gpu_floor --save machine.json

Each rate is taken where its work is alone: cuBLAS on a large square product, a copy of a gigabyte, ten thousand waits
in one launch of a block a multiprocessor, a graph of a hundred launches that do nothing.
"""

import argparse
import json
import math
import pathlib
import sys
import time
from typing import NamedTuple

import numpy

from benchmarks import gpu_ours
from benchmarks.trainers import MissingError
from tsuzuri.kernels.gpu import BFLOAT16, PRECISIONS

SIDE = 8192  # of the square product
BYTES = 1 << 30  # of the array that is copied
WAITS, THREADS = 10_000, 256  # in a launch; of a block
NODES = 100  # launches of a graph
SECONDS, RUNS = 0.5, 3  # at least


class Machine(NamedTuple):
    """Operations a second of products in each precision; bytes a second of a copy, read and written; and in seconds a
    ``wait`` of all blocks for each other and a ``launch`` in a graph.
    """

    float32: float
    tf32: float
    bfloat16: float
    memory: float
    wait: float
    launch: float

    def lines(self):
        """The same as a list of text."""
        rates = ", ".join(f"{getattr(self, precision) / 1e12:.1f} in {precision}" for precision in PRECISIONS)
        yield f"products: {rates} TFLOP/s (cuBLAS, {SIDE} x {SIDE} x {SIDE}, random values)"
        yield f"memory: {self.memory / 1e12:.2f} TB/s, read and written (a copy of {BYTES >> 20} MiB)"
        yield f"all blocks wait for each other: {self.wait * 1e6:.2f} µs; launch in a graph: {self.launch * 1e6:.2f} µs"


def operations(words, units):
    """Operations of the products of a word: two a weight and stream forward, twice that backward."""
    return 6 * (16 * units**2 + units * words)


def moved(size, precision):
    """Bytes that a window moves at least, were nothing kept in a cache from one of its parts to the next.

    Weights, as operands of the products: read forward and backward. Gradients: written, and read for their norm. Adam:
    parameters, gradients and two moments read, all but the gradients written, in bfloat16 the operands beside. Logits:
    written, read, their gradients written as operands and read by two products. What is (T, B, N) is left out.
    """
    words, units, streams, steps = size
    used = 16 * units**2 + units * words
    every = used + words * units + words + 16 * units  # with the embedding and the biases
    operand = 2 if precision == BFLOAT16 else 4
    update = 4 * (2 * every + 7 * every) + (operand * used if precision == BFLOAT16 else 0)
    return 2 * operand * used + update + steps * streams * words * (2 * 4 + 3 * operand)


def training(size, precision, machine):
    """Seconds of a window (V, N, B, T) with each of its costs at its peak and nothing at the same time as another.

    Products, what goes through memory, and as many waits as both layers need side by side: T + 1 forward, as many
    backward. A cache that holds the logits or the weights makes a share of more than 100 % possible.
    """
    words, units, streams, steps = size
    products = steps * streams * operations(words, units) / getattr(machine, precision)
    return products + moved(size, precision) / machine.memory + 2 * (steps + 1) * machine.wait


def writing(words, units, streams, precision, machine):
    """Seconds of a word of each stream: the weights read once, and the products. A cache may hold the weights."""
    used = 16 * units**2 + units * words
    operand = 2 if precision == BFLOAT16 else 4
    return operand * used / machine.memory + 2 * streams * used / getattr(machine, precision)


def fastest(run, wait, seconds=SECONDS):
    """Seconds of the fastest of several runs, each with its end waited for."""
    run()
    wait()
    best, count, end = math.inf, 0, time.perf_counter() + seconds
    while count < RUNS or time.perf_counter() < end:
        start = time.perf_counter()
        run()
        wait()
        best, count = min(best, time.perf_counter() - start), count + 1
    return best


def product_rate(engine, wait, precision, side=SIDE, seconds=SECONDS):
    """Operations a second of a product (side, side) by (side, side) of random values."""
    values = engine.asarray(numpy.random.default_rng(0).standard_normal((side, side), dtype="f"))
    if precision == BFLOAT16:
        values = (values.view("u4") >> 16).astype("u2")
    out = engine.empty((side, side), "f")
    times = 4  # in a run, so that a launch does not show

    def run():
        for _ in range(times):
            engine.product(values, values, out, transpose_b=True, precision=precision)

    return times * 2 * side**3 / fastest(run, wait, seconds)


def copy_rate(engine, wait, size=BYTES, seconds=SECONDS):
    """Bytes a second, read and written, of copying an array of ``size`` bytes."""
    values = engine.asarray(numpy.random.default_rng(0).random(size // 4, "f"))
    to = engine.empty(values.shape, "f")
    return 2 * values.nbytes / fastest(lambda: engine.xp.copyto(to, values), wait, seconds)


def wait_time(engine, wait, waits=WAITS, seconds=SECONDS):
    """Seconds of one wait of all blocks for each other, a block on every multiprocessor."""
    blocks = engine.multiprocessors
    kernel = engine.kernel("barrier", "barriers")
    seen = engine.zeros((3, max(blocks, 64)), "u4")

    def run():
        seen[0] = 0
        kernel(blocks, THREADS, *seen, numpy.int32(waits), numpy.int32(0), cooperative=True)

    return fastest(run, wait, seconds) / waits


def launch_time(engine, wait, nodes=NODES, replays=20, seconds=SECONDS):
    """Seconds from one launch of a graph to the next, where none does anything; NaN where there can be no graph."""
    kernel = engine.kernel("barrier", "nothing")
    kernel(1, 32)  # loaded before it is recorded

    def launches():
        for _ in range(nodes):
            kernel(1, 32)

    replay = engine.record(launches)
    if engine.why_no_graph:
        return math.nan

    def run():
        for _ in range(replays):
            replay()

    return fastest(run, wait, seconds) / (nodes * replays)


def measure(engine, wait):
    """The ``Machine`` of now; ``wait`` returns when the GPU has done all."""
    rates = [product_rate(engine, wait, precision) for precision in PRECISIONS]
    return Machine(*rates, copy_rate(engine, wait), wait_time(engine, wait), launch_time(engine, wait))


def now():
    """The ``Machine`` of this GPU; raises ``trainers.MissingError`` where there is none."""
    return measure(gpu_ours.engine(), gpu_ours.synchronize)


def read(path):
    """A ``Machine`` that was saved, or None where there is no such file."""
    path = pathlib.Path(path)
    return Machine(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--save", metavar="FILE", help="write the figures there as JSON")
    args = parser.parse_args()
    machine = now()
    print("\n".join(machine.lines()))
    if args.save:
        pathlib.Path(args.save).write_text(json.dumps(machine._asdict()), encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except MissingError as error:
        sys.exit(f"benchmarks.gpu_floor: error: {error}")
