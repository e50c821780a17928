"""What a run directory holds, by kind of model: the two schemas side by side.

A ``Schema`` says what run.json and a checkpoint may hold, which dataclasses they become, and which model is built.
"""

import dataclasses
import math
import re
from collections.abc import Callable

import numpy

from tsuzuri.data import corpus, labeled
from tsuzuri.kernels import gpu, native
from tsuzuri.models import classifier, rnn
from tsuzuri.rules import (
    FLAG,
    FLOAT,
    MAY_LACK,
    OBJECT,
    OTHERS,
    TEXT,
    UNBOUNDED,
    Rule,
    check_value,
    number,
    one_of,
    optional,
    whole,
)
from tsuzuri.text import settings, tokenizers, vectors, vocabulary
from tsuzuri.training import schedules
from tsuzuri.training.identity import CLASSIFIER_LATER, LANGUAGE_MODEL_LATER
from tsuzuri.training.optimizers import OPTIMIZERS
from tsuzuri.training.state import ClassifierState, LanguageModelState

DOCUMENTS, RING = "documents", "ring"  # how an epoch is cut into windows; the second in runs from before
PRECISIONS = gpu.PRECISIONS  # of which a CPU has some
VALID_BITS = "valid_bits_per_character"  # in the history of a language model of text
SUBWORDS = "subwords.model"  # the file of a tokenizer that was learned
HISTORY = "history_errs"  # in a classifier's model.npz, by the name that Theano's tutorial on sentiment gives it


@dataclasses.dataclass(frozen=True)
class LanguageModelRecipe:
    """How a language model is trained; saved with its weights.

    Word vectors that it begins with stay as they are for ``freeze_epochs``, or always where that is None. ``ar`` and
    ``tar`` are penalties as in ``models.rnn``, ``weight_decay`` is decoupled (Loshchilov and Hutter 2019), ``average``
    the share that a running mean of the weights keeps at each update (0: there is none). The learning rate goes by
    ``schedule`` (``training/schedules.py``), after a ``warmup``, a share of all epochs; ``max_hours`` end a training.
    ``windows`` is no option: it says whether documents are kept apart (``data/layout.py``), as in all that begin now.
    """

    epoch: int = 50
    batchsize: int = 20
    bproplen: int = 35
    gradclip: float = 5.0
    optimizer: str = "adam"
    lr: float = 0.002
    lr_decay: float = 0.5
    patience: int = 5
    freeze_epochs: int | None = 0
    precision: str = native.FLOAT32
    seed: int = 0
    ar: float = 0.0
    tar: float = 0.0
    weight_decay: float = 0.0
    average: float = 0.0
    schedule: str = schedules.STALLS
    warmup: float = 0.0
    max_hours: float | None = None
    windows: str = DOCUMENTS


@dataclasses.dataclass(frozen=True)
class ClassifierRecipe:
    """How a classifier is trained; saved with its weights. ``valid_freq`` 0 stands for an epoch.

    Weight decay, the running mean and the schedule are as a language model's. Each layer below another learns at
    ``layer_decay`` times its rate, and begins to ``thaw`` epochs after it, all at once where that is 0 (Howard and
    Ruder 2018).
    """

    epoch: int = 100
    batchsize: int = 32
    optimizer: str = "adam"
    lr: float = 0.001
    gradclip: float = 5.0
    decay_c: float = 0.0
    patience: int = 10
    valid_freq: int = 0
    sort_by_len: bool = False
    freeze_epochs: int | None = 0
    precision: str = native.FLOAT32
    seed: int = 0
    weight_decay: float = 0.0
    average: float = 0.0
    schedule: str = schedules.CONSTANT
    lr_decay: float = 0.5
    warmup: float = 0.0
    layer_decay: float = 1.0
    thaw: int = 0


