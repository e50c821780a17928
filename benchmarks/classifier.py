"""Accuracy of each kind of classifier on MR, SST-2 and Subj, with the learning curves: one table and one picture.

    python -m benchmarks.classifier SENTIMENT -o out/        (a folder with rt-polarity.*, stsa.binary.*, subj.all)
    python -m benchmarks.classifier SENTIMENT -o out/ --rows mr-lstm mr-bow --folds 3
    python -m benchmarks.classifier SENTIMENT -o out/ --vectors pang_lee_polarity_fasttext.vec

MR and Subj are cut into ten folds, stratified, by a fixed seed; of what is not held out a tenth validates, and the
model that does best on it is the one that is tested. SST-2 has a split of its own, and is run with several seeds.
Everything goes through classify.py and train.py as a user would run them. The language model that a row begins with has
read MR's training and validation texts and those of Subj, without labels, and none that is held out for the test. A
fold that is done is kept in ``out/``, and is not run again while its recipe is the same.
"""

import argparse
import contextlib
import io
import json
import os
import random
import re
import statistics
import sys
from pathlib import Path
from typing import NamedTuple

import numpy

from tsuzuri.cli import classify, train
from tsuzuri.data import labeled, splits

PUBLISHED = {"mr": "sentence CNN, random vectors 75.9, tuned word2vec 81.3 (Kim 2014)"}
LM = {"vocab-size": 12000, "unit": 128, "epoch": 6, "batchsize": 32, "schedule": "linear", "sample-every": 0}
TUNED = ["--pool", "concat", "--lr", "0.002", "--average", "0.98"]  # of a language model's layers
FALLING = ["--schedule", "linear"]  # to 0 in the last epoch, so a row of it says how many
SPACE = ["--tokens", "space"]  # the data is parted already
FOLDS = 10
PATIENCE = ["--patience", "4"]  # the best epoch is one of the first few: the default of 10 only takes longer
LONGER = ["--patience", "10"]  # where an epoch is few updates


class Row(NamedTuple):
    """A line of the table: the data, what is compared, the options of classify.py, and what it begins with.

    ``few`` is how many of the labeled examples it learns from, None for all.
    """

    data: str
    what: str
    options: list
    start: str = "chance"
    few: int | None = None


HELD = ["--average", "0.99", "--drop-words", "0.3"]
ROWS = {
    "mr-lstm": Row("mr", "LSTM, mean", []),
    "mr-wide": Row("mr", "LSTM, mean, batches of 64, lr 0.002", ["-b", "64", "--lr", "0.002"]),
    "mr-last": Row("mr", "LSTM, last", ["--pool", "last"]),
    "mr-max": Row("mr", "LSTM, max", ["--pool", "max"]),
    "mr-bilstm": Row("mr", "LSTM in both directions, mean", ["--model", "bilstm"]),
    "mr-rnn": Row("mr", "tanh RNN, mean", ["--model", "rnn"]),
    "mr-bow": Row("mr", "bag of embedded words", ["--model", "bow"]),
    "mr-bow-drop-words": Row(
        "mr", "bag of embedded words, whole words dropped", ["--model", "bow", "--drop-words", "0.5"]
    ),
    "mr-falling": Row(
        "mr",
        "LSTM, mean of the weights, whole words dropped, a rate that falls over 10 epochs",
        [*FALLING, "-e", "10", "--lr", "0.002", "--drop-words", "0.5", "--average", "0.99"],
    ),
    "mr-vectors": Row("mr", "LSTM, mean", [], "vectors"),
    "mr-frozen": Row("mr", "LSTM, mean", ["--freeze-vectors"], "vectors"),
    "mr-two": Row("mr", "two LSTM layers, mean", ["--layers", "2"]),
    "mr-lm": Row("mr", "two LSTM layers, mean", [], "language model"),
    "mr-lm-tuned": Row("mr", "two LSTM layers, concat, mean of the weights", TUNED, "language model"),
    "mr-lm-falling": Row(
        "mr",
        "two LSTM layers, concat, mean of the weights, whole words dropped, a rate that falls over 4 epochs",
        [*TUNED, *FALLING, "-e", "4", "--drop-words", "0.3"],
        "language model",
    ),
    "mr-average": Row("mr", "LSTM, mean of the weights", ["--average", "0.99"]),
    "mr-drop-words": Row("mr", "LSTM, whole words dropped", ["--drop-words", "0.3"]),
    "mr-locked": Row("mr", "LSTM, locked dropout", ["--locked", "on"]),
    "mr-concat": Row("mr", "LSTM, concat", [*HELD, "--pool", "concat"]),
    "mr-both": Row(
        "mr",
        "LSTM in both directions, mean of the weights, whole words dropped, batches of 64, lr 0.002",
        ["--model", "bilstm", *HELD, "-b", "64", "--lr", "0.002"],
    ),
    "mr-flatten": Row("mr", "40 embedded words flattened", ["--model", "flatten", "--maxlen", "40"]),
    "mr-1000": Row("mr", "LSTM, mean, of 1,000 labeled sentences", LONGER, few=1000),
    "mr-1000-lm": Row(
        "mr", "two LSTM layers, concat, of 1,000 labeled sentences", [*TUNED, *LONGER], "language model", few=1000
    ),
    "sst2-lstm": Row("sst2", "LSTM, mean", []),
    "subj-lstm": Row("subj", "LSTM, mean", []),
    "subj-bow": Row("subj", "bag of embedded words", ["--model", "bow"]),
}


