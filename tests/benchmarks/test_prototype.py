"""The prototype is train.py where nothing is changed, and each change is what it says."""

import dataclasses
import itertools
import math

import numpy
import pytest

import tsuzuri
from benchmarks import prototype, quality_corpora
from benchmarks.prototype import Change
from tsuzuri.data.windows import Window
from tsuzuri.models.rnn import RNN, Sizes
from tsuzuri.options.recipes import RECIPES
from tsuzuri.options.resolve import defaults
from tsuzuri.options.train import TABLES
from tsuzuri.training.run import load_run

V, N = 7, 4
WORDS = ("red", "green", "blue", "cat", "dog", "house")


def test_random_lengths_keep_every_id_in_its_place():
    rng = numpy.random.default_rng(0)
    whole = numpy.arange(2 * 35 * 400, dtype="i").reshape(-1, 2)  # (35 * 400, 2)
    reset = rng.random((400, 2)) < 0.02
    windows = [
        Window(part, -part, found if found.any() else None)
        for part, found in zip(numpy.split(whole, 400), reset, strict=True)
    ]
    cut = prototype.random_lengths(windows, 35, rng)
    assert (numpy.concatenate([w.xs for w in cut]) == whole).all()
    assert (numpy.concatenate([w.ts for w in cut]) == -whole).all()
    begins = {int(w.xs[0, 0]): w.resets.tolist() for w in windows if w.resets is not None}
    assert {int(w.xs[0, 0]): w.resets.tolist() for w in cut if w.resets is not None} == begins
    lengths = numpy.array([len(w.xs) for w in cut])
    assert lengths.min() >= prototype.FEWEST
    assert 30 < lengths.mean() < 36
    assert 4 < lengths.std() < 9
    again = prototype.random_lengths(windows, 35, rng)
    assert [len(w.xs) for w in again] != lengths.tolist()


def test_a_mean_since_a_stall_is_of_the_weights_from_there():
    model = RNN(Sizes(V, N), numpy.random.default_rng(0))
    mean, bias = prototype.MeanSinceStall(model), model.l3.b
    for updates in range(1, 8):
        bias.array[...] = updates
        mean.take(updates)
        if updates == 3:
            assert (mean.arrays["l3/b"] == 3).all()
            mean.begin(updates)
    numpy.testing.assert_allclose(mean.arrays["l3/b"], numpy.mean([3, 4, 5, 6, 7]), rtol=1e-6)


