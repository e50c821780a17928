"""Options by name: as the tables say, and as Python code gives them; and what importing the tables loads."""

import pathlib
import re
import subprocess
import sys

import numpy
import pytest

from tests.conftest import ROOT
from tests.training.test_old_runs import STORED
from tsuzuri.api.loading import load
from tsuzuri.errors import UserError
from tsuzuri.options import classify, generate, midi, train
from tsuzuri.options.resolve import defaults, option_names, read_options

TABLES = {
    "train": train.TABLES,
    "generate": generate.TABLES,
    "read_midi": midi.READ_MIDI,
    "write_midi": midi.WRITE_MIDI,
    "classify train": classify.TRAIN,
    "classify predict": classify.PREDICT,
    "classify evaluate": classify.EVALUATE,
}


@pytest.mark.parametrize("command", TABLES)
def test_no_spelling_stands_for_two_options(command):
    options = [option for rows in TABLES[command].values() for option in rows]
    names, spellings = option_names(TABLES[command]), [flag for option in options for flag in option.spellings]
    assert len(set(names)) == len(names) == len(options)
    assert len(set(spellings)) == len(spellings)


@pytest.mark.parametrize("command", TABLES)
def test_a_default_is_a_value_that_its_kind_allows(command):
    for option in (option for rows in TABLES[command].values() for option in rows):
        if option.default not in (None, []) and option.shown_default():
            assert option.kind.convert(str(option.default)) == option.default, option.name
            assert option.kind.convert(option.default) == option.default, option.name


@pytest.mark.parametrize("names", [train.MAY_CHANGE, classify.MAY_CHANGE, generate.ONLY_TEXT, generate.ONLY_MUSIC])
def test_names_beside_a_table_are_names_of_it(names):
    assert any(set(names) <= set(option_names(tables)) for tables in TABLES.values())


def test_the_default_of_every_option_by_its_name():
    found = defaults(train.TABLES)
    assert list(found) == option_names(train.TABLES)
    assert (found["epoch"], found["lr_decay"], found["corpus"], found["resume"]) == (50, 0.7, [], False)


def test_options_from_python_are_plain_and_under_the_names_of_the_table():
    given = {"max_epochs": numpy.int64(20), "corpus": pathlib.PurePosixPath("a.tsv"), "valid": ["b.tsv", "c.tsv"]}
    given |= {"use_dropout": False, "lr": None, "force": True, "validFreq": "30", "hidden_size": 9}
    wanted = {"epoch": 20, "corpus": ["a.tsv"], "valid": ["b.tsv", "c.tsv"], "use_dropout": False}
    assert read_options(classify.TRAIN, given) == wanted | {"force": True, "valid_freq": 30, "unit": 9}


def test_what_a_command_line_cannot_say_is_not_given():
    given = {"resume": False, "force": numpy.bool_(False), "valid": [], "test": (), "epoch": None}
    assert read_options(train.TABLES, given) == {}


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"epoch_count": 3}, "epoch_count: no such option: did you mean epoch?"),
        ({"max_epoch": 3}, "max_epoch: no such option: did you mean epoch?"),
        ({"zzzz": 3}, "zzzz: no such option: docs/options.md lists them"),
        ({"e": 3}, "e: no such option: docs/options.md lists them"),
        ({"epoch": 0}, "epoch: 0 is out of range: must be 1 or more"),
        ({"max_epochs": "many"}, "max_epochs: many is not a whole number: must be 1 or more"),
        ({"epoch": 3, "max_epochs": 4}, "max_epochs: is the option epoch, which is given as epoch too"),
        ({"corpus": {"a.txt"}}, "corpus: {'a.txt'} is not a list: must be one value, or a list of them"),
        ({"corpus": ["a.txt", 3]}, "corpus: 3 is not a text: must be a str or a path"),
        ({"corpus": 3}, "corpus: 3 is not a text: must be a str or a path"),
        ({"epoch": [3]}, "epoch: [3] is not a whole number: must be 1 or more"),
        ({"resume": "perhaps"}, "resume: perhaps is unknown: must be on or off"),
    ],
)
def test_what_python_gives_wrongly(given, reason):
    with pytest.raises(UserError, match=f"^{re.escape(reason)}$"):
        read_options(classify.TRAIN, given)


@pytest.mark.parametrize("name", ["primetext", "start", "num_outputs", "out"])
def test_what_generating_from_python_has_another_place_for_is_refused_by_any_name(name):
    with pytest.raises(UserError, match="not an option of generate: "):
        load(STORED / "text").generate("", **{name: "1"})


def test_generate_and_midi_load_nothing_heavy():
    heavy = "{'numpy', 'chainer', 'MeCab', 'matplotlib', 'argparse'}"
    code = f"import sys, tsuzuri.options.generate, tsuzuri.options.resolve; print(sorted({heavy} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
