"""A model, a prime and a sampler to a stream of words."""

import numpy

BLOCK = 64  # words at most that a GPU draws before any of them is looked at


def generate_words(model, prime, sample, constrain, rng, batch=1, escape=None):
    """Yield the words that follow ``prime`` without end, (B,) int32 at a time.

    The model starts from no state and reads each id of ``prime`` (at least one), then each word drawn, once: a word is
    read when the next is asked for. ``sample(logits, rng, heat)`` draws, after ``constrain(logits)``; both on the CPU.
    ``escape`` is a fresh ``Escape`` of as many rows, which sees the words and gives the heat; None gives none.
    """
    model.reset_state()
    for word in prime:
        words = numpy.full(batch, word, numpy.int32)
        logits = next_logits(model, words)
        if escape:
            escape.read(words)
    while True:
        words = sample(constrain(logits), rng, escape.heat() if escape else None)
        if escape:
            escape.take(words)
        yield words
        logits = next_logits(model, words)


def next_logits(model, words):
    """The logits that follow ``words``, on the CPU: the one place where they leave a GPU."""
    logits = model.step(model.xp.asarray(words))
    return logits if isinstance(logits, numpy.ndarray) else logits.get()


def generate_words_on_gpu(writer, prime, constrain, steady):
    """Yield words as ``stream`` does, from a ``kernels.gpu.writing.Writer``, which reads, draws and escapes on a GPU.

    ``constrain`` is asked what it forbids, where it is ``steady`` only once: words then come in blocks, of whose last
    some are drawn for nothing.
    """
    for word in prime:
        writer.read(numpy.full(writer.batch, word, numpy.int32))
    while not steady:
        yield writer.word(forbidden_mask(constrain, writer.batch, writer.size))
    mask, count = forbidden_mask(constrain, 1, writer.size), 1
    while True:
        yield from writer.words(count, mask)
        mask, count = None, min(2 * count, BLOCK)


def forbidden_mask(constrain, rows, size):
    """What a constraint puts at -inf, as booleans (rows, size)."""
    return numpy.isneginf(constrain(numpy.zeros((rows, size), "f")))
