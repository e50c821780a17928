"""The optimizers' kernels and rules, and what their tests share: numbers, shapes, models that learn, and Chainer's."""

import math

import numpy
import pytest

from tsuzuri.compat import chainer
from tsuzuri.kernels import native
from tsuzuri.training import checkpoint
from tsuzuri.training.optimizers import OPTIMIZERS

NATIVE = native.extension().levels() if native.extension() else []
SHAPES = [
    [(1,)],
    [(3, 11), (), (7,), (0, 2), (8, 16)],
    [(5,), (2 * 16384 + 5,), (3, 16384), (1, 13)],  # several of the pieces that C++ makes, and of NumPy's blocks
]
STEPS = 5
NUMBERS = {  # an eps that can be seen
    "adam": (0.01, 0.9, 0.99, 0.1),
    "sgd": (0.1,),
    "momentum": (0.1, 0.8),
    "adagrad": (0.1, 0.1),
    "rmsprop": (0.01, 0.9, 0.1),
    "adadelta": (0.5, 0.9, 0.1),
}
CHAINERS = {
    "adam": chainer.optimizers.Adam,
    "sgd": chainer.optimizers.SGD,
    "momentum": chainer.optimizers.MomentumSGD,
    "adagrad": chainer.optimizers.AdaGrad,
    "rmsprop": chainer.optimizers.RMSprop,
    "adadelta": lambda _: chainer.optimizers.AdaDelta(),  # which has no learning rate
}
needs_native = pytest.mark.skipif(not NATIVE, reason="the extension is not built")


def numbers_at(name, step):
    if name != "adam":
        return NUMBERS[name]
    alpha, beta1, beta2, eps = NUMBERS[name]
    return alpha * (1 - beta2**step) ** 0.5 / (1 - beta1**step), beta1, beta2, eps


class Model(chainer.Chain):
    def __init__(self, shapes):
        super().__init__()
        rng = numpy.random.default_rng(0)
        with self.init_scope():
            for k, shape in enumerate(shapes):
                setattr(self, f"p{k}", chainer.Parameter(numpy.asarray(rng.normal(size=shape), "f")))


def learn(optimizer, seed, steps, without=""):
    """Bring an optimizer's model ``steps`` forward, with gradients of a norm that shrinks, but for one parameter's."""
    rng = numpy.random.default_rng(seed)
    for step in range(steps):
        optimizer.target.cleargrads()
        for name, param in sorted(optimizer.target.namedparams()):
            if name != without:
                param.grad = numpy.asarray(rng.normal(size=param.shape) / (1 + step), param.dtype)
        optimizer.update()
    return optimizer


def ours(name, clip, shapes=SHAPES[1]):
    return OPTIMIZERS[name].make(1.0 if name == "adadelta" else 0.01, clip).setup(Model(shapes))


def chainers(name, clip, shapes=SHAPES[1]):
    optimizer = CHAINERS[name](0.01).setup(Model(shapes))
    if clip < math.inf:
        optimizer.add_hook(chainer.optimizer_hooks.GradientClipping(clip))
    return optimizer


def arrays_of(optimizer):
    """All that a checkpoint holds of an optimizer and its model."""
    model = checkpoint.arrays_of(optimizer.target)
    return checkpoint.arrays_of(optimizer) | {f"model/{name}": array for name, array in model.items()}


def float64(optimizer):
    param = optimizer.target.p0
    param.array = param.array.astype("d")


def fortran(optimizer):
    param = optimizer.target.p0
    param.array = numpy.asfortranarray(param.array)
