"""The recurrence on a GPU, by the emulator: against the specification, and step by step against its own operands.

What a kernel rounds is read from what it wrote, so that each step is held to the precision of float32.
"""

from typing import NamedTuple

import numpy
import pytest

from tests.conftest import relative_error
from tsuzuri.kernels import reference
from tsuzuri.kernels.gpu import recurrence, tiling
from tsuzuri.kernels.gpu.masks import NONE, Dropout
from tsuzuri.kernels.gpu.recurrence import Drops, Ends, Layer
from tsuzuri.kernels.numpy_ import dropout

RATIO = 0.3
F, T32, B16 = tiling.FLOAT32, tiling.TF32, tiling.BFLOAT16
TYPES = {F: "f", T32: "f", B16: "u2"}
COMBINATIONS = [  # each costs two builds
    *((way, precision) for way in (tiling.WAVEFRONT, tiling.LAYERS, tiling.STEPS) for precision in (F, B16)),
    (tiling.WAVEFRONT, T32),
]
TOLERANCES = {F: 1e-5, T32: 3e-3, B16: 2e-2}  # against the specification, which does not round
BLOCKS = 10  # at once

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
    drops: Drops
    precision: str

    def masks(self, layer):
        """On the output (T, B, N) and on the projections (T, B, 4N), positions of the latter being those of (4, N)."""
        T, B, N = self.x.shape
        out, projections = (
            dropout.mask(numpy, shape, RATIO, int(key[0]), "d") if d.threshold else numpy.ones(shape)
            for d, key, shape in zip(self.drops, self.keys[layer], [(T, B, N), (T, B, 4, N)], strict=True)
        )
        return out, projections.swapaxes(2, 3).reshape(T, B, 4 * N)


@pytest.fixture
def case(rng):
    def make(sizes, precision=F, on="outputs"):
        T, B, N = sizes
        shapes, scale = ((4 * N, N), (4 * N,)) * 2, 0.5 / N**0.5
        weights = [[rng.normal(size=shape, scale=scale).astype("f") for shape in shapes] for _ in range(2)]
        states = [[rng.normal(size=(B, N), scale=0.5).astype("f") for _ in range(2)] for _ in range(2)]
        keys = [[rng.integers(2**64, size=1, dtype="u8") for _ in range(2)] for _ in range(2)]
        x, g_out = (rng.normal(size=(T, B, N)).astype("f") for _ in range(2))
        return Case(x, g_out, weights, states, keys, Drops(**{on: Dropout.of(RATIO)}) if on else Drops(), precision)

    return make


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
    masked = dz_x_op if case.drops.projections.threshold else None
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


class Run:
    """Both layers there and back on an engine: ``layers`` afterwards, and ``gates`` before the way back, as NumPy's."""

    def __init__(self, engine, case, plans, times=1, ends=(recurrence.NOTHING, recurrence.NOTHING)):
        self.case, self.engine = case, engine
        layers = first, second = [arrays(engine, case, index) for index in range(2)]
        scratch = scratch_of(engine, case)
        g_out = engine.asarray(case.g_out)
        for _ in range(times):
            self._project(rounded(case.x, case.precision), first, 0)
            if plans.forward.way == tiling.WAVEFRONT:
                recurrence.recur_forward(engine, plans, layers, scratch, case.drops)
            else:
                recurrence.recur_forward(engine, plans, [first], scratch, case.drops)
                self._project(values(engine.read(first.out_op)), second, 1)
                recurrence.recur_forward(engine, plans, [second], scratch, case.drops)
            self.gates = [engine.read(layer.gates) for layer in layers]
            if plans.backward.way == tiling.WAVEFRONT:
                recurrence.recur_backward(engine, plans, layers, g_out, scratch, case.drops)
            else:
                recurrence.recur_backward(engine, plans, [second], g_out, scratch, case.drops, ends[1])
                dz_x = values(engine.read(second.dz_op if second.dz_x_op is None else second.dz_x_op))
                g = dz_x[..., : first.gates.shape[2]] @ rounded(case.weights[1][0], case.precision)
                recurrence.recur_backward(engine, plans, [first], engine.asarray(g, "f"), scratch, case.drops, ends[0])
            assert not engine.read(scratch[0]).any(), "counters are not ready for the next launch"
        self.layers = [Layer(*(None if a is None else engine.read(a) for a in layer)) for layer in layers]
        self.ends = [Ends(*(None if a is None else engine.read(a) for a in end)) for end in ends]

    def _project(self, x, layer, index):
        w_x = rounded(self.case.weights[index][0], self.case.precision)
        layer.gates[...] = self.engine.asarray(x[..., : w_x.shape[1]] @ w_x.T, "f")

    def results(self):
        arrays = [(f"gates{i}", gates) for i, gates in enumerate(self.gates)]
        for i, layer in enumerate(self.layers):
            arrays += [(f"{name}{i}", value) for name, value in layer._asdict().items() if value is not None]
        return dict(arrays)


