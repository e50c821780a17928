"""A stream of words from a model, a prime and a sampler."""

import itertools

import numpy

from tsuzuri.sampling.filters import module_of_array
from tsuzuri.sampling.primes import Primes

BLOCK = 64  # words at most that a GPU draws before the CPU gets any of them


def generate_words(model, prime, sample, constrain, rng, batch=1, escape=None, history=None, scores=None, cache=None):
    """Yield the words that follow ``prime``, int32 (B,) at a time, without end.

    The model starts from a reset state and reads each id of ``prime`` (at least one), then each word drawn, once: a
    word is read when the next one is requested. ``prime`` are the ids that ``batch`` texts begin with, or ``Primes``;
    of those that are longer than the shortest the rest is yielded as if it were drawn.

    ``sample(logits, rng, heat)`` draws, after ``constrain(logits)``; with a ``history.History``, which is new, it gets
    the words so far too. ``escape`` is a new ``loops.LoopEscape`` of as many rows, which gives the heat, ``scores`` a
    ``scores.WordScores``, which are the model's alone; with a new ``cache.NeuralCache`` what is drawn from is the
    mixture of both. Logits stay where the model is; ``constrain`` is always called on the CPU.
    """
    primes = prime if isinstance(prime, Primes) else Primes([list(prime)] * batch)
    model.reset_state()
    for words in primes.common():
        logits = _next_logits(model, words, cache)
        _read(words, escape, history)
    masked = _masking(constrain, module_of_array(logits))
    for count in itertools.count():
        chances = scores.chances(logits) if scores else None
        logits = masked(cache.mixed(logits) if cache else logits)
        heat = escape.heat() if escape else None
        so_far = (module_of_array(logits).asarray(history.words),) if history else ()
        words = _on_host(sample(logits, rng, heat, *so_far))
        given = primes.given(count)
        if given is not None:
            words = numpy.where(given < 0, words, given)
        if scores:
            scores.take(chances, model.xp.asarray(words))
        if escape:
            escape.take(words, None if given is None else given < 0)
        if history:
            history.take(words)
        yield words
        logits = _next_logits(model, words, cache)


def _next_logits(model, words, cache):
    """The model's logits (B, V) once it has read words (B,), which a cache remembers."""
    words = model.xp.asarray(words)
    logits = model.step(words)
    if cache:
        cache.read(words, model.get_state()[-1])
    return logits


def _read(words, escape, history):
    """Words (B,) of the prime, for those that look back."""
    if escape:
        escape.read(words)
    if history:
        history.take(words)


def _masking(constrain, xp):
    """``constrain`` as a function of logits (B, V) of ``xp``: on a GPU a mask, sent only where it may have changed."""
    if xp is numpy:
        return constrain
    sent = []

    def mask(logits):
        if not sent or getattr(constrain, "changed", True):
            sent[:] = [xp.asarray(forbidden_mask(constrain, *logits.shape))]
        return xp.where(sent[0], -numpy.inf, logits)

    return mask


def _on_host(words):
    return words.get() if hasattr(words, "get") else words


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
