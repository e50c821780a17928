"""classify.py as a person uses it, mostly in this process: training, predicting, evaluating, and what goes wrong."""

import contextlib
import dataclasses
import io
import json
import math
import os
import random
import re
import shutil
import signal
import subprocess
import sys

import numpy
import pytest

from tests.conftest import ROOT
from tests.training.test_run import NONSENSE, attempt, changed, paths
from tsuzuri import storage
from tsuzuri.api.classifiers import dataset_of_run
from tsuzuri.cli import classify, generate, options, train
from tsuzuri.data import preprocessing
from tsuzuri.errors import UserError
from tsuzuri.kernels import devices
from tsuzuri.models import classifier
from tsuzuri.training import evaluation, predictor, trainer
from tsuzuri.training.checkpoint import Checkpoint
from tsuzuri.training.classification import ClassificationTask, error_history
from tsuzuri.training.optimizers import OPTIMIZERS
from tsuzuri.training.run import load_run
from tsuzuri.training.schemas import CLASSIFIER, ClassifierRecipe

CUES = {"bad": ["dull", "awful", "weak", "cold"], "good": ["fine", "lovely", "superb", "warm"]}
OTHER = ["the", "film", "a", "song", "was", "and", "story", "it"]
SMALL = ["-u", 8, "-b", 4, "--lr", 0.05, "--min-count", 1, "--dropout", 0.2, "--dropout-words", 0.1, "-d", "cpu"]
BATCHES = 24  # of an epoch
TUNES = sorted((ROOT / "corpus" / "tunes").glob("*.mid"))


def lines(count, seed):
    """Labeled lines; one word of each tells its class."""
    generator = random.Random(seed)
    made = []
    for n in range(count):
        label = ("bad", "good")[n % 2]
        words = generator.choices(OTHER, k=generator.randint(2, 9))
        words.insert(generator.randint(0, len(words)), generator.choice(CUES[label]))
        made.append(f"{label}\t{' '.join(words)}\n")
    return made


@pytest.fixture(scope="module")
def mood(tmp_path_factory):
    """A corpus of 120 lines, 96 of them to train on, and a file of vectors for its words."""
    folder = tmp_path_factory.mktemp("mood")
    (folder / "mood.tsv").write_text("".join(lines(120, 1)))
    rng = numpy.random.default_rng(0)
    rows = [f"{word} {' '.join(f'{x:.3f}' for x in rng.normal(size=6))}\n" for word in (*OTHER, *CUES["bad"], "fine")]
    (folder / "vectors").write_text("".join(rows))
    return folder / "mood.tsv"


def call(*args):
    return classify.main([str(arg) for arg in args])


def captured(*args):
    """The status of a call, and what it said on standard output and standard error."""
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as error:
        status = call(*args)
    return status, out.getvalue(), error.getvalue()


@pytest.fixture(scope="module")
def straight(mood, tmp_path_factory):
    """A run of five epochs straight through, and what was said meanwhile."""
    out = tmp_path_factory.mktemp("runs") / "straight"
    return out, *captured("train", mood, "-o", out, "-e", 5, *SMALL)


@pytest.fixture
def refused(capsys):
    """Call the script, or another main, as a command line does; returns the one line with which it refused."""

    def line(*args, main=classify.main):
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            options.run(lambda: main([str(arg) for arg in args]))
        said = capsys.readouterr().err
        assert ended.value.code == 2, said
        assert "Traceback" not in said
        name, _, reason = said.strip().split("\n")[-1].partition(": error: ")
        assert reason, (name, said)
        return reason

    return line


def about(run):
    return json.loads((run / "run.json").read_text())


