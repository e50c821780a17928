"""What ties the files of a run together: its id, in run.json and in every .npz, and a digest of its vocabulary."""

import hashlib
import json

import numpy

from tsuzuri.errors import UserError
from tsuzuri.text.settings import FIRST

MARK = "run"  # the array of an .npz that holds the id's bytes
KEPT = ("kind", "tokens", "dictionary", "classes", "case", "sizes", "vectors", "start", "vocabulary")  # of run.json
MAY_CHANGE = ("epoch", "patience", "precision", "max_hours")  # of a recipe, when a training goes on
# What runs have that were made before there was a choice. It says nothing in an id, and so theirs stay as they are.
LANGUAGE_MODEL_LATER = {
    "sizes": {
        "layers": 2,
        "embed": None,
        "tied": False,
        "locked": False,
        "dropout_input": None,
        "dropout_between": None,
        "dropout_output": None,
        "dropout_words": 0.0,
        "dropout_weights": 0.0,
        "skip": False,
        "looks": 0,
        "marks": 0,
    },
    "recipe": {
        "ar": 0.0,
        "tar": 0.0,
        "label_smoothing": 0.0,
        "weight_decay": 0.0,
        "average": 0.0,
        "schedule": "stalls",
        "warmup": 0.0,
        "max_hours": None,
        "windows": "ring",
    },
}
CLASSIFIER_LATER: dict[str, dict] = {
    "sizes": {
        "drop_words": 0.0,
        "dropout_between": 0.0,
        "dropout_weights": 0.0,
        "locked": False,
        "last": None,
        "maxlen": None,
        "skip": False,
    },
    "recipe": {
        "weight_decay": 0.0,
        "average": 0.0,
        "schedule": "constant",
        "lr_decay": 0.5,
        "warmup": 0.0,
        "layer_decay": 1.0,
        "thaw": 0,
    },
}
PATHS = ("file", "run")  # keys whose values say where something lies


def digest(data):
    """The SHA-256 of bytes, in hex."""
    return hashlib.sha256(data).hexdigest()


def run_identity(about):
    """The id of the run that a run.json describes: a digest of all that it learns from, and that never changes.

    Equal trainings have the same, wherever their files lie, and so they write the same bytes.
    """
    kept = {name: about.get(name) for name in KEPT}
    settings = {**FIRST, **about["corpus"].get("text", {})}
    kept["text"] = {name: settings[name] for name in ("normalize", "lines")}
    kept["corpus"] = about["corpus"]["fingerprint"]
    if about.get("subwords"):  # other runs have the ids that they had before there were any
        kept["subwords"] = about["subwords"]
    if about["corpus"].get("beginnings"):
        kept["beginnings"] = about["corpus"]["beginnings"]
    kept["recipe"] = {**about["recipe"], **{name: None for name in MAY_CHANGE if name in about["recipe"]}}
    for part, later in (CLASSIFIER_LATER if about["kind"] == "classes" else LANGUAGE_MODEL_LATER).items():
        kept[part] = {name: value for name, value in kept[part].items() if name not in later or later[name] != value}
    return digest(json.dumps(_without_paths(kept), sort_keys=True).encode())


def check_description(path, about):
    """Raise ``UserError`` for a run.json whose id is not that of what it says."""
    if about["id"] and about["id"] != run_identity(about):
        raise UserError(f"{path}: was changed: its id is not that of what it says now")


def _without_paths(value):
    if not isinstance(value, dict):
        return value
    return {key: _without_paths(inner) for key, inner in value.items() if key not in PATHS}


def identity_array(identity):
    """The id as an array by its name, for an .npz; runs of format 1, whose id is None, have none."""
    return {MARK: numpy.frombuffer(bytes.fromhex(identity), numpy.uint8)} if identity else {}


def check_identity(path, mark, identity):
    """Raise ``UserError`` for the .npz of another run: ``mark`` is its array, or None where it says of none."""
    if identity and mark is not None and mark.tobytes().hex() != identity:
        raise UserError(f"{path}: not of the run that run.json describes: it is another run's")


def check_digest(path, data, wanted):
    """Raise ``UserError`` for the bytes of a file that are not those of ``wanted``, a digest or None."""
    if wanted and digest(data) != wanted:
        own = "its SHA-256 is not that in run.json"
        raise UserError(f"{path}: not of the run that run.json describes, or changed: {own}")
