"""What the run of a classifier holds."""

import math

import numpy

from tsuzuri.data import labeled
from tsuzuri.models import classifier
from tsuzuri.rules import (
    FLAG,
    OBJECT,
    OTHERS,
    TEXT,
    UNBOUNDED,
    number,
    one_of,
    optional,
    whole,
)
from tsuzuri.text import settings, vocabulary
from tsuzuri.training import schedules
from tsuzuri.training.hyperparameters import ClassifierRecipe
from tsuzuri.training.identity import CLASSIFIER_LATER
from tsuzuri.training.schema import (
    CHECKPOINT,
    DROPOUT,
    ERROR,
    HISTORY,
    RECIPE,
    RUN,
    UNMARKED,
    Schema,
)
from tsuzuri.training.state import ClassifierState

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
        "skip": FLAG,
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


def _build_classifier(run):
    recipe, rng = run.recipe, numpy.random.default_rng(run.recipe.seed)
    return classifier.SequenceClassifier(run.sizes, rng, recipe.precision, recipe.decay_c)


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
