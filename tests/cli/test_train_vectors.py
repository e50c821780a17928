"""Training that begins with word vectors: which rows are frozen, what run.json says of them, and how a run goes on."""

import collections
import json
import os
import random
import signal

import numpy
import pytest

from tests.text.vector_samples import glove, table
from tsuzuri.cli import train
from tsuzuri.compat import chainer
from tsuzuri.errors import UserError
from tsuzuri.models.rnn import RNN, Sizes
from tsuzuri.text import vector_files, vectors
from tsuzuri.training import learner, plots, trainer
from tsuzuri.training.optimizers import OPTIMIZERS
from tsuzuri.training.run import load_run

# The model


@pytest.mark.parametrize("name", ["adam", "sgd", "adadelta"])
def test_frozen_rows_have_no_gradient_and_all_else_has_the_same(rng, name):
    xs = rng.integers(0, 9, (6, 4)).astype("i")
    grads = {}
    for frozen in (False, True):
        model, optimizer = RNN(Sizes(9, 8), numpy.random.default_rng(0)), OPTIMIZERS[name].make(0.1, 5.0)
        optimizer.setup(model)
        if frozen:
            model.l0.disable_update()
        before = model.l0.W.array.copy()
        loss = model(xs[:-1], xs[1:])
        model.cleargrads()
        loss.backward()
        grads[frozen] = {path: param.grad for path, param in model.namedparams()}
        optimizer.update()
        assert numpy.array_equal(model.l0.W.array, before) == frozen
    assert grads[True].pop("/l0/W") is None
    assert abs(grads[False].pop("/l0/W")).max() > 0
    assert all(numpy.array_equal(grads[True][path], grad) for path, grad in grads[False].items())


# train.py

SMALL = ["--tokens", "space", "-b", 4, "-l", 6, "--min-count", 1, "--dropout", 0.1, "--lr", 0.01, "-d", "cpu"]
SEEN = ["the", "dog", "sees", "likes", "."]  # but not cat, bird and chases


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    """Sentences of a small grammar, 1,008 words to train on, some 43 windows; no pictures of the losses."""
    monkeypatch.setattr(plots, "plot_loss_curves", lambda *_: b"")
    generator = random.Random(4)
    nouns, verbs = ["Cat", "dog", "bird"], ["sees", "likes", "chases"]
    lines = (f"the {generator.choice(nouns)} {generator.choice(verbs)} the dog ." for _ in range(160))
    (tmp_path / "small.txt").write_text("\n".join(lines) + "\n")
    return tmp_path / "small.txt"


@pytest.fixture
def file(tmp_path):
    """Vectors of eight numbers for some of the words."""
    (tmp_path / "v.vec").write_bytes(glove(table(numpy.random.default_rng(7), SEEN, 8)))
    return tmp_path / "v.vec"


def call(*args):
    return train.main([str(arg) for arg in args])


def test_training_begins_with_the_rows_that_were_found(corpus, file, tmp_path, monkeypatch, capsys):
    jobs = []
    monkeypatch.setattr(trainer.Trainer, "train", lambda self: jobs.append(self) or True)
    call(corpus, "-o", tmp_path / "run", "--vectors", file, *SMALL)
    words, rows = jobs[0].run.vocabulary, table(numpy.random.default_rng(7), SEEN, 8)
    assert jobs[0].model.sizes.width == 8
    for word, row in rows.items():
        assert numpy.array_equal(jobs[0].model.l0.W.array[words.ids[word]], row)
    about = json.loads((tmp_path / "run" / "run.json").read_text())
    counts = collections.Counter(words.words[i] for i in jobs[0].task.corpus.train if i)
    assert about["vectors"] == {
        "file": str(file),
        "form": vector_files.GLOVE,
        "total": 5,
        "width": 8,
        "found": 5,
        "of": 8,
        "share": sum(counts[word] for word in SEEN) / sum(counts.values()),
    }
    assert about["recipe"]["freeze_epochs"] == 0
    assert "vectors  5 of 8 numbers (GloVe text): 5 of 8 words found (62.5%; " in capsys.readouterr().err
    with numpy.load(tmp_path / "run" / "checkpoint.npz") as checkpoint:
        assert numpy.array_equal(checkpoint["model/l0/W"], jobs[0].model.l0.W.array)


def stop_after(monkeypatch, windows):
    """Have the training stopped by a signal in so many windows."""
    learn, count = learner.Learner.learn, iter(range(windows - 1, -1, -1))

    def counted(self, batch):
        learn(self, batch)
        if next(count, None) == 0:
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(learner.Learner, "learn", counted)


def arrays(run, name="checkpoint.npz"):
    with numpy.load(run / name) as file:
        return {key: file[key] for key in file.files if key != "meta"}  # which holds words a second


