"""Optimizers and embedding: each engine against the slow twins and Chainer, whatever the sizes and the threads."""

import math

import numpy
import pytest

from tests.conftest import relative_error
from tsuzuri.compat import chainer
from tsuzuri.kernels import native, reference
from tsuzuri.kernels.numpy_ import embedding, update
from tsuzuri.training import checkpoint
from tsuzuri.training.optimizers import OPTIMIZERS

NATIVE = native.extension().levels() if native.extension() else []
SHAPES = [
    [(1,)],
    [(3, 11), (), (7,), (0, 2), (8, 16)],
    [(5,), (2 * 16384 + 5,), (3, 16384), (1, 13)],  # several of the pieces that C++ makes, and of NumPy's blocks
]
STEPS = 5
NUMBERS = {  # an eps that can be seen
    "adam": (0.01, 0.9, 0.99, 0.1),
    "sgd": (0.1,),
    "momentum": (0.1, 0.8),
    "adagrad": (0.1, 0.1),
    "rmsprop": (0.01, 0.9, 0.1),
    "adadelta": (0.5, 0.9, 0.1),
}
STATES = {"adam": 2, "sgd": 0, "momentum": 1, "adagrad": 1, "rmsprop": 1, "adadelta": 2}
CHAINERS = {
    "adam": chainer.optimizers.Adam,
    "sgd": chainer.optimizers.SGD,
    "momentum": chainer.optimizers.MomentumSGD,
    "adagrad": chainer.optimizers.AdaGrad,
    "rmsprop": chainer.optimizers.RMSprop,
    "adadelta": lambda _: chainer.optimizers.AdaDelta(),  # which has no learning rate
}
needs_native = pytest.mark.skipif(not NATIVE, reason="the extension is not built")


@pytest.fixture(params=["numpy", *NATIVE])
def engine(request, monkeypatch):
    """NumPy, and each level of the processor that runs here."""
    if request.param == "numpy":
        monkeypatch.setattr(native, "extension", lambda: None)
        monkeypatch.setattr(update, "BLOCK", 999)
    else:
        monkeypatch.setattr(native, "level", lambda: request.param)
    return request.param


def numbers_at(name, step):
    if name != "adam":
        return NUMBERS[name]
    alpha, beta1, beta2, eps = NUMBERS[name]
    return alpha * (1 - beta2**step) ** 0.5 / (1 - beta1**step), beta1, beta2, eps


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


# The kernels


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


# Chainer's optimizers


class Model(chainer.Chain):
    def __init__(self, shapes):
        super().__init__()
        rng = numpy.random.default_rng(0)
        with self.init_scope():
            for k, shape in enumerate(shapes):
                setattr(self, f"p{k}", chainer.Parameter(numpy.asarray(rng.normal(size=shape), "f")))


def learn(optimizer, seed, steps, without=""):
    """Bring an optimizer's model ``steps`` forward, with gradients of a norm that shrinks, but for one parameter's."""
    rng = numpy.random.default_rng(seed)
    for step in range(steps):
        optimizer.target.cleargrads()
        for name, param in sorted(optimizer.target.namedparams()):
            if name != without:
                param.grad = numpy.asarray(rng.normal(size=param.shape) / (1 + step), param.dtype)
        optimizer.update()
    return optimizer


def ours(name, clip, shapes=SHAPES[1]):
    return OPTIMIZERS[name].make(1.0 if name == "adadelta" else 0.01, clip).setup(Model(shapes))


def chainers(name, clip, shapes=SHAPES[1]):
    optimizer = CHAINERS[name](0.01).setup(Model(shapes))
    if clip < math.inf:
        optimizer.add_hook(chainer.optimizer_hooks.GradientClipping(clip))
    return optimizer


def arrays_of(optimizer):
    """All that a checkpoint holds of an optimizer and its model."""
    model = checkpoint.arrays_of(optimizer.target)
    return checkpoint.arrays_of(optimizer) | {f"model/{name}": array for name, array in model.items()}


