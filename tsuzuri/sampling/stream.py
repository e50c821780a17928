"""A stream of words from a model, a prime and a sampler."""

import numpy

BLOCK = 64  # words at most that a GPU draws before the CPU gets any of them


def generate_words(model, prime, sample, constrain, rng, batch=1, escape=None):
    """Yield the words that follow ``prime``, int32 (B,) at a time, without end.

    The model starts from a reset state and reads each id of ``prime`` (at least one), then each word drawn, once: a
    word is read when the next one is requested. ``sample(logits, rng, heat)`` draws, after ``constrain(logits)``, both
    on the CPU. ``escape`` is a new ``loops.LoopEscape`` of as many rows, which gives the heat, or None.
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
    """Yield words as ``generate_words`` does, from a ``kernels.gpu.writing.Writer``, which draws them on a GPU.

    The mask of ``constrain`` is computed for each word for which it has ``changed``, if it says so, or only once where
    it is ``steady``: words then come in blocks, the last of which may hold words that are never used.
    """
    for word in prime:
        writer.read(numpy.full(writer.batch, word, numpy.int32))
    while not steady:
        changed = getattr(constrain, "changed", True)
        yield writer.word(forbidden_mask(constrain, writer.batch, writer.size) if changed else None)
    mask, count = forbidden_mask(constrain, 1, writer.size), 1
    while True:
        yield from writer.words(count, mask)
        mask, count = None, min(2 * count, BLOCK)


def forbidden_mask(constrain, rows, size):
    """The words that a constraint sets to -inf, bool (rows, size)."""
    return numpy.isneginf(constrain(numpy.zeros((rows, size), "f")))
