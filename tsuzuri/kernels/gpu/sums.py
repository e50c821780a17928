"""Sums of a window on a GPU, each in one order whatever the GPU is, and what is only moved."""

import numpy

from tsuzuri.kernels.gpu import operands

BUILDS = operands.DEFINES
THREADS = 256
COLUMNS = 128  # of a block
BLOCKS = 528  # that a large GPU has at once
LEAST = 16  # rows that are worth a block of their own
PAIRS = 6


def slabs(rows, columns):
    """In how many parts the rows of a matrix are summed up, and the rows of a part."""
    wanted = max(1, BLOCKS // -(-columns // COLUMNS))
    length = max(LEAST, -(-rows // wanted))
    return -(-rows // length), length


def columns_scratch(rows, columns):
    """Values of float32 that ``columns`` needs for a matrix of so many rows and columns, or fewer of either."""
    return min(-(-rows // LEAST) * columns, (BLOCKS + 1) * COLUMNS + columns)


def sum_columns(engine, a, out, accumulate, scratch):
    """out (C,) float32 = the sums of a's columns, added to what is there where ``accumulate``.

    a (r, C or more), float32 or operands. scratch of ``scratch(r, C)`` values or more. The same bits in every run.
    """
    rows, size = len(a), len(out)
    parts, length = slabs(rows, size)
    final = out, numpy.int32(accumulate)
    partial = scratch[: parts * size].reshape(parts, size)
    _columns(engine, a, size, parts, length, *(final if parts == 1 else (partial, numpy.int32(0))))
    if parts > 1:
        _columns(engine, partial, size, 1, parts, *final)


def _columns(engine, a, size, parts, length, out, accumulate):
    sizes = map(numpy.int32, (len(a), size, a.shape[1], length))
    launch = engine.kernel("sums", "columns", **operands.define(a))
    launch((-(-size // COLUMNS), parts), THREADS, a, *sizes, out, accumulate, shared=THREADS * 16)


def sum_losses(engine, losses, scale, loss, running, weight):
    """loss (1,) float32 = ``scale`` times the sum of losses (R,), made in float64; running (1,) float64 += ``weight``
    times that loss.
    """
    launch = engine.kernel("sums", "total", OPERAND="float")
    numbers = numpy.int32(len(losses)), numpy.float64(scale), loss, running, numpy.float64(weight)
    launch(1, 1024, losses, *numbers, shared=32 * 8)


def carry(engine, pairs):
    """Copy arrays (from, to) of equal size, in whole words of four bytes: six pairs a launch."""
    for start in range(0, len(pairs), PAIRS):
        views = [tuple(a.reshape(-1).view("u4") for a in pair) for pair in pairs[start : start + PAIRS]]
        most = max(len(source) for source, _ in views)
        arguments = [(*view, numpy.int32(len(view[0]))) for view in views]
        arguments += [(*views[0], numpy.int32(0))] * (PAIRS - len(views))
        launch = engine.kernel("sums", "carry", OPERAND="float")
        launch((-(-most // THREADS), len(views)), THREADS, *(a for triple in arguments for a in triple))


def cast(engine, w, op):
    """op (rows, Cp) = w (rows, C) float32 as operands; what is beyond column C stays."""
    rows, size = w.shape
    launch = engine.kernel("sums", "cast", **operands.define(op))
    launch(-(-rows * (-(-size // 4)) // THREADS), THREADS, w, op, *map(numpy.int32, (rows, size, op.shape[1])))