def specification(case):
    """h, c and dz of both layers in float64: dz from the gradient of b_h of windows of one step."""
    found, x = [], case.x.astype("d")
    for index, (weights, (c, h)) in enumerate(zip(case.weights, case.states, strict=True)):
        weights = [w.astype("d") for w in weights]
        out, projections = case.masks(index)
        hs, _, cache = reference.lstm_forward(x, c.astype("d"), h.astype("d"), *weights, projections)
        found.append((hs, numpy.stack([step[-1] for step in cache]), x, weights, cache, out, projections))
        x = hs * out
    g, gradients = case.g_out.astype("d"), []
    for hs, _, x, weights, cache, out, projections in reversed(found):
        g_c = numpy.zeros_like(hs[0])
        g = reference.lstm_backward(g * out, g_c, x, weights[0], weights[2], cache, projections)
        gradients.insert(0, g)
        g = g[0]
    return found, gradients


def check_specification(run):
    case = run.case
    found, gradients = specification(case)
    tolerance = TOLERANCES[case.precision]
    T, B, N = case.x.shape
    x = rounded(case.x, case.precision)
    for index, (layer, (hs, cs, *_), g) in enumerate(zip(run.layers, found, gradients, strict=True)):
        out, _ = case.masks(index)
        assert relative_error(layer.hs[1:], hs, 0.1) < tolerance
        assert relative_error(layer.cs[1:], cs, 0.1) < tolerance
        dz = layer.gates.reshape(T * B, 4 * N).astype("d")
        dz_x = layer.dz_op if layer.dz_x_op is None else layer.dz_x_op
        dz_x = values(dz_x)[..., : 4 * N].reshape(T * B, 4 * N)
        g_x, _, _, g_w_x, g_b_x, g_w_h, g_b_h = g
        ones = numpy.ones((1, T * B))
        products = [
            (dz_x, case.weights[index][0], g_x.reshape(T * B, N)),
            (dz_x.T, x.reshape(T * B, N), g_w_x),
            (ones, dz_x, g_b_x[None]),
            (dz.T, layer.hs[:-1].reshape(T * B, N), g_w_h),
            (ones, dz, g_b_h[None]),
        ]
        for left, right, wanted in products:  # beside its terms a sum may be small
            assert relative_error(left @ right, wanted, (abs(left) @ abs(right)).max() + 1e-30) < tolerance
        x = hs * out


def same(found, x, precision):
    """Whether an operand holds exactly x, and zeros behind it."""
    size = x.shape[-1]
    return numpy.array_equal(found[..., :size], operand(x, precision)) and not found[..., size:].any()


def check_steps(run, tolerance=1e-5):
    """Each step from what the kernel itself wrote for it."""
    case, x = run.case, rounded(run.case.x, run.case.precision)
    T, B, N = case.x.shape
    g_in, terms = case.g_out.astype("d"), 1
    for index, layer in enumerate(run.layers):
        out, projections = case.masks(index)
        w_x, w_h = (rounded(case.weights[index][i], case.precision) for i in (0, 2))
        b_x, b_h = (case.weights[index][i].astype("d") for i in (1, 3))
        z = (x @ w_x.T + b_x) * projections + b_h + values(layer.h_op)[:-1, :, :N] @ w_h.T
        gates = numpy.where(numpy.arange(4 * N) % 4 == 0, numpy.tanh(z), reference.sigmoid(z))
        assert relative_error(run.gates[index], gates) < tolerance
        a, i, f, o = (run.gates[index][..., k::4].astype("d") for k in range(4))
        assert relative_error(layer.cs[1:], f * layer.cs[:-1] + i * a, 1) < 1e-6
        assert relative_error(layer.hs[1:], o * numpy.tanh(layer.cs[1:].astype("d"))) < 1e-6
        assert same(layer.h_op[1:], layer.hs[1:], case.precision)
        assert same(layer.out_op, layer.hs[1:] * out.astype("f"), case.precision)
        x = values(layer.out_op)[..., :N]
    for index in (1, 0):
        layer, end = run.layers[index], run.ends[index]
        out, projections = case.masks(index)
        w_x, w_h = (rounded(case.weights[index][i], case.precision) for i in (0, 2))
        dz_op = values(layer.dz_op)[..., : 4 * N]
        a, i, f, o = (run.gates[index][..., k::4].astype("d") for k in range(4))
        tanh_c = numpy.tanh(layer.cs[1:].astype("d"))
        g_c = 0 if end.g_c is None else end.g_c.astype("d")
        g_h = g_in * out
        g_h[:-1] += dz_op[1:] @ w_h
        wanted = numpy.empty((T, B, 4 * N))
        for t in reversed(range(T)):
            g_c = g_c + g_h[t] * o[t] * (1 - tanh_c[t] ** 2)
            wanted[t, :, 0::4] = g_c * i[t] * (1 - a[t] ** 2)
            wanted[t, :, 1::4] = g_c * a[t] * i[t] * (1 - i[t])
            wanted[t, :, 2::4] = g_c * layer.cs[t] * f[t] * (1 - f[t])
            wanted[t, :, 3::4] = g_h[t] * tanh_c[t] * o[t] * (1 - o[t])
            g_c = g_c * f[t]
        assert relative_error(layer.gates, wanted, 0.03 * terms + 1e-9) < tolerance
        assert same(layer.dz_op, layer.gates, case.precision)
        if layer.dz_x_op is not None:
            assert same(layer.dz_x_op, layer.gates * projections.astype("f"), case.precision)
        if end.g_c_before is not None:
            assert relative_error(end.g_c_before, g_c) < tolerance
            assert relative_error(end.g_h_before, dz_op[0] @ w_h) < tolerance
        dz_x = values(layer.dz_op if layer.dz_x_op is None else layer.dz_x_op)[..., : 4 * N]
        g_in, terms = dz_x @ w_x, (abs(dz_x) @ abs(w_x)).max()  # which it may be small beside


