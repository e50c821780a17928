"""The whole window on a GPU, emulated or real, against Chainer on the CPU: losses, weights, moments, state."""

import re

import numpy
import pytest

from tests.conftest import relative_error
from tsuzuri.compat import chainer
from tsuzuri.data.windows import Window
from tsuzuri.errors import UserError
from tsuzuri.kernels import gpu
from tsuzuri.kernels.gpu import drawing, launcher, memory, tiling, update, window
from tsuzuri.models import rnn
from tsuzuri.training import evaluation, recorded
from tsuzuri.training.optimizers import OPTIMIZERS

to_cpu = chainer.backends.cuda.to_cpu

WORDS, UNITS, BATCH, STEPS = 23, 9, 3, 4
TOLERANCE = {"float32": 2e-5, "tf32": 2e-3, "bfloat16": 2e-2}


def make(xp, precision="float32", ratio=0.4, on=rnn.LAYERS, rule="adam", clip=1.0, units=UNITS):
    model = rnn.RNN(rnn.Sizes(WORDS, units, ratio, on), numpy.random.default_rng(3), precision)
    for layer in (model.l1_x, model.l1_h, model.l2_x, model.l2_h):
        layer.W.array *= 0.5  # with weights as large as those of so few units are, roundings grow from step to step
    optimizer = OPTIMIZERS[rule].make(1.0 if rule == "adadelta" else 0.01, clip)  # whose steps are small by themselves
    optimizer.setup(model)
    if hasattr(optimizer.hyperparam, "eps"):
        optimizer.hyperparam.eps = 1e-3  # or the tiniest gradient of either sign would make a whole step
    model.to_device(chainer.get_device("@numpy" if xp is numpy else "@cupy:0"))
    return model, optimizer


def read(rng, steps=STEPS, batch=BATCH, resets=None):
    xs, ts = rng.integers(0, WORDS, (2, steps, batch)).astype("i")
    ts[rng.random(ts.shape) < 0.1] = -1
    return Window(xs, ts, resets)


def arrays_of(model, optimizer):
    """All that a checkpoint keeps of the two, and the state."""
    arrays = {}
    for path, param in model.namedparams():
        arrays[path] = param.array
        arrays |= {f"{path}/{name}": param.update_rule.state[name] for name in optimizer.states}
    arrays |= dict(zip(("c1", "h1", "c2", "h2"), model.get_state(), strict=True))
    return {name: to_cpu(array) for name, array in arrays.items()}


def train(xp, windows, batch=BATCH, **options):
    """A learner after these windows, its losses, and the arrays."""
    model, optimizer = make(xp, **options)
    learning = recorded.make_learner(model, optimizer, batch, max(len(read.xs) for read in windows))
    learning.begin(0.0)
    losses = []
    for read in windows:
        learning.learn(read)
        losses.append(learning.nats())
    assert optimizer.t == len(windows)
    return learning, losses, arrays_of(model, optimizer)


def assert_follows(rng, engine, count, **options):
    """Train twice, on the GPU and on the CPU, and compare."""
    precision = options.get("precision", "float32")
    some = [None, numpy.arange(BATCH) == 1, numpy.arange(BATCH) != 1]  # streams that begin anew
    windows = [read(rng, STEPS - k % 2, resets=some[k % 3]) for k in range(count)]  # one of four steps, one of three
    learning, losses, found = train(engine.xp, windows, **options)
    assert type(learning) is recorded.RecordedLearner
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(launcher, "of_type", lambda kind: None)
        learning, expected_losses, expected = train(numpy, windows, **options | {"precision": "float32"})
    assert type(learning) is recorded.WindowLearner
    assert losses == pytest.approx(expected_losses, rel=TOLERANCE[precision])
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        assert relative_error(found[name], array, 0.1) < max(1e-3, TOLERANCE[precision]), name


@pytest.mark.parametrize(
    ("precision", "ratio", "on"),
    [
        ("float32", 0.0, rnn.LAYERS),
        ("float32", 0.4, rnn.LAYERS),
        ("float32", 0.4, rnn.PROJECTIONS),
        ("tf32", 0.4, rnn.LAYERS),
        ("bfloat16", 0.4, rnn.LAYERS),
        ("bfloat16", 0.4, rnn.PROJECTIONS),
    ],
)
def test_it_learns_as_on_the_cpu(rng, engine, precision, ratio, on):
    assert_follows(rng, engine, 3, precision=precision, ratio=ratio, on=on, rule="momentum")


