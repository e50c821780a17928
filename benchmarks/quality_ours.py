"""Our side of the quality benchmark: train.py as a user runs it, and what its run says."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy

from benchmarks.quality_result import Limits, Result
from tsuzuri.errors import UserError
from tsuzuri.training import evaluation
from tsuzuri.training.run import load_run

ROOT = Path(__file__).resolve().parent.parent
NO_LIMITS = Limits()
LOOK = 0.2  # seconds from one look at the clock to the next
TESTED = re.compile(r"^test +loss ([0-9.]+)", re.MULTILINE)


def train(corpus, arguments, seed, out, limits=NO_LIMITS):
    """The ``Result`` of a training of train.py with these arguments, that is stopped as by Ctrl-C after its minutes.

    Not before an epoch is done, however. The run stays in ``out``, beside it what it printed. Raises ``UserError``
    where train.py fails, and where it did not read ``corpus``.
    """
    command = [sys.executable, ROOT / "train.py", "-d", "cpu", "--sample-every", "0", *arguments]
    command += ["--seed", str(seed), "-o", out]
    printed = out.parent / f"{out.name}.txt"
    with printed.open("w") as stream:
        seconds = _run(command, stream, out / "log.jsonl", limits)
    return read_result(corpus, out, printed.read_text(), seconds)


def read_result(corpus, out, printed, seconds):
    """The ``Result`` of the run in ``out``, of which train.py ``printed`` that; raises ``UserError`` as ``train``.

    A training that was stopped has not been tested: its best weights are tested here.
    """
    run = load_run(str(out))
    if run.about["corpus"]["fingerprint"] != corpus.fingerprint():
        raise UserError(f"{out}: train.py read other words than the peers are given: the figures would not compare")
    history = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    best = min(history, key=lambda entry: entry["valid_loss"])
    tested = TESTED.search(printed)
    if tested:
        test = float(tested[1])
    else:
        test = evaluation.evaluate_documents(run.load_best(), corpus.test, corpus.documents["test"], carried=True)
    return Result(count_parameters(out), seconds, best["valid_loss"], test, history[-1]["epoch"], best["epoch"])


def _run(command, stream, log, limits):
    """The seconds that a command took, on the wall or of the processor."""
    start, before = time.perf_counter(), _of_children()
    with subprocess.Popen(command, stdout=stream) as process:
        stopped = False
        while process.poll() is None:
            time.sleep(LOOK)
            seconds = processor_seconds(process.pid) if limits.processor else time.perf_counter() - start
            late = limits.minutes is not None and seconds > 60 * limits.minutes
            if late and not stopped and log.exists() and log.stat().st_size:
                process.send_signal(signal.SIGINT)
                stopped = True
    if process.returncode not in (0, 128 + signal.SIGINT if stopped else 0):
        raise UserError(f"train.py ended with status {process.returncode}")
    return _of_children() - before if limits.processor else time.perf_counter() - start


def processor_seconds(pid):
    """What a process that has not been waited for has had of the processors, by Linux' ``/proc``."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")  # utime and stime, the 14th and the 15th


def _of_children():
    """What all processes that were waited for have had of the processors, in seconds."""
    times = os.times()
    return times.children_user + times.children_system


def count_parameters(run):
    """The numbers in a run's ``model.npz`` that were learned: those of floating point."""
    with numpy.load(run / "model.npz") as arrays:
        return sum(array.size for array in arrays.values() if array.dtype.kind == "f")
