"""What classify.py trains on: other runs to begin with, tunes, and examples that are held out."""

import os
import re

import numpy
import pytest

import tsuzuri
from tests.cli.classifier import BATCHES, SMALL, TUNES, about, arrays, captured, history
from tests.conftest import ROOT
from tsuzuri.api.labeled_examples import dataset_of_run
from tsuzuri.cli import train
from tsuzuri.training import trainer
from tsuzuri.training.run import load_run
from tsuzuri.training.schemas import CLASSIFIER


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


@pytest.mark.usefixtures("no_pictures")
def test_layers_of_a_language_model_are_thawed_one_by_one(language, mood, tmp_path):
    out = tmp_path / "run"
    how = [*SMALL, "--init-from", language, "--thaw", 1, "--pool", "concat"]
    assert captured("train", mood, "-o", out, "-e", 2, *how)[0] == 0
    after, theirs = arrays(out, "checkpoint.npz"), arrays(language)
    updates = [int(after[f"optimizer/{name}/t"]) for name in ("out/W", "l2_h/W", "l1_x/b", "l0/W")]
    assert updates == [2 * BATCHES, BATCHES, 0, 0]
    assert (after["model/l1_h/W"] == theirs["l1_h/W"]).all()
    assert (after["model/l2_h/W"] != theirs["l2_h/W"]).any()
    assert captured("train", "-o", out, "--resume", "-e", 4, "-d", "cpu")[0] == 0
    assert arrays(out, "checkpoint.npz")["optimizer/l0/W/t"] == BATCHES


@pytest.mark.usefixtures("no_pictures")
def test_layers_of_a_language_model_learn_more_slowly_the_lower_they_are(language, mood, tmp_path):
    moved = []
    for name, decay in (("a", 1), ("b", 0.01)):
        how = [*SMALL, "--init-from", language, "--layer-decay", decay, "-e", 1, "--schedule", "slanted"]
        assert captured("train", mood, "-o", tmp_path / name, *how)[0] == 0
        after, theirs = arrays(tmp_path / name, "checkpoint.npz"), arrays(language)
        moved.append([abs(after[f"model/{link}/W"] - theirs[f"{link}/W"]).max() for link in ("l2_h", "l1_h")])
    assert 10 < moved[0][0] / moved[1][0] < 1000
    assert moved[0][1] / moved[1][1] > 1000


def test_tunes_become_words_as_those_of_the_run_that_is_begun_with(tunes, tmp_path):
    data, origin = tunes[0] / "data", tunes[0] / "run"
    for name, given, grid in (("a", [], 12), ("b", ["--grid", 8], 8)):
        how = [*SMALL, *given, "-e", 1, "--model", "bow", "--init-from", origin]
        assert captured("train", data, "-o", tmp_path / name, *how)[0] == 0
        assert about(tmp_path / name)["corpus"]["midi"]["grid"] == grid


@pytest.mark.usefixtures("no_pictures")
def test_tunes_are_read_in_the_key_in_which_a_language_model_learned_them(tunes, tmp_path):
    """So that none of its words are new to it, also of a piece that Python gives."""
    data, language = tunes[0] / "data", tmp_path / "language"
    parts = [data, "--valid", TUNES[16], "--test", TUNES[17]]  # so that all of these tunes are learned
    small = ["-u", 8, "-b", 2, "-l", 30, "-e", 1, "--sample-every", 0, "-d", "cpu"]
    train.main([str(arg) for arg in (*parts, "-o", language, *small)])
    noted = captured("train", data, "-o", tmp_path / "run", *SMALL, "-e", 1, "--init-from", language)[2]
    known = set(load_run(str(language)).vocabulary.words)
    found = load_run(str(tmp_path / "run"), CLASSIFIER)
    assert found.about["corpus"]["midi"]["keys"] == "one"
    assert set(found.vocabulary.words) <= known
    assert re.search(r"start    .*: (\d+) of \1 words;", noted)
    guess = tsuzuri.load(tmp_path / "run").predict(tsuzuri.read_midi(TUNES[1]), explain=True)
    assert {word.strip() for word, _ in guess.shares} <= known


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
    assert "is MIDI, not plain text" in refused("predict", straight[0], TUNES[0], "-d", "cpu")
    line = refused("evaluate", folder / "run", ROOT / "corpus" / "letters.tsv", "-d", "cpu")
    assert line.endswith("run: sorts tunes, not texts")
    assert refused("evaluate", straight[0], folder / "data", "-d", "cpu").endswith("straight: sorts texts, not tunes")


@pytest.mark.usefixtures("no_pictures")
def test_nothing_held_out_cannot_be_tested_on(mood, tmp_path, refused):
    _, said, _ = captured("train", mood, "-o", tmp_path / "a", "-e", 1, *SMALL, "--test-fraction", 0)
    assert "The best model on the valid examples:" in said
    assert "test error" not in said
    assert history(tmp_path / "a")[0]["test_error"] is None
    assert numpy.isnan(arrays(tmp_path / "a")["history_errs"]).tolist() == [[False, True]]
    assert "a: held out no examples for test: name some" in refused("evaluate", tmp_path / "a")


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
