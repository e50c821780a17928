"""How training slows down when another process wants a core too: ours against PyTorch's best mode.

    python -m benchmarks.loaded_speed            (needs torch: pip install torch==2.13.0)

In each round both train in turn three times: on a quiet machine, beside a Python loop that the scheduler places as it
likes, and beside one that is pinned to a core. Each keeps the number of threads that was faster on the quiet machine,
as its user would. Printed are medians over the rounds.
"""

import argparse
import contextlib
import os
import statistics
import subprocess
import sys

from benchmarks.train_speed import SECONDS, SIZES, differing, start
from benchmarks.trainers import KINDS, PYTORCH

QUIET, LOADED, PINNED = "quiet", "a busy loop", "a busy loop on one core"


@contextlib.contextmanager
def load(kind):
    """What runs beside the training meanwhile: a process, or None where all is quiet."""
    if kind == QUIET:
        yield None
        return
    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        if kind == PINNED:
            os.sched_setaffinity(busy.pid, {min(os.sched_getaffinity(0))})
        yield busy
    finally:
        busy.kill()
        busy.wait()


def best_of_pytorch(size):
    """The worker of PyTorch's fastest mode on a quiet machine, or, where none can run, one that says why."""
    workers = [start(name, size) for name in PYTORCH]
    for worker in workers:
        if not worker.missing:
            worker.turn(SECONDS)
    *slower, best = sorted(workers, key=lambda worker: worker.speeds)
    for worker in slower:
        worker.end()
    return best


def measure(workers, loads, rounds):
    """Words a second by load, a list for each worker."""
    speeds = {kind: [[] for _ in workers] for kind in loads}
    for _ in range(rounds):
        for kind in loads:
            with load(kind):
                for worker, found in zip(workers, speeds[kind], strict=True):
                    found.append(worker.turn(SECONDS))
    return speeds


def rows(size, workers, speeds):
    """Rows of the table: for each load the words a second of both, their slow-down, and how much faster ours was."""
    for kind, (ours, theirs) in speeds.items():
        cells = [str(size), kind]
        for worker, found, quiet in zip(workers, (ours, theirs), speeds[QUIET], strict=True):
            name = f"{worker.name}, {worker.threads} threads"
            cells += [name, f"{statistics.median(found):,.0f}", f"{median_ratio(quiet, found):.2f}"]
        yield [*cells, f"{median_ratio(ours, theirs):.2f}"]


def median_ratio(above, below):
    return statistics.median(a / b for a, b in zip(above, below, strict=True))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=[*SIZES][:3], metavar="SIZE")
    parser.add_argument("--ours", choices=[name for name in KINDS if name not in PYTORCH], default="ours")
    args = parser.parse_args()
    loads = [QUIET, LOADED] + [PINNED] * hasattr(os, "sched_setaffinity")
    print("| V, N, B, T | beside | ours | words/s | slow-down | PyTorch | words/s | slow-down | ours / PyTorch |")
    print(f"|{'---|' * 9}")
    for size in (SIZES[name] for name in args.sizes):
        workers = [start(args.ours, size), best_of_pytorch(size)]
        for worker in workers:
            if worker.missing:
                sys.exit(f"benchmarks.loaded_speed: error: {worker.name}: {worker.missing}")
        if differing(workers):
            sys.exit(f"benchmarks.loaded_speed: error: {size}: other losses by {workers[1].name}")
        for row in rows(size, workers, measure(workers, loads, args.rounds)):
            print(f"| {' | '.join(row)} |", flush=True)
        for worker in workers:
            worker.end()


if __name__ == "__main__":
    main()
