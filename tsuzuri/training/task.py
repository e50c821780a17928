"""What the trainer asks of a kind of model: its data, its step, its validation."""

import abc
from collections.abc import Mapping, Sequence
from typing import Any

import numpy

from tsuzuri.training.run import Run
from tsuzuri.training.state import State

Entry = Mapping[str, Any]  # of the history
Batch = Any  # whatever a task learns from at once


class Hooks:
    """What a task may do; it need not."""

    def check_resumed(self, state: State, path: str) -> None:
        """Raise ``UserError`` for a state, from the checkpoint at ``path``, that does not go with the data."""

    def batch_numbers(self, sizes: Any) -> int:
        """How many numbers a model of these ``sizes`` holds at least while it learns from a batch."""
        return 0

    def frozen(self, recipe: Any, sizes: Any, epoch: int) -> set[str]:
        """The names of the links that do not learn in an epoch: the embedding, as long as the recipe says."""
        last = recipe.freeze_epochs
        return {"l0"} if last is None or epoch <= last else set()

    def rate_factors(self, sizes: Any) -> dict[str, float]:
        """By the names of links, the share of the learning rate that they learn at, where it is not all of it."""
        return {}

    def look(self, state: State) -> None:
        """Bring into the state what else is summed up where it is made."""

    def save_due(self, state: State) -> bool:
        """Whether to save after the batch that was just done, beside what the trainer itself finds due."""
        return False

    def progress_lines(self, state: State) -> list[str]:
        """What is to be said after a batch."""
        return []

    def validated(self, state: State, entry: Entry) -> None:
        """Change the state as a validation, an ``entry`` of the history, asks."""

    def sample(self, run: Run, state: State) -> str | None:
        """Something that the best model so far, as it is on the disk, generates: for people, or None.

        It is asked after each validation, and may change nothing of the training.
        """
        return None

    def extras(self, history: Sequence[Entry]) -> dict[str, numpy.ndarray]:
        """The arrays to keep beside the best weights, by name."""
        return {}

    def finish(self, run: Run, state: State) -> None:
        """Write what is to be written when a training stops or ends."""


class Task(Hooks, abc.ABC):
    """What a task must do.

    ``unit`` names a batch in messages. ``validation_can_wait`` says whether a stop may be granted before the validation
    that is due: where the state shows that it is.
    """

    unit = "batch"
    validation_can_wait = False

    @abc.abstractmethod
    def new_state(self, recipe: Any) -> State:
        """The ``State`` of a training that begins."""

    @abc.abstractmethod
    def make_learner(self, model: Any, optimizer: Any, average: Any = None) -> Any:
        """The ``learner.Learner`` of this model, whose parameters are frozen or not by now.

        It may take over an ``average`` of the weights (``averaging.WeightAverage``).
        """

    @abc.abstractmethod
    def learning_rate(self, state: State, done: float) -> float:
        """That of a batch where the share ``done`` of the training, 0 to 1, is learned with it."""

    @abc.abstractmethod
    def begin_epoch(self, model: Any, state: State) -> Sequence[Batch]:
        """All batches of the epoch, a sequence; resets what begins anew, unless some of them are done already."""

    @abc.abstractmethod
    def count(self, state: State, batch: Batch) -> int:
        """Take note of a batch that was learned from; returns how many words it has."""

    @abc.abstractmethod
    def loss_count(self, state: State) -> int:
        """Over how much ``state.nats`` is summed: words, or examples."""

    @abc.abstractmethod
    def validation_due(self, state: State, last: bool) -> bool:
        """Whether to validate after the batch that was just done, the ``last`` of its epoch or not."""

    @abc.abstractmethod
    def validate(self, model: Any, state: State, batches: int, speed: int) -> tuple[dict[str, Any], float]:
        """The entry of the history, and the figure of it that should be low.

        ``batches`` is how many the epoch has, ``speed`` in words a second.
        """

    @abc.abstractmethod
    def entry_line(self, entry: Entry) -> str:
        """An entry of the history for people."""

    @abc.abstractmethod
    def figure_text(self, entry: Entry) -> str:
        """Where an entry of the history is, and its figure that should be low: for people."""

    @abc.abstractmethod
    def picture(self, history: Sequence[Entry], title: str) -> tuple[str, bytes]:
        """(file name, bytes) of the curves."""

    @abc.abstractmethod
    def test(self, model: Any) -> str:
        """How good the best model is, for people."""
