"""Embedding on a GPU: the rows of words as operands, and the gradient; twin of ``numpy_/embedding.py``."""

import numpy

from tsuzuri.kernels.gpu import masks, operands

BUILDS = operands.DEFINES
CHUNK = 32  # rows, as in embedding.cu
THREADS = 256
COLUMNS = 128  # of a block


def embed(engine, ids, w, x_op, key, dropout=masks.NONE):
    """x_op (R, Np) = w[ids] times dropout's mask over (R, N); what is beyond column N stays.

    ids (R,) int32; w (V, N) float32; key (1,) uint64.
    """
    (rows, stride), units = x_op.shape, w.shape[1]
    blocks = -(-rows * (-(-units // 4)) // THREADS)
    launch = engine.kernel("embedding", "embed", **operands.define(x_op))
    launch(blocks, THREADS, ids, w, x_op, *map(numpy.int32, (rows, units, stride)), key, *dropout)


def gradient_scratch(rows, units):
    """Values of float32 that ``gradient`` needs."""
    return 2 * rows + -(-rows // CHUNK) * units


def gradient(engine, ids, g, g_w, key, dropout, scratch):
    """g_w (V, N) = the sum of the rows of g (R, N), times dropout's mask, of each word, in their order; 0 without one.

    ids (R,) int32; key (1,) uint64; scratch of ``scratch(R, N)`` values or more. The same bits in every run.
    """
    rows, units = g.shape
    order, words = (scratch[k * rows : (k + 1) * rows].view("i") for k in range(2))
    partial = scratch[2 * rows :]
    sizes = numpy.int32(rows), numpy.int32(units)

    def kernel(name):
        return engine.kernel("embedding", name, OPERAND="float")

    kernel("sort_rows")(8 * engine.multiprocessors, THREADS, ids, sizes[0], order, words, g_w, numpy.int64(g_w.size))
    grid = -(-rows // CHUNK), -(-units // COLUMNS)
    kernel("add_rows")(grid, COLUMNS, g, order, words, *sizes, g_w, partial, key, *dropout, shared=8 * CHUNK)
    kernel("join_chunks")(grid, COLUMNS, words, *sizes, g_w, partial)
