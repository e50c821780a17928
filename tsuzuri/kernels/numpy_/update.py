"""The optimizers' step for all parameters together, with clipping; twin of ``reference.clip``, ``adam``, ``sgd`` ...

In C++ where it was built; else in blocks that stay in a core's cache, one pass over memory instead of ten.

A tensor here is a tuple ``(numbers, param, grad, states)``: the rule's numbers, and contiguous NumPy arrays of one
shape, ``states`` being a list of them. Numbers and states are Chainer's, in the order of the functions in ``RULES``.
"""

import math

import numpy

from tsuzuri.kernels import native
from tsuzuri.kernels.native import calls

BLOCK = 1 << 16  # values


def update(rule, tensors, clip=math.inf):
    """Bring params and states one step forward, in place, by the rule of that name.

    Gradients, whose norm over all tensors is held to ``clip``, are left as they are. Float32 only. Returns the norm,
    or 0 where ``clip`` is infinite.
    """
    if native.extension():
        return calls.update(rule, tensors, clip)
    return in_blocks(rule, tensors, clip)


def in_blocks(rule, tensors, clip=math.inf):
    """``update`` with NumPy alone, for any floats."""
    length = norm([grad for _, _, grad, _ in tensors]) if clip < math.inf else 0.0
    factor = 1.0 if length <= clip else clip / length  # a NaN spreads, as it does in Chainer
    for numbers, param, grad, states in tensors:
        arrays = [array.reshape(-1) for array in (param, grad, *states)]
        clipped, tmp = numpy.empty((2, min(BLOCK, param.size)), param.dtype)
        for start in range(0, param.size, BLOCK):
            p, g, *rest = (array[start : start + BLOCK] for array in arrays)
            if factor != 1:
                g = numpy.multiply(g, factor, out=clipped[: len(p)])
            RULES[rule](p, g, *rest, tmp[: len(p)], *numbers)
    return length


def norm(arrays):
    """The Euclidean norm of all values, added up in float64 and by one thread, so that their number does not show."""
    return math.sqrt(sum(float(numpy.einsum("i,i", *[array.reshape(-1)] * 2, dtype="d")) for array in arrays))


# Each takes a block of a param, its gradient, its states, room for as many values, and the rule's numbers.


def _adam(p, g, m, v, tmp, alpha_t, beta1, beta2, eps):
    numpy.subtract(g, m, out=tmp)
    tmp *= 1 - beta1
    m += tmp
    _mean_square(v, g, tmp, beta2)
    _step(p, m, v, tmp, alpha_t, eps)


def _sgd(p, g, tmp, lr):
    numpy.multiply(g, lr, out=tmp)
    p -= tmp


def _momentum(p, g, v, tmp, lr, momentum):
    v *= momentum
    numpy.multiply(g, lr, out=tmp)
    v -= tmp
    p += v


def _adagrad(p, g, h, tmp, lr, eps):
    numpy.multiply(g, g, out=tmp)
    h += tmp
    _step(p, g, h, tmp, lr, eps)


def _rmsprop(p, g, ms, tmp, lr, alpha, eps):
    _mean_square(ms, g, tmp, alpha)
    _step(p, g, ms, tmp, lr, eps)


def _adadelta(p, g, msg, msdx, tmp, lr, rho, eps):
    _mean_square(msg, g, tmp, rho)
    step = msdx + eps
    numpy.add(msg, eps, out=tmp)
    step /= tmp
    numpy.sqrt(step, out=step)
    step *= g
    _mean_square(msdx, step, tmp, rho)
    step *= lr
    p -= step


def _mean_square(mean, values, tmp, kept):
    """mean = kept mean + (1 - kept) values^2"""
    numpy.multiply(values, values, out=tmp)
    tmp -= mean
    tmp *= 1 - kept
    mean += tmp


def _step(p, direction, squares, tmp, rate, eps):
    """p -= rate direction / (sqrt(squares) + eps)"""
    numpy.sqrt(squares, out=tmp)
    tmp += eps
    numpy.divide(direction, tmp, out=tmp)
    tmp *= rate
    p -= tmp


RULES = {
    "adam": _adam,
    "sgd": _sgd,
    "momentum": _momentum,
    "adagrad": _adagrad,
    "rmsprop": _rmsprop,
    "adadelta": _adadelta,
}
