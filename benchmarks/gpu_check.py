"""What to run first on a new GPU: is all right there, and how fast is it; eight minutes at most.

    make gpu-check
    python -m benchmarks.gpu_check --out gpu-check.md
    python -m benchmarks.gpu_check --only tests floor          (parts by their names)
    python -m benchmarks.gpu_check --small                     (a little of everything, for compute-sanitizer)

Each part is a process with a time limit; what one leaves of its time, those after it may use. A part that fails is
told, the others go on, and the exit status is 1 in the end. A speed below its aim is no failure, nor is a last row for
which no time is left. The report, in Markdown, goes to standard output and, anew after each part, to the file.

Any Python will do that has NumPy, CuPy, PyTorch with CUDA, pytest, and Chainer with what it needs (six, filelock,
protobuf, typing_extensions). The tests of the scripts want mido, tqdm and matplotlib too, and are left out, which is
told, where one is missing. MeCab is not needed. Chainer 7.8.1 comes as source, in Python alone. For a machine without
a package index, build it elsewhere, by a setuptools that still can, fetch the others as wheels, by a Python of the same
version, for which matplotlib's and protobuf's are, and take along what is missing there:

    echo 'setuptools<81' > old.txt
    PIP_CONSTRAINT=old.txt PIP_BUILD_CONSTRAINT=old.txt pip wheel --no-deps --wheel-dir wheels chainer==7.8.1
    pip download --dest wheels --only-binary :all: six filelock protobuf typing_extensions mido tqdm matplotlib
    pip install --no-index --no-deps --target site wheels/chainer-*.whl wheels/mido-*.whl ...              (there)
    PYTHONPATH=site TSUZURI_NATIVE=0 python -m benchmarks.gpu_check

TSUZURI_NATIVE=0 goes without the CPU's kernels in C++, which are built for one Python and one kind of processor.
"""

import argparse
import contextlib
import datetime
import importlib.util
import os
import pathlib
import pkgutil
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from typing import NamedTuple

from benchmarks import gpu_ours, gpu_speed
from benchmarks.trainers import MissingError
from tsuzuri.kernels.gpu import BFLOAT16, FLOAT32

ROOT = pathlib.Path(__file__).resolve().parent.parent
TESTS = ROOT / "tests"
SECONDS = "{seconds}"  # stands in a command for the time that its part has
LINES = 25  # of what a failed part said
VERSIONS = {  # of what, and where it is found; Chainer through ``compat``, or it does not import
    "NumPy": "numpy:__version__",
    "CuPy": "cupy:__version__",
    "PyTorch": "torch:__version__",
    "PyTorch's CUDA": "torch:version.cuda",
    "Chainer": "tsuzuri.compat:chainer.__version__",
}
SMALL = (  # V, N, B, T, precision and where values are dropped
    ((65, 33, 3, 5), FLOAT32, gpu_ours.LAYERS),
    ((65, 33, 3, 5), BFLOAT16, gpu_ours.PROJECTIONS),
    ((130, 40, 17, 4), BFLOAT16, gpu_ours.LAYERS),
    ((130, 40, 17, 4), FLOAT32, gpu_ours.PROJECTIONS),
)
SMALL_WRITING = ((70, 33, 1), (70, 33, 9))  # V, N, streams
# In a file of tests that may have some for a GPU; of one that has none pytest runs none.
ON_A_GPU = re.compile(r"mark\.gpu|\b(?:xp|engine)\b(?! {2})")  # a fixture, not the line that a training begins with
NEEDS = {  # more than all that the others import
    "cli/test_gpu.py": ("mido", "tqdm", "matplotlib"),
    "cli/test_train_vectors.py": ("tqdm",),
}
ENOUGH = 40  # seconds for a size of training that can be left out


class Part(NamedTuple):
    """A part of the check: the ``seconds`` it may take, its ``command``, or what is ``missing`` for one.

    A part whose output has not what it ``says`` when it did something has failed. ``notes`` are lines that stand before
    its output. One that has no seconds of its own is left out where fewer than it ``needs`` are left by the others.
    """

    name: str
    seconds: float
    command: tuple
    missing: str = ""
    says: str = ""
    notes: tuple = ()
    needs: float = 0


class Outcome(NamedTuple):
    """How a part went: ``fault`` is empty, or says in what way it failed; ``how`` it went if it did not."""

    part: Part
    fault: str
    seconds: float
    output: str
    how: str = "done"


