"""Train a language model on your own text or music: ``python train.py novel.txt -o runs/novel``.

Reads files, .zip archives and folders of text, or MIDI files and folders of them, and leaves a run directory that
``generate.py`` writes more from.
"""

import contextlib
import dataclasses
import math
import os
import shlex
import sys
import time

import numpy

from tsuzuri import storage
from tsuzuri.cli import options
from tsuzuri.data import windows
from tsuzuri.data.corpus import build_piece_corpus, build_text_corpus
from tsuzuri.errors import UserError
from tsuzuri.kernels import devices
from tsuzuri.midi.words import collect, settings
from tsuzuri.models.rnn import Sizes
from tsuzuri.text import vectors, vocabulary
from tsuzuri.training import evaluation, learner, log, plots, stopping
from tsuzuri.training import run as runs
from tsuzuri.training.optimizers import OPTIMIZERS, set_frozen

DESCRIPTION = "Train a two-layer LSTM language model on text or on MIDI, files or folders of them."
TABLES = {
    "what": [
        ("corpus", options.text, [], "text or MIDI files, .zip archives of text, folders (not needed with --resume)"),
        ("-o --out", options.path, None, "the run directory to make or to go on with"),
        (
            "--valid",
            options.text,
            [],
            "files to validate on, instead of the last 5 % of the lines, or 5 % of the tunes",
        ),
        ("--test", options.text, [], "files to test on, instead of 5 % of them"),
        ("-r --resume", None, False, "go on with the run in --out where it stopped"),
        ("-f --force", None, False, "replace a run that is already in --out"),
        ("-d --device", options.text, "auto", "auto, cpu, gpu or gpu:N"),
        (
            "--precision",
            ("auto", *runs.PRECISIONS),
            "auto",
            "of training's products; auto is float32, or bfloat16 on a CPU that is faster so (AMX, AVX512-BF16)",
        ),
    ],
    "words": [
        ("--tokens", ("auto", "mecab", "char", "space"), "auto", "what a word is; auto looks at the text"),
        ("--min-count", options.count, None, "rarer words become <unk> (default: 2, for music 1)"),
        ("--vocab-size", options.count, None, "at most so many words, the most frequent"),
    ],
    "music": settings.settings_options(velocities=8, grid=24),
    "model": [
        ("-u --unit", options.count, 256, "units of each layer"),
        ("--dropout", options.ratio, 0.5, "share of values dropped while training"),
        ("--dropout-on", ("layers", "projections"), "layers", "the layers (Zaremba et al.) or the projected inputs"),
        ("--vectors", options.path, None, "word vectors to begin with (GloVe, word2vec, fastText), as wide as --unit"),
        ("--freeze-vectors", None, False, "keep the word vectors as they are"),
        ("--freeze-epochs", options.count, None, "keep them for so many epochs, then tune them"),
    ],
    "training": [
        ("-e --epoch", options.count, 50, "at most so many epochs"),
        ("-b --batchsize", options.count, 20, "streams read side by side"),
        ("-l --bproplen", options.count, 35, "steps of a window (truncated BPTT)"),
        ("-c --gradclip", options.positive, 5.0, "largest norm of the gradients"),
        ("--optimizer", tuple(OPTIMIZERS), "adam", "the optimizer"),
        ("--lr", options.positive, None, "learning rate (default: the optimizer's own, 0.002 for adam)"),
        ("--lr-decay", options.fraction, 0.5, "factor of the learning rate after an epoch that did no better"),
        ("--patience", options.count, 5, "stop after so many epochs in a row that did no better"),
        ("--seed", options.seed, 0, "of the random generators"),
    ],
}
MAY_CHANGE = {"epoch", "patience", "device", "precision"}  # on --resume
CHECKPOINT_SECONDS = 300  # at most so much work is lost when the process is killed


def main(argv=None):
    args = vars(options.Parser(DESCRIPTION, TABLES).parse_args(argv))
    if "out" not in args:
        raise UserError("-o/--out is missing: name the run directory")
    if args.get("resume"):
        return resume(args)
    return start(options.defaults(TABLES) | args, args.keys())


