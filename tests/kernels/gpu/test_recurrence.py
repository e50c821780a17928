"""The recurrence on a GPU, emulated or real: each way, each precision, replays, and the order of blocks."""

import numpy
import pytest

from tests.conftest import relative_error
from tests.kernels.gpu.recurrent_case import B16, SIZES, T32, F, arrays, plans, scratch_of
from tests.kernels.gpu.recurrent_run import Run, check_specification, check_steps, specification
from tsuzuri.kernels import reference
from tsuzuri.kernels.gpu import recurrence, tiling
from tsuzuri.kernels.gpu.masks import NONE
from tsuzuri.kernels.gpu.recurrence import Ends

COMBINATIONS = [  # each costs two builds
    *((way, precision) for way in (tiling.WAVEFRONT, tiling.LAYERS, tiling.STEPS) for precision in (F, B16)),
    (tiling.WAVEFRONT, T32),
]
BLOCKS = 10  # at once
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
def test_one_mask_for_all_steps(way, emulated, case):
    size = SIZES[1]
    run = Run(emulated(1, BLOCKS), case(size[:3], F, locked=True), plans(way, F, size))
    check_steps(run)
    check_specification(run)
    for layer in run.layers:
        dropped = layer.out_op == 0
        assert dropped.any()
        assert (dropped == dropped[:1]).all()


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
            run(engine, plans, wanted, *what, scratch, case.drops[: len(wanted)])

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
