"""One LSTM layer over a whole window, forward and backward; twin of ``reference.lstm_forward`` and ``lstm_backward``.

What makes it fast, on NumPy and CuPy arrays alike: the inputs of all T steps are projected in one product, a step
adds one recurrent product into memory taken beforehand, and each weight's gradient is one product over the window.

The weights are rearranged once a window (``GateWeights``). Their rows are grouped by gate (a, i, f, o) instead of
interleaved, so that a gate is one block of columns, and scaled by -2 for the candidate a and -1 for the gates. With
that scale all four are one function, s(z) = 1 / (1 + exp(z)): a gate is s, and the candidate is 2s - 1, which is tanh.
Powers of two scale exactly, and the gradients are scaled back the same way.
"""

from typing import NamedTuple

import numpy

from tsuzuri.compat import chainer

SCALE = (-2, -1, -1, -1)  # of the gates a, i, f, o


class GateWeights(NamedTuple):
    """Weights grouped by gate and scaled: w_x (4N, I), b_x (4N,), w_h (4N, N), b_h (4N,); or their gradients."""

    w_x: object
    b_x: object
    w_h: object
    b_h: object

    @classmethod
    def of(cls, w_x, b_x, w_h, b_h):
        """Of weights in Chainer's layout."""
        return cls(*(split_gates(w) for w in (w_x, b_x, w_h, b_h)))

    def joined(self):
        """Gradients in Chainer's layout from those of these weights."""
        return [join_gates(g) for g in self]


class Cache(NamedTuple):
    """What the backward pass needs. ``gates`` is overwritten by it, so a cache serves once."""

    x: object  # (T, B, I)
    h: object  # (T + 1, B, N), h[0] being the state before the window
    c: object  # (T + 1, B, N)
    tanh_c: object  # (T, B, N)
    gates: object  # (T, B, 4N) after s(z), the candidate as tanh
    mask: object  # (T, B, 4N) in the order of ``GateWeights``, or None


def split_gates(w):
    """Group the interleaved gates of a weight (4N, I) or bias (4N,) and scale them."""
    xp = chainer.backend.get_array_module(w)
    units = len(w) // 4
    grouped = xp.empty((4, units, *w.shape[1:]), w.dtype)
    for gate, scale in enumerate(SCALE):
        xp.multiply(w.reshape(units, 4, *w.shape[1:])[:, gate], w.dtype.type(scale), out=grouped[gate])
    return grouped.reshape(w.shape)


def join_gates(g):
    """Undo ``split_gates`` on a gradient: interleave the gates again; the same scale brings it to d/dw."""
    xp = chainer.backend.get_array_module(g)
    units = len(g) // 4
    w = xp.empty((units, 4, *g.shape[1:]), g.dtype)
    for gate, scale in enumerate(SCALE):
        xp.multiply(g.reshape(4, units, *g.shape[1:])[gate], g.dtype.type(scale), out=w[:, gate])
    return w.reshape(g.shape)


def window_forward(x, c, h, weights, mask=None):
    """Run the layer: x (T, B, I), c and h (B, N), mask (T, B, 4N), already scaled, or None.

    The mask's columns are in the order of ``GateWeights``. Returns the ``Cache``, whose ``h[1:]`` is the layer's output
    and whose ``h[-1]``, ``c[-1]`` are its new state.
    """
    xp = chainer.backend.get_array_module(x)
    steps, batch, units = len(x), len(c), c.shape[1]
    x = xp.ascontiguousarray(x)
    gates = xp.empty((steps, batch, 4 * units), x.dtype)
    hs = xp.empty((steps + 1, batch, units), x.dtype)
    cs, tanh_c = xp.empty_like(hs), xp.empty_like(hs[1:])
    hs[0], cs[0] = h, c

    projected = gates.reshape(steps * batch, 4 * units)
    xp.matmul(x.reshape(steps * batch, -1), weights.w_x.T, out=projected)
    if mask is None:
        projected += weights.b_x + weights.b_h
    else:
        projected += weights.b_x
        gates *= mask
        projected += weights.b_h

    recurrent = xp.empty((batch, 4 * units), x.dtype)
    i_a = xp.empty((batch, units), x.dtype)
    with numpy.errstate(over="ignore"):  # exp(z) may reach inf, and 1 / (1 + inf) is the right 0
        for t in range(steps):
            z = gates[t]  # (B, 4N)
            xp.matmul(hs[t], weights.w_h.T, out=recurrent)
            z += recurrent
            cell(z, cs[t], cs[t + 1], tanh_c[t], hs[t + 1], i_a)
    return Cache(x, hs, cs, tanh_c, gates, mask)


