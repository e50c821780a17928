"""A training whose terminal is closed saves, as one does that is stopped."""

import os
import signal
import sys

import pytest

from tests.cli.text import SMALL, begin, same_weights, stop, train, wait_for
from tests.conftest import ROOT

pytestmark = [
    pytest.mark.usefixtures("no_pictures"),
    pytest.mark.skipif(not hasattr(os, "forkpty"), reason="needs terminals of POSIX"),
]


def test_a_terminal_that_is_closed_saves(straight, corpus, tmp_path):
    out = tmp_path / "run"
    process = begin(corpus, "-o", out, "-e", 6, *SMALL)
    wait_for(process.stdout, "epoch")
    finished, output = stop(process, signal.SIGHUP, 0)
    assert finished or process.returncode == 128 + signal.SIGHUP, output
    assert finished or "stopped  in epoch" in output
    assert train("-o", out, "--resume", "-d", "cpu").returncode == 0
    same_weights(straight[0], out)


def test_where_there_is_no_terminal_any_more_it_still_saves(straight, corpus, tmp_path):
    out = tmp_path / "run"
    child, terminal = os.forkpty()
    if not child:
        os.chdir(ROOT)
        command = ["train.py", corpus, "-o", out, "-e", 6, *SMALL]
        os.execv(sys.executable, [sys.executable, *map(str, command)])
    shown = b""
    while b"epoch   1" not in shown:
        shown += os.read(terminal, 4096)
    os.close(terminal)  # which hangs up
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, 128 + signal.SIGHUP)
    again = train("-o", out, "--resume", "-d", "cpu")
    assert again.returncode == 0, again.stderr
    assert status == 0 or "go on    in epoch" in again.stderr
    same_weights(straight[0], out)
