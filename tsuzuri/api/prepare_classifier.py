"""Classifiers before their training: options and labeled examples to a dataset, sizes, a recipe and a run."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any

import numpy

from tsuzuri.api.given_texts import examples_as_file
from tsuzuri.api.labeled_examples import check_given_as_pairs, dataset_of_run, examples_source, read_dataset
from tsuzuri.api.preparation import Preparation, PreparedTraining, check_new, check_resume_options, tell
from tsuzuri.data import advice, dataset, preprocessing
from tsuzuri.errors import UserError
from tsuzuri.kernels import devices, native
from tsuzuri.options.classify import MAY_CHANGE, TRAIN
from tsuzuri.options.resolve import defaults
from tsuzuri.text import vectors
from tsuzuri.training import ending, initialization
from tsuzuri.training.classification import ClassificationTask
from tsuzuri.training.initialization import Origin
from tsuzuri.training.log import Listener
from tsuzuri.training.optimizers import OPTIMIZERS
from tsuzuri.training.run import Run, load_run, new_run
from tsuzuri.training.schemas import CLASSIFIER, ClassifierRecipe

LR = {"adam": 0.001}  # where none is asked for; of the other optimizers their own


def _new(given: Mapping[str, Any], listener: Listener, inputs: Mapping[str, bytes]) -> PreparedTraining:
    """A new run; ``inputs`` are files that it is to keep, in place of the corpus that was named."""
    args = defaults(TRAIN) | dict(given)
    check_new(args, ("corpus", "pos", "neg", "valid", "test"))
    recipe = _recipe_of(args, given.keys())
    origin = initialization.load_origin(args["init_from"])
    source, data, words = _read(args, given, origin, recipe)
    tell(listener, dataset.dataset_summary(data, words.tokenizer))  # before hours go into it
    tell(listener, advice.dataset_warnings(data, words.tokenizer.name))
    sizes = initialization.classifier_sizes(args, given.keys(), origin, data)
    weights, begun = initialization.initial_weights(args, origin, data, sizes)
    if begun:
        tell(listener, [initialization.start_summary(begun)])
    if inputs:
        source["corpus"] = [*inputs]
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
    data, words = read_dataset(source, tokens, case, origin.words)
    return source, data, words


def _resumed(given: Mapping[str, Any]) -> PreparedTraining:
    """An old run, by its own settings."""
    check_resume_options(TRAIN, given, MAY_CHANGE)
    args = defaults(TRAIN) | dict(given)
    run = load_run(args["out"], CLASSIFIER)
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
    data = dataset_of_run(run)
    if recipe != run.recipe:  # so that the next --resume, with no option, keeps to it
        run.save_recipe(recipe)
    return PreparedTraining(run, _task(run, data, args), args["device"], checkpoint=checkpoint)


def _task(run: Run, data: dataset.Dataset, args: Mapping[str, Any]) -> ClassificationTask:
    return ClassificationTask(data, run.recipe, args["save_freq"], args["disp_freq"])


def _midi_settings_of(origin: Origin, given: Collection[str]) -> dict[str, Any]:
    """The settings for MIDI of the run whose weights are taken, where no others are given."""
    return {name: value for name, value in (origin.midi or {}).items() if name not in given}


def _recipe_of(args: Mapping[str, Any], given: Collection[str]) -> ClassifierRecipe:
    """The recipe that the options ask for; raises ``UserError`` for those that do not go together."""
    frozen = [name for name in ("freeze_vectors", "freeze_epochs") if name in given]
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
