"""Ctrl-C, SIGTERM and SIGHUP as a wish to stop, which a training grants between two batches."""

import contextlib
import os
import signal
import sys
import threading
import time

NAMES = ("SIGINT", "SIGTERM", "SIGHUP")  # the last comes when a terminal is closed; Windows has none

IMPATIENT = 0.5  # seconds: two signals that are closer together are of one event, such as a shutdown

interrupts = []  # each Ctrl-C that was raised: a module that is loading may make any other error of it


def record_interrupts():
    """From here on Ctrl-C is put down in ``interrupts``, beside the ``KeyboardInterrupt`` that it raises."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _record_interrupt)


def _record_interrupt(number, frame):
    interrupts.append(number)
    signal.default_int_handler(number, frame)


@contextlib.contextmanager
def leaving():
    """End the process at SIGTERM and SIGHUP as at Ctrl-C, so that what it holds is let go: nothing is to be saved."""
    before = {}
    if threading.current_thread() is threading.main_thread():
        for number in (getattr(signal, name) for name in NAMES[1:] if hasattr(signal, name)):
            if signal.getsignal(number) == signal.SIG_DFL:
                before[number] = signal.signal(number, lambda number, _: sys.exit(128 + number))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Interrupt:
    """Notes the first of these signals in ``signal``; at a later one the process ends at once, whatever it is doing.

    Not at one that comes with the first, nor at SIGHUP: nobody is impatient there.

    What was saved stays: files are whole or not there. Outside the main thread, where Python lets nobody set a handler,
    it notes nothing. A SIGHUP that is ignored, as by nohup, stays so. ``end(status)`` ends the process.
    """

    def __init__(self, end=os._exit):
        self.signal = None
        self._end, self._before = end, {}

    def __enter__(self):
        if threading.current_thread() is threading.main_thread():
            for number in (getattr(signal, name) for name in NAMES if hasattr(signal, name)):
                before = signal.getsignal(number)
                if before != signal.SIG_IGN or number != getattr(signal, "SIGHUP", None):
                    self._before[number] = signal.signal(number, self._note)
            self._watch()
        return self

    def __exit__(self, *_):
        if self._before:
            signal.set_wakeup_fd(self._wakeup)
            os.close(self._write)
            self._watcher.join()
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def requested(self):
        """Whether it is time to stop."""
        return self.signal is not None

    def _note(self, number, _):
        self.signal = self.signal or number

    def _watch(self):
        """Look for signals in a thread of its own: Python calls handlers only between two calls of kernels."""
        read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        self._wakeup = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        self._watcher = threading.Thread(target=self._end_at_second, args=(read,), name="signals", daemon=True)
        self._watcher.start()

    def _end_at_second(self, read):
        first, hangup = None, getattr(signal, "SIGHUP", None)
        while number := os.read(read, 1):
            if number[0] not in self._before:
                continue
            if first is None:
                first = time.monotonic()
            elif number[0] != hangup and time.monotonic() - first > IMPATIENT:
                self._end(128 + number[0])
        os.close(read)
