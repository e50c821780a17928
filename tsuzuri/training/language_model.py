"""Training a language model: windows of truncated BPTT, the loss on held-out text, a learning rate that decays."""

import math

import numpy

from tsuzuri.data import layout, windows
from tsuzuri.data.characters import bits_per_character
from tsuzuri.errors import UserError
from tsuzuri.text import vocabulary
from tsuzuri.training import evaluation, log, plots, recorded, schedules, schemas
from tsuzuri.training.schemas import RING
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
        self._rows = None  # what a model is told besides the words of training, once it is known

    def new_state(self, recipe):
        order = numpy.random.default_rng([recipe.seed, 1]).bit_generator.state
        return LanguageModelState(Patience(recipe.patience), lr=recipe.lr, order=order)

    def check_resumed(self, state, path):
        count = len(epoch_windows(self.corpus, self.recipe, state.epoch, state.start))
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
        """Windows that are cut anew for each epoch."""
        if state.window == 0:
            if self.recipe.windows == RING:
                self._enter_ring(state)
            state.nats, state.words = 0.0, 0
            model.reset_state()
        if model.lookback and self._rows is None:
            self._rows = model.looked_up(self.corpus.train)
        return epoch_windows(self.corpus, self.recipe, state.epoch, state.start, self._rows)

    def _enter_ring(self, state):
        """At a line's beginning that the state's generator picks."""
        beginnings = numpy.flatnonzero(self.corpus.train == vocabulary.EOS) + 1
        order = numpy.random.default_rng()
        order.bit_generator.state = state.order
        state.start = int(order.choice(beginnings)) % len(self.corpus.train)
        state.order = order.bit_generator.state

    def count(self, state, batch):
        words = int(numpy.count_nonzero(batch.ts != windows.PADDING))
        state.words += words
        return words

    def loss_count(self, state):
        return state.words

    def validation_due(self, state, last):
        return last

    def validate(self, model, state, batches, speed):
        entry = {
            "epoch": state.epoch,
            "train_loss": state.nats / state.words,
            "valid_loss": self._loss(model, "valid"),
            "lr": self.learning_rate(state, min(1, (state.epoch - 1 + state.window / batches) / self.recipe.epoch)),
            "words_per_second": speed,
        }
        bits = self._bits_per_character("valid", entry["valid_loss"])
        if bits is not None:
            entry[schemas.VALID_BITS] = bits
        return entry, entry["valid_loss"]

    def _loss(self, model, split, carried=False):
        """Nats a word of a split; the state is ``carried`` through all of a text, but for runs from before."""
        ids = getattr(self.corpus, split)
        if self.recipe.windows == RING:
            return evaluation.evaluate_loss(model, ids)
        return evaluation.evaluate_documents(model, ids, self.corpus.documents[split], carried)

    def _worth(self, loss, split, describe=log.describe_loss, **more):
        """A loss over a split for people, of music in bits a note; runs from before leave its first word out."""
        ids = getattr(self.corpus, split)
        return describe(loss, bits_per_note(ids, self.note_ons, len(ids) - (self.recipe.windows == RING)), **more)

    def validated(self, state, entry):
        """Learn more slowly after an epoch that did no better."""
        if not entry["best"] and self.recipe.schedule == schedules.STALLS:
            state.lr *= self.recipe.lr_decay

    def sample(self, run, state):
        entry, count = state.history[-1], sum(entry["best"] for entry in state.history)
        due = self._sampler and entry["best"] and (count - 1) % self._sample_every == 0
        return self._sampler(run, entry["epoch"]) if due else None

    def entry_line(self, entry):
        return self._worth(entry, "valid", log.language_model_line)

    def figure_text(self, entry):
        worth = self._worth(entry["valid_loss"], "valid", per_character=entry.get(schemas.VALID_BITS))
        return f"epoch {entry['epoch']}, valid loss {entry['valid_loss']:.3f} {worth}"

    def picture(self, history, title):
        return "loss.png", plots.plot_loss_curves(history, title)

    def test(self, model):
        """Of the validation text too, where it was cut for speed while training."""
        line = self._test_line(model, "test")
        cut = evaluation.is_cut(self.corpus.valid, self.corpus.documents["valid"])
        if self.recipe.windows == RING or not cut:
            return line
        return f"{line}\n{self._test_line(model, 'valid')}, read without a break"

    def _test_line(self, model, split):
        loss = self._loss(model, split, carried=True)
        worth = self._worth(loss, split, per_character=self._bits_per_character(split, loss))
        return f"{split:8} loss {loss:.3f} {worth} of the best model"

    def _bits_per_character(self, split, loss):
        """What a loss on held-out text comes to; None for music."""
        return bits_per_character(loss, self.corpus.report.get("size", {}).get(split))


def epoch_windows(corpus, recipe, epoch=1, start=0, rows=None):
    """The windows of an epoch, a list; ``start`` is where the ring of a run from before is entered in it.

    ``rows`` are those of ``models.rnn.RNN.looked_up``, which only change what is read, not where windows are cut.
    """
    sizes = recipe.batchsize, recipe.bproplen
    if recipe.windows == RING:
        return windows.training_windows(corpus.train, *sizes, start)
    rng = numpy.random.default_rng([recipe.seed, 1, epoch])
    return layout.document_windows(corpus.train, corpus.documents["train"], *sizes, rng, rows)


def bits_per_note(ids, note_ons, scored):
    """What turns a loss over ``scored`` of the ids, nats a word, into bits a note; None where they hold no notes."""
    notes = 0 if note_ons is None else int(note_ons[ids].sum())
    return scored / notes / math.log(2) if notes else None
