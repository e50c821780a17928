"""How the recurrence is shared out: every piece of work is somebody's, nobody's twice, and nobody waits for ever.

The arithmetic of indices is written here again, from recurrence.cuh and the kernels beside it.
"""

import collections
import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernels.gpu import nvrtc
from tsuzuri.kernels.gpu import sources, tiling
from tsuzuri.kernels.gpu.tiling import BACKWARD, BFLOAT16, FLOAT32, FORWARD, LAYERS, STEPS, TF32, WAVEFRONT, Task

H200 = 132, (227 - 1) << 10  # multiprocessors, bytes of shared memory for a block without what CUDA takes
T = 35
WAYS = {  # (N, B): of each precision, forward and backward
    (650, 20): {BFLOAT16: (WAVEFRONT, WAVEFRONT), TF32: (WAVEFRONT, LAYERS), FLOAT32: (LAYERS, LAYERS)},
    (1500, 20): {BFLOAT16: (LAYERS, LAYERS), TF32: (STEPS, STEPS), FLOAT32: (STEPS, STEPS)},
    (256, 50): {BFLOAT16: (WAVEFRONT, WAVEFRONT), TF32: (WAVEFRONT, WAVEFRONT), FLOAT32: (WAVEFRONT, WAVEFRONT)},
    (650, 256): {BFLOAT16: (LAYERS, STEPS), TF32: (STEPS, STEPS), FLOAT32: (STEPS, STEPS)},
}

DIRECTIONS = FORWARD, BACKWARD
directions = st.sampled_from(DIRECTIONS)
precisions = st.sampled_from([BFLOAT16, TF32, FLOAT32])
small = st.tuples(st.integers(1, 4), st.integers(1, 40), st.integers(1, 70))  # T, B, N
machines = st.tuples(st.integers(1, 12), st.sampled_from([4, 16, 64, 226])).map(lambda m: (m[0], m[1] << 10))


def blocks(plan, task):
    """(layer, first unit, units, first stream, streams) of each block, as the kernels reckon."""
    layer, left = 0, plan.blocks
    for index in range(left):
        lower = plan.shares[0].groups * plan.stream_groups
        layer = int(index >= lower)
        share = plan.shares[layer]
        block = index - lower * layer
        unit, stream = block % share.groups * share.units, block // share.groups * plan.streams
        yield layer, unit, min(share.units, task.units - unit), stream, min(plan.streams, task.batch - stream)


def some(ways, direction, sizes, precision):
    """The plans of launches among those of all ways, with their tasks."""
    return [(plan, Task(direction, len(plan.shares), *sizes, precision)) for plan in ways.values() if plan.shares]


@settings(max_examples=60, deadline=None)
@given(directions, machines, small, precisions)
def test_every_unit_of_every_stream_is_one_threads(direction, machine, sizes, precision):
    ways = tiling.ways(direction, *machine, *sizes, precision)
    assert STEPS in ways
    for plan, task in some(ways, direction, sizes, precision):
        assert 1 <= plan.blocks <= machine[0]
        assert plan.shared <= machine[1]
        assert plan.counters == 1 + task.layers * plan.stream_groups <= 1 + machine[0]  # as recurrence.counters has it
        done = collections.Counter()
        for layer, unit, units, stream, streams in blocks(plan, task):
            share = plan.shares[layer]
            assert units >= 1
            assert streams >= 1
            assert share.threads == plan.shares[0].threads <= 1024
            for pair in range(share.threads * share.pairs):
                own_unit, own_stream = pair % share.units, pair // share.units
                if own_unit < units and own_stream < streams:
                    done[layer, unit + own_unit, stream + own_stream] += 1
        assert set(done.values()) == {1}
        assert len(done) == task.layers * task.units * task.batch


def test_a_block_has_four_rows_of_weights_a_unit_forward_and_one_backward():
    rows = [Task(direction, 1, 1, 1, 9, FLOAT32).rows(3) for direction in (FORWARD, BACKWARD)]
    assert rows == [12, 3]


