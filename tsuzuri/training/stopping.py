"""When to keep, when to slow down, when to stop: by the validation loss; and by Ctrl-C."""

import dataclasses
import math
import signal


@dataclasses.dataclass
class Patience:
    """Watches the validation loss: the best is kept, each epoch without a better one slows learning, many stop it."""

    patience: int
    best: float = math.inf
    stale: int = 0

    def better(self, loss):
        """Take note of an epoch's loss; whether it is the best so far."""
        improved = loss < self.best
        self.best, self.stale = (loss, 0) if improved else (self.best, self.stale + 1)
        return improved

    def exhausted(self):
        return self.stale >= self.patience


class Interrupt:
    """Turns Ctrl-C and SIGTERM into a wish that the loop can grant between two windows; a second one is not held up."""

    def __init__(self):
        self.signal = None
        self._before = {}

    def __enter__(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_):
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number, _):
        self.signal = number
        signal.signal(number, self._before[number])
