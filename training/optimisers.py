"""Chainer's optimisers by name; on a CPU they clip and update all parameters in one call of ``kernels/update.py``."""

import math
from collections.abc import Callable
from typing import ClassVar, NamedTuple

import numpy

from compat import chainer
from kernels import update


class _Together:
    """What an optimiser of Chainer needs to clip and to update all its parameters at once.

    Chainer's ``update`` goes through the parameters, each with a rule of its own, which keeps its count and its states.
    On a CPU the rules only put down what is to be done, and it is done after the last of them. Where a parameter is
    not a plain array of float32, or an option is set that the kernels do not have, Chainer's own hook clips and its
    rules compute. Unlike the hook, the kernels leave the gradients as they are.

    ``clip`` is the largest norm of all gradients; infinite, it is not even computed.
    """

    kernel = ""  # its name in ``update.RULES``
    states = ()  # the names of its states
    without: ClassVar = {}  # options as they are where the kernel applies

    def __init__(self, *args, clip=math.inf, **options):
        super().__init__(*args, **options)
        self.clip = clip
        self._waiting = None  # tensors for ``update.update``, or None while Chainer computes

    def numbers(self, rule):
        """The numbers that the kernel takes, from a parameter's rule."""
        raise NotImplementedError

    def create_update_rule(self):
        rule = super().create_update_rule()
        alone = rule.update_core_cpu

        def update_core_cpu(param):
            if self._waiting is None:
                return alone(param)
            states = [rule.state[name] for name in self.states]
            self._waiting.append((self.numbers(rule), param.array, param.grad, states))

        rule.update_core_cpu = update_core_cpu
        return rule

    def call_hooks(self, timing="pre"):
        """Chainer calls this before and after it has gone through the rules."""
        if timing == "post" and self._waiting:
            update.update(self.kernel, self._waiting, self.clip)
        self._waiting = None
        super().call_hooks(timing)
        if timing == "pre":
            if all(self._is_plain(param) for param in self.target.params()):
                self._waiting = []
            elif self.clip < math.inf:
                chainer.optimizer_hooks.GradientClipping(self.clip)(self)

    def is_plain(self, model):
        """Whether kernels compute what Chainer would for all of a model's parameters: no hooks, no other options."""
        rules = [param.update_rule for param in model.params()]
        if not all(map(self._has_kernel, rules)):
            return False
        hooks = [hookable._hookable for hookable in (self, *rules)]
        return not any(h._pre_update_hooks or h._post_update_hooks for h in hooks)

    def _has_kernel(self, rule):
        if rule is None or not rule.enabled or rule._hookable._post_update_hooks:
            return False
        return rule.hyperparam.get_dict().items() >= self.without.items()

    def _is_plain(self, param):
        rule = param.update_rule
        states = (rule.state or {}).values() if rule else ()  # those to come are as the parameter is
        return self._has_kernel(rule) and all(map(_plain, (param.array, param.grad, *states)))


def _plain(array):
    return type(array) is numpy.ndarray and array.dtype == numpy.float32 and array.flags.c_contiguous


class Adam(_Together, chainer.optimizers.Adam):
    kernel, states = "adam", ("m", "v")
    without: ClassVar = {"eta": 1.0, "weight_decay_rate": 0, "amsgrad": False, "adabound": False}

    def numbers(self, rule):
        return rule.alpha_t, rule.hyperparam.beta1, rule.hyperparam.beta2, rule.hyperparam.eps


class SGD(_Together, chainer.optimizers.SGD):
    kernel = "sgd"

    def numbers(self, rule):
        return (rule.hyperparam.lr,)


class MomentumSGD(_Together, chainer.optimizers.MomentumSGD):
    kernel, states = "momentum", ("v",)

    def numbers(self, rule):
        return rule.hyperparam.lr, rule.hyperparam.momentum


class AdaGrad(_Together, chainer.optimizers.AdaGrad):
    kernel, states = "adagrad", ("h",)

    def numbers(self, rule):
        return rule.hyperparam.lr, rule.hyperparam.eps


class RMSprop(_Together, chainer.optimizers.RMSprop):
    kernel, states = "rmsprop", ("ms",)
    without: ClassVar = {"eps_inside_sqrt": False}

    def numbers(self, rule):
        return rule.hyperparam.lr, rule.hyperparam.alpha, rule.hyperparam.eps


class Optimiser(NamedTuple):
    """An optimiser's class, to be made with ``make``; the attribute that holds its learning ``rate``; the ``lr`` where
    none is asked for.
    """

    kind: Callable
    rate: str
    lr: float

    def make(self, lr, clip=math.inf):
        """The optimiser with a learning rate, and with ``clip``, the largest norm of all gradients."""
        return self.kind(lr, clip=clip)


OPTIMISERS = {
    "adam": Optimiser(Adam, "alpha", 0.002),
    "sgd": Optimiser(SGD, "lr", 1.0),
    "momentum": Optimiser(MomentumSGD, "lr", 0.1),
    "adagrad": Optimiser(AdaGrad, "lr", 0.02),
    "rmsprop": Optimiser(RMSprop, "lr", 0.002),
}
