"""Train a language model on your own text or music: ``python train.py novel.txt -o runs/novel``.

Reads files, .zip archives and folders of text, or MIDI files and folders of them, and leaves a run directory that
``generate.py`` writes more from.
"""

import dataclasses
import os

import numpy

from tsuzuri.cli import console, options, training
from tsuzuri.data import windows
from tsuzuri.data.corpus import build_piece_corpus, build_text_corpus
from tsuzuri.errors import UserError
from tsuzuri.kernels import devices
from tsuzuri.midi.words import collect, settings
from tsuzuri.models.rnn import Sizes
from tsuzuri.text import vectors
from tsuzuri.training import recorded
from tsuzuri.training.language_model import LanguageModelTask
from tsuzuri.training.optimizers import OPTIMIZERS
from tsuzuri.training.run import load_run, new_run
from tsuzuri.training.schemas import LANGUAGE_MODEL, PRECISIONS, LanguageModelRecipe

DESCRIPTION = "Train a two-layer LSTM language model on text or on MIDI, files or folders of them."
TABLES = {
    "input and output": [
        ("corpus", options.source, [], "text or MIDI files, .zip archives of text, folders (not needed with --resume)"),
        ("-o --out", options.path, None, "run directory to create or to resume"),
        ("--valid", options.source, [], "validation files, instead of the last 5 % of the lines or 5 % of the tunes"),
        ("--test", options.source, [], "test files, instead of another 5 %"),
        ("-r --resume", None, False, "continue the run in --out where it stopped"),
        ("-f --force", None, False, "replace a run that is already in --out"),
        ("-d --device", options.device, "auto", "auto, cpu, gpu or gpu:N"),
        (
            "--precision",
            ("auto", *PRECISIONS),
            "auto",
            "precision of the matrix products in training; auto is bfloat16 on a CPU that is faster with it (AMX, "
            "AVX512-BF16), else float32",
        ),
    ],
    "words": [
        ("--tokens", ("auto", "mecab", "char", "space"), "auto", "tokenizer; auto chooses by the text"),
        ("--min-count", options.count, None, "minimum count of a word, rarer ones become <unk> (default: 2, music 1)"),
        (
            "--vocab-size",
            options.count,
            None,
            "maximum vocabulary size: the most frequent words (default: no limit)",
        ),
    ],
    "MIDI": settings.settings_options(velocities=8, grid=24),
    "model": [
        ("-u --unit", options.count, 256, "hidden size of each layer"),
        ("--dropout", options.ratio, 0.5, "dropout rate"),
        (
            "--dropout-on",
            ("layers", "projections"),
            "layers",
            "place of dropout: the layers (Zaremba et al.) or the projected inputs",
        ),
        ("--vectors", options.path, None, "initial word vectors (GloVe, word2vec, fastText), as wide as --unit"),
        ("--freeze-vectors", None, False, "never update the word vectors"),
        ("--freeze-epochs", options.count, None, "epochs before the word vectors are updated too"),
    ],
    "training": [
        ("-e --epoch", options.count, 50, "maximum number of epochs"),
        ("-b --batchsize", options.count, 20, "streams read side by side"),
        ("-l --bproplen", options.count, 35, "steps of a window (truncated BPTT)"),
        ("-c --gradclip", options.positive, 5.0, "maximum gradient norm"),
        ("--optimizer", tuple(OPTIMIZERS), "adam", "optimizer"),
        ("--lr", options.positive, None, "learning rate (default: the optimizer's own, 0.002 for adam)"),
        ("--lr-decay", options.fraction, 0.5, "factor of the learning rate after an epoch without a better loss"),
        ("--patience", options.count, 5, "epochs in a row without a better loss before training stops"),
        ("--seed", options.seed, 0, "random seed"),
    ],
}
MAY_CHANGE = {"epoch", "patience", "device", "precision"}  # on --resume


def main(argv=None):
    given = vars(options.Parser(DESCRIPTION, TABLES).parse_args(argv))
    if "out" not in given:
        raise UserError("-o/--out is missing: name the run directory")
    if given.get("resume"):
        return _resume(given)
    return _start(options.defaults(TABLES) | given, given.keys())


def _start(args, given):
    """Train a new run; ``given`` names the options that were."""
    if not args["corpus"]:
        raise UserError("no corpus: name text or MIDI files, or folders of them")
    # Refused now rather than after the corpus is read.
    training.check_out(args["out"], args["force"])
    args["precision"] = devices.precision(args["device"], args["precision"])
    args["lr"] = args["lr"] or OPTIMIZERS[args["optimizer"]].lr
    args |= _vector_options(args, given)
    recipe = LanguageModelRecipe(**{field.name: args[field.name] for field in dataclasses.fields(LanguageModelRecipe)})

    source = _source_of(args, given)
    corpus = read_corpus(source, recipe, given & set(settings.ALLOWED))
    if "midi" in corpus.report:
        source["midi"] = corpus.report["midi"]["settings"]  # files of words bring their own
    for line in _corpus_lines(corpus, windows.count_windows(len(corpus.train), recipe.batchsize, recipe.bproplen)):
        console.note(line)
    rows, origin = _load_rows(args["vectors"], corpus, recipe.seed) if args["vectors"] else (None, None)
    sizes = Sizes(len(corpus.vocabulary), args["unit"], args["dropout"], args["dropout_on"])
    recorded.check_memory(devices.choose(args["device"]), sizes, recipe)
    about = {
        "kind": source["kind"],
        "tokens": corpus.tokenizer.name,
        "dictionary": corpus.tokenizer.dictionary,
        "sizes": dataclasses.asdict(sizes),
        "recipe": dataclasses.asdict(recipe),
        "vectors": origin,
        "corpus": source | {"fingerprint": corpus.fingerprint(), "report": corpus.report},
    }
    run = new_run(args["out"], about, corpus.vocabulary, LANGUAGE_MODEL)
    return _train(run, corpus, args["device"], weights=None if rows is None else {"l0/W": rows})


