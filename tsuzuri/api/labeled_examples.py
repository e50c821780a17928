"""Labeled examples of classifiers: options to what run.json keeps of them, and that to datasets."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Collection, Mapping
from typing import Any

from tsuzuri.api.resuming import resumed_files, source_files
from tsuzuri.data import dataset, preprocessing
from tsuzuri.errors import UserError
from tsuzuri.midi.words import settings
from tsuzuri.options.classify import EVALUATE, READ
from tsuzuri.options.resolve import defaults
from tsuzuri.text import settings as text_settings
from tsuzuri.training.run import Run

FILES = ("corpus", "pos", "neg", "valid", "test")


def check_given_as_pairs(given: Collection[str]) -> None:
    """Raise ``UserError`` for options that name files of examples, or say how to read them, beside pairs."""
    named = [name for name in ("corpus", "pos", "neg", *READ) if name in given]
    if named:
        raise UserError(f"{named[0]}: is for files of examples, and they are given as pairs")


def examples_source(args: Mapping[str, Any], given: Collection[str]) -> dict[str, Any]:
    """What the examples are made of, as run.json keeps it: their files, and how these become words.

    ``args`` are all options of ``classify.py train`` and ``given`` the names of those that were given. Raises
    ``UserError``.
    """
    source = _labeled_files(args)
    source |= {part: [os.path.abspath(path) for path in args[part]] for part in ("valid", "test")}
    music = preprocessing.holds_music(source["corpus"])
    foreign = {*given} & ({*text_settings.ALLOWED, "case", *READ} if music else settings.ALLOWED.keys())
    if foreign:
        name = min(foreign).replace("_", "-")
        named = (args["corpus"] or args["pos"])[0]
        raise UserError(f"--{name} is for {'text' if music else 'MIDI'}, and {named} is not")
    source["text"] = dataclasses.asdict(text_settings.text_settings_from_options(args))
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


def _labeled_files(args: Mapping[str, Any]) -> dict[str, Any]:
    """The files of labeled examples that the options name, and how they are to be read."""
    files = {name: [os.path.abspath(path) for path in args[name]] for name in ("corpus", "pos", "neg")}
    _check_labeled(files)
    columns = [args["label_column"], args["text_column"]]
    return files | {"form": args["form"], "encoding": args["encoding"], "columns": columns}


def _check_labeled(files: Mapping[str, list[str]]) -> None:
    if bool(files["pos"]) != bool(files["neg"]) or bool(files["pos"]) == bool(files["corpus"]):
        raise UserError("name labeled examples: a corpus, or --pos and --neg files")


def read_dataset(
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


def files_of_run(run: Run) -> dict[str, list[str]]:
    """The files of the examples of a run, by where they lie now."""
    return {name: source_files(run, name) for name in FILES}


def files_named_again(run: Run, given: Mapping[str, Any]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """The files to go on with, and of those the ones that options name; raises ``UserError`` for one that is gone."""
    named = {name: [os.path.abspath(path) for path in given[name]] for name in FILES if name in given}
    if named.keys() & {"corpus", "pos", "neg"}:  # one thing, which is named whole or not at all
        labeled = {name: named.get(name, []) for name in FILES}
        _check_labeled(labeled)
        expanded = preprocessing.expand_source(labeled)
        named = {name: expanded[name] for name in FILES if expanded[name] or name in ("corpus", "pos", "neg")}
    return resumed_files(run, named, FILES), named


def dataset_of_run(run: Run, files: Mapping[str, list[str]] | None = None, no: str = "no longer") -> dataset.Dataset:
    """The ``Dataset`` of a run, read again, from other files where some are given.

    Raises ``UserError`` where it is ``no`` more the same.
    """
    source, about = run.about["corpus"], run.about
    read = source | dict(files or files_of_run(run))
    known = run.vocabulary.words if "init_from" in about["start"] else ()
    data, _ = read_dataset(read, about["tokens"], about["case"], known)
    same = data.vocabulary.words == run.vocabulary.words and list(data.classes) == about["classes"]
    if data.fingerprint() != source["fingerprint"] or not same:  # the digest is of ids, and knows no words
        named = " ".join(read["corpus"] + read["pos"] + read["neg"])
        raise UserError(f"{named}: {no} the examples that {run.path} was trained on")
    return data


def named_examples(args: Mapping[str, Any], run: Run) -> dataset.Examples:
    """The examples that options name, as a run's model reads them; raises ``UserError`` for those of another kind."""
    about = run.about
    source = about["corpus"] | _labeled_files(args) | {"valid": [], "test": []}
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
