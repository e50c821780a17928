"""What this machine can do at most: its rate of products and its rate of memory, which speeds are held against.

    python -m benchmarks.floor

Products are timed where they are alone, a large square one: NumPy's BLAS, PyTorch's where it is installed, and ours.
The best of them is the peak, so that what is told of ours as a share of it flatters nobody. Memory is timed over an
array far larger than any cache, every core on a part of its own.
"""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy

from tsuzuri.kernels import native
from tsuzuri.kernels.native import calls

SIDE = 3072  # of the square product
BYTES = 1 << 29  # of the array that memory is timed over
SECONDS, RUNS = 1.0, 3  # at least


class Machine(NamedTuple):
    """Rates with all threads: of products in each precision in operations a second, of memory in bytes a second.

    ``read`` is of reading alone; ``change`` of reading and writing back, in which each value counts twice.
    """

    float32: float
    bfloat16: float
    read: float
    change: float


def cores():
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def fastest(run, seconds=SECONDS):
    """Seconds of the fastest of several runs: what other work on the machine disturbed least."""
    times, end = [], time.perf_counter() + seconds
    while len(times) < RUNS or time.perf_counter() < end:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def products(precision, side=SIDE, seconds=SECONDS):
    """Operations a second of a product (side, side) by (side, side), by the name of who computes it."""
    a, b = numpy.random.default_rng(0).standard_normal((2, side, side), dtype="f")
    runs = {"NumPy": lambda: a @ b} if precision == native.FLOAT32 else {}
    if native.extension():  # the output layer's loss: no product is bare, but in this one nearly all is product
        bias, target = numpy.zeros(side, "f"), numpy.zeros(side, numpy.int32)
        runs["ours"] = lambda: calls.cross_entropy(a, b, bias, target, 1.0, False, precision)
    if torch := _pytorch(precision):
        x, y = (torch.from_numpy(array).to(getattr(torch, precision)) for array in (a, b))
        runs["PyTorch"] = lambda: x @ y
    return {name: 2 * side**3 / fastest(run, seconds) for name, run in runs.items()}


def _pytorch(precision):
    """PyTorch, where it is installed and at least as fast as in float32: bfloat16 by emulation would take minutes."""
    try:
        import torch
    except ImportError:
        return None
    x = torch.ones(256, 256)
    y = x.to(getattr(torch, precision))
    return torch if y.dtype == x.dtype or fastest(lambda: y @ y, 0.1) < fastest(lambda: x @ x, 0.1) else None


def memory(size=BYTES, seconds=SECONDS):
    """Bytes a second of reading an array of ``size`` bytes, and of changing it in place."""
    parts = numpy.array_split(numpy.ones(size // 4, "f"), cores())

    def change(part):
        numpy.negative(part, out=part)

    with ThreadPoolExecutor(len(parts)) as threads:  # NumPy lets go of Python's lock while it computes
        read = fastest(lambda: list(threads.map(numpy.max, parts)), seconds)
        changed = fastest(lambda: list(threads.map(change, parts)), seconds)
    return size / read, 2 * size / changed


def measure():
    """The ``Machine`` of now."""
    float32 = max(products(native.FLOAT32).values())
    return Machine(float32, max([float32, *products(native.BFLOAT16).values()]), *memory())


def main():
    print(f"{cores()} cores\n\n| rate | by | |\n|---|---|---|")
    for precision in native.PRECISIONS:
        for name, rate in products(precision).items():
            print(f"| products in {precision} | {name} | {rate / 1e9:,.1f} GFLOP/s |", flush=True)
    read, change = memory()
    print(f"| memory read | NumPy, a thread a core | {read / 1e9:.1f} GB/s |")
    print(f"| memory read and written back | NumPy, a thread a core | {change / 1e9:.1f} GB/s |")


if __name__ == "__main__":
    main()
