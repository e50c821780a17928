"""A model, a prime and a sampler to a stream of words."""

import numpy


def stream(model, prime, sample, constrain, rng, batch=1, escape=None):
    """Yield the words that follow ``prime`` without end, (B,) int32 at a time.

    The model starts from no state and reads each id of ``prime`` (at least one), then each word drawn, once: a word is
    read when the next is asked for. ``sample(logits, rng, heat)`` draws, after ``constrain(logits)``; both on the CPU.
    ``escape`` is a fresh ``Escape`` of as many rows, which sees the words and gives the heat; None gives none.
    """
    model.reset_state()
    for word in prime:
        words = numpy.full(batch, word, numpy.int32)
        logits = read(model, words)
        if escape:
            escape.read(words)
    while True:
        words = sample(constrain(logits), rng, escape.heat() if escape else None)
        if escape:
            escape.take(words)
        yield words
        logits = read(model, words)


def read(model, words):
    """The logits that follow ``words``, on the CPU: the one place where they leave a GPU."""
    logits = model.step(model.xp.asarray(words))
    return logits if isinstance(logits, numpy.ndarray) else logits.get()
