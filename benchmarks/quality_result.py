"""What a training of the quality benchmark may take, and what it comes to: the same for all contenders."""

from typing import NamedTuple


class Limits(NamedTuple):
    """What a training may take: minutes, and parameters of its model. None where there is no bound.

    The minutes are those of the clock on the wall, or of the ``processor`` that it has for itself, of all its threads.
    """

    minutes: float | None = None
    parameters: int | None = None
    processor: bool = False


class Result(NamedTuple):
    """A training: the numbers that were learned, how long it took, its losses in nats a word, its epochs and the best.

    ``valid`` is of the weights that validated best, and ``test`` of the same.
    """

    parameters: int
    seconds: float
    valid: float
    test: float
    epochs: float
    best: float
