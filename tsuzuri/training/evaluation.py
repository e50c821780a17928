"""How well a model predicts a text, on a state of its own."""

import numpy

from tsuzuri.compat import chainer
from tsuzuri.data import layout, packing, windows

STREAM = 1000  # words a stream is at least long, so that few words lack what came before them
STREAMS, STEPS = 20, 35
WORDS = 20_000  # that a classifier reads at once


def evaluate_loss(model, ids):
    """Mean -log p of every word of ids (R,) but the first, in nats; the model's state is left as it was.

    So runs from before documents were kept apart are evaluated: in streams of the whole, wherever these begin.
    """
    batch = max(1, min(STREAMS, len(ids) // STREAM))
    return _sum_of_losses(model, windows.evaluation_windows(ids, batch, STEPS)) / (len(ids) - 1)


def evaluate_documents(model, ids, starts, carried=False):
    """Mean -log p of every id of documents that begin at ``starts`` and end with ``<eos>``, in nats.

    So many words and line ends as there are, the first word too, which is predicted from an ``<eos>`` and a state of
    zeros, as a text begins. The state is ``carried`` through the whole of each document, as published figures have it;
    or long ones are cut at line ends into streams, which is several times as fast. The model's own is left as it was.
    """
    pieces = _pieces(ids, starts, carried)
    cut = layout.scoring_windows(ids, pieces, STREAMS, STEPS, model.looked_up(ids))
    return _sum_of_losses(model, cut) / len(ids)


def is_cut(ids, starts):
    """Whether a document is so long that it is cut where the state is not to be ``carried`` through it."""
    return len(_pieces(ids, starts, False)) > len(starts)


def _pieces(ids, starts, carried):
    return layout.parts_to_score(ids, starts, len(ids) if carried else STREAM, STREAMS)


def _sum_of_losses(model, cut):
    """-log p of all targets of windows, from a state of its own; streams that have ended leave the state."""
    state, nats = model.get_state(), 0.0
    model.reset_state()
    with chainer.no_backprop_mode(), chainer.using_config("train", False):
        for xs, ts, resets in cut:
            streams = ts.shape[1]
            if resets is not None:
                model.reset_state()
            elif (carried := model.get_state()) is not None and len(carried[0]) > streams:
                model.set_state([array[:streams] for array in carried])
            nats += float(model(model.xp.asarray(xs), model.xp.asarray(ts)).array) * streams
    model.set_state(state)
    return nats


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
