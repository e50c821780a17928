"""Sort texts or tunes into classes: ``classify.py train reviews.tsv -o runs/mood``, then ``predict`` and ``evaluate``.

``train`` learns from labeled examples and leaves a run directory; ``predict`` reads lines and names their classes;
``evaluate`` tells how good the names are.
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
from tsuzuri.compat import chainer
from tsuzuri.data import dataset, labeled, packing, preprocessing
from tsuzuri.errors import UserError
from tsuzuri.kernels import devices, native
from tsuzuri.midi.words import settings
from tsuzuri.models import classifier
from tsuzuri.text import tokenizers, vectors
from tsuzuri.training import classes, evaluation, initialization, log, metrics, plots, predictor, stopping
from tsuzuri.training import run as runs
from tsuzuri.training.optimizers import OPTIMIZERS, set_frozen

READING = [
    ("--form", ("auto", *labeled.FORMS), "auto", "how labels and texts stand in files of lines"),
    ("--encoding", options.text, "auto", "of the files: auto, or a codec's name such as cp1252"),
    ("--label-column", options.text, None, "of CSV, its name or number (default: by its name, or its values)"),
    ("--text-column", options.text, None, "of CSV, its name or number"),
]
MIDI = [row for row in settings.settings_options(velocities=8, grid=24) if row[0] not in ("--transpose", "--stretch")]
DEVICE = (
    "-d --device",
    options.text,
    "cpu",
    "cpu, gpu, gpu:N or auto (packed layers have no GPU kernels of their own)",
)
TRAIN = {
    "what": [
        (
            "corpus",
            options.text,
            [],
            "lines of label, tab, text; CSV; a folder of texts or of MIDI files for each class",
        ),
        ("--pos", options.text, [], "files of lines that are positive, instead"),
        ("--neg", options.text, [], "files of lines that are negative"),
        ("-o --out --saveto", options.path, None, "the run directory to make or to go on with"),
        ("--valid", options.text, [], "labeled examples to validate on, instead of a share of the corpus"),
        ("--test", options.text, [], "labeled examples to test on, instead of a share of it"),
        ("--valid-fraction", options.fraction, 0.1, "share of each class to validate on"),
        ("--test-fraction", options.share, 0.1, "share of each class to test on; 0 for no test"),
        *READING,
        ("-r --resume", None, False, "go on with the run in --out where it stopped"),
        ("-f --force", None, False, "replace a run that is already in --out"),
        DEVICE,
        ("--precision", ("auto", *native.PRECISIONS), "auto", "of the LSTM layers' products on a CPU, as in train.py"),
    ],
    "words": [
        ("--tokens", ("auto", *tokenizers.NAMES), "auto", "what a word is; auto looks at the text"),
        ("--case", ("auto", "fold", "keep"), "auto", "capitals as small letters, or as they are (auto: fold)"),
        ("--n-words --vocab-size", options.count, 10_000, "at most so many words, the most frequent"),
        ("--min-count", options.count, None, "rarer words become <unk> (default: 2, for music 1)"),
        ("--maxlen", options.count, None, "longer pieces are left out of the training, and counted"),
        ("--truncate", ("pre", "post"), None, "cut them to --maxlen instead, at their beginning or their end"),
    ],
    "music": MIDI,
    "start": [
        ("--init-from --reload-model", options.text, None, "a run of train.py or classify.py to begin with"),
        ("--vectors", options.text, None, "word vectors to begin with: GloVe, word2vec (text, binary), fastText .vec"),
        ("--freeze-vectors", None, False, "the words' rows stay as they began"),
        ("--freeze-epochs", options.count, None, "they stay so for so many epochs"),
    ],
    "model": [
        ("--model --encoder", classifier.MODELS, "lstm", "LSTM, one in each direction, tanh RNN, or a bag of words"),
        ("--layers", options.few, 1, "of the LSTM or RNN (--init-from a language model: 2)"),
        ("--pool", classifier.POOLS, "mean", "what is kept of a sequence: mean of its words, the last, the largest"),
        ("-u --unit --dim-proj", options.count, 128, "units of each layer"),
        ("--width", options.count, None, "numbers of an embedded word (default: as many as units)"),
        ("--dropout", options.ratio, 0.5, "share of pooled values dropped while training"),
        ("--dropout-words", options.ratio, 0.5, "share of the embedded words' values dropped"),
        ("--use-dropout", options.switch, True, "off: nothing is dropped"),
    ],
    "training": [
        ("-e --epoch --max-epochs", options.count, 100, "at most so many epochs"),
        ("-b --batchsize --batch-size", options.count, 32, "examples of an update"),
        ("--optimizer", tuple(OPTIMIZERS), "adam", "the optimizer"),
        ("--lr --lrate", options.positive, None, "learning rate (default: 0.001 for adam, else the optimizer's own)"),
        ("--decay-c", options.not_negative, 0.0, "weight decay of the last layer, added to the loss"),
        ("-c --gradclip", options.positive, 5.0, "largest norm of the gradients"),
        ("--patience", options.count, 10, "stop after so many validations in a row that did no better"),
        ("--valid-freq --validFreq", options.count, None, "updates between two validations (default: an epoch)"),
        ("--save-freq --saveFreq", options.count, None, "updates between two checkpoints (default: five minutes)"),
        ("--disp-freq --dispFreq", options.count, None, "updates between two lines of loss (default: none)"),
        ("--sort-by-len", options.switch, False, "batches of texts of like length, which is faster"),
        ("--seed", options.seed, 0, "of the random generators"),
    ],
}
PREDICT = {
    "what": [
        ("run", options.text, options.REQUIRED, "the run directory"),
        ("files", options.text, [], "files of lines, or of MIDI (default: lines from standard input)"),
        ("--encoding", options.text, "auto", "of the files: auto, or a codec's name such as cp1252"),
        ("--json", None, False, "an object a line, with the probability of every class"),
        ("--explain", None, False, "show the share that each word has in the decision"),
        ("--by", predictor.BY, "leave-one-out", "how: p without the word, or gradient times input"),
        ("--color", ("auto", "always", "never"), "auto", "shares as colors; auto: on a terminal"),
        DEVICE,
    ],
}
EVALUATE = {
    "what": [
        ("run", options.text, options.REQUIRED, "the run directory"),
        ("corpus", options.text, [], "labeled examples (default: those that training held out for test)"),
        ("--pos", options.text, [], "files of lines that are positive, instead"),
        ("--neg", options.text, [], "files of lines that are negative"),
        *READING,
        ("-o --out", options.path, None, "the picture of the confusion table (default: confusion.png in the run)"),
        DEVICE,
    ],
}
LR = {"adam": 0.001}  # where none is asked for; of the other optimizers their own
READ = ("form", "encoding", "label_column", "text_column")
NOTHING = {"nats": 0.0, "wrong": 0, "examples": 0}  # since the last validation
MAY_CHANGE = ("device", "disp_freq", "epoch", "patience", "precision", "save_freq")  # on --resume
ELSEWHERE = {  # options of the tutorial that have no place here, and what has
    "--dataset": "name the files or folders themselves",
    "--noise-std": "there is no noise but dropout",
    "--test-size": "--test-fraction says how much is held out",
    "--valid-batch-size": "validation chooses its own batches",
}
CHECKPOINT_SECONDS = 300  # at most so much work is lost when the process is killed


def main(argv=None):
    argv = sys.argv[1:] if argv is None else list(argv)
    if not argv or argv[0] not in COMMANDS:
        told = "\n".join(f"  {name:9} {text}" for name, (_, _, text) in COMMANDS.items())
        if argv[:1] in (["-h"], ["--help"]):
            print(f"usage: classify.py COMMAND ...\n\n{told}\n\nclassify.py COMMAND --help lists its options")
            return 0
        raise UserError(f"{argv[0] if argv else 'nothing'}: must be one of {', '.join(COMMANDS)} (--help tells more)")
    for name, instead in ELSEWHERE.items():
        if name in [argument.partition("=")[0].replace("_", "-") for argument in argv]:
            raise UserError(f"{name}: not an option: {instead}")
    command, tables, text = COMMANDS[argv[0]]
    given = vars(options.Parser(text, tables, f"classify.py {argv[0]}").parse_args(argv[1:]))
    return command(options.defaults(tables) | given, given.keys())


def train_command(args, given):
    if "out" not in given:
        raise UserError("-o/--out is missing: name the run directory")
    return resume(args, given) if args["resume"] else begin(args, given)


def begin(args, given):
    """A new run; ``given`` are the options that were."""
    held = runs.in_use(args["out"], classes.Run)
    if held and not args["force"]:
        what = "a run" if held == "run.json" else held
        raise UserError(f"{args['out']}: holds {what} already: --resume goes on with it, --force replaces it")
    recipe = recipe_of(args, given)
    origin = initialization.load_origin(args["init_from"])
    if args["vectors"]:
        vectors.vector_width(args["vectors"])  # a file that is none is told before hours of reading
    source = source_of(args | inherited(origin, given), given)
    source["split_seed"] = initialization.split_seed(origin, source, recipe.seed)
    if origin.tokens and (origin.tokens == "midi") != bool(source["midi"]):
        raise UserError(f"{origin.path}: is of {'texts' if source['midi'] else 'music'}, and the examples are not")
    case = origin.case if args["case"] == "auto" else args["case"]
    tokens = args["tokens"] if "tokens" in given else origin.tokens or "auto"
    data, words = read(source, tokens, case, origin.words)
    for line in dataset.dataset_summary(data, words.tokenizer):  # before hours go into it
        tell(line)
    sizes = initialization.classifier_sizes(args, given, origin, data)
    weights, begun = initialization.initial_weights(args, origin, data, sizes)
    if begun:
        tell(initialization.start_summary(begun))
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
    run = runs.create(args["out"], about, data.vocabulary, classes.Run)
    with stopping.Interrupt() as interrupt:
        return train(Job(run, recipe, data, args, weights=weights), interrupt)


def inherited(origin, given):
    """The settings for MIDI of the run that is begun with, where no others are given."""
    return {name: value for name, value in (origin.midi or {}).items() if name not in given}


def recipe_of(args, given):
    """The recipe that the options ask for; raises ``UserError`` for those that do not go together."""
    frozen = [name for name in ("freeze_vectors", "freeze_epochs") if name in given]
    if frozen and not (args["vectors"] or args["init_from"]):
        raise UserError(f"--{frozen[0].replace('_', '-')}: is for --vectors or --init-from")
    for one, other in (("freeze_vectors", "freeze_epochs"), ("vectors", "init_from")):
        if {one, other} <= given:
            raise UserError(f"--{one.replace('_', '-')} and --{other.replace('_', '-')}: one of them only")
    if "truncate" in given and "maxlen" not in given:
        raise UserError("--truncate: to how many words? --maxlen tells")
    changed = {
        "precision": precision_of(args["device"], args["precision"], args["model"]),
        "lr": args["lr"] or LR.get(args["optimizer"]) or OPTIMIZERS[args["optimizer"]].lr,
        "valid_freq": args["valid_freq"] or 0,
        "freeze_epochs": None if args["freeze_vectors"] else args["freeze_epochs"] or 0,
    }
    fields = [field.name for field in dataclasses.fields(classes.Recipe)]
    return classes.Recipe(**{name: args[name] for name in fields} | changed)


def precision_of(device, wanted, model):
    """What --precision means for a model on a device; raises ``UserError`` where it would mean nothing."""
    if model in ("lstm", "bilstm") and devices.choose(device).xp is numpy:
        return native.choose(wanted)
    if wanted not in ("auto", native.FLOAT32):
        raise UserError(
            f"--precision {wanted}: is for --model lstm and bilstm on a CPU; all else is in {native.FLOAT32}"
        )
    return native.FLOAT32


def resume(args, given):
    """An old run, with its own settings."""
    fixed = sorted(given - {*MAY_CHANGE, "out", "resume"})
    if fixed:
        may = ", ".join(f"--{name.replace('_', '-')}" for name in MAY_CHANGE)
        raise UserError(f"--{fixed[0].replace('_', '-')} cannot be given with --resume: only {may} can change")
    run = runs.load(args["out"], classes.Run)
    recipe = dataclasses.replace(run.recipe, **{name: args[name] for name in ("epoch", "patience") if name in given})
    wanted = args["precision"] if "precision" in given else recipe.precision
    recipe = dataclasses.replace(recipe, precision=precision_of(args["device"], wanted, run.sizes.model))
    checkpoint = run.load_checkpoint()
    at = checkpoint.meta
    if recipe.epoch < at["epoch"] and not at["history"]:
        raise UserError(
            f"--epoch {recipe.epoch}: {run.path} is in epoch {at['epoch']} and not yet validated: must be more"
        )
    data = data_of(run)
    if recipe != run.recipe:  # so that the next --resume, with no option, keeps to it
        run.save_recipe(recipe)
    with stopping.Interrupt() as interrupt:
        return train(Job(run, recipe, data, args, checkpoint), interrupt)


def source_of(args, given):
    """What the examples are made of, as run.json keeps it: their files, and how these become words."""
    source = files_of(args)
    source |= {part: [os.path.abspath(path) for path in args[part]] for part in ("valid", "test")}
    music = preprocessing.holds_music(source["corpus"])
    foreign = given & ({"tokens", "case", *READ} if music else settings.ALLOWED.keys())
    if foreign:
        name = min(foreign).replace("_", "-")
        named = (args["corpus"] or args["pos"])[0]
        raise UserError(f"--{name} is for {'text' if music else 'MIDI'}, and {named} is not")
    source |= {name: args[name] for name in ("n_words", "maxlen", "truncate")}
    source |= {"min_count": args["min_count"] or (1 if music else 2), "midi": None}
    if music:
        source["midi"] = dataclasses.asdict(settings.settings_from_options(args | {"transpose": None, "stretch": None}))
    source = preprocessing.expand_source(source)
    for part in ("valid", "test"):
        if source[part] and f"{part}_fraction" in given:
            raise UserError(f"--{part}-fraction: there are examples of its own, {' '.join(source[part])}")
        source[f"{part}_fraction"] = 0 if source[part] else args[f"{part}_fraction"]
    if source["valid_fraction"] + source["test_fraction"] >= 1:
        raise UserError("--valid-fraction and --test-fraction: leave nothing to train on: must be below 1 together")
    return source


def files_of(args):
    """The files of labeled examples that the options name, and how they are to be read."""
    files = {name: [os.path.abspath(path) for path in args[name]] for name in ("corpus", "pos", "neg")}
    if bool(files["pos"]) != bool(files["neg"]) or bool(files["pos"]) == bool(files["corpus"]):
        raise UserError("name labeled examples: a corpus, or --pos and --neg files")
    columns = [args["label_column"], args["text_column"]]
    return files | {"form": args["form"], "encoding": args["encoding"], "columns": columns}


def read(source, tokens, case, known=()):
    """The ``Data`` that a source names, and its ``Wording``; ``known`` are words of a model that is gone on from."""
    held = source["valid_fraction"], source["test_fraction"]
    pairs, words, found = preprocessing.read_labeled_words(source, tokens, case, 1 + sum(share > 0 for share in held))
    bounds = {"size": source["n_words"], "least": source["min_count"], "known": known}
    lengths = {"maxlen": source["maxlen"], "truncate": source["truncate"]}
    data = dataset.build_dataset(*pairs.values(), held=held, seed=source["split_seed"], **bounds, **lengths)
    return data._replace(report=data.report | {"read": found}), words


def data_of(run):
    """The ``Data`` of a run, read again; raises ``UserError`` where it is no longer the same."""
    source, about = run.about["corpus"], run.about
    known = run.vocabulary.words if "init_from" in about["start"] else ()
    data, _ = read(source, about["tokens"], about["case"], known)
    if data.fingerprint() != source["fingerprint"]:
        named = " ".join(source["corpus"] + source["pos"] + source["neg"])
        raise UserError(f"{named}: no longer the examples that {run.path} was trained on")
    return data


class Job:
    """A training under way. All of it that changes is in the model, the optimizer, ``patience`` and ``at``, and goes
    into a checkpoint; ``checkpoint`` is the one to go on from, ``weights`` are those to begin with.
    """

    def __init__(self, run, recipe, data, args, checkpoint=None, weights=None):
        self.run, self.recipe, self.data, self.args = run, recipe, data, args
        self.device = devices.choose(args["device"])
        self.device.use()
        self.model = run.new_model()
        for path, param in self.model.namedparams():
            if path[1:] in (weights or {}):
                param.array[...] = weights[path[1:]]
        self.optimizer = OPTIMIZERS[recipe.optimizer].make(recipe.lr, recipe.gradclip)
        self.optimizer.setup(self.model)
        self.patience = stopping.Patience(recipe.patience)
        self.at = {"epoch": 1, "window": 0, "updates": 0, "words": 0, "history": []} | NOTHING
        self.lengths = numpy.array([len(ids) for ids in data.train.sequences])
        self.model.to_device(self.device)
        if checkpoint:
            self.at = checkpoint.restore(self.model, self.optimizer)
            self.patience = stopping.Patience(**self.at.pop("patience") | {"patience": recipe.patience})
            count = len(self.batches())
            if self.at["window"] >= count:
                name, window = run.file("checkpoint.npz"), self.at["window"]
                raise UserError(f"{name}: damaged: meta.window is {window}, must be below the {count} of an epoch")
        on_cpu = self.model.xp is numpy
        tell(f"engine   {native.describe(self.model.precision) if on_cpu else 'CuPy, float32'}")
        if checkpoint:
            tell(f"go on    in epoch {self.at['epoch']}, after batch {self.at['window']}")
        self.save()

    def batches(self):
        """The places of the examples of each batch of this epoch: the same, however often it is asked."""
        rng = numpy.random.default_rng([self.recipe.seed, 1, self.at["epoch"]])
        return packing.epoch_batches(self.lengths, self.recipe.batchsize, rng, self.recipe.sort_by_len)

    def save(self):
        """A checkpoint, and the log of the validations that it holds."""
        self.saved = time.monotonic()
        self.run.save_checkpoint(self.model, self.optimizer, self.at | {"patience": dataclasses.asdict(self.patience)})
        storage.write_file(self.run.file("log.jsonl"), log.dump_history(self.at["history"]))

    def save_history(self):
        """All errors so far beside the best weights, which have those until then."""
        if self.at["history"]:
            self.run.save_history(self.at["history"])


def train(job, interrupt):
    """From wherever the job is to its end or to the first ``interrupt``; returns the exit status."""
    if job.patience.exhausted() and job.at["epoch"] <= job.recipe.epoch:
        tell(f"patience  is used up: --patience above {job.recipe.patience} goes on")
    while job.at["epoch"] <= job.recipe.epoch and not job.patience.exhausted():
        learn_epoch(job, interrupt)
        if interrupt.signal:
            job.save()
            job.save_history()
            tell(f"stopped  in epoch {job.at['epoch']}, after batch {job.at['window']}; go on with: {again(job)}")
            return 128 + interrupt.signal
    job.save_history()
    model = job.run.load_best()
    model.to_device(job.device)
    part = "test" if len(job.data.test) else "valid"
    print(f"\nThe best model on the {part} examples:\n\n{judged(model, getattr(job.data, part), job.run.classes)[0]}")
    return 0


def learn_epoch(job, interrupt):
    """Learn from the batches of an epoch that are left, until the end, an interrupt, or the end of all patience."""
    at, recipe, train = job.at, job.recipe, job.data.train
    frozen = recipe.freeze_epochs is None or at["epoch"] <= recipe.freeze_epochs
    set_frozen(job.model.l0, frozen)
    batches = job.batches()
    begun, words, shown = time.perf_counter(), at["words"], 0.0
    with contextlib.closing(log.Progress(at["epoch"], len(batches), at["window"])) as progress:
        for places in batches[at["window"] :]:
            count, nats = learn(job, [train.sequences[n] for n in places], train.labels[places])
            shown += nats * count  # the bar divides by words
            progress.step(count, shown)
            last = at["window"] == len(batches)
            due = at["updates"] % recipe.valid_freq == 0 if recipe.valid_freq else last
            due = due or (last and at["epoch"] == recipe.epoch and not at["history"])  # else there would be no model
            if due:
                speed = (at["words"] - words) / (time.perf_counter() - begun)
                validate(job, at["epoch"] - 1 + at["window"] / len(batches), speed)
                begun, words = time.perf_counter(), at["words"]
            if last:
                at["epoch"], at["window"] = at["epoch"] + 1, 0
            often = job.args["save_freq"]
            if due or (often and at["updates"] % often == 0) or time.monotonic() - job.saved > CHECKPOINT_SECONDS:
                job.save()
            if interrupt.signal or job.patience.exhausted():
                break


def learn(job, sequences, labels):
    """Learn from a batch; returns how many words it has, and its loss."""
    model, at = job.model, job.at
    packed = packing.pack_sequences(sequences)
    labels = labels[packed.order]
    loss, guesses = model(packed, model.xp.asarray(labels))
    model.cleargrads()
    loss.backward()
    job.optimizer.update()
    nats = float(loss.array)
    if not math.isfinite(nats):
        raise UserError(
            f"{job.run.path}: the loss became {nats} in epoch {at['epoch']}, by batch {at['window'] + 1}; the best "
            f"model and the last checkpoint are kept (try a lower --lr than {job.recipe.lr:g}, or --gradclip)"
        )
    at["window"], at["updates"] = at["window"] + 1, at["updates"] + 1
    at["nats"] += nats * len(labels)
    at["wrong"] += int((chainer.backends.cuda.to_cpu(guesses) != labels).sum())
    at["words"] += len(packed.ids)
    at["examples"] += len(labels)
    often = job.args["disp_freq"]
    if often and at["updates"] % often == 0:
        tell(f"update {at['updates']:6,}   epoch {at['epoch']}   loss {nats:.4f}")
    return len(packed.ids), nats


def validate(job, epochs, speed):
    """Validate and test; keep the best model; log and draw. What was counted since the last time begins anew."""
    at, data, model = job.at, job.data, job.model
    valid_loss, guesses = evaluation.evaluate_classes(model, data.valid)
    entry = {
        "updates": at["updates"],
        "epochs": epochs,
        "train_loss": at["nats"] / at["examples"],
        "train_error": at["wrong"] / at["examples"],
        "valid_loss": valid_loss,
        "valid_error": error(guesses, data.valid),
        "test_error": error(evaluation.evaluate_classes(model, data.test)[1], data.test) if len(data.test) else None,
        "words_per_second": round(speed),
    }
    entry["best"] = job.patience.better(entry["valid_error"])
    at["history"].append(entry)
    if entry["best"]:
        job.run.save_best(model, at["history"])
    at |= NOTHING
    print(log.classifier_line(entry), flush=True)
    storage.write_file(job.run.file("error.png"), plots.plot_error_curves(at["history"], named(job.run)))


def error(guesses, part):
    return float((guesses != part.labels).mean())


def judged(model, part, names):
    """How good a model's guesses are: a text of several lines, and the confusion matrix."""
    matrix = metrics.confusion_matrix(part.labels, evaluation.evaluate_classes(model, part)[1], len(names))
    return metrics.metrics_report(matrix, names), matrix


