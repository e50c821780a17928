"""Recipes: plain sets of options of ``train.py`` by name, for --recipe. Options that are given override a recipe's.

The defaults of the options are those of the recipe ``default``. ``docs/recipes.md`` says what each is good for, with
measured figures.
"""

import math
from collections.abc import Mapping
from typing import Any

from tsuzuri.options.values import AUTO

DEFAULT = "default"
RATES = ("dropout_input", "dropout_between", "dropout_output")  # which are as --dropout where they are None
STRONGEST: Mapping[str, float] = {  # what did best on a book of 50,000 words, which 256 units learn by heart
    "dropout_input": 0.6,
    "dropout_between": 0.3,
    "dropout_output": 0.6,
    "dropout_words": 0.1,
    "dropout_weights": 0.5,
}
WEAKEST = 0.2  # of the strongest rates
FEW = 1000  # ids, as of letters and notes: each says much about the next, and so none is dropped as a whole
PLAIN: Mapping[str, Any] = {  # two layers and Zaremba's dropout, as before there was anything else
    "tie": False,
    "skip": False,
    "lookback": False,
    "dropout_on": "layers",
    **dict.fromkeys(RATES),
    "dropout_words": 0.0,
    "dropout_weights": 0.0,
    "locked": False,
    "ar": 0.0,
    "tar": 0.0,
    "label_smoothing": 0.0,
    "weight_decay": 0.0,
    "average": 0.0,
    "optimizer": "adam",
    "lr": None,  # the optimizer's own
    "lr_decay": 0.5,
}
SMALL_CORPUS: Mapping[str, Any] = {
    **PLAIN,
    **STRONGEST,
    "tie": True,
    "skip": True,
    "lookback": None,  # as the corpus is: on for music
    "locked": True,
    "ar": 0.002,
    "tar": 0.001,
    "weight_decay": 0.03,
    "average": 0.998,
    "lr": 0.003,
    "lr_decay": 0.7,
}
RECIPES: Mapping[str, Mapping[str, Any]] = {
    DEFAULT: {**SMALL_CORPUS, **dict.fromkeys(STRONGEST, AUTO)},
    "small-corpus": SMALL_CORPUS,
    "plain": {**PLAIN, "dropout": 0.5},
    "article": {  # the article's model, which drops projected inputs
        **PLAIN,
        "unit": 256,
        "dropout": 0.5,
        "dropout_on": "projections",
    },
    "zaremba-medium": {  # the model and the rates of Zaremba, Sutskever and Vinyals 2014
        **PLAIN,
        "unit": 650,
        "dropout": 0.5,
        "batchsize": 20,
        "bproplen": 35,
        "optimizer": "sgd",
        "lr": 1.0,
        "lr_decay": 0.83,
    },
    "awd": {  # AWD-LSTM, by its authors' code for the Penn Treebank (Merity, Keskar and Socher 2018)
        **PLAIN,
        **dict(zip(STRONGEST, (0.4, 0.25, 0.4, 0.1, 0.5), strict=True)),
        "unit": 1150,
        "layers": 3,
        "embed": 400,
        "tie": True,
        "locked": True,
        "batchsize": 20,
        "bproplen": 70,
        "optimizer": "sgd",
        "lr": 30 / 70,  # our loss is a sum over the steps of a window, theirs a mean: so are its gradients
        "gradclip": 0.25 * 70,
        "weight_decay": 1.2e-6 * 70,
        "ar": 2.0,
        "tar": 1.0,
        "average": 0.998,  # in place of the mean of all weights since a stall
    },
}
OUTDONE: Mapping[str, Mapping[str, Any]] = {  # what an option of a recipe becomes once another one is given otherwise
    "dropout": dict.fromkeys(RATES),
    "dropout_on": {**dict.fromkeys(RATES), "locked": False},
    "optimizer": {"lr": None, "weight_decay": 0.0},
    "freeze_vectors": {"tie": False},  # the output layer learns on
    "freeze_epochs": {"tie": False},
}


def recipe_options(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a recipe that are not given beside it, and what becomes of those that the given ones outdo."""
    recipe = RECIPES[name]
    changed = [option for option in OUTDONE if option in given and given[option] != recipe.get(option)]
    outdone = {option: value for other in changed for option, value in OUTDONE[other].items()}
    return {option: value for option, value in {**recipe, **outdone}.items() if option not in given}


def dropout_strength(words: int, units: int) -> float:
    """How much of the strongest rates layers of so many units need with so many words to learn from, 0.2 to 1.

    The more words there are to each weight of a layer, the less can be learned by heart: an eighth less with each
    doubling of ``words`` / ``units`` squared beyond 1. A rule between what did well with 256 units on 50,000, 217,000
    and 371,000 words, each tried with few rates; beyond these it is a guess.
    """
    return min(1.0, max(WEAKEST, 1 - math.log2(words / units**2) / 8))


def chosen_rates(args: Mapping[str, Any], words: int, ids: int) -> dict[str, float]:
    """The rates of dropout that the options leave to a corpus of so many ``words`` to learn from and ``ids``."""
    strength = dropout_strength(words, args["unit"])
    rates = {name: round(strength * rate, 2) for name, rate in STRONGEST.items()}
    rates |= {"dropout_words": 0.0} if ids < FEW else {}
    rates |= {"dropout_between": 0.0} if args["layers"] == 1 else {}
    return {name: rate for name, rate in rates.items() if args[name] == AUTO}


def rates_line(rates: Mapping[str, float]) -> str:
    """Rates by their options, in words: "0.42 of the input, 0.35 of the weights"."""
    places = {"dropout_between": "between layers"}
    named = {name: places.get(name, f"of the {name.removeprefix('dropout_')}") for name in rates}
    return ", ".join(f"{rate:g} {named[name]}" for name, rate in rates.items() if rate)


def recipe_line(name: str, options: Mapping[str, Any]) -> str:
    """A recipe and what it sets other than the default, as on a command line: "article --tie off --dropout 0.5"."""
    best, shown = RECIPES[DEFAULT], {True: "on", False: "off"}
    other = {option: value for option, value in options.items() if value is not None and value != best.get(option)}
    said = (f"--{o.replace('_', '-')} {shown.get(v, v) if isinstance(v, bool) else v}" for o, v in other.items())
    return " ".join([name, *said])
