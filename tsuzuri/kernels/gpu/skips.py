"""The connection that skips a layer, on a GPU: ``y + below`` in ``models.rnn.RNN.forward``, with the dropout after it.

Axes: T steps, B streams, N units; Np is N as operands are padded.
"""

import numpy

from tsuzuri.kernels.gpu import operands

BUILDS = operands.DEFINES
THREADS = 256


def join(engine, h, below, y, op, key, dropout):
    """y (T, B, N) = h + below, float32, and op (T, B, Np) the same times the mask of ``dropout``; key (1,) uint64."""
    T, B, N = y.shape
    launch = engine.kernel("skips", "join", **operands.define(op))
    sizes = map(numpy.int32, (T * B, N, op.shape[2]))
    launch(-(-y.size // THREADS), THREADS, h, below, y, op, *sizes, key, *dropout)


def split(engine, g, g_y, key, dropout):
    """From g (T, B, N), the gradient of what the layer below hands on after dropout, to that before it, in place.

    With g_y (T, B, N), that of the sum, which goes to both; None where the layer is not skipped.
    """
    T, B, N = g.shape
    launch = engine.kernel("skips", "split", OPERAND="float")
    around = g if g_y is None else g_y  # at the first the kernel does not look
    sizes = map(numpy.int32, (g_y is not None, T * B, N))
    launch(-(-g.size // THREADS), THREADS, g, around, *sizes, key, *dropout)
