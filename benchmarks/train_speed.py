"""Words a second of training: the article's per-step Chainer loop, our window kernels, PyTorch's nn.LSTM.

    python -m benchmarks.train_speed            (needs torch: pip install torch==2.13.0)
    python -m benchmarks.train_speed --rounds 3 --sizes small medium --contenders article ours pytorch

First all must compute the same losses over three updates from the same weights, with dropout off. Each contender, in a
process of its own, has shown before whether it is faster with one thread or with one a core, and keeps to that. Then
each is asked in turn for a while of training, with dropout on, and the medians over the rounds are printed: words a
second, ratios to the article's loop and to PyTorch's best mode, operations of the products alone, the share of what
the machine could do at most (``seconds_at_least``), and each process's peak memory.
"""

import argparse
import gc
import json
import multiprocessing
import os
import resource
import statistics
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor

import numpy

from benchmarks import floor
from benchmarks.trainers import DROPOUT_ON, KINDS, LAYERS, PYTORCH, MissingError
from tsuzuri.kernels.native import BFLOAT16, FLOAT32

SIZES = {  # V, N, B, T
    "tiny": (2000, 128, 50, 35),
    "small": (7000, 256, 50, 35),
    "medium": (10000, 650, 20, 35),
    "medium-wide": (10000, 650, 50, 35),
    "large": (10000, 1500, 20, 35),
}
DROPOUT = 0.5
SECONDS, WINDOWS = 2.0, 2  # of a turn, at least
TRIALS, TRIAL = 2, 0.5  # turns, and their seconds, in which a number of threads shows its worth
TOLERANCE = {FLOAT32: 1e-4, BFLOAT16: 2e-2}  # of a loss, relative
THREADS = "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"


def batch(words, streams, steps):
    """One window of words, (T + 1, B)."""
    return numpy.random.default_rng(0).integers(0, words, (steps + 1, streams)).astype("i")


def work(name, size, place):
    """A contender's process: three losses without dropout, or why there are none; then a turn for each line it reads.

    Lines in are seconds, lines out JSON.
    """
    words, units, streams, steps = size
    xs, make = batch(words, streams, steps), KINDS[name].make
    try:
        contender = make(words, units, 0.0, place)
        print(json.dumps({"losses": [contender.train(xs) for _ in range(3)]}), flush=True)
    except MissingError as error:
        print(json.dumps({"missing": str(error)}), flush=True)
        return
    del contender
    gc.collect()  # its memory is not to count with what follows
    contender = make(words, units, DROPOUT, place)
    contender.train(xs)
    for line in sys.stdin:
        contender.train(xs)  # wakes threads and caches after the others' turn
        start, count = time.perf_counter(), 0
        while count < WINDOWS or time.perf_counter() - start < float(line):
            contender.train(xs)
            count += 1
        speed = count * streams * steps / (time.perf_counter() - start)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"speed": speed, "peak": peak}), flush=True)


