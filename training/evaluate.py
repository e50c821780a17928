"""How well a model predicts a text, on a state of its own."""

from compat import chainer
from corpus import windows

STREAM = 1000  # words a stream is at least long, so that few words lack what came before them
STREAMS, STEPS = 20, 35


def loss(model, ids):
    """Mean -log p of every word of ids (R,) but the first, in nats; the model's state is left as it was."""
    batch = max(1, min(STREAMS, len(ids) // STREAM))
    state = model.get_state()
    model.reset_state()
    nats = 0.0
    with chainer.no_backprop_mode(), chainer.using_config("train", False):
        for xs, ts in windows.evaluation(ids, batch, STEPS):
            nats += float(model(model.xp.asarray(xs), model.xp.asarray(ts)).array) * batch
    model.set_state(state)
    return nats / (len(ids) - 1)
