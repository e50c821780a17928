"""What run.json says is checked field by field."""

import dataclasses
import json
import math
import pathlib
import re

import pytest

from tests.training.distrust import NONSENSE, attempt, changed, paths
from tests.training.small_run import make_run
from tsuzuri.errors import UserError
from tsuzuri.models.rnn import Sizes
from tsuzuri.training.identity import LANGUAGE_MODEL_LATER
from tsuzuri.training.run import load_run
from tsuzuri.training.schemas import LANGUAGE_MODEL, LanguageModelRecipe


def edit(run, where, value):
    (pathlib.Path(run.path) / "run.json").write_text(json.dumps(changed(run.about, where, value)))


@pytest.mark.parametrize(
    ("where", "value", "reason"),
    [
        ("format", 3, "of format 3, newer than this program's 2: update Tsuzuri"),
        ("format", "x", "not a run of this program: format is 'x', must be a whole number"),
        ("kind", "pictures", "kind is 'pictures', must be one of text, music"),
        ("tokens", "klingon", "tokens is 'klingon', must be one of mecab, char, space, english, wakati, subword, midi"),
        ("tokens", "midi", "tokens of text is 'midi', must be one of mecab, char, space, english, wakati, subword$"),
        ("kind", "music", "tokens of music is 'char', must be one of midi"),
        ("dictionary", None, "dictionary is None, must be a text"),
        ("sizes.words", 99, "sizes.words is 99, but vocabulary.txt has 13"),
        ("sizes.words", True, "sizes.words is True, must be a whole number, 2 or more"),
        ("sizes.units", "x", "sizes.units is 'x', must be a whole number, 1 or more"),
        ("sizes.units", True, "sizes.units is True"),
        ("sizes.units", -1, "sizes.units is -1"),
        ("sizes.units", 5.0, "sizes.units is 5.0"),
        ("sizes.dropout", 7, "sizes.dropout is 7, must be a number from 0 to 0.95"),
        ("sizes.dropout_on", "all", "sizes.dropout_on is 'all', must be one of layers, projections"),
        ("sizes.nonsense", 1, "sizes.nonsense is not known"),
        ("sizes", [], r"sizes is \[\], must be an object"),
        ("recipe", None, "recipe is None, must be an object"),
        ("recipe.batchsize", 0, "recipe.batchsize is 0, must be a whole number, 1 or more"),
        ("recipe.lr", math.nan, "recipe.lr is nan, must be a number above 0 to 1e"),
        ("recipe.lr", 0, "recipe.lr is 0"),
        ("recipe.gradclip", math.inf, "recipe.gradclip is inf"),
        ("recipe.lr_decay", 1.5, "recipe.lr_decay is 1.5, must be a number above 0 to 1$"),
        ("recipe.optimizer", "foo", "recipe.optimizer is 'foo', must be one of adam, sgd"),
        ("recipe.optimizer", ["adam"], "recipe.optimizer is "),
        ("corpus.corpus", "a.txt", "corpus.corpus is 'a.txt', must be a list"),
        ("corpus.corpus", ["a.txt", 3], r"corpus.corpus\[1\] is 3, must be a text"),
        ("corpus.vocab_size", 0, "corpus.vocab_size is 0, must be null or a whole number, 1 or more"),
        ("corpus.min_count", 10**400, "must be a whole number, 1 or more, at most 2.63 - 1"),
        ("corpus.midi", {"grid": 24}, None),
        ("nonsense", 1, "nonsense is not known"),
    ],
)
def test_a_run_edited_by_hand(tmp_path, where, value, reason):
    run = make_run(tmp_path)
    edit(run, where, value)
    if reason is None:
        assert load_run(run.path).sizes == run.sizes
        return
    with pytest.raises(UserError, match=reason) as error:
        load_run(run.path)
    assert str(error.value).startswith(f"{tmp_path / 'run.json'}: ")
    assert "\n" not in str(error.value)


OLD_RUNS_MAY_LACK = (
    *("vectors", "corpus.text", "corpus.relative", "corpus.spread", "corpus.beginnings"),
    *("subwords", "recipe_name", "start", "recipe.precision", "recipe.freeze_epochs"),
    *(f"{part}.{name}" for part, later in LANGUAGE_MODEL_LATER.items() for name in later),
)


@pytest.mark.usefixtures("any_description")
def test_no_field_of_a_run_is_taken_on_trust(tmp_path):
    """Each with values of every kind: the run loads, and has them, or one line tells the field."""
    run = make_run(tmp_path)
    for where in paths(LANGUAGE_MODEL.rules):
        for value in NONSENSE:
            edit(run, where, value)
            loaded, reason = attempt(load_run, run.path)
            if reason:
                assert re.sub(r"\.(\d+)", r"[\1]", where) in reason
            else:
                filled_in = value is ... and where in OLD_RUNS_MAY_LACK
                assert loaded.about == (run.about if filled_in else changed(run.about, where, value))
                assert value is not ... or filled_in or where.endswith(".0")
    assert set(LANGUAGE_MODEL.rules["recipe"]) == {field.name for field in dataclasses.fields(LanguageModelRecipe)}
    assert set(LANGUAGE_MODEL.rules["sizes"]) == {field.name for field in dataclasses.fields(Sizes)}


@pytest.mark.usefixtures("any_description")
def test_a_run_of_music_has_the_settings_of_its_midi(tmp_path):
    run = make_run(tmp_path)
    run.about = run.about | {"kind": "music", "tokens": "midi"}
    for where in ("corpus.midi", "corpus.report.midi"):
        edit(run, "kind", "music")
        with pytest.raises(UserError, match=rf"run\.json: .*: {where} is missing"):
            load_run(run.path)
        run.about = changed(run.about, where, {"grid": 24})
    edit(run, "kind", "music")
    assert load_run(run.path).about["corpus"]["report"] == {"midi": {"grid": 24}}


@pytest.mark.parametrize("data", ["", "{", "[]", '{"format": 1}', "null", "[" * 100_000])
def test_damaged_descriptions(tmp_path, data):
    make_run(tmp_path)
    (tmp_path / "run.json").write_text(data)
    with pytest.raises(UserError, match=r"run\.json: damaged, or not a run of this program"):
        load_run(str(tmp_path))
