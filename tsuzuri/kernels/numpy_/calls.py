"""The NumPy engine: each kernel of ``engines.KERNELS``, over NumPy and CuPy arrays of any type of floats.

It computes in the type of the arrays: ``precision`` is there for the other engines' sake.
"""

from typing import Any, NamedTuple

from tsuzuri.compat import chainer
from tsuzuri.kernels.numpy_ import dropout as masks
from tsuzuri.kernels.numpy_ import embedding, lstm, output, packed


class WindowCache(NamedTuple):
    """What ``lstm_backward`` needs; it serves once."""

    weights: lstm.GateWeights
    layer: lstm.Cache


class PackedCache(NamedTuple):
    """What ``lstm_packed_backward`` needs; it serves once."""

    counts: Any  # (T,), integers in NumPy
    weights: lstm.GateWeights
    layer: packed.LSTMCache


def embed(ids, w):
    """Rows ``ids`` (..., ) of w (V, N): (..., N)."""
    return w[ids]


def embed_backward(g, ids, size):
    """Add each row of g (R, N) to row ids[r] of a matrix (size, N)."""
    return embedding.gradient(g, ids, size)


def dropout(x, ratio, key, locked=False):
    """x with values dropped by the mask of ``key``; ``locked``, by one mask along the first axis."""
    shape = x.shape[1:] if locked else x.shape
    return x * masks.mask(chainer.backend.get_array_module(x), shape, ratio, key, x.dtype)


def lstm_forward(x, c, h, w_x, b_x, w_h, b_h, ratio, key, precision):
    """An LSTM layer over a window: as ``functions.lstm_window``.

    Returns h (T, B, N), the last c (B, N) and a cache.
    """
    weights = lstm.GateWeights.of(w_x, b_x, w_h, b_h)
    mask = None
    if ratio > 0:
        xp = chainer.backend.get_array_module(x)
        mask = masks.mask(xp, (len(x), len(c), len(w_x)), ratio, key, x.dtype)
    layer = lstm.window_forward(x, c, h, weights, mask)
    return layer.h[1:], layer.c[-1], WindowCache(weights, layer)


def lstm_backward(g_hs, g_c, cache):
    """Gradients of x, c, h, w_x, b_x, w_h, b_h from g_hs (T, B, N) and g_c (B, N), either None for zeros."""
    weights, layer = cache
    xp = chainer.backend.get_array_module(layer.h)
    g_hs = xp.zeros_like(layer.tanh_c) if g_hs is None else g_hs
    g_c = xp.zeros_like(layer.c[-1]) if g_c is None else g_c.copy()
    g_x, g_c, g_h, g_weights = lstm.window_backward(g_hs, g_c, weights, layer)
    return g_x, g_c, g_h, *g_weights.joined()


def lstm_packed_forward(x, counts, w_x, b_x, w_h, b_h, precision):
    """An LSTM layer over packed rows: as ``functions.lstm_packed``. Returns h (R, N) and a cache."""
    weights = lstm.GateWeights.of(w_x, b_x, w_h, b_h)
    layer = packed.packed_forward(x, counts, weights)
    return layer.h[counts[0] :], PackedCache(counts, weights, layer)


def lstm_packed_backward(g_hs, cache):
    """Gradients of x, w_x, b_x, w_h, b_h from g_hs (R, N)."""
    counts, weights, layer = cache
    g_x, g_weights = packed.packed_backward(g_hs, counts, weights, layer)
    return g_x, *g_weights.joined()


def cross_entropy(h, w, b, target, scale, with_gradients, precision, smoothing=0.0):
    """As ``output.cross_entropy``."""
    return output.cross_entropy(h, w, b, target, scale, with_gradients, smoothing)


def step(words, state, embedding, layers, w, b, skip):
    """A word of each stream through the model: as ``functions.step``."""
    x, after = embedding[words], []
    for c, h, weights in zip(state[::2], state[1::2], layers, strict=True):
        skips = skip and len(after) > 0 and x.shape == h.shape
        c, h = lstm.lstm_step(x, c, h, *weights)
        after += [c, h]
        x = x + h if skips else h
    return x @ w.T + b, tuple(after)
