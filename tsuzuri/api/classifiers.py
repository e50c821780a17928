"""Classifiers before their training: options and labeled examples to a dataset, sizes, a recipe and a run."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy

from tsuzuri.api.given_texts import examples_as_file
from tsuzuri.api.prepared import PreparedTraining, check_inputs, check_out, check_resume_options, source_files, tell
from tsuzuri.data import advice, dataset, preprocessing
from tsuzuri.errors import UserError
from tsuzuri.kernels import devices, native
from tsuzuri.midi.words import settings
from tsuzuri.options.classify import EVALUATE, MAY_CHANGE, READ, TRAIN
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


def prepare_classifier(
    given: Mapping[str, Any], listener: Listener, examples: Iterable[tuple[str, str]] | None = None
) -> PreparedTraining:
    """A classifier's training as options of ``classify.py train`` ask for it, ``given`` being those given, by name.

    ``listener`` is told what was read. ``examples``, (label, text) pairs, stand in place of a corpus of files. Raises
    ``UserError``.
    """
    if "out" not in given:
        raise UserError("-o/--out is missing: name the run directory")
    if given.get("resume"):
        if examples is not None:
            raise UserError("examples: cannot be given with --resume: the run keeps those that it learns from")
        return _resumed(given)
    if examples is None:
        return _new(given, listener, {})
    check_given_as_pairs(given)
    check_out(given["out"], given.get("force", False))  # before the examples are gone through
    with examples_as_file(examples) as inputs:
        return _new({**given, **inputs.options}, listener, inputs.files)


def check_given_as_pairs(given: Collection[str]) -> None:
    """Raise ``UserError`` for options that name files of examples, or say how to read them, beside pairs."""
    named = [name for name in ("corpus", "pos", "neg", *READ) if name in given]
    if named:
        raise UserError(f"{named[0]}: is for files of examples, and they are given as pairs")


def _new(given: Mapping[str, Any], listener: Listener, inputs: Mapping[str, bytes]) -> PreparedTraining:
    """A new run; ``inputs`` are files that it is to keep, in place of the corpus that was named."""
    args = defaults(TRAIN) | dict(given)
    check_out(args["out"], args["force"])
    files = [path for name in ("corpus", "pos", "neg", "valid", "test") for path in args[name]]
    check_inputs(args["out"], [*files, *filter(None, [args["vectors"]])])
    recipe = _recipe_of(args, given.keys())
    origin = initialization.load_origin(args["init_from"])
    if args["vectors"]:
        vectors.vector_width(args["vectors"])  # a file that is none is refused before hours of reading
    source = _source_of(args | _midi_settings_of(origin, given.keys()), given.keys())
    source["split_seed"] = initialization.split_seed(origin, source, recipe.seed)
    if origin.tokens and (origin.tokens == "midi") != bool(source["midi"]):
        raise UserError(f"{origin.path}: is of {'texts' if source['midi'] else 'music'}, and the examples are not")
    case = origin.case if args["case"] == "auto" else args["case"]
    tokens = args["tokens"] if "tokens" in given else origin.tokens or "auto"
    data, words = _read_dataset(source, tokens, case, origin.words)
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


def _source_of(args: Mapping[str, Any], given: Collection[str]) -> dict[str, Any]:
    """What the examples are made of, as run.json keeps it: their files, and how these become words."""
    source = labeled_files(args)
    source |= {part: [os.path.abspath(path) for path in args[part]] for part in ("valid", "test")}
    music = preprocessing.holds_music(source["corpus"])
    foreign = {*given} & ({"tokens", "case", *READ} if music else settings.ALLOWED.keys())
    if foreign:
        name = min(foreign).replace("_", "-")
        named = (args["corpus"] or args["pos"])[0]
        raise UserError(f"--{name} is for {'text' if music else 'MIDI'}, and {named} is not")
    source |= {name: args[name] for name in ("n_words", "maxlen", "truncate")}
    source |= {"min_count": args["min_count"] or (1 if music else 2), "midi": None}
    if music:
        options = settings.settings_from_options({**args, "transpose": None, "stretch": None})
        source["midi"] = dataclasses.asdict(options)
    source = preprocessing.expand_source(source)
    for part in ("valid", "test"):
        if source[part] and f"{part}_fraction" in given:
            raise UserError(f"--{part}-fraction: there are examples of its own, {' '.join(source[part])}")
        source[f"{part}_fraction"] = 0 if source[part] else args[f"{part}_fraction"]
    if source["valid_fraction"] + source["test_fraction"] >= 1:
        raise UserError("--valid-fraction and --test-fraction: leave nothing to train on: must be below 1 together")
    return source


def labeled_files(args: Mapping[str, Any]) -> dict[str, Any]:
    """The files of labeled examples that the options name, and how they are to be read."""
    files = {name: [os.path.abspath(path) for path in args[name]] for name in ("corpus", "pos", "neg")}
    if bool(files["pos"]) != bool(files["neg"]) or bool(files["pos"]) == bool(files["corpus"]):
        raise UserError("name labeled examples: a corpus, or --pos and --neg files")
    columns = [args["label_column"], args["text_column"]]
    return files | {"form": args["form"], "encoding": args["encoding"], "columns": columns}


def _read_dataset(
    source: Mapping[str, Any], tokens: str, case: str, known: Collection[str] = ()
) -> tuple[dataset.Dataset, preprocessing.Preprocessor]:
    """The dataset that a source names, and what makes words of it; ``known`` are words of a model to begin with."""
    held = source["valid_fraction"], source["test_fraction"]
    needed = 1 + sum(share > 0 for share in held)
    pairs, words, report = preprocessing.read_labeled_words(dict(source), tokens, case, needed)
    limits = {"size": source["n_words"], "least": source["min_count"], "known": known}
    limits |= {"maxlen": source["maxlen"], "truncate": source["truncate"]}
    main, valid, test = pairs.values()
    data = dataset.build_dataset(main, valid, test, held=held, seed=source["split_seed"], **limits)
    return data._replace(report=data.report | {"read": report}), words


def dataset_of_run(run: Run) -> dataset.Dataset:
    """The ``Dataset`` of a run, read again; raises ``UserError`` where it is no longer the same."""
    source, about = run.about["corpus"], run.about
    source = source | {name: source_files(run, source[name]) for name in ("corpus", "pos", "neg", "valid", "test")}
    known = run.vocabulary.words if "init_from" in about["start"] else ()
    data, _ = _read_dataset(source, about["tokens"], about["case"], known)
    if data.fingerprint() != source["fingerprint"]:
        named = " ".join(source["corpus"] + source["pos"] + source["neg"])
        raise UserError(f"{named}: no longer the examples that {run.path} was trained on")
    return data


def named_examples(args: Mapping[str, Any], run: Run) -> dataset.Examples:
    """The examples that options name, as a run's model reads them; raises ``UserError`` for those of another kind."""
    about = run.about
    source = about["corpus"] | labeled_files(args) | {"valid": [], "test": []}
    music = preprocessing.holds_music(source["corpus"])
    if music != (source["midi"] is not None):
        wanted, named = ("texts", "tunes") if music else ("tunes", "texts")
        raise UserError(f"{run.path}: sorts {wanted}, not {named}")
    pairs, _, _ = preprocessing.read_labeled_words(source, about["tokens"], about["case"])
    return dataset.encode_examples(pairs["corpus"], run.vocabulary, about["classes"], about["corpus"])


def held_out_examples(run: Run) -> dataset.Examples:
    """The examples that a training held out for test; raises ``UserError`` where there are none."""
    held_out = dataset_of_run(run).test
    if not len(held_out):
        raise UserError(f"{run.path}: held out no examples for test: name some")
    return held_out


def examples_to_evaluate(run: Run, given: Mapping[str, Any]) -> dataset.Examples:
    """The examples that options of ``classify.py evaluate`` name, or those that the training held out.

    Raises ``UserError``, also for options that say how to read examples where none are named.
    """
    if given.keys() & {"corpus", "pos", "neg"}:
        return named_examples(defaults(EVALUATE) | dict(given), run)
    reading = sorted(given.keys() & {*READ})
    if reading:
        raise UserError(f"--{reading[0].replace('_', '-')}: is for labeled examples: name some")
    return held_out_examples(run)
