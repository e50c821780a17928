"""What a classifier begins with: chance, word vectors, or the weights of another run."""

import os
from typing import NamedTuple

import numpy

from tsuzuri.errors import UserError
from tsuzuri.models import classifier
from tsuzuri.text import vectors
from tsuzuri.text.vocabulary import SPECIAL
from tsuzuri.training.run import load_run
from tsuzuri.training.schemas import CLASSIFIER, LANGUAGE_MODEL

SPREAD = 0.1  # standard deviation of a language model's rows; those of EmbedID, of 1, an optimizer's steps hardly move
INHERITED = ("model", "layers", "pool", "units", "width", "last", "skip")  # by a classifier from a classifier
DROPOUTS = ("dropout", "dropout_words", "drop_words", "dropout_between", "dropout_weights")  # off by --use-dropout


class Origin(NamedTuple):
    """The run that is begun with: its sizes, its weights and their words; or the names of what there is not."""

    path: str = ""
    sizes: object = None
    arrays: dict = {}  # noqa: RUF012 never changed
    words: tuple = ()
    tokens: str = ""
    case: str = "fold"
    classes: tuple = ()
    midi: dict | None = None
    split: dict | None = None  # a classifier's corpus, as its run.json has it


def load_origin(path):
    """The ``Origin`` at ``path``, or an empty one where it is None."""
    if path is None:
        return Origin()
    run = load_run(path, CLASSIFIER, LANGUAGE_MODEL)
    about, arrays = run.about, run.best_arrays()
    words = tuple(run.vocabulary.words)
    case = about.get("case", "keep")  # a language model keeps its capitals
    if run.schema is not CLASSIFIER:
        arrays |= _narrowed(arrays["l0/W"], arrays["l1_x/W"])
    names, midi = tuple(about.get("classes", ())), about["corpus"].get("midi")
    return Origin(
        path, run.sizes, arrays, words, about["tokens"], case, names, midi, about["corpus"] if names else None
    )


def split_seed(origin, source, seed):
    """What picks the examples held out: ``seed``, or what picked those of the classifier that is begun with.

    On the same files it has to: what that one was trained on would be in the test otherwise. Raises ``UserError`` where
    other shares are asked for.
    """
    files = ("corpus", "pos", "neg")
    if not origin.split or not any(set(origin.split[name]) & set(source[name]) for name in files):
        return seed
    for name in ("valid_fraction", "test_fraction", *files):
        if source[name] != origin.split[name]:
            option = name.replace("_", "-") if "fraction" in name else "corpus"
            raise UserError(
                f"{option}: must be {origin.split[name]} as in {origin.path}, whose examples would be tested on"
            )
    return origin.split["split_seed"]


def _narrowed(rows, below):
    """The embedded words' rows and the first layer's weights, these as much larger as those are smaller: what the model
    computes is the same, but what it has learned of the words can be changed in a few epochs.
    """
    factor = numpy.float32(SPREAD / max(rows.std(), 1e-6))
    return {"l0/W": rows * factor, "l1_x/W": below / factor}


def classifier_sizes(args, given, origin, data):
    """The classifier's ``Sizes``: those asked for by options, which must agree with what is begun with."""
    wanted = {name: args[name] for name in ("model", "layers", "pool")}
    wanted |= {"units": args["unit"], "width": args["width"] or args["unit"]}
    wanted["maxlen"] = args["maxlen"] if args["model"] == classifier.FLATTEN else None
    fixed, why = {}, ""
    if args["vectors"]:
        fixed, why = {"width": vectors.vector_width(args["vectors"])}, args["vectors"]
    elif origin.classes:
        fixed, why = {name: getattr(origin.sizes, name) for name in INHERITED}, origin.path
        fixed |= {"maxlen": origin.sizes.maxlen} if origin.sizes.maxlen else {}
    elif origin.path:
        wanted["layers"] = args["layers"] if "layers" in given else origin.sizes.layers
        fixed, why = _sizes_of_layers(origin, wanted), origin.path
    for name, value in fixed.items():
        option = {"units": "unit"}.get(name, name)
        if option in given and args[option] != value:
            raise UserError(f"--{option} {args[option]}: must be {value}, as {why} has it")
    dropped = {name: args[name] if args["use_dropout"] else 0.0 for name in DROPOUTS} | {"locked": args["locked"]}
    return classifier.ClassifierSizes(len(data.vocabulary), classes=len(data.classes), **wanted | fixed, **dropped)


def _sizes_of_layers(origin, wanted):
    """The sizes of a classifier on the first layers of a language model; the last of a tied one has its own units.

    Raises ``UserError`` where it has not as many layers, or the classifier is of another model.
    """
    most = origin.sizes.layers
    if wanted["model"] != "lstm" or wanted["layers"] > most:
        asked = f"--layers {wanted['layers']}" if wanted["model"] == "lstm" else f"--model {wanted['model']}"
        has = "one layer" if most == 1 else f"{most} layers"
        allowed = "1" if most == 1 else f"1 to {most}"
        raise UserError(f"{asked}: {origin.path} is a language model of {has}, for --model lstm of {allowed}")
    outputs = origin.sizes.outputs[: wanted["layers"]]
    last = outputs[-1] if outputs[-1] != outputs[0] else None
    return {"units": outputs[0], "width": origin.sizes.width, "last": last, "skip": origin.sizes.skip}


def initial_weights(args, origin, data, wanted):
    """The arrays to begin with by their paths, and what run.json says of them; all others are left to chance."""
    rng = numpy.random.default_rng([args["seed"], 3])
    if args["vectors"]:
        read, report = load_reported_vectors(args["vectors"], data, rng)
        return {"l0/W": read.rows}, {"vectors": report}
    if not origin.path:
        return {}, {}
    place = {word: n for n, word in enumerate(origin.words)}
    known = numpy.array([place.get(word, -1) for word in data.vocabulary.words])
    rows = vectors.fill_missing_rows(origin.arrays["l0/W"][known], known >= 0, rng)
    shapes = wanted.shapes()
    kept = [name for name in origin.arrays if name in shapes and name != "l0/W"]
    if tuple(data.classes) != origin.classes:
        kept = [name for name in kept if not name.startswith("out/")]
    about = {"run": os.path.abspath(origin.path), "found": int((known >= len(SPECIAL)).sum()), "arrays": sorted(kept)}
    about["of"] = len(known) - len(SPECIAL)
    return {"l0/W": rows} | {name: origin.arrays[name] for name in kept}, {"init_from": about}


def load_reported_vectors(path, data, rng):
    """The vectors of a file for a dataset's words, and what run.json says of them."""
    read = vectors.load_vectors(path, data.vocabulary, rng)
    return read, vectors.vectors_report(path, read, numpy.concatenate(data.train.sequences))


def start_summary(about):
    """What a classifier begins with, in words; "" where it is chance."""
    if "vectors" in about:
        return f"vectors  {vectors.vectors_summary(about['vectors'])}"
    if "init_from" in about:
        a = about["init_from"]
        also = ", ".join(a["arrays"]) or "no other weights"
        return f"start    {a['run']}: {a['found']:,} of {a['of']:,} words; {also}"
    return ""
