"""``classify.py train``: labeled examples to a run directory; ``classify.py`` has the other commands."""

import dataclasses
import os

import numpy

from tsuzuri.cli import console, options, training
from tsuzuri.data import dataset, labeled, preprocessing
from tsuzuri.errors import UserError
from tsuzuri.kernels import devices, native
from tsuzuri.midi.words import settings
from tsuzuri.models import classifier
from tsuzuri.text import tokenizers, vectors
from tsuzuri.training import initialization
from tsuzuri.training.classification import ClassificationTask
from tsuzuri.training.optimizers import OPTIMIZERS
from tsuzuri.training.run import load_run, new_run
from tsuzuri.training.schemas import CLASSIFIER, ClassifierRecipe

READING = [
    ("--form", ("auto", *labeled.FORMS), "auto", "file format of the labeled lines"),
    ("--encoding", options.name, "auto", "encoding of the files: auto, or a codec's name such as cp1252"),
    ("--label-column", options.name, None, "label column of CSV, by name or number (default: by its name or values)"),
    ("--text-column", options.name, None, "text column of CSV, by name or number"),
]
MIDI = [row for row in settings.settings_options(velocities=8, grid=24) if row[0] not in ("--transpose", "--stretch")]
DEVICE = (
    "-d --device",
    options.device,
    "cpu",
    "cpu, gpu, gpu:N or auto (packed layers have no GPU kernels of their own)",
)
TABLES = {
    "input and output": [
        ("corpus", options.source, [], "lines of label, tab, text; CSV; a folder of texts or of MIDI files per class"),
        ("--pos", options.source, [], "files of positive lines, in place of a corpus"),
        ("--neg", options.source, [], "files of negative lines"),
        ("-o --out --saveto", options.path, None, "run directory to create or to resume"),
        ("--valid", options.source, [], "labeled validation examples, instead of a share of the corpus"),
        ("--test", options.source, [], "labeled test examples, instead of a share of the corpus"),
        ("--valid-fraction", options.fraction, 0.1, "validation share of each class"),
        ("--test-fraction", options.share, 0.1, "test share of each class; 0 for no test"),
        *READING,
        ("-r --resume", None, False, "continue the run in --out where it stopped"),
        ("-f --force", None, False, "replace a run that is already in --out"),
        DEVICE,
        ("--precision", ("auto", *native.PRECISIONS), "auto", "precision of the LSTM layers' products, as in train.py"),
    ],
    "words": [
        ("--tokens", ("auto", *tokenizers.NAMES), "auto", "tokenizer; auto chooses by the text"),
        ("--case", ("auto", "fold", "keep"), "auto", "capitals: fold to lower case, or keep; auto folds"),
        ("--n-words --vocab-size", options.count, 10_000, "maximum vocabulary size: the most frequent words"),
        ("--min-count", options.count, None, "minimum count of a word, rarer ones become <unk> (default: 2, music 1)"),
        ("--maxlen", options.count, None, "maximum number of words; longer pieces are not trained on"),
        ("--truncate", ("pre", "post"), None, "cut longer pieces to --maxlen instead, at the beginning or the end"),
    ],
    "MIDI": MIDI,
    "initial weights": [
        ("--init-from --reload-model", options.source, None, "run to take initial weights from"),
        ("--vectors", options.source, None, "initial word vectors: GloVe, word2vec (text, binary), fastText .vec"),
        ("--freeze-vectors", None, False, "never update the word vectors"),
        ("--freeze-epochs", options.count, None, "epochs before the word vectors are updated too"),
    ],
    "model": [
        ("--model --encoder", classifier.MODELS, "lstm", "LSTM, LSTM in both directions, tanh RNN, or bag of words"),
        ("--layers", options.few, 1, "number of LSTM or RNN layers (--init-from a language model: 2)"),
        ("--pool", classifier.POOLS, "mean", "summary of a sequence: mean, last state, or maximum"),
        ("-u --unit --dim-proj", options.count, 128, "hidden size of each layer"),
        ("--width", options.count, None, "embedding size (default: the hidden size)"),
        ("--dropout", options.ratio, 0.5, "dropout rate of the pooled values"),
        ("--dropout-words", options.ratio, 0.5, "dropout rate of the embeddings' values"),
        ("--use-dropout", options.switch, True, "off: no dropout at all"),
    ],
    "training": [
        ("-e --epoch --max-epochs", options.count, 100, "maximum number of epochs"),
        ("-b --batchsize --batch-size", options.count, 32, "examples per update"),
        ("--optimizer", tuple(OPTIMIZERS), "adam", "optimizer"),
        ("--lr --lrate", options.positive, None, "learning rate (default: 0.001 for adam, else the optimizer's own)"),
        ("--decay-c", options.not_negative, 0.0, "weight decay of the last layer, added to the loss"),
        ("-c --gradclip", options.positive, 5.0, "maximum gradient norm"),
        ("--patience", options.count, 10, "validations in a row without a lower error before training stops"),
        ("--valid-freq --validFreq", options.count, None, "updates between two validations (default: an epoch)"),
        ("--save-freq --saveFreq", options.count, None, "updates between two checkpoints (default: five minutes)"),
        ("--disp-freq --dispFreq", options.count, None, "updates between two lines of loss (default: none)"),
        ("--sort-by-len", options.switch, False, "batches of texts of similar length, which is faster"),
        ("--seed", options.seed, 0, "random seed"),
    ],
}
LR = {"adam": 0.001}  # where none is asked for; of the other optimizers their own
READ = ("form", "encoding", "label_column", "text_column")
MAY_CHANGE = ("device", "disp_freq", "epoch", "patience", "precision", "save_freq")  # on --resume


