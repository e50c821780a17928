"""The table of optimizers: Adam is Chainer's, and each has its learning rate where the table says."""

import numpy
import pytest

from tests.training.small_run import UNITS, WORDS
from tsuzuri.compat import chainer
from tsuzuri.models.rnn import RNN, Sizes
from tsuzuri.training.optimizers import OPTIMIZERS, Adam


@pytest.mark.parametrize("amount", [0, 0.3])
def test_adam_equals_chainers(amount):
    models = []
    for make in (Adam, chainer.optimizers.Adam):
        model = RNN(Sizes(WORDS, UNITS, 0.5), numpy.random.default_rng(0))
        optimizer = make(alpha=0.01)
        optimizer.setup(model)
        optimizer.add_hook(chainer.optimizer_hooks.GradientClipping(amount or 1e9))
        xs = numpy.random.default_rng(1).integers(0, WORDS, (6, 4)).astype("i")
        for _ in range(10):
            loss = model(xs[:-1], xs[1:])
            model.cleargrads()
            loss.backward()
            optimizer.update()
        models.append(model)
    for a, b in zip(*(model.params() for model in models), strict=True):
        numpy.testing.assert_allclose(a.array, b.array, rtol=1e-4, atol=1e-6)


def test_every_optimizer_has_its_learning_rate_where_the_table_says():
    for optimizer in OPTIMIZERS.values():
        made = optimizer.make(0.125)
        assert getattr(made, optimizer.rate) == 0.125
