"""Files, runs, optimizers, evaluation and stopping."""

import dataclasses
import functools
import io
import itertools
import json
import math
import operator
import os
import pathlib
import pickle
import re
import signal
import struct
import time
import zipfile

import numpy
import pytest

from tests.training import create_run
from tsuzuri import storage
from tsuzuri.cli.signals import Interrupt
from tsuzuri.compat import chainer
from tsuzuri.errors import UserError
from tsuzuri.models.rnn import RNN, Sizes
from tsuzuri.rules import OTHERS
from tsuzuri.text import vocabulary
from tsuzuri.training import evaluation, log, plots
from tsuzuri.training.checkpoint import Checkpoint, arrays_of
from tsuzuri.training.optimizers import OPTIMIZERS, Adam
from tsuzuri.training.run import load_run
from tsuzuri.training.schemas import LANGUAGE_MODEL, LanguageModelRecipe
from tsuzuri.training.state import Patience

WORDS, UNITS = 13, 5


# Files


def test_write_replaces_in_one_step(tmp_path):
    path = tmp_path / "a"
    storage.write_file(str(path), b"old")
    storage.write_file(str(path), b"new")
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["a"]
    assert path.stat().st_mode & 0o777 == 0o666 & ~storage._umask()


@pytest.mark.parametrize("broken", ["fsync", "replace"])
def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch, broken):
    path = tmp_path / "a"
    storage.write_file(str(path), b"old")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storage.os, broken, fail)
    with pytest.raises(UserError, match=r"a: cannot be written: No space left on device \(what was there before is un"):
        storage.write_file(str(path), b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


def test_write_into_no_folder(tmp_path):
    with pytest.raises(UserError, match="No such file or directory"):
        storage.write_file(str(tmp_path / "none" / "a"), b"")


def test_npz_round_trip_and_same_bytes(tmp_path, rng):
    arrays = {"a/b": rng.normal(size=(3, 4)).astype("f"), "c": numpy.array(7), "d": numpy.zeros((0, 2), "i")}
    arrays["e"] = numpy.asfortranarray(arrays["a/b"])
    data = storage.encode_npz(arrays)
    assert storage.encode_npz(arrays) == data
    storage.write_file(str(tmp_path / "x.npz"), data)
    back = storage.load_npz(str(tmp_path / "x.npz"))
    with numpy.load(tmp_path / "x.npz") as plain:  # anyone's NumPy reads it
        for name, array in arrays.items():
            assert back[name].dtype == array.dtype
            assert numpy.array_equal(back[name], array)
            assert numpy.array_equal(plain[name], array)


class Hostile:
    def __reduce__(self):
        return (os.system, ("touch pwned",))


def member(path, data, compress=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compress) as archive:
        archive.writestr("w.npy", data)
    return str(path)


def header(text):
    text = text.encode() + b" " * (-(len(text) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "magic string"),
        (b"junk" * 40, "magic string"),
        (
            header("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,)}") + b"\0" * 64,
            "should hold 10000",
        ),
        (header("{'descr': '<f4', 'fortran_order': False, 'shape': (4,)}") + b"\0" * 15, "has 15 bytes"),
        (header("{'descr': '<f4', 'fortran_order': False, 'shape': (-1, -4)}") + b"\0" * 16, "should hold"),
        (header("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}") + pickle.dumps(Hostile()), "Python objects"),
        (header("__import__('os').system('touch pwned')"), "malformed node"),
    ],
)
def test_hostile_arrays(tmp_path, monkeypatch, data, reason):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=reason):
        storage.load_npz(member(tmp_path / "x.npz", data))
    assert os.listdir(tmp_path) == ["x.npz"]