def start(args, given):
    """A new run; ``given`` are the options that were."""
    if not args["corpus"]:
        raise UserError("no corpus: name text or MIDI files, or folders of them")
    held = runs.in_use(args["out"])
    if held and not args["force"]:
        what = "a run" if held == "run.json" else held
        raise UserError(f"{args['out']}: holds {what} already: --resume goes on with it, --force replaces it")
    # Refused now rather than after the corpus is read.
    args["precision"] = devices.precision(args["device"], args["precision"])
    args["lr"] = args["lr"] or OPTIMIZERS[args["optimizer"]].lr
    settle_vectors(args, given)
    recipe = runs.Recipe(**{field.name: args[field.name] for field in dataclasses.fields(runs.Recipe)})

    source = source_of(args, given)
    corpus = read(source, recipe, given & set(settings.ALLOWED))
    if "midi" in corpus.report:
        source["midi"] = corpus.report["midi"]["settings"]  # files of words bring their own
    report(corpus, windows.count_windows(len(corpus.train), recipe.batchsize, recipe.bproplen))
    rows, origin = rows_of(args["vectors"], corpus, recipe.seed) if args["vectors"] else (None, None)
    sizes = Sizes(len(corpus.vocabulary), args["unit"], args["dropout"], args["dropout_on"])
    learner.check(devices.choose(args["device"]), sizes, recipe)
    about = {
        "kind": source["kind"],
        "tokens": corpus.tokenizer.name,
        "dictionary": corpus.tokenizer.dictionary,
        "sizes": dataclasses.asdict(sizes),
        "recipe": dataclasses.asdict(recipe),
        "vectors": origin,
        "corpus": source | {"fingerprint": corpus.fingerprint(), "report": corpus.report},
    }
    run = runs.create(args["out"], about, corpus.vocabulary)
    with stopping.Interrupt() as interrupt:
        return train(Job(run, recipe, corpus, args["device"], rows=rows), interrupt)


def resume(args):
    """An old run, with its own settings."""
    fixed = sorted(args.keys() - MAY_CHANGE - {"out", "resume"})
    if fixed:
        may = ", ".join(f"--{name}" for name in sorted(MAY_CHANGE))
        raise UserError(f"--{fixed[0].replace('_', '-')} cannot be given with --resume: only {may} can change")
    run = runs.load(args["out"])
    changed = {name: args[name] for name in ("epoch", "patience") if name in args}
    if "precision" in args:
        changed["precision"] = devices.precision(args.get("device", "auto"), args["precision"])
    recipe = dataclasses.replace(run.recipe, **changed)
    devices.precision(args.get("device", "auto"), recipe.precision)
    checkpoint = run.load_checkpoint()
    source = run.about["corpus"]
    corpus = read(source | {"kind": run.about["kind"], "tokens": run.about["tokens"]}, recipe)
    if corpus.fingerprint() != source["fingerprint"]:
        raise UserError(f"{' '.join(source['corpus'])}: no longer the corpus that {args['out']} was trained on")
    if changed:  # so that the next --resume, with no option, keeps to it
        run.save_recipe(recipe)
    with stopping.Interrupt() as interrupt:
        return train(Job(run, recipe, corpus, args.get("device", "auto"), checkpoint), interrupt)


def source_of(args, given):
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


def settle_vectors(args, given):
    """Put into ``args`` what --vectors has a say in: the units, and ``freeze_epochs`` as a recipe has it."""
    frozen = sorted(given & {"freeze_vectors", "freeze_epochs"})
    if frozen and not args["vectors"]:
        raise UserError(f"--{frozen[0].replace('_', '-')} is for --vectors, which is not given")
    if len(frozen) == 2:
        raise UserError("--freeze-epochs and --freeze-vectors: give one of them, the latter is for all epochs")
    args["freeze_epochs"] = None if args["freeze_vectors"] else args["freeze_epochs"] or 0
    if args["vectors"]:
        width = vectors.vector_width(args["vectors"])
        if "unit" in given and args["unit"] != width:
            held = f"the words of {args['vectors']} have {width} numbers"
            raise UserError(f"--unit {args['unit']}: {held}, so it must be {width}, or be left out")
        args["unit"] = width


def rows_of(path, corpus, seed):
    """A row for every id, from a file of word vectors, and what run.json keeps of where they are from."""
    found = vectors.load_vectors(path, corpus.vocabulary, numpy.random.default_rng([seed, 2]))
    origin = vectors.vectors_report(path, found, corpus.train)
    tell(f"vectors  {vectors.vectors_summary(origin)}")
    return found.rows, origin