def main(args, given):
    """``args`` are all options by name; ``given`` names those that were given."""
    if "out" not in given:
        raise UserError("-o/--out is missing: name the run directory")
    return _resume(args, given) if args["resume"] else _start(args, given)


def _start(args, given):
    """Train a new run."""
    training.check_out(args["out"], args["force"])
    recipe = _recipe_of(args, given)
    origin = initialization.load_origin(args["init_from"])
    if args["vectors"]:
        vectors.vector_width(args["vectors"])  # a file that is none is refused before hours of reading
    source = _source_of(args | _midi_settings_of(origin, given), given)
    source["split_seed"] = initialization.split_seed(origin, source, recipe.seed)
    if origin.tokens and (origin.tokens == "midi") != bool(source["midi"]):
        raise UserError(f"{origin.path}: is of {'texts' if source['midi'] else 'music'}, and the examples are not")
    case = origin.case if args["case"] == "auto" else args["case"]
    tokens = args["tokens"] if "tokens" in given else origin.tokens or "auto"
    data, words = _read_dataset(source, tokens, case, origin.words)
    for line in dataset.dataset_summary(data, words.tokenizer):  # before hours go into it
        console.note(line)
    sizes = initialization.classifier_sizes(args, given, origin, data)
    weights, begun = initialization.initial_weights(args, origin, data, sizes)
    if begun:
        console.note(initialization.start_summary(begun))
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
    return _train(new_run(args["out"], about, data.vocabulary, CLASSIFIER), data, args, weights=weights)


def _resume(args, given):
    """Go on with an old run, by its own settings."""
    training.check_resume_options(given, MAY_CHANGE)
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
    data = dataset_of_run(run)
    if recipe != run.recipe:  # so that the next --resume, with no option, keeps to it
        run.save_recipe(recipe)
    return _train(run, data, args, checkpoint=checkpoint)


def _train(run, data, args, **begin):
    """Train a run on the terminal; returns the exit status. ``begin``: a checkpoint, or weights."""
    task = ClassificationTask(data, run.recipe, args["save_freq"], args["disp_freq"])
    command = ["classify", "train"]
    return training.train_on_terminal(run, task, args["device"], command, usual_device="cpu", **begin)