def history(run):
    return [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def arrays(run, name="model.npz"):
    with numpy.load(run / name, allow_pickle=False) as loaded:
        return {key: loaded[key] for key in loaded.files}


def right_of(said):
    """How many of so many examples a report says were right, two numbers."""
    return tuple(map(int, re.search(r"\((\d+) of (\d+) examples\)", said).groups()))


def same_runs(a, b):
    """Weights, moments, positions, generators and logs are the same; only speeds may differ."""
    assert (a / "model.npz").read_bytes() == (b / "model.npz").read_bytes()
    states = [arrays(run, "checkpoint.npz") for run in (a, b)]
    metas = [json.loads(state.pop("meta").tobytes()) for state in states]
    assert [*states[0]] == [*states[1]]
    assert [array.tobytes() for array in states[0].values()] == [array.tobytes() for array in states[1].values()]
    logs = [history(a), history(b)]
    for entry in [*metas[0]["history"], *metas[1]["history"], *logs[0], *logs[1]]:
        del entry["words_per_second"]
    assert metas[0] == metas[1]
    assert logs[0] == logs[1] == metas[0]["history"]


def stop_after(monkeypatch, updates, number=signal.SIGTERM):
    """Have the training stopped by a signal in so many updates."""
    left, learn = [updates], trainer.Learner.learn

    def counted(self, batch):
        left[0] -= 1
        if left[0] == 0:
            signal.raise_signal(number)
        learn(self, batch)

    monkeypatch.setattr(trainer.Learner, "learn", counted)


# Training


def test_a_run_leaves_what_it_should(straight):
    out, status, said, noted = straight
    assert status == 0
    assert sorted(os.listdir(out)) == [
        "checkpoint.npz", "error.png", "log.jsonl", "model.npz", "run.json", "vocabulary.txt",
    ]  # fmt: skip
    epochs = re.findall(
        r"^epoch +([\d.]+) +train loss [\d.]+ error +[\d.]+% +valid loss [\d.]+ error +[\d.]+% +test error +[\d.]+%"
        r" +[\d,]+ words/s",
        said,
        re.MULTILINE,
    )
    assert epochs == ["1.0", "2.0", "3.0", "4.0", "5.0"]
    assert "The best model on the test examples:\n\naccuracy " in said
    assert right_of(said) >= (11, 12)
    for line in (
        "read     corpus: 1 files (tab; UTF-8), 0 texts twice, 0 of them with two labels",
        "train    96 examples (bad 48, good 48)",
        "valid    12 examples (bad 6, good 6)",
        "test     12 examples (bad 6, good 6)",
        "ids      16 of 16 distinct words, and <unk>; by english",
        "engine   ",
    ):
        assert f"\n{line}" in f"\n{noted}"
    found = about(out)
    assert (found["kind"], found["classes"], found["case"]) == ("classes", ["bad", "good"], "fold")
    assert found["sizes"] == {
        "words": 18, "width": 8, "units": 8, "classes": 2, "model": "lstm", "layers": 1, "pool": "mean",
        "dropout": 0.2, "dropout_words": 0.1,
    }  # fmt: skip
    assert (out / "error.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert storage.load_npz(str(out / "model.npz"))["l1_x/W"].shape == (32, 8)


def test_the_weights_have_the_errors_beside_them(straight):
    out = straight[0]
    wanted = [[entry["valid_error"], entry["test_error"]] for entry in history(out)]
    assert arrays(out)["history_errs"].tolist() == wanted
    assert len(wanted) == 5
    assert [entry["updates"] for entry in history(out)] == [BATCHES * n for n in (1, 2, 3, 4, 5)]
    errors = [entry["valid_error"] for entry in history(out)]
    assert [entry["best"] for entry in history(out)] == [e < min([9, *errors[:n]]) for n, e in enumerate(errors)]


def test_errors_are_saved_with_better_weights_and_without(straight, tmp_path):
    out, entries = shutil.copytree(straight[0], tmp_path / "run"), history(straight[0])
    run, wanted = load_run(str(out), CLASSIFIER), arrays(straight[0])["history_errs"].tolist()
    run.save_best(run.new_model(), {"history_errs": error_history(entries[:3])})
    assert arrays(out)["history_errs"].tolist() == wanted[:3]
    assert (arrays(out)["out/W"] == run.new_model().out.W.array).all()
    run.save_extras({"history_errs": error_history(entries[:4])})
    assert arrays(out)["history_errs"].tolist() == wanted[:4]
    assert (arrays(out)["out/W"] == run.new_model().out.W.array).all()


def test_what_is_logged_of_an_epoch_is_what_the_model_did(mood, tmp_path):
    """Where nothing is learned and nothing dropped, training and all validations find the same."""
    captured(
        "train", mood, "-o", tmp_path / "a", "-e", 2, *SMALL, "--lr", 1e-30, "--optimizer", "sgd", "--use-dropout=off"
    )
    first, second = history(tmp_path / "a")
    assert first["train_loss"] == pytest.approx(second["train_loss"], rel=1e-5)
    assert first["train_error"] == second["train_error"]
    assert (first["valid_loss"], first["best"], second["best"]) == (second["valid_loss"], True, False)
    said = captured("evaluate", tmp_path / "a", mood, "-o", tmp_path / "picture.png")[1]
    right, count = right_of(said)
    assert count == 120
    parts = [(first["train_error"], 96), (first["valid_error"], 12), (first["test_error"], 12)]
    assert 120 - right == pytest.approx(sum(error * count for error, count in parts), abs=1e-6)


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize("model", ["bilstm", "rnn", "bow"])
def test_all_kinds_learn(mood, tmp_path, model):
    status, _, _ = captured("train", mood, "-o", tmp_path / "a", "-e", 8, *SMALL, "--encoder", model, "--pool", "max")
    assert status == 0
    assert min(entry["valid_error"] for entry in history(tmp_path / "a")) <= 0.1
    assert about(tmp_path / "a")["sizes"]["model"] == model


@pytest.mark.usefixtures("no_pictures")
def test_letters_are_sorted(tmp_path):
    """The sample that comes with the project, letters of four or so feelings in Japanese: far better than by chance."""
    pytest.importorskip("MeCab")
    letters = ROOT / "corpus" / "letters.tsv"
    out = tmp_path / "run"
    captured("train", letters, "-o", out, "-e", 6, "-u", 16, "-b", 16, "--lr", 0.02, "--model", "bow", "-d", "cpu")
    found = about(out)
    assert (found["tokens"], len(found["classes"]) > 2) == ("mecab", True)
    assert history(out)[-1]["test_error"] < 1 - 1.6 / len(found["classes"])


ALIASES = [
    ("--saveto RUN", None, None),
    ("--reload-model ORIGIN --dim-proj 8", "start.init_from.found", 16),
    ("--reload_model ORIGIN", "start.init_from.of", 16),
    ("--dim-proj 5", "sizes.units", 5),
    ("--dim_proj 5", "sizes.width", 5),
    ("--n_words 12", "corpus.n_words", 12),
    ("--n-words 12", "sizes.words", 12),
    ("--vocab-size 12", "sizes.words", 12),
    ("--max-epochs 2", "recipe.epoch", 2),
    ("--max_epochs 2", "recipe.epoch", 2),
    ("--patience 3", "recipe.patience", 3),
    ("--validFreq 7", "recipe.valid_freq", 7),
    ("--valid_freq 7", "recipe.valid_freq", 7),
    ("--dispFreq 7", None, None),
    ("--disp-freq 7", None, None),
    ("--lrate 0.03", "recipe.lr", 0.03),
    ("--batch-size 9", "recipe.batchsize", 9),
    ("--batch_size 9", "recipe.batchsize", 9),
    ("--use-dropout off", "sizes.dropout", 0),
    ("--use_dropout False", "sizes.dropout_words", 0),
    ("--use-dropout", "sizes.dropout", 0.2),
    ("--use_dropout=True", "sizes.dropout_words", 0.1),
    ("--sort-by-len", "recipe.sort_by_len", True),
    ("--sort_by_len on", "recipe.sort_by_len", True),
    ("--sort-by-len off", "recipe.sort_by_len", False),
    ("--encoder bilstm", "sizes.model", "bilstm"),
    ("--model rnn", "sizes.model", "rnn"),
    ("--decay-c 0.5", "recipe.decay_c", 0.5),
    ("--decay_c 0.5", "recipe.decay_c", 0.5),
    ("--optimizer adadelta", "recipe.optimizer", "adadelta"),
    ("--maxlen 6", "corpus.maxlen", 6),
    ("--maxlen 6 --truncate pre", "corpus.truncate", "pre"),
    ("-c 2", "recipe.gradclip", 2),
    ("--gradclip 2", "recipe.gradclip", 2),
    ("--pool last", "sizes.pool", "last"),
    ("--layers 2", "sizes.layers", 2),
    ("--width 3", "sizes.width", 3),
    ("--seed 7", "recipe.seed", 7),
    ("--tokens char", "tokens", "char"),
    ("--case keep", "case", "keep"),
    ("--vectors VECTORS", "sizes.width", 6),
    ("--vectors VECTORS --freeze-vectors", "recipe.freeze_epochs", None),
    ("--vectors VECTORS --freeze_epochs 3", "recipe.freeze_epochs", 3),
    ("--form tab", "corpus.form", "tab"),
    ("--encoding cp1252", "corpus.encoding", "cp1252"),
    ("--label-column 1 --text_column 2 --form tab", "corpus.columns", ["1", "2"]),
    ("--test-fraction 0 --valid_fraction 0.5", "corpus.report.classes", {"train": [30, 30], "valid": [30, 30]}),
    ("--test CORPUS", "corpus.report.classes.test", [60, 60]),
    ("--valid CORPUS", "corpus.report.classes.valid", [60, 60]),
    ("--precision float32", "recipe.precision", "float32"),
]


def untrained(monkeypatch):
    """Make runs without training."""
    monkeypatch.setattr(trainer.Trainer, "train", lambda self: True)


@pytest.mark.parametrize(("line", "where", "wanted"), ALIASES)
def test_every_option_and_every_spelling_of_the_tutorial(straight, mood, tmp_path, monkeypatch, line, where, wanted):
    untrained(monkeypatch)
    out = tmp_path / "run"
    names = {"RUN": out, "ORIGIN": straight[0], "CORPUS": mood, "VECTORS": mood.parent / "vectors"}
    given = [names.get(word, word) for word in line.split()]
    target = [] if "--saveto" in given else ["-o", out]
    small = SMALL[2:] if {"--reload-model", "--reload_model", "--dim-proj", "--dim_proj"} & set(given) else SMALL
    assert captured("train", mood, *small, *target, *given)[0] == 0
    found = about(out)
    for key in where.split(".") if where else ():
        found = found[key]
    assert where is None or found == wanted


def test_what_is_asked_of_no_option(mood, tmp_path, monkeypatch):
    untrained(monkeypatch)
    captured("train", mood, "-o", tmp_path / "a")
    found = about(tmp_path / "a")
    assert ClassifierRecipe(**found["recipe"] | {"precision": "float32"}) == ClassifierRecipe()
    assert (found["sizes"]["dropout"], found["sizes"]["dropout_words"], found["sizes"]["units"]) == (0.5, 0.5, 128)
    assert (found["corpus"]["min_count"], found["corpus"]["n_words"], found["start"]) == (2, 10_000, {})
    for name, optimizer in OPTIMIZERS.items():
        captured("train", mood, "-o", tmp_path / name, "--optimizer", name)
        assert about(tmp_path / name)["recipe"]["lr"] == (0.001 if name == "adam" else optimizer.lr)


@pytest.mark.usefixtures("no_pictures")
def test_lines_of_loss_while_it_runs(mood, tmp_path):
    noted = captured("train", mood, "-o", tmp_path / "a", "-e", 2, *SMALL, "--dispFreq", 15)[2]
    found = re.findall(r"^update +(\d+)   epoch (\d)   loss (\d\.\d{4})$", noted, re.MULTILINE)
    assert [line[:2] for line in found] == [("15", "1"), ("30", "2"), ("45", "2")]
    assert all(0 < float(line[2]) < 2 for line in found)


@pytest.mark.usefixtures("no_pictures")
def test_a_bar_shows_the_loss_of_an_example(mood, tmp_path, monkeypatch):
    """On a terminal; the same after a validation inside an epoch."""
    stream = io.StringIO()
    stream.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(trainer, "EVENT_SECONDS", 0)  # each step is shown
    with contextlib.redirect_stdout(io.StringIO()):
        call("train", mood, "-o", tmp_path / "a", "-e", 1, *SMALL, "--valid-freq", 5)
    losses = [float(loss) for loss in re.findall(r"loss (-?[\d.]+), [\d,]+ words/s", stream.getvalue())]
    assert losses
    assert all(0.05 < loss < 2 for loss in losses)
    assert "epoch 1/1:" in stream.getvalue()


@pytest.mark.usefixtures("no_pictures")
def test_weight_decay_keeps_the_last_layer_small_and_clipping_the_steps(mood, tmp_path):
    norms = []
    for n, given in enumerate((["--decay-c", 0], ["--decay-c", 1], ["-c", 1e-9, "--optimizer", "sgd"])):
        captured("train", mood, "-o", tmp_path / f"{n}", "-e", 2, *SMALL, *given)
        norms.append(float((arrays(tmp_path / f"{n}", "checkpoint.npz")["model/out/W"] ** 2).sum()))
    assert norms[1] < 0.5 * norms[0]
    begun = load_run(str(tmp_path / "2"), CLASSIFIER).new_model()
    assert norms[2] == pytest.approx(float((begun.out.W.array**2).sum()), rel=1e-5)


def test_batches_by_length_are_others(mood, tmp_path, monkeypatch):
    spans = []

    def spans_of(job):
        lengths = numpy.array([len(ids) for ids in job.task.dataset.train.sequences])
        return [numpy.ptp(lengths[places]) for places in job.task.begin_epoch(job.model, job.state)]

    monkeypatch.setattr(trainer.Trainer, "train", lambda self: spans.append(spans_of(self)) or True)
    for switch in ("off", "on"):
        captured("train", mood, "-o", tmp_path / switch, *SMALL, "--sort-by-len", switch)
    assert numpy.mean(spans[1]) < 0.5 * numpy.mean(spans[0])


# Stopping and going on


@pytest.fixture
def interruptible():
    """Ctrl-C as in a terminal: a shell lets what it runs in the background ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


VECTORS = ["--vectors", "VECTORS", "--freeze-epochs", 2]
STOPS = [
    ([], [1]),
    ([], [5, 7]),
    ([], [BATCHES, 2 * BATCHES + 1]),
    ([], [4 * BATCHES]),
    (["--valid-freq", 5], [5, 6]),
    (["--valid-freq", 5], [BATCHES, 3]),
    (["--model", "bilstm", "--layers", 2, "--sort-by-len", "--optimizer", "adadelta", "--lr", 1], [17]),
    ([*VECTORS], [5]),
    ([*VECTORS], [2 * BATCHES]),
    ([*VECTORS], [2 * BATCHES - 1, 3]),
    ([*VECTORS], [3 * BATCHES + 2]),
    (["--vectors", "VECTORS", "--freeze-vectors", "--decay-c", 0.1], [17]),
    (["--init-from", "ORIGIN", "--optimizer", "rmsprop", "--lr", 0.01], [17]),
    (["--maxlen", 7, "--truncate", "post", "--test-fraction", 0], [17]),
]


@pytest.mark.usefixtures("no_pictures", "interruptible")
@pytest.mark.parametrize(("how", "stops"), STOPS)
def test_stopped_anywhere_and_resumed_gives_the_same_bytes(straight, mood, tmp_path, monkeypatch, how, stops):
    names = {"VECTORS": mood.parent / "vectors", "ORIGIN": straight[0]}
    how = [*SMALL, *(names.get(word, word) for word in how)]
    captured("train", mood, "-o", tmp_path / "a", "-e", 4, *how)
    command = ("train", mood, "-o", tmp_path / "b", "-e", 4, *how)
    for n, updates in enumerate(stops):
        number = (signal.SIGTERM, signal.SIGINT)[n % 2]
        with monkeypatch.context() as patched:
            stop_after(patched, updates, number)
            status, _, noted = captured(*command)
        if sum(stops[: n + 1]) == 4 * BATCHES:  # after the last batch there is nothing to go on with
            assert (status, "stopped  in" in noted) == (0, False)
        else:
            assert status == 128 + number
            resume = r"^stopped  in epoch \d, after batch \d+; go on with: python classify.py train -o "
            assert re.search(resume, noted, re.M)
        command = ("train", "-o", tmp_path / "b", "--resume", "-d", "cpu")
    done = sum(stops)
    at = json.loads(arrays(tmp_path / "b", "checkpoint.npz")["meta"].tobytes())
    count = BATCHES if "--test-fraction" not in how else 27
    assert (at["updates"], at["epoch"], at["window"]) == (done, 1 + done // count, done % count)
    status, said, noted = captured(*command)
    assert status == 0
    assert f"go on    in epoch {1 + done // count}, after batch {done % count}\n" in noted
    assert "The best model on the " in said
    same_runs(tmp_path / "a", tmp_path / "b")
    assert about(tmp_path / "a") == about(tmp_path / "b") | {"corpus": about(tmp_path / "a")["corpus"]}


@pytest.mark.usefixtures("no_pictures")
def test_rows_that_are_frozen_stay_and_others_begin_where_they_were(mood, tmp_path):
    vectors = mood.parent / "vectors"
    captured("train", mood, "-o", tmp_path / "a", "-e", 2, *SMALL, "--vectors", vectors, "--freeze-epochs", 2)
    rows = [arrays(tmp_path / "a")["l0/W"], arrays(tmp_path / "a", "checkpoint.npz")["model/l0/W"]]
    words = load_run(str(tmp_path / "a"), CLASSIFIER).vocabulary
    for line in vectors.read_text().splitlines():
        word, *numbers = line.split()
        for found in rows:
            assert found[words.ids[word]] == pytest.approx([float(x) for x in numbers])
    frozen = arrays(tmp_path / "a", "checkpoint.npz")
    assert (frozen["optimizer/l0/W/t"], frozen["optimizer/l1_x/W/t"]) == (0, 2 * BATCHES)
    captured("train", "-o", tmp_path / "a", "-r", "-e", 3, "-d", "cpu")
    tuned = arrays(tmp_path / "a", "checkpoint.npz")
    assert (tuned["optimizer/l0/W/t"], tuned["optimizer/l1_x/W/t"]) == (BATCHES, 3 * BATCHES)
    assert (tuned["model/l0/W"] != rows[0]).any()


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize("how", [[], ["--valid-freq", 5]])
def test_epochs_can_be_added_later(mood, tmp_path, how):
    captured("train", mood, "-o", tmp_path / "a", "-e", 3, *SMALL, *how)
    captured("train", mood, "-o", tmp_path / "b", "-e", 1, *SMALL, *how)
    captured("train", "-o", tmp_path / "b", "--resume", "--epoch", 2, "-d", "cpu")
    captured("train", "-o", tmp_path / "b", "-r", "-e", 3, "--patience", 10, "--disp-freq", 5, "-d", "cpu")
    same_runs(tmp_path / "a", tmp_path / "b")
    assert about(tmp_path / "a") == about(tmp_path / "b")


@pytest.mark.usefixtures("no_pictures")
def test_a_validation_that_would_come_too_late_comes_at_the_end(mood, tmp_path):
    """Else there would be no model."""
    captured("train", mood, "-o", tmp_path / "a", "-e", 2, *SMALL, "--valid-freq", 1000)
    assert [entry["updates"] for entry in history(tmp_path / "a")] == [2 * BATCHES]
    captured("train", mood, "-o", tmp_path / "b", "-e", 2, *SMALL, "--valid-freq", 20)
    assert [entry["updates"] for entry in history(tmp_path / "b")] == [20, 40]
    assert [entry["epochs"] for entry in history(tmp_path / "b")] == pytest.approx([20 / BATCHES, 40 / BATCHES])


@pytest.mark.usefixtures("no_pictures")
def test_patience_stops_and_more_of_it_goes_on(mood, tmp_path):
    out = tmp_path / "a"
    how = [*SMALL, "--lr", 1e-20, "--optimizer", "sgd"]
    captured("train", mood, "-o", out, "-e", 50, *how, "--patience", 2)
    assert [entry["best"] for entry in history(out)] == [True, False, False]
    before = contents(out)
    status, _, noted = captured("train", "-o", out, "--resume", "-d", "cpu")
    assert status == 0
    assert "patience  is used up: --patience above 2 goes on" in noted
    assert contents(out) == before
    captured("train", "-o", out, "--resume", "--patience", 3, "-d", "cpu")
    assert len(history(out)) == 4
    assert about(out)["recipe"]["patience"] == 3
    captured("train", mood, "-o", tmp_path / "b", "-e", 50, *how, "--patience", 3)
    same_runs(out, tmp_path / "b")


@pytest.mark.usefixtures("no_pictures")
def test_patience_may_end_inside_an_epoch(mood, tmp_path):
    how = [*SMALL, "--lr", 1e-20, "--optimizer", "sgd", "--valid-freq", 5]
    captured("train", mood, "-o", tmp_path / "a", "-e", 50, *how, "--patience", 1)
    assert [entry["updates"] for entry in history(tmp_path / "a")] == [5, 10]
    captured("train", "-o", tmp_path / "a", "--resume", "--patience", 2, "-d", "cpu")
    captured("train", mood, "-o", tmp_path / "b", "-e", 50, *how, "--patience", 2)
    same_runs(tmp_path / "a", tmp_path / "b")


@pytest.mark.usefixtures("no_pictures")
def test_the_best_model_is_kept(mood, tmp_path):
    """At a learning rate this high errors go up and down."""
    out = tmp_path / "a"
    captured("train", mood, "-o", out, "-e", 6, *SMALL, "--lr", 0.5, "--valid-freq", 3)
    errors = [entry["valid_error"] for entry in history(out)]
    first = errors.index(min(errors))
    assert first < len(errors) - 1, "the last must not be the best, or this test shows nothing"
    assert len(arrays(out)["history_errs"]) == len(errors)
    data = dataset_of_run(load_run(str(out), CLASSIFIER))
    model = load_run(str(out), CLASSIFIER).load_best()
    found = evaluation.evaluate_classes(model, data.valid)
    assert (found[1] != data.valid.labels).mean() == min(errors)
    assert found[0] == pytest.approx(history(out)[first]["valid_loss"], rel=1e-5)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.usefixtures("no_pictures")
def test_a_loss_that_is_not_finite_stops_at_once(mood, tmp_path, monkeypatch, refused):
    out = tmp_path / "a"
    captured("train", mood, "-o", out, "-e", 1, *SMALL)
    before, learn = contents(out), trainer.Learner.learn

    def spoil(self, batch):
        self.model.l0.W.array[...] = math.nan
        learn(self, batch)

    monkeypatch.setattr(trainer.Learner, "learn", spoil)
    line = refused("train", "-o", out, "--resume", "-e", 3, "-d", "cpu")
    assert re.search(
        r"the loss became nan in epoch 2, by batch 1; the best model and the last checkpoint are kept", line
    )
    after = contents(out)
    assert {name for name in before if before[name] != after[name]} <= {"run.json"}  # which has the new --epoch
    assert "try a lower --lr than 0.05" in line


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.usefixtures("no_pictures")
def test_weights_that_are_not_finite_are_never_saved(mood, tmp_path, monkeypatch, refused):
    """As those of the last update before a validation, whose loss nobody has seen yet."""
    out = tmp_path / "a"
    captured("train", mood, "-o", out, "-e", 1, *SMALL)
    before, validate = contents(out), ClassificationTask.validate

    def spoil(self, model, *args):
        model.l0.W.array[...] = math.nan
        return validate(self, model, *args)

    monkeypatch.setattr(ClassificationTask, "validate", spoil)
    assert "not finite (the old file is kept)" in refused("train", "-o", out, "--resume", "-e", 3, "-d", "cpu")
    for name in ("checkpoint.npz", "log.jsonl"):
        assert contents(out)[name] == before[name]
    kept = arrays(out)
    assert all(numpy.isfinite(kept[name]).all() for name in kept if name != "history_errs")


@pytest.mark.usefixtures("no_pictures")
def test_a_corpus_that_changed_is_neither_resumed_nor_tested_on(mood, tmp_path, refused):
    path = tmp_path / "mood.tsv"
    path.write_text(mood.read_text())
    captured("train", path, "-o", tmp_path / "a", "-e", 1, *SMALL)
    path.write_text(mood.read_text().replace("film", "cow", 1))
    for line in (("train", "-o", tmp_path / "a", "--resume"), ("evaluate", tmp_path / "a")):
        assert "mood.tsv: no longer the examples that" in refused(*line, "-d", "cpu")


@pytest.mark.usefixtures("no_pictures")
def test_a_run_that_is_killed_goes_on_from_its_last_checkpoint(mood, tmp_path, monkeypatch):
    captured("train", mood, "-o", tmp_path / "a", "-e", 2, *SMALL)
    with monkeypatch.context() as patched:
        patched.setattr(trainer, "CHECKPOINT_SECONDS", 0)
        patched.setattr(signal, "raise_signal", lambda number: sys.exit("killed"))
        stop_after(patched, BATCHES + 7)
        with pytest.raises(SystemExit, match="killed"):
            captured("train", mood, "-o", tmp_path / "b", "-e", 2, *SMALL)
    noted = captured("train", "-o", tmp_path / "b", "--resume", "-d", "cpu")[2]
    assert "go on    in epoch 2, after batch 6\n" in noted
    same_runs(tmp_path / "a", tmp_path / "b")


def test_a_folder_with_one_for_training_and_one_for_tests(tmp_path, monkeypatch):
    untrained(monkeypatch)
    for part, count in (("train", 20), ("test", 6)):
        for n, line in enumerate(lines(count, 3)):
            label, _, text = line.partition("\t")
            (tmp_path / "data" / part / label).mkdir(parents=True, exist_ok=True)
            (tmp_path / "data" / part / label / f"{n}.txt").write_text(text)
    captured("train", tmp_path / "data", "-o", tmp_path / "a", *SMALL)
    found = about(tmp_path / "a")["corpus"]
    assert found["test"] == [str(tmp_path / "data" / "test")]
    assert found["report"]["classes"] == {"train": [9, 9], "valid": [1, 1], "test": [3, 3]}


def test_a_process_that_is_told_to_stop_says_how_to_go_on(mood, tmp_path):
    out = tmp_path / "a run"
    command = [sys.executable, ROOT / "classify.py", "train", mood, "-o", out, "-e", "5000", "--patience", "5000"]
    process = subprocess.Popen(
        [str(word) for word in (*command, *SMALL)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline().startswith("epoch   1.0")
    process.send_signal(signal.SIGTERM)
    _, noted = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM, noted
    assert re.search(rf"go on with: python classify\.py train -o '{out}' --resume\n$", noted)
    assert captured("train", "-o", out, "--resume", "-d", "cpu", "--patience", 1)[0] == 0


# Beginning with other runs; music


@pytest.fixture(scope="module")
def language(tmp_path_factory):
    """A run of train.py on the same kind of text."""
    folder = tmp_path_factory.mktemp("language")
    (folder / "text.txt").write_text("".join(line.partition("\t")[2] for line in lines(300, 5)))
    how = ["-u", 8, "-b", 4, "-l", 6, "-e", 1, "--min-count", 1, "--tokens", "space", "-d", "cpu"]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        train.main([str(word) for word in (folder / "text.txt", "-o", folder / "run", *how)])
    return folder / "run"


@pytest.mark.usefixtures("no_pictures")
def test_a_classifier_begins_with_a_language_model(language, mood, tmp_path, monkeypatch):
    jobs = []
    with monkeypatch.context() as patched:
        patched.setattr(trainer.Trainer, "train", lambda self: jobs.append(self) or True)
        _, _, noted = captured("train", mood, "-o", tmp_path / "a", *SMALL, "--init-from", language)
    assert f"start    {language}: 16 of 16 words; l1_h/W, l1_h/b, l1_x/W" in noted
    found = about(tmp_path / "a")
    assert (found["tokens"], found["case"], found["sizes"]["layers"]) == ("space", "keep", 2)
    theirs, model = arrays(language), jobs[0].model
    for name in ("l1_h/W", "l2_x/W", "l2_h/b"):
        link, part = name.split("/")
        assert (getattr(getattr(model, link), part).array == theirs[name]).all()
    given = model.l0.W.array @ model.l1_x.W.array.T  # the rows are smaller and the weights larger
    assert given == pytest.approx(theirs["l0/W"] @ theirs["l1_x/W"].T, abs=1e-5)
    assert captured("train", "-o", tmp_path / "a", "--resume", "-e", 5, "-d", "cpu")[0] == 0
    assert min(entry["valid_error"] for entry in history(tmp_path / "a")) < 0.2


@pytest.fixture(scope="module")
def tunes(tmp_path_factory):
    """Folders of tunes that come with the project, for two classes, and a run on them."""
    folder = tmp_path_factory.mktemp("tunes")
    for label, found in (("old", TUNES[:8]), ("new", TUNES[8:16])):
        (folder / "data" / label).mkdir(parents=True)
        for file in found:
            shutil.copy(file, folder / "data" / label)
    said = captured("train", folder / "data", "-o", folder / "run", "-e", 1, *SMALL, "--grid", 12, "--model", "bow")
    return folder, said


def test_tunes_become_words_as_those_of_the_run_that_is_begun_with(tunes, tmp_path):
    data, origin = tunes[0] / "data", tunes[0] / "run"
    for name, given, grid in (("a", [], 12), ("b", ["--grid", 8], 8)):
        how = [*SMALL, *given, "-e", 1, "--model", "bow", "--init-from", origin]
        assert captured("train", data, "-o", tmp_path / name, *how)[0] == 0
        assert about(tmp_path / name)["corpus"]["midi"]["grid"] == grid


def test_tunes_are_sorted_too(tunes, straight, refused, capsys):
    folder, (status, said, noted) = tunes
    assert status == 0
    assert "read     corpus: 16 files of music" in noted
    assert " by midi\n" in noted
    found = about(folder / "run")
    assert (found["tokens"], found["case"], found["corpus"]["min_count"]) == ("midi", "keep", 1)
    assert (found["corpus"]["midi"]["grid"], found["corpus"]["midi"]["velocities"]) == (12, 8)
    status, said, _ = captured("predict", folder / "run", TUNES[0], TUNES[1], "-d", "cpu")
    names = re.findall(r"^(?:old|new)\t[01]\.\d{3}\t(.*)$", said, re.MULTILINE)
    assert [os.path.basename(name) for name in names] == [tune.name for tune in TUNES[:2]]
    status, said, _ = captured("evaluate", folder / "run", folder / "data", "-o", folder / "p.png", "-d", "cpu")
    assert "of 16 examples)" in said
    assert f"{folder / 'run'} sorts tunes: name MIDI files" in refused("predict", folder / "run", "-d", "cpu")
    assert "is binary, not text" in refused("predict", straight[0], TUNES[0], "-d", "cpu")
    line = refused("evaluate", folder / "run", ROOT / "corpus" / "letters.tsv", "-d", "cpu")
    assert line.endswith("run: sorts tunes, not texts")
    assert refused("evaluate", straight[0], folder / "data", "-d", "cpu").endswith("straight: sorts texts, not tunes")


# What is refused


def bad(tmp_path, mood):
    """Files with something wrong, by name."""
    made = {
        "one": b"good\tfine\ngood\twarm\n",
        "empty": b"",
        "blank": b"\n\n",
        "nolabel": b"good\tfine\n\tdull\nbad\tcold\n",
        "notext": b"good\tfine\nbad\t\nbad\tcold\n",
        "bytes": b"good\tfine\nbad\tcaf\xff\xfe\x81\x30\n",
        "few": b"good\tfine\nbad\tcold\ngood\tx\nbad\ty\n",
        "foreign": b"good\tfine\nugly\tcold\n",
        "texts": "".join(f"text {n}\tlabel {n}\n" for n in range(50)).encode(),
    }
    for name, data in made.items():
        (tmp_path / f"{name}.tsv").write_bytes(data)
    (tmp_path / "nothing").mkdir()
    names = {name.upper(): tmp_path / f"{name}.tsv" for name in made}
    return names | {"NOTHING": tmp_path / "nothing", "MOOD": mood, "NONE": tmp_path / "none"}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("", "name labeled examples: a corpus, or --pos and --neg files"),
        ("MOOD --pos MOOD --neg MOOD", "name labeled examples"),
        ("--pos MOOD", "name labeled examples"),
        ("ONE", "one.tsv: has one class only, 'good': at least two are needed"),
        ("EMPTY", "empty.tsv: is empty"),
        ("BLANK", "blank.tsv: holds no text"),
        ("NOLABEL", "nolabel.tsv:2: has no label"),
        ("NOTEXT", "notext.tsv:2: has no text, but the label 'bad'"),
        ("BYTES --encoding utf-8", "bytes.tsv: is not text in utf-8 (byte 0xff in line 2)"),
        ("MOOD --encoding klingon", "the encoding 'klingon' is unknown, must be auto, utf-8"),
        ("FEW", "few.tsv"),
        ("TEXTS", "texts.tsv: has 50 labels in 50 examples"),
        ("NONE", "none: cannot be read: No such file or directory"),
        ("MOOD --test NONE", "none: cannot be read"),
        ("NOTHING", "nothing: must hold a folder for each class"),
        ("MOOD --test FOREIGN", "the class 'ugly' is not among those that are trained on: bad, good"),
        ("MOOD --valid FOREIGN", "the class 'ugly' is not among those"),
        ("MOOD --maxlen 2 --valid FEW", "none of at most --maxlen 2 words is left to train on"),
        ("MOOD --truncate pre", "--truncate: to how many words? --maxlen says"),
        ("MOOD --freeze-vectors", "--freeze-vectors: is for --vectors or --init-from"),
        ("MOOD --freeze-epochs 2", "--freeze-epochs: is for --vectors or --init-from"),
        (
            "MOOD --vectors V --freeze-vectors --freeze-epochs 2",
            "--freeze-vectors and --freeze-epochs: one of them only",
        ),
        ("MOOD --vectors V --init-from RUN", "--vectors and --init-from: one of them only"),
        ("MOOD --valid MOOD --valid-fraction 0.2", "--valid-fraction: there are examples of its own"),
        ("MOOD --test MOOD --test-fraction 0.2", "--test-fraction: there are examples of its own"),
        ("MOOD --valid-fraction 0.5 --test-fraction 0.5", "leave nothing to train on: must be below 1 together"),
        ("MOOD --grid 24", "--grid is for MIDI, and"),
        ("DATA --tokens space", "--tokens is for text, and"),
        ("DATA --label-column 1", "--label-column is for text, and"),
        ("DATA MOOD", "mood.tsv: must be a folder that holds a folder of MIDI files for each class"),
        ("MIXED", "text and MIDI in one corpus"),
        ("MOOD --transpose 3", "--transpose: no such option: --help lists the options"),
        ("MOOD --vectors NONE", "none: no such file"),
        ("MOOD --init-from NONE", "none: not a run"),
        ("MOOD --init-from TUNES", "is of music, and the examples are not"),
        ("DATA --init-from RUN", "is of texts, and the examples are not"),
        ("MOOD --init-from RUN -u 9", "--unit 9: must be 8, as "),
        ("MOOD --form xml", "--form: xml is unknown: must be one of auto, "),
        ("MOOD -u 0", "--unit: 0 is out of range: must be 1 or more"),
        ("MOOD --layers 10", "10 is out of range: must be 1 or more, at most 9"),
        ("MOOD --dropout 0.99", "0.99 is out of range: must be 0 or more, at most 0.95"),
        ("MOOD --use-dropout=maybe", "maybe is unknown: must be on or off"),
        ("MOOD --decay-c -1", "-1 is out of range"),
        ("MOOD -d tpu", "--device tpu: must be auto, cpu, gpu or gpu:N"),
        ("MOOD --label-column topic --form csv", "has no column 'topic'"),
    ],
)
def test_what_train_refuses(straight, tunes, mood, tmp_path, refused, line, reason):
    names = bad(tmp_path, mood) | {"RUN": straight[0], "TUNES": tunes[0] / "run", "DATA": tunes[0] / "data"}
    if "MIXED" in line:
        shutil.copytree(tunes[0] / "data", tmp_path / "mixed")
        (tmp_path / "mixed" / "old" / "notes.txt").write_text("words")
        names["MIXED"] = tmp_path / "mixed"
    given = [names.get(word, word) for word in line.split()]
    assert reason in refused("train", *given, "-o", tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_run_is_not_overwritten(straight, mood, tmp_path, refused, monkeypatch):
    out = shutil.copytree(straight[0], tmp_path / "run")
    before = contents(out)
    reason = "run: holds a run already: --resume goes on with it, --force replaces it"
    assert reason in refused("train", mood, "-o", out, *SMALL)
    assert "--freeze-vectors: is for" in refused("train", mood, "-o", out, *SMALL, "--force", "--freeze-vectors")
    may = "--device, --disp-freq, --epoch, --patience, --precision, --save-freq"
    reason = f"--unit cannot be given with --resume: only {may} can change"
    assert reason in refused("train", "-o", out, "--resume", "-u", 5)
    assert "CORPUS cannot be given with --resume" in refused("train", mood, "-o", out, "--resume")
    assert contents(out) == before
    (out / "confusion.png").write_text("old")
    untrained(monkeypatch)
    captured("train", mood, "-o", out, *SMALL, "--force")
    assert sorted(os.listdir(out)) == ["checkpoint.npz", "log.jsonl", "run.json", "vocabulary.txt"]
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "loss.png").write_text("precious")
    assert "other: holds loss.png already" in refused("train", mood, "-o", tmp_path / "other", *SMALL)


def test_runs_of_the_other_kind(straight, language, mood, refused):
    line = refused("predict", language, "-d", "cpu")
    assert line == f"{language}: holds a language model, and a classifier is needed (classify.py train -o makes one)"
    assert line in refused("evaluate", language)
    assert line in refused("train", "-o", language, "--resume")
    line = refused(straight[0], "the", main=generate.main)
    assert line == f"{straight[0]}: holds a classifier, and a language model is needed (train.py -o makes one)"
    assert line in refused("-o", straight[0], "--resume", main=train.main)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("predict", "RUN is missing: name a run directory (--help lists the options)"),
        ("predict NONE", "none: not a run (it holds no run.json; classify.py train -o"),
        ("predict RUN NONE", "none: cannot be read: No such file"),
        ("predict RUN EMPTY", "empty.tsv: is empty"),
        ("predict RUN MOOD --encoding klingon", "the encoding 'klingon' is unknown"),
        ("predict RUN MOOD --encoding utf-16", "is not text in utf-16"),
        ("predict RUN --by luck", "--by: luck is unknown: must be one of leave-one-out, gradient"),
        ("predict RUN -d tpu", "--device tpu: must be auto, cpu, gpu or gpu:N"),
        ("evaluate RUN FOREIGN", "the class 'ugly' is not among those that are trained on: bad, good"),
        ("evaluate RUN NONE", "none: cannot be read"),
        ("evaluate RUN --pos MOOD", "name labeled examples"),
        ("evaluate RUN -o MOOD/a.png", "mood.tsv/a.png: cannot be written: Not a directory"),
        ("evaluate NONE", "none: not a run"),
        ("train MOOD", "-o/--out is missing: name the run directory"),
        ("train -o NONE --resume", "none: not a run"),
        ("sort MOOD", "sort: must be one of train, predict, evaluate (--help says more)"),
        ("", "no command given: must be one of train, predict, evaluate (--help says more)"),
    ],
)
def test_what_else_is_refused(straight, mood, tmp_path, refused, line, reason):
    names = bad(tmp_path, mood) | {"RUN": straight[0], "MOOD/a.png": mood / "a.png"}
    before = contents(straight[0])
    assert reason in refused(*(names.get(word, word) for word in line.split()))
    assert contents(straight[0]) == before


@pytest.mark.usefixtures("no_pictures")
def test_nothing_held_out_cannot_be_tested_on(mood, tmp_path, refused):
    _, said, _ = captured("train", mood, "-o", tmp_path / "a", "-e", 1, *SMALL, "--test-fraction", 0)
    assert "The best model on the valid examples:" in said
    assert "test error" not in said
    assert history(tmp_path / "a")[0]["test_error"] is None
    assert numpy.isnan(arrays(tmp_path / "a")["history_errs"]).tolist() == [[False, True]]
    assert "a: held out no examples for test: name some" in refused("evaluate", tmp_path / "a")


def test_help_tells_the_commands(capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["classify.py"])
    assert call("--help") == 0
    said = capsys.readouterr().out
    for name in ("train", "predict", "evaluate"):
        assert f"\n  {name} " in said
        with pytest.raises(SystemExit) as ended:
            call(name, "--help")
        assert ended.value.code == 0
        assert f"usage: classify.py {name} " in capsys.readouterr().out


# Runs that are damaged


def use(run):
    """Predict a text by a run, as the script does."""
    words, predicts = preprocessing.preprocessor_of_run(run.about), predictor.Predictor(run, devices.choose("cpu"))
    passage = words.passage("a fine film")
    return predicts.probabilities([passage.words]), predicts.shares(passage.words, 1, "leave-one-out")


def test_no_field_of_a_run_is_taken_on_trust(straight, tmp_path):
    """Each with values of every kind: the run loads, has them and can be used, or one line tells the field."""
    out = shutil.copytree(straight[0], tmp_path / "run")
    whole = about(out)
    whole["corpus"] |= {part: ["x"] for part in ("pos", "neg", "valid", "test")}
    for where in paths(CLASSIFIER.rules):
        for value in NONSENSE:
            wanted = changed(whole, where, value)
            (out / "run.json").write_text(json.dumps(wanted))
            loaded, reason = attempt(load_run, str(out), CLASSIFIER)
            if reason:
                assert reason.startswith(str(out))
                assert re.sub(r"\.\d+$", "", where) in reason
            else:
                assert loaded.about == wanted
                assert value is not ... or where.endswith(".0")
                attempt(use, loaded)
    assert set(CLASSIFIER.rules["recipe"]) == {field.name for field in dataclasses.fields(ClassifierRecipe)}
    assert set(CLASSIFIER.rules["sizes"]) == {field.name for field in dataclasses.fields(classifier.ClassifierSizes)}
    assert whole.keys() == CLASSIFIER.rules.keys()
    assert whole["corpus"].keys() == CLASSIFIER.rules["corpus"].keys()


@pytest.mark.parametrize(
    ("where", "value", "reason"),
    [
        ("kind", "pictures", "kind is 'pictures', must be one of classes"),
        ("format", 2, "of format 2, newer than this program's 1: update Tsuzuri"),
        ("classes", ["bad", "bad"], "sizes.classes is 2, but classes names 1"),
        ("classes", ["bad", "bad", "good"], "sizes.classes is 2, but classes names 2 in 3"),
        ("sizes.words", 99, "sizes.words is 99, but vocabulary.txt has 18"),
        ("sizes.units", 9, None),
        ("tokens", "midi", "tokens is 'midi', which does not go with corpus.midi"),
        ("corpus.midi", {"grid": 1}, "tokens is 'english', which does not go with corpus.midi"),
        ("corpus.truncate", "pre", "corpus.truncate is 'pre', but corpus.maxlen is null"),
        ("corpus.columns", ["1"], "corpus.columns are 1, must be 2"),
        ("corpus.report.classes.train", [0, 0], "corpus.report.classes.train must be 2 numbers, and not all of them 0"),
        ("recipe.dropout", 0.1, "recipe.dropout is not known"),
        ("recipe.valid_freq", -1, "recipe.valid_freq is -1, must be a whole number, 0 or more"),
        ("corpus.form", "xml", "corpus.form is 'xml', must be one of auto, "),
    ],
)
def test_a_run_edited_by_hand(straight, tmp_path, refused, where, value, reason):
    out = shutil.copytree(straight[0], tmp_path / "run")
    (out / "run.json").write_text(json.dumps(changed(about(out), where, value)))
    for line in (("predict", out, out / "vocabulary.txt"), ("evaluate", out), ("train", "-o", out, "--resume")):
        told_line = refused(*line, "-d", "cpu")
        assert (reason or "npz: does not fit its run: ") in told_line
        assert str(out) in told_line


def test_the_settings_of_tunes_edited_by_hand(tunes, tmp_path, refused):
    out = shutil.copytree(tunes[0] / "run", tmp_path / "run")
    midi = about(out)["corpus"]["midi"]
    for value, reason in (
        ({}, "tokens is 'midi', which does not go with corpus.midi"),
        ({"grid": 1}, "corpus.midi of the run is damaged: settings "),
        (midi | {"grid": 0}, "corpus.midi of the run is damaged: the setting grid is 0, must be"),
    ):
        (out / "run.json").write_text(json.dumps(changed(about(out), "corpus.midi", value)))
        for line in (("predict", out, TUNES[0]), ("evaluate", out)):
            assert reason in refused(*line, "-d", "cpu")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"l0/W": None}, "l0/W is missing"),
        ({"out/b": numpy.zeros(3, "f")}, r"out/b is float32 (3,), not (2,)"),
        ({"out/b": numpy.full(2, numpy.nan, "f")}, "out/b holds values that are not finite"),
        ({"l1_x/W": numpy.zeros((32, 8), "i")}, "l1_x/W is int32"),
        ({"l9/W": numpy.zeros(1, "f")}, "l9/W is not known"),
    ],
)
def test_weights_that_do_not_fit(straight, tmp_path, refused, change, reason):
    out = shutil.copytree(straight[0], tmp_path / "run")
    kept = {name: array for name, array in (arrays(out) | change).items() if array is not None}
    storage.write_file(str(out / "model.npz"), storage.encode_npz(kept))
    line = refused("evaluate", out, "-d", "cpu")
    assert line.startswith(f"{out / 'model.npz'}: ")
    assert reason in line


def test_errors_beside_the_weights_are_for_people_only(straight, tmp_path):
    """A snapshot without them, or with others, does as well."""
    out = shutil.copytree(straight[0], tmp_path / "run")
    wanted = captured("evaluate", out, "-d", "cpu")[1]
    for change in ({}, {"history_errs": numpy.array(["x"])}):
        kept = {name: array for name, array in (arrays(out) | change).items() if change or name != "history_errs"}
        storage.write_file(str(out / "model.npz"), storage.encode_npz(kept))
        assert captured("evaluate", out, "-d", "cpu")[1] == wanted


def meta_of(run):
    return json.loads(arrays(run, "checkpoint.npz")["meta"].tobytes())


def packed(meta):
    return numpy.frombuffer(json.dumps(meta).encode(), "u1")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"meta": None}, "meta is missing"),
        ({"meta": ("window", 99)}, f"damaged: meta.window is 99, must be below the {BATCHES} of an epoch"),
        ({"meta": ("epoch", 0)}, "meta.epoch is 0, must be a whole number, 1 or more"),
        ({"meta": ("history.0.valid_error", 2)}, "meta.history[0].valid_error is 2, must be a number from 0 to 1"),
        ({"meta": ("patience.stale", -1)}, "meta.patience.stale is -1"),
        ({"model/l0/W": None}, "l0/W is missing"),
        ({"model/out/b": numpy.zeros(3, "f")}, "out/b is float32 (3,), not (2,)"),
        ({"optimizer/out/b/m": None}, "optimizer/out/b/m is missing"),
        ({"optimizer/t": numpy.array(3.0)}, "t is float64"),
        ({"state/c1": numpy.zeros((1, 1), "f")}, "checkpoint.npz: "),
    ],
)
def test_checkpoints_that_do_not_fit(straight, tmp_path, refused, change, reason):
    out = shutil.copytree(straight[0], tmp_path / "run")
    if isinstance(change.get("meta"), tuple):
        change = {"meta": packed(changed(meta_of(out), *change["meta"]))}
    kept = {name: array for name, array in (arrays(out, "checkpoint.npz") | change).items() if array is not None}
    storage.write_file(str(out / "checkpoint.npz"), storage.encode_npz(kept))
    before = contents(out)
    line = refused("train", "-o", out, "--resume", "-d", "cpu")
    assert line.startswith(f"{out / 'checkpoint.npz'}: ")
    assert reason in line
    assert contents(out) == before


def test_no_field_of_a_checkpoint_is_taken_on_trust(straight):
    whole = meta_of(straight[0])
    assert whole.keys() == CLASSIFIER.checkpoint.keys()
    for where in paths(CLASSIFIER.checkpoint):
        for value in NONSENSE:
            meta = changed(whole, where, value)
            loaded, reason = attempt(Checkpoint, "x.npz", {"meta": packed(meta)}, CLASSIFIER)
            if reason:
                assert re.sub(r"\.(\d+)", r"[\1]", where) in reason
            else:
                assert json.dumps(loaded.meta) == json.dumps(meta)
                assert value is not ... or where.endswith(".0")


def test_files_that_were_cut_short(straight, tmp_path, refused):
    out = shutil.copytree(straight[0], tmp_path / "run")
    for name, line in (
        ("checkpoint.npz", ("train", "-o", out, "--resume")),
        ("model.npz", ("evaluate", out)),
        ("vocabulary.txt", ("evaluate", out)),
        ("run.json", ("evaluate", out)),
    ):
        whole = (out / name).read_bytes()
        (out / name).write_bytes(whole[: len(whole) // 2])
        assert str(out) in refused(*line, "-d", "cpu")
        (out / name).unlink()
        assert str(out) in refused(*line, "-d", "cpu")
        (out / name).write_bytes(whole)


# What is held out stays held out


def test_a_classifier_that_is_gone_on_from_brings_its_split(mood, tmp_path, refused):
    """Else what it was trained on would be tested on."""
    assert captured("train", mood, "-o", tmp_path / "a", *SMALL, "--seed", 3, "-e", 1)[0] == 0
    assert (
        captured("train", mood, "-o", tmp_path / "b", *SMALL, "--seed", 4, "-e", 1, "--init-from", tmp_path / "a")[0]
        == 0
    )
    assert captured("train", mood, "-o", tmp_path / "c", *SMALL, "--seed", 4, "-e", 1)[0] == 0
    found = [load_run(str(tmp_path / name), CLASSIFIER) for name in "abc"]
    parts = [(run.vocabulary.words, dataset_of_run(run).test) for run in found]
    held = [sorted(words[n] for ids in test.sequences for n in ids) for words, test in parts]
    assert held[0] == held[1]
    assert held[0] != held[2]
    line = refused("train", mood, "-o", tmp_path / "d", "--init-from", tmp_path / "a", "--test-fraction", 0.3)
    assert "test-fraction: must be 0.1" in line


def test_examples_of_the_training_in_the_test_are_told(mood, tmp_path):
    noted = captured("train", mood, "--test", mood, "-o", tmp_path / "a", *SMALL, "-e", 1)[2]
    assert re.search(r"note     \d+ of test are in train too, word for word", noted)


def test_a_class_that_maxlen_leaves_out_is_told(tmp_path, refused):
    text = "".join(f"short\ta b {n}\nlong\ta b c d e f g {n}\n" for n in range(20))
    (tmp_path / "a.tsv").write_text(text)
    line = refused("train", tmp_path / "a.tsv", "-o", tmp_path / "a", "--maxlen", 5)
    assert "--maxlen 5: leaves no example of 'long' to train on" in line
    assert not (tmp_path / "a").exists()


def test_precisions_that_would_mean_nothing_are_refused(mood, tmp_path, refused):
    for how in (["--model", "rnn"], ["--model", "bow"]):
        line = refused("train", mood, "-o", tmp_path / "a", *how, "--precision", "bfloat16")
        assert "--precision bfloat16: is for --model lstm and bilstm on a CPU" in line


@pytest.mark.parametrize("option", classify.ELSEWHERE)
def test_what_the_tutorial_has_and_this_has_not_is_named(mood, tmp_path, refused, option):
    line = refused("train", mood, "-o", tmp_path / "a", "--" + option[2:].replace("-", "_"), 1)
    assert line == f"{option}: not an option: {classify.ELSEWHERE[option]}"


def test_a_run_that_has_no_model_yet_is_not_ended_by_fewer_epochs(mood, tmp_path, monkeypatch, refused):
    def stopped(self):
        self.state.epoch = 4
        self.save()
        raise UserError("stopped")

    monkeypatch.setattr(trainer.Trainer, "train", stopped)
    refused("train", mood, "-o", tmp_path / "a", *SMALL)
    line = refused("train", "-o", tmp_path / "a", "--resume", "-e", 2)
    assert "is in epoch 4 and not yet validated" in line
    assert load_run(str(tmp_path / "a"), CLASSIFIER).recipe.epoch != 2
