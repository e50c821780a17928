"""What the trainer asks of a kind of model: its data, its step, its validation."""

import abc


class Hooks:
    """What a task may do; it need not."""

    def check_resumed(self, state, path):
        """Raise ``UserError`` for a state, from the checkpoint at ``path``, that does not go with the data."""

    def look(self, state):
        """Bring into the state what else is summed up where it is made."""

    def save_due(self, state):
        """Whether to save after the batch that was just done, beside what the trainer itself finds due."""
        return False

    def progress_lines(self, state):
        """What is to be said after a batch."""
        return []

    def validated(self, state, entry):
        """Change the state as a validation, an ``entry`` of the history, asks."""

    def sample(self, run, state):
        """Something that the best model so far, as it is on the disk, generates: for people, or None.

        It is asked after each validation, and may change nothing of the training.
        """
        return None

    def extras(self, history):
        """The arrays to keep beside the best weights, by name."""
        return {}

    def finish(self, run, state):
        """Write what is to be written when a training stops or ends."""


class Task(Hooks, abc.ABC):
    """What a task must do.

    ``unit`` names a batch in messages. ``validation_can_wait`` says whether a stop may be granted before the validation
    that is due: where the state shows that it is.
    """

    unit = "batch"
    validation_can_wait = False

    @abc.abstractmethod
    def new_state(self, recipe):
        """The ``State`` of a training that begins."""

    @abc.abstractmethod
    def make_learner(self, model, optimizer):
        """The ``Learner`` of this model, whose parameters are frozen or not by now."""

    @abc.abstractmethod
    def learning_rate(self, state):
        """That of the epoch that begins."""

    @abc.abstractmethod
    def begin_epoch(self, model, state):
        """All batches of the epoch, a sequence; resets what begins anew, unless some of them are done already."""

    @abc.abstractmethod
    def count(self, state, batch):
        """Take note of a batch that was learned from; returns how many words it has."""

    @abc.abstractmethod
    def loss_count(self, state):
        """Over how much ``state.nats`` is summed: words, or examples."""

    @abc.abstractmethod
    def validation_due(self, state, last):
        """Whether to validate after the batch that was just done, the ``last`` of its epoch or not."""

    @abc.abstractmethod
    def validate(self, model, state, batches, speed):
        """The entry of the history, and the figure of it that should be low.

        ``batches`` is how many the epoch has, ``speed`` in words a second.
        """

    @abc.abstractmethod
    def entry_line(self, entry):
        """An entry of the history for people."""

    @abc.abstractmethod
    def figure_text(self, entry):
        """Where an entry of the history is, and its figure that should be low: for people."""

    @abc.abstractmethod
    def picture(self, history, title):
        """(file name, bytes) of the curves."""

    @abc.abstractmethod
    def test(self, model):
        """How good the best model is, for people."""
