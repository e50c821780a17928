"""Who trains in the benchmarks of training: each a class with ``train(xs)``, one update from one window to its loss.

All begin with the same weights, clip and run Adam with the same numbers. ``KINDS`` lists them by name. Each imports
what it needs itself, so that its process's memory is its own.
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy

from tsuzuri.kernels.native import BFLOAT16, FLOAT32, extension

DROPOUT_ON = PROJECTIONS, LAYERS = "projections", "layers"  # as in rnn.py
CLIP, RATE = 5.0, 0.001


class MissingError(Exception):
    """This machine has not what a contender needs."""


def weights(words, units):
    """The same start for all, by the names and layouts of Chainer's model."""
    rng = numpy.random.default_rng(1)
    shapes = {"l0/W": (words, units), "l3/W": (words, units), "l3/b": (words,)}
    for name in ("l1_x", "l1_h", "l2_x", "l2_h"):
        shapes |= {f"{name}/W": (4 * units, units), f"{name}/b": (4 * units,)}
    return {name: rng.uniform(-0.08, 0.08, shape).astype("f") for name, shape in shapes.items()}


def load(model, words, units):
    from tsuzuri.compat import chainer

    chainer.serializers.NpzDeserializer(weights(words, units)).load(model)


class Ours:
    def __init__(self, words, units, dropout, place, precision=FLOAT32, needs_native=True):
        from tsuzuri.models.rnn import RNN, Sizes
        from tsuzuri.training.optimizers import OPTIMIZERS

        if needs_native and not extension():
            raise MissingError("the native kernels are not built")
        self.model = RNN(Sizes(words, units, dropout, place), numpy.random.default_rng(0), precision)
        load(self.model, words, units)
        self.optimizer = OPTIMIZERS["adam"].make(RATE, CLIP).setup(self.model)

    def train(self, xs):
        loss = self.model(xs[:-1], xs[1:])
        self.model.cleargrads()
        loss.backward()
        self.optimizer.update()
        return float(loss.array)


class TheArticles:
    def __init__(self, words, units, dropout, place):
        from benchmarks import article
        from tsuzuri.compat import F, chainer

        self.model = article.Article(words, units)
        load(self.model, words, units)
        self.optimizer = chainer.optimizers.Adam(RATE).setup(self.model)
        self.optimizer.add_hook(chainer.optimizer_hooks.GradientClipping(CLIP))
        places = {PROJECTIONS: ("l1_x", "l2_x"), LAYERS: ("l0", "h1", "h2")}[place] if dropout else ()
        self.drop = lambda where, y: F.dropout(y, dropout) if where in places else y
        self.window, self.state = article.train_window, None

    def train(self, xs):
        self.state = self.state or self.model.zero_state(xs.shape[1])
        loss, self.state = self.window(self.model, self.optimizer, xs[:-1], xs[1:], self.state, self.drop)
        return float(loss.array)


class PyTorch:
    """Fused Adam around an nn.LSTM, which drops between its layers only; what is dropped around it is dropped here.

    Compiled is the output layer with the loss: torch.compile leaves an nn.LSTM out. Told to take it in (``allow_rnn``),
    it compiled a window at (2000, 128, 50, 35) for 170 seconds and was no faster.
    """

    def __init__(self, words, units, dropout, place, precision=FLOAT32, compiled=False):
        try:
            import torch
        except ImportError as error:
            raise MissingError(str(error)) from error
        self.torch, self.state, self.bfloat16 = torch, None, precision == BFLOAT16
        self.around = dropout if place == LAYERS else 0.0
        self.embed = torch.nn.Embedding(words, units)
        self.lstm = torch.nn.LSTM(units, units, 2, dropout=dropout)
        self.out = torch.nn.Linear(units, words)
        if compiled:
            self.score = torch.compile(self.score, dynamic=False)
        self.parameters = [p for part in (self.embed, self.lstm, self.out) for p in part.parameters()]
        start = weights(words, units)
        values = [start["l0/W"]]
        for layer in ("l1", "l2"):
            values += [by_gate(start[f"{layer}_{kind}"]) for kind in ("x/W", "h/W", "x/b", "h/b")]
        for parameter, value in zip(self.parameters, [*values, start["l3/W"], start["l3/b"]], strict=True):
            parameter.data.copy_(torch.from_numpy(value))
        self.optimizer = torch.optim.Adam(self.parameters, RATE, fused=True)

    def drop(self, y):
        return self.torch.nn.functional.dropout(y, self.around) if self.around else y

    def score(self, y, ts):
        logits = self.out(self.drop(y).flatten(0, 1))
        return self.torch.nn.functional.cross_entropy(logits, ts.flatten()) * len(ts)

    def train(self, xs):
        xs = self.torch.from_numpy(xs).long()
        try:
            with self.torch.autocast("cpu", self.torch.bfloat16, enabled=self.bfloat16):
                y, state = self.lstm(self.drop(self.embed(xs[:-1])), self.state)
                loss = self.score(y, xs[1:])
        except RuntimeError as error:  # no compiler, or an LSTM in bfloat16 that oneDNN has not for this processor
            raise MissingError(str(error).split("\n")[0].split(". ")[0]) from error
        self.state = tuple(s.detach() for s in state)
        self.optimizer.zero_grad()
        loss.backward()
        self.torch.nn.utils.clip_grad_norm_(self.parameters, CLIP)
        self.optimizer.step()
        return float(loss.detach())


def by_gate(w):
    """Chainer's interleaved gates a, i, f, o to PyTorch's blocks i, f, g, o."""
    a, i, f, o = (w[k::4] for k in range(4))
    return numpy.concatenate([i, f, a, o])


class Kind(NamedTuple):
    """``make(words, units, dropout, place)`` a contender; its ``precision``; what its process finds in ``environ``."""

    make: Callable
    precision: str = FLOAT32
    environ: tuple = ()


KINDS = {
    "article": Kind(TheArticles),
    "numpy": Kind(functools.partial(Ours, needs_native=False), environ=(("TSUZURI_NATIVE", "0"),)),
    "ours": Kind(Ours),
    "ours-bfloat16": Kind(functools.partial(Ours, precision=BFLOAT16), BFLOAT16),
    "pytorch": Kind(PyTorch),
    "pytorch-compiled": Kind(functools.partial(PyTorch, compiled=True)),
    "pytorch-bfloat16": Kind(functools.partial(PyTorch, precision=BFLOAT16), BFLOAT16),
    "pytorch-compiled-bfloat16": Kind(functools.partial(PyTorch, precision=BFLOAT16, compiled=True), BFLOAT16),
}
PYTORCH = [name for name in KINDS if name.startswith("pytorch")]
