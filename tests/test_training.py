"""Files, runs, optimisers, evaluation and stopping."""

import io
import itertools
import json
import math
import os
import pickle
import signal
import struct
import zipfile

import numpy
import pytest

from compat import chainer
from corpus import vocabulary
from errors import UserError
from rnn import RNN, Sizes
from training import evaluate, files, log, plot
from training import run as runs
from training.optimisers import OPTIMISERS, Adam
from training.stopping import Interrupt, Patience

WORDS, UNITS = 13, 5


# Files


def test_write_replaces_in_one_step(tmp_path):
    path = tmp_path / "a"
    files.write(str(path), b"old")
    files.write(str(path), b"new")
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["a"]
    assert path.stat().st_mode & 0o777 == 0o666 & ~files._umask()


@pytest.mark.parametrize("broken", ["fsync", "replace"])
def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch, broken):
    path = tmp_path / "a"
    files.write(str(path), b"old")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, broken, fail)
    with pytest.raises(UserError, match=r"a: cannot be written: No space left on device \(what was there before is un"):
        files.write(str(path), b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


def test_write_into_no_folder(tmp_path):
    with pytest.raises(UserError, match="No such file or directory"):
        files.write(str(tmp_path / "none" / "a"), b"")


def test_npz_round_trip_and_same_bytes(tmp_path, rng):
    arrays = {"a/b": rng.normal(size=(3, 4)).astype("f"), "c": numpy.array(7), "d": numpy.zeros((0, 2), "i")}
    arrays["e"] = numpy.asfortranarray(arrays["a/b"])
    data = files.npz(arrays)
    assert files.npz(arrays) == data
    files.write(str(tmp_path / "x.npz"), data)
    back = files.read_npz(str(tmp_path / "x.npz"))
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
        files.read_npz(member(tmp_path / "x.npz", data))
    assert os.listdir(tmp_path) == ["x.npz"]


def test_a_pickle_in_an_npz_is_not_loaded(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    stream = io.BytesIO()
    numpy.savez(stream, w=numpy.array([Hostile()], object))
    (tmp_path / "x.npz").write_bytes(stream.getvalue())
    (tmp_path / "y.npz").write_bytes(pickle.dumps(Hostile()))
    for name in ("x.npz", "y.npz"):
        with pytest.raises(UserError, match=name):
            files.read_npz(str(tmp_path / name))
    assert sorted(os.listdir(tmp_path)) == ["x.npz", "y.npz"]


def test_a_claim_beyond_the_file_is_refused_before_memory_is_taken(tmp_path):
    path = member(tmp_path / "x.npz", header("{'descr': '<f4', 'fortran_order': False, 'shape': (4,)}") + b"\0" * 16)
    data = bytearray((tmp_path / "x.npz").read_bytes())
    entry = data.index(b"PK\x01\x02")
    data[entry + 20 : entry + 28] = struct.pack("<II", 4_000_000_000, 4_000_000_000)
    (tmp_path / "x.npz").write_bytes(data)
    with pytest.raises(UserError, match="claims 4000000000 bytes, more than the file can hold"):
        files.read_npz(path)


@pytest.mark.parametrize("position", range(0, 1000, 37))
def test_a_damaged_file_is_named_or_read_the_same(tmp_path, position):
    arrays = {"a": numpy.arange(40, dtype="f"), "b": numpy.arange(60, dtype="i")}
    data = bytearray(files.npz(arrays))
    data[position % len(data)] ^= 0x5A
    (tmp_path / "x.npz").write_bytes(data)
    try:
        back = files.read_npz(str(tmp_path / "x.npz"))
    except UserError:
        return
    assert all(numpy.array_equal(back[name], arrays[name]) for name in back)  # a byte without meaning, such as a date


# Runs


def new_run(path, **about):
    words = vocabulary.Vocabulary([*vocabulary.SPECIAL, *"abcdefghijk"])
    settings = {"kind": "text", "sizes": {"words": WORDS, "units": UNITS}, "recipe": {"seed": 3}} | about
    return runs.create(str(path), settings, words)


def trained(run, steps=3):
    model, optimizer = run.new_model(), Adam()
    optimizer.setup(model)
    xs = numpy.random.default_rng(0).integers(0, WORDS, (6, 4)).astype("i")
    for _ in range(steps):
        loss = model(xs[:-1], xs[1:])
        model.cleargrads()
        loss.backward()
        optimizer.update()
    return model, optimizer


def test_a_run_comes_back_as_it_was(tmp_path):
    run = new_run(tmp_path / "run")
    model, optimizer = trained(run)
    run.save_best(model)
    run.save_checkpoint(model, optimizer, {"epoch": 4, "x": 0.1})

    again = runs.load(run.path)
    assert again.sizes == run.sizes
    assert again.recipe == runs.Recipe(seed=3)
    assert again.vocabulary.words == run.vocabulary.words
    best = again.load_best()
    assert all((a.array == b.array).all() for a, b in zip(model.params(), best.params(), strict=True))

    fresh, fresh_optimizer = again.new_model(), Adam()
    fresh_optimizer.setup(fresh)
    assert again.load_checkpoint().restore(fresh, fresh_optimizer) == {"epoch": 4, "x": 0.1}
    assert fresh.rng.bit_generator.state == model.rng.bit_generator.state
    assert all((a == b).all() for a, b in zip(model.get_state(), fresh.get_state(), strict=True))
    assert fresh_optimizer.t == 3
    again.save_checkpoint(fresh, fresh_optimizer, {"epoch": 4, "x": 0.1})
    assert files.read_npz(run.file("checkpoint.npz")).keys() == dict(numpy.load(run.file("checkpoint.npz"))).keys()


def test_checkpoints_of_equal_states_are_equal_files(tmp_path):
    run = new_run(tmp_path / "run")
    data = []
    for _ in range(2):
        run.save_checkpoint(*trained(run), {"epoch": 1})
        data.append((tmp_path / "run" / "checkpoint.npz").read_bytes())
    assert data[0] == data[1]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"format": 2}, "newer than this program's 1: update Tsuzuri"),
        ({"format": "x"}, "not a run of this program"),
        ({"sizes": {"words": 99, "units": 5}}, "99 words, but 13 in vocabulary.txt"),
        ({"sizes": {"words": WORDS, "units": -1}}, "-1 units"),
        ({"sizes": {"words": WORDS, "units": 5, "nonsense": 1}}, "nonsense"),
        ({"recipe": None}, "not a run of this program"),
    ],
)
def test_foreign_and_newer_runs(tmp_path, change, reason):
    run = new_run(tmp_path)
    about = json.loads((tmp_path / "run.json").read_text()) | change
    (tmp_path / "run.json").write_text(json.dumps(about))
    with pytest.raises(UserError, match=reason):
        runs.load(run.path)


