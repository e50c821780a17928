"""Words a second on a GPU: our training and our writing, and PyTorch's at its best.

    python -m benchmarks.gpu_speed train 10000 650 20 35        (V, N, B, T; needs CuPy, a GPU and PyTorch)
    python -m benchmarks.gpu_speed write 10000 650 1            (V, N, streams)

First all must compute the same from equal weights: when training, the losses of a few updates with dropout off; when
writing, the likeliest words. Who does not is told and not timed. Then each has a short turn; ours go on and, of
PyTorch's modes, the fastest in each precision. These take turns of a second and of 20 windows or words at least;
medians are told in rows of a table, then whether the aim is met, and if not where a window's time goes. Where there is
time, PyTorch's fastest runs once more in the end, alone, with its output layer compiled.
"""

import argparse
import functools
import gc
import math
import operator
import statistics
import sys
import time
from typing import NamedTuple

import numpy

from benchmarks import gpu_equal, gpu_floor, gpu_ours, gpu_peers
from benchmarks.gpu_profile import Profile
from benchmarks.trainers import MissingError
from tsuzuri.kernels.gpu import FLOAT32
from tsuzuri.kernels.gpu.writing import FEW

TITLES = "what", "who", "words/s", "times PyTorch's best", "times its in that precision", "of the floor", "peak MB"
DROPOUT = 0.5  # while timing
SECONDS, COUNT, ROUNDS = 1.0, 20, 3  # of a turn, and windows or words of a stream in it, at least; turns of each
TRIAL = 0.15, 3  # seconds and windows of the turn that says which of PyTorch's modes go on
WARM = 3  # calls before a turn
BY_SPEED = operator.attrgetter("speed")
COMPILING = 30  # seconds for PyTorch's compiler and the turns after it
LIKELIEST, AT_ONCE = 20, 16  # words that must be equal, of so many streams
MOST = 0.75  # of the first words, in other precisions than float32
NUCLEUS = 0.9  # the top-p of the second row of writing


class Aim(NamedTuple):
    """Words a second, and times PyTorch's best."""

    speed: float
    ratio: float


AIMS = {  # V, N, B, T of training; V, N, streams of writing
    (10000, 650, 20, 35): Aim(700_000, 2),
    (10000, 1500, 20, 35): Aim(300_000, 1.5),
    (7000, 256, 50, 35): Aim(2_000_000, 3),
    (10000, 650, 256, 35): Aim(4_000_000, 1.3),
    (10000, 650, 1): Aim(20_000, 5),
    (10000, 650, 1024): Aim(5_000_000, 3),
}
BESIDES = ((60_000, 650, 20, 35),)  # sizes of training without an aim, for which there may be no time


class Entry:
    """A contender under its name: the ``speeds`` of its turns, or why it is ``missing`` and whether that is ``wrong``.

    Ours must run and all must compute the same; PyTorch may lack what it needs.
    """

    def __init__(self, name, kind):
        self.name, self.kind, self.contender = name, kind, None
        self.speeds, self.megabytes, self.missing, self.wrong = [], 0.0, None, False

    def attempt(self, function):
        """``function()``, or None with the reason kept: what fails in one must not end the others."""
        try:
            return function()
        except Exception as error:
            line = next(iter(str(error).splitlines()), "")
            missing = isinstance(error, MissingError)
            self.out(line if missing else f"{type(error).__name__}: {line}", self.kind.is_ours)
            return None

    def out(self, why, wrong):
        self.missing, self.wrong, self.contender = why, wrong, None

    @property
    def speed(self):
        return statistics.median(self.speeds) if self.speeds else 0.0


def entries(kinds, only=()):
    """An ``Entry`` for each of the kinds, or of those with one of the words ``only`` in their names."""
    return [Entry(name, kind) for name, kind in kinds.items() if not only or any(word in name for word in only)]


def turn(once, finish, words, seconds, least):
    """Words a second of ``once(number)``, which makes so many words, for so long and so often; ``finish()`` waits."""

    def timed(count):
        start = time.perf_counter()
        for number in range(count):
            once(number)
        finish()
        return time.perf_counter() - start

    timed(WARM)  # wakes clocks and caches after the others' turn
    count = max(least, math.ceil(seconds * WARM / timed(WARM)))
    return count * words / timed(count)


def race(entries, make, take_turn):
    """Turns of all entries, as the module says; returns those who ran at length.

    ``make(kind)`` makes a contender, ``take_turn(contender, seconds, least)`` returns its words a second.
    """
    for entry in entries:
        if not entry.missing:
            start(entry, make, take_turn)
        for other in entries:
            if not other.kind.is_ours and other not in fastest(entries):
                other.contender = None  # its memory is others' now
        gc.collect()
    racing = [entry for entry in entries if entry.contender]
    run(racing, take_turn)
    return [entry for entry in racing if entry.contender]


