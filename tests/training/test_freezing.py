"""Frozen parameters: they stay, the others learn as if alone, and training goes on with them once they are enabled."""

import math

import numpy
import pytest

from tests.conftest import relative_error
from tests.kernels.update import SHAPES, arrays_of, chainers, float64, fortran, learn, ours
from tests.training.small_run import META, make_run, trained
from tsuzuri import storage
from tsuzuri.compat import chainer
from tsuzuri.errors import UserError
from tsuzuri.kernels.numpy_ import update
from tsuzuri.training import checkpoint
from tsuzuri.training.optimizers import OPTIMIZERS

FROZEN = "p4"  # a matrix of 128 values, more than all others have together


def plain(optimizer):
    pass


def frozen(optimizer):
    getattr(optimizer.target, FROZEN).update_rule.enabled = False
    return optimizer


def step(optimizer, rng, grad=None):
    """Bring an optimizer one step forward: random gradients for all parameters but the frozen, if there, which gets
    ``grad``.
    """
    optimizer.target.cleargrads()
    for name, param in sorted(optimizer.target.namedparams()):
        learns = name != f"/{FROZEN}"
        param.grad = rng.normal(size=param.shape).astype(param.dtype) if learns else grad
    optimizer.update()


def same(found, wanted):
    return {key: array.tobytes() for key, array in found.items()} == {k: a.tobytes() for k, a in wanted.items()}


@pytest.mark.parametrize("value", [None, 1e3, math.nan])
@pytest.mark.parametrize("clip", [math.inf, 3.0])
@pytest.mark.parametrize("change", [plain, float64, fortran])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_others_learn_as_if_it_were_not_there(rng, name, change, clip, value):
    seed = int(rng.integers(2**32))
    found, wanted = frozen(ours(name, clip)), chainers(name, clip)
    delattr(wanted.target, FROZEN)
    still = getattr(found.target, FROZEN)
    before, grad = still.array.tobytes(), None if value is None else numpy.full(still.shape, value, "f")
    for optimizer in (found, wanted):
        change(optimizer)
        random = numpy.random.default_rng(seed)
        for _ in range(3):
            step(optimizer, random, grad)
    assert still.array.tobytes() == before
    assert still.grad is grad  # neither clipped, nor zeros made for it
    assert (still.update_rule.t, still.update_rule.state) == (0, None)
    arrays = {key: array for key, array in arrays_of(found).items() if FROZEN not in key}
    expected = arrays_of(wanted)
    assert arrays.keys() == expected.keys()
    assert change is plain or same(arrays, expected)  # where Chainer computes, to the bit
    assert all(relative_error(arrays[key], expected[key], floor=1) < 1e-5 for key in expected)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_others_are_still_one_call(monkeypatch, name):
    calls = []
    monkeypatch.setattr(update, "update", lambda rule, tensors, clip: calls.append(len(tensors)))
    learn(frozen(ours(name, 3.0)), 0, 2, without=f"/{FROZEN}")
    assert calls == [len(SHAPES[1]) - 1] * 2


@pytest.mark.parametrize("change", [plain, float64])
@pytest.mark.parametrize("grads", [True, False])
def test_nothing_happens_where_all_is_frozen(change, grads):
    optimizer = ours("adam", 3.0)
    change(optimizer)
    optimizer.target.disable_update()
    before = {name: param.array.tobytes() for name, param in optimizer.target.namedparams()}
    if grads:
        learn(optimizer, 0, 2)
    else:
        optimizer.target.cleargrads()
        optimizer.update()
        optimizer.update()
    assert optimizer.t == 2
    assert {name: param.array.tobytes() for name, param in optimizer.target.namedparams()} == before
    assert all(param.update_rule.state is None for param in optimizer.target.params())


