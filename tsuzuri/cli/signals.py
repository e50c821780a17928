"""Ctrl-C and SIGTERM as a wish to stop, which a training grants between two batches."""

import signal
import threading


class Interrupt:
    """Notes the first Ctrl-C or SIGTERM in ``signal``; a second one is not held up.

    Outside the main thread, where Python lets nobody set a handler, it notes nothing.
    """

    def __init__(self):
        self.signal = None
        self._before = {}

    def __enter__(self):
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_):
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def requested(self):
        """Whether it is time to stop."""
        return self.signal is not None

    def _note(self, number, _):
        self.signal = number
        signal.signal(number, self._before[number])