@pytest.mark.parametrize(
    ("how", "stops"),  # the windows after which a run is stopped; epochs 1 and 2 end after 43 and 87
    [(["--freeze-epochs", 2], [20, 87, 95]), (["--freeze-vectors"], [60]), ([], [20])],
)
def test_resumed_is_undisturbed_and_frozen_rows_do_not_change(corpus, file, tmp_path, monkeypatch, capsys, how, stops):
    begin = [corpus, "--vectors", file, "-e", 3, *SMALL, *how]
    call(*begin, "-o", tmp_path / "whole")
    assert capsys.readouterr().err.count("windows  about 43 an epoch") == 1
    whole = arrays(tmp_path / "whole")
    start = starting_rows(tmp_path / "whole", file)
    for stop in stops:
        out = tmp_path / str(stop)
        with monkeypatch.context() as patch:
            stop_after(patch, stop)
            assert call(*begin, "-o", out) == 128 + signal.SIGTERM
        frozen = stop <= 87 if how == ["--freeze-epochs", 2] else how == ["--freeze-vectors"]
        assert numpy.array_equal(arrays(out)["model/l0/W"], start) == frozen
        file.rename(tmp_path / "away")
        assert call("-o", out, "--resume", "-d", "cpu") == 0
        (tmp_path / "away").rename(file)
        same_runs(out, tmp_path / "whole")
    assert numpy.array_equal(whole["model/l0/W"], start) == (how == ["--freeze-vectors"])


def test_resumed_where_rows_begin_to_be_tuned(corpus, file, tmp_path):
    """The checkpoint between two epochs: from now on rows are updated, and it has no moments of them yet."""
    begin = [corpus, "--vectors", file, "--freeze-epochs", 1, *SMALL]
    call(*begin, "-o", tmp_path / "whole", "-e", 2)
    call(*begin, "-o", tmp_path / "parts", "-e", 1)
    assert "optimizer/l0/W/m" not in arrays(tmp_path / "parts")
    call("-o", tmp_path / "parts", "--resume", "-e", 2, "-d", "cpu")
    assert "optimizer/l0/W/m" in arrays(tmp_path / "parts")
    same_runs(tmp_path / "parts", tmp_path / "whole")


def test_rows_that_were_frozen_are_tuned_on_a_gpu(engine, corpus, file, tmp_path, monkeypatch):
    """By Chainer's functions, also where a run goes on: the recorded window has one count of updates for all."""
    device = ["-d", "cpu" if engine.xp is numpy else "gpu"]  # the emulated one stands on the CPU
    corpus.write_text("".join(corpus.read_text().splitlines(keepends=True)[:14]))  # 3 windows, for that one is slow
    begin = [corpus, "--vectors", file, "--freeze-epochs", 1, "-e", 2, *SMALL, *device, "-b", 7, "-l", 5]
    call(*begin, "-o", tmp_path / "whole")
    with monkeypatch.context() as patch:
        stop_after(patch, 4)
        assert call(*begin, "-o", tmp_path / "parts") == 128 + signal.SIGTERM
    assert call("-o", tmp_path / "parts", "--resume", *device) == 0
    same_runs(tmp_path / "parts", tmp_path / "whole")
    counts = arrays(tmp_path / "whole")
    assert (counts["optimizer/t"], counts["optimizer/l0/W/t"]) == (6, 3)


def same_runs(a, b):
    assert (a / "model.npz").read_bytes() == (b / "model.npz").read_bytes()
    one, other = arrays(a), arrays(b)
    assert one.keys() == other.keys()
    assert [key for key in one if one[key].tobytes() != other[key].tobytes()] == []