def parts(machine):
    """All parts in order; ``machine`` is the file where one leaves what others read."""
    python = (sys.executable, "-W", "ignore", "-m")
    yield Part("machine", 15, (*python, "benchmarks.gpu_check", "--machine"))
    lacking = {path: lacks(path) for path in tests_for_a_gpu()}
    tests = [str(path.relative_to(ROOT)) for path, missing in lacking.items() if not missing]
    notes = [
        f"left out: {path.relative_to(TESTS)}, needs {' and '.join(missing)}"
        for path, missing in lacking.items()
        if missing
    ]
    how = ("-m", "gpu", "-q", "-rs", "-p", "no:cacheprovider", "--continue-on-collection-errors")
    yield Part("tests", 120, (sys.executable, "-m", "pytest", *how, *tests), says=" passed", notes=tuple(notes))
    for tool in ("memcheck", "racecheck"):
        checker = (str(sanitizer()), "--tool", tool, "--error-exitcode", "9", "--print-limit", "5")
        missing = "" if sanitizer() else "compute-sanitizer is neither on the PATH nor beside nvcc"
        yield Part(tool, 40, (*checker, *python, "benchmarks.gpu_check", "--small"), missing)
    yield Part("floor", 15, (*python, "benchmarks.gpu_floor", "--save", machine))
    yield Part("follow", 30, (*python, "benchmarks.gpu_equal"))
    for size in (*gpu_speed.AIMS, *gpu_speed.BESIDES):
        kind, seconds = ("train", 40) if len(size) == 4 else ("write", 30)
        seconds, needs = (0, ENOUGH) if size in gpu_speed.BESIDES else (seconds, 0)
        how = (*map(str, size), "--machine", machine, "--seconds", SECONDS)
        command = (*python, "benchmarks.gpu_speed", kind, *how)
        yield Part(f"{kind} {','.join(map(str, size))}", seconds, command, needs=needs)


def tests_for_a_gpu():
    """The files of tests that have some for a GPU: the others may import what is not installed."""
    return [path for path in sorted(TESTS.rglob("test_*.py")) if ON_A_GPU.search(path.read_text("utf-8"))]


def needs(path):
    """The packages that a file of tests needs besides what the others import."""
    return NEEDS.get(path.relative_to(TESTS).as_posix(), ())


def lacks(path):
    """The packages that a file of tests needs and this Python has not."""
    return [package for package in needs(path) if importlib.util.find_spec(package) is None]


def sanitizer():
    """NVIDIA's checker of kernels, or None."""
    beside = [pathlib.Path(os.path.realpath(found)).parent for found in [shutil.which("nvcc")] if found]
    beside += [pathlib.Path(os.environ[name], "bin") for name in ("CUDA_HOME", "CUDA_PATH") if name in os.environ]
    return next(filter(None, (shutil.which("compute-sanitizer", path=path) for path in (None, *beside))), None)


def run(part, limit):
    """Run a part to its end, or until ``limit`` seconds are over; its output counts in both cases."""
    if part.missing:
        return Outcome(part, f"cannot run: {part.missing}", 0, "")
    start = time.monotonic()
    command = [word.replace(SECONDS, f"{limit:.0f}") for word in part.command]
    with tempfile.TemporaryFile() as file:
        process = subprocess.Popen(
            command, stdout=file, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=ROOT,
            env=os.environ | {"PYTHONUNBUFFERED": "1"}, start_new_session=True,
        )  # fmt: skip
        try:
            status = process.wait(max(limit, 0))
            fault = "" if status == 0 else f"failed with exit status {status}"
        except subprocess.TimeoutExpired:
            fault = f"cut off after {limit:.0f} seconds"
        finally:
            with contextlib.suppress(ProcessLookupError):  # with all that it has started
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        file.seek(0)
        output = "".join(f"{line}\n" for line in part.notes) + file.read().decode("utf-8", "replace")
    if not fault and part.says not in output:
        fault = f"failed: nothing in it{part.says}"
    return Outcome(part, fault, time.monotonic() - start, output)


def run_all(todo, tell):
    """Outcomes of all parts, ``tell(outcomes)`` being called after each; limits add up, so that unused time stays."""
    start, limit, outcomes = time.monotonic(), 0.0, []
    for part in todo:
        limit += part.seconds
        left = start + limit - time.monotonic()
        if part.needs and left < part.needs:
            how = f"left out: needs {part.needs:.0f} seconds, {max(left, 0):.0f} are left"
            outcomes.append(Outcome(part, "", 0, "", how))
        else:
            outcomes.append(run(part, left))
        tell(outcomes)
    return outcomes


def report(outcomes, when):
    """The whole as Markdown: what each part did, then one table of all speeds, then what else the parts said."""
    lines = [f"# Check of a GPU, {when:%d %B %Y %H:%M}", "", f"`{shlex.join(['python', '-m', *command_line()])}`", ""]
    lines += ["| part | | seconds |", "|---|---|---|"]
    lines += [f"| {o.part.name} | {o.fault or o.how} | {o.seconds:.0f} |" for o in outcomes]
    speeds = [line for outcome in outcomes for line in outcome.output.splitlines() if is_row(line)]
    if speeds:
        lines += ["", f"| {' | '.join(gpu_speed.TITLES)} |", f"|{'---|' * len(gpu_speed.TITLES)}", *speeds]
    for outcome in outcomes:
        said = [line.rstrip() for line in outcome.output.splitlines() if line.strip() and not is_row(line)]
        if said:
            lines += ["", f"## {outcome.part.name}", "", "```", *shorter(said), "```"]
    return "\n".join(lines) + "\n"


