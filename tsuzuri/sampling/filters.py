"""From logits to a draw: temperature, top-k, top-p, then one word, in this order.

Each filter takes logits (B, V) and returns new ones, in which a word that cannot be drawn has -inf.
"""

import numpy

CANDIDATES = 1000  # words that top-p considers first


def temperature(logits, t):
    """Divide by t > 0, a number or (B, 1): below 1 likely words get likelier, above 1 all words get more even."""
    shifted = logits.astype("d") - logits.max(axis=1, keepdims=True)  # so that a tiny t overflows to -inf, not to NaN
    with numpy.errstate(over="ignore"):
        return shifted / t


def top_k(logits, k):
    """Keep the k highest of each row, and ties with the k-th; k is a number or (B, 1), None keeps all."""
    if k is None:
        return logits
    at = numpy.broadcast_to(logits.shape[1] - numpy.minimum(k, logits.shape[1]), (len(logits), 1))
    least = numpy.take_along_axis(numpy.partition(logits, numpy.unique(at), axis=1), at, axis=1)
    return numpy.where(logits < least, -numpy.inf, logits)


def top_p(logits, p):
    """Keep the fewest words whose probabilities sum to p or more (nucleus sampling, Holtzman et al. 2020).

    p is a number or (B, 1); None keeps all.
    """
    if p is None or numpy.min(p) >= 1:
        return logits
    probabilities = softmax(logits)
    order = _likeliest(probabilities, p)
    ranked = numpy.take_along_axis(probabilities, order, axis=1)
    before = numpy.cumsum(ranked, axis=1) - ranked  # of the words likelier than this one
    kept = numpy.zeros(logits.shape, bool)
    numpy.put_along_axis(kept, order, before < p, axis=1)
    return numpy.where(kept, logits, -numpy.inf)


def _likeliest(probabilities, p):
    """The likeliest words (B, C) of each row in order, at least as many as make up p: mostly few, which sort fast."""
    if probabilities.shape[1] > CANDIDATES:
        likely = numpy.argpartition(-probabilities, CANDIDATES, axis=1)[:, :CANDIDATES]  # (B, C)
        likely.sort(axis=1)  # so that equals are in the order of their ids, as below
        shares = numpy.take_along_axis(probabilities, likely, axis=1)
        if (shares.sum(axis=1, keepdims=True) > p).all():
            return numpy.take_along_axis(likely, numpy.argsort(-shares, axis=1, kind="stable"), axis=1)
    return numpy.argsort(-probabilities, axis=1, kind="stable")


def softmax(logits):
    """Probabilities (B, V) of logits, in float64."""
    shifted = logits.astype("d") - logits.max(axis=1, keepdims=True)
    p = numpy.exp(shifted)
    return p / p.sum(axis=1, keepdims=True)


def draw_words(logits, rng):
    """One word for each row, int32 (B,), by the inverse of the cumulative distribution at a uniform number."""
    cumulative = numpy.cumsum(softmax(logits), axis=1)
    total = cumulative[:, -1:]
    at = numpy.minimum(rng.random((len(logits), 1)) * total, numpy.nextafter(total, 0))  # never rounded up to the total
    return (cumulative <= at).sum(axis=1).astype(numpy.int32)


def make_sampler(t=1.0, k=None, p=None):
    """A function of logits (B, V), a random generator and a heat to words (B,): all of the above, row by row.

    A temperature of 0 takes the likeliest word. A heat h (B, 1) above 1, as from ``loops.LoopEscape``, raises t by
    h - 1, so that t = 0 becomes a draw too, and relaxes the other filters, as k = 1 alone would keep any loop closed: k
    is multiplied by h, and 1 - p divided by it. A heat of 1, or None, changes no draw.
    """

    def sample(logits, rng, heat=None):
        if heat is None:
            heat = numpy.ones((len(logits), 1))
        heated = t + (heat - 1)
        random = heated > 0
        likeliest = logits.argmax(axis=1)
        if not random.any():
            return likeliest.astype(numpy.int32)
        logits = temperature(logits, numpy.where(random, heated, 1))
        if k is not None:
            logits = top_k(logits, numpy.ceil(numpy.minimum(k * heat, logits.shape[1])).astype(int))
        if p is not None:
            logits = top_p(logits, p + (1 - p) * (1 - 1 / heat))
        return numpy.where(random[:, 0], draw_words(logits, rng), likeliest).astype(numpy.int32)

    return sample