def starting_rows(run, file):
    """The rows that a run with seed 0 began with."""
    words = load_run(str(run)).vocabulary
    return vectors.load_vectors(str(file), words, numpy.random.default_rng([0, 2])).rows


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--freeze-vectors"], "--freeze-vectors is for --vectors or --init-from, of which none is given"),
        (["--freeze-epochs", 3], "--freeze-epochs is for --vectors or --init-from, of which none is given"),
        (["--vectors", "FILE", "--freeze-epochs", 3, "--freeze-vectors"], "give one of them"),
        (["--vectors", "FILE", "--freeze-epochs", 0], "0 is out of range: must be 1 or more"),
        (
            ["--vectors", "FILE", "--embed", 12],
            r"--embed 12: the words of .*v\.vec have 8 numbers, so it must be 8,",
        ),
        (["--vectors", "none"], "none: no such file"),
        (["--vectors", ""], "must name a file or a folder, and is empty"),
        (["--vectors", "TEXT"], r"small\.txt: not a file of word vectors: line 1 ends in 0 numbers"),
        (["--vectors", "FOREIGN"], "foreign: none of its 1 words is one of the text, such as 'the', 'dog', '.'"),
    ],
)
def test_options_that_do_not_go_together_leave_an_old_run(corpus, file, tmp_path, options, reason):
    (tmp_path / "foreign").write_text("maison 1 2\n")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_text("{}")
    places = {"FILE": file, "TEXT": corpus, "FOREIGN": tmp_path / "foreign"}
    given = [places.get(option, option) for option in options]
    with pytest.raises(UserError, match=reason):
        call(corpus, "-o", tmp_path / "run", "--force", *SMALL, *given)
    assert os.listdir(tmp_path / "run") == ["run.json"]
    assert (tmp_path / "run" / "run.json").read_text() == "{}"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--vectors", "v.vec"], "--vectors v.vec: .*run began without, and goes on as it began"),
        (["--freeze-vectors"], "--freeze-vectors on: .*run has off, and with --resume only "),
        (["--freeze-epochs", 2], "--freeze-epochs 2: .*run has 0, and with --resume only "),
    ],
)
def test_a_run_goes_on_without_the_vectors_that_it_did_not_begin_with(corpus, tmp_path, monkeypatch, options, reason):
    with monkeypatch.context() as patch:
        patch.setattr(trainer.Trainer, "train", lambda self: True)
        call(corpus, "-o", tmp_path / "run", *SMALL)
    with pytest.raises(UserError, match=reason):
        call("-o", tmp_path / "run", "--resume", *options)


def test_vectors_may_have_moved(corpus, file, tmp_path, monkeypatch):
    monkeypatch.setattr(trainer.Trainer, "train", lambda self: True)
    call(corpus, "-o", tmp_path / "run", "--vectors", file, *SMALL)
    again = ["-o", tmp_path / "run", "--resume", "-d", "cpu", "--vectors"]
    (tmp_path / "other.vec").write_text(file.read_text().replace(" 0", " 1", 1) + "more 1 2 3 4 5 6 7 8\n")
    with pytest.raises(UserError, match=r"other\.vec: not the word vectors that .*run began with, .*v\.vec"):
        call(*again, tmp_path / "other.vec")
    (tmp_path / "moved.vec").write_text(file.read_text())
    assert call(*again, tmp_path / "moved.vec") == 0
    assert load_run(str(tmp_path / "run")).about["vectors"]["file"] == str(tmp_path / "moved.vec")
    assert call(*again, tmp_path / "moved.vec") == 0


def test_the_width_may_be_given_as_it_is(corpus, file, tmp_path, monkeypatch):
    monkeypatch.setattr(trainer.Trainer, "train", lambda self: True)
    assert call(corpus, "-o", tmp_path / "run", "--vectors", file, "--embed", 8, *SMALL) == 0
    assert load_run(str(tmp_path / "run")).sizes.width == 8


def test_runs_from_before_there_were_vectors(corpus, tmp_path, monkeypatch):
    monkeypatch.setattr(trainer.Trainer, "train", lambda self: True)
    call(corpus, "-o", tmp_path / "run", "-u", 8, *SMALL)
    about = json.loads((tmp_path / "run" / "run.json").read_text())
    assert about.pop("vectors") is None
    assert about["recipe"].pop("freeze_epochs") == 0
    (tmp_path / "run" / "run.json").write_text(json.dumps(about))
    run = load_run(str(tmp_path / "run"))
    assert run.recipe.freeze_epochs == 0
    assert run.about["vectors"] is None


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("vectors", [], r"vectors is \[\], must be null or an object"),
        ("vectors", {}, r"vectors\.file is missing"),
        ("share", 1.5, r"vectors\.share is 1\.5, must be a number from 0 to 1"),
        ("form", "pickle", r"vectors\.form is 'pickle', must be one of GloVe text, "),
        ("freeze_epochs", -1, r"recipe\.freeze_epochs is -1, must be null or a whole number, 0 or more"),
    ],
)
def test_what_run_json_says_of_vectors_is_checked(corpus, file, tmp_path, monkeypatch, field, value, reason):
    monkeypatch.setattr(trainer.Trainer, "train", lambda self: True)
    call(corpus, "-o", tmp_path / "run", "--vectors", file, *SMALL)
    path = tmp_path / "run" / "run.json"
    about = json.loads(path.read_text())
    place = about if field in about else about["recipe"] if field in about["recipe"] else about["vectors"]
    place[field] = value
    path.write_text(json.dumps(about))
    with pytest.raises(UserError, match=reason):
        load_run(str(tmp_path / "run"))


def test_chainer_disables_what_the_model_looks_at():
    """An update rule is there only after the optimizer was set up, and a model without one is not frozen."""
    model = RNN(Sizes(9, 4), numpy.random.default_rng(0))
    model.l0.disable_update()
    xs = numpy.zeros((3, 2), "i")
    with chainer.using_config("train", False):
        model(xs, xs).backward()
    assert model.l0.W.grad is not None