def _midi_settings_of(origin, given):
    """The settings for MIDI of the run whose weights are taken, where no others are given."""
    return {name: value for name, value in (origin.midi or {}).items() if name not in given}


def _recipe_of(args, given):
    """The recipe that the options ask for; raises ``UserError`` for those that do not go together."""
    frozen = [name for name in ("freeze_vectors", "freeze_epochs") if name in given]
    if frozen and not (args["vectors"] or args["init_from"]):
        raise UserError(f"--{frozen[0].replace('_', '-')}: is for --vectors or --init-from")
    for one, other in (("freeze_vectors", "freeze_epochs"), ("vectors", "init_from")):
        if {one, other} <= given:
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


def _precision_of(device, wanted, model):
    """What --precision means for a model on a device; raises ``UserError`` where it would mean nothing."""
    if model in ("lstm", "bilstm") and devices.choose(device).xp is numpy:
        return native.choose(wanted)
    if wanted not in ("auto", native.FLOAT32):
        allowed = f"is for --model lstm and bilstm on a CPU; all else is in {native.FLOAT32}"
        raise UserError(f"--precision {wanted}: {allowed}")
    return native.FLOAT32


def _source_of(args, given):
    """What the examples are made of, as run.json keeps it: their files, and how these become words."""
    source = labeled_files(args)
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
        options = settings.settings_from_options(args | {"transpose": None, "stretch": None})
        source["midi"] = dataclasses.asdict(options)
    source = preprocessing.expand_source(source)
    for part in ("valid", "test"):
        if source[part] and f"{part}_fraction" in given:
            raise UserError(f"--{part}-fraction: there are examples of its own, {' '.join(source[part])}")
        source[f"{part}_fraction"] = 0 if source[part] else args[f"{part}_fraction"]
    if source["valid_fraction"] + source["test_fraction"] >= 1:
        raise UserError("--valid-fraction and --test-fraction: leave nothing to train on: must be below 1 together")
    return source


def labeled_files(args):
    """The files of labeled examples that the options name, and how they are to be read."""
    files = {name: [os.path.abspath(path) for path in args[name]] for name in ("corpus", "pos", "neg")}
    if bool(files["pos"]) != bool(files["neg"]) or bool(files["pos"]) == bool(files["corpus"]):
        raise UserError("name labeled examples: a corpus, or --pos and --neg files")
    columns = [args["label_column"], args["text_column"]]
    return files | {"form": args["form"], "encoding": args["encoding"], "columns": columns}


def _read_dataset(source, tokens, case, known=()):
    """The ``Dataset`` that a source names, and its ``Preprocessor``; ``known`` are words of a model to begin with."""
    held = source["valid_fraction"], source["test_fraction"]
    needed = 1 + sum(share > 0 for share in held)
    pairs, words, report = preprocessing.read_labeled_words(source, tokens, case, needed)
    bounds = {"size": source["n_words"], "least": source["min_count"], "known": known}
    lengths = {"maxlen": source["maxlen"], "truncate": source["truncate"]}
    data = dataset.build_dataset(*pairs.values(), held=held, seed=source["split_seed"], **bounds, **lengths)
    return data._replace(report=data.report | {"read": report}), words


def dataset_of_run(run):
    """The ``Dataset`` of a run, read again; raises ``UserError`` where it is no longer the same."""
    source, about = run.about["corpus"], run.about
    known = run.vocabulary.words if "init_from" in about["start"] else ()
    data, _ = _read_dataset(source, about["tokens"], about["case"], known)
    if data.fingerprint() != source["fingerprint"]:
        named = " ".join(source["corpus"] + source["pos"] + source["neg"])
        raise UserError(f"{named}: no longer the examples that {run.path} was trained on")
    return data