def examples(folder, data):
    """The labeled texts of MR or Subj, or of SST-2's parts, as lists of ``Example``."""
    if data == "mr":
        return labeled.read_pos_neg([f"{folder}/rt-polarity.pos"], [f"{folder}/rt-polarity.neg"]).examples
    if data == "subj":
        return labeled.read_labeled([f"{folder}/subj.all"], form="space").examples
    return [
        labeled.read_labeled([f"{folder}/stsa.binary.{part}"], form="space").examples
        for part in ("train", "dev", "test")
    ]


def parts(folder, data, fold):
    """The training, validation and test examples of a fold or a seed; None where validation is a share of training."""
    if data == "sst2":
        return examples(folder, data)
    found = examples(folder, data)
    labels, texts = [example.label for example in found], [example.text for example in found]
    kept, held = splits.class_folds(labels, FOLDS, numpy.random.default_rng(0), texts)[fold]
    return [found[n] for n in kept], None, [found[n] for n in held]


def written(path, found):
    """A file of labels and texts, one example a line."""
    path.write_text("".join(f"{example.label}\t{example.text}\n" for example in found), encoding="utf-8")
    return str(path)


def run(folder, out, name, fold, vectors):
    """A fold of a row: the history of its errors, as the run keeps it, and the accuracy of its best model."""
    row = ROWS[name]
    place = Path(out) / f"{name}-{fold}"
    place.mkdir(parents=True, exist_ok=True)
    training, valid, test = parts(folder, row.data, fold)
    learned = random.Random(fold).sample(training, row.few) if row.few else training
    options = [written(place / "train.tsv", learned), "--test", written(place / "test.tsv", test)]
    options += ["--valid", written(place / "valid.tsv", valid)] if valid else []
    options += [*PATIENCE, *row.options, "--seed", str(fold), "-o", str(place / "run"), "--force"]
    if row.start == "language model":
        text, lm = place / "unlabeled.txt", Path(out) / f"{row.data}-lm-{fold}"
        if not (lm / "done").exists():
            text.write_text("".join(f"{line}\n" for line in unlabeled(folder, training, test, fold)), encoding="utf-8")
            how = [f"--{name}={value}" for name, value in LM.items()]
            quietly(train.main, [str(text), *SPACE, *how, "-o", str(lm), "--seed", str(fold), "--force"])
            (lm / "done").touch()
        options += ["--init-from", str(lm)]
    else:
        options += SPACE
    if row.start == "vectors":
        options += ["--vectors", vectors]
    quietly(classify.main, ["train", *options])
    history = [json.loads(line) for line in (place / "run" / "log.jsonl").read_text().splitlines()]
    about = json.loads((place / "run" / "run.json").read_text())
    best = [entry for entry in history if entry["best"]][-1]
    return {"accuracy": 1 - best["test_error"], "history": history, "start": about["start"]}


def unlabeled(folder, training, test, seed):
    """The texts that a language model may read, shuffled: none of those held out, in whatever spelling."""
    held = {letters(example.text) for example in test}
    texts = [example.text for example in examples(folder, "subj") + training]
    texts = [text for text in texts if letters(text) not in held]
    random.Random(seed).shuffle(texts)
    return texts


