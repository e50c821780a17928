"""Runs on the disk: what was saved comes back, nothing that is not finite is saved."""

import json
import math
import os

import numpy
import pytest

from tests.training.small_run import ABOUT, META, make_run, trained
from tsuzuri import storage
from tsuzuri.errors import UserError
from tsuzuri.training.checkpoint import arrays_of
from tsuzuri.training.optimizers import OPTIMIZERS, Adam
from tsuzuri.training.run import load_run
from tsuzuri.training.schemas import LanguageModelRecipe


def test_a_run_comes_back_as_it_was(tmp_path):
    run = make_run(tmp_path / "run")
    model, optimizer = trained(run)
    run.save_best(model)
    run.save_checkpoint(model, optimizer, META)

    again = load_run(run.path)
    assert again.sizes == run.sizes
    assert again.recipe == LanguageModelRecipe(**ABOUT["recipe"])
    assert again.vocabulary.words == run.vocabulary.words
    best = again.load_best()
    assert all((a.array == b.array).all() for a, b in zip(model.params(), best.params(), strict=True))

    fresh, fresh_optimizer = again.new_model(), Adam()
    fresh_optimizer.setup(fresh)
    meta = again.load_checkpoint().restore(fresh, fresh_optimizer)
    assert json.dumps(meta, sort_keys=True) == json.dumps(META, sort_keys=True)  # which holds a NaN
    assert fresh.rng.bit_generator.state == model.rng.bit_generator.state
    assert all((a == b).all() for a, b in zip(model.get_state(), fresh.get_state(), strict=True))
    assert fresh_optimizer.t == 3
    again.save_checkpoint(fresh, fresh_optimizer, meta)
    assert storage.load_npz(run.file("checkpoint.npz")).keys() == dict(numpy.load(run.file("checkpoint.npz"))).keys()


def test_checkpoints_of_equal_states_are_equal_files(tmp_path):
    run = make_run(tmp_path / "run")
    data = []
    for _ in range(2):
        run.save_checkpoint(*trained(run), META)
        data.append((tmp_path / "run" / "checkpoint.npz").read_bytes())
    assert data[0] == data[1]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_goes_on_from_its_checkpoint(tmp_path, name):
    run, make = make_run(tmp_path, name), OPTIMIZERS[name].make
    for steps in (0, 2):
        model, optimizer = trained(run, steps, make(0.01))
        run.save_checkpoint(model, optimizer, META)
        fresh, fresh_optimizer = trained(run, 0, make(0.01))
        run.load_checkpoint().restore(fresh, fresh_optimizer)
        saved, back = arrays_of(optimizer), arrays_of(fresh_optimizer)
        assert saved.keys() == back.keys()
        assert all((saved[key] == back[key]).all() for key in saved)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_is_not_finite_is_never_saved(tmp_path, bad):
    run = make_run(tmp_path)
    model, optimizer = trained(run)
    run.save_best(model)
    run.save_checkpoint(model, optimizer, META)
    before = {name: (tmp_path / name).read_bytes() for name in os.listdir(tmp_path)}

    optimizer.target.l0.W.update_rule.state["m"][2, 1] = bad
    with pytest.raises(UserError, match=r"checkpoint.npz: not written: optimizer/l0/W/m is not finite"):
        run.save_checkpoint(model, optimizer, META)
    model.l3.b.array[3] = bad
    with pytest.raises(UserError, match=r"model.npz: not written: l3/b is not finite \(the old file is kept"):
        run.save_best(model)
    with pytest.raises(UserError, match=r"checkpoint.npz: not written: model/l3/b"):
        run.save_checkpoint(model, optimizer, META)
    assert {name: (tmp_path / name).read_bytes() for name in os.listdir(tmp_path)} == before
