"""A small run of a language model: what it says of itself and of its checkpoint, and how it is made and trained."""

import dataclasses
import math

import numpy

from tests.training import create_run
from tsuzuri.models.rnn import Sizes
from tsuzuri.text import vocabulary
from tsuzuri.text.settings import FIRST
from tsuzuri.training.optimizers import Adam
from tsuzuri.training.schemas import RING, VALID_BITS, LanguageModelRecipe

WORDS, UNITS = 13, 5
ABOUT = {
    "kind": "text",
    "tokens": "char",
    "dictionary": "",
    "sizes": dataclasses.asdict(Sizes(WORDS, UNITS)),
    "recipe": dataclasses.asdict(LanguageModelRecipe(seed=3, batchsize=4, windows=RING)),
    "recipe_name": None,
    "vectors": None,
    "start": None,
    "corpus": {
        "corpus": ["a.txt"],
        "valid": ["b.txt"],
        "test": ["c.txt"],
        "relative": {},
        "min_count": 2,
        "vocab_size": None,
        "text": FIRST,
        "spread": "end",
        "beginnings": None,
        "fingerprint": "",
        "report": {},
    },
}
ENTRY = {"epoch": 1, "train_loss": 5.0, "valid_loss": 4.0, "lr": 0.002, "words_per_second": 12345, "best": True}
META = {
    "epoch": 4,
    "window": 1,
    "start": 2,
    "nats": 0.1,
    "words": 5,
    "seconds": 1.5,
    "lr": 0.002,
    "history": [ENTRY | {VALID_BITS: 2.5}, ENTRY | {"valid_loss": math.nan}],  # the second from before there were bits
    "order": numpy.random.default_rng(0).bit_generator.state,
    "patience": {"patience": 5, "best": math.inf, "stale": 0},
}


def make_run(path, optimizer="adam"):
    about = ABOUT | {"recipe": ABOUT["recipe"] | {"optimizer": optimizer}}
    return create_run(path, about, vocabulary.Vocabulary([*vocabulary.SPECIAL, *"abcdefghijk"]))


def trained(run, steps=3, optimizer=None):
    model, optimizer = run.new_model(), optimizer or Adam()
    optimizer.setup(model)
    xs = numpy.random.default_rng(0).integers(0, WORDS, (6, 4)).astype("i")
    for _ in range(steps):
        loss = model(xs[:-1], xs[1:])
        model.cleargrads()
        loss.backward()
        optimizer.update()
    return model, optimizer