def letters(text):
    """A text's letters and digits: one sentence is parted and quoted differently in different collections."""
    return re.sub(r"[^a-z0-9]", "", re.sub(r"-[lr]rb-", "", text.lower()))


def made_by(name, args):
    """What a fold's figures depend on: those of another recipe are not taken for these."""
    row = ROWS[name]
    begun = {"language model": LM, "vectors": args.vectors}.get(row.start)
    return json.loads(json.dumps([os.path.abspath(args.folder), row, PATIENCE, begun]))


def quietly(main, arguments):
    """Run a script's ``main``; ends the program where that was interrupted."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        status = main(arguments)
    if status:
        sys.exit(status)


def table(done):
    """The accuracies as lines of Markdown."""
    lines = ["| data | model | begins with | accuracy | folds | epochs to the best |", "|---|---|---|---|---|---|"]
    for name, folds in done.items():
        row, shares = ROWS[name], [100 * fold["accuracy"] for fold in folds]
        spread = f" ± {statistics.stdev(shares):.1f}" if len(shares) > 1 else ""
        best = [next(e["epochs"] for e in reversed(fold["history"]) if e["best"]) for fold in folds]
        cells = row.data, row.what, row.start, f"{statistics.mean(shares):.1f}{spread}", len(shares)
        lines.append("| " + " | ".join(map(str, [*cells, f"{statistics.median(best):g}"])) + " |")
    return "\n".join(lines)


def picture(done):
    """PNG bytes: the mean error of training, validation and test by epoch, a panel for each row of the table."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    across = min(3, len(done))
    figure = Figure(figsize=(3.4 * across, 2.6 * -(-len(done) // across)), layout="constrained")
    panels = figure.subplots(-(-len(done) // across), across, squeeze=False, sharey=True)
    for axes, (name, folds) in zip(panels.flat, done.items(), strict=False):
        epochs = min(len(fold["history"]) for fold in folds)  # those that every fold has
        for part in ("train", "valid", "test"):
            errors = [[100 * entry[f"{part}_error"] for entry in fold["history"][:epochs]] for fold in folds]
            axes.plot(range(1, epochs + 1), numpy.mean(errors, axis=0), ".-", label=part)
        axes.set_title(f"{ROWS[name].data}: {ROWS[name].what}\nfrom {ROWS[name].start}", fontsize=8)
        axes.set(xlabel="epoch", ylabel="error, %", ylim=(0, 50))
        axes.grid(alpha=0.3)
    panels.flat[0].legend(fontsize=8)
    for axes in panels.flat[len(done) :]:
        axes.remove()
    stream = io.BytesIO()
    FigureCanvasAgg(figure).print_png(stream)
    return stream.getvalue()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder")
    parser.add_argument("-o", "--out", required=True)
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS))
    parser.add_argument(
        "--folds", type=int, default=10, choices=range(1, FOLDS + 1), help="of the ten; as many seeds of SST-2"
    )
    parser.add_argument("--vectors", help="a file of word vectors, for the rows that begin with some")
    args = parser.parse_args()
    if not args.vectors:
        args.rows = [name for name in args.rows if ROWS[name].start != "vectors"]
    if not args.rows:
        parser.error("--vectors FILE is missing for rows that begin with some")
    done = {}
    for name in args.rows:
        for fold in range(args.folds):
            kept, how = Path(args.out) / f"{name}-{fold}.json", made_by(name, args)
            if not kept.exists() or json.loads(kept.read_text())["how"] != how:
                kept.parent.mkdir(parents=True, exist_ok=True)
                found = run(args.folder, args.out, name, fold, args.vectors)
                kept.write_text(json.dumps(found | {"how": how}))
                print(f"{name} fold {fold}: {found['accuracy']:.1%}", flush=True)
            done.setdefault(name, []).append(json.loads(kept.read_text()))
    print(table(done))
    for data in {ROWS[name].data for name in done} & PUBLISHED.keys():
        print(f"{data}: {PUBLISHED[data]}")
    path = os.path.join(args.out, "curves.png")
    Path(path).write_bytes(picture(done))
    print(path)


if __name__ == "__main__":
    main()
