"""What a window on a GPU takes, for how long, and in how many pieces: on the emulated GPU."""

import gc
import weakref

import numpy
import pytest

from tests.conftest import relative_error
from tsuzuri.compat import chainer
from tsuzuri.errors import UserError
from tsuzuri.kernels.gpu import launcher, memory, output, tiling, update, window
from tsuzuri.models import rnn
from tsuzuri.training import recorded, schemas
from tsuzuri.training.averaging import WeightAverage
from tsuzuri.training.optimizers import OPTIMIZERS

WORDS, UNITS, BATCH, STEPS = 23, 9, 3, 4


def made(engine, batch=BATCH):
    training = memory.Training("momentum", 1.0, "float32")
    return window.Window(engine, rnn.Sizes(WORDS, UNITS, 0.4), batch, STEPS, training)


def learn(found, rng, steps=STEPS):
    xs, ts = rng.integers(0, WORDS, (2, steps, BATCH)).astype("i")
    found.learn(xs, ts, [1, 2, 3, 4, 5], (0.1, 0.9))


@pytest.mark.parametrize("graphs", [True, False])
def test_a_window_goes_when_nobody_has_it(rng, emulated, graphs):
    engine = emulated(1, multiprocessors=6)
    found = made(engine)
    found.begin(0.0, None)
    learn(found, rng)
    assert found.why_no_graph is None
    if not graphs:
        engine.why_no_graph, engine.record = "not here", lambda function: function
    for steps in (STEPS - 1, STEPS, STEPS - 1):
        learn(found, rng, steps)
    assert found.why_no_graph == (None if graphs else "not here")
    gone = weakref.ref(found)
    gc.disable()
    try:
        del found
        assert gone() is None
        assert engine.used() == 0
    finally:
        gc.enable()


def test_the_logits_of_a_window_by_blocks_are_those_of_all_rows(rng, emulated, monkeypatch):
    weights = {name: rng.normal(size=shape).astype("f") for name, shape in rnn.Sizes(WORDS, UNITS).shapes().items()}
    xs, ts = rng.integers(0, WORDS, (2, STEPS, BATCH)).astype("i")
    results = []
    for rows in (STEPS * BATCH, 5):
        monkeypatch.setattr(output, "rows_at_once", lambda _, words, rows=rows: rows)
        found = made(emulated(1, multiprocessors=6))
        assert len(found._arrays["logits"]) == rows
        for name, array in weights.items():
            found.weights[name][...] = array
        found.begin(0.0, None)
        found.learn(xs, ts, [1, 2, 3, 4, 5], (0.1, 0.9))
        results.append((found.nats(), found.weights))
    (nats, at_once), (again, by_blocks) = results
    assert again == pytest.approx(nats, rel=1e-6)
    for name, array in at_once.items():
        assert relative_error(by_blocks[name], array) < 1e-5


def test_a_refusal_makes_no_plan_and_a_window_one(emulated, monkeypatch):
    engine, plans, plans_for = emulated(1, multiprocessors=6), [], tiling.plans_for
    monkeypatch.setattr(tiling, "plans_for", lambda *sizes: plans.append(sizes) or plans_for(*sizes))
    monkeypatch.setattr(engine, "free", lambda: 1 << 20)
    with pytest.raises(UserError, match="at most --batchsize"):
        made(engine, batch=5000)
    assert plans == []
    made(engine)
    assert len(plans) == 1


def taken_by(engine, monkeypatch, *what):
    """A window, and the arrays that it took."""
    taken, zeros = [], engine.zeros
    with monkeypatch.context() as patch:
        patch.setattr(engine, "zeros", lambda *what: taken.append(zeros(*what)) or taken[-1])
        return window.Window(engine, *what), taken


@pytest.mark.parametrize("averaged", [True, False])
@pytest.mark.parametrize("sizes", [{"layers": 3, "embed": 40}, {"tied": True, "dropout_weights": 0.5}], ids=str)
def test_what_is_counted_is_what_other_models_take(emulated, monkeypatch, sizes, averaged):
    engine, sizes = emulated(1, multiprocessors=6), rnn.Sizes(WORDS, UNITS, **sizes)
    training = memory.Training("adam", 1.0, "float32", averaged=averaged)
    found, taken = taken_by(engine, monkeypatch, sizes, BATCH, STEPS, training)
    assert found._sizes.bytes(engine) == sum(array.nbytes for array in taken)
    assert found.weights.keys() == sizes.shapes().keys()
    assert (found.means or {}).keys() == (sizes.shapes().keys() if averaged else set())


@pytest.mark.parametrize(
    "recipe", [{}, {"average": 0.9}, {"weight_decay": 0.1, "ar": 1.0, "optimizer": "sgd"}], ids=str
)
def test_what_is_refused_beforehand_is_what_has_no_room(emulated, monkeypatch, recipe):
    """The check before a run is replaced counts as the window does."""
    engine = emulated(1, multiprocessors=6)
    monkeypatch.setattr(launcher, "of_type", lambda kind: engine)
    recipe = schemas.LanguageModelRecipe(batchsize=BATCH, bproplen=STEPS, **recipe)
    sizes = rnn.Sizes(WORDS, UNITS, layers=1, tied=True, dropout_weights=0.2)
    model = rnn.RNN(sizes, numpy.random.default_rng(1), ar=recipe.ar)
    optimizer = OPTIMIZERS[recipe.optimizer].make(0.1, 1.0, recipe.weight_decay)
    optimizer.setup(model)
    average = WeightAverage(model, recipe.average) if recipe.average else None
    learning = recorded.make_learner(model, optimizer, BATCH, STEPS, average)
    needed = learning._window._sizes.bytes(engine)
    monkeypatch.setattr(engine, "free", lambda: needed)
    recorded.check_memory(chainer.get_device("@numpy"), sizes, recipe)
    monkeypatch.setattr(engine, "free", lambda: needed - 1)
    with pytest.raises(UserError, match="at most --batchsize"):
        recorded.check_memory(chainer.get_device("@numpy"), sizes, recipe)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("on", [rnn.LAYERS, rnn.PROJECTIONS])
def test_what_is_counted_is_what_is_taken(emulated, monkeypatch, precision, on):
    engine, sizes = emulated(1, multiprocessors=6), rnn.Sizes(WORDS, UNITS, 0.4, on)
    found, taken = taken_by(engine, monkeypatch, sizes, BATCH, STEPS, memory.Training("momentum", 1.0, precision))
    assert found._sizes.bytes(engine) == sum(array.nbytes for array in taken)
    assert len({id(array) for array in taken}) == len(found._arrays)
    assert found._arrays["weights"].size == update.layout(sizes.shapes()).size
    assert all(not numpy.any(array) for array in taken)
