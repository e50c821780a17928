"""Runs of classify.py that are damaged: no field of a file is taken on trust."""

import dataclasses
import json
import re
import shutil

import numpy
import pytest

from tests.cli.classifier import BATCHES, TUNES, about, arrays, captured, contents
from tests.training.distrust import NONSENSE, attempt, changed, paths
from tsuzuri import storage
from tsuzuri.data import preprocessing
from tsuzuri.kernels import devices
from tsuzuri.models import classifier
from tsuzuri.text.settings import FIRST
from tsuzuri.training import predictor
from tsuzuri.training.checkpoint import BEFORE, Checkpoint
from tsuzuri.training.identity import CLASSIFIER_LATER
from tsuzuri.training.run import load_run
from tsuzuri.training.schemas import CLASSIFIER, ClassifierRecipe


def use(run):
    """Predict a text by a run, as the script does."""
    words, predicts = preprocessing.preprocessor_of_run(run.about), predictor.Predictor(run, devices.choose("cpu"))
    passage = words.passage("a fine film")
    return predicts.probabilities([passage.words]), predicts.shares(passage.words, 1, "leave-one-out")


@pytest.mark.usefixtures("any_description")
def test_no_field_of_a_run_is_taken_on_trust(straight, tmp_path):
    """Each with values of every kind: the run loads, has them and can be used, or one line tells the field."""
    out = shutil.copytree(straight[0], tmp_path / "run")
    whole = about(out)
    whole["corpus"] |= {part: ["x"] for part in ("pos", "neg", "valid", "test")} | {"text": FIRST, "relative": {}}
    whole["subwords"] = None
    for where in paths(CLASSIFIER.rules):
        for value in NONSENSE:
            wanted = changed(whole, where, value)
            (out / "run.json").write_text(json.dumps(wanted))
            loaded, reason = attempt(load_run, str(out), CLASSIFIER)
            if reason:
                assert reason.startswith(str(out))
                assert re.sub(r"\.\d+$", "", where) in reason
            else:
                part, _, name = where.partition(".")
                lacking = {"corpus": {"text": FIRST, "relative": {}}} | CLASSIFIER_LATER  # what old runs have not
                filled_in = value is ... and (name in lacking.get(part, ()) or where == "subwords")
                default = lacking[part][name] if filled_in and name else None
                assert loaded.about == (changed(whole, where, default) if filled_in else wanted)
                assert value is not ... or filled_in or where.endswith(".0")
                attempt(use, loaded)
    assert set(CLASSIFIER.rules["recipe"]) == {field.name for field in dataclasses.fields(ClassifierRecipe)}
    assert set(CLASSIFIER.rules["sizes"]) == {field.name for field in dataclasses.fields(classifier.ClassifierSizes)}
    assert whole.keys() == CLASSIFIER.rules.keys()
    assert whole["corpus"].keys() == CLASSIFIER.rules["corpus"].keys()


@pytest.mark.usefixtures("any_description")
@pytest.mark.parametrize(
    ("where", "value", "reason"),
    [
        ("kind", "pictures", "kind is 'pictures', must be one of classes"),
        ("format", 3, "of format 3, newer than this program's 2: update Tsuzuri"),
        ("classes", ["bad", "bad"], "sizes.classes is 2, but classes names 1"),
        ("classes", ["bad", "bad", "good"], "sizes.classes is 2, but classes names 2 in 3"),
        ("sizes.words", 99, "sizes.words is 99, but vocabulary.txt has 18"),
        ("sizes.units", 9, None),
        ("tokens", "midi", "tokens is 'midi', which does not go with corpus.midi"),
        ("corpus.midi", {"grid": 1}, "tokens is 'english', which does not go with corpus.midi"),
        ("corpus.truncate", "pre", "corpus.truncate is 'pre', but corpus.maxlen is null"),
        ("sizes.model", "flatten", "sizes.maxlen is None, must be corpus.maxlen, None, to which texts are cut"),
        ("sizes.last", 5, "sizes.last is for two layers and more"),
        ("recipe.schedule", "steps", "recipe.schedule is 'steps', must be one of stalls, "),
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
                assert json.dumps(loaded.meta, sort_keys=True) == json.dumps(BEFORE | meta, sort_keys=True)
                assert value is not ... or where.endswith(".0") or where in BEFORE


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
