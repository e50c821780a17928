"""Recipes: plain sets of options of ``train.py`` by name, for --recipe. Options that are given go before a recipe's.

``docs/recipes.md`` says what each is good for, with measured figures.
"""

from collections.abc import Mapping
from typing import Any

DEFAULT = "default"
RECIPES: Mapping[str, Mapping[str, Any]] = {
    DEFAULT: {},  # the options' own defaults
    "small-corpus": {  # what did best on a book of 50,000 words (docs/recipes.md)
        "tie": True,
        "locked": True,
        "dropout_input": 0.6,
        "dropout_between": 0.3,
        "dropout_output": 0.6,
        "dropout_words": 0.1,
        "dropout_weights": 0.5,
        "ar": 0.002,
        "tar": 0.001,
        "weight_decay": 0.03,
        "average": 0.998,
        "lr": 0.003,
        "lr_decay": 0.7,
    },
    "article": {  # the article's model, which drops projected inputs
        "unit": 256,
        "dropout": 0.5,
        "dropout_on": "projections",
    },
    "zaremba-medium": {  # the model and the rates of Zaremba, Sutskever and Vinyals 2014
        "unit": 650,
        "dropout": 0.5,
        "batchsize": 20,
        "bproplen": 35,
        "optimizer": "sgd",
        "lr": 1.0,
        "lr_decay": 0.83,
    },
}


RATES = ("dropout_input", "dropout_between", "dropout_output")  # which are as --dropout where they are not given
OUTDONE = {  # the options of a recipe that say nothing once another one is given
    "dropout": RATES,
    "dropout_on": (*RATES, "locked"),
    "optimizer": ("lr",),
}


def recipe_options(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a recipe that are not given beside it, nor outdone by those that are."""
    out = {*given, *(option for other in given for option in OUTDONE.get(other, ()))}
    return {option: value for option, value in RECIPES[name].items() if option not in out}


def recipe_line(name: str, options: Mapping[str, Any]) -> str:
    """A recipe and what it sets, as on a command line: "default --tie on --dropout 0.5"."""
    shown = {True: "on", False: "off"}
    said = (f"--{o.replace('_', '-')} {shown.get(v, v) if isinstance(v, bool) else v}" for o, v in options.items())
    return " ".join([name, *said])
