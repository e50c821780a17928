"""--recipe, and options that go together or do not."""

import json

import pytest

from tsuzuri.cli import train
from tsuzuri.errors import UserError
from tsuzuri.options.recipes import RECIPES, recipe_line, recipe_options
from tsuzuri.options.resolve import read_options
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
        assert read_options(TABLES, recipe) == recipe


def test_what_is_given_goes_before_a_recipe_and_what_hangs_on_it():
    rest = {name: value for name, value in RECIPES["small-corpus"].items() if name != "ar"}
    assert recipe_options("small-corpus", {"ar": 0.5}) == rest
    assert not {"dropout_input", "dropout_output"} & recipe_options("small-corpus", {"dropout": 0.1}).keys()
    assert "lr" not in recipe_options("small-corpus", {"optimizer": "sgd"})
    assert "locked" not in recipe_options("small-corpus", {"dropout_on": "projections"})
    assert recipe_line("x", {"tie": True, "lr_decay": 0.5}) == "x --tie on --lr-decay 0.5"


def test_a_recipe_is_said_kept_and_resumed(corpus, tmp_path, capsys):
    command = [corpus, *SMALL, "-o", str(tmp_path / "run"), "--recipe", "small-corpus", "--dropout", "0.2"]
    assert train.main(command) == 0
    assert "recipe   small-corpus --tie on --locked on" in capsys.readouterr().err
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
