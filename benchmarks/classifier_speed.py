"""Words a second of training a classifier of sequences: our packed kernels and PyTorch's nn.LSTM over packed sequences.

    python -m benchmarks.classifier_speed            (needs torch: pip install torch==2.13.0)
    python -m benchmarks.classifier_speed --batch 32 --pos rt-polarity.pos --neg rt-polarity.neg

Embedding, LSTM, mean over each sequence's own length, output layer, cross-entropy, Adam over all parameters. Lengths
are random, like those of sentences of film reviews, or those of two files with a sentence a line. Loss and gradients of
a batch must be the same first. Then each contender has its turns, one after another, with each number of threads; the
ratio to PyTorch's best is the median over the rounds.
"""

import argparse
import functools
import math
import pathlib
import statistics
import sys
import time
from collections import Counter
from typing import NamedTuple

import numpy

from benchmarks import floor
from benchmarks.trainers import by_gate
from tsuzuri.compat import L, chainer
from tsuzuri.kernels import functions as K
from tsuzuri.kernels import native
from tsuzuri.training.optimizers import OPTIMIZERS

RATE = 0.001
SECONDS, BATCHES = 0.5, 16  # of a turn, at least
TOLERANCE = 2e-5  # of a loss or a gradient, by its largest value


class Batch(NamedTuple):
    """Sequences sorted by length, longest first, as packed rows and beside one another with zeros behind."""

    counts: numpy.ndarray  # (T,)
    ids: numpy.ndarray  # (R,)
    padded: numpy.ndarray  # (T, B)
    lengths: numpy.ndarray  # (B,)
    labels: numpy.ndarray  # (B,)


def batch(sequences, labels):
    order = sorted(range(len(sequences)), key=lambda i: -len(sequences[i]))
    lengths = numpy.array([len(sequences[i]) for i in order])
    alive = lengths > numpy.arange(lengths[0])[:, None]  # (T, B)
    padded = numpy.zeros(alive.shape, "i")
    for stream, i in enumerate(order):
        padded[: lengths[stream], stream] = sequences[i]
    return Batch(alive.sum(axis=1), padded[alive], padded, lengths, numpy.array([labels[i] for i in order], "i"))


def random_sequences(rng, words, count):
    """Lengths as of sentences of film reviews, whose mean is 21 words; the words of natural text, few of them often."""
    lengths = numpy.rint(rng.normal(21, 9, count)).clip(1, 56).astype(int)
    return [(words ** rng.random(length)).astype("i") - 1 for length in lengths], rng.integers(0, 2, count)


def read_sequences(rng, words, count, files):
    """``count`` sentences of two files, in random order, in ids of their most frequent words, 0 being all others."""
    texts = [pathlib.Path(name).read_text("latin-1").splitlines() for name in files]
    lines = [(line.split(), label) for label, text in enumerate(texts) for line in text if line.split()]
    often = Counter(word for line, _ in lines for word in line).most_common(words - 1)
    ids = {word: i for i, (word, _) in enumerate(often, start=1)}
    some = [lines[i] for i in rng.permutation(len(lines))[:count]]
    return [numpy.array([ids.get(word, 0) for word in line], "i") for line, _ in some], [label for _, label in some]


def weights(words, units):
    """The same start for all, in Chainer's layouts, in the order of the models' parameters."""
    rng = numpy.random.default_rng(1)
    shapes = (words, units), (4 * units, units), (4 * units,), (4 * units, units), (4 * units,), (2, units), (2,)
    return [rng.uniform(-0.1, 0.1, shape).astype("f") for shape in shapes]


class Ours(chainer.Chain):
    """The classifier on ``functions.lstm_packed``."""

    def __init__(self, words, units):
        super().__init__()
        embedding, w_x, b_x, w_h, b_h, w, b = weights(words, units)
        with self.init_scope():
            self.l0 = L.EmbedID(words, units, initialW=embedding)
            self.l1_x = L.Linear(units, 4 * units, initialW=w_x, initial_bias=b_x)
            self.l1_h = L.Linear(units, 4 * units, initialW=w_h, initial_bias=b_h)
            self.out = L.Linear(units, 2, initialW=w, initial_bias=b)
        layers = self.l1_x, self.l1_h, self.out
        self.parts = [self.l0.W, *(p for layer in layers for p in (layer.W, layer.b))]
        self.optimizer = OPTIMIZERS["adam"].make(RATE, math.inf).setup(self)
        self.set_threads = native.extension().set_threads

    def loss(self, b):
        """The loss of a batch and the gradients of all parameters."""
        x = K.embed(b.ids, self.l0.W)
        h = K.lstm_packed(x, b.counts, self.l1_x.W, self.l1_x.b, self.l1_h.W, self.l1_h.b)
        loss = K.cross_entropy(K.pool(h, b.counts, "mean"), self.out.W, self.out.b, b.labels, 1 / len(b.labels))
        self.cleargrads()
        loss.backward()
        return float(loss.array), [p.grad for p in self.parts]

    def train(self, b):
        self.loss(b)
        self.optimizer.update()