# Every size in each way in float32; of the other precisions each way with sizes that differ in all that it divides.
CASES = [(way, F, size) for way in (tiling.WAVEFRONT, tiling.LAYERS, tiling.STEPS) for size in SIZES]
CASES += [(way, precision, size) for way, precision in COMBINATIONS if precision != F for size in (SIZES[2], SIZES[4])]


@pytest.mark.parametrize(("way", "precision", "size"), CASES, ids=str)
def test_a_window_is_what_the_specification_says(size, way, precision, emulated, case, rng):
    example = case(size[:3], precision)
    run = Run(emulated(int(rng.integers(1000)), BLOCKS), example, plans(way, precision, size))
    check_steps(run)
    if precision == F or size[2] > 1:  # of a single unit, what is rounded may be all that is left of a difference
        check_specification(run)


@pytest.mark.parametrize("precision", [F, B16])
@pytest.mark.parametrize("way", [tiling.LAYERS, tiling.STEPS])
def test_dropout_on_projections(way, precision, emulated, case):
    size = SIZES[1]
    run = Run(emulated(1, BLOCKS), case(size[:3], precision, "projections"), plans(way, precision, size))
    check_steps(run)
    check_specification(run)


@pytest.mark.parametrize("way", [tiling.WAVEFRONT, tiling.LAYERS, tiling.STEPS])
def test_without_dropout_outputs_are_h(way, emulated, case):
    size = SIZES[1]
    run = Run(emulated(1, BLOCKS), case(size[:3], F, None), plans(way, F, size))
    check_specification(run)
    for layer in run.layers:
        assert numpy.array_equal(layer.out_op, layer.h_op[1:])


@pytest.mark.parametrize("way", [tiling.LAYERS, tiling.STEPS])
def test_gradients_beyond_the_windows_ends(way, emulated, case, rng):
    size = SIZES[2]
    T, B, N, *_ = size
    engine = emulated(1, BLOCKS)
    given = [rng.normal(size=(B, N)) for _ in range(2)]
    ends = [Ends(engine.asarray(g_c, "f"), engine.empty((B, N)), engine.empty((B, N))) for g_c in given]
    example = case((T, B, N))
    run = Run(engine, example, plans(way, F, size), ends=ends)
    check_steps(run)
    found, _ = specification(example)
    _, _, x, weights, cache, out, _ = found[1]
    g = reference.lstm_backward(example.g_out * out, given[1], x, weights[0], weights[2], cache)
    assert relative_error(run.ends[1].g_c_before, g[1]) < 1e-5
    assert relative_error(run.ends[1].g_h_before, g[2]) < 1e-5


@pytest.mark.parametrize("precision", [F, B16])
@pytest.mark.parametrize("way", [tiling.WAVEFRONT, tiling.LAYERS])
def test_the_order_in_which_blocks_run_and_a_replay_change_no_bit(way, precision, emulated, case):
    size = SIZES[1]
    example = case(size[:3], precision)
    once = Run(emulated(1, BLOCKS), example, plans(way, precision, size)).results()
    for seed, times in ((2, 1), (3, 2)):
        again = Run(emulated(seed, BLOCKS), example, plans(way, precision, size), times).results()
        assert all(numpy.array_equal(once[name], again[name], equal_nan=True) for name in once)


