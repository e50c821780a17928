"""Softmax cross-entropy on a GPU, of logits that a product has made; twin of ``numpy_/output.py``'s middle."""

import numpy

from tsuzuri.kernels.gpu import operands

BUILDS = operands.DEFINES
THREADS = 256  # a row's
SHARED = 32 * 4
LOGITS_BYTES = 32 << 20  # of logits at once: they stay in the L2 cache of a large GPU
LEAST_ROWS = 1024  # at once
TILE = 128  # rows, of a product's tiles


def rows_at_once(rows, words):
    """How many of the rows of a window have their logits made at once, for so many words.

    As many as stay in the L2 cache, but 1,024 whatever the words. The products of each block of rows read w (V, N)
    twice, and read and write its gradient: 16 N V bytes in float32. What is done with its logits reads and writes them
    about six times: 24 V bytes a row, from the cache or not. Below some 2/3 N rows the weights are the greater part.
    """
    return min(rows, max(LEAST_ROWS, LOGITS_BYTES // (4 * words) // TILE * TILE))


def softmax(engine, logits, b, targets, scale, d_op, losses, smoothing=0.0):
    """losses (r,) float32 = -log softmax(logits + b)[target] of each row, in nats, 0 where the target is -1.

    logits (r, V or more) float32, whose columns beyond V are not looked at; b (V,) float32; targets (r,) int32.
    d_op (r, Vp): (softmax - onehot) ``scale`` times, 0 for a target of -1; what is beyond column V stays. It may be the
    logits' own array; None makes no gradient. Of onehot a share ``smoothing`` is spread evenly over the V words.
    Fastest where the length of a logits' row is a multiple of 4.
    """
    rows, stride = logits.shape
    inputs = logits, numpy.int32(stride), b, numpy.int32(len(b)), targets
    if d_op is None:
        launch = engine.kernel("output", "softmax_losses", OPERAND="float")
        launch(rows, THREADS, *inputs, losses, shared=SHARED)
    else:
        launch = engine.kernel("output", "softmax", **operands.define(d_op))
        even = scale * smoothing / len(b)
        taken = map(numpy.float32, (scale, scale * (1 - smoothing) + even, even))
        launch(rows, THREADS, *inputs, *taken, d_op, numpy.int32(d_op.shape[1]), losses, shared=SHARED)
