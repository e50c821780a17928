"""Dynamic evaluation: the step it takes, and that a model learns what repeats itself."""

import numpy
import pytest

from tests.training.small_run import UNITS, WORDS
from tsuzuri.api.scoring import word_nats
from tsuzuri.models.rnn import RNN, Sizes
from tsuzuri.training.adaptation import DynamicEvaluation


@pytest.fixture
def model():
    return RNN(Sizes(WORDS, UNITS), numpy.random.default_rng(0))


def mean_loss(model, before, xs, ts):
    """-log p of each word on the average, one step after the other."""
    model.set_state(before)
    nats = 0.0
    for x, t in zip(xs, ts, strict=True):
        logits = model.step(numpy.array([x], "i"))[0].astype("d")
        nats += numpy.log(numpy.exp(logits).sum()) - logits[t]
    return nats / len(xs)


@pytest.mark.parametrize("most", [100.0, 1e-2])
def test_it_steps_down_the_gradient_of_the_mean_loss(model, rng, most):
    """By differences: the change of a bias of the output is -rate times its slope, less where the norm is cut."""
    ids = rng.integers(0, WORDS, 9).astype("i")
    model.step(numpy.array([3], "i"))
    before, bias = model.get_state(), model.l3.b.array
    slopes = numpy.empty(WORDS)
    for n in range(WORDS):
        sides = []
        for sign in (1, -1):
            bias[n] += sign * 0.05
            sides.append(mean_loss(model, before, ids[:-1], ids[1:]))
            bias[n] -= sign * 0.05
        slopes[n] = (sides[0] - sides[1]) / 0.1
    old = {name: param.array.copy() for name, param in model.namedparams()}
    mean_loss(model, before, ids[:-1], ids[1:])
    after = model.get_state()
    DynamicEvaluation(model, rate=0.5, most=most).learn(before, ids[:-1], ids[1:])
    moved = {name: param.array - old[name] for name, param in model.namedparams()}
    assert numpy.corrcoef(moved["/l3/b"], -slopes)[0, 1] > 0.999
    norm = numpy.sqrt(sum(float((change**2).sum()) for change in moved.values()))
    if most == 100.0:
        assert moved["/l3/b"] == pytest.approx(-0.5 * slopes, abs=1e-3)
    else:
        assert norm == pytest.approx(0.5 * most, rel=1e-3)
    for found, wanted in zip(model.get_state(), after, strict=True):  # that of the weights which predicted
        assert found == pytest.approx(wanted, abs=1e-5)


def test_what_repeats_itself_is_learned(model):
    ids = numpy.array([0, *[3, 1, 4, 1, 5, 9, 2, 6] * 30], "i")
    plain = list(word_nats(model, ids))
    adapted = list(word_nats(model, ids, adaptation=DynamicEvaluation(model)))
    assert adapted[:20] == plain[:20]  # before the first step
    assert sum(adapted[-80:]) < 0.92 * sum(plain[-80:])