def command_line():
    return ["benchmarks.gpu_check", *sys.argv[1:]]


def is_row(line):
    """Whether a line of a part's output belongs into the table of speeds."""
    return line.startswith("| ") and line.count(" | ") == len(gpu_speed.TITLES) - 1


def shorter(lines):
    """The first and the last of many lines."""
    left_out = len(lines) - 2 * LINES
    return [*lines[:LINES], f"... {left_out} lines ...", *lines[-LINES:]] if left_out > 1 else lines


def describe_machine():
    """Lines on the GPU and on what drives it, those that are had soonest first."""
    yield f"Python {sys.version.split()[0]}, {os.cpu_count()} processors"
    engine = gpu_ours.engine()
    import cupy

    cuda = cupy.cuda.runtime
    properties = cuda.getDeviceProperties(cuda.getDevice())
    size, capability = properties["totalGlobalMem"] / 2**30, f"{properties['major']}.{properties['minor']}"
    yield f"{properties['name'].decode()}, {size:.0f} GiB, compute capability {capability}"
    yield f"{properties['multiProcessorCount']} multiprocessors, {properties['l2CacheSize'] / 2**20:.0f} MiB of L2"
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        query = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
        yield (
            "driver " + subprocess.run(query, capture_output=True, text=True, timeout=10, check=True).stdout.split()[0]
        )
    nvrtc = ".".join(map(str, cupy.cuda.nvrtc.getVersion()))
    yield f"CUDA of the driver {cuda.driverGetVersion()}, of the runtime {cuda.runtimeGetVersion()}, NVRTC {nvrtc}"
    launch = engine.kernel("barrier", "nothing")
    launch(1, 32)  # loaded before it is recorded
    engine.record(lambda: launch(1, 32))
    yield gpu_ours.without_graph(engine) or "a kernel is compiled, launched and recorded as a CUDA graph"
    for package, where in VERSIONS.items():
        try:
            yield f"{package} {pkgutil.resolve_name(where)}"
        except Exception as error:  # an import can fail in any way
            yield f"{package}: {type(error).__name__}: {error}"


def small():
    """Yields lines on some windows of training and some words of writing in all ways, and who did each."""
    for size, precision, place in SMALL:
        trainer = gpu_ours.Ours(size, gpu_ours.windows(size[0], *size[2:], 2), 0.5, precision, place)
        for number in range(4):  # some as they are, some as a graph
            trainer.train(number)
        yield f"training {size}, {precision}, dropout on {place}: loss {trainer.loss():.4f}", trainer
    for words, units, streams in SMALL_WRITING:
        for top_p in (1.0, gpu_speed.NUCLEUS):
            writer = gpu_ours.OursWriter(words, units, streams, top_p=top_p)
            yield f"writing {(words, units, streams)}, top-p {top_p}: {writer.write(4)[:, 0].tolist()}", writer


def run_small():
    """Print a little of everything; returns whether all of it had CUDA graphs."""
    fine = True
    for line, contender in small():
        without = gpu_ours.without_graph(contender)
        print(line, *([without] if without else []), sep="\n", flush=True)
        fine = fine and not without
    return fine


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", default="gpu-check.md", metavar="FILE", help="the report (default: %(default)s)")
    parser.add_argument("--only", nargs="+", metavar="PART", help="parts whose names begin so")
    parser.add_argument("--small", action="store_true", help="only a little of everything, for compute-sanitizer")
    parser.add_argument("--machine", action="store_true", help="only say what this machine is")
    args = parser.parse_args()
    if args.small:
        import cupy

        cupy.cuda.set_allocator(None)  # each array is memory of its own, so that what is written past it is found
        sys.exit(not run_small())
    if args.machine:
        for line in describe_machine():
            print(line, flush=True)  # before the next, which may never come
        return
    when = datetime.datetime.now()

    def tell(outcomes):
        last = outcomes[-1]
        print(f"{last.part.name}: {last.fault or last.how}, {last.seconds:.0f} s", file=sys.stderr, flush=True)
        pathlib.Path(args.out).write_text(report(outcomes, when), encoding="utf-8")

    with tempfile.TemporaryDirectory() as folder:
        todo = [*parts(str(pathlib.Path(folder) / "machine.json"))]
        if args.only:  # who is asked for has its time
            named = [part for part in todo if part.name.startswith(tuple(args.only))]
            todo = [part._replace(seconds=max(part.seconds, part.needs)) for part in named]
        outcomes = run_all(todo, tell)
    print(report(outcomes, when))
    sys.exit(any(outcome.fault for outcome in outcomes))


if __name__ == "__main__":
    try:
        main()
    except MissingError as error:
        sys.exit(f"benchmarks.gpu_check: error: {error}")
