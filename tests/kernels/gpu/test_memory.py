"""What a window on a GPU takes, for how long, and in how many pieces: on the emulated GPU."""

import gc
import weakref

import numpy
import pytest

from tests.conftest import relative_error
from tsuzuri.errors import UserError
from tsuzuri.kernels.gpu import memory, output, tiling, update, window
from tsuzuri.models import rnn

WORDS, UNITS, BATCH, STEPS = 23, 9, 3, 4


def made(engine, precision="float32", batch=BATCH, ratio=0.4, on=rnn.LAYERS):
    training = memory.Training("momentum", 1.0, precision)
    return window.Window(engine, rnn.Sizes(WORDS, UNITS, ratio, on), batch, STEPS, training)


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


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("on", [rnn.LAYERS, rnn.PROJECTIONS])
def test_what_is_counted_is_what_is_taken(emulated, monkeypatch, precision, on):
    engine, taken = emulated(1, multiprocessors=6), []
    zeros = engine.zeros
    monkeypatch.setattr(engine, "zeros", lambda *what: taken.append(zeros(*what)) or taken[-1])
    found = made(engine, precision, on=on)
    assert found._sizes.bytes(engine) == sum(array.nbytes for array in taken)
    assert len({id(array) for array in taken}) == len(found._arrays)
    assert found._arrays["weights"].size == update.layout(rnn.Sizes(WORDS, UNITS).shapes()).size
    assert all(not numpy.any(array) for array in taken)
