"""A learner: one batch after the other, with the sum of their losses; the training loop has one."""

import time
from collections.abc import Callable
from typing import Any

import numpy

from tsuzuri.kernels import native

PAUSE = 0.25  # seconds between two looks at the losses on a GPU, each of which waits for it


class Learner:
    """One update after the other, through Chainer on any device.

    ``forward(model, batch)`` returns the mean loss, a Variable, and over how much it is the mean. The losses are added
    up where they are made, so that a GPU need not be waited for after every batch. ``description`` says what computes.
    """

    def __init__(self, model: Any, optimizer: Any, forward: Callable[[Any, Any], tuple[Any, int]]) -> None:
        self.model, self.optimizer, self.forward = model, optimizer, forward
        on_cpu = model.xp is numpy
        self.description = native.describe(model.precision) if on_cpu else f"CuPy, {model.precision}"
        self._pause = 0 if on_cpu else PAUSE
        self._looked = time.monotonic()

    def begin(self, nats: float) -> None:
        """From here on losses are added to ``nats``, and the LSTM state is the model's."""
        self._nats = self.model.xp.asarray(nats, "d")

    def learn(self, batch: Any) -> None:
        """Forward, backward, update."""
        loss, count = self.forward(self.model, batch)
        self.model.cleargrads()
        loss.backward()
        self.optimizer.update()
        self._nats = self._nats + loss.array.astype("d") * count

    def due(self) -> bool:
        """Whether it is time to look at the losses again: that costs nothing on a CPU, and a wait on a GPU."""
        return time.monotonic() - self._looked >= self._pause

    def nats(self) -> float:
        """The sum of all losses since ``begin``; it waits for the batches before."""
        self._looked = time.monotonic()
        return self._sum()

    def _sum(self):
        return float(self._nats)

    def notes(self) -> list[str]:
        """What is to be said of it in the end, in lines."""
        return []