def start(entry, make, take_turn):
    """Make its contender, and give it a short turn."""
    entry.contender = entry.attempt(lambda: make(entry.kind))
    if entry.contender:
        entry.attempt(lambda: entry.speeds.append(take_turn(entry.contender, *TRIAL)))
    if entry.contender:
        entry.megabytes = entry.contender.memory() / 2**20


def run(racing, take_turn):
    """All turns of these, one after another."""
    for entry in racing:
        entry.speeds.clear()
    for entry in racing * ROUNDS:
        speed = entry.contender and entry.attempt(functools.partial(take_turn, entry.contender, SECONDS, COUNT))
        entry.speeds += [speed] if speed else []


def contest(what, aim, entries, make, take_turn, least, may_compile, explain=None):
    """Let the entries race and print rows and verdict; ``explain(entry)`` gives lines on the best that missed its aim.

    In the end, if ``may_compile()``, PyTorch's best runs once more with its output layer compiled.
    """
    racing = race(entries, make, take_turn)
    print(*table(rows(what, entries, racing, least)), sep="\n", flush=True)
    for entry in racing:
        if without := gpu_ours.without_graph(entry.contender):
            print(f"{what}: {entry.name}, {without}", flush=True)
    if aim:
        line, missed = verdict(what, aim, racing)
        print(line, *(explain(missed) if missed and explain else ()), sep="\n", flush=True)
    best = max(fastest(racing), key=BY_SPEED, default=None)
    if not best or not may_compile():
        return
    for entry in racing:
        entry.contender = None
    late = Entry(*gpu_peers.compiled(best.name, best.kind))
    start(late, make, take_turn)
    run([late] if late.contender else [], take_turn)
    print(*table(rows(what, [late], [*racing, late], least)), sep="\n", flush=True)
    if aim and late.speed > best.speed:
        print(verdict(what, aim, [*racing, late])[0], flush=True)


def fastest(entries):
    """Of those that are not ours, the fastest in each precision."""
    found = {}
    for entry in sorted(entries, key=BY_SPEED):
        if entry.speeds and not entry.missing and not entry.kind.is_ours:
            found[entry.kind.precision] = entry
    return [*found.values()]


def rows(what, entries, racing, least):
    """Rows of the table; ``least(precision)`` is the fewest seconds a word that the machine could need, or None."""
    theirs = [entry for entry in racing if not entry.kind.is_ours]
    for entry in entries:
        if entry.missing:
            yield [what, entry.name, entry.missing.replace("|", "/"), *[""] * 4]
            continue
        alike = [other for other in theirs if other.kind.precision == entry.kind.precision]
        best = [max(others, key=BY_SPEED, default=None) for others in (theirs, alike)]
        ratios = [f"{entry.speed / other.speed:.2f}" if other else "" for other in best]
        ratios = ratios if entry in racing else ["slower in a short turn", ""]
        share = f"{entry.speed * least(entry.kind.precision):.0%}" if least else ""
        yield [what, entry.name, f"{entry.speed:,.0f}", *ratios, share, f"{entry.megabytes:,.0f}"]


def table(rows):
    """Rows as lines of Markdown."""
    return [f"| {' | '.join(cells)} |" for cells in rows]


def verdict(what, aim, racing):
    """Whether the best of ours meets the aim, a line; and that entry where it does not."""
    ours, theirs = ([entry for entry in racing if entry.kind.is_ours is mine] for mine in (True, False))
    if not ours:
        return f"{what}: the aim is missed: ours did not run", None
    best = max(ours, key=BY_SPEED)
    ratio = best.speed / max(entry.speed for entry in theirs) if theirs else math.nan
    met = best.speed >= aim.speed and ratio >= aim.ratio
    than = f"{ratio:.2f} of {aim.ratio:g} times PyTorch's best" if theirs else "PyTorch did not run"
    how_fast = f"{best.name}, {best.speed:,.0f} of {aim.speed:,.0f} words/s, {than}"
    return f"{what}: the aim is {'met' if met else 'missed'}: {how_fast}", None if met else best


def check_training(entries, size, data, device):
    """Put out those whose losses are not PyTorch's in float32 without a graph."""
    wanted = gpu_equal.losses(gpu_peers.PyTorch(size, data, device=device), gpu_equal.UPDATES)
    for entry in entries:
        found = entry.attempt(lambda entry=entry: gpu_equal.losses(entry.kind.make(size, data), gpu_equal.UPDATES))
        if found and (why := gpu_equal.why_not(found, wanted, entry.kind.precision)):
            entry.out(why, wrong=True)
        elif found:
            far, changes = gpu_equal.apart(found, wanted)
            print(f"{entry.name}: losses {far:.0e} from PyTorch's in float32, their changes {changes:.0e}", flush=True)