@pytest.mark.parametrize("data", ["", "{", "[]", '{"format": 1}', "null", "[" * 100_000])
def test_damaged_descriptions(tmp_path, data):
    new_run(tmp_path)
    (tmp_path / "run.json").write_text(data)
    with pytest.raises(UserError, match=r"run\.json: damaged, or not a run of this program"):
        runs.load(str(tmp_path))


def test_weights_that_do_not_fit(tmp_path):
    run = new_run(tmp_path / "run")
    arrays = runs.arrays_of(run.new_model())
    for wrong, reason in (
        (arrays | {"l3/b": arrays["l3/b"][:-1]}, r"l3/b is float32 \(12,\), not \(13,\)"),
        (arrays | {"l3/b": arrays["l3/b"][:1]}, r"l3/b is float32 \(1,\)"),
        (arrays | {"l3/b": arrays["l3/b"].astype("i")}, "l3/b is int32"),
        (arrays | {"l3/b": arrays["l3/b"] * numpy.nan}, "not finite"),
        (arrays | {"l9/b": arrays["l3/b"]}, "l9/b is not known"),
        ({name: array for name, array in arrays.items() if name != "l0/W"}, "l0/W is missing"),
    ):
        files.write(run.file("model.npz"), files.npz(wrong))
        with pytest.raises(UserError, match=reason):
            run.load_best()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"meta": None}, "no checkpoint of this program: KeyError"),
        ({"meta": numpy.frombuffer(b"{", "u1")}, "no checkpoint of this program"),
        ({"meta": numpy.frombuffer(b'{"rng": 1}', "u1")}, "no checkpoint of this program"),
        ({"model/l0/W": None}, "l0/W is missing"),
        ({"optimizer/l0/W/m": None}, "l0/W/m"),
        ({"optimizer/l0/W/m": numpy.zeros(3, "f")}, r"l0/W/m is float32 \(3,\)"),
        ({"state/c1": None}, "state/c1 is missing"),
        ({"state/c1": numpy.zeros((2, 9), "f")}, r"state/c1 is float32 \(2, 9\)"),
    ],
)
def test_checkpoints_that_do_not_fit(tmp_path, change, reason):
    run = new_run(tmp_path)
    run.save_checkpoint(*trained(run), {"epoch": 1})
    arrays = {k: v for k, v in (files.read_npz(run.file("checkpoint.npz")) | change).items() if v is not None}
    files.write(run.file("checkpoint.npz"), files.npz(arrays))
    model, optimizer = trained(run, steps=0)
    with pytest.raises(UserError, match=reason):
        run.load_checkpoint().restore(model, optimizer)


