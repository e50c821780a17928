"""Embedding on a GPU: the rows of words as operands, and the gradient; twin of ``numpy_/embedding.py``."""

import numpy

from tsuzuri.kernels.gpu import masks, operands

BUILDS = operands.DEFINES
CHUNK = 32  # rows, as in embedding.cu
THREADS = 256
COLUMNS = 128  # of a block


def embed(engine, ids, w, x_op, key, dropout=masks.NONE, word_key=None, of_words=masks.NONE):
    """x_op (R, Np) = w[ids] times dropout's mask over (R, N) and ``of_words`` over (V,); what is beyond column N stays.

    ids (R,) int32; w (V, N) float32; key and word_key (1,) uint64.
    """
    (rows, stride), units = x_op.shape, w.shape[1]
    blocks = -(-rows * (-(-units // 4)) // THREADS)
    launch = engine.kernel("embedding", "embed", **operands.define(x_op))
    launch(
        blocks,
        THREADS,
        ids,
        w,
        x_op,
        *map(numpy.int32, (rows, units, stride)),
        *_masks(key, dropout, word_key, of_words),
    )


def _masks(key, dropout, word_key, of_words):
    return key, *dropout, key if word_key is None else word_key, *of_words[:2]


def gradient_scratch(rows, units):
    """Values of float32 that ``gradient`` needs."""
    return 2 * rows + -(-rows // CHUNK) * units


def gradient(engine, ids, g, g_w, key, dropout, scratch, word_key=None, of_words=masks.NONE, accumulate=False):
    """g_w (V, N) = the sum of the rows of g (R, N), times dropout's masks, of each word, in their order; 0 without one.

    Added to what is there where ``accumulate``. ids (R,) int32; key and word_key (1,) uint64; scratch of
    ``gradient_scratch(R, N)`` values or more. The same bits in every run.
    """
    rows, units = g.shape
    order, words = (scratch[k * rows : (k + 1) * rows].view("i") for k in range(2))
    partial = scratch[2 * rows :]
    sizes = numpy.int32(rows), numpy.int32(units)

    def kernel(name):
        return engine.kernel("embedding", name, OPERAND="float")

    zeros = numpy.int64(0 if accumulate else g_w.size)
    kernel("sort_rows")(8 * engine.multiprocessors, THREADS, ids, sizes[0], order, words, g_w, zeros)
    grid = -(-rows // CHUNK), -(-units // COLUMNS)
    settings = numpy.int32(accumulate), *_masks(key, dropout, word_key, of_words)
    kernel("add_rows")(grid, COLUMNS, g, order, words, *sizes, g_w, partial, *settings, shared=8 * CHUNK)
    kernel("join_chunks")(grid, COLUMNS, words, *sizes, g_w, partial)
