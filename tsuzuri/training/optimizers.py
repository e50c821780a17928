"""Chainer's optimizers by name; on a CPU one call of ``kernels/numpy_/update.py`` clips and updates all parameters.

A parameter whose rule is disabled (``link.disable_update()``) is frozen: it stays as it is to the bit, needs no
gradient and counts in no norm. Once enabled again it goes on with the states and the count of updates that it had.
"""

import math
import types
from collections.abc import Callable
from typing import ClassVar, NamedTuple

import numpy

from tsuzuri.compat import chainer
from tsuzuri.kernels.numpy_ import update


class _Together:
    """What an optimizer of Chainer needs to clip and to update all its parameters at once.

    Chainer's ``update`` goes through the parameters, each with a rule of its own, which keeps its count and its states.
    On a CPU the rules only put down what is to be done, and it is done after the last of them. Where a parameter is
    not a plain array of float32, or an option is set that the kernels do not have, Chainer's own hook clips and its
    rules compute. Unlike the hook, the kernels leave the gradients as they are. Frozen parameters change neither.

    ``clip`` is the largest norm of all gradients; infinite, it is not even computed. ``decay`` shrinks all matrices by
    the share lr ``decay`` at each update: decoupled weight decay (Loshchilov and Hutter 2019).
    """

    kernel = ""  # its name in ``update.RULES``
    states = ()  # the names of its states
    without: ClassVar = {}  # options as they are where the kernel applies

    def __init__(self, *args, clip=math.inf, decay=0.0, **options):
        super().__init__(*args, **options)
        self.clip, self.decay = clip, decay
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

    def _learning(self, include_uninit=True):
        """The parameters that are not frozen."""
        return [param for param in self.target.params(include_uninit) if _learns(param.update_rule)]

    def reallocate_cleared_grads(self):
        """Chainer calls this before and after every hook: zeros for the gradients that are missing.

        Those of frozen parameters are only for hooks, some of which go through all parameters: in a table of word
        vectors they would take longer than the rest of the update.
        """
        if self._hookable._pre_update_hooks or self._hookable._post_update_hooks:
            return super().reallocate_cleared_grads()
        for param in self._learning(include_uninit=False):
            if param.grad is None:
                with chainer.using_device(param.device):
                    param.grad = param.device.xp.zeros_like(param.array)

    def call_hooks(self, timing="pre"):
        """Chainer calls this before and after it has gone through the rules."""
        if timing == "post" and self._waiting:
            update.update(self.kernel, self._waiting, self.clip)
        self._waiting = None
        super().call_hooks(timing)
        if timing == "pre":
            self._decay()
            if all(map(self._is_plain, self._learning())):
                self._waiting = []
            elif self.clip < math.inf:
                learning = types.SimpleNamespace(params=self._learning)  # all that the hook asks of a target
                chainer.optimizer_hooks.GradientClipping(self.clip)(types.SimpleNamespace(target=learning))

    def _decay(self):
        """Shrink the matrices: their gradients are of what they were before."""
        if self.decay:
            for param in self._learning():
                if param.ndim > 1:
                    param.array *= param.dtype.type(self.kept(param.update_rule))

    def kept(self, rule):
        """The share of a matrix that weight decay leaves of it at an update, from its rule."""
        return 1 - self.decay * _rate_of(rule)

    def is_plain(self, model):
        """Whether kernels compute what Chainer would for a model's parameters with the same numbers for all.

        So none is frozen, or has been for a while; there are no hooks and no other options, of one parameter neither.
        """
        rules = [param.update_rule for param in model.params()]
        if not all(_learns(rule) and self._has_kernel(rule) for rule in rules):
            return False
        if any((rule.t, rule.hyperparam.get_dict()) != (rules[0].t, rules[0].hyperparam.get_dict()) for rule in rules):
            return False
        hooks = [hookable._hookable for hookable in (self, *rules)]
        return not any(h._pre_update_hooks or h._post_update_hooks for h in hooks)

    def _has_kernel(self, rule):
        return not rule._hookable._post_update_hooks and rule.hyperparam.get_dict().items() >= self.without.items()

    def _is_plain(self, param):
        states = (param.update_rule.state or {}).values()  # those to come are as the parameter is
        return self._has_kernel(param.update_rule) and all(map(_plain, (param.array, param.grad, *states)))


def _learns(rule):
    """Whether a parameter with this rule changes; one that came after ``setup`` has None."""
    return rule is not None and rule.enabled


def _rate_of(rule):
    """The learning rate of a parameter's rule."""
    values = rule.hyperparam.get_dict()
    return values["alpha" if "alpha" in values and "lr" not in values else "lr"]


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


class _AdaDeltaRule(chainer.optimizers.ada_delta.AdaDeltaRule):
    """Chainer's times the learning rate; where that is 1, the same to the bit on a CPU."""

    def update_core_cpu(self, param):
        grad = param.grad
        if grad is None:
            return
        hp, msg, msdx = self.hyperparam, self.state["msg"], self.state["msdx"]
        msg *= hp.rho
        msg += (1 - hp.rho) * grad * grad
        step = param.device.xp.sqrt((msdx + hp.eps) / (msg + hp.eps)) * grad
        msdx *= hp.rho
        msdx += (1 - hp.rho) * step * step
        param.array -= hp.lr * step

    update_core_gpu = update_core_cpu


class _ScaledAdaDelta(chainer.optimizers.AdaDelta):
    """Chainer's with the learning rate ``lr`` that PyTorch's and Keras's have."""

    lr = chainer.optimizer.HyperparameterProxy("lr")

    def __init__(self, lr=1.0, **options):
        super().__init__(**options)
        self.lr = lr

    def create_update_rule(self):
        return _AdaDeltaRule(self.hyperparam)


class AdaDelta(_Together, _ScaledAdaDelta):
    kernel, states = "adadelta", ("msg", "msdx")

    def numbers(self, rule):
        return rule.hyperparam.lr, rule.hyperparam.rho, rule.hyperparam.eps


def set_frozen(link, frozen=True):
    """Keep a link's parameters as they are, or let an optimizer change them again."""
    if frozen:
        link.disable_update()
    else:
        link.enable_update()


def set_rate(optimizer, name, rate, factors):
    """Set an optimizer's learning rate, its attribute ``name``; links learn at ``factors`` of it, by their names."""
    setattr(optimizer, name, rate)
    for link, factor in factors.items():
        for param in optimizer.target[link].params():
            setattr(param.update_rule.hyperparam, name, rate * factor)


class Optimizer(NamedTuple):
    """An optimizer's class, to be made with ``make``; the attribute that holds its learning ``rate``; the ``lr`` where
    none is asked for.
    """

    kind: Callable
    rate: str
    lr: float

    def make(self, lr, clip=math.inf, decay=0.0):
        """The optimizer with a learning rate, ``clip``, the largest norm of all gradients, and weight ``decay``."""
        return self.kind(lr, clip=clip, decay=decay)


OPTIMIZERS = {
    "adam": Optimizer(Adam, "alpha", 0.002),
    "sgd": Optimizer(SGD, "lr", 1.0),
    "momentum": Optimizer(MomentumSGD, "lr", 0.1),
    "adagrad": Optimizer(AdaGrad, "lr", 0.02),
    "rmsprop": Optimizer(RMSprop, "lr", 0.002),
    "adadelta": Optimizer(AdaDelta, "lr", 1.0),
}
