"""Where a training stands: all of it that changes, but for the model and the optimizer, and that a checkpoint holds."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, TypeVar

S = TypeVar("S", bound="State")


@dataclasses.dataclass
class Patience:
    """Watches a validation figure: the best is kept, each validation without a better one counts, many end all."""

    patience: int
    best: float = math.inf
    stale: int = 0

    def better(self, value: float) -> bool:
        """Take note of a validation; returns whether it is the best so far."""
        improved = value < self.best
        self.best, self.stale = (value, 0) if improved else (self.best, self.stale + 1)
        return improved

    def exhausted(self) -> bool:
        return self.stale >= self.patience


@dataclasses.dataclass
class State:
    """What both kinds of training count.

    In ``epoch``, from 1, ``window`` batches are done; with a limit of hours the training took ``seconds``. ``nats`` is
    the sum of the training losses, ``words`` how many words were read; since when is said by the classes below.
    ``history`` has an entry for each validation.
    """

    patience: Patience
    epoch: int = 1
    window: int = 0
    nats: float = 0.0
    words: int = 0
    seconds: float = 0.0
    history: list[dict[str, Any]] = dataclasses.field(default_factory=list)

    def meta(self) -> dict[str, Any]:
        """As JSON holds it in a checkpoint."""
        return dataclasses.asdict(self)

    @classmethod
    def from_meta(cls: type[S], meta: Mapping[str, Any]) -> S:
        """The state that ``meta`` made, which was checked before."""
        return cls(**meta | {"patience": Patience(**meta["patience"])})


@dataclasses.dataclass
class LanguageModelState(State):
    """``nats`` and ``words`` since the epoch began.

    ``start`` is the place in the corpus where the epoch began, ``order`` the state of the generator that picks the
    next one's, ``lr`` the learning rate.
    """

    start: int = 0
    lr: float = 0.0
    order: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class ClassifierState(State):
    """``nats``, ``wrong`` guesses and ``examples`` since the last validation, ``words`` and ``updates`` in all.

    ``nats`` is summed over examples.
    """

    updates: int = 0
    wrong: int = 0
    examples: int = 0
