"""What learns when, and how fast, of a classifier."""

import types

import numpy
import pytest

from tsuzuri.compat import chainer
from tsuzuri.data.dataset import Examples
from tsuzuri.models.classifier import ClassifierSizes, SequenceClassifier
from tsuzuri.training.classification import ClassificationTask
from tsuzuri.training.optimizers import OPTIMIZERS, set_rate
from tsuzuri.training.schemas import ClassifierRecipe
from tsuzuri.training.state import ClassifierState, Patience

SIZES = ClassifierSizes(9, 3, 4, 2, "lstm", 2)
LAYERS = [{"l2_x", "l2_h"}, {"l1_x", "l1_h"}, {"l0"}]


def task_of(**recipe):
    train = Examples([numpy.array([1, 2], "i")] * 4, numpy.zeros(4, "i"))
    return ClassificationTask(types.SimpleNamespace(train=train), ClassifierRecipe(**recipe))


@pytest.mark.parametrize(
    ("recipe", "frozen"),
    [
        ({}, [set()] * 5),
        ({"freeze_epochs": 2}, [{"l0"}, {"l0"}, set(), set(), set()]),
        ({"thaw": 1}, [set.union(*LAYERS), LAYERS[1] | LAYERS[2], LAYERS[2], set(), set()]),
        ({"thaw": 2}, [set.union(*LAYERS)] * 2 + [LAYERS[1] | LAYERS[2]] * 2 + [LAYERS[2]]),
        ({"thaw": 1, "freeze_epochs": None}, [set.union(*LAYERS), LAYERS[1] | LAYERS[2], *[LAYERS[2]] * 3]),
    ],
)
def test_layers_are_thawed_one_by_one_from_the_last_down(recipe, frozen):
    task = task_of(**recipe)
    assert [task.frozen(task.recipe, SIZES, epoch) for epoch in range(1, 6)] == frozen


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_each_layer_learns_at_a_share_of_the_rate_of_the_one_above(rng, name):
    """As each would by an optimizer of its own at that rate; also after the rate has changed."""
    factors = task_of(layer_decay=0.5).rate_factors(SIZES)
    assert (factors["out"], factors["l2_h"], factors["l1_x"], factors["l0"]) == (1, 0.5, 0.25, 0.125)
    seed = int(rng.integers(2**32))

    def trained(factors, rates=(0.1, 0.03)):
        model, random = SequenceClassifier(SIZES, numpy.random.default_rng(0)), numpy.random.default_rng(seed)
        optimizer = OPTIMIZERS[name].make(1.0, decay=0.01)
        optimizer.setup(model)
        for rate in rates:
            for _, param in sorted(model.namedparams()):
                param.grad = random.normal(size=param.shape).astype("f")
            set_rate(optimizer, OPTIMIZERS[name].rate, rate, factors)
            optimizer.update()
        return {path: param.array for path, param in model.namedparams()}

    found = trained(factors)
    for link, factor in factors.items():
        alone = trained({}, [rate * factor for rate in (0.1, 0.03)])
        for part in ("W", "b"):
            if f"/{link}/{part}" in found:
                assert (found[f"/{link}/{part}"] == alone[f"/{link}/{part}"]).all(), (link, part)
    assert task_of().rate_factors(SIZES) == {}


def test_the_rate_falls_after_each_validation_without_a_lower_error():
    state = ClassifierState(Patience(3), history=[{"best": best} for best in (True, False, True, False)])
    task = task_of(schedule="stalls", lr_decay=0.5, lr=0.8)
    assert task.learning_rate(state, 0.3) == pytest.approx(0.2)
    assert task_of(lr=0.8).learning_rate(state, 0.3) == 0.8
    assert task_of(schedule="linear", lr=0.8).learning_rate(state, 0.25) == pytest.approx(0.6)


def test_the_words_rows_are_all_that_freezes_by_epochs():
    with chainer.using_config("train", True):
        task = task_of(freeze_epochs=None)
    assert task.frozen(task.recipe, SIZES, 100) == {"l0"}