def cell(z, c_before, c, tanh_c, h, i_a):
    """A step of any number of streams: from z (B, 4N), what goes into the gates, to their values, in its place.

    Writes the new state to c and h (B, N), and tanh(c); ``i_a`` (B, N) is room for a product.
    """
    xp = chainer.backend.get_array_module(z)
    units = c.shape[1]
    xp.exp(z, out=z)
    z += 1
    xp.reciprocal(z, out=z)
    a, i, f, o = (z[:, k * units : (k + 1) * units] for k in range(4))
    a *= 2
    a -= 1
    xp.multiply(i, a, out=i_a)
    xp.multiply(f, c_before, out=c)
    c += i_a
    xp.tanh(c, out=tanh_c)
    xp.multiply(o, tanh_c, out=h)


def lstm_step(x, c, h, w_x, b_x, w_h, b_h):
    """One step of ``forward`` on weights as they are: to rearrange them would cost more than it saves.

    x (B, I); c, h (B, N); the weights in Chainer's layout. Returns the new c and h.
    """
    xp = chainer.backend.get_array_module(x)
    z = x @ w_x.T  # (B, 4N)
    z += h @ w_h.T
    z += b_x
    z += b_h
    z = z.reshape(len(x), -1, 4)
    with numpy.errstate(over="ignore"):
        i, f, o = (1 / (1 + xp.exp(-z[:, :, k])) for k in (1, 2, 3))
    c = f * c + i * xp.tanh(z[:, :, 0])
    return c, o * xp.tanh(c)


def window_backward(g_hs, g_c, weights, cache):
    """Gradients from g_hs (T, B, N), of every step's h, and g_c (B, N), of the last c (changed in place).

    Returns the gradients of x (T, B, I), c (B, N), h (B, N) and, as ``GateWeights``, of the weights.
    """
    xp = chainer.backend.get_array_module(g_hs)
    x, hs, cs, tanh_c, gates, mask = cache
    steps, batch, units = tanh_c.shape
    g_h = xp.zeros((batch, units), x.dtype)
    slope = xp.empty((batch, 3 * units), x.dtype)
    tmp = xp.empty((batch, units), x.dtype)
    for t in reversed(range(steps)):
        z = gates[t]  # (B, 4N), turned from the gates' values into the gradient of z below
        g_h += g_hs[t]
        cell_back(z, g_h, g_c, cs[t], tanh_c[t], slope, tmp)
        xp.matmul(z, weights.w_h, out=g_h)

    flat = gates.reshape(steps * batch, 4 * units)
    g_w_h = xp.matmul(flat.T, hs[:-1].reshape(steps * batch, units))
    g_b_h = flat.sum(axis=0)
    if mask is not None:
        gates *= mask
    g_x = xp.matmul(flat, weights.w_x).reshape(x.shape)
    g_w_x = xp.matmul(flat.T, x.reshape(steps * batch, -1))
    g_b_x = g_b_h if mask is None else flat.sum(axis=0)
    return g_x, g_c, g_h, GateWeights(g_w_x, g_b_x, g_w_h, g_b_h)


def cell_back(z, g_h, g_c, c_before, tanh_c, slope, tmp):
    """Back through ``cell``: z (B, 4N), the gates' values, becomes the gradient of what went into them.

    g_h and g_c (B, N), of the state after the step, are changed: g_c to that of the state before, g_h to nothing of
    use. ``slope`` (B, 3N) and ``tmp`` (B, N) are room.
    """
    xp = chainer.backend.get_array_module(z)
    units = g_c.shape[1]
    a, i, f, o = (z[:, k * units : (k + 1) * units] for k in range(4))
    xp.multiply(tanh_c, tanh_c, out=tmp)
    xp.subtract(1, tmp, out=tmp)
    tmp *= o
    tmp *= g_h
    g_c += tmp  # dL/dc = dL/dh o (1 - tanh(c)^2) + what came from the step after
    g_h *= tanh_c  # from here on dL/do

    sigmoids = z[:, units:]
    xp.subtract(sigmoids, 1, out=slope)
    slope *= sigmoids  # s'(z) = s (s - 1) for i, f and o
    xp.multiply(g_c, a, out=tmp)  # dL/di, kept while i and a are still needed
    xp.multiply(a, a, out=a)
    a -= 1
    a *= 0.5  # da/dz = (a^2 - 1) / 2
    a *= i
    a *= g_c
    xp.multiply(tmp, slope[:, :units], out=i)
    xp.multiply(g_h, slope[:, 2 * units :], out=o)
    xp.multiply(g_c, f, out=tmp)  # dL/dc of the step before, kept while f is still needed
    xp.multiply(g_c, c_before, out=f)
    f *= slope[:, units : 2 * units]
    g_c[...] = tmp
