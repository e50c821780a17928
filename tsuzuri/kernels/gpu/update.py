"""The optimizers' step on a GPU for all parameters together, with clipping; twin of ``numpy_/update.py``.

All parameters lie in one array of float32, the gradients and each state in others of the same layout.
"""

import math
from typing import NamedTuple

import numpy

STATES = {
    "adam": ("m", "v"),
    "sgd": (),
    "momentum": ("v",),
    "adagrad": ("h",),
    "rmsprop": ("ms",),
    "adadelta": ("msg", "msdx"),
}
BUILDS = [{"RULE": rule} for rule in STATES]
ALIGN = 64  # values: each parameter begins at a multiple of them
ROW = 32  # values of bfloat16, to whole runs of which an operand's row is padded
PARTIALS = 512  # blocks, at most, that add up squares: by the number of values alone, so that all GPUs make one norm
BLOCKS = 5  # of a multiprocessor at once
THREADS = 256
SHARED = 32 * 8


class Layout(NamedTuple):
    """Where each parameter begins, by name, and how many values there are with the room between them: of the matrices,
    which come first, and of all.
    """

    offsets: dict
    matrices: int
    size: int


class Operands(NamedTuple):
    """Matrices as bfloat16: where each begins, by name, with its shape in padded rows; how many values there are; and
    a ``table`` (matrices, 5) int64 of what ``update`` must know, to be brought to the device.
    """

    places: dict
    size: int
    table: numpy.ndarray


def layout(shapes):
    """The layout of parameters of these shapes, by name. Room between them must hold zeros."""
    offsets, size, matrices = {}, 0, 0
    for name, shape in sorted(shapes.items(), key=lambda named: len(named[1]) < 2):
        offsets[name] = size
        size += _up(math.prod(shape), ALIGN)
        matrices = size if len(shape) > 1 else matrices
    return Layout(offsets, matrices, size)


def operands(shapes, names):
    """The operands of those parameters of ``shapes`` that are named, which must be matrices."""
    offsets = layout(shapes).offsets
    places, table, size = {}, numpy.empty((len(names), 5), "i8"), 0
    for k, name in enumerate(names):
        rows, columns = shapes[name]
        stride = _up(columns, ROW)
        places[name] = size, (rows, stride)
        table[k] = offsets[name], rows, columns, size, stride
        size += _up(rows * stride, ALIGN)
    return Operands(places, size, table)


def _up(size, step):
    return -(-size // step) * step


class Besides(NamedTuple):
    """What goes with a step: before it the first ``decayed`` values, a multiple of four, shrink by the factor that is
    number 4; after it ``mean``, an array like the weights or None, moves towards them by the share that is number 5.
    """

    decayed: int = 0
    mean: object = None


PLAIN = Besides()


def update_flat(
    engine, rule, weights, grads, states, numbers, clip, partials, norm, table=None, operands=None, besides=PLAIN
):
    """Bring weights and states one step forward by the rule of that name, with gradients held to the norm ``clip``.

    weights, grads and each of ``states``, in the order of ``STATES``: (L,) float32 in one ``layout``, whose room is
    zeros; numbers float64, on the device: those of a tensor of ``numpy_/update.py``, up to four, and what
    ``besides`` takes. partials (PARTIALS,) float64 is
    scratch. norm (1,) float32 becomes the norm of the gradients, or 0 where ``clip`` is infinite. ``table`` and
    ``operands``, the device's copy of that of ``Operands`` and its values (uint16): what is updated is written there
    as bfloat16 too, but for what lies beyond a row's columns.
    """
    quads = numpy.int64(len(weights) // 4)
    blocks = -(-len(weights) // 4 // THREADS)
    parts = min(blocks, PARTIALS) if clip < math.inf else 0
    if parts:
        engine.kernel("update", "squares", RULE=rule)(parts, THREADS, grads, quads, partials, shared=SHARED)
    first, second = (*states, weights, weights)[:2]
    arguments = [weights, grads, first, second, quads, numbers]
    arguments += [partials, numpy.int32(parts), numpy.float64(clip), norm]
    mean = weights if besides.mean is None else besides.mean
    arguments += [numpy.int64(besides.decayed // 4), mean, numpy.int32(besides.mean is not None)]
    name, shared = "update", SHARED
    if table is not None:
        arguments += [table, numpy.int32(len(table)), operands]
        name, shared = "update_and_copy", SHARED + table.nbytes
    blocks = min(blocks, BLOCKS * engine.multiprocessors)
    engine.kernel("update", name, RULE=rule)(blocks, THREADS, *arguments, shared=shared)
