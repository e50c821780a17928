"""What the schemas of both kinds of model have in common: their form, and the rules of what every run holds."""

import dataclasses
import math
import re
from collections.abc import Callable

from tsuzuri.kernels import gpu
from tsuzuri.rules import (
    OBJECT,
    TEXT,
    UNBOUNDED,
    Rule,
    number,
    one_of,
    optional,
    whole,
)
from tsuzuri.text import tokenizers
from tsuzuri.training.optimizers import OPTIMIZERS

PRECISIONS = gpu.PRECISIONS  # of which a CPU has some
VALID_BITS = "valid_bits_per_character"  # in the history of a language model of text
SUBWORDS = "subwords.model"  # the file of a tokenizer that was learned
HISTORY = "history_errs"  # in a classifier's model.npz, by the name that Theano's tutorial on sentiment gives it


@dataclasses.dataclass(frozen=True)
class Schema:
    """A kind of run.

    ``kinds`` are the values of run.json's ``kind``, ``noun`` says in messages what it is. ``files`` are what it
    holds besides run.json, ``extras`` the arrays in model.npz that are no weights, ``carried(sizes)`` the widths N by
    name of the LSTM state, (B, N) each, that a model carries from batch to batch. ``rules`` are those of run.json,
    ``defaults`` what runs have from before there was a choice, ``checkpoint`` the rules of a checkpoint's ``meta``.
    ``check(about)`` raises ``ValueError`` for a run.json that does not hold together, each of its fields being right;
    ``build(run)`` makes the model with the weights that its seed gives.
    """

    kinds: tuple
    noun: str
    files: tuple
    extras: tuple
    carried: Callable
    rules: dict
    defaults: dict
    checkpoint: dict
    sizes: type
    recipe: type
    state: type
    check: Callable
    build: Callable


# Rules that both share

POSITIVE = number(0, above=True)
DROPOUT = number(0, 0.95)
ERROR = number(0, 1)
RECIPE = {
    "epoch": whole(1),
    "batchsize": whole(1),
    "gradclip": POSITIVE,
    "optimizer": one_of(*OPTIMIZERS),
    "lr": POSITIVE,
    "patience": whole(1),
    "freeze_epochs": optional(whole(0)),
    "precision": one_of(*PRECISIONS),
    "seed": whole(0),
}
DIGEST = Rule("64 hexadecimal digits", lambda value: re.fullmatch("[0-9a-f]{64}", value) is not None)
RUN = {
    "format": whole(1),
    "id": optional(DIGEST),
    "vocabulary": optional(DIGEST),
    "subwords": optional(DIGEST),
    "tokens": one_of(*tokenizers.CHOICES, "midi"),
    "dictionary": TEXT,
    "versions": OBJECT,
}
UNMARKED = {"id": None, "vocabulary": None}  # runs of format 1
GENERATOR = {  # the state of numpy.random.default_rng()
    "bit_generator": one_of("PCG64"),
    "state": {"state": whole(0, 2**128 - 1), "inc": whole(0, 2**128 - 1)},
    "has_uint32": whole(0, 1),
    "uinteger": whole(0, 2**32 - 1),
}
CHECKPOINT = {
    "epoch": whole(1),
    "window": whole(0),
    "nats": number(-UNBOUNDED),
    "words": whole(0),
    "seconds": number(0),
    "rng": GENERATOR,
    "patience": {"patience": whole(1), "best": number(-UNBOUNDED, math.inf), "stale": whole(0)},
}


def check_marks(about):
    """Raise ``ValueError`` for a run of format 2 or later without what ties its files together."""
    for name in UNMARKED:
        if about[name] is None and about["format"] > 1:
            raise ValueError(f"{name} is missing")
    if (about["tokens"] == tokenizers.SUBWORD) != bool(about["subwords"]):
        raise ValueError(f"tokens is {about['tokens']!r}, which does not go with subwords")
