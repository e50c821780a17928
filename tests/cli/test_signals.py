"""Ctrl-C, SIGTERM and SIGHUP: the first is noted, the second ends at once; while modules load they are quiet."""

import signal
import subprocess
import sys
import threading
import time

import pytest

from tests.conftest import ROOT
from tsuzuri.cli import entry, options, signals
from tsuzuri.cli.signals import IMPATIENT, Interrupt

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="needs the signals of POSIX")


@pytest.fixture(params=["SIGINT", "SIGTERM", "SIGHUP"])
def number(request):
    """A signal as a terminal sends it: a shell lets what it runs in the background ignore some."""
    number = getattr(signal, request.param)
    before = signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    yield number
    signal.signal(number, before)


def test_the_second_signal_ends_the_process(number):
    ended, status = threading.Event(), []
    handler = signal.getsignal(number)
    with Interrupt(lambda code: (status.append(code), ended.set())) as interrupt:
        assert interrupt.signal is None
        signal.raise_signal(number)
        assert interrupt.requested()
        for again in (number, signal.SIGTERM, signal.SIGHUP):  # at once: a shutdown sends several
            signal.raise_signal(again)
        assert not ended.wait(IMPATIENT + 0.2)
        signal.raise_signal(signal.SIGHUP)
        assert not ended.wait(0.1)
        signal.raise_signal(signal.SIGTERM)
        assert ended.wait(10)
        assert interrupt.signal == number
    assert status == [128 + signal.SIGTERM]
    assert signal.getsignal(number) is handler
    assert signal.set_wakeup_fd(-1) == -1
    assert "signals" not in {thread.name for thread in threading.enumerate()}


def test_what_nohup_ignores_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Interrupt() as interrupt:
            signal.raise_signal(signal.SIGHUP)
            assert interrupt.signal is None
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


TWICE = """
import signal, sys, time
import numpy
from tsuzuri.cli.signals import Interrupt
with Interrupt():
    print("begun", flush=True)
    big = numpy.ones((6000, 6000))
    for _ in range(20):
        numpy.linalg.svd(big)  # a call of minutes, in which Python runs no handler
"""


def test_a_second_signal_need_not_wait_for_a_batch():
    process = subprocess.Popen([sys.executable, "-c", TWICE], stdout=subprocess.PIPE, cwd=ROOT)
    assert process.stdout.readline() == b"begun\n"
    time.sleep(1)
    process.send_signal(signal.SIGTERM)
    time.sleep(IMPATIENT + 0.2)
    start = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 128 + signal.SIGTERM
    assert time.monotonic() - start < 5
    process.stdout.close()


@pytest.mark.parametrize("delay", [0.15, 0.25, 0.4, 0.6, 0.9, 1.3])
def test_an_interrupt_while_modules_load_is_quiet(tmp_path, delay):
    command = [sys.executable, "-c", LOADING.format(script="train"), str(ROOT / "README.md"), "-o", str(tmp_path / "r")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout.readline() == "begun\n"
    time.sleep(delay)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert "Traceback" not in err + out
    assert "KeyboardInterrupt" not in err + out
    assert process.returncode == 128 + signal.SIGINT


def test_an_interrupt_that_a_module_makes_another_error_of(monkeypatch, capsys):
    def main():
        raise ImportError("PyCapsule_Import could not import module")

    with pytest.raises(ImportError, match="PyCapsule"):
        options.run(main)
    monkeypatch.setattr(signals, "interrupts", [signal.SIGINT])
    with pytest.raises(SystemExit) as leaving:
        options.run(main)
    assert leaving.value.code == 128 + signal.SIGINT
    assert capsys.readouterr() == ("", "")


LOADING = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
print("begun", flush=True)
from tsuzuri.cli import entry, options, signals
entry.enter({script!r})
"""


def wait(seconds):
    """Sleep in parts, since an interrupt that comes from within does not end a sleep."""
    for _ in range(100):
        time.sleep(seconds / 100)


def test_an_interrupt_that_a_destructor_swallows_comes_again(monkeypatch):
    class Swallows:
        def __del__(self):
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    monkeypatch.setattr(sys, "unraisablehook", entry._interrupt_again)
    try:
        Swallows()
        with pytest.raises(KeyboardInterrupt):
            wait(10)
    finally:
        signal.signal(signal.SIGINT, before)