@pytest.mark.parametrize("rule", update.STATES)
def test_every_optimizer(rng, engine, rule):
    assert_follows(rng, engine, 3, rule=rule, clip=float("inf") if rule == "sgd" else 0.5)


def test_the_same_bytes_whatever_the_order_of_threads(rng, emulated):
    windows = [(*read(rng)[:2], [int(key) for key in rng.integers(2**64, size=5, dtype="u8")]) for _ in range(3)]
    sizes = rnn.Sizes(WORDS, UNITS, 0.4)
    weights = {name: rng.normal(size=shape).astype("f") for name, shape in sizes.shapes().items()}
    results = []
    for seed in range(2):
        training = memory.Training("adam", 1.0, "float32")
        made = window.Window(emulated(seed, multiprocessors=6), sizes, BATCH, STEPS, training)
        for name, array in weights.items():
            made.weights[name][...] = array
        made.take_weights()
        made.begin(0.0, None)
        for xs, ts, keys in windows:
            made.learn(xs, ts, keys, (0.01, 0.1, 0.01, 1e-8))
        results.append([made.nats(), *(array.tobytes() for array in (*made.weights.values(), *made.state))])
    assert results[0] == results[1]


def test_evaluation_leaves_the_state_as_it_was(rng, engine):
    model, optimizer = make(engine.xp)
    found = recorded.make_learner(model, optimizer, BATCH, STEPS)
    ids = rng.integers(0, WORDS, 40).astype("i")
    found.begin(0.0)
    found.learn(read(rng))
    state = model.get_state()
    loss = evaluation.evaluate_loss(model, ids)
    assert all((a == b).all() for a, b in zip(state, model.get_state(), strict=True))
    plain = make(numpy)[0]
    for (_, theirs), (_, ours) in zip(sorted(plain.namedparams()), sorted(model.namedparams()), strict=True):
        theirs.array = to_cpu(ours.array).copy()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(launcher, "of_type", lambda kind: None)
        assert loss == pytest.approx(evaluation.evaluate_loss(plain, ids), rel=1e-5)


def test_a_batch_that_does_not_fit_is_refused_with_one_that_does(emulated, monkeypatch):
    engine = emulated()
    monkeypatch.setattr(engine, "free", lambda: 1 << 20)
    sizes, training = rnn.Sizes(WORDS, UNITS, 0.4), memory.Training("adam", 1.0, "bfloat16")
    with pytest.raises(
        UserError, match=r"--batchsize 500: a window of 35 steps, 9 units and 23 words takes"
    ) as refused:
        window.Window(engine, sizes, 500, 35, training)
    fits = int(re.search(r"1\.0 MiB are free: at most --batchsize (\d+), or -d cpu$", str(refused.value))[1])
    found = window.Window(engine, sizes, fits, 35, training)
    assert sum(array.nbytes for array in found._arrays.values()) <= 1 << 20
    with pytest.raises(UserError, match=f"at most --batchsize {fits}, or -d cpu$"):
        window.Window(engine, sizes, fits + 1, 35, training)
    with pytest.raises(UserError, match=r"free: a smaller --unit, or -d cpu$"):
        window.Window(engine, rnn.Sizes(10**6, 64), 1, 35, training)


def test_options_that_the_kernels_do_not_have_go_through_chainer(engine):
    model, optimizer = make(engine.xp)
    assert type(recorded.make_learner(model, optimizer, BATCH, STEPS)) is recorded.RecordedLearner
    optimizer.weight_decay_rate = 0.1
    assert type(recorded.make_learner(model, optimizer, BATCH, STEPS)) is recorded.WindowLearner
    model, optimizer = make(engine.xp)
    optimizer.add_hook(chainer.optimizer_hooks.WeightDecay(0.1))
    assert type(recorded.make_learner(model, optimizer, BATCH, STEPS)) is recorded.WindowLearner
    model, optimizer = make(engine.xp)
    model.l3.b.update_rule.hyperparam.alpha = 0.1
    assert type(recorded.make_learner(model, optimizer, BATCH, STEPS)) is recorded.WindowLearner


