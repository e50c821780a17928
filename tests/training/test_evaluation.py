"""The loss on held-out words, and the patience that ends a training."""

import itertools
import math

import numpy
import pytest

from tests.training.small_run import UNITS, WORDS
from tsuzuri.models.rnn import RNN, Sizes
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


def test_patience():
    patience = Patience(2)
    assert [patience.better(loss) for loss in (5, 4, 4.5)] == [True, True, False]
    assert not patience.exhausted()
    assert not patience.better(math.nan)
    assert patience.exhausted()
    assert patience.best == 4
