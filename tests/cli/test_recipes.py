"""--recipe, and options that go together or do not."""

import json

import numpy
import pytest

from tsuzuri.cli import train
from tsuzuri.errors import UserError
from tsuzuri.options.recipes import (
    DEFAULT,
    RATES,
    RECIPES,
    STRONGEST,
    chosen_rates,
    dropout_strength,
    recipe_line,
    recipe_options,
)
from tsuzuri.options.resolve import defaults, read_options
from tsuzuri.options.train import TABLES

SMALL = ["--tokens", "space", "-u", "4", "-b", "2", "-l", "5", "-e", "1", "-d", "cpu", "--sample-every", "0"]


@pytest.fixture
def corpus(tmp_path):
    (tmp_path / "a.txt").write_text("the cat sat on the mat and the dog sat on the log\n" * 30)
    return str(tmp_path / "a.txt")


def about(out):
    return json.loads((out / "run.json").read_text())


def test_every_recipe_is_of_options_and_their_values():
    for recipe in RECIPES.values():
        said = {name: value for name, value in recipe.items() if value is not None}
        assert read_options(TABLES, said) == said


def test_the_default_is_what_options_are_by_themselves():
    assert RECIPES[DEFAULT].items() <= defaults(TABLES).items()
    assert recipe_line(DEFAULT, recipe_options(DEFAULT, {})) == DEFAULT


def test_every_recipe_says_all_that_another_one_says():
    """What a recipe left out would be the default's, which changes."""
    for recipe in RECIPES.values():
        assert RECIPES[DEFAULT].keys() <= recipe.keys()


def test_what_is_given_goes_before_a_recipe_and_what_hangs_on_it():
    rest = {name: value for name, value in RECIPES["small-corpus"].items() if name != "ar"}
    assert recipe_options("small-corpus", {"ar": 0.5}) == rest
    assert recipe_options("small-corpus", {"dropout": 0.6}) == RECIPES["small-corpus"] | dict.fromkeys(RATES)
    assert recipe_options("small-corpus", {"dropout": 0.6, "dropout_input": 0.1})["dropout_output"] is None
    assert "dropout_input" not in recipe_options("small-corpus", {"dropout": 0.6, "dropout_input": 0.1})
    assert recipe_options("small-corpus", {"dropout_on": "projections"})["locked"] is False
    assert recipe_options("small-corpus", {"freeze_epochs": 2})["tie"] is False


def test_a_rate_is_an_optimizers_own():
    sgd = recipe_options("small-corpus", {"optimizer": "sgd"})
    assert (sgd["lr"], sgd["weight_decay"]) == (None, 0)
    assert recipe_options("small-corpus", {"optimizer": "adam"})["lr"] == 0.003
    assert recipe_options("zaremba-medium", {"optimizer": "sgd"})["lr"] == 1


def test_a_line_says_what_is_other_than_the_default():
    assert recipe_line("x", {"tie": False, "ar": 0.5, "lr": None}) == "x --tie off --ar 0.5"


@pytest.mark.parametrize(
    ("words", "units", "strength"),
    [(10, 256, 1), (256**2, 256, 1), (2 * 256**2, 256, 7 / 8), (16 * 256**2, 256, 1 / 2), (10**9, 64, 0.2)],
)
def test_the_more_words_to_a_weight_the_lower_the_rates(words, units, strength):
    assert dropout_strength(words, units) == pytest.approx(strength)
    left = dict.fromkeys(STRONGEST, "auto") | {"unit": units, "layers": 2, "dropout_words": 0.9}
    rates = chosen_rates(left, words, 1000)
    assert rates["dropout_weights"] == pytest.approx(strength * 0.5, abs=0.005)
    assert "dropout_words" not in rates
    left["dropout_words"] = "auto"
    assert chosen_rates(left, words, 1000)["dropout_words"] == pytest.approx(strength * 0.1, abs=0.005)
    assert chosen_rates(left, words, 999)["dropout_words"] == 0
    assert chosen_rates(left | {"layers": 1}, words, 999)["dropout_between"] == 0