@dataclasses.dataclass(frozen=True)
class Schema:
    """A kind of run.

    ``kinds`` are the values of run.json's ``kind``, ``noun`` says in messages what it is. ``files`` are what it
    holds besides run.json, ``extras`` the arrays in model.npz that are no weights, ``carried(sizes)`` the widths N by
    name of the LSTM state, (B, N) each, that a model carries from batch to batch. ``rules`` are those of run.json,
    ``defaults`` what runs have from before there was a choice, ``checkpoint`` the rules of a checkpoint's ``meta``.
    ``check(about)`` raises ``ValueError`` for a run.json that does not hold together, each of its fields being right;
    ``build(sizes, recipe)`` makes the model with the weights that its seed gives.
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


# The language model

DROPOUT = number(0, 0.95)
MOST_LAYERS = 4
LANGUAGE_MODEL_RULES = RUN | {
    "kind": one_of("text", "music"),
    "sizes": {
        "words": whole(len(vocabulary.SPECIAL)),
        "units": whole(1),
        "dropout": DROPOUT,
        "dropout_on": one_of(rnn.LAYERS, rnn.PROJECTIONS),
        "layers": whole(1, MOST_LAYERS),
        "embed": optional(whole(1)),
        "tied": FLAG,
        "locked": FLAG,
        "dropout_input": optional(DROPOUT),
        "dropout_between": optional(DROPOUT),
        "dropout_output": optional(DROPOUT),
        "dropout_words": DROPOUT,
        "dropout_weights": DROPOUT,
    },
    "recipe": RECIPE
    | {
        "bproplen": whole(1),
        "lr_decay": number(0, 1, above=True),
        "ar": number(0),
        "tar": number(0),
        "weight_decay": number(0, 1),
        "average": number(0, 1),
        "schedule": one_of(*schedules.SCHEDULES),
        "warmup": number(0, 1),
        "max_hours": optional(POSITIVE),
        "windows": one_of(DOCUMENTS, RING),
    },
    "vectors": optional(OBJECT),  # as ``VECTORS`` says
    "start": optional(OBJECT),  # as ``START`` says
    "corpus": {
        "corpus": [TEXT],
        "valid": [TEXT],
        "test": [TEXT],
        "relative": OBJECT,
        "min_count": whole(1),
        "vocab_size": optional(whole(1)),
        "text": settings.ALLOWED,
        "spread": one_of(*corpus.SPREAD),
        "fingerprint": TEXT,
        "beginnings": optional(DIGEST),
        "report": OBJECT,
        OTHERS: None,
    },
}
VECTORS = {  # as ``text.vectors.vectors_report`` makes it
    "file": TEXT,
    "form": one_of(*vectors.FORMS),
    "total": whole(1),
    "width": whole(1),
    "found": whole(0),
    "of": whole(0),
    "share": number(0, 1),
}
START = {  # as ``training.transfer.transferred_weights`` makes it
    "init_from": {"run": TEXT, "id": optional(DIGEST), "weights": DIGEST, "found": whole(1), "of": whole(1)},
}
LANGUAGE_MODEL_CHECKPOINT = CHECKPOINT | {
    "start": whole(0),
    "lr": number(0),
    "order": GENERATOR,
    "history": [
        {
            "epoch": whole(1),
            "train_loss": FLOAT,
            "valid_loss": FLOAT,
            "lr": number(0),
            "words_per_second": whole(0),
            "best": FLAG,
            MAY_LACK: {VALID_BITS: FLOAT},  # music has none, nor have the first runs
        }
    ],
}


def _check_language_model(about):
    music = about["kind"] == "music"
    tokens = one_of("midi") if music else one_of(*tokenizers.CHOICES)
    check_value(about["tokens"], tokens, f"tokens of {about['kind']}")
    if music:
        report = {"midi": OBJECT, OTHERS: None}
        check_value(about["corpus"], {"midi": OBJECT, "report": report, OTHERS: None}, "corpus")
    if about["vectors"] is not None:
        check_value(about["vectors"], VECTORS, "vectors")
    if about["start"] is not None:
        check_value(about["start"], START, "start")


def _build_language_model(sizes, recipe):
    return rnn.RNN(sizes, numpy.random.default_rng(recipe.seed), recipe.precision, ar=recipe.ar, tar=recipe.tar)


LANGUAGE_MODEL = Schema(
    kinds=("text", "music"),
    noun="a language model",
    files=(
        *("vocabulary.txt", "model.npz", "checkpoint.npz", "corpus.npz", "log.jsonl", "loss.png"),
        *("texts.zip", "sample.mid", SUBWORDS),
    ),
    extras=(),
    carried=rnn.Sizes.state_widths,
    rules=LANGUAGE_MODEL_RULES,
    defaults={
        **UNMARKED,
        "subwords": None,
        "vectors": None,
        "start": None,
        "corpus": {"text": settings.FIRST, "relative": {}, "spread": corpus.END, "beginnings": None},
        "sizes": LANGUAGE_MODEL_LATER["sizes"],
        "recipe": {"precision": native.FLOAT32, "freeze_epochs": 0, **LANGUAGE_MODEL_LATER["recipe"]},
    },
    checkpoint=LANGUAGE_MODEL_CHECKPOINT,
    sizes=rnn.Sizes,
    recipe=LanguageModelRecipe,
    state=LanguageModelState,
    check=_check_language_model,
    build=_build_language_model,
)


# The classifier

CLASSIFIER_RULES = RUN | {
    "kind": one_of("classes"),
    "classes": [TEXT],
    "case": one_of("fold", "keep"),
    "sizes": {
        "words": whole(len(vocabulary.SPECIAL)),
        "width": whole(1),
        "units": whole(1),
        "classes": whole(2),
        "model": one_of(*classifier.MODELS),
        "layers": whole(1, 9),
        "pool": one_of(*classifier.POOLS),
        "dropout": DROPOUT,
        "dropout_words": DROPOUT,
        "drop_words": DROPOUT,
        "dropout_between": DROPOUT,
        "dropout_weights": DROPOUT,
        "locked": FLAG,
        "last": optional(whole(1)),
        "maxlen": optional(whole(1)),
    },
    "recipe": RECIPE
    | {
        "decay_c": number(0),
        "valid_freq": whole(0),
        "sort_by_len": FLAG,
        "weight_decay": number(0, 1),
        "average": number(0, 1),
        "schedule": one_of(*schedules.SCHEDULES),
        "lr_decay": number(0, 1, above=True),
        "warmup": number(0, 1),
        "layer_decay": number(0, 1, above=True),
        "thaw": whole(0),
    },
    "corpus": {
        "corpus": [TEXT],
        "pos": [TEXT],
        "neg": [TEXT],
        "valid": [TEXT],
        "test": [TEXT],
        "relative": OBJECT,
        "form": one_of("auto", *labeled.FORMS),
        "encoding": TEXT,
        "columns": [optional(TEXT)],
        "midi": optional(OBJECT),
        "text": settings.ALLOWED,
        "split_seed": whole(0),
        "valid_fraction": number(0, 1),
        "test_fraction": number(0, 1),
        "n_words": optional(whole(1)),
        "min_count": whole(1),
        "maxlen": optional(whole(1)),
        "truncate": optional(one_of("pre", "post")),
        "fingerprint": TEXT,
        "report": {"classes": {"train": [whole(0)], OTHERS: None}, OTHERS: None},
    },
    "start": OBJECT,
}
CLASSIFIER_CHECKPOINT = CHECKPOINT | {
    "updates": whole(0),
    "wrong": whole(0),
    "examples": whole(0),
    "history": [
        {
            "updates": whole(1),
            "epochs": number(0),
            "train_loss": number(-UNBOUNDED, math.inf),
            "train_error": ERROR,
            "valid_loss": number(-UNBOUNDED, math.inf),
            "valid_error": ERROR,
            "test_error": optional(ERROR),
            "words_per_second": whole(0),
            "best": FLAG,
        }
    ],
}


def _check_classifier(about):
    names, count, corpus = about["classes"], about["sizes"]["classes"], about["corpus"]
    if not len(set(names)) == len(names) == count:
        raise ValueError(f"sizes.classes is {count}, but classes names {len(set(names))} in {len(names)}")
    examples = corpus["report"]["classes"]["train"]
    if len(examples) != count or not any(examples):
        raise ValueError(f"corpus.report.classes.train must be {count} numbers, and not all of them 0")
    if (about["tokens"] == "midi") != bool(corpus["midi"]):
        raise ValueError(f"tokens is {about['tokens']!r}, which does not go with corpus.midi")
    if corpus["truncate"] and not corpus["maxlen"]:
        raise ValueError(f"corpus.truncate is {corpus['truncate']!r}, but corpus.maxlen is null")
    if about["sizes"]["model"] == classifier.FLATTEN:
        _check_flattened(about["sizes"]["maxlen"], corpus)
    if about["sizes"]["layers"] == 1 and about["sizes"]["last"]:
        raise ValueError("sizes.last is for two layers and more")
    if len(corpus["columns"]) != 2:
        raise ValueError(f"corpus.columns are {len(corpus['columns'])}, must be 2")


def _check_flattened(maxlen, corpus):
    if maxlen is None or not corpus["truncate"] or maxlen != corpus["maxlen"]:
        raise ValueError(f"sizes.maxlen is {maxlen}, must be corpus.maxlen, {corpus['maxlen']}, to which texts are cut")


def _build_classifier(sizes, recipe):
    return classifier.SequenceClassifier(sizes, numpy.random.default_rng(recipe.seed), recipe.precision, recipe.decay_c)


CLASSIFIER = Schema(
    kinds=("classes",),
    noun="a classifier",
    files=("vocabulary.txt", "model.npz", "checkpoint.npz", "log.jsonl", "error.png", "confusion.png", "examples.csv"),
    extras=(HISTORY,),
    carried=lambda sizes: {},
    rules=CLASSIFIER_RULES,
    defaults={
        **UNMARKED,
        "subwords": None,
        "corpus": {"text": settings.FIRST, "relative": {}},
        **CLASSIFIER_LATER,
    },
    checkpoint=CLASSIFIER_CHECKPOINT,
    sizes=classifier.ClassifierSizes,
    recipe=ClassifierRecipe,
    state=ClassifierState,
    check=_check_classifier,
    build=_build_classifier,
)

SCHEMAS = (LANGUAGE_MODEL, CLASSIFIER)
EVERY_FILE = tuple(dict.fromkeys(name for schema in SCHEMAS for name in schema.files))  # of whatever kind
RUN_FILES = (*EVERY_FILE, "run.json")  # without the last there is no run