def test_a_pickle_in_an_npz_is_not_loaded(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    stream = io.BytesIO()
    numpy.savez(stream, w=numpy.array([Hostile()], object))
    (tmp_path / "x.npz").write_bytes(stream.getvalue())
    (tmp_path / "y.npz").write_bytes(pickle.dumps(Hostile()))
    for name in ("x.npz", "y.npz"):
        with pytest.raises(UserError, match=name):
            storage.load_npz(str(tmp_path / name))
    assert sorted(os.listdir(tmp_path)) == ["x.npz", "y.npz"]


def test_a_claim_beyond_the_file_is_refused_before_memory_is_taken(tmp_path):
    path = member(tmp_path / "x.npz", header("{'descr': '<f4', 'fortran_order': False, 'shape': (4,)}") + b"\0" * 16)
    data = bytearray((tmp_path / "x.npz").read_bytes())
    entry = data.index(b"PK\x01\x02")
    data[entry + 20 : entry + 28] = struct.pack("<II", 4_000_000_000, 4_000_000_000)
    (tmp_path / "x.npz").write_bytes(data)
    with pytest.raises(UserError, match="claims 4000000000 bytes, more than the file can hold"):
        storage.load_npz(path)


@pytest.mark.parametrize("position", range(0, 1000, 37))
def test_a_damaged_file_is_named_or_read_the_same(tmp_path, position):
    arrays = {"a": numpy.arange(40, dtype="f"), "b": numpy.arange(60, dtype="i")}
    data = bytearray(storage.encode_npz(arrays))
    data[position % len(data)] ^= 0x5A
    (tmp_path / "x.npz").write_bytes(data)
    try:
        back = storage.load_npz(str(tmp_path / "x.npz"))
    except UserError:
        return
    assert all(numpy.array_equal(back[name], arrays[name]) for name in back)  # a byte without meaning, such as a date


# Runs


ABOUT = {
    "kind": "text",
    "tokens": "char",
    "dictionary": "",
    "sizes": {"words": WORDS, "units": UNITS, "dropout": 0.5, "dropout_on": "layers"},
    "recipe": dataclasses.asdict(LanguageModelRecipe(seed=3, batchsize=4)),
    "vectors": None,
    "corpus": {
        "corpus": ["a.txt"],
        "valid": ["b.txt"],
        "test": ["c.txt"],
        "min_count": 2,
        "vocab_size": None,
        "fingerprint": "",
        "report": {},
    },
}
ENTRY = {"epoch": 1, "train_loss": 5.0, "valid_loss": 4.0, "lr": 0.002, "words_per_second": 12345, "best": True}
META = {
    "epoch": 4,
    "window": 1,
    "start": 2,
    "nats": 0.1,
    "words": 5,
    "lr": 0.002,
    "history": [ENTRY, ENTRY | {"valid_loss": math.nan}],
    "order": numpy.random.default_rng(0).bit_generator.state,
    "patience": {"patience": 5, "best": math.inf, "stale": 0},
}


def make_run(path):
    return create_run(path, ABOUT, vocabulary.Vocabulary([*vocabulary.SPECIAL, *"abcdefghijk"]))


def trained(run, steps=3, optimizer=None):
    model, optimizer = run.new_model(), optimizer or Adam()
    optimizer.setup(model)
    xs = numpy.random.default_rng(0).integers(0, WORDS, (6, 4)).astype("i")
    for _ in range(steps):
        loss = model(xs[:-1], xs[1:])
        model.cleargrads()
        loss.backward()
        optimizer.update()
    return model, optimizer


def test_a_run_comes_back_as_it_was(tmp_path):
    run = make_run(tmp_path / "run")
    model, optimizer = trained(run)
    run.save_best(model)
    run.save_checkpoint(model, optimizer, META)

    again = load_run(run.path)
    assert again.sizes == run.sizes
    assert again.recipe == LanguageModelRecipe(seed=3, batchsize=4)
    assert again.vocabulary.words == run.vocabulary.words
    best = again.load_best()
    assert all((a.array == b.array).all() for a, b in zip(model.params(), best.params(), strict=True))

    fresh, fresh_optimizer = again.new_model(), Adam()
    fresh_optimizer.setup(fresh)
    meta = again.load_checkpoint().restore(fresh, fresh_optimizer)
    assert json.dumps(meta) == json.dumps(META)  # which holds a NaN
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


def changed(about, where, value):
    """A copy of nested dicts and lists with one value put in or, for ``...``, taken out at a path such as a.b.0."""
    about = json.loads(json.dumps(about))
    *path, last = (int(key) if key.isdigit() else key for key in where.split("."))
    inner = functools.reduce(operator.getitem, path, about)
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    return about


def paths(table, prefix=""):
    """Every path of a table of rules, those of the tables in it before their own fields."""
    for key in table if isinstance(table, dict) else range(len(table)):
        if key is not OTHERS:
            yield f"{prefix}{key}"
            yield from paths(table[key], f"{prefix}{key}.") if type(table[key]) in (dict, list) else ()


def edit(run, where, value):
    (pathlib.Path(run.path) / "run.json").write_text(json.dumps(changed(run.about, where, value)))


@pytest.mark.parametrize(
    ("where", "value", "reason"),
    [
        ("format", 2, "of format 2, newer than this program's 1: update Tsuzuri"),
        ("format", "x", "not a run of this program: format is 'x', must be a whole number"),
        ("kind", "pictures", "kind is 'pictures', must be one of text, music"),
        ("tokens", "klingon", "tokens is 'klingon', must be one of mecab, char, space, english, midi"),
        ("tokens", "midi", "tokens of text is 'midi', must be one of mecab, char, space, english$"),
        ("kind", "music", "tokens of music is 'char', must be one of midi"),
        ("dictionary", None, "dictionary is None, must be a text"),
        ("sizes.words", 99, "sizes.words is 99, but vocabulary.txt has 13"),
        ("sizes.words", True, "sizes.words is True, must be a whole number, 2 or more"),
        ("sizes.units", "x", "sizes.units is 'x', must be a whole number, 1 or more"),
        ("sizes.units", True, "sizes.units is True"),
        ("sizes.units", -1, "sizes.units is -1"),
        ("sizes.units", 5.0, "sizes.units is 5.0"),
        ("sizes.dropout", 7, "sizes.dropout is 7, must be a number from 0 to 0.95"),
        ("sizes.dropout_on", "all", "sizes.dropout_on is 'all', must be one of layers, projections"),
        ("sizes.nonsense", 1, "sizes.nonsense is not known"),
        ("sizes", [], r"sizes is \[\], must be an object"),
        ("recipe", None, "recipe is None, must be an object"),
        ("recipe.batchsize", 0, "recipe.batchsize is 0, must be a whole number, 1 or more"),
        ("recipe.lr", math.nan, "recipe.lr is nan, must be a number above 0 to 1e"),
        ("recipe.lr", 0, "recipe.lr is 0"),
        ("recipe.gradclip", math.inf, "recipe.gradclip is inf"),
        ("recipe.lr_decay", 1.5, "recipe.lr_decay is 1.5, must be a number above 0 to 1$"),
        ("recipe.optimizer", "foo", "recipe.optimizer is 'foo', must be one of adam, sgd"),
        ("recipe.optimizer", ["adam"], "recipe.optimizer is "),
        ("corpus.corpus", "a.txt", "corpus.corpus is 'a.txt', must be a list"),
        ("corpus.corpus", ["a.txt", 3], r"corpus.corpus\[1\] is 3, must be a text"),
        ("corpus.vocab_size", 0, "corpus.vocab_size is 0, must be null or a whole number, 1 or more"),
        ("corpus.min_count", 10**400, None),
        ("corpus.midi", {"grid": 24}, None),
        ("nonsense", 1, "nonsense is not known"),
    ],
)
def test_a_run_edited_by_hand(tmp_path, where, value, reason):
    run = make_run(tmp_path)
    edit(run, where, value)
    if reason is None:
        assert load_run(run.path).sizes == run.sizes
        return
    with pytest.raises(UserError, match=reason) as error:
        load_run(run.path)
    assert str(error.value).startswith(f"{tmp_path / 'run.json'}: ")
    assert "\n" not in str(error.value)


def attempt(function, *args):
    """What a function returns, and the line with which it refused: one of the two is None."""
    try:
        return function(*args), None
    except UserError as error:
        return None, str(error)


NONSENSE = [..., None, True, -1, 0.5, -(10**400), math.nan, math.inf, "x", "\ud800\n", [], [None], {}, {"x": [[]]}]


OLD_RUNS_MAY_LACK = ("vectors", "recipe.precision", "recipe.freeze_epochs")


def test_no_field_of_a_run_is_taken_on_trust(tmp_path):
    """Each with values of every kind: the run loads, and has them, or one line tells the field."""
    run = make_run(tmp_path)
    for where in paths(LANGUAGE_MODEL.rules):
        for value in NONSENSE:
            edit(run, where, value)
            loaded, reason = attempt(load_run, run.path)
            if reason:
                assert re.sub(r"\.(\d+)", r"[\1]", where) in reason
            else:
                filled_in = value is ... and where in OLD_RUNS_MAY_LACK
                assert loaded.about == (run.about if filled_in else changed(run.about, where, value))
                assert value is not ... or filled_in or where.endswith(".0")
    assert set(LANGUAGE_MODEL.rules["recipe"]) == {field.name for field in dataclasses.fields(LanguageModelRecipe)}
    assert set(LANGUAGE_MODEL.rules["sizes"]) == {field.name for field in dataclasses.fields(Sizes)}


def test_a_run_of_music_has_the_settings_of_its_midi(tmp_path):
    run = make_run(tmp_path)
    run.about = run.about | {"kind": "music", "tokens": "midi"}
    for where in ("corpus.midi", "corpus.report.midi"):
        edit(run, "kind", "music")
        with pytest.raises(UserError, match=rf"run\.json: .*: {where} is missing"):
            load_run(run.path)
        run.about = changed(run.about, where, {"grid": 24})
    edit(run, "kind", "music")
    assert load_run(run.path).about["corpus"]["report"] == {"midi": {"grid": 24}}


@pytest.mark.parametrize("data", ["", "{", "[]", '{"format": 1}', "null", "[" * 100_000])
def test_damaged_descriptions(tmp_path, data):
    make_run(tmp_path)
    (tmp_path / "run.json").write_text(data)
    with pytest.raises(UserError, match=r"run\.json: damaged, or not a run of this program"):
        load_run(str(tmp_path))


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
            {f"state/{name}": numpy.zeros((3, UNITS), "f") for name in LANGUAGE_MODEL.carried},
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
                assert json.dumps(loaded.meta) == json.dumps(meta)
                assert value is not ... or where.endswith(".0")


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_goes_on_from_its_checkpoint(tmp_path, name):
    run, make = make_run(tmp_path), OPTIMIZERS[name].make
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


def test_what_a_killed_save_left_is_swept_when_it_is_old_and_ours(tmp_path):
    run = make_run(tmp_path)
    run.save_checkpoint(*trained(run), META)
    long_ago = time.time() - 2 * storage.STALE
    kept = {".tmp-notes.txt", ".tmp-abcdefg", "tmp-abcdefgh", ".tmp-y0ung__1", ".tmp-folder_1"}
    (tmp_path / ".tmp-folder_1").mkdir()
    for name in kept - {".tmp-folder_1"} | {".tmp-abcd_123"}:
        (tmp_path / name).write_bytes(b"half")
    for name in kept - {".tmp-y0ung__1"} | {".tmp-abcd_123"}:
        os.utime(tmp_path / name, (long_ago, long_ago))
    before = set(os.listdir(tmp_path))
    run.load_checkpoint()
    assert before - set(os.listdir(tmp_path)) == {".tmp-abcd_123"}


def test_the_temporary_files_of_write_are_those_that_are_swept(tmp_path, monkeypatch):
    monkeypatch.setattr(storage.os, "replace", lambda *_: os._exit(0))
    child = os.fork()
    if not child:
        storage.write_file(str(tmp_path / "a"), b"half")
    os.waitpid(child, 0)
    (left,) = tmp_path.iterdir()
    os.utime(left, (0, 0))
    storage.remove_stale_files(str(tmp_path))
    assert list(tmp_path.iterdir()) == []


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


# Optimizers


@pytest.mark.parametrize("amount", [0, 0.3])
def test_adam_equals_chainers(amount):
    models = []
    for make in (Adam, chainer.optimizers.Adam):
        model = RNN(Sizes(WORDS, UNITS, 0.5), numpy.random.default_rng(0))
        optimizer = make(alpha=0.01)
        optimizer.setup(model)
        optimizer.add_hook(chainer.optimizer_hooks.GradientClipping(amount or 1e9))
        xs = numpy.random.default_rng(1).integers(0, WORDS, (6, 4)).astype("i")
        for _ in range(10):
            loss = model(xs[:-1], xs[1:])
            model.cleargrads()
            loss.backward()
            optimizer.update()
        models.append(model)
    for a, b in zip(*(model.params() for model in models), strict=True):
        numpy.testing.assert_allclose(a.array, b.array, rtol=1e-4, atol=1e-6)


def test_every_optimizer_has_its_learning_rate_where_the_table_says():
    for optimizer in OPTIMIZERS.values():
        made = optimizer.make(0.125)
        assert getattr(made, optimizer.rate) == 0.125


# Evaluation and stopping


def test_evaluation_is_the_mean_over_words_and_leaves_the_state(rng):
    model = RNN(Sizes(WORDS, UNITS), numpy.random.default_rng(0))
    model.step(numpy.array([1, 2], "i"))
    before = model.get_state()
    ids = rng.integers(0, WORDS, 90).astype("i")
    loss = evaluation.evaluate_loss(model, ids)
    assert all((a == b).all() for a, b in zip(before, model.get_state(), strict=True))

    model.reset_state()
    nats = 0.0
    for x, t in itertools.pairwise(ids):
        logits = model.step(numpy.array([x], "i"))[0].astype("d")
        nats += math.log(numpy.exp(logits).sum()) - logits[t]
    assert loss == pytest.approx(nats / 89, rel=1e-5)


def test_evaluation_in_streams_scores_all(rng, monkeypatch):
    monkeypatch.setattr(evaluation, "STREAM", 30)
    model = RNN(Sizes(WORDS, UNITS), numpy.random.default_rng(0))
    model.l3.W.array[...] = 0  # every word is as likely as its bias says, whatever came before
    model.l3.b.array[...] = numpy.arange(WORDS)
    ids = rng.integers(0, WORDS, 100).astype("i")
    log_p = numpy.arange(WORDS) - math.log(sum(math.exp(k) for k in range(WORDS)))
    assert evaluation.evaluate_loss(model, ids) == pytest.approx(-log_p[ids[1:]].mean(), rel=1e-6)


def test_patience():
    patience = Patience(2)
    assert [patience.better(loss) for loss in (5, 4, 4.5)] == [True, True, False]
    assert not patience.exhausted()
    assert not patience.better(math.nan)
    assert patience.exhausted()
    assert patience.best == 4


@pytest.fixture
def interruptible():
    """Ctrl-C as in a terminal: a shell lets what it runs in the background ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_the_second_interrupt_is_not_held_up():
    with Interrupt() as interrupt:
        assert interrupt.signal is None
        signal.raise_signal(signal.SIGINT)
        assert interrupt.signal == signal.SIGINT
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


# Log and plot


def test_log_line_and_file():
    assert log.language_model_line(ENTRY) == (
        "epoch   1   train loss 5.000   valid loss 4.000 perplexity     54.6   lr 0.002   12,345 words/s   best"
    )
    assert [json.loads(line) for line in log.dump_history([ENTRY, ENTRY]).splitlines()] == [ENTRY, ENTRY]


def test_the_curves_are_a_picture():
    data = plots.plot_loss_curves([ENTRY, ENTRY | {"epoch": 2, "valid_loss": 3.5}], "title")
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", data[16:24])
    assert (width, height) == (640, 400)
