"""Logits to a draw: temperature, then top-k, then top-p, then one word, in this order.

Each filter takes logits (B, V) and returns new ones, a word that cannot be drawn being at -inf.
"""

import numpy


def temperature(logits, t):
    """Divide by t: below 1 the likely becomes likelier, above 1 all becomes more even. t must be above 0."""
    shifted = logits.astype("d") - logits.max(axis=1, keepdims=True)  # so that a tiny t overflows to -inf, not to NaN
    return shifted / t


def top_k(logits, k):
    """Keep the k highest of each row (ties with the k-th stay); k None keeps all."""
    if k is None or k >= logits.shape[1]:
        return logits
    least = numpy.partition(logits, -k, axis=1)[:, -k, None]
    return numpy.where(logits < least, -numpy.inf, logits)


def top_p(logits, p):
    """Keep the fewest words whose probabilities sum to p or more (nucleus sampling, Holtzman et al. 2020)."""
    if p is None or p >= 1:
        return logits
    order = numpy.argsort(-logits, axis=1, kind="stable")
    probabilities = numpy.take_along_axis(softmax(logits), order, axis=1)
    before = numpy.cumsum(probabilities, axis=1) - probabilities  # of the words likelier than this one
    kept = numpy.empty(logits.shape, bool)
    numpy.put_along_axis(kept, order, before < p, axis=1)
    return numpy.where(kept, logits, -numpy.inf)


def softmax(logits):
    """Probabilities (B, V) of logits, in float64."""
    shifted = logits.astype("d") - logits.max(axis=1, keepdims=True)
    p = numpy.exp(shifted)
    return p / p.sum(axis=1, keepdims=True)


def draw(logits, rng):
    """One word a row, int32 (B,), by the inverse of the cumulative distribution at one uniform number each."""
    cumulative = numpy.cumsum(softmax(logits), axis=1)
    total = cumulative[:, -1:]
    at = numpy.minimum(rng.random((len(logits), 1)) * total, numpy.nextafter(total, 0))  # never rounded up to the total
    return (cumulative <= at).sum(axis=1).astype(numpy.int32)


def sampler(t=1.0, k=None, p=None):
    """A function of logits (B, V) and a generator to words (B,): all of the above; t = 0 takes the likeliest word."""

    def sample(logits, rng):
        if t == 0:
            return logits.argmax(axis=1).astype(numpy.int32)
        return draw(top_p(top_k(temperature(logits, t), k), p), rng)

    return sample