def read(source, recipe, asked=()):
    """The corpus that a run's settings name; raises ``UserError`` where it is too small for a window.

    ``asked`` are the settings for MIDI that were given as options.
    """
    need = recipe.batchsize * (recipe.bproplen + 1)
    files = [source[name] for name in ("corpus", "valid", "test")]
    bounds = source["vocab_size"], source["min_count"], need
    if source["kind"] == "text":
        return build_text_corpus(*files, source["tokens"], *bounds)
    wanted = settings.settings_from_json(source["midi"])
    read, *held_out = (collect.collect_pieces(paths, wanted, asked=asked) if paths else None for paths in files)
    parts = [collect.group_copies(found.pieces) if found else None for found in (read, *held_out)]
    corpus = build_piece_corpus(*parts, *bounds, " ".join(files[0]))
    pieces = [piece for found in (read, *held_out) if found for piece in found.pieces]
    corpus.report["midi"] = (
        read.report | collect.common_settings(pieces) | {"settings": dataclasses.asdict(read.settings)}
    )
    return corpus


def report(corpus, count):
    """Tell what was read, before hours go into it."""
    r = corpus.report
    if "midi" in r:
        m = r["midi"]
        spoilt = f"{len(m['mended'])} mended, {len(m['refused'])} refused"
        tell(f"read     {m['files']:,} files, {m['notes']:,} notes; {spoilt}")
        for item in m["refused"]:
            tell(f"refused  {item['name']}: {item['reason']}")
        tell(f"pieces   {r['pieces']:,} different ones ({r['twice']} twice), and {r['copies']:,} copies of them")
    else:
        tell(
            f"read     {sum(r['files'].values())} files ({r['files']['aozora']} of Aozora Bunko), {r['pieces']:,} lines"
        )
        for item in r["skipped"]:
            tell(f"skipped  {item['name']}: {item['reason']}")
    splits = ", ".join(f"{r['words'][s]:,} {s} ({r['unknown'][s]:.1%} unknown)" for s in r["words"])
    tell(f"words    {splits}; by {corpus.tokenizer.name} {corpus.tokenizer.dictionary}".rstrip())
    share = r["singletons"] / max(1, r["distinct"])
    known = f"{r['vocabulary'] - 1:,} of {r['distinct']:,} distinct words"
    tell(f"ids      {known} ({share:.0%} of them seen once), and <unk>")
    tell(f"windows  {count:,} an epoch")


class Job:
    """A training under way. All of it that changes is in the model, the optimizer, ``order``, ``patience`` and ``at``,
    and goes into a checkpoint; ``checkpoint`` is the one to go on from, ``rows`` (V, N) are word vectors to begin with.
    """

    def __init__(self, run, recipe, corpus, device, checkpoint=None, rows=None):
        self.run, self.recipe, self.corpus = run, recipe, corpus
        self.device, self.device_name = devices.choose(device), device
        self.device.use()
        self.model = run.new_model()
        self.optimizer = OPTIMIZERS[recipe.optimizer].make(recipe.lr, recipe.gradclip)
        self.optimizer.setup(self.model)
        self.order = numpy.random.default_rng([recipe.seed, 1])
        self.patience = stopping.Patience(recipe.patience)
        self.at = {"epoch": 1, "window": 0, "start": 0, "nats": 0.0, "words": 0, "lr": recipe.lr, "history": []}
        if rows is not None:
            self.model.l0.W.array[...] = rows
        self.model.to_device(self.device)
        if checkpoint:
            self.at = checkpoint.restore(self.model, self.optimizer)
            self.order.bit_generator.state = self.at.pop("order")
            self.patience = stopping.Patience(**self.at.pop("patience") | {"patience": recipe.patience})
        self.freeze()  # before a learner is chosen, which depends on it
        self.learner = learner.of(self.model, self.optimizer, recipe.batchsize, recipe.bproplen)
        tell(f"engine   {self.learner.description}")
        if checkpoint:
            tell(f"go on    in epoch {self.at['epoch']}, after window {self.at['window']}")
        self.save()

    def freeze(self):
        """Disable updates of the word vectors, or enable them, as the recipe says for this epoch."""
        last = self.recipe.freeze_epochs
        set_frozen(self.model.l0, last is None or self.at["epoch"] <= last)

    def save(self):
        """A checkpoint, and the log of the epochs that it holds."""
        self.saved = time.monotonic()
        state = {"order": self.order.bit_generator.state, "patience": dataclasses.asdict(self.patience)}
        self.run.save_checkpoint(self.model, self.optimizer, self.at | state)
        storage.write_file(self.run.file("log.jsonl"), log.dump_history(self.at["history"]))


