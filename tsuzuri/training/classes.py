"""The classifier's run directory: as ``training/run.py`` has it, but for what differs.

run.json         kind "classes", the classes by name, tokenizer, sizes, recipe, corpus and its report, versions
vocabulary.txt   one word a line, its id the line number
model.npz        the weights that did best on the validation examples, and the errors so far as ``history_errs``
checkpoint.npz   the whole state of the training: weights, moments, position, generator, history
log.jsonl        a line a validation
error.png        the learning curves
confusion.png    which classes are taken for which, once it was evaluated
"""

import dataclasses
import math

import numpy

from tsuzuri import storage
from tsuzuri.data import labeled
from tsuzuri.kernels import native
from tsuzuri.models import classifier
from tsuzuri.storage import FLAG, OBJECT, OTHERS, TEXT, UNBOUNDED, number, one_of, optional, whole
from tsuzuri.text import tokenizers
from tsuzuri.training import run as runs
from tsuzuri.training.optimizers import OPTIMIZERS

HISTORY = "history_errs"  # the tutorial's name: an array (n, 2) of the validation and the test error, NaN for none


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How a classifier is trained; saved with its weights. ``valid_freq`` 0 stands for an epoch."""

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


RULES = {  # of run.json
    "format": whole(1),
    "kind": one_of("classes"),
    "classes": [TEXT],
    "tokens": one_of(*tokenizers.NAMES, "midi"),
    "dictionary": TEXT,
    "case": one_of("fold", "keep"),
    "sizes": {
        "words": whole(2),
        "width": whole(1),
        "units": whole(1),
        "classes": whole(2),
        "model": one_of(*classifier.MODELS),
        "layers": whole(1, 9),
        "pool": one_of(*classifier.POOLS),
        "dropout": number(0, 0.95),
        "dropout_words": number(0, 0.95),
    },
    "recipe": {
        "epoch": whole(1),
        "batchsize": whole(1),
        "optimizer": one_of(*OPTIMIZERS),
        "lr": number(0, above=True),
        "gradclip": number(0, above=True),
        "decay_c": number(0),
        "patience": whole(1),
        "valid_freq": whole(0),
        "sort_by_len": FLAG,
        "freeze_epochs": optional(whole(0)),
        "precision": one_of(*runs.PRECISIONS),
        "seed": whole(0),
    },
    "corpus": {
        "corpus": [TEXT],
        "pos": [TEXT],
        "neg": [TEXT],
        "valid": [TEXT],
        "test": [TEXT],
        "form": one_of("auto", *labeled.FORMS),
        "encoding": TEXT,
        "columns": [optional(TEXT)],
        "midi": optional(OBJECT),
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
    "versions": OBJECT,
}
ERROR = number(0, 1)
META = {  # of a checkpoint
    "epoch": whole(1),
    "window": whole(0),
    "updates": whole(0),
    "nats": number(-UNBOUNDED),
    "wrong": whole(0),
    "words": whole(0),
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
    "rng": runs.GENERATOR,
    "patience": {"patience": whole(1), "best": number(-UNBOUNDED, math.inf), "stale": whole(0)},
}


class Run(runs.Run):
    """A classifier's run directory that exists."""

    KINDS, MAKER = ("classes",), "classify.py train"
    OWN = ("vocabulary.txt", "model.npz", "checkpoint.npz", "log.jsonl", "error.png", "confusion.png")
    RULES, META, DEFAULTS = RULES, META, {}
    Sizes, Recipe = classifier.Sizes, Recipe

    def __init__(self, path, about, words):
        super().__init__(path, about, words)
        self.classes = about["classes"]

    @staticmethod
    def check(about):
        """Raise ``ValueError`` for a run.json that does not hold together, each of its fields being right."""
        names, count, corpus = about["classes"], about["sizes"]["classes"], about["corpus"]
        if not len(set(names)) == len(names) == count:
            raise ValueError(f"sizes.classes is {count}, but classes names {len(set(names))} in {len(names)}")
        times = corpus["report"]["classes"]["train"]
        if len(times) != count or not any(times):
            raise ValueError(f"corpus.report.classes.train must be {count} numbers, and not all of them 0")
        if (about["tokens"] == "midi") != bool(corpus["midi"]):
            raise ValueError(f"tokens is {about['tokens']!r}, which does not go with corpus.midi")
        if corpus["truncate"] and not corpus["maxlen"]:
            raise ValueError(f"corpus.truncate is {corpus['truncate']!r}, but corpus.maxlen is null")
        if len(corpus["columns"]) != 2:
            raise ValueError(f"corpus.columns are {len(corpus['columns'])}, must be 2")

    def new_model(self):
        """A model of this run's sizes with the weights that its seed gives."""
        rng = numpy.random.default_rng(self.recipe.seed)
        return classifier.Classifier(self.sizes, rng, self.recipe.precision, self.recipe.decay_c)

    def save_best(self, model, history):
        """Save the weights, with the errors so far; raises ``UserError`` where any weight is not finite."""
        self._save("model.npz", runs.arrays_of(model), {HISTORY: errors(history)})

    def save_history(self, history):
        """Put the errors so far beside the best weights, which stay as they are."""
        arrays = storage.load_npz(self.file("model.npz"))
        arrays.pop(HISTORY, None)
        self._save("model.npz", arrays, {HISTORY: errors(history)})

    def best_arrays(self):
        arrays = super().best_arrays()
        arrays.pop(HISTORY, None)
        return arrays

    def _state_of(self, model):
        return {}


def errors(history):
    """The validation and the test error of each entry, (n, 2); NaN where there is no test."""
    rows = [(entry["valid_error"], entry["test_error"]) for entry in history]
    return numpy.array(rows, "d").reshape(-1, 2)  # None becomes NaN