def test_hooks_still_find_every_gradient(rng):
    """Chainer's clipping, as a hook, goes through all parameters, and would fail at one without a gradient."""
    optimizer = frozen(ours("adam", math.inf))
    optimizer.add_hook(chainer.optimizer_hooks.GradientClipping(3.0))
    still = getattr(optimizer.target, FROZEN)
    before = still.array.tobytes()
    step(optimizer, rng)
    assert not still.grad.any()
    assert still.array.tobytes() == before


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_what_is_enabled_again_begins_with_its_first_step(rng, name):
    """As Chainer's rules do, each of which has a count of its own; frozen anew, it keeps its count and its states."""
    seeds, found = rng.integers(2**32, size=4), []
    for make in (ours, chainers):
        optimizer = make(name, math.inf)
        for seed, learns in zip(seeds, (False, True, False, True), strict=True):
            getattr(optimizer.target, FROZEN).update_rule.enabled = learns
            learn(optimizer, seed, 2)
        found.append(arrays_of(optimizer))
    assert (found[0]["t"], found[0][f"{FROZEN}/t"]) == (8, 4)
    assert found[0].keys() == found[1].keys()
    for key in found[1]:
        assert relative_error(found[0][key], found[1][key], floor=1) < 1e-5, key
    never = arrays_of(learn(frozen(ours(name, math.inf)), 0, 1))
    assert (found[0][f"model/{FROZEN}"] != never[f"model/{FROZEN}"]).all()


# Checkpoints


def go_on(model, optimizer, learns, steps=2):
    """Train with l0 frozen or not; only weights, moments and state decide what comes of it."""
    (model.l0.enable_update if learns else model.l0.disable_update)()
    xs = numpy.random.default_rng(optimizer.t).integers(0, 13, (6, 4)).astype("i")
    for _ in range(steps):
        loss = model(xs[:-1], xs[1:])
        model.cleargrads()
        loss.backward()
        optimizer.update()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_run_goes_on_from_any_moment_as_if_it_had_not_stopped(tmp_path, name):
    """Stopped after every stage, and just before the first step of what was enabled."""
    run, make = make_run(tmp_path, name), lambda: OPTIMIZERS[name].make(0.05, 1.0)
    stages = (False, True, False, True)
    whole, stopped = trained(run, 0, make()), trained(run, 0, make())
    for learns in stages:
        go_on(*whole, learns)
        for steps in (0, 2):
            go_on(*stopped, learns, steps)
            run.save_checkpoint(*stopped, META)
            stopped = trained(run, 0, make())
            (stopped[0].l0.enable_update if learns else stopped[0].l0.disable_update)()
            run.load_checkpoint().restore(*stopped)
        for found, wanted in zip(stopped, whole, strict=True):
            assert same(checkpoint.arrays_of(found), checkpoint.arrays_of(wanted))
        assert all((a == b).all() for a, b in zip(stopped[0].get_state(), whole[0].get_state(), strict=True))
    assert checkpoint.arrays_of(whole[1])["l0/W/t"] == 4


def test_a_checkpoint_need_not_know_what_is_frozen(tmp_path):
    """A run that froze its words may be gone on with by one that does not, and the other way round."""
    run = make_run(tmp_path)
    for learns in (False, True):
        model, optimizer = trained(run, 0)
        go_on(model, optimizer, learns)
        run.save_checkpoint(model, optimizer, META)
        model, optimizer = trained(run, 0)
        (model.l0.disable_update if learns else model.l0.enable_update)()
        run.load_checkpoint().restore(model, optimizer)
        assert model.l0.W.update_rule.t == 2 * learns
        assert bool(model.l0.W.update_rule.state) is learns
        go_on(model, optimizer, not learns)
        assert model.l0.W.update_rule.t == 2


def test_moments_that_are_missing_are_so_of_a_frozen_parameter_too(tmp_path):
    run = make_run(tmp_path)
    run.save_checkpoint(*trained(run), META)
    arrays = storage.load_npz(run.file("checkpoint.npz"))
    del arrays["optimizer/l0/W/v"]
    storage.write_file(run.file("checkpoint.npz"), storage.encode_npz(arrays))
    model, optimizer = trained(run, 0)
    model.l0.disable_update()
    with pytest.raises(UserError, match=r"does not fit its run: optimizer/l0/W/v is missing"):
        run.load_checkpoint().restore(model, optimizer)