class PyTorch:
    """nn.LSTM over padded sequences, packed for it and padded again; with ``rows`` over packed rows throughout."""

    def __init__(self, words, units, rows=False):
        import torch

        self.torch, self.rows, self.set_threads = torch, rows, torch.set_num_threads
        self.embed, self.lstm = torch.nn.Embedding(words, units), torch.nn.LSTM(units, units)
        self.out = torch.nn.Linear(units, 2)
        start = weights(words, units)
        start[1:5] = (by_gate(start[i]) for i in (1, 3, 2, 4))
        self.parts = [p for part in (self.embed, self.lstm, self.out) for p in part.parameters()]
        for parameter, value in zip(self.parts, start, strict=True):
            parameter.data.copy_(torch.from_numpy(value))
        self.optimizer = torch.optim.Adam(self.parts, RATE, fused=True)

    def pooled(self, b):
        torch, tensor = self.torch, self.torch.from_numpy
        lengths = tensor(b.lengths)
        if self.rows:
            packed = torch.nn.utils.rnn.PackedSequence(self.embed(tensor(b.ids)), tensor(b.counts))
            streams = torch.cat([torch.arange(count) for count in b.counts.tolist()])
            h = self.lstm(packed)[0].data
            return h.new_zeros(len(lengths), h.shape[1]).index_add(0, streams, h) / lengths[:, None]
        packed = torch.nn.utils.rnn.pack_padded_sequence(self.embed(tensor(b.padded)), lengths)
        h, _ = torch.nn.utils.rnn.pad_packed_sequence(self.lstm(packed)[0])  # zeros behind
        alive = torch.arange(len(h))[:, None] < lengths
        return (h * alive[..., None]).sum(0) / lengths[:, None]

    def loss(self, b):
        """As ``Ours.loss``, the gradients in Chainer's order, but with the gates as PyTorch has them."""
        loss = self.torch.nn.functional.cross_entropy(self.out(self.pooled(b)), self.torch.from_numpy(b.labels).long())
        self.optimizer.zero_grad()
        loss.backward()
        grads = [p.grad.numpy() for p in self.parts]
        grads[2], grads[3] = grads[3], grads[2]
        return loss.item(), grads

    def train(self, b):
        self.loss(b)
        self.optimizer.step()


def must_agree(contenders, b):
    """Exits where a contender has another loss or another gradient than ours, the first."""
    loss, grads = contenders["ours"].loss(b)
    wanted = [numpy.float32(loss), grads[0], *map(by_gate, grads[1:5]), *grads[5:]]
    for name in list(contenders)[1:]:
        loss, grads = contenders[name].loss(b)
        errors = [relative(*pair) for pair in zip([numpy.float32(loss), *grads], wanted, strict=True)]
        if not max(errors) < TOLERANCE:
            sys.exit(f"benchmarks.classifier_speed: error: {name}: not the results of ours: {errors}")


def relative(found, wanted):
    return abs(found - wanted).max() / abs(wanted).max()


def turn(contender, batches):
    """Words a second, of at least all batches, after the first has woken up threads and caches."""
    contender.train(batches[0])
    start, words = time.perf_counter(), 0
    while time.perf_counter() - start < SECONDS:
        for b in batches:
            contender.train(b)
            words += len(b.ids)
    return words / (time.perf_counter() - start)


def table(contenders, batches, rounds, threads):
    """Rows of the table, as lists of text."""
    turns = {(name, count): [] for name in contenders for count in threads}
    for _ in range(rounds):
        for (name, count), speeds in turns.items():
            contenders[name].set_threads(count)
            speeds.append(turn(contenders[name], batches))
    best = max((who for who in turns if who[0] != "ours"), key=lambda who: statistics.median(turns[who]))
    words = sum(len(b.ids) for b in batches) / len(batches)
    for who, speeds in turns.items():
        speed = statistics.median(speeds)
        ratio = statistics.median(a / b for a, b in zip(speeds, turns[best], strict=True))
        yield [len(batches[0].labels), *who, f"{speed:,.0f}", f"{1000 * words / speed:.2f}", f"{ratio:.2f}"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name, default in (("rounds", 7), ("unit", 128), ("words", 10000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    for name, default in (("batch", [16, 32, 64]), ("threads", sorted({1, floor.cores()}))):
        parser.add_argument(f"--{name}", type=int, nargs="+", default=default)
    parser.add_argument("--pos")
    parser.add_argument("--neg")
    args = parser.parse_args()
    if bool(args.pos) != bool(args.neg):
        parser.error("--pos and --neg: must both be given, or neither")
    if not native.extension():
        parser.error("the native kernels are not built")
    print("| streams | contender | threads | words/s | ms a batch | times PyTorch's best |\n|---|---|---|---|---|---|")
    for size in args.batch:
        rng = numpy.random.default_rng(0)
        how = rng, args.words, size * BATCHES
        sequences, labels = read_sequences(*how, (args.neg, args.pos)) if args.pos else random_sequences(*how)
        batches = [batch(sequences[i : i + size], labels[i : i + size]) for i in range(0, len(sequences), size)]
        kinds = {"ours": Ours, "pytorch": PyTorch, "pytorch-rows": functools.partial(PyTorch, rows=True)}
        contenders = {name: make(args.words, args.unit) for name, make in kinds.items()}
        must_agree(contenders, batches[0])
        for row in table(contenders, batches, args.rounds, args.threads):
            print(f"| {' | '.join(map(str, row))} |", flush=True)


if __name__ == "__main__":
    main()
