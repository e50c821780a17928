"""The optimizers in CUDA, run by the emulator, against ``numpy_/update.py`` and ``reference.py``."""

import math

import numpy
import pytest

from tests.conftest import relative_error
from tests.kernels.update import NUMBERS, numbers_at
from tsuzuri.kernels import reference
from tsuzuri.kernels.gpu import sums, update
from tsuzuri.kernels.numpy_ import update as twin
from tsuzuri.training import averaging

SHAPES = {"a/W": (9, 7), "a/b": (9,), "c/W": (1, 1), "b/W": (3, 4), "d/W": (70, 33), "d/b": (70,)}
STEPS = 3


def flat(layout, arrays):
    """Arrays by name in one, with zeros between them."""
    whole = numpy.zeros(layout.size, "f")
    for name, array in arrays.items():
        whole[layout.offsets[name] :][: array.size] = array.reshape(-1)
    return whole


def parts(layout, whole):
    return {name: whole[layout.offsets[name] :][: math.prod(SHAPES[name])].reshape(SHAPES[name]) for name in SHAPES}


def random(rng):
    return {name: rng.normal(size=shape).astype("f") for name, shape in SHAPES.items()}


def start(rng, rule):
    """Weights, states and the gradients of some steps, each by name."""
    states = [{name: abs(array) for name, array in random(rng).items()} for _ in update.STATES[rule]]
    return random(rng), states, [random(rng) for _ in range(STEPS)]


def run(engine, rule, weights, states, gradients, clip, copied=None):
    """What is left after the steps: weights, states, and each step's norm."""
    layout = update.layout(SHAPES)
    flat_weights = engine.asarray(flat(layout, weights))
    flat_states = [engine.asarray(flat(layout, state)) for state in states]
    partials, norm, norms = engine.empty(update.PARTIALS, "d"), engine.empty(1), []
    for step, grads in enumerate(gradients, 1):
        arrays = flat_weights, engine.asarray(flat(layout, grads)), flat_states
        numbers = engine.asarray([*numbers_at(rule, step), *[math.nan] * 4][:4], "d")
        update.update_flat(engine, rule, *arrays, numbers, clip, partials, norm, *(copied or ()))
        norms.append(float(norm[0]))
    return flat_weights, flat_states, norms


def stepped(rule, dtype, weights, states, gradients, clip):
    """The same by ``numpy_/update.py``, as by ``run``."""
    weights = {name: array.astype(dtype) for name, array in weights.items()}
    states = [{name: array.astype(dtype) for name, array in state.items()} for state in states]
    norms = []
    for step, grads in enumerate(gradients, 1):
        tensors = [
            (numbers_at(rule, step), weights[name], grads[name].astype(dtype), [state[name] for state in states])
            for name in SHAPES
        ]
        norms.append(twin.in_blocks(rule, tensors, clip))
    return weights, states, norms


def test_states_are_those_of_the_rules():
    assert list(update.STATES) == list(twin.RULES)
    assert max(map(len, NUMBERS.values())) == 4


@pytest.mark.parametrize(("rule", "clip"), [*((rule, 0.5) for rule in twin.RULES), ("adam", math.inf), ("sgd", 1e6)])
def test_steps(rng, emulated, rule, clip):
    """As in float64 to 1e-5, and bit for bit as NumPy in float32; a GPU rounds some products and sums only once."""
    layout, begin = update.layout(SHAPES), start(rng, rule)
    weights, states, norms = run(emulated(1), rule, *begin, clip)
    for dtype, tolerance in (("d", 1e-5), ("f", 0)):
        slow_weights, slow_states, slow_norms = stepped(rule, dtype, *begin, clip)
        assert norms == pytest.approx(slow_norms, rel=1e-7)
        for found, wanted in zip((weights, *states), (slow_weights, *slow_states), strict=True):
            for name, array in parts(layout, found).items():
                assert relative_error(array, wanted[name], floor=1) <= tolerance, name
    again = run(emulated(2), rule, *begin, clip)
    assert weights.tobytes() == again[0].tobytes()
    assert [state.tobytes() for state in states] == [state.tobytes() for state in again[1]]
    assert norms == again[2]


