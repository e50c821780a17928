"""Language models before their training: options and files to a corpus, sizes, a recipe and a run."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from typing import Any

import numpy

from tsuzuri.api import corpora
from tsuzuri.api.given_texts import texts_as_file
from tsuzuri.api.language_model_options import check_together, lookback_of, recipe_of, sizes_of, stored_language_model
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
    resumed_files,
)
from tsuzuri.api.samples import generate_sample
from tsuzuri.data import advice
from tsuzuri.data.corpus import Corpus
from tsuzuri.errors import UserError
from tsuzuri.kernels import devices
from tsuzuri.midi.words import collect, settings
from tsuzuri.options.recipes import (
    DEFAULT,
    chosen_rates,
    rates_line,
    recipe_line,
    recipe_options,
)
from tsuzuri.options.resolve import defaults
from tsuzuri.options.train import MAY_CHANGE, TABLES
from tsuzuri.text import vectors
from tsuzuri.training import ending, recorded, transfer
from tsuzuri.training.language_model import LanguageModelTask, epoch_windows
from tsuzuri.training.log import Listener
from tsuzuri.training.run import Run, load_run, new_run
from tsuzuri.training.schemas import LANGUAGE_MODEL, LanguageModelRecipe
from tsuzuri.training.transfer import LanguageModelOrigin

FILES = ("corpus", "valid", "test")


def _new(given: Mapping[str, Any], listener: Listener, inputs: Mapping[str, bytes]) -> PreparedTraining:
    """A new run; ``inputs`` are files that it is to keep, in place of the corpus that was named."""
    origin, inherited = _origin_of(given)
    set_by_recipe = recipe_options(given.get("recipe", DEFAULT), {**given, **inherited})
    args = defaults(TABLES) | set_by_recipe | dict(given) | inherited
    if not args["corpus"]:
        raise UserError("no corpus: name text or MIDI files, or folders of them")
    check_new(args, FILES)
    args |= _vector_options(args, given)
    check_together(args, given)
    recipe = recipe_of(args)
    if args["recipe"] != DEFAULT:
        told = set_by_recipe | ({"lr": recipe.lr} if "lr" in set_by_recipe else {})
        tell(listener, [f"recipe   {recipe_line(args['recipe'], told)}"])
    source = corpora.corpus_source(args, given.keys())
    looked = {"lookback": lookback_of(args, given, source)}
    corpus = _read(source, recipe, given, listener, origin)
    weights, begun = _initial_weights(args["vectors"], origin, corpus, recipe, listener)
    rates = chosen_rates(args, corpus.report["words"]["train"], len(corpus.vocabulary))
    if any(rates.values()):
        tell(listener, [f"dropout  {rates_line(rates)}"])
    sizes = sizes_of(args | rates | looked, len(corpus.vocabulary))
    recorded.check_memory(devices.choose(args["device"]), sizes, recipe)
    if inputs:
        source["corpus"] = [*inputs]
    source["relative"] = relative_places(args["out"], source, FILES)
    about = {
        "kind": source["kind"],
        "tokens": corpus.tokenizer.name,
        "dictionary": corpus.tokenizer.dictionary,
        "sizes": dataclasses.asdict(sizes),
        "recipe": dataclasses.asdict(recipe),
        "recipe_name": args["recipe"],
        **begun,
        "corpus": source | {**_digests(corpus), "report": corpus.report},
    }
    run = new_run(args["out"], about, corpus.vocabulary, LANGUAGE_MODEL, inputs, corpus.tokenizer.model)
    run.keep_corpus(corpus.train, corpus.places)
    return PreparedTraining(run, _task(run, corpus, args["sample_every"]), args["device"], weights=weights)


def _origin_of(given: Mapping[str, Any]) -> tuple[LanguageModelOrigin | None, dict[str, Any]]:
    """The run to begin with, or None, and the options that are as it has them."""
    if "init_from" not in given:
        return None, {}
    if "vectors" in given:
        raise UserError("--vectors and --init-from: one of them only")
    origin = transfer.open_origin(given["init_from"], given["out"])
    return origin, transfer.inherited_options(origin, given)


def _read(
    source: dict[str, Any],
    recipe: LanguageModelRecipe,
    given: Mapping[str, Any],
    listener: Listener,
    origin: LanguageModelOrigin | None,
) -> Corpus:
    """The corpus of a new run, which the listener is told of before hours go into it."""
    if origin:
        transfer.check_kind(origin, source)
    elif source["kind"] == "text":
        check_dictionaries(source["text"]["tokens"], given)
    known, subwords = (origin.words, origin.run.subwords) if origin else ((), b"")
    corpus = corpora.read_corpus(source, recipe, given.keys() & set(settings.ALLOWED), subwords, known)
    if "midi" in corpus.report:
        source["midi"] = corpus.report["midi"]["settings"]  # files of words bring their own
        if origin:
            transfer.check_midi(origin, source["midi"], source["corpus"][0])
    tell(listener, corpora.corpus_lines(corpus, len(epoch_windows(corpus, recipe))))
    tell(listener, advice.corpus_warnings(corpus))
    if source["kind"] == "text" and not origin:
        tell(listener, dictionary_warnings(corpus.tokenizer.name, given))
    return corpus


def _resumed(given: Mapping[str, Any]) -> PreparedTraining:
    """An old run, by its own settings."""
    run = load_run(given["out"])
    check_resume_options(
        TABLES, _as_stored(given), MAY_CHANGE, run, stored_language_model(run, given), (*FILES, "vectors")
    )
    device = given.get("device", "auto")
    changed = {name: given[name] for name in ("epoch", "patience", "max_hours") if name in given}
    if "precision" in given:
        changed["precision"] = devices.precision(device, given["precision"])
    recipe = dataclasses.replace(run.recipe, **changed)
    devices.precision(device, recipe.precision)
    checkpoint = run.load_checkpoint()
    ending.check_epochs(run.path, given.get("epoch"), checkpoint.meta)
    corpus, moved = _read_again(run, recipe, given)
    if moved:
        run.save_about(moved)
    if changed:  # so that the next --resume, with no option, keeps to it
        run.save_recipe(recipe)
    return PreparedTraining(run, _task(run, corpus, given.get("sample_every", 1)), device, checkpoint=checkpoint)


def _read_again(run: Run, recipe: LanguageModelRecipe, given: Mapping[str, Any]) -> tuple[Corpus, dict[str, Any]]:
    """The corpus of an old run, and what changes in run.json where its files were named in other places."""
    source = run.about["corpus"]
    named = {name: [os.path.abspath(path) for path in given[name]] for name in FILES if name in given}
    files = resumed_files(run, named, FILES)
    text = source["text"] | {"tokens": run.about["tokens"]}
    known = run.vocabulary.words if run.about["start"] else ()
    settings_now = source | files | {"kind": run.about["kind"], "text": text}
    corpus = corpora.read_corpus(settings_now, recipe, (), run.subwords, known)
    same = corpus.vocabulary.words == run.vocabulary.words  # the digest is of ids, and knows no words
    digests = {name: digest for name, digest in _digests(corpus).items() if source[name]}
    if any(source[name] != digest for name, digest in digests.items()) or not same:
        no = "not" if named else "no longer"
        raise UserError(f"{' '.join(files['corpus'])}: {no} the corpus that {given['out']} was trained on")
    moved = moved_source(run, files, named)
    changed = {"corpus": moved} if moved else {}
    path = given.get("vectors")
    if path is None or (run.about["vectors"] and os.path.abspath(path) == run.about["vectors"]["file"]):
        return corpus, changed
    if not run.about["vectors"]:
        raise UserError(f"--vectors {path}: {run.path} began without, and goes on as it began")
    found = _initial_rows(path, corpus, recipe, lambda event: None)[1]
    assert found is not None
    check_same_vectors(run, path, run.about["vectors"], found)
    return corpus, changed | {"vectors": found}


def _digests(corpus: Corpus) -> dict[str, str]:
    """What run.json keeps of a corpus, to know it again; runs from before have no ``beginnings``."""
    return {"fingerprint": corpus.fingerprint(), "beginnings": corpus.beginnings()}


def _as_stored(given: Mapping[str, Any]) -> dict[str, Any]:
    """Options as a run keeps them: places are whole paths."""
    return {**given, **({"init_from": os.path.abspath(given["init_from"])} if "init_from" in given else {})}


def _task(run: Run, corpus: Corpus, sample_every: int) -> LanguageModelTask:
    note_ons = None
    if run.about["kind"] == "music":
        note_ons = numpy.array([collect.is_note_on(word) for word in corpus.vocabulary.words])
    sampler = generate_sample if sample_every else None
    return LanguageModelTask(corpus, run.recipe, note_ons, sampler, sample_every)


def _check_beside_texts(given: Mapping[str, Any]) -> None:
    if given.get("corpus"):
        raise UserError(f"{given['corpus'][0]}: a corpus of files, or texts: one of them only")


def _vector_options(args: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """What --vectors has a say in: the width of the embedding, and ``freeze_epochs`` as a recipe has it."""
    frozen = sorted({*given} & {"freeze_vectors", "freeze_epochs"})
    if frozen and not (args["vectors"] or args["init_from"]):
        raise UserError(f"--{frozen[0].replace('_', '-')} is for --vectors or --init-from, of which none is given")
    if len(frozen) == 2:
        raise UserError("--freeze-epochs and --freeze-vectors: give one of them, the latter is for all epochs")
    freeze_epochs = None if args["freeze_vectors"] else args["freeze_epochs"] or 0
    if not args["vectors"]:
        return {"freeze_epochs": freeze_epochs}
    vectors.check_words(args["tokens"])
    width = vectors.vector_width(args["vectors"])
    if "embed" in given and args["embed"] != width:
        held = f"the words of {args['vectors']} have {width} numbers"
        raise UserError(f"--embed {args['embed']}: {held}, so it must be {width}, or be left out")
    return {"freeze_epochs": freeze_epochs, "embed": width}


def _initial_weights(
    path: str | None,
    origin: LanguageModelOrigin | None,
    corpus: Corpus,
    recipe: LanguageModelRecipe,
    listener: Listener,
) -> tuple[dict[str, numpy.ndarray] | None, dict[str, Any]]:
    """The arrays to begin with by their paths, where they are not left to chance, and what run.json keeps of them."""
    if origin is None:
        rows, report = _initial_rows(path, corpus, recipe, listener)
        return rows, {"vectors": report, "start": None}
    rng = numpy.random.default_rng([recipe.seed, 3])
    weights, begun = transfer.transferred_weights(origin, corpus.vocabulary, corpus.report["unseen"], rng)
    tell(listener, [transfer.transfer_summary(begun)])
    return weights, {"vectors": None, "start": begun}


def _initial_rows(
    path: str | None, corpus: Corpus, recipe: LanguageModelRecipe, listener: Listener
) -> tuple[dict[str, numpy.ndarray] | None, dict[str, Any] | None]:
    """The embedding by its path, a row for every id, from a file of word vectors, and what run.json keeps of them."""
    if path is None:
        return None, None
    loaded = vectors.load_vectors(path, corpus.vocabulary, numpy.random.default_rng([recipe.seed, 2]))
    origin = vectors.vectors_report(path, loaded, corpus.train)
    tell(listener, [f"vectors  {vectors.vectors_summary(origin)}"])
    return {"l0/W": loaded.rows}, origin


LANGUAGE_MODEL_PREPARATION = Preparation("texts", texts_as_file, _check_beside_texts, _new, _resumed)