class Worker:
    """A contender in a process of its own: its ``losses``, or why it is ``missing``; the ``speeds`` of its turns."""

    def __init__(self, name, size, place, threads):
        self.name, self.threads, self.speeds, self.peak = name, threads, [], 0.0
        command = [sys.executable, "-W", "ignore", "-m", "benchmarks.train_speed", "--work", name, *map(str, size)]
        environ = os.environ | dict(KINDS[name].environ) | {variable: str(threads) for variable in THREADS}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen([*command, "--dropout-on", place], env=environ, **pipes)
        first = self._read()
        self.losses, self.missing = first.get("losses"), first.get("missing")

    def _read(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"benchmarks.train_speed: error: {self.name} ended before its time")
        return json.loads(line)

    def turn(self, seconds):
        """Train for so long, and two windows at least; returns words a second."""
        print(seconds, file=self.process.stdin, flush=True)
        answer = self._read()
        self.peak = answer["peak"]
        self.speeds.append(answer["speed"])
        return answer["speed"]

    def end(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


def start(name, size, place=LAYERS):
    """The contender's ``Worker`` with one thread or with one a core, whichever trains faster; its speeds begin anew."""
    workers = [Worker(name, size, place, threads) for threads in sorted({1, floor.cores()})]
    for _ in range(TRIALS):
        for worker in workers:
            if not worker.missing:
                worker.turn(TRIAL)
    *slower, best = sorted(workers, key=lambda worker: max(worker.speeds, default=0))
    for worker in slower:
        worker.end()
    best.speeds.clear()
    return best


def differing(workers):
    """The names of those whose losses are not the first one's, to the tolerance of the coarser precision.

    So must be what their updates changed in them, to a hundredth in float32 and a fifth in bfloat16.
    """
    first, *others = (worker for worker in workers if worker.losses)
    names = []
    for other in others:
        tolerance = max(TOLERANCE[KINDS[worker.name].precision] for worker in (first, other))
        change, wanted = (numpy.diff(worker.losses) for worker in (other, first))
        alike = numpy.allclose(other.losses, first.losses, rtol=tolerance, atol=0)
        if not (alike and numpy.allclose(change, wanted, rtol=0.2 if tolerance > 1e-3 else 0.01)):
            names.append(other.name)
    return names


def measure(size, names, place, rounds):
    """Workers that have had so many turns each, one after another; exits where their losses are not the same."""
    workers = [start(name, size, place) for name in names]
    if wrong := differing(workers):
        losses = {worker.name: worker.losses for worker in workers}
        sys.exit(f"benchmarks.train_speed: error: {size}: other losses by {', '.join(wrong)}: {losses}")
    for _ in range(rounds):
        for worker in workers:
            if not worker.missing:
                worker.turn(SECONDS)
    for worker in workers:
        worker.end()
    return workers


def operations(words, units):
    """Operations of the products of a word: two a weight and stream forward, twice that backward."""
    return 6 * (16 * units**2 + units * words)


def seconds_at_least(size, precision, machine):
    """What a window would take with nothing but its products and its weights' way through memory, each at its peak.

    Products read their weights forward and backward and write the gradients; clipping reads all gradients, and Adam
    reads parameters, gradients and two moments, and writes all but the gradients back.
    """
    words, units, streams, steps = size
    used = 16 * units**2 + units * words
    every = used + words * units + words + 16 * units  # with the embedding and the biases
    products = streams * steps * operations(words, units) / getattr(machine, precision)
    return products + 4 * (2 * used + every) / machine.read + 4 * (every + 7 * every) / machine.change


def rows(size, workers, machine):
    """Rows of the table, as lists of text."""
    words, units, streams, steps = size
    by_name = {worker.name: worker for worker in workers if worker.speeds}
    modes = [by_name[name] for name in PYTORCH if name in by_name]
    best = max(modes, key=lambda worker: statistics.median(worker.speeds), default=None)
    for worker in workers:
        if not worker.speeds:
            yield [str(size), worker.name, f"cannot here: {worker.missing}", *[""] * 6]
            continue
        speed = statistics.median(worker.speeds)
        least = seconds_at_least(size, KINDS[worker.name].precision, machine)
        yield [
            str(size),
            worker.name,
            f"{speed:,.0f}",
            str(worker.threads),
            ratio(worker, by_name.get("article")),
            ratio(worker, best),
            f"{speed * operations(words, units) / 1e9:.1f}",
            f"{least * speed / (streams * steps):.0%}",
            f"{worker.peak:,.0f}",
        ]


def ratio(worker, other):
    """The median over the rounds of how many times as fast one was as the other."""
    return f"{statistics.median(a / b for a, b in zip(worker.speeds, other.speeds, strict=True)):.2f}" if other else ""


def measure_machine():
    """The floor, in a process of its own: a child's peak memory would begin with its parent's, and so count it."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(floor.measure).result()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=[*SIZES], metavar="SIZE", help=", ".join(SIZES))
    parser.add_argument(
        "--contenders", nargs="+", choices=KINDS, default=[*KINDS], metavar="WHO", help=", ".join(KINDS)
    )
    parser.add_argument("--dropout-on", choices=DROPOUT_ON, default=LAYERS)
    parser.add_argument("--work", nargs=5, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.work:
        return work(args.work[0], [*map(int, args.work[1:])], args.dropout_on)
    machine = measure_machine()
    rates = f"{machine.float32 / 1e9:.0f} GFLOP/s in float32, {machine.bfloat16 / 1e9:.0f} in bfloat16"
    print(f"at most {rates}; memory {machine.read / 1e9:.1f} GB/s read, {machine.change / 1e9:.1f} GB/s changed\n")
    titles = "V, N, B, T", "contender", "words/s", "threads", "times the article's", "times PyTorch's best"
    titles += "GFLOP/s", "of the floor", "peak MB"
    print(f"| {' | '.join(titles)} |\n|{'---|' * len(titles)}")
    for size in (SIZES[name] for name in args.sizes):
        for row in rows(size, measure(size, args.contenders, args.dropout_on, args.rounds), machine):
            print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
