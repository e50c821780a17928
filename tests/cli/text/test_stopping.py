"""A training that is stopped or killed at any moment goes on to the same bytes."""

import random
import re
import signal
import time

import pytest

from tests.cli.text import SMALL, begin, same_weights, seconds_an_epoch, stop, train, wait_for

pytestmark = pytest.mark.usefixtures("no_pictures")  # but for the run that they share, which is made before
INT = pytest.param(signal.SIGINT, marks=pytest.mark.slow)  # which is handled as SIGTERM is


@pytest.mark.parametrize("number", [signal.SIGTERM, INT, signal.SIGKILL])
def test_stopped_anywhere_and_resumed_gives_the_same_bytes(straight, corpus, tmp_path, number):
    epoch, out = seconds_an_epoch(straight[0]), tmp_path / "run"
    process = begin(corpus, "-o", out, "-e", 6, *SMALL)
    wait_for(process.stdout, "epoch")
    finished, output = stop(process, number, random.uniform(0, 1.5 * epoch))
    status = -number if number == signal.SIGKILL else 128 + number
    assert finished or process.returncode == status, output
    if process.returncode == 128 + number:
        assert "stopped  in epoch" in output

    for _ in range(5):
        if finished:
            break
        process = begin("-o", out, "--resume", "-d", "cpu")
        said = wait_for(process.stderr, ("go on", "nothing"))
        if number == signal.SIGKILL and "\nnothing  is left to do" in said:  # it died after its last checkpoint
            process.communicate()
            break
        assert "go on    in epoch" in said
        finished, output = stop(
            process, number, random.uniform(0, 2 * epoch) if number != signal.SIGKILL else 3 * epoch
        )
        # once a run says that it goes on, a signal that it can heed ends in a checkpoint or in a finished run
        assert finished or process.returncode == status, output

    # and where it comes at any moment of starting, nothing is lost either
    process = begin("-o", out, "--resume", "-d", "cpu")
    stop(process, number, random.uniform(0, 1.5))
    last = train("-o", out, "--resume", "-d", "cpu")
    assert last.returncode == 0, last.stderr
    same_weights(straight[0], out)


def test_a_stop_inside_an_epoch_says_how_to_go_on(corpus, tmp_path):
    out = tmp_path / "a run"
    process = begin(corpus, "-o", out, "-e", 500, "--patience", 500, *SMALL)
    wait_for(process.stdout, "epoch")
    error = stop(process, signal.SIGTERM, 0.05)[1]
    assert process.returncode == 128 + signal.SIGTERM
    line = error.strip().splitlines()[-1]
    assert re.match(
        rf"stopped  in epoch \d+, after window \d+; go on with: python train\.py -o '{out}' --resume -d cpu$", line
    )


def test_a_run_killed_before_its_first_epoch_ends_can_be_resumed(straight, corpus, tmp_path):
    out = tmp_path / "run"
    for _ in range(5):  # on a busy machine the epoch may end before we are heard
        process = begin(corpus, "-o", out, "-e", 6, "--force", *SMALL)
        wait_for(process.stderr, "engine")
        while not (out / "checkpoint.npz").exists():
            assert process.poll() is None
            time.sleep(0.005)
        process.kill()
        process.communicate()
        if not (out / "model.npz").exists():
            break
    assert not (out / "model.npz").exists()
    last = train("-o", out, "--resume", "-d", "cpu")
    assert last.returncode == 0, last.stderr
    same_weights(straight[0], out)
