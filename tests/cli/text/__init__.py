"""train.py and generate.py on text as a person uses them, and how the tests start, stop and compare trainings."""

import json
import subprocess
import sys
import time

import numpy

from tests.cli import run_command
from tests.conftest import ROOT

SMALL = [
    "--tokens",
    "space",
    "-u",
    "12",
    "-b",
    "4",
    "-l",
    "6",
    "--min-count",
    "1",
    "--dropout",
    "0.1",
    "--lr",
    "0.01",
    "-d",
    "cpu",
]


def train(*args, **settings):
    """Run train.py, in this process unless there are settings of one of its own."""
    if not settings:
        return run_command("train.py", *args)
    command = [sys.executable, ROOT / "train.py", *map(str, args)]
    settings = {"capture_output": True, "text": True, "encoding": "utf-8", "timeout": 300} | settings
    return subprocess.run(command, **settings)


def same_weights(a, b):
    names = ("model.npz", "checkpoint.npz")
    with numpy.load(a / names[1]) as x, numpy.load(b / names[1]) as y:
        assert x.files == y.files
        for name in x.files:
            if name != "meta":  # holds words a second
                assert x[name].tobytes() == y[name].tobytes(), name
    assert (a / names[0]).read_bytes() == (b / names[0]).read_bytes()
    logs = [[json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()] for run in (a, b)]
    for entry in logs[0] + logs[1]:
        del entry["words_per_second"]
    assert logs[0] == logs[1]


def begin(*args):
    command = [sys.executable, ROOT / "train.py", *map(str, args)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8")


def wait_for(stream, beginning):
    """What a process says on a stream up to a line that begins so, or in one of several ways, or to its end."""
    said = []
    for line in stream:
        said.append(line)
        if line.startswith(beginning):
            break
    return "".join(said)


def seconds_an_epoch(run):
    speeds = [json.loads(line)["words_per_second"] for line in (run / "log.jsonl").read_text().splitlines()]
    return 138 * 4 * 6 / min(speeds)


def stop(process, number, delay):
    """Send a signal some time from now, and see the process out; whether it came to the end of the training first."""
    time.sleep(delay)
    process.send_signal(number)
    output = process.communicate(timeout=60)
    return "test     loss" in output[0], output[1]