def test_rates_are_chosen_said_and_resumed(corpus, tmp_path, capsys):
    out = str(tmp_path / "run")
    assert train.main([corpus, *SMALL, "-o", out, "--dropout-between", "0.15"]) == 0
    words = about(tmp_path / "run")["corpus"]["report"]["words"]["train"]
    rates = {name: round(rate * dropout_strength(words, 4), 2) for name, rate in STRONGEST.items()}
    rates["dropout_words"] = 0  # of few ids
    sizes = about(tmp_path / "run")["sizes"]
    assert {name: sizes[name] for name in STRONGEST} == rates | {"dropout_between": 0.15}
    assert 0 < sizes["dropout_input"] < 0.6
    said = f"dropout  {rates['dropout_input']:g} of the input, {rates['dropout_output']:g} of the output, "
    assert said in capsys.readouterr().err
    for options in (["--dropout-between", "0.15"], ["--dropout-input", "auto"], ["--recipe", "default"]):
        given = options if "--recipe" not in options else [*options, "--dropout-between", "0.15"]
        assert train.main([corpus, *SMALL, "-o", out, "--resume", *given]) == 0
    with pytest.raises(UserError, match=r"^--dropout-between auto: .* has 0\.15"):
        train.main(["-o", out, "--resume", "--dropout-between", "auto"])
    with pytest.raises(UserError, match=r"--dropout-input: 2 is out .* at most 0\.95, or auto"):
        train.main([corpus, *SMALL, "-o", str(tmp_path / "other"), "--dropout-input", "2"])


def test_rates_that_are_all_zero_are_not_told(corpus, tmp_path, capsys):
    given = ["--dropout", "0.2", "--dropout-weights", "0"]  # which leaves the rate of words, of which there are few
    assert train.main([corpus, *SMALL, "-o", str(tmp_path / "run"), *given]) == 0
    assert "dropout  " not in capsys.readouterr().err


def test_a_run_of_no_recipe_says_so(corpus, tmp_path):
    out = str(tmp_path / "run")
    assert train.main([corpus, *SMALL, "-o", out, "--dropout", "0.3"]) == 0
    assert train.main([corpus, *SMALL, "-o", out, "--resume", "--dropout", "0.3", "--recipe", "default"]) == 0
    with pytest.raises(UserError, match=r"^--recipe default: .* has other options, and with --resume"):
        train.main(["-o", out, "--resume", "--recipe", "default"])


def test_a_rate_for_all_is_not_that_of_a_run_with_its_own(corpus, tmp_path):
    out = str(tmp_path / "run")
    assert train.main([corpus, *SMALL, "-o", out]) == 0
    with pytest.raises(UserError, match=r"^--dropout 0\.5: .* has none, and with --resume"):
        train.main(["-o", out, "--resume", "--dropout", "0.5"])
    with pytest.raises(UserError, match=r"^--recipe article: .* has default, and with --resume"):
        train.main(["-o", out, "--resume", "--recipe", "article"])


@pytest.mark.parametrize(("first", "then"), [("plain", "small-corpus"), ("default", "plain")])
def test_an_heir_goes_on_by_the_same_command(corpus, tmp_path, first, then):
    """What it took over goes before the recipe, again on resuming."""
    assert train.main([corpus, *SMALL, "-o", str(tmp_path / "old"), "--recipe", first]) == 0
    heir = [corpus, *SMALL[4:], "-o", str(tmp_path / "new"), "--init-from", str(tmp_path / "old")]
    assert train.main([*heir, "--recipe", then]) == 0
    assert train.main([*heir, "--recipe", then, "--resume"]) == 0


def test_words_that_are_the_output_layer_too_are_not_frozen(corpus, tmp_path):
    assert train.main([corpus, *SMALL, "-o", str(tmp_path / "old")]) == 0
    heir = [corpus, "-d", "cpu", "-o", str(tmp_path / "new"), "--init-from", str(tmp_path / "old")]
    with pytest.raises(UserError, match=r"^--freeze-vectors: the words of .*old are its output layer's weights too"):
        train.main([*heir, "--freeze-vectors"])