@pytest.mark.parametrize("names", [None, ["a/W", "d/W"]])
@pytest.mark.parametrize("decays", [True, False])
@pytest.mark.parametrize("averaged", [True, False])
def test_matrices_decay_and_a_mean_follows(rng, emulated, names, decays, averaged):
    """Bit for bit what Chainer's path does in NumPy: matrices shrink before the step, the mean moves after it."""
    engine, (weights, _, gradients), layout = emulated(), start(rng, "sgd"), update.layout(SHAPES)
    slow, flat_weights = parts(layout, flat(layout, weights)), engine.asarray(flat(layout, weights))
    slow_mean, mean = parts(layout, flat(layout, weights)), engine.asarray(flat(layout, weights))
    besides = update.Besides(layout.matrices if decays else 0, mean if averaged else None)
    copies = update.operands(SHAPES, names or ["a/W"])
    copied = (engine.asarray(copies.table), engine.empty(copies.size, "u2")) if names else ()
    for step, grads in enumerate(gradients, 1):
        numbers = engine.asarray([0.1, *[math.nan] * 3, 1 - 0.1 * step, 1 / step], "d")
        arrays = flat_weights, engine.asarray(flat(layout, grads)), [], numbers
        room = engine.empty(update.PARTIALS, "d"), engine.empty(1)
        update.update_flat(engine, "sgd", *arrays, math.inf, *room, *copied, besides=besides)
        for name, array in slow.items():
            if decays and array.ndim > 1:
                array *= numpy.float32(1 - 0.1 * step)
            array -= grads[name] * numpy.float32(0.1)
            averaging.mean_of(slow_mean[name], array, (1 / step) if averaged else 0.0)
    for found, wanted in ((flat_weights, slow), (mean, slow_mean)):
        assert all((array == wanted[name]).all() for name, array in parts(layout, found).items())
    if names:
        place = engine.empty((70, 64), "u2")
        sums.cast(engine, engine.asarray(slow["d/W"]), place)
        assert (copied[1][copies.places["d/W"][0] :][: place.size].reshape(place.shape)[:, :33] == place[:, :33]).all()


def test_adam_is_the_papers(rng, emulated):
    weights, _, gradients = start(rng, "adam")
    zeros = [{name: array * 0 for name, array in weights.items()} for _ in range(2)]
    found = parts(update.layout(SHAPES), run(emulated(), "adam", weights, zeros, gradients, math.inf)[0])
    for name, array in weights.items():
        param, m, v = array.astype("d"), numpy.zeros(array.shape), numpy.zeros(array.shape)
        for step, grads in enumerate(gradients, 1):
            reference.adam(param, grads[name].astype("d"), m, v, step, *NUMBERS["adam"])
        assert relative_error(found[name], param) < 1e-5


@pytest.mark.parametrize("rule", ["adam", "sgd"])
@pytest.mark.parametrize("names", [["d/W"], ["a/W", "c/W", "b/W", "d/W"]])
def test_operands_are_the_new_weights(rng, emulated, rule, names):
    engine, begin = emulated(), start(rng, rule)
    layout, copies = update.layout(SHAPES), update.operands(SHAPES, names)
    values = engine.empty(copies.size, "u2")
    copied = engine.asarray(copies.table), values
    weights, _, norms = run(engine, rule, *begin, 1.0, copied)
    alone = run(emulated(), rule, *begin, 1.0)
    assert weights.tobytes() == alone[0].tobytes()
    assert norms == alone[2]
    wanted = engine.empty(copies.size, "u2")
    for name, (offset, shape) in copies.places.items():
        place = wanted[offset:][: math.prod(shape)].reshape(shape)
        sums.cast(engine, engine.asarray(parts(layout, weights)[name]), place)
    assert (values == wanted).all()  # and poison is left where no matrix has a value


def test_layouts_are_apart_and_aligned():
    layout, copies = update.layout(SHAPES), update.operands(SHAPES, ["a/W", "d/W"])
    ends = [offset + math.prod(SHAPES[name]) for name, offset in layout.offsets.items()]
    assert all(offset % 64 == 0 for offset in [*layout.offsets.values(), layout.size])
    assert all(end <= offset for end, offset in zip(ends, [*layout.offsets.values(), layout.size][1:], strict=True))
    assert [layout.offsets[name] < layout.matrices for name in SHAPES] == [len(shape) > 1 for shape in SHAPES.values()]
    assert copies.places == {"a/W": (0, (9, 32)), "d/W": (320, (70, 64))}
    assert copies.size == 320 + 70 * 64


def test_huge_gradients_are_clipped(emulated):
    engine = emulated()
    weights, grads = engine.zeros(1024), engine.asarray(numpy.full(1024, 3e37), "f")
    norm, numbers = engine.empty(1), engine.asarray([1.0])
    update.update_flat(engine, "sgd", weights, grads, [], numbers, 5.0, engine.empty(update.PARTIALS, "d"), norm)
    assert numpy.allclose(weights, -5 / 32)
    assert math.isinf(norm[0])  # in float32


def test_a_gradient_that_is_no_number_spreads(emulated):
    engine = emulated()
    weights, grads, norm = engine.zeros(128), engine.zeros(128), engine.empty(1)
    grads[77] = numpy.nan
    partials = engine.empty(update.PARTIALS, "d")
    update.update_flat(engine, "sgd", weights, grads, [], engine.asarray([1.0]), 5.0, partials, norm)
    assert numpy.isnan(norm[0])
    assert numpy.isnan(weights).all()
