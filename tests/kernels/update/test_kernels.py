"""The optimizers' kernels against the slow twins, whatever the sizes and the threads."""

import math

import numpy
import pytest

from tests.conftest import relative_error
from tests.kernels.update import NATIVE, NUMBERS, SHAPES, STEPS, needs_native, numbers_at
from tsuzuri.kernels import native, reference
from tsuzuri.kernels.numpy_ import update

STATES = {"adam": 2, "sgd": 0, "momentum": 1, "adagrad": 1, "rmsprop": 1, "adadelta": 2}


def slow_step(name, step, param, grad, states):
    if name == "adam":
        reference.adam(param, grad, *states, step, *NUMBERS[name])
    else:
        getattr(reference, name)(param, grad, *states, *NUMBERS[name])


def tensors_of(rng, name, shapes):
    """What to start from: (numbers, param, grad, states) of each, in float32."""
    return [
        (
            numbers_at(name, 1),
            numpy.asarray(rng.normal(size=shape), "f"),
            numpy.asarray(rng.normal(size=shape), "f"),
            [numpy.asarray(rng.random(shape), "f") for _ in range(STATES[name])],
        )
        for shape in shapes
    ]


@pytest.mark.parametrize("clip", [math.inf, 1e6, 0.5])
@pytest.mark.parametrize("shapes", SHAPES)
@pytest.mark.parametrize("name", update.RULES)
def test_steps(rng, engine, name, shapes, clip):
    params = [numpy.asarray(rng.normal(size=shape), "f") for shape in shapes]
    states = [[numpy.zeros(shape, "f") for _ in range(STATES[name])] for shape in shapes]
    slow_params = [param.astype("d") for param in params]
    slow_states = [[state.astype("d") for state in group] for group in states]
    for step in range(1, STEPS + 1):
        grads = [numpy.asarray(rng.normal(size=shape), "f") for shape in shapes]
        kept = [grad.copy() for grad in grads]
        wide = [grad.astype("d") for grad in grads]
        numbers = [numbers_at(name, step)] * len(shapes)
        norm = update.update(name, list(zip(numbers, params, grads, states, strict=True)), clip)
        for tensor in zip(slow_params, reference.clip(wide, clip), slow_states, strict=True):
            slow_step(name, step, *tensor)
        want = math.sqrt(sum((grad**2).sum() for grad in wide)) if clip < math.inf else 0
        assert math.isclose(norm, want, rel_tol=1e-9)
        assert all((grad == same).all() for grad, same in zip(grads, kept, strict=True))
    for fast, slow in zip((params, *states), (slow_params, *slow_states), strict=True):
        for found, wanted in zip(fast, slow, strict=True):
            assert relative_error(found, wanted, floor=1) < 1e-5


@needs_native
@pytest.mark.parametrize("level", NATIVE)
@pytest.mark.parametrize("name", update.RULES)
def test_threads_do_not_show(rng, threads, name, level):
    found = []
    start = tensors_of(rng, name, SHAPES[2])
    for count in (1, 2, 3):
        threads(count)
        tensors = [(n, p.copy(), g, [state.copy() for state in states]) for n, p, g, states in start]
        norms = [native.extension().update(level, name, tensors, 0.5) for _ in range(3)]
        found.append((norms, [[a.tobytes() for a in (p, *states)] for _, p, _, states in tensors]))
    assert found[0] == found[1] == found[2]
    assert found[0][1][0][0] != start[0][1].tobytes()


def test_each_tensor_has_its_own_numbers(rng, engine):
    grads = [numpy.asarray(rng.normal(size=20), "f") for _ in range(2)]
    params = [numpy.zeros(20, "f") for _ in range(2)]
    update.update("sgd", [((rate,), p, g, []) for rate, p, g in zip((1.0, 0.25), params, grads, strict=True)])
    assert (params[0] == -grads[0]).all()
    assert (params[1] == -grads[1] / 4).all()


def test_huge_gradients_are_clipped(rng, engine):
    grad = numpy.full(1000, 3e37, "f")  # whose squares no float32 can hold
    param = numpy.zeros(1000, "f")
    norm = update.update("sgd", [((1.0,), param, grad, [])], 5.0)
    assert math.isclose(norm, 3e37 * math.sqrt(1000), rel_tol=1e-6)
    assert numpy.allclose(param, -5 / math.sqrt(1000))


def test_gradients_of_nothing_are_not_divided_by(engine):
    param = numpy.ones(5, "f")
    assert update.update("adam", [((0.1, 0.9, 0.99, 1e-8), param, param * 0, [param * 0, param * 0])], 5.0) == 0
    assert (param == 1).all()


def test_a_gradient_that_is_no_number_spreads(engine):
    """A run must not go on with some of its parameters spoilt and the others not: the loss shows it at once."""
    params = [numpy.ones(5, "f"), numpy.ones(3, "f")]
    grads = [numpy.full(5, math.nan, "f"), numpy.ones(3, "f")]
    norm = update.update("sgd", [((0.1,), p, g, []) for p, g in zip(params, grads, strict=True)], 5.0)
    assert math.isnan(norm)
    assert all(numpy.isnan(param).all() for param in params)


@needs_native
@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("adamax", {}, "rule: 'adamax' is not known"),
        ("adam", {0: (0.1,)}, "adam: must have 4 numbers and 2 states"),
        ("adam", {3: []}, "adam: must have 4 numbers and 2 states"),
        ("adam", {1: numpy.zeros(4)}, "param: must be float32"),
        ("adam", {2: numpy.zeros(4, "d")}, "grad: must be float32"),
        ("adam", {2: numpy.zeros(5, "f")}, "grad: must have the shape"),
        ("adam", {3: [numpy.zeros(4, "f"), numpy.zeros(8, "f")[::2]]}, "state: must be C-contiguous"),
    ],
)
def test_what_the_kernels_cannot_take_is_refused(name, change, message):
    array = numpy.zeros(4, "f")
    tensor = {0: (0.1, 0.9, 0.99, 1e-8), 1: array, 2: array, 3: [array, array]} | change
    with pytest.raises((TypeError, ValueError), match=message):
        native.extension().update(native.level(), name, [tuple(tensor.values())], 5.0)