def story(folder):
    """Lines of a few words, in a file in a corpus' folder."""
    rng = numpy.random.default_rng(0)
    (folder / "tiny").mkdir()
    lines = (" ".join(rng.choice(WORDS, rng.integers(3, 9))) for _ in range(60))
    (folder / "tiny" / "a.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return quality_corpora.Source("tiny", quality_corpora.ends_of_texts, ("--tokens", "space", "--min-count", "1"))


@pytest.fixture
def tiny(tmp_path):
    """A corpus, the arguments of train.py that read it, and options of a small model."""
    source = story(tmp_path)
    arguments = [*quality_corpora.write_splits(source, str(tmp_path), tmp_path / "splits"), *source.options]
    options = defaults(TABLES) | RECIPES["small-corpus"] | {"unit": 8, "bproplen": 6, "batchsize": 4, "epoch": 4}
    return quality_corpora.read_corpus(arguments), options, tmp_path / "splits"


def test_without_a_change_a_training_is_train_py_s(tiny, tmp_path):
    corpus, options, splits = tiny
    found = prototype.train(corpus, options, prototype.recipe_of(options, 3), Change())
    small = {name: options[name] for name in ("unit", "bproplen", "batchsize", "epoch")}
    files = {"valid": [splits / "valid"], "test": [splits / "test"], "tokens": "space", "min_count": 1}
    tsuzuri.train(splits / "train", tmp_path / "run", recipe="small-corpus", seed=3, sample_every=0, **files, **small)
    history = load_run(str(tmp_path / "run")).load_checkpoint().meta["history"]
    best = min(history, key=lambda entry: entry["valid_loss"])
    assert (found.valid, found.best, found.epochs) == (best["valid_loss"], best["epoch"], len(history))


@pytest.mark.parametrize("change", [Change(random_length=True), Change(average_on_stall=True)])
def test_a_change_changes_a_training(tiny, change):
    corpus, options, _ = tiny
    recipe = dataclasses.replace(prototype.recipe_of(options, 0), epoch=3, lr=0.02)
    plain, changed = (prototype.train(corpus, options, recipe, c) for c in (Change(), change))
    assert plain.valid != changed.valid
    assert math.isfinite(changed.test)


def test_the_mean_begins_at_the_first_stall_which_leaves_the_rate(tiny, monkeypatch):
    corpus, options, _ = tiny
    losses, rates, begun = iter([3.0, 3.5, 3.4, 2.0, 1.0]), [], []
    monkeypatch.setattr(prototype.evaluation, "evaluate_documents", lambda *_, **__: next(losses))
    monkeypatch.setattr(prototype, "set_rate", lambda _, name, rate, factors: rates.append(rate))
    monkeypatch.setattr(prototype.MeanSinceStall, "begin", lambda self, at: begun.append(setattr(self, "begun", at)))
    recipe = dataclasses.replace(prototype.recipe_of(options, 0), epoch=4, lr=0.02)
    found = prototype.train(corpus, options, recipe, Change(average_on_stall=True))
    assert len(begun) == 1
    assert [rate for rate, _ in itertools.groupby(rates)] == pytest.approx([0.02, 0.02 * recipe.lr_decay])
    assert (found.valid, found.test, found.best) == (2.0, 1.0, 4)


def test_the_rate_goes_with_the_length_of_a_window(tiny, monkeypatch):
    corpus, options, _ = tiny
    rates, lengths = [], []
    monkeypatch.setattr(prototype, "set_rate", lambda _, name, rate, factors: rates.append(rate))
    monkeypatch.setattr(prototype.WindowLearner, "learn", lambda self, window: lengths.append(len(window.xs)))
    monkeypatch.setattr(prototype.WeightAverage, "take", lambda *_: None)
    recipe = dataclasses.replace(prototype.recipe_of(options, 0), epoch=1, lr=0.02, bproplen=12)
    prototype.train(corpus, options, recipe, Change(random_length=True))
    steps = len(prototype.epoch_windows(corpus, recipe, 1)[0].xs)
    assert len(set(lengths)) > 1
    assert rates == pytest.approx([0.02 * length / steps for length in lengths])


def test_the_weights_that_validated_best_are_tested(tiny, monkeypatch):
    corpus, options, _ = tiny
    losses, seen = iter([2.0, 3.0, 3.0, 0.0]), []

    def evaluate(model, *_, **__):
        seen.append(model.l3.b.array.copy())
        return next(losses)

    monkeypatch.setattr(prototype.evaluation, "evaluate_documents", evaluate)
    prototype.train(corpus, options, dataclasses.replace(prototype.recipe_of(options, 0), epoch=3), Change())
    assert (seen[0] == seen[3]).all()
    assert not (seen[0] == seen[2]).all()


def test_it_prints_a_row_a_seed(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(quality_corpora.SOURCES, "etude", story(tmp_path))
    found = iter([prototype.Found(1.0, 2.0, 9, 8, 90.0), prototype.Found(1.5, 2.5, 7, 5, 60.0)])
    monkeypatch.setattr(prototype, "train", lambda *_: next(found))
    prototype.main(["--data", str(tmp_path), "--random-length", "--seeds", "0", "4"])
    printed = capsys.readouterr().out.splitlines()
    assert printed[-2:] == [
        "| --random-length | 0 | 2.72 | 7.39 | 9, 8 | 1.5 |",
        "| --random-length | 4 | 4.48 | 12.18 | 7, 5 | 1.0 |",
    ]


def test_data_that_is_not_there_is_told_in_a_line(tmp_path, capsys):
    with pytest.raises(SystemExit) as exit:
        prototype.main(["--data", str(tmp_path)])
    assert exit.value.code == 2
    assert f"--data {tmp_path}: there is no " in capsys.readouterr().err
