"""classify.py train, stopped and going on: nothing is lost, and the best model is kept."""

import json
import math
import re
import signal
import subprocess
import sys

import numpy
import pytest

from tests.cli.classifier import BATCHES, SMALL, about, arrays, captured, contents, history, same_runs, stop_after
from tests.conftest import ROOT
from tsuzuri.api.labeled_examples import dataset_of_run
from tsuzuri.errors import UserError
from tsuzuri.training import evaluation, learner, trainer
from tsuzuri.training.classification import ClassificationTask
from tsuzuri.training.run import load_run
from tsuzuri.training.schemas import CLASSIFIER


@pytest.fixture
def interruptible():
    """Ctrl-C as in a terminal: a shell lets what it runs in the background ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


VECTORS = ["--vectors", "VECTORS", "--freeze-epochs", 2]
EVERY_DROPOUT = ["--drop-words", 0.1, "--dropout-between", 0.2, "--dropout-weights", 0.3, "--locked", "on"]
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
    (["--layers", 2, *EVERY_DROPOUT, "--pool", "concat", "--average", 0.9, "--weight-decay", 0.1], [17, 9]),
    (["--schedule", "stalls", "--lr-decay", 0.3, "--warmup", 0.3, "--model", "flatten", "--maxlen", 7], [17, BATCHES]),
    (["--schedule", "slanted", "--model", "bilstm", "--locked", "on"], [5, 2 * BATCHES]),
    (["--init-from", "LANGUAGE", "--thaw", 1, "--layer-decay", 0.4, "--average", 0.9], [BATCHES, 17]),
]


@pytest.mark.usefixtures("no_pictures", "interruptible")
@pytest.mark.parametrize(("how", "stops"), STOPS)
def test_stopped_anywhere_and_resumed_gives_the_same_bytes(straight, mood, language, tmp_path, monkeypatch, how, stops):
    names = {"VECTORS": mood.parent / "vectors", "ORIGIN": straight[0], "LANGUAGE": language}
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
    goes_on = f"go on    in epoch {1 + done // count}, after batch {done % count}\n"
    assert (goes_on if done < 4 * count else "nothing  is left to do: all 4 epochs were done before; ") in noted
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
    assert "nothing  is left to do: patience was used up before; --patience above 2 goes on" in noted
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
    before, learn = contents(out), learner.Learner.learn

    def spoil(self, batch):
        self.model.l0.W.array[...] = math.nan
        learn(self, batch)

    monkeypatch.setattr(learner.Learner, "learn", spoil)
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