def test_a_size_that_the_weights_do_not_have_takes_no_memory(tmp_path):
    """A run.json that asks for a model of terabytes is refused by the weights' own sizes, before it is made."""
    run = new_run(tmp_path)
    run.save_best(run.new_model())
    about = json.loads((tmp_path / "run.json").read_text())
    about["sizes"]["units"] = 10**9
    (tmp_path / "run.json").write_text(json.dumps(about))
    run.save_checkpoint(*trained(new_run(tmp_path / "other")), {})
    for load in (runs.load(str(tmp_path)).load_best, runs.load(str(tmp_path)).load_checkpoint):
        with pytest.raises(UserError, match="does not fit its run: l"):
            load()


# Optimisers


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


def test_every_optimiser_has_its_learning_rate_where_the_table_says():
    for optimiser in OPTIMISERS.values():
        made = optimiser.make(0.125)
        assert getattr(made, optimiser.rate) == 0.125


# Evaluation and stopping


def test_evaluation_is_the_mean_over_words_and_leaves_the_state(rng):
    model = RNN(Sizes(WORDS, UNITS), numpy.random.default_rng(0))
    model.step(numpy.array([1, 2], "i"))
    before = model.get_state()
    ids = rng.integers(0, WORDS, 90).astype("i")
    loss = evaluate.loss(model, ids)
    assert all((a == b).all() for a, b in zip(before, model.get_state(), strict=True))

    model.reset_state()
    nats = 0.0
    for x, t in itertools.pairwise(ids):
        logits = model.step(numpy.array([x], "i"))[0].astype("d")
        nats += math.log(numpy.exp(logits).sum()) - logits[t]
    assert loss == pytest.approx(nats / 89, rel=1e-5)


def test_evaluation_in_streams_scores_all(rng, monkeypatch):
    monkeypatch.setattr(evaluate, "STREAM", 30)
    model = RNN(Sizes(WORDS, UNITS), numpy.random.default_rng(0))
    model.l3.W.array[...] = 0  # every word is as likely as its bias says, whatever came before
    model.l3.b.array[...] = numpy.arange(WORDS)
    ids = rng.integers(0, WORDS, 100).astype("i")
    log_p = numpy.arange(WORDS) - math.log(sum(math.exp(k) for k in range(WORDS)))
    assert evaluate.loss(model, ids) == pytest.approx(-log_p[ids[1:]].mean(), rel=1e-6)


def test_patience():
    patience = Patience(2)
    assert [patience.better(loss) for loss in (5, 4, 4.5)] == [True, True, False]
    assert not patience.exhausted()
    assert not patience.better(math.nan)
    assert patience.exhausted()
    assert patience.best == 4


def test_the_second_interrupt_is_not_held_up():
    with Interrupt() as interrupt:
        assert interrupt.signal is None
        os.kill(os.getpid(), signal.SIGINT)
        assert interrupt.signal == signal.SIGINT
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


# Log and plot


ENTRY = {"epoch": 1, "train_loss": 5.0, "valid_loss": 4.0, "lr": 0.002, "words_per_second": 12345, "best": True}


def test_log_line_and_file():
    assert log.line(ENTRY) == (
        "epoch   1   train loss 5.000   valid loss 4.000 perplexity     54.6   lr 0.002   12,345 words/s   best"
    )
    assert [json.loads(line) for line in log.dump([ENTRY, ENTRY]).splitlines()] == [ENTRY, ENTRY]


def test_the_curves_are_a_picture():
    data = plot.curves([ENTRY, ENTRY | {"epoch": 2, "valid_loss": 3.5}], "title")
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", data[16:24])
    assert (width, height) == (640, 400)