def train(size, machine, may_compile, only=(), device="cuda"):
    """Print the rows of training at a size (V, N, B, T); returns whether nothing was wrong."""
    words, _, streams, steps = size
    what, data = f"train {', '.join(map(str, size))}", gpu_ours.windows(words, streams, steps)
    everyone = entries(gpu_peers.TRAINERS, only)
    check_training(everyone, size, data, device)

    def take_turn(trainer, seconds, least):
        return turn(trainer.train, trainer.loss, streams * steps, seconds, least)

    def make(kind):
        return kind.make(size, data, DROPOUT)

    least = machine and (lambda precision: gpu_floor.training(size, precision, machine) / (streams * steps))
    explain = functools.partial(profile, size=size, data=data)
    contest(what, AIMS.get(size), everyone, make, take_turn, least, may_compile, explain)
    return not any(entry.wrong for entry in everyone)


def profile(entry, size, data):
    """Lines that say where a window's time goes."""
    yield f"a window of {entry.name}, launch by launch:"
    engine = Profile(gpu_ours.engine())
    trainer = entry.kind.make(size, data, DROPOUT, on=engine)
    gpu_equal.losses(trainer, WARM)  # its kernels are compiled
    yield from engine.lines(functools.partial(trainer.train, WARM))


def check_writing(entries, words, units, streams, device):
    """Put out those that do not write PyTorch's likeliest words; other than float32 may soon take other ways."""
    streams = min(streams, AT_ONCE)
    wanted = gpu_peers.PyTorchWriter(words, units, streams, temperature=0, device=device).write(LIKELIEST)
    for entry in entries:
        make = functools.partial(entry.kind.make, words, units, streams, temperature=0)
        found = entry.attempt(lambda make=make: numpy.asarray(make().write(LIKELIEST)))
        if found is None:
            continue
        equal = found == wanted
        enough = equal.all() if entry.kind.precision == FLOAT32 else streams == 1 or equal[0].mean() >= MOST
        if not enough:
            entry.out("other words at temperature 0", wrong=True)


def write(size, machine, may_compile, only=(), device="cuda"):
    """Print the rows of writing at a size (V, N, streams), with and without top-p; returns as ``train``."""
    words, units, streams = size
    block = 100 if streams == 1 else COUNT  # words of each stream at once
    least = machine and (lambda precision: gpu_floor.writing(*size, precision, machine) / streams)
    fine, has_products = True, streams > FEW  # fewer streams are written without, and so in float32

    def take_turn(writer, seconds, least):
        return turn(lambda _: writer.write(block), lambda: None, block * streams, seconds, -(-least // block))

    for top_p in (1.0, NUCLEUS):
        what = f"write {', '.join(map(str, size))}" + (f", top-p {top_p}" if top_p < 1 else "")
        everyone = [e for e in entries(gpu_peers.WRITERS, only) if has_products or e.name != "ours tf32"]
        check_writing(everyone, words, units, streams, device)
        make = functools.partial(lambda top_p, kind: kind.make(words, units, streams, top_p=top_p), top_p)
        contest(what, AIMS.get(size) if top_p == 1 else None, everyone, make, take_turn, least, may_compile)
        fine = fine and not any(entry.wrong for entry in everyone)
    return fine


KINDS = {"train": (train, 4), "write": (write, 3)}  # and how many sizes


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("size", nargs="+", type=int, help="V N B T of train, V N and the number of streams of write")
    parser.add_argument("--machine", metavar="FILE", help="what gpu_floor --save wrote, if anything; else measured now")
    parser.add_argument("--seconds", type=float, default=math.inf, help="it must end in, or compiles nothing")
    parser.add_argument("--only", nargs="+", default=(), metavar="WORD", help="those with such a word in their name")
    args = parser.parse_args()
    end = time.perf_counter() + args.seconds
    compare, sizes = KINDS[args.kind]
    if len(args.size) != sizes:
        parser.error(f"{args.kind}: must be {sizes} sizes")
    machine = gpu_floor.read(args.machine) if args.machine else gpu_floor.now()
    sys.exit(not compare(tuple(args.size), machine, lambda: time.perf_counter() + COMPILING < end, args.only))


if __name__ == "__main__":
    try:
        main()
    except MissingError as error:
        sys.exit(f"benchmarks.gpu_speed: error: {error}")
