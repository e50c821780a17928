"""classify.py train: what it leaves, what it learns, what its options do."""

import contextlib
import io
import os
import re
import shutil
import sys

import numpy
import pytest

from tests.cli.classifier import BATCHES, SMALL, about, arrays, call, captured, history, lines, right_of, untrained
from tests.conftest import ROOT
from tsuzuri import storage
from tsuzuri.training import trainer
from tsuzuri.training.classification import error_history
from tsuzuri.training.identity import CLASSIFIER_LATER
from tsuzuri.training.optimizers import OPTIMIZERS
from tsuzuri.training.run import load_run
from tsuzuri.training.schemas import CLASSIFIER, ClassifierRecipe


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
        "read     corpus: 1 file (tab; UTF-8), 0 texts twice, 0 of them with two labels",
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
        "dropout": 0.2, "dropout_words": 0.1, **CLASSIFIER_LATER["sizes"],
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


@pytest.mark.usefixtures("no_pictures")
def test_words_side_by_side_are_read_by_place(mood, tmp_path):
    """Of --maxlen words, the last ones, as Keras pads and cuts; longer texts are cut when they are sorted too."""
    out = tmp_path / "run"
    how = [*SMALL, "--model", "flatten", "--maxlen", 6, "-e", 3]
    assert captured("train", mood, "-o", out, *how)[0] == 0
    found = about(out)
    assert (found["sizes"]["maxlen"], found["corpus"]["maxlen"], found["corpus"]["truncate"]) == (6, 6, "pre")
    assert arrays(out)["out/W"].shape == (2, 6 * 8)
    texts = tmp_path / "texts.txt"
    texts.write_text("the film was dull\na song the film was dull and a story it was\nwas dull and a story it was\n")
    said = captured("predict", out, texts, "-d", "cpu")[1].splitlines()
    assert len(said) == 3
    assert said[1].split("\t")[1] == said[2].split("\t")[1]  # of which the last six words are the same
    assert captured("predict", out, texts, "--explain", "--by", "gradient", "-d", "cpu")[0] == 0
    assert captured("evaluate", out, mood, "-d", "cpu")[0] == 0
    status, _, noted = captured("train", mood, "-o", tmp_path / "next", *SMALL, "-e", 1, "--init-from", out)
    assert status == 0
    assert about(tmp_path / "next")["sizes"]["maxlen"] == 6
    assert "out/W" in noted
