"""Optimizers are Chainer's: their steps, hooks and states, and what the kernels leave to them."""

import math

import numpy
import pytest

from tests.conftest import relative_error
from tests.kernels.update import SHAPES, STEPS, arrays_of, chainers, float64, fortran, learn, ours
from tsuzuri.compat import chainer
from tsuzuri.kernels import reference
from tsuzuri.kernels.numpy_ import update
from tsuzuri.training.optimizers import OPTIMIZERS


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
