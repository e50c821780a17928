"""The loss on held-out words, and the patience that ends a training."""

import itertools
import math

import numpy
import pytest

from tests.training.small_run import UNITS, WORDS
from tsuzuri.data import layout
from tsuzuri.models.rnn import RNN, Sizes
from tsuzuri.text.vocabulary import EOS
from tsuzuri.training import evaluation
from tsuzuri.training.state import Patience


def test_evaluation_is_the_mean_over_words_and_leaves_the_state(rng):
    model = RNN(Sizes(WORDS, UNITS), numpy.random.default_rng(0))
    model.step(numpy.array([1, 2], "i"))
    before = model.get_state()
    ids = rng.integers(0, WORDS, 90).astype("i")
    loss = evaluation.evaluate_loss(model, ids)
    assert all((a == b).all() for a, b in zip(before, model.get_state(), strict=True))

    model.reset_state()
    nats = 0.0
    for x, t in itertools.pairwise(ids):
        logits = model.step(numpy.array([x], "i"))[0].astype("d")
        nats += math.log(numpy.exp(logits).sum()) - logits[t]
    assert loss == pytest.approx(nats / 89, rel=1e-5)


def test_evaluation_in_streams_scores_all(rng, monkeypatch):
    monkeypatch.setattr(evaluation, "STREAM", 30)
    model = RNN(Sizes(WORDS, UNITS), numpy.random.default_rng(0))
    model.l3.W.array[...] = 0  # every word is as likely as its bias says, whatever came before
    model.l3.b.array[...] = numpy.arange(WORDS)
    ids = rng.integers(0, WORDS, 100).astype("i")
    log_p = numpy.arange(WORDS) - math.log(sum(math.exp(k) for k in range(WORDS)))
    assert evaluation.evaluate_loss(model, ids) == pytest.approx(-log_p[ids[1:]].mean(), rel=1e-6)


def slow_loss(model, ids, starts):
    """Word by word: each document from a reset state and an <eos>, all its ids predicted."""
    nats = 0.0
    for start, stop in itertools.pairwise([*starts, len(ids)]):
        model.reset_state()
        for x, t in itertools.pairwise([EOS, *ids[start:stop].tolist()]):
            logits = model.step(numpy.array([x], "i"))[0].astype("d")
            nats += math.log(numpy.exp(logits).sum()) - logits[t]
    return nats / len(ids)


@pytest.mark.parametrize(("sizes", "streams"), [([90], 20), ([30, 70, 1, 5, 120, 12], 3), ([4, 9] * 15, 20)])
def test_documents_are_scored_from_a_reset_state_to_their_ends(rng, monkeypatch, sizes, streams):
    monkeypatch.setattr(evaluation, "STREAMS", streams)
    monkeypatch.setattr(evaluation, "STEPS", 7)
    model = RNN(Sizes(WORDS, UNITS), numpy.random.default_rng(0))
    stops = numpy.cumsum(sizes)
    ids, starts = rng.integers(0, WORDS, stops[-1]).astype("i"), numpy.append(0, stops[:-1])
    ids[stops - 1] = EOS
    wanted = slow_loss(model, ids, starts.tolist())
    model.reset_state()
    model.step(numpy.array([1, 2], "i"))
    before = model.get_state()
    assert evaluation.evaluate_documents(model, ids, starts, carried=True) == pytest.approx(wanted, rel=1e-5)
    assert all((a == b).all() for a, b in zip(before, model.get_state(), strict=True))


def test_long_documents_are_cut_for_speed_and_every_word_counts_once(rng, monkeypatch):
    monkeypatch.setattr(evaluation, "STREAM", 30)
    monkeypatch.setattr(layout, "parts_to_score", parts := Recorder(layout.parts_to_score))
    model = RNN(Sizes(WORDS, UNITS), numpy.random.default_rng(0))
    ids = rng.integers(1, WORDS, 400).astype("i")
    ids[3::4] = EOS
    starts = numpy.array([0, 200])
    loss = evaluation.evaluate_documents(model, ids, starts)
    (cut,) = parts.returned
    assert len(cut) > 10
    assert loss == pytest.approx(slow_loss(model, ids, [start for start, _ in cut]), rel=1e-5)
    assert loss != pytest.approx(slow_loss(model, ids, [0, 200]), rel=1e-6)


class Recorder:
    """A function that keeps what it returned."""

    def __init__(self, function):
        self.function, self.returned = function, []

    def __call__(self, *args):
        self.returned.append(self.function(*args))
        return self.returned[-1]


def test_patience():
    patience = Patience(2)
    assert [patience.better(loss) for loss in (5, 4, 4.5)] == [True, True, False]
    assert not patience.exhausted()
    assert not patience.better(math.nan)
    assert patience.exhausted()
    assert patience.best == 4
