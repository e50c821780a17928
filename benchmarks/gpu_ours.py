"""Ours, as the benchmarks on a GPU drive it: who trains, who writes, and the CPU's model to be followed.

A trainer has ``train(number)``, an update from one of its windows that is not waited for, and ``loss()``, which waits:
the last one's, or for ours the mean of those since it was last asked for. A writer has ``write(count)``: so many words
of each stream, (count, B), on the host. Both have ``memory()``, the most bytes of GPU memory that they held so far, and
``why_no_graph``, None or why their launches are not replayed as a CUDA graph. All begin with the weights of
``trainers.weights``.

Only ``window`` and ``writer`` know how the engine is called.
"""

import math

import numpy

from benchmarks.trainers import CLIP, RATE, MissingError, load, weights
from tsuzuri.kernels.gpu import FLOAT32

LAYERS, PROJECTIONS = "layers", "projections"  # where dropout is, as in rnn.py
BETAS, EPS = (0.9, 0.999), 1e-8  # Adam's, as Chainer and PyTorch have them
KEYS = 5  # of dropout masks, a window


def engine():
    """The engine of this GPU; raises ``MissingError`` where there is none."""
    from tsuzuri.kernels.gpu import launcher

    found = launcher.current()
    if found is None:
        raise MissingError("there is no GPU that CuPy can use")
    return found


def synchronize():
    """Return when the GPU has done all that it was given, by whomever."""
    import cupy

    cupy.cuda.runtime.deviceSynchronize()


def without_graph(contender):
    """A line on a contender, or an engine, that goes without the CUDA graph it asked for; else None."""
    why = contender.why_no_graph
    return why and f"without a CUDA graph: {why}"


def window(engine, size, arrays, dropout, precision, place):
    """Our window of training for a size (V, N, B, T), from weights by the names of ``trainers.weights``."""
    from tsuzuri.kernels.gpu.memory import Training
    from tsuzuri.kernels.gpu.window import Window
    from tsuzuri.models.sizes import Sizes

    words, units, streams, steps = size
    made = Window(engine, Sizes(words, units, dropout, place), streams, steps, Training("adam", CLIP, precision))
    for name, values in arrays.items():
        made.weights[name][...] = engine.asarray(values)
    made.take_weights()
    made.begin(0.0, None)
    return made


def writer(engine, arrays, streams, temperature, top_p, precision):
    """Our writer, from the same weights."""
    from tsuzuri.kernels.gpu import drawing
    from tsuzuri.kernels.gpu.writing import Writer

    layers = [[arrays[f"{name}_{part}/{kind}"] for part in ("x", "h") for kind in ("W", "b")] for name in ("l1", "l2")]
    weights = arrays["l0/W"], layers, arrays["l3/W"], arrays["l3/b"]
    return Writer(engine, weights, streams, drawing.draw_settings(temperature, top_p=top_p), key=1, precision=precision)


def windows(words, streams, steps, count=8):
    """So many windows of words (T + 1, B)."""
    return numpy.random.default_rng(0).integers(0, words, (count, steps + 1, streams)).astype(numpy.int32)


class Ours:
    def __init__(self, size, data, dropout=0.0, precision=FLOAT32, place=LAYERS, on=None):
        self.engine = on or engine()
        self.before = self.engine.used()
        self.window = window(self.engine, size, weights(*size[:2]), dropout, precision, place)
        self.streams, self.asked = size[2], (0.0, 0)  # nats and updates when the loss was asked for
        self.data, self.updates, self.rng = data, 0, numpy.random.default_rng(0)

    def train(self, number):
        xs = self.data[number % len(self.data)]
        self.updates += 1
        rate = RATE * math.sqrt(1 - BETAS[1] ** self.updates) / (1 - BETAS[0] ** self.updates)
        keys = self.rng.integers(2**64, size=KEYS, dtype="u8")
        self.window.learn(xs[:-1], xs[1:], keys, (rate, *BETAS, EPS))

    def loss(self):
        before, self.asked = self.asked, (self.window.nats(), self.updates)
        nats, updates = (now - then for now, then in zip(self.asked, before, strict=True))
        return nats / self.streams / updates

    def memory(self):
        return self.engine.used() - self.before

    @property
    def why_no_graph(self):
        return self.window.why_no_graph


class OnTheCPU:
    """The model as it trains on a CPU, with the masks that ours draws on a GPU."""

    def __init__(self, size, data, dropout=0.0, place=LAYERS):
        from tsuzuri.models.rnn import RNN, Sizes
        from tsuzuri.training.optimizers import OPTIMIZERS

        self.model = RNN(Sizes(*size[:2], dropout, place), numpy.random.default_rng(0))
        load(self.model, *size[:2])
        self.model.rng = numpy.random.default_rng(0)
        self.optimizer = OPTIMIZERS["adam"].make(RATE, CLIP).setup(self.model)
        self.data = data

    def train(self, number):
        xs = self.data[number % len(self.data)]
        self.last = self.model(xs[:-1], xs[1:])
        self.model.cleargrads()
        self.last.backward()
        self.optimizer.update()

    def loss(self):
        return float(self.last.array)


def first(words, streams):
    """The word that each stream begins with."""
    return numpy.arange(streams, dtype=numpy.int32) % words


class OursWriter:
    def __init__(self, words, units, streams, temperature=1.0, top_p=1.0, precision=FLOAT32, on=None):
        self.engine = on or engine()
        self.before = self.engine.used()
        self.writer = writer(self.engine, weights(words, units), streams, temperature, top_p, precision)
        self.writer.read(first(words, streams))

    def write(self, count):
        return self.writer.words(count)

    def memory(self):
        return self.engine.used() - self.before

    @property
    def why_no_graph(self):
        return self.writer.why_no_graph
