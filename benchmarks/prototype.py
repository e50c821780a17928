"""What train.py has not, tried before it is built: its own recipe for a small corpus with one thing changed.

    python -m benchmarks.prototype --seeds 0 1                     (the recipe as it is)
    python -m benchmarks.prototype --seeds 0 1 --random-length
    python -m benchmarks.prototype --seeds 0 1 --average-on-stall

The loop is train.py's in short, over its parts, so that the recipe as it is comes to train.py's figures; only a CPU
computes.
"""

import argparse
import dataclasses
import math
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy

from benchmarks import quality
from benchmarks.quality_corpora import SOURCES, read_corpus, write_splits
from tsuzuri.data.windows import Window
from tsuzuri.errors import UserError
from tsuzuri.kernels import native
from tsuzuri.models.rnn import RNN, Sizes
from tsuzuri.options.recipes import RECIPES
from tsuzuri.options.resolve import defaults
from tsuzuri.options.train import TABLES
from tsuzuri.training import evaluation
from tsuzuri.training.averaging import WeightAverage
from tsuzuri.training.language_model import epoch_windows
from tsuzuri.training.optimizers import OPTIMIZERS, set_rate
from tsuzuri.training.recorded import WindowLearner
from tsuzuri.training.schemas import LanguageModelRecipe
from tsuzuri.training.state import Patience

USUAL, SPREAD, FEWEST = 0.95, 5, 5  # of random lengths: the chance of the whole one, the deviation, the least steps
HEAD = ("changed", "seed", "validation", "test", "epochs, the best", "minutes")


@dataclasses.dataclass(frozen=True)
class Change:
    """What is other than in the recipe.

    ``random_length`` draws each window's length (Merity et al. 2018); ``average_on_stall`` is the mean of all weights
    since the first epoch that did no better, and before it the weights themselves, instead of the running mean (same).
    """

    random_length: bool = False
    average_on_stall: bool = False

    def __str__(self):
        """As on the command line."""
        parts = [f"--{name.replace('_', '-')}" for name, value in vars(self).items() if value is True]
        return " ".join(parts) or "nothing"


def random_lengths(windows, steps, rng):
    """The windows of an epoch cut anew, at lengths about ``steps``, one in twenty about half; not across resets."""
    cut = []
    for start, stop in _runs(windows):
        xs, ts = (numpy.concatenate([w[part] for w in windows[start:stop]]) for part in (0, 1))
        resets = windows[start].resets
        while len(xs):
            drawn = max(FEWEST, int(rng.normal(steps if rng.random() < USUAL else steps / 2, SPREAD)))
            length = drawn if len(xs) - drawn >= FEWEST else len(xs)
            cut.append(Window(xs[:length], ts[:length], resets))
            xs, ts, resets = xs[length:], ts[length:], None
    return cut


def _runs(windows):
    """The first of each run of windows in which no stream begins anew, and the one after its last."""
    starts = [n for n, window in enumerate(windows) if n == 0 or window.resets is not None]
    return zip(starts, [*starts[1:], len(windows)], strict=True)


class MeanSinceStall(WeightAverage):
    """The weights themselves until ``begin``, and from then on the mean of all of them."""

    def __init__(self, model):
        super().__init__(model, 0.0)
        self.begun = None

    def begin(self, updates):
        """From the weights after so many updates."""
        self.begun = updates

    def rate(self, updates):
        return 1.0 if self.begun is None else 1 / (updates - self.begun + 1)


class Found(NamedTuple):
    """A training: nats a word of both splits, epochs and the best of them, seconds."""

    valid: float
    test: float
    epochs: int
    best: int
    seconds: float