def test_smoothed_targets_are_of_the_run_and_what_is_lost_is_not(corpus, tmp_path):
    """Both losses of the log are of the words themselves: at a rate of almost nothing they stay as they were."""
    slow = [corpus, *SMALL, "--lr", "1e-9", "--dropout", "0", "--recipe", "plain"]
    for name, options in (("plain", []), ("smooth", ["--label-smoothing", "0.5"])):
        assert train.main([*slow, "-o", str(tmp_path / name), *options]) == 0
    runs = [about(tmp_path / name) for name in ("plain", "smooth")]
    assert [run["recipe"]["label_smoothing"] for run in runs] == [0, 0.5]
    assert runs[0]["id"] != runs[1]["id"]
    logs = [json.loads((tmp_path / name / "log.jsonl").read_text()) for name in ("plain", "smooth")]
    for loss in ("train_loss", "valid_loss"):
        assert logs[0][loss] == pytest.approx(logs[1][loss], abs=1e-5)
    learned = [numpy.load(tmp_path / name / "model.npz")["l3/b"] for name in ("plain", "smooth")]
    assert (learned[0] != learned[1]).any()
    assert train.main([*slow, "-o", str(tmp_path / "smooth"), "--resume", "--label-smoothing", "0.5"]) == 0
    with pytest.raises(UserError, match=r"^--label-smoothing: 1 is out of range: must be 0 or more, at most 0\.99"):
        train.main([*slow, "-o", str(tmp_path / "other"), "--label-smoothing", "1"])


def test_a_recipe_is_said_kept_and_resumed(corpus, tmp_path, capsys):
    command = [corpus, *SMALL, "-o", str(tmp_path / "run"), "--recipe", "small-corpus", "--dropout", "0.2"]
    assert train.main(command) == 0
    assert "recipe   small-corpus --dropout-words 0.1 --dropout-weights 0.5\n" in capsys.readouterr().err
    sizes = about(tmp_path / "run")["sizes"]
    assert (sizes["tied"], sizes["dropout"], sizes["dropout_input"]) == (True, 0.2, None)
    assert about(tmp_path / "run")["recipe"]["average"] == 0.998
    assert train.main([*command, "--resume"]) == 0
    with pytest.raises(UserError, match=r"^--recipe article: .* has small-corpus"):
        train.main(["-o", str(tmp_path / "run"), "--dropout", "0.2", "--recipe", "article", "--resume"])


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--dropout-on", "projections", "--locked", "on"], "--locked: is for --dropout-on layers"),
        (["--dropout-on", "projections", "--dropout-input", "0.1"], "--dropout-input: is for --dropout-on layers"),
        (["--layers", "1", "--dropout-between", "0.1"], "--dropout-between: is for several layers"),
        (["--layers", "1", "--skip", "on"], "--skip on: is for two layers of one width at least: must be off"),
        (["--embed", "7", "--skip", "on"], "--skip on: is for two layers of one width at least: must be off"),
        (["--tie", "on", "--vectors", "FILE", "--freeze-vectors"], "--freeze-vectors: with --tie on"),
    ],
)
def test_what_says_nothing_beside_the_rest_is_refused(corpus, tmp_path, options, reason):
    (tmp_path / "v.vec").write_text("the 1 2 3\ncat 1 2 3\n")
    options = [str(tmp_path / "v.vec") if option == "FILE" else option for option in options]
    with pytest.raises(UserError, match=f"^{reason}"):
        train.main([corpus, *SMALL, "-o", str(tmp_path / "run"), *options])
    assert not (tmp_path / "run").exists()


def test_events_of_others_stay(corpus, tmp_path):
    """A new run in a folder that holds no run removes nothing there."""
    events = tmp_path / "run" / "tensorboard" / "events.out.tfevents.1.host"
    events.parent.mkdir(parents=True)
    events.write_text("precious")
    assert train.main([corpus, *SMALL, "-o", str(tmp_path / "run")]) == 0
    assert events.read_text() == "precious"
    assert train.main([corpus, *SMALL, "-o", str(tmp_path / "run"), "--force"]) == 0
    assert not events.exists()
