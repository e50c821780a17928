"""Penalties on the last layer's output on a GPU; twin of ``numpy_/penalties.py``, with the dropout between the two."""

import numpy

THREADS = 256


def hold(engine, g, hs, size, change, key, dropout):
    """From g (T, B, N), the gradient of a layer's output after dropout, to that of the output itself, in place.

    With that of the penalties T ``size`` mean(y^2) on the output after dropout, and T ``change``
    mean((h[t + 1] - h[t])^2) before it. hs (T + 1, B, N) float32: the state before the window, then h; key (1,) uint64.
    """
    T, B, N = g.shape
    weights = 2 * size / (B * N), 2 * change * T / (max(1, T - 1) * B * N)
    sizes, weights = map(numpy.int32, (T, B, N)), map(numpy.float32, weights)
    launch = engine.kernel("penalties", "hold")
    launch(-(-g.size // THREADS), THREADS, g, hs, *sizes, *weights, key, *dropout)
