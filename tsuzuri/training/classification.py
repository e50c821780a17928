"""Training a classifier: batches of packed sequences, errors on held-out examples."""

import numpy

from tsuzuri.data import packing
from tsuzuri.errors import UserError
from tsuzuri.training import evaluation, log, metrics, plots, schedules
from tsuzuri.training.learner import Learner
from tsuzuri.training.schemas import HISTORY
from tsuzuri.training.state import ClassifierState, Patience
from tsuzuri.training.task import Task


class ClassificationTask(Task):
    """``dataset`` is a ``data.dataset.Dataset``; ``save_freq`` and ``disp_freq`` are in updates, None for never.

    A batch is the places of its examples in the training part.
    """

    def __init__(self, dataset, recipe, save_freq=None, disp_freq=None):
        self.dataset, self.recipe = dataset, recipe
        self.save_freq, self.disp_freq = save_freq, disp_freq
        self._lengths = numpy.array([len(ids) for ids in dataset.train.sequences])
        self._wrong, self._loss = 0, None  # since they were last looked at; of the last batch

    def new_state(self, recipe):
        return ClassifierState(Patience(recipe.patience))

    def check_resumed(self, state, path):
        count = len(self._batches(state.epoch))
        if state.window >= count:
            raise UserError(f"{path}: damaged: meta.window is {state.window}, must be below the {count} of an epoch")

    def batch_numbers(self, sizes):
        """Of each word and unit the values that a layer keeps for the gradients, for a batch of mean length."""
        words = min(self.recipe.batchsize, len(self._lengths)) * int(self._lengths.mean())
        return words * (sizes.width + (sizes.gates + 2) * sizes.units * sum(map(len, sizes.stacks())))

    def make_learner(self, model, optimizer, average=None):
        return Learner(model, optimizer, self._forward)

    def _forward(self, model, places):
        """The mean loss of a batch, and how many examples it has."""
        train = self.dataset.train
        packed = packing.pack_sequences([train.sequences[n] for n in places])
        labels = model.xp.asarray(train.labels[places][packed.order])
        loss, guesses = model(packed, labels)
        self._wrong = self._wrong + (guesses != labels).sum()
        self._loss = loss.array
        return loss, len(labels)

    def learning_rate(self, state, done):
        stalls = sum(not entry["best"] for entry in state.history) if self.recipe.schedule == schedules.STALLS else 0
        return schedules.learning_rate(self.recipe, self.recipe.lr * self.recipe.lr_decay**stalls, done)

    def frozen(self, recipe, sizes, epoch):
        """What any task freezes, and the layers that are not thawed yet, from the output layer down."""
        kept = super().frozen(recipe, sizes, epoch)
        if not recipe.thaw:
            return kept
        thawed = 1 + (epoch - 1) // recipe.thaw
        return kept.union(*sizes.groups()[thawed:])

    def rate_factors(self, sizes):
        decay = self.recipe.layer_decay
        if decay == 1:
            return {}
        return {name: decay**depth for depth, names in enumerate(sizes.groups()) for name in names}

    def begin_epoch(self, model, state):
        return self._batches(state.epoch)

    def _batches(self, epoch):
        """The places of the examples of each batch of an epoch: the same, however often it is asked."""
        rng = numpy.random.default_rng([self.recipe.seed, 1, epoch])
        return packing.epoch_batches(self._lengths, self.recipe.batchsize, rng, self.recipe.sort_by_len)

    def count(self, state, batch):
        words = int(self._lengths[batch].sum())
        state.updates += 1
        state.words += words
        state.examples += len(batch)
        return words

    def loss_count(self, state):
        return state.examples

    def look(self, state):
        state.wrong += int(self._wrong)
        self._wrong = 0

    def validation_due(self, state, last):
        """Every so many updates, or after an epoch; and before the end at the latest, or there would be no model."""
        due = state.updates % self.recipe.valid_freq == 0 if self.recipe.valid_freq else last
        return due or (last and state.epoch == self.recipe.epoch and not state.history)

    def save_due(self, state):
        return bool(self.save_freq) and state.updates % self.save_freq == 0

    def progress_lines(self, state):
        if not self.disp_freq or state.updates % self.disp_freq:
            return []
        return [f"update {state.updates:6,}   epoch {state.epoch}   loss {float(self._loss):.4f}"]

    def validate(self, model, state, batches, speed):
        valid, test = self.dataset.valid, self.dataset.test
        loss, guesses = evaluation.evaluate_classes(model, valid)
        entry = {
            "updates": state.updates,
            "epochs": state.epoch - 1 + state.window / batches,
            "train_loss": state.nats / state.examples,
            "train_error": state.wrong / state.examples,
            "valid_loss": loss,
            "valid_error": _error(guesses, valid),
            "test_error": _error(evaluation.evaluate_classes(model, test)[1], test) if len(test) else None,
            "words_per_second": speed,
        }
        return entry, entry["valid_error"]

    def validated(self, state, entry):
        """Count anew."""
        state.nats, state.wrong, state.examples = 0.0, 0, 0

    def extras(self, history):
        return {HISTORY: error_history(history)}

    def finish(self, run, state):
        """All errors so far beside the best weights, which have those until then."""
        if state.history:
            run.save_extras(self.extras(state.history))

    def entry_line(self, entry):
        return log.classifier_line(entry)

    def figure_text(self, entry):
        return f"epoch {entry['epochs']:.1f}, valid error {entry['valid_error']:.1%}"

    def picture(self, history, title):
        return "error.png", plots.plot_error_curves(history, title)

    def test(self, model):
        part = "test" if len(self.dataset.test) else "valid"
        text, _ = score(model, getattr(self.dataset, part), self.dataset.classes)
        return f"\nThe best model on the {part} examples:\n\n{text}"


def score(model, examples, names):
    """How good a model's guesses are: a text of several lines, and the confusion matrix."""
    matrix = metrics.confusion_matrix(examples.labels, evaluation.evaluate_classes(model, examples)[1], len(names))
    return metrics.metrics_report(matrix, names), matrix


def error_history(history):
    """The validation and the test error of each entry, (n, 2); NaN where there is no test."""
    rows = [(entry["valid_error"], entry["test_error"]) for entry in history]
    return numpy.array(rows, "d").reshape(-1, 2)  # None becomes NaN


def _error(guesses, examples):
    return float((guesses != examples.labels).mean())
