"""Language models before their training: options and files to a corpus, sizes, a recipe and a run."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import numpy

from tsuzuri.api.given_texts import texts_as_file
from tsuzuri.api.prepared import PreparedTraining, check_inputs, check_out, check_resume_options, source_files, tell
from tsuzuri.api.samples import generate_sample
from tsuzuri.data import advice, windows
from tsuzuri.data.corpus import Corpus, build_piece_corpus, build_text_corpus
from tsuzuri.errors import UserError
from tsuzuri.kernels import devices
from tsuzuri.midi.words import collect, settings
from tsuzuri.models.rnn import Sizes
from tsuzuri.options.resolve import defaults
from tsuzuri.options.train import MAY_CHANGE, TABLES
from tsuzuri.text import vectors
from tsuzuri.training import ending, recorded
from tsuzuri.training.language_model import LanguageModelTask
from tsuzuri.training.log import Listener
from tsuzuri.training.optimizers import OPTIMIZERS
from tsuzuri.training.run import Run, load_run, new_run
from tsuzuri.training.schemas import LANGUAGE_MODEL, LanguageModelRecipe


def prepare_language_model(
    given: Mapping[str, Any], listener: Listener, texts: Iterable[str] | None = None
) -> PreparedTraining:
    """A language model's training as options of train.py ask for it: ``given`` are those that were given, by name.

    ``listener`` is told what was read. ``texts`` stand in place of the files of a corpus. Raises ``UserError``.
    """
    if "out" not in given:
        raise UserError("-o/--out is missing: name the run directory")
    if given.get("resume"):
        if texts is not None:
            raise UserError("texts: cannot be given with --resume: the run keeps those that it learns from")
        return _resumed(given)
    if texts is None:
        return _new(given, listener, {})
    if given.get("corpus"):
        raise UserError(f"{given['corpus'][0]}: a corpus of files, or texts: one of them only")
    check_out(given["out"], given.get("force", False))  # before the texts are gone through
    with texts_as_file(texts) as inputs:
        return _new({**given, **inputs.options}, listener, inputs.files)


def _new(given: Mapping[str, Any], listener: Listener, inputs: Mapping[str, bytes]) -> PreparedTraining:
    """A new run; ``inputs`` are files that it is to keep, in place of the corpus that was named."""
    args = defaults(TABLES) | dict(given)
    if not args["corpus"]:
        raise UserError("no corpus: name text or MIDI files, or folders of them")
    # Refused now rather than after the corpus is read.
    check_out(args["out"], args["force"])
    check_inputs(args["out"], [*args["corpus"], *args["valid"], *args["test"], *filter(None, [args["vectors"]])])
    args["precision"] = devices.precision(args["device"], args["precision"])
    args["lr"] = args["lr"] or OPTIMIZERS[args["optimizer"]].lr
    args |= _vector_options(args, given)
    recipe = LanguageModelRecipe(**{field.name: args[field.name] for field in dataclasses.fields(LanguageModelRecipe)})

    source = _source_of(args, given.keys())
    corpus = read_corpus(source, recipe, given.keys() & set(settings.ALLOWED))
    if "midi" in corpus.report:
        source["midi"] = corpus.report["midi"]["settings"]  # files of words bring their own
    count = windows.count_windows(len(corpus.train), recipe.batchsize, recipe.bproplen)
    tell(listener, corpus_lines(corpus, count))
    tell(listener, advice.corpus_warnings(corpus))
    rows, origin = None, None
    if args["vectors"]:
        rows, origin = _load_rows(args["vectors"], corpus, recipe.seed)
        tell(listener, [f"vectors  {vectors.vectors_summary(origin)}"])
    sizes = Sizes(len(corpus.vocabulary), args["unit"], args["dropout"], args["dropout_on"])
    recorded.check_memory(devices.choose(args["device"]), sizes, recipe)
    if inputs:
        source["corpus"] = [*inputs]
    about = {
        "kind": source["kind"],
        "tokens": corpus.tokenizer.name,
        "dictionary": corpus.tokenizer.dictionary,
        "sizes": dataclasses.asdict(sizes),
        "recipe": dataclasses.asdict(recipe),
        "vectors": origin,
        "corpus": source | {"fingerprint": corpus.fingerprint(), "report": corpus.report},
    }
    run = new_run(args["out"], about, corpus.vocabulary, LANGUAGE_MODEL, inputs)
    weights = None if rows is None else {"l0/W": rows}
    return PreparedTraining(run, _task(run, corpus, args["sample_every"]), args["device"], weights=weights)


def _resumed(given: Mapping[str, Any]) -> PreparedTraining:
    """An old run, by its own settings."""
    check_resume_options(TABLES, given, MAY_CHANGE)
    run = load_run(given["out"])
    device = given.get("device", "auto")
    changed = {name: given[name] for name in ("epoch", "patience") if name in given}
    if "precision" in given:
        changed["precision"] = devices.precision(device, given["precision"])
    recipe = dataclasses.replace(run.recipe, **changed)
    devices.precision(device, recipe.precision)
    checkpoint = run.load_checkpoint()
    ending.check_epochs(run.path, given.get("epoch"), checkpoint.meta)
    source = run.about["corpus"]
    files = {name: source_files(run, source[name]) for name in ("corpus", "valid", "test")}
    corpus = read_corpus(source | files | {"kind": run.about["kind"], "tokens": run.about["tokens"]}, recipe)
    if corpus.fingerprint() != source["fingerprint"]:
        raise UserError(f"{' '.join(files['corpus'])}: no longer the corpus that {given['out']} was trained on")
    if changed:  # so that the next --resume, with no option, keeps to it
        run.save_recipe(recipe)
    return PreparedTraining(run, _task(run, corpus, given.get("sample_every", 1)), device, checkpoint=checkpoint)


def _task(run: Run, corpus: Corpus, sample_every: int) -> LanguageModelTask:
    note_ons = None
    if run.about["kind"] == "music":
        note_ons = numpy.array([collect.is_note_on(word) for word in corpus.vocabulary.words])
    sampler = generate_sample if sample_every else None
    return LanguageModelTask(corpus, run.recipe, note_ons, sampler, sample_every)


def _source_of(args: Mapping[str, Any], given: Collection[str]) -> dict[str, Any]:
    """What a corpus is made of, as run.json keeps it: its files, whether text or music, and how they become words."""
    files = {name: [os.path.abspath(path) for path in args[name]] for name in ("corpus", "valid", "test")}
    music, texts = collect.split_by_kind([path for paths in files.values() for path in paths])
    if music and texts:
        raise UserError(f"text and MIDI in one corpus: {texts[0]} and {music[0]}: a model learns one or the other")
    foreign = {*given} & ({"tokens"} if music else set(settings.ALLOWED))
    if foreign:
        name = min(foreign).replace("_", "-")
        raise UserError(f"--{name} is for {'text' if music else 'MIDI'}, and {args['corpus'][0]} is not")
    least = args["min_count"] or (1 if music else 2)
    source = {"kind": "music" if music else "text", "min_count": least, "vocab_size": args["vocab_size"]} | files
    return source | (
        {"midi": dataclasses.asdict(settings.settings_from_options(args))} if music else {"tokens": args["tokens"]}
    )


def _vector_options(args: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """What --vectors has a say in: the units, and ``freeze_epochs`` as a recipe has it."""
    frozen = sorted({*given} & {"freeze_vectors", "freeze_epochs"})
    if frozen and not args["vectors"]:
        raise UserError(f"--{frozen[0].replace('_', '-')} is for --vectors, which is not given")
    if len(frozen) == 2:
        raise UserError("--freeze-epochs and --freeze-vectors: give one of them, the latter is for all epochs")
    freeze_epochs = None if args["freeze_vectors"] else args["freeze_epochs"] or 0
    if not args["vectors"]:
        return {"freeze_epochs": freeze_epochs}
    width = vectors.vector_width(args["vectors"])
    if "unit" in given and args["unit"] != width:
        held = f"the words of {args['vectors']} have {width} numbers"
        raise UserError(f"--unit {args['unit']}: {held}, so it must be {width}, or be left out")
    return {"freeze_epochs": freeze_epochs, "unit": width}


def _load_rows(path: str, corpus: Corpus, seed: int) -> tuple[numpy.ndarray, dict[str, Any]]:
    """A row for every id, from a file of word vectors, and what run.json keeps of where they are from."""
    loaded = vectors.load_vectors(path, corpus.vocabulary, numpy.random.default_rng([seed, 2]))
    return loaded.rows, vectors.vectors_report(path, loaded, corpus.train)


def read_corpus(source: Mapping[str, Any], recipe: LanguageModelRecipe, asked: Collection[str] = ()) -> Corpus:
    """The corpus that a run's settings name; raises ``UserError`` where it is too small for a window.

    ``asked`` are the settings for MIDI that were given as options.
    """
    need = recipe.batchsize * (recipe.bproplen + 1)
    paths, valid, test = (source[name] for name in ("corpus", "valid", "test"))
    bounds = source["vocab_size"], source["min_count"], need
    if source["kind"] == "text":
        return build_text_corpus(paths, valid, test, source["tokens"], *bounds)
    wanted = settings.settings_from_json(source["midi"])
    main = collect.collect_pieces(paths, wanted, asked=asked)
    held_out = [collect.collect_pieces(part, wanted, asked=asked) if part else None for part in (valid, test)]
    groups = [collect.group_copies(part.pieces) if part else None for part in held_out]
    corpus = build_piece_corpus(collect.group_copies(main.pieces), groups[0], groups[1], *bounds, " ".join(paths))
    pieces = [piece for part in (main, *held_out) if part for piece in part.pieces]
    corpus.report["midi"] = (
        main.report | collect.common_settings(pieces) | {"settings": dataclasses.asdict(main.settings)}
    )
    return corpus


def corpus_lines(corpus: Corpus, count: int) -> Iterator[str]:
    """What was read, in lines for people, before hours go into it; ``count`` is the windows of an epoch."""
    r = corpus.report
    if "midi" in r:
        m = r["midi"]
        mended = f"{len(m['mended'])} mended, {len(m['refused'])} refused"
        yield f"read     {m['files']:,} files, {m['notes']:,} notes; {mended}"
        yield from (f"refused  {item['name']}: {item['reason']}" for item in m["refused"])
        yield f"pieces   {r['pieces']:,} different ones ({r['twice']} twice), and {r['copies']:,} copies of them"
    else:
        files = f"{sum(r['files'].values())} files ({r['files']['aozora']} of Aozora Bunko)"
        yield f"read     {files}, {r['pieces']:,} lines"
        yield from (f"skipped  {item['name']}: {item['reason']}" for item in r["skipped"])
    splits = ", ".join(f"{r['words'][s]:,} {s} ({r['unknown'][s]:.1%} unknown)" for s in r["words"])
    yield f"words    {splits}; by {corpus.tokenizer.name} {corpus.tokenizer.dictionary}".rstrip()
    share = r["singletons"] / max(1, r["distinct"])
    known = f"{r['vocabulary'] - 1:,} of {r['distinct']:,} distinct words"
    yield f"ids      {known} ({share:.0%} of them seen once), and <unk>"
    yield f"windows  {count:,} an epoch"
