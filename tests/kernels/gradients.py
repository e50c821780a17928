"""Numerical gradient checks by Chainer's own ``gradient_check``."""

import importlib
import warnings

import numpy

from tsuzuri.compat import chainer


def check(function, inputs, outputs):
    """Hold ``function``'s backward pass against differences, from random gradients of the shapes ``outputs``."""
    with warnings.catch_warnings():  # chainer.testing needs pkg_resources, which is on its way out
        warnings.simplefilter("ignore")
        gradient_check = importlib.import_module("chainer.gradient_check")
    grads = tuple(numpy.random.uniform(-1, 1, shape) for shape in outputs)
    gradient_check.check_backward(function, tuple(inputs), grads, dtype="d", atol=1e-5, rtol=1e-4)


def once(function, *inputs):
    """The same for a function that tells the shapes of its outputs itself."""
    out = function(*(chainer.Variable(x) for x in inputs))
    check(function, inputs, [o.shape for o in (out if isinstance(out, tuple) else (out,))])