def train(corpus, options, recipe, change):
    """Train a model of ``options`` and return what is ``Found``; tested are the weights that validated best."""
    start = time.perf_counter()
    rng = numpy.random.default_rng(recipe.seed)
    model = RNN(sizes_of(options, corpus), rng, recipe.precision, ar=recipe.ar, tar=recipe.tar)
    kind = OPTIMIZERS[recipe.optimizer]
    optimizer = kind.make(recipe.lr, recipe.gradclip, recipe.weight_decay).setup(model)
    average = MeanSinceStall(model) if change.average_on_stall else WeightAverage(model, recipe.average)
    learner, patience, lr, epoch = WindowLearner(model, optimizer), Patience(recipe.patience), recipe.lr, 0
    while epoch < recipe.epoch and not patience.exhausted():
        epoch += 1
        model.reset_state()
        learner.begin(0.0)
        windows = epoch_windows(corpus, recipe, epoch)
        steps = len(windows[0].xs)
        if change.random_length:
            windows = random_lengths(windows, steps, numpy.random.default_rng([recipe.seed, 2, epoch]))
        for window in windows:
            set_rate(optimizer, kind.rate, lr * len(window.xs) / steps, {})  # as long as all are, lr itself
            learner.learn(window)
            average.take(optimizer.t)
        with average.in_place():
            loss = evaluation.evaluate_documents(model, corpus.valid, corpus.documents["valid"])
            print(f"epoch {epoch}, validation {math.exp(loss):.2f}", file=sys.stderr, flush=True)
            if patience.better(loss):
                best, weights = epoch, [param.array.copy() for param in model.params()]
            elif change.average_on_stall and average.begun is None:
                average.begin(optimizer.t)
            else:
                lr *= recipe.lr_decay
    for param, array in zip(model.params(), weights, strict=True):
        param.array = array
    test = evaluation.evaluate_documents(model, corpus.test, corpus.documents["test"], carried=True)
    return Found(patience.best, test, epoch, best, time.perf_counter() - start)


def sizes_of(options, corpus):
    """A model of the options of train.py, but for those that have another name there."""
    names = {field.name: field.name for field in dataclasses.fields(Sizes)} | {"units": "unit", "tied": "tie"}
    names = {name: given for name, given in names.items() if name not in ("words", "looks", "marks")}
    return Sizes(len(corpus.vocabulary), **{name: options[given] for name, given in names.items()})


def recipe_of(options, seed):
    names = [field.name for field in dataclasses.fields(LanguageModelRecipe) if field.name in options]
    return LanguageModelRecipe(**{n: options[n] for n in names} | {"seed": seed, "precision": native.choose("auto")})


def row(cells):
    return f"| {' | '.join(map(str, cells))} |"


def main(argv=None):
    parser = argparse.ArgumentParser("benchmarks.prototype", description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--random-length", action="store_true", help="windows of random lengths")
    parser.add_argument("--average-on-stall", action="store_true", help="a mean of the weights since the first stall")
    parser.add_argument("--corpus", choices=SOURCES, default="etude")
    parser.add_argument("--data", default=str(quality.DATA), help="the folder of the corpora's folders")
    args = parser.parse_args(argv)
    change = Change(args.random_length, args.average_on_stall)
    options = defaults(TABLES) | RECIPES["small-corpus"]
    argv = sys.argv[1:] if argv is None else argv
    print(f"`{' '.join(['python -m benchmarks.prototype', *argv])}`: {quality.machine()}.", flush=True)
    try:
        with tempfile.TemporaryDirectory() as out:
            source = SOURCES[args.corpus]
            corpus = read_corpus([*write_splits(source, args.data, Path(out) / "splits"), *source.options])
    except UserError as error:
        parser.exit(2, f"{parser.prog}: error: {error}\n")
    print(row(HEAD) + "\n" + "|---" * len(HEAD) + "|")
    for seed in args.seeds:
        found = train(corpus, options, recipe_of(options, seed), change)
        losses = [f"{math.exp(loss):.2f}" for loss in (found.valid, found.test)]
        print(row([change, seed, *losses, f"{found.epochs}, {found.best}", f"{found.seconds / 60:.1f}"]), flush=True)


if __name__ == "__main__":
    main()