@pytest.mark.parametrize("clip", [math.inf, 3.0])  # the norm falls from 13 to 2.6
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers_equal_chainers(rng, engine, name, clip):
    seed = int(rng.integers(2**32))
    found, wanted = (arrays_of(learn(make(name, clip), seed, STEPS)) for make in (ours, chainers))
    assert found.keys() == wanted.keys()
    assert found["t"] == found["p0/t"] == STEPS
    for key in found:
        assert relative_error(found[key], wanted[key], floor=1) < 1e-5, key


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_all_is_one_call(rng, monkeypatch, name):
    calls = []
    monkeypatch.setattr(update, "update", lambda *args: calls.append(args))
    optimizer = learn(ours(name, 3.0), 0, 2)
    assert [(kernel, len(tensors), clip) for kernel, tensors, clip in calls] == [(name, len(SHAPES[1]), 3.0)] * 2
    assert optimizer.t == 2


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("steps", [0, 1, 2])
def test_what_goes_on_is_what_never_stopped(rng, engine, name, steps):
    seeds = rng.integers(2**32, size=2)
    saved = learn(ours(name, 3.0), seeds[0], steps)
    arrays = {key: array.copy() for key, array in arrays_of(saved).items()}
    fresh = ours(name, 3.0)
    if steps:
        chainer.serializers.NpzDeserializer(arrays).load(fresh)
        chainer.serializers.NpzDeserializer(arrays, "model/").load(fresh.target)
    found, wanted = (arrays_of(learn(optimizer, seeds[1], 3)) for optimizer in (fresh, saved))
    assert {key: array.tobytes() for key, array in found.items()} == {k: a.tobytes() for k, a in wanted.items()}


def float64(optimizer):
    param = optimizer.target.p0
    param.array = param.array.astype("d")


def fortran(optimizer):
    param = optimizer.target.p0
    param.array = numpy.asfortranarray(param.array)


def weight_decay(optimizer):
    optimizer.weight_decay_rate = 0.1


def of_one_parameter(optimizer):
    optimizer.target.p2.update_rule.hyperparam.amsgrad = True


def eps_inside(optimizer):
    optimizer.eps_inside_sqrt = True


@pytest.mark.parametrize("clip", [math.inf, 3.0])
@pytest.mark.parametrize(
    ("name", "change"),
    [
        *((name, change) for name in ("momentum", "adadelta") for change in (float64, fortran)),
        *(("adam", change) for change in (float64, fortran, weight_decay, of_one_parameter)),
        ("rmsprop", eps_inside),
    ],
)
def test_the_rest_is_chainers(rng, name, change, clip):
    """Not equal to rounding, but to the bit."""
    seed, found = int(rng.integers(2**32)), []
    for make in (ours, chainers):
        optimizer = make(name, clip)
        change(optimizer)
        found.append(arrays_of(learn(optimizer, seed, 3)))
    assert {key: a.tobytes() for key, a in found[0].items()} == {key: a.tobytes() for key, a in found[1].items()}


@pytest.mark.parametrize("place", ["together", "alone on a CPU", "alone on a GPU"])
def test_the_rate_of_adadelta_may_fall(rng, engine, place):
    """Chainer has none, so that its rule cannot be what is followed where the kernels do not apply."""
    param = chainer.Parameter(rng.normal(size=40).astype("f" if place == "together" else "d"))
    slow, states = param.array.astype("d"), numpy.zeros((2, 40))
    model = chainer.Chain()
    with model.init_scope():
        model.param = param
    optimizer = OPTIMIZERS["adadelta"].make(2.0).setup(model)
    optimizer.eps = 0.1
    if place == "alone on a GPU":  # which runs on any kind of array
        param.update_rule.update_core = param.update_rule.update_core_gpu
    for rate in (2.0, 2.0, 0.5, 0.0625):
        optimizer.lr = rate
        param.grad = rng.normal(size=40).astype(param.dtype)
        reference.adadelta(slow, param.grad.astype("d"), *states, rate, 0.95, 0.1)
        optimizer.update()
    for found, wanted in zip((param.array, *param.update_rule.state.values()), (slow, *states), strict=True):
        assert relative_error(found, wanted) < (1e-5 if place == "together" else 1e-12)


