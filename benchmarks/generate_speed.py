"""Words a second of generating: ours in C++ and in NumPy, and PyTorch's loop of an nn.LSTM.

    python -m benchmarks.generate_speed            (needs torch: pip install torch==2.13.0)
    python -m benchmarks.generate_speed --rounds 3 --sizes small --streams 1

First all must give the same logits after three words. Each contender is in a process of its own, with one thread or
with one a core, whichever was faster; each is then asked in turn for a while of each kind of work: the model's ``step``
alone, a step and a ``draw`` from its softmax, and for ours the ``stream`` as generate.py has it, with its filters and
its way out of loops. The medians over the rounds are printed, and the share of what the machine could do at most: the
weights read once a step, or the products at their peak, whichever takes longer. Weights that fit into the cache are
read faster than memory, so that a share may be above 100 %.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

import numpy

from benchmarks import floor
from benchmarks.train_speed import THREADS
from benchmarks.trainers import by_gate, load, weights
from tsuzuri.kernels.native import FLOAT32

SIZES = {"tiny": (2000, 128), "small": (7000, 256), "medium": (10000, 650)}  # V, N
STREAMS = (1, 64)
STEP, DRAW, STREAM = "step", "draw", "stream"
SECONDS, TRIAL = 0.5, 0.2  # of a turn; of one that shows a number of threads' worth
TOLERANCE = 1e-4  # of logits, relative to the largest


class Ours:
    def __init__(self, words, units):
        from tsuzuri.models.rnn import RNN, Sizes

        self.model = RNN(Sizes(words, units), numpy.random.default_rng(0))
        load(self.model, words, units)
        self.rng = numpy.random.default_rng(2)

    def step(self, words):
        return self.model.step(words)

    def draw(self, words):
        from tsuzuri.sampling import filters

        return filters.draw_words(self.model.step(words), self.rng)

    def stream(self, streams):
        from tsuzuri.sampling import constraints, filters
        from tsuzuri.sampling.loops import LoopEscape
        from tsuzuri.sampling.stream import generate_words

        forbid = constraints.forbid_ids([1])
        return generate_words(self.model, [0], filters.make_sampler(), forbid, self.rng, streams, LoopEscape(streams))


class PyTorch:
    def __init__(self, words, units):
        import torch

        torch.set_num_threads(int(os.environ[THREADS[0]]))
        self.inference = torch.inference_mode()
        self.inference.__enter__()  # and never out of it: the process does nothing else
        self.torch, self.state = torch, None
        self.embed = torch.nn.Embedding(words, units)
        self.lstm = torch.nn.LSTM(units, units, 2)
        self.out = torch.nn.Linear(units, words)
        start = weights(words, units)
        values = [start["l0/W"]]
        for layer in ("l1", "l2"):
            values += [by_gate(start[f"{layer}_{kind}"]) for kind in ("x/W", "h/W", "x/b", "h/b")]
        parameters = (p for part in (self.embed, self.lstm, self.out) for p in part.parameters())
        for parameter, value in zip(parameters, [*values, start["l3/W"], start["l3/b"]], strict=True):
            parameter.data.copy_(torch.from_numpy(value))

    def _logits(self, words):
        y, self.state = self.lstm(self.embed(words)[None], self.state)
        return self.out(y[0])

    def step(self, words):
        return self._logits(self.torch.as_tensor(words))

    def draw(self, words):
        logits = self._logits(self.torch.as_tensor(words))
        return self.torch.multinomial(self.torch.softmax(logits, 1), 1)[:, 0]


KINDS = {"ours": Ours, "numpy": Ours, "pytorch": PyTorch}
ENVIRON = {"numpy": {"TSUZURI_NATIVE": "0"}}


def turn(contender, kind, streams, seconds):
    """Words a second of so many seconds of one kind of work; None where the contender has none of the kind."""
    if not hasattr(contender, kind):
        return None
    words = numpy.zeros(streams, numpy.int32)
    if kind == STREAM:
        rows = contender.stream(streams)

        def once(_):
            return next(rows)
    else:
        once = getattr(contender, kind)
    for _ in range(3):  # wakes threads and caches after the others' turn
        found = once(words)
    start, count = time.perf_counter(), 0
    while (now := time.perf_counter()) < start + seconds or not count:
        found = once(words)
        words = found if kind == DRAW else words
        count += 1
    return count * streams / (now - start)


def work(name, words, units, streams):
    """A contender's process: its logits after three words, then a turn for each line it reads; lines out are JSON."""
    contender = KINDS[name](words, units)
    for row in numpy.random.default_rng(3).integers(0, words, (3, streams)).astype(numpy.int32):
        logits = numpy.asarray(contender.step(row))
    print(json.dumps(logits[[0, -1]].tolist()), flush=True)
    for line in sys.stdin:
        kind, seconds = line.split()
        print(json.dumps(turn(contender, kind, streams, float(seconds))), flush=True)


