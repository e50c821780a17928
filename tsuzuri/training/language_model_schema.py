"""What the run of a language model holds."""

import numpy

from tsuzuri.data import corpus
from tsuzuri.kernels import native
from tsuzuri.midi.lookback import LOOKS, MARKS, Lookback
from tsuzuri.midi.words.collect import COMMON_FIELDS
from tsuzuri.models import rnn
from tsuzuri.rules import (
    FLAG,
    FLOAT,
    MAY_LACK,
    OBJECT,
    OTHERS,
    TEXT,
    check_value,
    number,
    one_of,
    optional,
    whole,
)
from tsuzuri.text import settings, tokenizers, vectors, vocabulary
from tsuzuri.training import schedules
from tsuzuri.training.hyperparameters import DOCUMENTS, RING, LanguageModelRecipe
from tsuzuri.training.identity import LANGUAGE_MODEL_LATER
from tsuzuri.training.schema import (
    CHECKPOINT,
    DIGEST,
    DROPOUT,
    GENERATOR,
    POSITIVE,
    RECIPE,
    RUN,
    SUBWORDS,
    UNMARKED,
    VALID_BITS,
    Schema,
)
from tsuzuri.training.state import LanguageModelState

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
        "skip": FLAG,
        "looks": whole(0),
        "marks": whole(0),
    },
    "recipe": RECIPE
    | {
        "bproplen": whole(1),
        "lr_decay": number(0, 1, above=True),
        "ar": number(0),
        "tar": number(0),
        "label_smoothing": number(0, 1),
        "weight_decay": number(0, 1),
        "average": number(0, 1),
        "schedule": one_of(*schedules.SCHEDULES),
        "warmup": number(0, 1),
        "max_hours": optional(POSITIVE),
        "windows": one_of(DOCUMENTS, RING),
    },
    "recipe_name": optional(TEXT),  # of the options that the training was asked for, which others may override
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
TIME = {name: COMMON_FIELDS[name] for name in ("division", "meter")}  # of music's report: what a lookback goes by
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
    asked = about["sizes"]["looks"], about["sizes"]["marks"]
    if asked != (0, 0):
        if not music or asked != (LOOKS, MARKS):
            raise ValueError(f"sizes has looks and marks {asked}: must be {LOOKS} and {MARKS}, for music, or 0 and 0")
        check_value(about["corpus"]["report"]["midi"], TIME | {OTHERS: None}, "corpus.report.midi")
    if about["vectors"] is not None:
        check_value(about["vectors"], VECTORS, "vectors")
    if about["start"] is not None:
        check_value(about["start"], START, "start")


def _build_language_model(run):
    recipe, rng = run.recipe, numpy.random.default_rng(run.recipe.seed)
    held = {"ar": recipe.ar, "tar": recipe.tar, "smoothing": recipe.label_smoothing}
    model = rnn.RNN(run.sizes, rng, recipe.precision, **held)
    if run.sizes.lookback:
        report = run.about["corpus"]["report"]["midi"]
        model.lookback = Lookback(run.vocabulary.words, report["division"], tuple(report["meter"]), vocabulary.EOS)
    return model


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
        "recipe_name": None,
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