def test_states_of_another_type_are_chainers(rng, engine):
    """Such as a checkpoint written by another program might hold."""
    found = []
    for make in (ours, chainers):
        optimizer = learn(make("adam", 3.0), 1, 1)
        state = optimizer.target.p0.update_rule.state
        state["m"] = state["m"].astype("d")
        found.append(arrays_of(learn(optimizer, 2, 2)))
    assert all(relative_error(found[0][key], found[1][key], floor=1) < 1e-5 for key in found[1])


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_missing_gradient_is_zero(engine, name):
    found = [arrays_of(learn(make(name, 3.0), 1, STEPS, without="/p0")) for make in (ours, chainers)]
    assert found[0]["p0/t"] == STEPS
    assert all(relative_error(found[0][key], found[1][key], floor=1) < 1e-5 for key in found[1])


def test_hooks_are_called_before_the_clipping(engine):
    """Also where Chainer's users would add the clipping as one."""
    found = []
    for make, clip in ((ours, 3.0), (ours, math.inf), (chainers, math.inf)):
        optimizer = make("adam", clip)
        optimizer.add_hook(chainer.optimizer_hooks.WeightDecay(0.5))
        if clip == math.inf:
            optimizer.add_hook(chainer.optimizer_hooks.GradientClipping(3.0))
        found.append(arrays_of(learn(optimizer, 1, 3)))
    for key in found[2]:
        assert relative_error(found[0][key], found[2][key], floor=1) < 1e-5
        assert relative_error(found[1][key], found[2][key], floor=1) < 1e-5


@pytest.mark.parametrize("name", ["adam", "adadelta"])
def test_on_every_device(xp, rng, name):
    seed, found = int(rng.integers(2**32)), []
    for make in (ours, chainers):
        optimizer, random = make(name, 3.0), numpy.random.default_rng(seed)
        optimizer.target.to_device("@numpy" if xp is numpy else "@cupy:0")
        for _ in range(3):
            for _, param in sorted(optimizer.target.namedparams()):
                param.grad = xp.asarray(random.normal(size=param.shape), "f")
            optimizer.update()
        found.append(arrays_of(optimizer))
    assert all(relative_error(found[0][key], found[1][key], floor=1) < 1e-5 for key in found[1])


# Embedding

TABLES = [(1, 1, 1), (1, 5, 3), (50, 3, 7), (3000, 257, 100), (40, 40000, 3)]  # R rows read, N units, V words


@needs_native
@pytest.mark.parametrize("level", NATIVE)
@pytest.mark.parametrize(("rows", "units", "words"), TABLES)
def test_embedding(rng, threads, level, rows, units, words):
    ids, w = rng.integers(0, words, rows).astype("i"), rng.normal(size=(words, units)).astype("f")
    g = rng.normal(size=(rows, units)).astype("f")
    want = reference.embedding_gradient(g, ids, words)
    assert relative_error(embedding.gradient(g, ids, words), want) < 1e-6
    for count in (1, 2, 3):
        threads(count)
        assert (native.extension().embed(level, ids, w) == w[ids]).all()
        numpy.full_like(want, math.nan)  # memory that is not zeros, to be handed out again
        assert (native.extension().embed_backward(level, g, ids, words) == want).all()  # in the same order, to the bit


@needs_native
def test_embedding_of_a_window(rng):
    ids, w = rng.integers(0, 9, (4, 3)).astype("i"), rng.normal(size=(9, 5)).astype("f")
    assert (native.extension().embed(native.level(), ids, w) == w[ids]).all()


@needs_native
@pytest.mark.parametrize("bad", [-1, 9])
def test_words_that_are_not_there_are_refused(bad):
    ids = numpy.array([0, bad, 8], "i")
    with pytest.raises(ValueError, match=f"ids: must be from 0 to 8, has {bad}"):
        native.extension().embed(native.level(), ids, numpy.zeros((9, 2), "f"))
    with pytest.raises(ValueError, match=f"ids: must be from 0 to 8, has {bad}"):
        native.extension().embed_backward(native.level(), numpy.zeros((3, 2), "f"), ids, 9)