def test_what_is_frozen_for_a_while_goes_through_chainer(rng, engine):
    model, optimizer = make(engine.xp)
    model.l0.disable_update()
    words = to_cpu(model.l0.W.array).tobytes()
    for frozen in (True, False):  # enabled again, l0 has fewer updates behind it, and so another bias to correct
        found = recorded.make_learner(model, optimizer, BATCH, STEPS)
        assert type(found) is recorded.WindowLearner
        found.begin(0.0)
        found.learn(read(rng))
        assert (to_cpu(model.l0.W.array).tobytes() == words) is frozen
        model.l0.enable_update()
    assert (model.l0.W.update_rule.t, model.l3.W.update_rule.t) == (1, 2)


def test_what_was_frozen_before_all_learnt_is_recorded_again(rng, engine):
    model, optimizer = make(engine.xp)
    model.disable_update()
    windows = [read(rng), read(rng)]
    frozen = recorded.make_learner(model, optimizer, BATCH, STEPS)
    frozen.begin(0.0)
    frozen.learn(windows[0])
    model.enable_update()
    found = recorded.make_learner(model, optimizer, BATCH, STEPS)
    assert type(found) is recorded.RecordedLearner
    found.begin(0.0)
    found.learn(windows[1])
    assert {param.update_rule.t for param in model.params()} == {1}
    assert optimizer.t == 2


def test_who_computes_on_the_cpu_leaves_the_gpu_alone(monkeypatch):
    monkeypatch.setattr(launcher, "current", lambda: pytest.fail("the GPU was asked for"))
    model, optimizer = make(numpy)
    assert type(recorded.make_learner(model, optimizer, BATCH, STEPS)) is recorded.WindowLearner
    assert model.writer(1, (1.0, None, None), model.rng) is None


def test_arrays_at_odd_addresses_are_not_for_the_kernels(engine):
    flat = engine.xp.zeros(9, "f")
    assert gpu.engine_of(flat[4:]) is gpu.engine_of(flat) is engine
    assert gpu.engine_of(flat[1:]) is None
    assert gpu.engine_of(flat.astype("d")) is None


def test_a_vocabulary_beyond_the_draw_has_no_writer(engine, monkeypatch):
    model, _ = make(engine.xp)
    assert model.writer(1, (1.0, None, None), model.rng) is not None
    monkeypatch.setattr(drawing, "MOST_WORDS", WORDS - 1)
    assert model.writer(1, (1.0, None, None), model.rng) is None


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["bfloat16", "tf32", "float32"])
@pytest.mark.parametrize(("units", "batch"), [(256, 50), (650, 20), (1500, 20), (650, 256)])
def test_the_plans_of_a_large_gpu(rng, emulated, monkeypatch, units, batch, precision):
    """The shares that an H200 would have, all its blocks and threads, for two steps of the 35."""
    engine = emulated(1, multiprocessors=132)
    engine.shared_memory = 227 << 10
    plans_for = tiling.plans_for
    monkeypatch.setattr(tiling, "plans_for", lambda *sizes: plans_for(*sizes[:2], 35, *sizes[3:]))
    monkeypatch.setattr(launcher, "of_type", lambda kind: engine)
    windows = [Window(*rng.integers(0, WORDS, (2, 2, batch)).astype("i"))]
    settings = {"units": units, "batch": batch, "rule": "momentum", "precision": precision}
    learning, losses, found = train(numpy, windows, **settings)
    assert type(learning) is recorded.RecordedLearner
    monkeypatch.setattr(launcher, "of_type", lambda kind: None)
    _, expected_losses, expected = train(numpy, windows, **settings | {"precision": "float32"})
    assert losses == pytest.approx(expected_losses, rel=TOLERANCE[precision])
    for name, array in expected.items():
        assert relative_error(found[name], array) < {"float32": 1e-5, "tf32": 2e-3, "bfloat16": 3e-2}[precision], name