class Worker:
    """A contender in a process of its own: the ``logits`` of its first and last stream, the ``speeds`` of its turns."""

    def __init__(self, name, size, streams, threads):
        self.name, self.threads = name, threads
        self.speeds = {kind: [] for kind in (STEP, DRAW, STREAM)}
        command = [sys.executable, "-W", "ignore", "-m", "benchmarks.generate_speed", "--work", name]
        environ = os.environ | ENVIRON.get(name, {}) | {variable: str(threads) for variable in THREADS}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen([*command, *map(str, size), str(streams)], env=environ, **pipes)
        self.logits = numpy.array(self._read())

    def _read(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"benchmarks.generate_speed: error: {self.name} ended before its time")
        return json.loads(line)

    def turn(self, kind, seconds=SECONDS):
        print(kind, seconds, file=self.process.stdin, flush=True)
        self.speeds[kind].append(self._read())
        return self.speeds[kind][-1]

    def end(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


def started(name, size, streams):
    """The contender's ``Worker`` with one thread or with one a core, whichever steps faster; its speeds begin anew."""
    workers = [Worker(name, size, streams, threads) for threads in sorted({1, floor.cores()})]
    for _ in range(3):
        for worker in workers:
            worker.turn(STEP, TRIAL)
    workers.sort(key=lambda worker: statistics.median(worker.speeds[STEP]))
    best = workers.pop()
    for worker in workers:
        worker.end()
    best.speeds[STEP].clear()
    return best


def measure(size, streams, names, rounds):
    """Workers that have had so many turns of each kind, one after another; exits where their logits differ."""
    workers = [started(name, size, streams) for name in names]
    first = workers[0]
    for worker in workers:
        error = abs(worker.logits - first.logits).max() / abs(first.logits).max()
        if not error < TOLERANCE:
            sys.exit(
                f"benchmarks.generate_speed: error: {size}: {worker.name}'s logits are not {first.name}'s: {error}"
            )
    for _ in range(rounds):
        for kind in first.speeds:
            for worker in workers:
                worker.turn(kind)
    for worker in workers:
        worker.end()
    return workers


def at_most(size, streams, peak, read):
    """Words a second with nothing but the weights' way from memory, once a step, or the products at their peak."""
    words, units = size
    used = 16 * units**2 + units * words
    return streams / max(4 * used / read, 2 * streams * used / peak)


def rows(streams, workers, most):
    """Rows of the table, as lists of text, the floor being at ``most`` words a second."""
    speeds = {w.name: {k: statistics.median(v) for k, v in w.speeds.items() if v[0]} for w in workers}
    theirs = next((w for w in workers if w.name == "pytorch"), None)
    for worker in workers:
        row = [str(streams), worker.name, str(worker.threads)]
        for kind in (STEP, DRAW, STREAM):
            row.append(f"{speeds[worker.name][kind]:,.0f}" if kind in speeds[worker.name] else "")
        for kind in (STEP, DRAW):
            pairs = zip(worker.speeds[kind], theirs.speeds[kind], strict=True) if theirs else ()
            row.append(f"{statistics.median(a / b for a, b in pairs):.2f}" if theirs else "")
        yield [*row, f"{speeds[worker.name][STEP] / most:.0%}"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=[*SIZES], metavar="SIZE", help=", ".join(SIZES))
    parser.add_argument("--streams", nargs="+", type=int, default=[*STREAMS])
    parser.add_argument("--contenders", nargs="+", choices=KINDS, default=[*KINDS], metavar="WHO")
    parser.add_argument("--work", nargs=4, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.work:
        return work(args.work[0], *map(int, args.work[1:]))
    peak, (read, _) = max(floor.products(FLOAT32).values()), floor.memory()
    print(f"at most {peak / 1e9:.0f} GFLOP/s in float32; memory {read / 1e9:.1f} GB/s read\n")
    titles = "V, N", "streams", "contender", "threads", "step, words/s", "step and draw", "stream"
    titles += "step, times PyTorch's", "and draw", "step, of the floor"
    print(f"| {' | '.join(titles)} |\n|{'---|' * len(titles)}")
    for size in (SIZES[name] for name in args.sizes):
        for streams in args.streams:
            workers = measure(size, streams, args.contenders, args.rounds)
            for row in rows(streams, workers, at_most(size, streams, peak, read)):
                print(f"| {size} | {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