def predict_command(args, given):
    if given & {"by", "color"} and not args["explain"]:
        raise UserError(f"--{min(given & {'by', 'color'})}: is for --explain")
    run = runs.load(args["run"], classes.Run)
    about = run.about
    if about["corpus"]["midi"] and not args["files"]:
        raise UserError(f"{args['run']} sorts tunes: name MIDI files")
    words = preprocessing.preprocessor_of_run(about)
    predicts = predictor.Predictor(run, devices.choose(args["device"]))
    by = args["by"] if args["explain"] else None
    terminal = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    color = args["color"] == "always" or (terminal and args["color"] == "auto")
    refused = []

    def refuse(line):
        refused.append(line)
        tell(f"refused  {' '.join(line.split())}")

    for batch in words.batches(args["files"], args["encoding"], refuse):
        for passage, p in zip(batch, predicts.probabilities([passage.words for passage in batch]), strict=True):
            print(
                predicts.as_json(passage, p, by) if args["json"] else predicts.line(passage, p, by, color),
                flush=True,
            )
    return 2 if refused else 0


def evaluate_command(args, given):
    examples_named = given & {"corpus", "pos", "neg"}
    if given & set(READ) and not examples_named:
        raise UserError(f"--{min(given & set(READ)).replace('_', '-')}: is for labeled examples: name some")
    run = runs.load(args["run"], classes.Run)
    about = run.about
    if examples_named:
        source = about["corpus"] | files_of(args) | {"valid": [], "test": []}
        music = preprocessing.holds_music(source["corpus"])
        if music != (source["midi"] is not None):
            raise UserError(
                f"{args['run']}: sorts {'texts' if music else 'tunes'}, not {'tunes' if music else 'texts'}"
            )
        pairs, _, _ = preprocessing.read_labeled_words(source, about["tokens"], about["case"])
        part = dataset.encode_examples(pairs["corpus"], run.vocabulary, run.classes, about["corpus"])
    else:
        part = data_of(run).test
        if not len(part):
            raise UserError(f"{args['run']}: held out no examples for test: name some")
    model = run.load_best()
    model.to_device(devices.choose(args["device"]))
    text, matrix = judged(model, part, run.classes)
    print(text)
    picture = args["out"] or run.file("confusion.png")
    storage.write_file(picture, plots.plot_confusion(matrix, run.classes, named(run)))
    tell(f"picture  {picture}")
    return 0


def named(run):
    return os.path.basename(os.path.abspath(run.path))


def again(job):
    device = [] if job.args["device"] == "cpu" else ["-d", job.args["device"]]
    return shlex.join(["python", "classify.py", "train", "-o", job.run.path, "--resume", *device])


def tell(line):
    print(line, file=sys.stderr, flush=True)


COMMANDS = {
    "train": (train_command, TRAIN, "learn to sort texts or tunes into classes from labeled examples"),
    "predict": (predict_command, PREDICT, "name the class of each line, or of each tune"),
    "evaluate": (evaluate_command, EVALUATE, "tell how good a classifier is on labeled examples"),
}
