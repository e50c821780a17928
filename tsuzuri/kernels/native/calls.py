"""The native engine: each kernel of ``engines.KERNELS`` by the extension module, over NumPy arrays of float32.

Arrays are contiguous (``native.has``); what comes back is newly taken.
"""

from typing import NamedTuple

import numpy

from tsuzuri.kernels import native
from tsuzuri.kernels.native import BFLOAT16


class WindowCache(NamedTuple):
    """What ``lstm_backward`` needs. ``gates`` is overwritten by it, so a cache serves once."""

    x: numpy.ndarray  # (T, B, I)
    w_x: numpy.ndarray  # (4N, I)
    w_h: numpy.ndarray  # (4N, N)
    hs: numpy.ndarray  # (T + 1, B, N), hs[0] being the state before the window
    cs: numpy.ndarray  # (T + 1, B, N)
    gates: numpy.ndarray  # (T, B, 4N and what fills up the vectors)
    ratio: float
    key: int
    precision: str


class PackedCache(NamedTuple):
    """What ``lstm_packed_backward`` needs. ``gates`` is overwritten by it, so a cache serves once."""

    x: numpy.ndarray  # (R, I)
    counts: numpy.ndarray  # (T,) int64
    w_x: numpy.ndarray  # (4N, I)
    w_h: numpy.ndarray  # (4N, N)
    hs: numpy.ndarray  # (B + R, N), zeros first
    cs: numpy.ndarray  # (B + R, N)
    gates: numpy.ndarray  # (R, 4N and what fills up the vectors)
    precision: str


def embed(ids, w):
    """Rows ``ids`` (..., ) of w (V, N): (..., N)."""
    return native.extension().embed(native.level(), numpy.ascontiguousarray(ids, "i"), w)


def embed_backward(g, ids, size):
    """Add each row of g (R, N) to row ids[r] of a matrix (size, N)."""
    return native.extension().embed_backward(native.level(), g, numpy.ascontiguousarray(ids, "i"), size)


def dropout(x, ratio, key, locked=False):
    """x with values dropped by the mask of ``key``; ``locked``, by one mask along the first axis."""
    return native.extension().dropout(native.level(), x, ratio, key, locked)


def lstm_forward(x, c, h, w_x, b_x, w_h, b_h, ratio, key, precision):
    """An LSTM layer over a window: as ``functions.lstm_window``.

    Returns h (T, B, N), the last c (B, N) and a cache.
    """
    bfloat16 = precision == BFLOAT16
    hs, cs, gates = native.extension().lstm_forward(native.level(), bfloat16, x, c, h, w_x, b_x, w_h, b_h, ratio, key)
    return hs[1:], cs[-1], WindowCache(x, w_x, w_h, hs, cs, gates, ratio, key, precision)


def lstm_backward(g_hs, g_c, cache):
    """Gradients of x, c, h, w_x, b_x, w_h, b_h from g_hs (T, B, N) and g_c (B, N), either None for zeros."""
    x, w_x, w_h, hs, cs, gates, ratio, key, precision = cache
    g_hs, g_c = (None if g is None else numpy.ascontiguousarray(g, "f") for g in (g_hs, g_c))
    return native.extension().lstm_backward(
        native.level(), precision == BFLOAT16, x, w_x, w_h, hs, cs, gates, g_hs, g_c, ratio, key
    )


def lstm_packed_forward(x, counts, w_x, b_x, w_h, b_h, precision):
    """An LSTM layer over packed rows: as ``functions.lstm_packed``. Returns h (R, N) and a cache."""
    counts = numpy.ascontiguousarray(counts, "i8")
    hs, cs, gates = native.extension().lstm_packed_forward(
        native.level(), precision == BFLOAT16, x, counts, w_x, b_x, w_h, b_h
    )
    return hs[counts[0] :], PackedCache(x, counts, w_x, w_h, hs, cs, gates, precision)


def lstm_packed_backward(g_hs, cache):
    """Gradients of x, w_x, b_x, w_h, b_h from g_hs (R, N)."""
    *arrays, precision = cache
    g_hs = numpy.ascontiguousarray(g_hs, "f")
    return native.extension().lstm_packed_backward(native.level(), precision == BFLOAT16, *arrays, g_hs)


def cross_entropy(h, w, b, target, scale, with_gradients, precision, smoothing=0.0):
    """As ``numpy_.output.cross_entropy``, but the sum as a float."""
    target = numpy.ascontiguousarray(target, "i")
    settings = scale, with_gradients, smoothing
    return native.extension().cross_entropy(native.level(), precision == BFLOAT16, h, w, b, target, *settings)


def step(words, state, embedding, layers, w, b, skip):
    """A word of each stream through the model: as ``functions.step``."""
    words = numpy.ascontiguousarray(words, "i")
    return native.extension().step(native.level(), words, embedding, layers, w, b, state, skip)


def update(rule, tensors, clip):
    """The optimizer's step: as ``numpy_.update.update``."""
    return native.extension().update(native.level(), rule, tensors, clip)
