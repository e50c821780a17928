"""Recurrent layers over packed rows: sequences of their own lengths side by side, with no padding computed.

B sequences are sorted by length, longest first. ``counts`` (T,), NumPy integers that never grow, says how many of them
are longer than t: the first counts[0] rows are step 0's, the next counts[1] step 1's, and so on, R rows in all. So
step t works on its first counts[t] streams only, and a stream keeps its place from step to step.

Every state begins at zeros. Arrays of state are (B + R, N), the zeros before step 0 first: then the rows before those
of a step lie side by side too. Twin of ``reference.lstm_packed`` and ``rnn_packed``, on NumPy and CuPy arrays.
"""

from typing import NamedTuple

import numpy

from tsuzuri.compat import chainer
from tsuzuri.kernels.numpy_ import dropout, lstm


class LSTMCache(NamedTuple):
    """What the way back through an LSTM layer needs. ``gates`` is overwritten by it, so a cache serves once."""

    x: object  # (R, I)
    h: object  # (B + R, N)
    c: object  # (B + R, N)
    tanh_c: object  # (R, N)
    gates: object  # (R, 4N) after ``lstm.cell``


class RNNCache(NamedTuple):
    """What the way back through a plain layer needs."""

    x: object  # (R, I)
    h: object  # (B + R, N)


def steps(counts):
    """Of each step three slices: its rows of R, the rows of B + R with the state before it, and with that after it."""
    streams, start, before = int(counts[0]), 0, 0
    for count in counts.tolist():
        after = streams + start
        yield slice(start, start + count), slice(before, before + count), slice(after, after + count)
        start, before = start + count, after


def streams(counts):
    """Which sequence each of R rows is of: (R,)."""
    starts = numpy.cumsum(counts) - counts
    return numpy.arange(counts.sum()) - numpy.repeat(starts, counts)


def before(counts):
    """Which of B + R rows has the state before each of R rows: (R,)."""
    gone = numpy.repeat(numpy.concatenate((counts[:1], counts[:-1])), counts)
    return numpy.arange(counts.sum()) + counts[0] - gone


def packed_forward(x, counts, weights):
    """Run an LSTM layer: x (R, I), ``weights`` as ``lstm.GateWeights``. The cache's ``h[B:]`` is its output."""
    xp = chainer.backend.get_array_module(x)
    streams, units = int(counts[0]), weights.w_h.shape[1]
    h = xp.zeros((streams + len(x), units), x.dtype)
    c, tanh_c = xp.zeros_like(h), xp.empty_like(h[streams:])
    gates = xp.matmul(x, weights.w_x.T)  # (R, 4N)
    gates += weights.b_x + weights.b_h
    recurrent, i_a = (xp.empty((streams, columns), x.dtype) for columns in (4 * units, units))
    with numpy.errstate(over="ignore"):  # exp(z) may reach inf, and 1 / (1 + inf) is the right 0
        for here, old, new in steps(counts):
            z, count = gates[here], here.stop - here.start
            if here.start:  # h before step 0 is zeros
                z += xp.matmul(h[old], weights.w_h.T, out=recurrent[:count])
            lstm.cell(z, c[old], c[new], tanh_c[here], h[new], i_a[:count])
    return LSTMCache(x, h, c, tanh_c, gates)


def packed_backward(g_hs, counts, weights, cache):
    """Gradients of x and, as ``lstm.GateWeights``, of the weights from g_hs (R, N), of every row's h."""
    xp = chainer.backend.get_array_module(g_hs)
    x, h, c, tanh_c, gates = cache
    streams, units = int(counts[0]), tanh_c.shape[1]
    g_h, g_c = (xp.zeros((streams, units), x.dtype) for _ in range(2))  # streams that are not yet there have zeros
    slope, tmp = (xp.empty((streams, columns), x.dtype) for columns in (3 * units, units))
    for here, old, _ in reversed([*steps(counts)]):
        z, count = gates[here], here.stop - here.start
        g_h[:count] += g_hs[here]
        lstm.cell_back(z, g_h[:count], g_c[:count], c[old], tanh_c[here], slope[:count], tmp[:count])
        if here.start:
            xp.matmul(z, weights.w_h, out=g_h[:count])
    g_b = gates.sum(axis=0)
    g_w_h = xp.matmul(gates[streams:].T, h[before(counts)[streams:]])
    return xp.matmul(gates, weights.w_x), lstm.GateWeights(xp.matmul(gates.T, x), g_b, g_w_h, g_b)


def rnn_forward(x, counts, w_x, b_x, w_h, b_h):
    """Run a plain layer, h = tanh(x w_x + b_x + h w_h + b_h): x (R, I). The cache's ``h[B:]`` is its output."""
    xp = chainer.backend.get_array_module(x)
    streams, units = int(counts[0]), len(w_h)
    h = xp.zeros((streams + len(x), units), x.dtype)
    xp.matmul(x, w_x.T, out=h[streams:])
    h[streams:] += b_x + b_h
    for here, old, new in steps(counts):
        if here.start:
            h[new] += xp.matmul(h[old], w_h.T)
        xp.tanh(h[new], out=h[new])
    return RNNCache(x, h)


def rnn_backward(g_hs, counts, w_x, w_h, cache):
    """Gradients of x, w_x, b_x, w_h, b_h from g_hs (R, N), of every row's h."""
    xp = chainer.backend.get_array_module(g_hs)
    x, h = cache
    streams, units = int(counts[0]), len(w_h)
    g_z = 1 - h[streams:] ** 2  # (R, N), the slope of tanh
    g_h = xp.zeros((streams, units), x.dtype)
    for here, _, _ in reversed([*steps(counts)]):
        z, count = g_z[here], here.stop - here.start
        g_h[:count] += g_hs[here]
        z *= g_h[:count]
        if here.start:
            xp.matmul(z, w_h, out=g_h[:count])
    g_b = g_z.sum(axis=0)
    g_w_h = xp.matmul(g_z[streams:].T, h[before(counts)[streams:]])
    return xp.matmul(g_z, w_x), xp.matmul(g_z.T, x), g_b, g_w_h, g_b.copy()


def drop_sequences(x, counts, ratio, key):
    """Inverted dropout of rows x (R, N) by one mask for all rows of a sequence (Gal and Ghahramani 2016)."""
    xp = chainer.backend.get_array_module(x)
    masks = dropout.mask(xp, (int(counts[0]), x.shape[1]), ratio, key, x.dtype)  # (B, N)
    return x * masks[xp.asarray(streams(counts))]
