"""Sort texts or tunes into classes: ``classify.py train reviews.tsv -o runs/mood``, then ``predict`` and ``evaluate``.

``train`` learns from labeled examples and leaves a run directory; ``predict`` reads lines and names their classes;
``evaluate`` shows how good the names are.
"""

import os
import sys

from tsuzuri import storage
from tsuzuri.cli import classify_train, console, options
from tsuzuri.cli.classify_train import DEVICE, READ, READING
from tsuzuri.data import dataset, preprocessing
from tsuzuri.errors import UserError
from tsuzuri.kernels import devices
from tsuzuri.training import plots, predictor
from tsuzuri.training.classification import score
from tsuzuri.training.run import load_run
from tsuzuri.training.schemas import CLASSIFIER

PREDICT = {
    "input and output": [
        ("run", options.source, options.REQUIRED, "run directory"),
        ("files", options.source, [], "files of lines, or of MIDI (default: lines from standard input)"),
        ("--encoding", options.name, "auto", "encoding of the files: auto, or a codec's name such as cp1252"),
        ("--json", None, False, "a JSON object per line, with the probability of every class"),
        ("--explain", None, False, "show the share of each word in the decision"),
        ("--by", predictor.BY, "leave-one-out", "measure of a share: p without the word, or gradient times input"),
        ("--color", ("auto", "always", "never"), "auto", "shares as colors; auto: on a terminal"),
        DEVICE,
    ],
}
EVALUATE = {
    "input and output": [
        ("run", options.source, options.REQUIRED, "run directory"),
        ("corpus", options.source, [], "labeled examples (default: the test examples of the training)"),
        ("--pos", options.source, [], "files of positive lines, in place of a corpus"),
        ("--neg", options.source, [], "files of negative lines"),
        *READING,
        ("-o --out", options.path, None, "picture of the confusion matrix (default: confusion.png in the run)"),
        DEVICE,
    ],
}
ELSEWHERE = {  # options of the tutorial that have no place here, and what has
    "--dataset": "name the files or folders themselves",
    "--noise-std": "there is no noise but dropout",
    "--test-size": "--test-fraction says how much is held out",
    "--valid-batch-size": "validation chooses its own batches",
}


def main(argv=None):
    argv = sys.argv[1:] if argv is None else list(argv)
    if not argv or argv[0] not in COMMANDS:
        summaries = "\n".join(f"  {name:9} {text}" for name, (_, _, text) in COMMANDS.items())
        if argv[:1] in (["-h"], ["--help"]):
            name = console.program_name()
            print(f"usage: {name} COMMAND ...\n\n{summaries}\n\n{name} COMMAND --help lists its options")
            return 0
        given = argv[0] if argv else "no command given"
        raise UserError(f"{given}: must be one of {', '.join(COMMANDS)} (--help says more)")
    for name, instead in ELSEWHERE.items():
        if name in [argument.partition("=")[0].replace("_", "-") for argument in argv]:
            raise UserError(f"{name}: not an option: {instead}")
    command, tables, text = COMMANDS[argv[0]]
    given = vars(
        options.Parser(options.sentence(text), tables, f"{console.program_name()} {argv[0]}").parse_args(argv[1:])
    )
    return command(options.defaults(tables) | given, given.keys())


def predict(args, given):
    """Print the class of each line, or of each tune."""
    if given & {"by", "color"} and not args["explain"]:
        raise UserError(f"--{min(given & {'by', 'color'})}: is for --explain")
    run = load_run(args["run"], CLASSIFIER)
    if run.about["corpus"]["midi"] and not args["files"]:
        raise UserError(f"{args['run']} sorts tunes: name MIDI files")
    words = preprocessing.preprocessor_of_run(run.about)
    model = predictor.Predictor(run, devices.choose(args["device"]))
    by = args["by"] if args["explain"] else None
    terminal = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    color = args["color"] == "always" or (terminal and args["color"] == "auto")
    refused = []

    def refuse(line):
        refused.append(line)
        console.note(f"refused  {' '.join(line.split())}")

    for batch in words.batches(args["files"], args["encoding"], refuse):
        for passage, p in zip(batch, model.probabilities([passage.words for passage in batch]), strict=True):
            line = model.as_json(passage, p, by) if args["json"] else model.line(passage, p, by, color)
            print(line, flush=True)
    return 2 if refused else 0


def evaluate(args, given):
    """Print how good a classifier is on labeled examples, and draw the confusion matrix."""
    named = given & {"corpus", "pos", "neg"}
    if given & set(READ) and not named:
        raise UserError(f"--{min(given & set(READ)).replace('_', '-')}: is for labeled examples: name some")
    run = load_run(args["run"], CLASSIFIER)
    examples = _named_examples(args, run) if named else _held_out_examples(args, run)
    model = run.load_best()
    model.to_device(devices.choose(args["device"]))
    text, matrix = score(model, examples, run.about["classes"])
    print(text)
    picture = args["out"] or run.file("confusion.png")
    storage.write_file(picture, plots.plot_confusion(matrix, run.about["classes"], run.name))
    console.note(f"picture  {picture}")
    return 0


def _held_out_examples(args, run):
    """The examples that the training held out for test."""
    held_out = classify_train.dataset_of_run(run).test
    if not len(held_out):
        raise UserError(f"{args['run']}: held out no examples for test: name some")
    return held_out


def _named_examples(args, run):
    """The examples that the options name."""
    about = run.about
    source = about["corpus"] | classify_train.labeled_files(args) | {"valid": [], "test": []}
    music = preprocessing.holds_music(source["corpus"])
    if music != (source["midi"] is not None):
        wanted, named = ("texts", "tunes") if music else ("tunes", "texts")
        raise UserError(f"{args['run']}: sorts {wanted}, not {named}")
    pairs, _, _ = preprocessing.read_labeled_words(source, about["tokens"], about["case"])
    return dataset.encode_examples(pairs["corpus"], run.vocabulary, about["classes"], about["corpus"])


COMMANDS = {
    "train": (classify_train.main, classify_train.TABLES, "learn to sort texts or tunes into classes from examples"),
    "predict": (predict, PREDICT, "name the class of each line, or of each tune"),
    "evaluate": (evaluate, EVALUATE, "measure a classifier on labeled examples"),
}
