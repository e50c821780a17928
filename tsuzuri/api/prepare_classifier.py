"""Classifiers before their training: options and labeled examples to a dataset, sizes, a recipe and a run."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Collection, Mapping
from typing import Any

import numpy

from tsuzuri.api.given_texts import examples_as_file
from tsuzuri.api.labeled_examples import (
    FILES,
    check_given_as_pairs,
    dataset_of_run,
    examples_source,
    files_named_again,
    read_dataset,
)
from tsuzuri.api.preparation import (
    Preparation,
    PreparedTraining,
    check_dictionaries,
    check_new,
    dictionary_warnings,
    tell,
)
from tsuzuri.api.resuming import (
    check_resume_options,
    check_same_vectors,
    moved_source,
    relative_places,
    stored_options,
)
from tsuzuri.data import advice, dataset, preprocessing
from tsuzuri.errors import UserError
from tsuzuri.kernels import devices, native
from tsuzuri.models import classifier
from tsuzuri.options.classify import MAY_CHANGE, TRAIN
from tsuzuri.options.resolve import defaults
from tsuzuri.text import vectors
from tsuzuri.text.tokenizers import SUBWORD
from tsuzuri.training import ending, initialization, schedules
from tsuzuri.training.classification import ClassificationTask
from tsuzuri.training.initialization import Origin
from tsuzuri.training.log import Listener
from tsuzuri.training.optimizers import OPTIMIZERS
from tsuzuri.training.run import Run, load_run, new_run
from tsuzuri.training.schemas import CLASSIFIER, ClassifierRecipe

RECIPE = (
    *("batchsize", "optimizer", "lr", "gradclip", "decay_c", "sort_by_len", "seed"),
    *("weight_decay", "average", "schedule", "lr_decay", "warmup", "layer_decay", "thaw"),
)
SIZES = ("width", "model", "layers", "pool", "locked", *initialization.DROPOUTS)
SOURCE = ("form", "encoding", "n_words", "maxlen", "truncate", "valid_fraction", "test_fraction")
LR = {"adam": 0.001}  # where none is asked for; of the other optimizers their own


def _new(given: Mapping[str, Any], listener: Listener, inputs: Mapping[str, bytes]) -> PreparedTraining:
    """A new run; ``inputs`` are files that it is to keep, in place of the corpus that was named."""
    args = defaults(TRAIN) | dict(given)
    check_new(args, FILES)
    _check_model(args, given.keys())
    recipe = _recipe_of(args, given.keys())
    origin = initialization.load_origin(args["init_from"])
    args |= _cut_for_flattening(args, origin)
    source, data, words = _read(args, given, origin, recipe)
    tell(listener, dataset.dataset_summary(data, words))  # before hours go into it
    tell(listener, advice.dataset_warnings(data, words.tokenizer.name))
    tell(listener, dictionary_warnings(words.tokenizer.name, given))
    sizes = initialization.classifier_sizes(args, given.keys(), origin, data)
    weights, begun = initialization.initial_weights(args, origin, data, sizes)
    if begun:
        tell(listener, [initialization.start_summary(begun)])
    if inputs:
        source["corpus"] = [*inputs]
    source["relative"] = relative_places(args["out"], source, FILES)
    about = {
        "kind": "classes",
        "classes": data.classes,
        "tokens": words.tokenizer.name,
        "dictionary": words.tokenizer.dictionary,
        "case": words.case,
        "sizes": dataclasses.asdict(sizes),
        "recipe": dataclasses.asdict(recipe),
        "corpus": source | {"fingerprint": data.fingerprint(), "report": data.report},
        "start": begun,
    }
    run = new_run(args["out"], about, data.vocabulary, CLASSIFIER, inputs)
    return PreparedTraining(run, _task(run, data, args), args["device"], weights=weights)


def _read(
    args: dict[str, Any], given: Mapping[str, Any], origin: Origin, recipe: ClassifierRecipe
) -> tuple[dict[str, Any], dataset.Dataset, preprocessing.Preprocessor]:
    """What run.json keeps of the examples, the examples, and what makes words of a text."""
    if args["vectors"]:
        vectors.vector_width(args["vectors"])  # a file that is none is refused before hours of reading
    source = examples_source(args | _midi_settings_of(origin, given.keys()), given.keys())
    source["split_seed"] = initialization.split_seed(origin, source, recipe.seed)
    if origin.tokens and (origin.tokens == "midi") != bool(source["midi"]):
        raise UserError(f"{origin.path}: is of {'texts' if source['midi'] else 'music'}, and the examples are not")
    case = origin.case if args["case"] == "auto" else args["case"]
    tokens = args["tokens"] if "tokens" in given else origin.tokens or "auto"
    if tokens == SUBWORD:
        raise UserError(
            f"{origin.path}: has subwords, which a classifier cannot begin with yet: --tokens names other words"
        )
    if not source["midi"]:
        check_dictionaries(tokens, given)
    data, words = read_dataset(source, tokens, case, origin.words)
    return source, data, words


def _resumed(given: Mapping[str, Any]) -> PreparedTraining:
    """An old run, by its own settings."""
    args = defaults(TRAIN) | dict(given)
    run = load_run(args["out"], CLASSIFIER)
    check_resume_options(TRAIN, _as_stored(given), MAY_CHANGE, run, _stored(run), (*FILES, "vectors"))
    recipe = dataclasses.replace(run.recipe, **{name: args[name] for name in ("epoch", "patience") if name in given})
    wanted = args["precision"] if "precision" in given else recipe.precision
    recipe = dataclasses.replace(recipe, precision=_precision_of(args["device"], wanted, run.sizes.model))
    checkpoint = run.load_checkpoint()
    meta = checkpoint.meta
    if recipe.epoch < meta["epoch"] and not meta["history"]:
        raise UserError(
            f"--epoch {recipe.epoch}: {run.path} is in epoch {meta['epoch']} and not yet validated: must be more"
        )
    ending.check_epochs(run.path, given.get("epoch"), meta)
    data, moved = _read_again(run, given)
    if moved:
        run.save_about(moved)
    if recipe != run.recipe:  # so that the next --resume, with no option, keeps to it
        run.save_recipe(recipe)
    return PreparedTraining(run, _task(run, data, args), args["device"], checkpoint=checkpoint)


def _read_again(run: Run, given: Mapping[str, Any]) -> tuple[dataset.Dataset, dict[str, Any]]:
    """The examples of an old run, and what changes in run.json where their files were named in other places."""
    files, named = files_named_again(run, given)
    data = dataset_of_run(run, files, "not" if named else "no longer")
    moved = moved_source(run, files, named)
    changed = {"corpus": moved} if moved else {}
    path, start = given.get("vectors"), run.about["start"]
    before = start.get("vectors")
    if path is None or (before and os.path.abspath(path) == before["file"]):
        return data, changed
    if not before:
        raise UserError(f"--vectors {path}: {run.path} began without, and goes on as it began")
    found = initialization.load_reported_vectors(path, data, numpy.random.default_rng(run.recipe.seed))[1]
    check_same_vectors(run, path, before, found)
    return data, changed | {"start": {**start, "vectors": found}}


def _stored(run: Run) -> dict[str, tuple[Any, ...]]:
    """What the run says already, by the options that say it."""
    about, sizes, corpus = run.about, run.about["sizes"], run.about["corpus"]
    stored = stored_options(run, RECIPE) | {"unit": (sizes["units"],), "case": (about["case"], "auto")}
    stored |= {name: (sizes[name],) for name in SIZES} | {name: (corpus[name],) for name in SOURCE}
    stored |= dict(zip(("label_column", "text_column"), ((column,) for column in corpus["columns"]), strict=True))
    stored |= {"valid_freq": (about["recipe"]["valid_freq"] or None,)}
    dropped = any(sizes[name] for name in initialization.DROPOUTS)
    stored["use_dropout"] = (True,) if dropped else (False, True)
    begun = about["start"].get("init_from")
    return stored | ({"init_from": (begun["run"],)} if begun else {})


def _as_stored(given: Mapping[str, Any]) -> dict[str, Any]:
    """Options as a run keeps them: rates that --use-dropout turns off are 0, and places are whole paths."""
    off = given.get("use_dropout") is False
    kept: dict[str, Any] = {
        name: 0.0 if off and name in initialization.DROPOUTS else value for name, value in given.items()
    }
    return kept | ({"init_from": os.path.abspath(kept["init_from"])} if "init_from" in kept else {})


def _check_model(args: Mapping[str, Any], given: Collection[str]) -> None:
    """Raise ``UserError`` for options of layers, or of a pool, that the model asked for does not have."""
    model, origin = args["model"], args["init_from"]
    if model == classifier.FLATTEN and not args["maxlen"]:
        raise UserError("--model flatten: of how many words? --maxlen says")
    if model == classifier.FLATTEN and "pool" in given:
        raise UserError("--pool: is not for --model flatten, which keeps every word in its place")
    if not classifier.DIRECTIONS[model] and not origin:
        asked = [name for name in ("dropout_between", "dropout_weights") if name in given and args[name]]
        if asked:
            layered = ", ".join(name for name, stacks in classifier.DIRECTIONS.items() if stacks)
            raise UserError(f"--{asked[0].replace('_', '-')} {args[asked[0]]}: is for --model {layered}, not {model}")
    if args["dropout_between"] and args["layers"] < 2 and not origin:
        raise UserError(f"--dropout-between {args['dropout_between']}: is for --layers 2 and more")
    if "lr_decay" in given and args["schedule"] != schedules.STALLS:
        raise UserError(f"--lr-decay: is for --schedule {schedules.STALLS}, not {args['schedule']}")


def _cut_for_flattening(args: Mapping[str, Any], origin: Origin) -> dict[str, Any]:
    """Texts are cut to --maxlen for a model that reads so many words: at their beginning, as Keras has it."""
    inherited = getattr(origin.sizes, "maxlen", None)
    if args["model"] != classifier.FLATTEN and inherited is None:
        return {}
    return {"truncate": args["truncate"] or "pre", "maxlen": args["maxlen"] or inherited}


def _task(run: Run, data: dataset.Dataset, args: Mapping[str, Any]) -> ClassificationTask:
    return ClassificationTask(data, run.recipe, args["save_freq"], args["disp_freq"])


def _midi_settings_of(origin: Origin, given: Collection[str]) -> dict[str, Any]:
    """The settings for MIDI of the run whose weights are taken, where no others are given."""
    return {name: value for name, value in (origin.midi or {}).items() if name not in given}


def _recipe_of(args: Mapping[str, Any], given: Collection[str]) -> ClassifierRecipe:
    """The recipe that the options ask for; raises ``UserError`` for those that do not go together."""
    frozen = [name for name in ("freeze_vectors", "freeze_epochs", "layer_decay", "thaw") if name in given]
    if frozen and not (args["vectors"] or args["init_from"]):
        raise UserError(f"--{frozen[0].replace('_', '-')}: is for --vectors or --init-from")
    for one, other in (("freeze_vectors", "freeze_epochs"), ("vectors", "init_from")):
        if one in given and other in given:
            raise UserError(f"--{one.replace('_', '-')} and --{other.replace('_', '-')}: one of them only")
    if "truncate" in given and "maxlen" not in given:
        raise UserError("--truncate: to how many words? --maxlen says")
    changed = {
        "precision": _precision_of(args["device"], args["precision"], args["model"]),
        "lr": args["lr"] or LR.get(args["optimizer"]) or OPTIMIZERS[args["optimizer"]].lr,
        "valid_freq": args["valid_freq"] or 0,
        "freeze_epochs": None if args["freeze_vectors"] else args["freeze_epochs"] or 0,
    }
    fields = [field.name for field in dataclasses.fields(ClassifierRecipe)]
    return ClassifierRecipe(**{name: args[name] for name in fields} | changed)


def _precision_of(device: str, wanted: str, model: str) -> str:
    """What --precision means for a model on a device; raises ``UserError`` where it would mean nothing."""
    if model in ("lstm", "bilstm") and devices.choose(device).xp is numpy:
        return str(native.choose(wanted))
    if wanted not in ("auto", native.FLOAT32):
        allowed = f"is for --model lstm and bilstm on a CPU; all else is in {native.FLOAT32}"
        raise UserError(f"--precision {wanted}: {allowed}")
    return native.FLOAT32


CLASSIFIER_PREPARATION = Preparation("examples", examples_as_file, check_given_as_pairs, _new, _resumed)
