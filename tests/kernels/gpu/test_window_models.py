"""A window on a GPU of each kind of model and of training, against Chainer on the CPU."""

import numpy
import pytest

from tests.conftest import relative_error
from tests.kernels.gpu.test_window import BATCH, STEPS, TOLERANCE, UNITS, WORDS, read, to_cpu
from tsuzuri.compat import chainer
from tsuzuri.kernels.gpu import launcher, tiling
from tsuzuri.models import rnn
from tsuzuri.training import recorded
from tsuzuri.training.averaging import WeightAverage
from tsuzuri.training.optimizers import OPTIMIZERS, set_frozen

RATES = {"dropout_input": 0.3, "dropout_between": 0.2, "dropout_output": 0.4}
PLAIN = {"dropout": 0.0}


def make(xp, precision="float32", rule="momentum", decay=0.0, average=None, **options):
    """A model, its optimizer, and the mean of its weights where ``average`` is given.

    ``options`` are those of ``rnn.RNN`` and of ``rnn.Sizes``.
    """
    held = {name: options.pop(name) for name in ("ar", "tar", "smoothing") if name in options}
    sizes = rnn.Sizes(**{"words": WORDS, "units": UNITS} | options)
    model = rnn.RNN(sizes, numpy.random.default_rng(3), precision, **held)
    for pair in model.layers:
        for part in pair:
            part.W.array *= 0.5  # with weights as large as those of so few units are, roundings grow from step to step
    optimizer = OPTIMIZERS[rule].make(0.01, 1.0, decay)
    optimizer.setup(model)
    if rule == "adam":
        optimizer.hyperparam.eps = 1e-3  # or the tiniest gradient of either sign would make a whole step
    model.to_device(chainer.get_device("@numpy" if xp is numpy else "@cupy:0"))
    return model, optimizer, None if average is None else WeightAverage(model, average)


def train(xp, windows, frozen=False, **options):
    """A learner after these windows, its losses, and all arrays that a checkpoint keeps, with the state."""
    model, optimizer, average = make(xp, **options)
    set_frozen(model.l0, frozen)
    learning = recorded.make_learner(model, optimizer, BATCH, STEPS, average)
    learning.begin(0.0)
    losses = []
    for each in windows:
        learning.learn(each)
        if average:
            average.take(optimizer.t)
        losses.append(learning.nats())
    arrays = {}
    for path, param in model.namedparams():
        arrays[path] = param.array
        rule = param.update_rule
        arrays |= {f"{path}/{name}": rule.state[name] for name in optimizer.states if rule.state}
    arrays |= dict(zip(model.sizes.state_widths(), model.get_state(), strict=True))
    arrays |= {f"mean {path}": array for path, array in average.arrays.items()} if average else {}
    return learning, losses, {name: to_cpu(array) for name, array in arrays.items()}


def assert_follows(rng, engine, count=3, **options):
    """Train twice, on the GPU and on the CPU, and compare."""
    tolerance = TOLERANCE[options.get("precision", "float32")]
    windows = [read(rng, STEPS - k % 2) for k in range(count)]  # one of four steps, the next of three
    learning, losses, found = train(engine.xp, windows, **options)
    assert type(learning) is (recorded.WindowLearner if options.get("frozen") else recorded.RecordedLearner)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(launcher, "of_type", lambda kind: None)
        learning, expected_losses, expected = train(numpy, windows, **options | {"precision": "float32"})
    assert type(learning) is recorded.WindowLearner
    assert losses == pytest.approx(expected_losses, rel=tolerance)
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        assert relative_error(found[name], array, 0.1) < max(1e-3, tolerance), name


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_tied_weights(rng, engine, precision):
    assert_follows(rng, engine, precision=precision, tied=True, dropout=0.4)


def test_tied_weights_of_logits_by_blocks(rng, engine, monkeypatch):
    monkeypatch.setattr("tsuzuri.kernels.gpu.output.rows_at_once", lambda rows, words: 5)
    assert_follows(rng, engine, tied=True, **PLAIN)


@pytest.mark.parametrize("locked", [True, False])
def test_a_rate_for_each_place(rng, engine, locked):
    assert_follows(rng, engine, locked=locked, **RATES)


@pytest.mark.parametrize("place", RATES)
def test_one_mask_for_all_steps_of_one_place(rng, engine, place):
    assert_follows(rng, engine, 2, locked=True, **PLAIN | {place: 0.4})


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("rule", ["adam", "sgd"])
def test_decay_and_a_mean_of_the_weights(rng, engine, rule, precision):
    assert_follows(rng, engine, rule=rule, precision=precision, decay=5.0, average=0.5, **PLAIN)


@pytest.mark.parametrize("more", [{"decay": 5.0}, {"average": 0.5}], ids=str)
def test_decay_or_a_mean_of_the_weights(rng, engine, more):
    assert_follows(rng, engine, dropout=0.4, tied=True, **more)


@pytest.mark.parametrize("precision", ["float32", "tf32", "bfloat16"])
def test_dropout_of_recurrent_weights(rng, engine, precision):
    assert_follows(rng, engine, precision=precision, dropout_weights=0.5, **PLAIN)


