"""What Chainer's functions compute over CuPy's arrays, with arrays that as little as those are NumPy's."""

import numpy
import pytest

from tests.kernels.gpu.stand_ins import Strange, StrangeModule
from tsuzuri.compat import chainer
from tsuzuri.kernels.numpy_ import calls, dropout, penalties
from tsuzuri.models import rnn
from tsuzuri.training import averaging
from tsuzuri.training.averaging import WeightAverage
from tsuzuri.training.optimizers import OPTIMIZERS

KEY = 2**63 + 11
FUNCTIONS = {
    "dropout": lambda x, ids: calls.dropout(x, 0.4, KEY),
    "locked": lambda x, ids: calls.dropout(x, 0.4, KEY, locked=True),
    "words": lambda x, ids: dropout.drop_words(x, ids, 9, 0.4, KEY),
    "penalties": lambda x, ids: penalties.activation_gradient(x, 2.0, 3.0),
}


@pytest.fixture
def module(monkeypatch):
    module, find = StrangeModule(), chainer.backend.get_array_module
    monkeypatch.setattr(chainer.backend, "get_array_module", lambda *a: module if type(a[0]) is Strange else find(*a))
    return module


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(rng, module, name):
    x, ids = rng.normal(size=(4, 3, 5)).astype("f"), rng.integers(0, 9, (4, 3)).astype("i")
    found = FUNCTIONS[name](Strange(x), Strange(ids))
    assert type(found) is Strange
    wanted = FUNCTIONS[name](x, ids)
    assert found.dtype == wanted.dtype
    assert (found.array == wanted).all()


def test_a_mean_of_the_weights(rng):
    mean, values = rng.normal(size=(2, 7, 3)).astype("f")
    found = Strange(mean.copy())
    averaging.mean_of(found, Strange(values), 0.3)
    averaging.mean_of(mean, values, 0.3)
    assert abs(found.array - mean).max() < 1e-7


def test_a_mean_of_a_checkpoint_and_decay(rng, module):
    model = rnn.RNN(rnn.Sizes(5, 3), numpy.random.default_rng(1))
    optimizer = OPTIMIZERS["sgd"].make(0.1, decay=0.5)
    optimizer.setup(model)
    before = {path.removeprefix("/"): param.array.copy() for path, param in model.namedparams()}
    optimizer._decay()
    for path, param in model.namedparams():
        old = before[path.removeprefix("/")]
        assert (param.array == (old * numpy.float32(0.95) if param.ndim > 1 else old)).all()
    average = WeightAverage(model, 0.9)
    average.arrays = {path: Strange(array) for path, array in average.arrays.items()}
    average._model = type("Model", (), {"xp": module})
    average.restore(before)
    assert all((array.array == before[path]).all() for path, array in average.arrays.items())


def test_what_cupy_refuses_is_refused(rng):
    x = rng.normal(size=(2, 3)).astype("f")
    for mixed in (lambda: Strange(x) * x, lambda: x + Strange(x)):
        with pytest.raises(AssertionError):
            mixed()
    with pytest.raises(TypeError):
        numpy.asarray(Strange(x))
