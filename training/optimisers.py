"""Chainer's optimisers by name, with Adam's update on a CPU replaced by the blocked one of ``kernels/adam.py``."""

from collections.abc import Callable
from typing import NamedTuple

from compat import chainer
from kernels import adam


class _AdamRule(chainer.optimizers.adam.AdamRule):
    def update_core_cpu(self, param):
        arrays = param.array, param.grad, self.state["m"], self.state["v"]
        if param.grad is None or not all(array.flags.c_contiguous for array in arrays):
            return super().update_core_cpu(param)
        hyper = self.hyperparam
        adam.update(*arrays, self.alpha_t, hyper.beta1, hyper.beta2, hyper.eps)


class Adam(chainer.optimizers.Adam):
    """Chainer's Adam, its update on a CPU made in blocks that stay in cache; equal to rounding."""

    def create_update_rule(self):
        return _AdamRule(self.hyperparam)


class Optimiser(NamedTuple):
    """``make(lr)`` an optimiser; the attribute that holds its learning ``rate``; the ``lr`` where none is asked for."""

    make: Callable
    rate: str
    lr: float


OPTIMISERS = {
    "adam": Optimiser(Adam, "alpha", 0.002),
    "sgd": Optimiser(chainer.optimizers.SGD, "lr", 1.0),
    "momentum": Optimiser(chainer.optimizers.MomentumSGD, "lr", 0.1),
    "adagrad": Optimiser(chainer.optimizers.AdaGrad, "lr", 0.02),
    "rmsprop": Optimiser(chainer.optimizers.RMSprop, "lr", 0.002),
}
