"""How well a model predicts a text, on a state of its own."""

import numpy

from tsuzuri.compat import chainer
from tsuzuri.data import packing, windows

STREAM = 1000  # words a stream is at least long, so that few words lack what came before them
STREAMS, STEPS = 20, 35
WORDS = 20_000  # that a classifier reads at once


def evaluate_loss(model, ids):
    """Mean -log p of every word of ids (R,) but the first, in nats; the model's state is left as it was."""
    batch = max(1, min(STREAMS, len(ids) // STREAM))
    state = model.get_state()
    model.reset_state()
    nats = 0.0
    with chainer.no_backprop_mode(), chainer.using_config("train", False):
        for xs, ts in windows.evaluation_windows(ids, batch, STEPS):
            nats += float(model(model.xp.asarray(xs), model.xp.asarray(ts)).array) * batch
    model.set_state(state)
    return nats / (len(ids) - 1)


def class_probabilities(model, sequences):
    """A classifier's probability of every class for each sequence of ids, (n, K), in their order; none may be empty."""
    probabilities = numpy.empty((len(sequences), model.sizes.classes), "f")
    lengths = numpy.array([len(ids) for ids in sequences], "q")
    order = numpy.argsort(-lengths, kind="stable")  # sequences of like length together
    batch = numpy.cumsum(lengths[order]) // WORDS
    for places in numpy.split(order, numpy.flatnonzero(numpy.diff(batch)) + 1):
        if len(places):
            packed = packing.pack_sequences([sequences[n] for n in places])
            probabilities[places[packed.order]] = model.probabilities(packed)
    return probabilities


def evaluate_classes(model, examples):
    """A classifier's mean -log p of the right class, in nats, and its guesses (n,), for examples of one at least."""
    p = class_probabilities(model, examples.sequences)
    chosen = p[numpy.arange(len(p)), examples.labels]
    return float(-numpy.log(numpy.maximum(chosen, numpy.finfo("f").tiny)).mean()), p.argmax(1)