def train(job, interrupt):
    """From wherever the job is to its end or to the first ``interrupt``; returns the exit status."""
    if job.patience.exhausted() and job.at["epoch"] <= job.recipe.epoch:
        tell(f"patience  is used up: --patience above {job.recipe.patience} goes on")
    while job.at["epoch"] <= job.recipe.epoch and not job.patience.exhausted():
        speed = read_windows(job, interrupt)
        if interrupt.signal:
            job.save()
            tell_notes(job)
            place = f"in epoch {job.at['epoch']}, after window {job.at['window']}"
            tell(f"stopped  {place}; go on with: {again(job)}")
            return 128 + interrupt.signal
        end_epoch(job, speed)
    tell_notes(job)
    best = job.run.load_best()
    best.to_device(job.device)
    loss = evaluation.evaluate_loss(best, job.corpus.test)
    worth = log.describe_loss(loss, bits_a_note(job.corpus, job.corpus.test))
    print(f"test     loss {loss:.3f} {worth} of the best model", flush=True)
    return 0


def read_windows(job, interrupt):
    """Learn from the windows of an epoch that are left, until the end or an interrupt; returns words a second."""
    model, at, recipe = job.model, job.at, job.recipe
    if at["window"] == 0:
        beginnings = numpy.flatnonzero(job.corpus.train == vocabulary.EOS) + 1
        at["start"] = int(job.order.choice(beginnings)) % len(job.corpus.train)
        at["nats"], at["words"] = 0.0, 0
        model.reset_state()
    setattr(job.optimizer, OPTIMIZERS[recipe.optimizer].rate, at["lr"])
    job.freeze()
    batches = windows.training_windows(job.corpus.train, recipe.batchsize, recipe.bproplen, at["start"])
    job.learner.begin(at["nats"])
    with contextlib.closing(log.Progress(at["epoch"], len(batches), at["window"], at["nats"])) as progress:
        for xs, ts in batches[at["window"] :]:  # (T, B) each
            job.learner.learn(xs, ts)
            at["window"] += 1
            at["words"] += xs.size
            stop, save = interrupt.signal, time.monotonic() - job.saved > CHECKPOINT_SECONDS
            due = stop or save or at["window"] == len(batches) or job.learner.due()
            progress.step(xs.size, read_loss(job) if due else None)
            if stop:
                break
            if save:
                job.save()
        return progress.speed()


def read_loss(job):
    """Bring the epoch's sum of losses from where it is made; raises ``UserError`` where it is no longer finite."""
    at = job.at
    at["nats"] = job.learner.nats()
    if not math.isfinite(at["nats"]):
        raise UserError(
            f"{job.run.path}: the loss became {at['nats']} in epoch {at['epoch']}, by window {at['window']}; the best "
            f"model and the last checkpoint are kept (try a lower --lr than {at['lr']:g}, or --gradclip)"
        )
    return at["nats"]


def end_epoch(job, speed):
    """Validate; keep the best model, or learn more slowly; log, save and draw."""
    at = job.at
    entry = {
        "epoch": at["epoch"],
        "train_loss": at["nats"] / at["words"],
        "valid_loss": evaluation.evaluate_loss(job.model, job.corpus.valid),
        "lr": at["lr"],
        "words_per_second": round(speed),
    }
    entry["best"] = job.patience.better(entry["valid_loss"])
    if entry["best"]:
        job.run.save_best(job.model)
    else:
        at["lr"] *= job.recipe.lr_decay
    at["history"].append(entry)
    at["epoch"], at["window"] = at["epoch"] + 1, 0
    job.save()
    print(log.language_model_line(entry, bits_a_note(job.corpus, job.corpus.valid)), flush=True)
    storage.write_file(
        job.run.file("loss.png"), plots.plot_loss_curves(at["history"], os.path.basename(os.path.abspath(job.run.path)))
    )


def bits_a_note(corpus, ids):
    """What turns a loss over ``ids``, nats a word, into bits a note; None where they hold no notes."""
    strikes = numpy.array([collect.is_note_on(word) for word in corpus.vocabulary.words])
    notes = int(strikes[ids].sum()) if corpus.tokenizer.name == "midi" else 0
    return (len(ids) - 1) / notes / math.log(2) if notes else None


def tell_notes(job):
    for note in job.learner.notes():
        tell(note)


def again(job):
    device = [] if job.device_name == "auto" else ["-d", job.device_name]
    return shlex.join(["python", "train.py", "-o", job.run.path, "--resume", *device])


def tell(line):
    print(line, file=sys.stderr, flush=True)
