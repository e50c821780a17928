"""Weights and checkpoints that do not fit their run are refused."""

import json
import math
import re

import numpy
import pytest

from tests.training.distrust import NONSENSE, attempt, changed, paths
from tests.training.small_run import META, UNITS, WORDS, make_run, trained
from tsuzuri import storage
from tsuzuri.errors import UserError
from tsuzuri.models.rnn import Sizes
from tsuzuri.training.checkpoint import BEFORE, Checkpoint, arrays_of
from tsuzuri.training.run import load_run
from tsuzuri.training.schemas import LANGUAGE_MODEL, VALID_BITS


def test_weights_that_do_not_fit(tmp_path):
    run = make_run(tmp_path / "run")
    arrays = arrays_of(run.new_model())
    for wrong, reason in (
        (arrays | {"l3/b": arrays["l3/b"][:-1]}, r"l3/b is float32 \(12,\), not \(13,\)"),
        (arrays | {"l3/b": arrays["l3/b"][:1]}, r"l3/b is float32 \(1,\)"),
        (arrays | {"l3/b": arrays["l3/b"].astype("i")}, "l3/b is int32"),
        (arrays | {"l3/b": arrays["l3/b"] * numpy.nan}, "not finite"),
        (arrays | {"l9/b": arrays["l3/b"]}, "l9/b is not known"),
        ({name: array for name, array in arrays.items() if name != "l0/W"}, "l0/W is missing"),
    ):
        storage.write_file(run.file("model.npz"), storage.encode_npz(wrong))
        with pytest.raises(UserError, match=reason):
            run.load_best()


def packed(meta):
    return numpy.frombuffer(json.dumps(meta).encode(), "u1")


STATES = META | {"rng": META["order"]}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"meta": None}, "no checkpoint of this program: meta is missing"),
        ({"meta": numpy.frombuffer(b"{", "u1")}, "no checkpoint of this program"),
        ({"meta": numpy.frombuffer(b'{"rng": 1}', "u1")}, "no checkpoint of this program: meta.epoch is missing"),
        ({"meta": packed(changed(STATES, "lr", math.nan))}, "meta.lr is nan, must be a number from 0 to 1e"),
        ({"meta": packed(changed(STATES, "words", 0))}, "meta.words is 0, must be 1 or more after"),
        ({"meta": packed(changed(STATES, "history.1.best", 1))}, r"meta.history\[1\].best is 1, must be true or false"),
        (
            {"meta": packed(changed(STATES, "order.state.inc", -1))},
            "meta.order.state.inc is -1, must be",
        ),
        ({"meta": packed(changed(STATES, "rng.bit_generator", "MT19937"))}, "must be one of PCG64"),
        ({"model/l0/W": None}, "l0/W is missing"),
        ({"optimizer/l0/W/m": None}, "optimizer/l0/W/m is missing"),
        ({"optimizer/l0/W/m": numpy.zeros(3, "f")}, r"l0/W/m is float32 \(3,\)"),
        ({"optimizer/l0/W/m": numpy.array(1, "f")}, r"l0/W/m is float32 \(\), not \(13, 5\)"),
        ({"optimizer/l0/W/x": numpy.zeros((13, 5), "f")}, "l0/W/x is not known"),
        ({"optimizer/l9/W/m": numpy.array(1, "f")}, "l9/W/m is not known"),
        ({"optimizer/l9/W/t": numpy.array(1)}, "l9/W/t is not known"),
        ({"optimizer/t": None}, "t is missing"),
        ({"optimizer/t": numpy.array(-3)}, "optimizer/t is -3, must be 0 or more"),
        ({"optimizer/t": numpy.array(3.0)}, "t is float64"),
        ({"optimizer/t": numpy.array(2)}, "optimizer/l0/W/t is 3, must be from 0 to 2, as many as optimizer/t"),
        ({"optimizer/l0/W/t": numpy.array(0)}, "optimizer/l0/W/m is not known"),
        ({"optimizer/l0/W/t": numpy.array(-1)}, "optimizer/l0/W/t is -1, must be from 0 to 3"),
        ({"optimizer/l0/W/t": numpy.array([3])}, r"l0/W/t is int\d+ \(1,\), not \(\)"),
        ({"state/c1": None}, "c1 is missing"),
        ({"state/c1": numpy.zeros((2, 9), "f")}, r"c1 is float32 \(2, 9\)"),
        (
            {f"state/{name}": numpy.zeros((3, UNITS), "f") for name in Sizes(WORDS, UNITS).state_widths()},
            r"c1 is float32 \(3, 5\), not \(4, 5\)",
        ),
    ],
)
def test_checkpoints_that_do_not_fit(tmp_path, change, reason):
    run = make_run(tmp_path)
    run.save_checkpoint(*trained(run), META)
    arrays = {k: v for k, v in (storage.load_npz(run.file("checkpoint.npz")) | change).items() if v is not None}
    storage.write_file(run.file("checkpoint.npz"), storage.encode_npz(arrays))
    model, optimizer = trained(run, steps=0)
    with pytest.raises(UserError, match=reason) as error:
        run.load_checkpoint().restore(model, optimizer)
    assert str(error.value).startswith(f"{tmp_path / 'checkpoint.npz'}: ")


def test_no_field_of_a_checkpoint_is_taken_on_trust(tmp_path):
    for where in paths(LANGUAGE_MODEL.checkpoint):
        for value in NONSENSE:
            meta = changed(STATES, where, value)
            loaded, reason = attempt(Checkpoint, "x.npz", {"meta": packed(meta)}, LANGUAGE_MODEL)
            if reason:
                assert re.sub(r"\.(\d+)", r"[\1]", where) in reason
            else:
                filled_in = value is ... and where in BEFORE
                assert json.dumps(loaded.meta) == json.dumps(meta | BEFORE if filled_in else meta)
                assert value is not ... or filled_in or where.endswith((".0", VALID_BITS))


@pytest.mark.usefixtures("any_description")
def test_a_size_that_the_weights_do_not_have_takes_no_memory(tmp_path):
    """A run.json that asks for a model of terabytes is refused by the weights' own sizes, before it is made."""
    run = make_run(tmp_path)
    run.save_best(run.new_model())
    about = json.loads((tmp_path / "run.json").read_text())
    about["sizes"]["units"] = 10**9
    (tmp_path / "run.json").write_text(json.dumps(about))
    run.save_checkpoint(*trained(make_run(tmp_path / "other")), META)
    for load in (load_run(str(tmp_path)).load_best, load_run(str(tmp_path)).load_checkpoint):
        with pytest.raises(UserError, match="does not fit its run: l"):
            load()