@pytest.mark.parametrize("more", [{"dropout": 0.0}, {"dropout": 0.4, "locked": True, "tied": True}], ids=str)
def test_dropout_of_words(rng, engine, more):
    assert_follows(rng, engine, dropout_words=0.3, **more)


@pytest.mark.parametrize("more", [{"ar": 2.0}, {"tar": 2.0}, {"ar": 2.0, "tar": 1.0, "locked": True}], ids=str)
def test_penalties(rng, engine, more):
    assert_follows(rng, engine, dropout=0.4, **more)


@pytest.mark.parametrize("more", [{}, {"tied": True, "precision": "bfloat16"}, {"embed": 5, "tied": True}], ids=str)
def test_smoothed_targets(rng, engine, more):
    assert_follows(rng, engine, dropout=0.4, smoothing=0.5, **more)


def test_smoothed_targets_by_blocks(rng, engine, monkeypatch):
    monkeypatch.setattr("tsuzuri.kernels.gpu.output.rows_at_once", lambda rows, words: 5)
    assert_follows(rng, engine, smoothing=0.5, **PLAIN)


def test_penalties_on_a_window_of_one_step(rng, engine):
    windows = [read(rng, 1)]
    _, _, found = train(engine.xp, windows, ar=1.0, tar=1.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(launcher, "of_type", lambda kind: None)
        _, _, expected = train(numpy, windows, ar=1.0, tar=1.0)
    for name, array in expected.items():
        assert relative_error(found[name], array, 0.1) < 1e-4, name


@pytest.mark.parametrize(
    "sizes",
    [
        {"embed": 5},
        {"embed": 5, "tied": True, "locked": True, "dropout_weights": 0.3},
        {"layers": 1},
        {"layers": 1, "tied": True, "embed": 6},
        {"layers": 3, "embed": 5, "dropout_on": rnn.PROJECTIONS},
        {"layers": 4, "precision": "bfloat16", "embed": 4, "tied": True},
        {"skip": True},
        {"skip": True, "precision": "bfloat16", "locked": True, "tied": True},
        {"skip": True, "layers": 3, "dropout_on": rnn.PROJECTIONS},
        {"skip": True, "layers": 4, "embed": 4, "tied": True, "locked": True, "ar": 2.0, "tar": 1.0},
    ],
    ids=str,
)
def test_layers_and_widths(rng, engine, sizes):
    assert_follows(rng, engine, dropout=0.3, **sizes)


ALL = {"tied": True, "embed": 5, "locked": True, "dropout_weights": 0.5, "dropout_words": 0.1, **RATES}
ALL |= {"ar": 2.0, "tar": 1.0, "smoothing": 0.3, "decay": 1.0, "average": 0.9}


@pytest.mark.parametrize("more", [{}, {"skip": True, "embed": None}, {"skip": True, "layers": 4}], ids=str)
def test_all_together(rng, engine, more):
    assert_follows(rng, engine, 4, **ALL | more)


@pytest.mark.parametrize("tied", [True, False])
def test_frozen_words_go_through_chainer(rng, engine, tied):
    assert_follows(rng, engine, frozen=True, **ALL | {"tied": tied})


@pytest.mark.parametrize("precision", ["float32", "tf32", "bfloat16"])
def test_step_by_step_where_weights_do_not_fit(rng, engine, monkeypatch, precision):
    by_steps = tiling.Plan(tiling.STEPS, precision, 0)
    monkeypatch.setattr(tiling, "plans_for", lambda *_: tiling.Plans(by_steps, by_steps))
    found, *_ = train(engine.xp, [read(rng)], precision=precision, **ALL)
    assert "recurrence by steps," in found.description
    assert_follows(rng, engine, precision=precision, **ALL)


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["bfloat16", "float32"])
def test_the_plans_of_a_large_gpu(rng, emulated, monkeypatch, precision):
    """The shares that an H200 would have of layers of two widths, for two steps of the 35."""
    engine = emulated(1, multiprocessors=132)
    engine.shared_memory = 227 << 10
    plans_for = tiling.plans_for
    monkeypatch.setattr(tiling, "plans_for", lambda *sizes: plans_for(*sizes[:2], 35, *sizes[3:]))
    monkeypatch.setattr(launcher, "of_type", lambda kind: engine)
    sizes = ALL | {"units": 128, "embed": 100, "layers": 3, "precision": precision}
    assert_follows(rng, engine, 1, **sizes)


def test_streams_that_begin_anew(rng, engine):
    model, optimizer, _ = make(engine.xp, precision="bfloat16", layers=3)
    learning = recorded.make_learner(model, optimizer, BATCH, STEPS)
    learning.begin(0.0)
    learning.learn(read(rng))
    before = [to_cpu(array) for array in model.get_state()]
    learning._window.reset_streams(numpy.array([True, False, True]))
    for array, old in zip(model.get_state(), before, strict=True):
        array = to_cpu(array)
        assert not array[[0, 2]].any()
        assert (array[1] == old[1]).all()
        assert old.all()
    operands = [to_cpu(learning._window._arrays[f"h_op{k}"][0]) for k in (1, 2, 3)]
    assert [op[[0, 2]].any() for op in operands] == [False] * 3
    assert [op[1].any() for op in operands] == [True] * 3
