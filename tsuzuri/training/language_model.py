"""Training a language model: windows of truncated BPTT, the loss on held-out text, a learning rate that decays."""

import math

import numpy

from tsuzuri.data import windows
from tsuzuri.errors import UserError
from tsuzuri.text import vocabulary
from tsuzuri.training import evaluation, log, plots, recorded, schedules
from tsuzuri.training.state import LanguageModelState, Patience
from tsuzuri.training.task import Task


class LanguageModelTask(Task):
    """``corpus`` is a ``data.corpus.Corpus``; ``note_ons`` (V,) bool, for music, the ids that begin a note.

    ``sampler(run, epoch)`` gives a sample of the run's best model, or None; it is called for the first of every
    ``sample_every`` epochs that did best so far.
    """

    unit = "window"
    validation_can_wait = True  # it is due where all windows of an epoch are done

    def __init__(self, corpus, recipe, note_ons=None, sampler=None, sample_every=1):
        self.corpus, self.recipe, self.note_ons = corpus, recipe, note_ons
        self._sampler, self._sample_every = sampler, sample_every

    def new_state(self, recipe):
        order = numpy.random.default_rng([recipe.seed, 1]).bit_generator.state
        return LanguageModelState(Patience(recipe.patience), lr=recipe.lr, order=order)

    def check_resumed(self, state, path):
        count = windows.count_windows(len(self.corpus.train), self.recipe.batchsize, self.recipe.bproplen)
        if state.window > count:
            raise UserError(f"{path}: damaged: meta.window is {state.window}, must be at most the {count} of an epoch")

    def batch_numbers(self, sizes):
        """Of each word and unit the six values that each layer keeps for the gradients."""
        return 6 * self.recipe.batchsize * self.recipe.bproplen * sum(sizes.outputs)

    def make_learner(self, model, optimizer, average=None):
        return recorded.make_learner(model, optimizer, self.recipe.batchsize, self.recipe.bproplen, average)

    def learning_rate(self, state, done):
        return schedules.learning_rate(self.recipe, state.lr, done)

    def begin_epoch(self, model, state):
        """Windows from a line's beginning that the state's generator picks."""
        if state.window == 0:
            beginnings = numpy.flatnonzero(self.corpus.train == vocabulary.EOS) + 1
            order = numpy.random.default_rng()
            order.bit_generator.state = state.order
            state.start = int(order.choice(beginnings)) % len(self.corpus.train)
            state.order = order.bit_generator.state
            state.nats, state.words = 0.0, 0
            model.reset_state()
        return windows.training_windows(self.corpus.train, self.recipe.batchsize, self.recipe.bproplen, state.start)

    def count(self, state, batch):
        xs, _ = batch
        state.words += xs.size
        return xs.size

    def loss_count(self, state):
        return state.words

    def validation_due(self, state, last):
        return last

    def validate(self, model, state, batches, speed):
        entry = {
            "epoch": state.epoch,
            "train_loss": state.nats / state.words,
            "valid_loss": evaluation.evaluate_loss(model, self.corpus.valid),
            "lr": self.learning_rate(state, min(1, (state.epoch - 1 + state.window / batches) / self.recipe.epoch)),
            "words_per_second": speed,
        }
        return entry, entry["valid_loss"]

    def validated(self, state, entry):
        """Learn more slowly after an epoch that did no better."""
        if not entry["best"] and self.recipe.schedule == schedules.STALLS:
            state.lr *= self.recipe.lr_decay

    def sample(self, run, state):
        entry, count = state.history[-1], sum(entry["best"] for entry in state.history)
        due = self._sampler and entry["best"] and (count - 1) % self._sample_every == 0
        return self._sampler(run, entry["epoch"]) if due else None

    def entry_line(self, entry):
        return log.language_model_line(entry, bits_per_note(self.corpus.valid, self.note_ons))

    def figure_text(self, entry):
        worth = log.describe_loss(entry["valid_loss"], bits_per_note(self.corpus.valid, self.note_ons))
        return f"epoch {entry['epoch']}, valid loss {entry['valid_loss']:.3f} {worth}"

    def picture(self, history, title):
        return "loss.png", plots.plot_loss_curves(history, title)

    def test(self, model):
        loss = evaluation.evaluate_loss(model, self.corpus.test)
        worth = log.describe_loss(loss, bits_per_note(self.corpus.test, self.note_ons))
        return f"test     loss {loss:.3f} {worth} of the best model"


def bits_per_note(ids, note_ons):
    """What turns a loss over ``ids``, nats a word, into bits a note; None where they hold no notes."""
    notes = 0 if note_ons is None else int(note_ons[ids].sum())
    return (len(ids) - 1) / notes / math.log(2) if notes else None