def _resume(given):
    """Go on with an old run, by its own settings."""
    training.check_resume_options(given.keys(), MAY_CHANGE)
    run = load_run(given["out"])
    device = given.get("device", "auto")
    changed = {name: given[name] for name in ("epoch", "patience") if name in given}
    if "precision" in given:
        changed["precision"] = devices.precision(device, given["precision"])
    recipe = dataclasses.replace(run.recipe, **changed)
    devices.precision(device, recipe.precision)
    checkpoint = run.load_checkpoint()
    source = run.about["corpus"]
    corpus = read_corpus(source | {"kind": run.about["kind"], "tokens": run.about["tokens"]}, recipe)
    if corpus.fingerprint() != source["fingerprint"]:
        raise UserError(f"{' '.join(source['corpus'])}: no longer the corpus that {given['out']} was trained on")
    if changed:  # so that the next --resume, with no option, keeps to it
        run.save_recipe(recipe)
    return _train(run, corpus, device, checkpoint=checkpoint)


def _train(run, corpus, device, **begin):
    """Train a run on the terminal; returns the exit status. ``begin``: a checkpoint, or weights."""
    note_ons = None
    if run.about["kind"] == "music":
        note_ons = numpy.array([collect.is_note_on(word) for word in corpus.vocabulary.words])
    task = LanguageModelTask(corpus, run.recipe, note_ons)
    return training.train_on_terminal(run, task, device, ["train"], usual_device="auto", **begin)


def _source_of(args, given):
    """What a corpus is made of, as run.json keeps it: its files, whether text or music, and how they become words."""
    files = {name: [os.path.abspath(path) for path in args[name]] for name in ("corpus", "valid", "test")}
    music, texts = collect.split_by_kind([path for paths in files.values() for path in paths])
    if music and texts:
        raise UserError(f"text and MIDI in one corpus: {texts[0]} and {music[0]}: a model learns one or the other")
    foreign = given & ({"tokens"} if music else set(settings.ALLOWED))
    if foreign:
        name = min(foreign).replace("_", "-")
        raise UserError(f"--{name} is for {'text' if music else 'MIDI'}, and {args['corpus'][0]} is not")
    least = args["min_count"] or (1 if music else 2)
    source = {"kind": "music" if music else "text", "min_count": least, "vocab_size": args["vocab_size"]} | files
    return source | (
        {"midi": dataclasses.asdict(settings.settings_from_options(args))} if music else {"tokens": args["tokens"]}
    )


def _vector_options(args, given):
    """What --vectors has a say in: the units, and ``freeze_epochs`` as a recipe has it."""
    frozen = sorted(given & {"freeze_vectors", "freeze_epochs"})
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


def _load_rows(path, corpus, seed):
    """A row for every id, from a file of word vectors, and what run.json keeps of where they are from."""
    loaded = vectors.load_vectors(path, corpus.vocabulary, numpy.random.default_rng([seed, 2]))
    origin = vectors.vectors_report(path, loaded, corpus.train)
    console.note(f"vectors  {vectors.vectors_summary(origin)}")
    return loaded.rows, origin


def read_corpus(source, recipe, asked=()):
    """The corpus that a run's settings name; raises ``UserError`` where it is too small for a window.

    ``asked`` are the settings for MIDI that were given as options.
    """
    need = recipe.batchsize * (recipe.bproplen + 1)
    files = [source[name] for name in ("corpus", "valid", "test")]
    bounds = source["vocab_size"], source["min_count"], need
    if source["kind"] == "text":
        return build_text_corpus(*files, source["tokens"], *bounds)
    wanted = settings.settings_from_json(source["midi"])
    main, *held_out = (collect.collect_pieces(paths, wanted, asked=asked) if paths else None for paths in files)
    parts = [collect.group_copies(part.pieces) if part else None for part in (main, *held_out)]
    corpus = build_piece_corpus(*parts, *bounds, " ".join(files[0]))
    pieces = [piece for part in (main, *held_out) if part for piece in part.pieces]
    corpus.report["midi"] = (
        main.report | collect.common_settings(pieces) | {"settings": dataclasses.asdict(main.settings)}
    )
    return corpus


def _corpus_lines(corpus, count):
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
