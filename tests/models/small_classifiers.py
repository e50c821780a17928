"""Small classifiers, batches for them, and what they are said to compute, a text and a word at a time."""

import itertools

import numpy
import pytest

from tsuzuri.compat import F
from tsuzuri.data import packing
from tsuzuri.models.classifier import POOLS, ClassifierSizes, SequenceClassifier

WORDS, WIDTH, UNITS, CLASSES = 23, 5, 7, 3
KINDS = [*itertools.product(("lstm", "bilstm", "rnn"), (1, 2), POOLS), *(("bow", 1, pool) for pool in POOLS)]
KINDS.append(("flatten", 1, "mean"))
EVERY_DROPOUT = {
    "dropout": 0.4,
    "dropout_words": 0.3,
    "drop_words": 0.2,
    "dropout_between": 0.3,
    "dropout_weights": 0.4,
}
MAXLEN = 12  # of a flattened text
every_kind = pytest.mark.parametrize(("model", "layers", "pool"), KINDS)


def sizes_of(model="lstm", layers=1, pool="mean", **others):
    others = {"dropout": 0.0, "maxlen": MAXLEN if model == "flatten" else None} | others
    return ClassifierSizes(WORDS, WIDTH, UNITS, CLASSES, model, layers, pool, **others)


def made(sizes, dtype="d", **settings):
    """A classifier of such numbers, whose biases are not zeros either."""
    model = SequenceClassifier(sizes, numpy.random.default_rng(0), **settings)
    noise = numpy.random.default_rng(1)
    for _, param in sorted(model.namedparams()):
        param.array = (param.array + noise.normal(0, 0.3, param.shape)).astype(dtype)
    model.cleargrads()  # which are of another type still
    return model


def batch_of(rng, count=6, longest=8):
    """Texts, and the class of each; none has a word twice, for which a maximum would have no one gradient."""
    sequences = [rng.permutation(WORDS)[: rng.integers(1, longest + 1)].astype("i") for _ in range(count)]
    return sequences, rng.integers(0, CLASSES, count).astype("i")


def loss_of(model, sequences, labels):
    packed = packing.pack_sequences(sequences)
    return model(packed, labels[packed.order])


def probabilities_of(model, sequences):
    """In the order of the sequences."""
    packed = packing.pack_sequences(sequences)
    found = numpy.empty((len(sequences), model.sizes.classes), model.out.W.dtype)
    found[packed.order] = model.probabilities(packed)
    return found


def read(model, stack, ids):
    """What each word of a text says, (R, N): a word at a time, layer by layer, in plain Chainer."""
    rows = model.l0(ids)
    for name in stack:
        below, before = getattr(model, f"{name}_x"), getattr(model, f"{name}_h")
        h = c = model.xp.zeros((1, before.W.shape[1]), rows.dtype)
        said = []
        for row in rows:
            z = below(row[None]) + before(h)
            c, h = F.lstm(c, z) if model.sizes.model != "rnn" else (c, F.tanh(z))
            said.append(h)
        said, below = F.concat(said, axis=0), rows if name != stack[0] else None
        rows = said + below if model.sizes.skip and below is not None and below.shape == said.shape else said
    return rows


def pooled(rows, pool):
    pools = {"mean": F.mean(rows, axis=0), "max": F.max(rows, axis=0), "last": rows[-1]}
    return F.concat([pools[part] for part in ("last", "max", "mean")], axis=0) if pool == "concat" else pools[pool]


def plain_logits(model, ids):
    """Of one text, (1, K), by what the model is said to be."""
    if model.sizes.model == "flatten":  # zeros, and the last word in the first place
        rows = F.pad(model.l0(ids[::-1]), [(0, MAXLEN - len(ids)), (0, 0)], "constant")
        return model.out(rows.reshape(1, -1))
    stacks = model.sizes.stacks() or [[]]
    said = [pooled(read(model, stack, ids[::step]), model.sizes.pool) for stack, step in zip(stacks, (1, -1))]  # noqa: B905
    return model.out(F.concat(said, axis=0)[None])