@pytest.mark.parametrize("precision", [F, B16])
def test_a_block_with_more_units_than_threads(precision, emulated, case):
    T, B, N = 2, 1, 70
    task = tiling.Task(tiling.BACKWARD, 1, T, B, N, precision)
    share = tiling.Share(N, 1, (5, 1), (1, 1, 2), 2)
    assert share.threads < N
    backward = tiling.Plan(tiling.LAYERS, precision, 0, B, 1, (share,), share.shared(task, 1))
    plans = tiling.Plans(tiling.Plan(tiling.STEPS, precision, 0), backward)
    engine = emulated(1, BLOCKS)
    engine.shared_memory = max(engine.shared_memory, backward.shared)
    check_steps(Run(engine, case((T, B, N), precision), plans))


def hold_replays(engine, case, plans):
    """The way there and back, recorded and replayed twice, leaves the same bits as launch by launch.

    Of one layer where that is what a launch has. What was there is put back before, so that each replay does it all.
    """
    layers = [arrays(engine, case, index) for index in range(2)]
    for layer in layers:
        layer.gates[...] = engine.asarray(numpy.linspace(-1, 1, layer.gates.size, dtype="f").reshape(layer.gates.shape))
    start = [[engine.read(a) for a in layer if a is not None] for layer in layers]
    scratch, g_out = scratch_of(engine, case), engine.asarray(case.g_out)

    def work():
        for plan, run, what in (
            (plans.forward, recurrence.recur_forward, ()),
            (plans.backward, recurrence.recur_backward, (g_out,)),
        ):
            wanted = layers if plan.way == tiling.WAVEFRONT else layers[:1]
            run(engine, plans, wanted, *what, scratch, case.drops)

    def results(run):
        for layer, values in zip(layers, start, strict=True):
            for array, value in zip((a for a in layer if a is not None), values, strict=True):
                array[...] = engine.asarray(value)
        run()
        return [engine.read(a).tobytes() for layer in layers for a in layer if a is not None]

    wanted = results(work)
    replay = engine.record(work)
    assert engine.why_no_graph is None
    assert replay is not work
    assert wanted != results(lambda: None)
    for _ in range(2):
        assert results(replay) == wanted


@pytest.mark.parametrize("way", [tiling.WAVEFRONT, tiling.LAYERS, tiling.STEPS])
def test_replays_leave_the_same_bits(way, emulated, case):
    size = SIZES[1]
    hold_replays(emulated(1, BLOCKS), case(size[:3], F), plans(way, F, size))


def test_as_many_launches_as_the_way_says(emulated, case):
    size = SIZES[1]
    for way, wanted in ((tiling.WAVEFRONT, 2), (tiling.LAYERS, 4), (tiling.STEPS, 4 * size[0])):
        engine = emulated(1, BLOCKS)
        Run(engine, case(size[:3], F, None), plans(way, F, size))
        assert len(engine.launches) == wanted


def test_what_cannot_be_together_is_refused(emulated, case):
    size = SIZES[1]
    example = case(size[:3], F, "projections")
    with pytest.raises(AssertionError):
        Run(emulated(1, BLOCKS), example, plans(tiling.WAVEFRONT, F, size))
    assert NONE.threshold == 0


@pytest.mark.gpu
@pytest.mark.parametrize("precision", [F, T32, B16])
@pytest.mark.parametrize("size", [(5, 20, 650), (4, 50, 256), (3, 256, 650), (3, 20, 1500), (7, 3, 33)], ids=str)
def test_on_a_gpu_each_way_and_the_replay_of_its_launches(gpu, size, precision, case):
    engine = gpu
    if engine.capability < 80 and precision != F:
        pytest.skip("this GPU has no tensor cores for it")
    example = case(size, precision)
    found = [
        tiling.ways(direction, engine.multiprocessors, engine.shared_memory, *size, precision)
        for direction in (tiling.FORWARD, tiling.BACKWARD)
    ]
    for way in found[0].keys() & found[1].keys():
        plans = tiling.Plans(*(ways[way] for ways in found))
        once, thrice = (Run(engine, example, plans, times) for times in (1, 3))
        check_steps(once, 1e-4)
        again = thrice.results()
        assert all(numpy.array_equal(value, again[name], equal_nan=True) for name, value in once.results().items())
        hold_replays(engine, example, plans)
