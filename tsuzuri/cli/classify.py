"""Sort texts or tunes into classes: ``classify.py train reviews.tsv -o runs/mood``, then ``predict`` and ``evaluate``.

``train`` learns from labeled examples and leaves a run directory; ``predict`` reads lines and names their classes;
``evaluate`` shows how good the names are.
"""

import os
import sys
from collections.abc import Callable
from typing import NamedTuple

from tsuzuri import overwriting, storage
from tsuzuri.api.labeled_examples import examples_to_evaluate
from tsuzuri.api.prepare_classifier import CLASSIFIER_PREPARATION
from tsuzuri.api.resuming import source_files
from tsuzuri.cli import console, options, training
from tsuzuri.data import preprocessing
from tsuzuri.errors import UserError
from tsuzuri.kernels import devices
from tsuzuri.options.classify import EVALUATE, PREDICT, TRAIN
from tsuzuri.options.option import Tables
from tsuzuri.options.resolve import defaults
from tsuzuri.training import plots, predictor
from tsuzuri.training.classification import score
from tsuzuri.training.run import load_run
from tsuzuri.training.schemas import CLASSIFIER

NOT_OFFERED = {  # options of the tutorial that have no place here, and what has
    "--dataset": "name the files or folders themselves",
    "--noise-std": "there is no noise but dropout",
    "--test-size": "--test-fraction says how much is held out",
    "--valid-batch-size": "validation chooses its own batches",
}
PICTURE = "confusion.png"  # of the run
SOURCES = ("corpus", "pos", "neg", "valid", "test")  # of a run's examples
EXAMPLES = ("train letters.tsv -o runs/mood", "predict runs/mood letters.txt")


def main(argv=None):
    argv = sys.argv[1:] if argv is None else list(argv)
    if not argv or argv[0] not in COMMANDS:
        summaries = "\n".join(f"  {name:9} {command.description}" for name, command in COMMANDS.items())
        if argv[:1] in (["-h"], ["--help"]):
            name = console.program_name()
            console.show(f"usage: {name} COMMAND ...\n\n{summaries}\n\n{name} COMMAND --help lists its options\n")
            console.show(options.examples_text(name, EXAMPLES))
            return 0
        given = argv[0] if argv else "no command given"
        raise UserError(f"{given}: must be one of {', '.join(COMMANDS)} (--help says more)")
    for name, instead in NOT_OFFERED.items():
        if name in [argument.partition("=")[0].replace("_", "-") for argument in argv]:
            raise UserError(f"{name}: not an option: {instead}")
    command = COMMANDS[argv[0]]
    text, name = options.sentence(command.description), f"{console.program_name()} {argv[0]}"
    parser = options.Parser(text, command.tables, name, command.usage, command.examples)
    return command.run(vars(parser.parse_args(argv[1:])))


def learn(given):
    """Train a classifier, or go on with one."""
    return training.train_on_terminal(CLASSIFIER_PREPARATION.prepare, given, ["classify", "train"], usual_device="cpu")


def predict(given):
    """Print the class of each line, or of each tune."""
    args = defaults(PREDICT) | given
    foreign = given.keys() & {"by", "color"}
    if foreign and not args["explain"]:
        raise UserError(f"--{min(foreign)}: is for --explain")
    run = load_run(args["run"], CLASSIFIER)
    if run.about["corpus"]["midi"] and not args["files"]:
        raise UserError(f"{args['run']} sorts tunes: name MIDI files")
    words = preprocessing.preprocessor_of_run(run.about)
    console.check_output()
    model = predictor.Predictor(run, devices.choose(args["device"]))
    by = args["by"] if args["explain"] else None
    terminal = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    color = args["color"] == "always" or (terminal and args["color"] == "auto")
    refused = []

    def refuse(line):
        refused.append(line)
        console.note(f"refused  {line}")

    for batch in words.batches(args["files"], args["encoding"], refuse):
        for passage, p in zip(batch, model.probabilities([passage.words for passage in batch]), strict=True):
            if args["json"]:
                console.show(model.as_json(passage, p, by))
            elif by:  # in which the colors alone may steer a terminal
                print(model.line(passage, p, by, color), flush=True)
            else:
                console.write(model.line(passage, p) + "\n")
    return 2 if refused else 0


def evaluate(given):
    """Print how good a classifier is on labeled examples, and draw the confusion matrix."""
    args = defaults(EVALUATE) | given
    if args["out"]:
        storage.check_file(args["out"])
    run = load_run(args["run"], CLASSIFIER)
    check_picture(args, run)
    console.check_output()
    examples = examples_to_evaluate(run, given)
    model = run.load_best()
    model.to_device(devices.choose(args["device"]))
    text, matrix = score(model, examples, run.about["classes"])
    console.show(text)
    picture = args["out"] or run.file(PICTURE)
    storage.make_folder(os.path.dirname(picture))
    storage.write_file(picture, plots.plot_confusion(matrix, run.about["classes"], run.name))
    console.note(f"picture  {picture}")
    return 0


def check_picture(args, run):
    """Refuse to draw over a file that is read, or over one of a run that is no such picture."""
    if args["out"]:
        corpus = [path for name in ("corpus", "pos", "neg") for path in args[name]]
        learned = [path for name in SOURCES for path in source_files(run, name)]
        read = [*corpus, *learned, *overwriting.run_files(run.path, [PICTURE])]
        overwriting.check_named(args["out"], read, own=[PICTURE])


class Command(NamedTuple):
    """One of the three commands: ``run(given)`` takes the options that were given, and returns the exit status."""

    run: Callable[[dict], int]
    tables: Tables
    description: str
    usage: str
    examples: tuple[str, str]


COMMANDS = {
    "train": Command(
        learn,
        TRAIN,
        "learn to sort texts or tunes into classes from examples",
        "CORPUS... -o RUN",
        ("letters.tsv -o runs/mood", "--pos good.txt --neg bad.txt -o runs/mood --epoch 20"),
    ),
    "predict": Command(
        predict,
        PREDICT,
        "name the class of each line, or of each tune",
        "RUN [FILES...]",
        ("runs/mood letters.txt", "runs/mood letters.txt --explain"),
    ),
    "evaluate": Command(
        evaluate,
        EVALUATE,
        "measure a classifier on labeled examples",
        "RUN [CORPUS...]",
        ("runs/mood", "runs/mood more.tsv -o confusion.png"),
    ),
}
