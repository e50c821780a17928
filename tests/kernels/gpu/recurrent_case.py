"""Two layers with random weights, their arrays on a device, and plans of how several blocks compute them."""

from typing import NamedTuple

import numpy

from tsuzuri.kernels.gpu import recurrence, tiling
from tsuzuri.kernels.gpu.recurrence import Layer
from tsuzuri.kernels.numpy_ import dropout

RATIOS = 0.3, 0.4  # of each layer
F, T32, B16 = tiling.FLOAT32, tiling.TF32, tiling.BFLOAT16
TYPES = {F: "f", T32: "f", B16: "u2"}
# Shares of a block's products, and how many units it has of each layer and how many streams, in several sizes.
ONE = (((2, 2), (1, 1, 2), 2),)
TWO = (((1, 2), (2, 1, 2), 1), ((2, 1), (1, 2, 2), 2))
SIZES = [  # T, B, N; streams of a block, units of a block of each layer
    (1, 1, 1, 1, (1, 1)),
    (3, 3, 5, 2, (3, 5)),
    (4, 9, 6, 9, (2, 3)),
    (2, 15, 8, 15, (8, 4)),
    (2, 11, 7, 6, (7, 4)),
    (3, 1, 33, 1, (8, 8)),
]


def operand(x, precision):
    """What products read of x: bfloat16 to the nearest, to even between two; TF32 to the nearest, away from zero."""
    raw = numpy.asarray(x, "f").view("u4")
    if precision == B16:
        return ((raw.astype("u8") + 0x7FFF + (raw >> 16 & 1)) >> 16).astype("u2")
    return ((raw + 0x1000) & 0xFFFFE000).astype("u4").view("f") if precision == T32 else raw.view("f")


def values(operand):
    """An operand's values in float64."""
    return (operand.astype("u4") << 16).view("f").astype("d") if operand.dtype == "u2" else operand.astype("d")


def rounded(x, precision):
    return values(operand(x, precision))


class Case(NamedTuple):
    """Two layers with random weights and states, and what comes in at both ends, in float64; ``masks`` by layer."""

    x: object  # (T, B, N)
    g_out: object  # (T, B, N)
    weights: list  # of (w_x, b_x, w_h, b_h) of each layer
    states: list  # of (c, h) of each layer
    keys: list  # of (output, projections) of each layer
    drops: list  # of each layer's Drops
    precision: str

    def masks(self, layer):
        """On the output (T, B, N) and on the projections (T, B, 4N), positions of the latter being those of (4, N)."""
        T, B, N = self.x.shape
        out, projections = (
            _mask(d, shape, RATIOS[layer], int(key[0])) if d.threshold else numpy.ones(shape)
            for d, key, shape in zip(self.drops[layer], self.keys[layer], [(T, B, N), (T, B, 4, N)], strict=True)
        )
        return out, projections.swapaxes(2, 3).reshape(T, B, 4 * N)


def _mask(drop, shape, ratio, key):
    """A mask over (T, B, ...), or over (B, ...) the same for all steps."""
    one = dropout.mask(numpy, shape[1:] if drop.period else shape, ratio, key, "d")
    return numpy.broadcast_to(one, shape)


def poison(shape, precision):
    """A place for an operand: NaN with zeros as padding."""
    kind = numpy.dtype(TYPES[precision])
    step = 64 // kind.itemsize
    array = numpy.zeros((*shape[:-1], -(-shape[-1] // step) * step), kind)
    array.view("u1").reshape(-1, array.shape[-1] * kind.itemsize)[:, : shape[-1] * kind.itemsize] = 0xFF
    return array


def arrays(engine, case, index):
    """A layer's arrays on the device, poison where something is to be made."""
    T, B, N = case.x.shape
    w_x, b_x, w_h, b_h = case.weights[index]
    hs, cs, gates = (numpy.full(shape, numpy.nan, "f") for shape in ((T + 1, B, N), (T + 1, B, N), (T, B, 4 * N)))
    cs[0], hs[0] = case.states[index]
    shapes = (4 * N, N), (T + 1, B, N), (T, B, N), (T, B, 4 * N), (T, B, 4 * N)
    w_h_op, h_op, out_op, dz_op, dz_x_op = (poison(shape, case.precision) for shape in shapes)
    w_h_op[:, :N], h_op[0, :, :N] = (operand(x, case.precision) for x in (w_h, hs[0]))
    masked = dz_x_op if case.drops[0].projections.threshold else None
    layer = Layer(w_x, b_x, w_h, b_h, w_h_op, gates, hs, cs, h_op, out_op, dz_op, masked, *case.keys[index])
    return Layer(*(None if array is None else engine.asarray(array) for array in layer))


def plan(direction, layers, precision, size):
    """How a window of a size of ``SIZES`` is computed by several blocks."""
    T, B, N, streams, units = size
    task = tiling.Task(direction, layers, T, B, N, precision)
    given = zip(ONE if layers == 1 else TWO, units, strict=False)
    made = tuple(tiling.Share(u, -(-N // u), *share) for share, u in given)
    for share in made:
        assert task.rows(share.units) <= share.height - tiling.ROW_PADDING
        assert streams <= share.width
        assert share.units * streams <= share.pairs * share.threads
    shared = max(share.shared(task, parts) for share, parts in zip(made, task.parts, strict=True))
    way = tiling.WAVEFRONT if layers == 2 else tiling.LAYERS
    return tiling.Plan(way, precision, 0, streams, -(-B // streams), made, shared)


def plans(way, precision, size):
    if way == tiling.STEPS:
        by_steps = tiling.Plan(tiling.STEPS, precision, 0)
        return tiling.Plans(by_steps, by_steps)
    layers = 2 if way == tiling.WAVEFRONT else 1
    return tiling.Plans(*(plan(direction, layers, precision, size) for direction in (tiling.FORWARD, tiling.BACKWARD)))


def scratch_of(engine, case):
    return engine.zeros(recurrence.counters(engine), "u4"), engine.empty(recurrence.sums(*case.x.shape[1:]))