@settings(max_examples=60, deadline=None)
@given(directions, machines, small, precisions)
def test_warps_share_all_of_a_product_and_stay_within_shared_memory(direction, machine, sizes, precision):
    for plan, task in some(tiling.ways(direction, *machine, *sizes, precision), direction, sizes, precision):
        for share, parts in zip(plan.shares, task.parts, strict=True):
            (mt, nt), (wm, wn, wk) = share.tiles, share.warps
            rows, columns, runs = collections.Counter(), collections.Counter(), collections.Counter()
            for warp in range(share.threads // 32):
                n, m, k = warp % wn, warp // wn % wm, warp // wn // wm
                assert k < wk
                rows.update({(k, n, (m * mt + i) * 16 + r) for i in range(mt) for r in range(16)})
                columns.update({(k, m, (n * nt + i) * 8 + c) for i in range(nt) for c in range(8)})
                runs.update((m, n, run) for run in range(task.runs * k // wk, task.runs * (k + 1) // wk))
            for found, needed in ((rows, task.rows(share.units)), (columns, plan.streams), (runs, task.runs)):
                assert set(found.values()) == {1}
                assert len({key[2] for key in found}) >= needed
            weights = parts * task.rows(share.units) * task.row_bytes
            read = (parts * task.rows(share.units) - 1) * task.row_bytes + (task.runs - 1) * 64 + 3 * 16 + 16
            assert read <= weights
            last = ((wk - 1) * share.width + share.width - 1) * share.height + 16 * mt * wm - 1
            assert weights + 4 * (last + 1) <= plan.shared


def tensor_lane(lane, e):
    return lane // 4 + e // 2 * 8, lane % 4 * 2 + e % 2


def plain_lane(lane, e):
    return lane // 4 % 4 + lane % 4 * 4, lane // 16 + 2 * e


@pytest.mark.parametrize("place", [tensor_lane, plain_lane])
def test_each_sum_of_a_tile_is_finished_by_one_lane(place):
    assert sorted(place(lane, e) for lane in range(32) for e in range(4)) == [
        (r, c) for r in range(16) for c in range(8)
    ]


def test_without_tensor_cores_each_quarter_of_k_is_summed_once():
    terms = [
        (lane // 4 % 4 + 4 * (e // 4), lane // 16 + 2 * (e % 4), lane % 4) for lane in range(32) for e in range(16)
    ]
    assert sorted(terms) == [(r, c, quarter) for r in range(16) for c in range(8) for quarter in range(4)]
    for lane in range(32):  # after two exchanges a lane has the sums of the row that it finishes
        row = lane % 4
        half = [e + 8 if row & 2 else e for e in range(8)]
        finished = [half[e + 4] if row & 1 else half[e] for e in range(4)]
        mine = [(lane // 4 % 4 + 4 * (e // 4), lane // 16 + 2 * (e % 4)) for e in finished]
        assert mine == [plain_lane(lane, e) for e in range(4)]


@given(directions, small, precisions)
def test_eight_lanes_that_read_weights_meet_each_bank_once(direction, sizes, precision):
    row_bytes = Task(direction, 1, *sizes, precision).row_bytes
    for first in range(0, 32, 8):  # those whose 16 bytes come at the same time; both kinds of lane have such rows
        starts = [lane // 4 % 4 * row_bytes + lane % 4 * 16 for lane in range(first, first + 8)]
        banks = {(start + byte) % 128 for start in starts for byte in range(0, 16, 4)}
        assert len(banks) == 32


def steps_of(plan, task, index):
    """What a block waits for and does: (counter, count) pairs, and the step, in the order of the kernels."""
    steps = task.steps
    layer, *_, stream, _ = list(blocks(plan, task))[index]
    group = stream // plan.streams
    groups = [share.groups for share in plan.shares]
    waits_for_other = task.layers == 2 and layer == (1 if task.direction == FORWARD else 0)
    for t in range(steps):  # counted in the direction of the task
        waits = [((1 - layer, group), (t + 1) * groups[1 - layer])] if waits_for_other else []
        yield [*waits, ((layer, group), t * groups[layer])], (layer, group), t


@settings(max_examples=60, deadline=None)
@given(directions, machines, small, precisions, st.integers())
def test_blocks_come_to_an_end_in_any_order_and_find_what_they_need(direction, machine, sizes, precision, seed):
    order = random.Random(seed)
    for plan, task in some(tiling.ways(direction, *machine, *sizes, precision), direction, sizes, precision):
        counters, done = collections.Counter(), collections.Counter()
        running = {index: steps_of(plan, task, index) for index in range(plan.blocks)}
        now = {index: next(steps) for index, steps in running.items()}
        while now:
            ready = [i for i, (waits, *_) in now.items() if all(counters[c] >= count for c, count in waits)]
            assert ready, "blocks wait for each other"
            index = order.choice(ready)
            _, (layer, group), t = now[index]
            needed = [(layer, t - 1)] if t else []
            if task.layers == 2 and layer == (1 if direction == FORWARD else 0):
                needed.append((1 - layer, t))
            for other, step in needed:
                assert done[other, group, step] == plan.shares[other].groups
            done[layer, group, t] += 1
            counters[layer, group] += 1
            now[index] = next(running[index], None)
            if now[index] is None:
                del now[index]
        assert len(done) == task.layers * plan.stream_groups * task.steps


@pytest.mark.parametrize("size", WAYS, ids=str)
@pytest.mark.parametrize("precision", [BFLOAT16, TF32, FLOAT32])
def test_the_ways_on_a_large_gpu(size, precision):
    units, batch = size
    plans = tiling.plans_for(*H200, T, batch, units, precision)
    assert (plans.forward.way, plans.backward.way) == WAYS[size][precision]
    for plan in (plans.forward, plans.backward):
        assert plan.blocks <= H200[0]
        assert plan.shared <= H200[1]


@pytest.mark.parametrize("size", [(128, 4096), (650, 1024), (96, 500), (160, 300), (256, 128), (2000, 1)], ids=str)
def test_few_shares_are_tried(size, monkeypatch):
    """Some microseconds each, before a window's first step."""
    tried, registers = [], tiling.Share.registers
    monkeypatch.setattr(tiling.Share, "registers", lambda share, task: tried.append(share) or registers(share, task))
    units, batch = size
    tiling.plans_for.__wrapped__(*H200, T, batch, units, BFLOAT16)
    assert len(tried) < 30_000


def test_what_is_not_tried_would_hardly_be_better():
    """Against all numbers of units and of streams, on a machine small enough for that.

    Uneven shares win at times, by a tile more of rows that more warps can share.
    """
    for units, batch, precision, direction in itertools.product((5, 33), (1, 11), (BFLOAT16, FLOAT32), DIRECTIONS):
        ways = tiling.ways(direction, 6, 64 << 10, T, batch, units, precision)
        for layers, way in ((1, LAYERS), (2, WAVEFRONT)):
            task = Task(direction, layers, T, batch, units, precision)
            best = fastest(task, 6, 64 << 10)
            assert (best is None) == (way not in ways)
            assert best is None or best <= ways[way].microseconds <= 1.01 * best


def fastest(task, multiprocessors, shared_memory):
    """Microseconds of the best plan of all."""
    found = []
    for streams, warps in itertools.product(range(1, task.batch + 1), tiling.WARPS):
        groups = -(-task.batch // streams)
        room = min(tiling.OF_A_THREAD, tiling.REGISTERS // (32 * warps))

        def best(parts, units, streams=streams, warps=warps, room=room):
            some = tiling._shares(task, units, streams, warps)
            fit = [s for s in some if s.shared(task, parts) <= shared_memory and s.registers(task) <= room]
            return min(((s.cost(task, parts, streams), s) for s in fit), key=lambda pair: pair[0], default=None)

        sizes = range(1, task.units + 1)
        shares = [list(filter(None, (best(parts, units) for units in sizes))) for parts in task.parts]
        together = tiling._together(task, shares, multiprocessors // groups)
        if together:
            found.append(tiling._launch(task, streams, groups, together).microseconds)
    return min(found, default=None)


def test_masked_projections_rule_out_the_wavefront():
    plans = tiling.plans_for(*H200, T, 20, 650, BFLOAT16, alone=True)
    assert (plans.forward.way, plans.backward.way) == (LAYERS, LAYERS)


def test_the_steps_take_what_fits_nowhere():
    plans = tiling.plans_for(2, 8 << 10, 2, 4, 500, FLOAT32)
    assert (plans.forward.way, plans.backward.way) == (STEPS, STEPS)
    assert plans.forward.defines() == {"OPERAND": "float", "TF32": 0}


@pytest.mark.skipif(not nvrtc.libraries(), reason="NVIDIA's compiler is not installed")
@pytest.mark.parametrize("precision", [BFLOAT16, FLOAT32])
@pytest.mark.parametrize("size", WAYS, ids=str)
def test_registers_suffice_for_what_is_chosen(size, precision):
    compiler = nvrtc.Compiler(nvrtc.libraries()[0])
    units, batch = size
    for direction, plan in vars(tiling.plans_for(*H200, T, batch, units, precision)).items():
        if plan.shares:
            source = sources.text(f"recurrence_{direction}", defines=tuple(plan.defines().items()))
            result = compiler.compile(source, 90)
            assert result.warnings() == []
            assert set(result.spills().values()) == {0}
