"""From logits to a draw: filters in one order, then one word.

1. ``repetition_penalty``: words of the last ``RECENT`` become less likely
2. ``no_repeat_ngrams``: what would say a phrase of n words again goes
3. ``temperature``
4. ``top_k``: the k likeliest stay
5. ``top_p``: the likeliest that make up p stay
6. ``min_p``: those at least so likely as a share of the likeliest stay
7. ``typical``: those nearest to the expected surprise that make up a mass stay

What must not be drawn at all (``constraints.py``) is gone before the first. Each filter looks at what the one before it
left, its probabilities made to sum to one again. Each takes logits (B, V), of NumPy or of CuPy, and returns new ones of
the same kind, in which a word that cannot be drawn has -inf. At least one word of each row always stays.
"""

import sys

import numpy

CANDIDATES = 1000  # words that top-p considers first
RECENT = 64  # words that the repetition penalty looks back at: a paragraph


def module_of_array(array):
    """The module whose array this is: NumPy, or one such as CuPy, which is not imported here."""
    return sys.modules[type(array).__module__.partition(".")[0]]


def repetition_penalty(logits, words, penalty):
    """Make the last ``RECENT`` of words (B, T) less likely: logits above 0 are divided by it, others multiplied.

    penalty is 1, which changes nothing, or more (Keskar et al. 2019). Words that are gone stay gone.
    """
    if penalty == 1 or not words.shape[1]:
        return logits
    seen = _marked(logits, words[:, -RECENT:])
    return module_of_array(logits).where(seen, logits * (penalty ** (1 - 2.0 * (logits > 0))), logits)


def no_repeat_ngrams(logits, words, n):
    """Let no n words in a row be there twice (Paulus et al. 2018): -inf for the words that would end such a phrase.

    words (B, T) are all words so far. In a row of which nothing would be left, all stays as it is.
    """
    xp, before = module_of_array(logits), n - 1
    count = words.shape[1] - before  # of phrases
    if count < 1:
        return logits
    repeats = xp.ones((len(words), count), bool)
    for place in range(before):  # whether the phrase begins as the last n - 1 words
        repeats &= words[:, place : place + count] == words[:, count + place : count + place + 1]
    left = xp.where(_marked(logits, xp.where(repeats, words[:, before:], -1)), -numpy.inf, logits)
    return xp.where((left == -numpy.inf).all(axis=1, keepdims=True), logits, left)


def _marked(logits, words):
    """Which words of each row of logits (B, V) are in that of words (B, T), -1 being none: bool (B, V)."""
    xp, (batch, size) = module_of_array(logits), logits.shape
    marked = xp.zeros((batch, size + 1), bool)  # the last column is that of -1
    marked[xp.arange(batch)[:, None], words] = True
    return marked[:, :size]


def temperature(logits, t):
    """Divide by t > 0, a number or (B, 1): below 1 likely words get likelier, above 1 all words get more even."""
    shifted = logits.astype("d") - logits.max(axis=1, keepdims=True)  # so that a tiny t overflows to -inf, not to NaN
    with numpy.errstate(over="ignore"):
        return shifted / t


def top_k(logits, k):
    """Keep the k highest of each row, and ties with the k-th; k is a number or (B, 1), None keeps all."""
    if k is None:
        return logits
    xp = module_of_array(logits)
    at = numpy.broadcast_to(logits.shape[1] - numpy.minimum(k, logits.shape[1]), (len(logits), 1))
    ranked = xp.partition(logits, numpy.unique(at).tolist(), axis=1)
    return xp.where(logits < xp.take_along_axis(ranked, xp.asarray(at), axis=1), -numpy.inf, logits)


def top_p(logits, p):
    """Keep the fewest words whose probabilities sum to p or more (nucleus sampling, Holtzman et al. 2020).

    p is a number or (B, 1); None keeps all.
    """
    if p is None or numpy.min(p) >= 1:
        return logits
    probabilities = softmax(logits)
    return _fewest(logits, probabilities, -probabilities, p)


def min_p(logits, share):
    """Keep the words that are at least ``share`` times as likely as the likeliest (Nguyen et al. 2024).

    share is a number from 0 to 1, or (B, 1); None keeps all.
    """
    if share is None:
        return logits
    xp = module_of_array(logits)
    with numpy.errstate(divide="ignore"):
        least = logits.max(axis=1, keepdims=True) + xp.asarray(numpy.log(share))
    return xp.where(logits < least, -numpy.inf, logits)


def typical(logits, mass):
    """Keep the fewest words that make up ``mass``, those first whose surprise is nearest to the expected one.

    That is the entropy of the row (locally typical sampling, Meister et al. 2023). mass is a number or (B, 1); None
    keeps all.
    """
    if mass is None or numpy.min(mass) >= 1:
        return logits
    xp = module_of_array(logits)
    probabilities = softmax(logits)
    possible = probabilities > 0
    surprise = -xp.log(xp.where(possible, probabilities, 1))
    entropy = (probabilities * surprise).sum(axis=1, keepdims=True)
    return _fewest(logits, probabilities, xp.where(possible, abs(surprise - entropy), numpy.inf), mass)


def _fewest(logits, probabilities, rank, mass):
    """Keep the fewest words of the lowest rank (B, V) whose probabilities (B, V) sum to mass, a number or (B, 1)."""
    xp = module_of_array(logits)
    mass = xp.asarray(mass)
    order = _lowest(probabilities, rank, mass)
    ranked = xp.take_along_axis(probabilities, order, axis=1)
    before = xp.cumsum(ranked, axis=1) - ranked  # of the words of a lower rank
    kept = xp.zeros(logits.shape, bool)
    kept[xp.arange(len(logits))[:, None], order] = before < mass
    return xp.where(kept, logits, -numpy.inf)


def _lowest(probabilities, rank, mass):
    """The words (B, C) of each row by their rank, at least as many as make up mass: mostly few, which sort fast."""
    xp = module_of_array(rank)
    if rank.shape[1] > CANDIDATES:
        lowest = xp.sort(xp.argpartition(rank, CANDIDATES, axis=1)[:, :CANDIDATES], axis=1)  # equals by their ids
        shares = xp.take_along_axis(probabilities, lowest, axis=1)
        if (shares.sum(axis=1, keepdims=True) > mass).all():
            ranks = xp.take_along_axis(rank, lowest, axis=1)
            return xp.take_along_axis(lowest, xp.argsort(ranks, axis=1, kind="stable"), axis=1)
    return xp.argsort(rank, axis=1, kind="stable")


def softmax(logits):
    """Probabilities (B, V) of logits, in float64."""
    shifted = logits.astype("d") - logits.max(axis=1, keepdims=True)
    p = module_of_array(logits).exp(shifted)
    return p / p.sum(axis=1, keepdims=True)


def draw_words(logits, rng):
    """One word for each row, int32 (B,), by the inverse of the cumulative distribution at a uniform number."""
    xp = module_of_array(logits)
    cumulative = xp.cumsum(softmax(logits), axis=1)
    total = cumulative[:, -1:]
    at = xp.asarray(rng.random((len(logits), 1))) * total
    at = xp.minimum(at, xp.nextafter(total, xp.zeros_like(total)))  # never rounded up to the total
    return (cumulative <= at).sum(axis=1).astype(numpy.int32)


def make_sampler(t=1.0, k=None, p=None, share=None, mass=None, penalty=1.0, n=None):
    """A function of logits (B, V), a random generator, a heat and words (B, T) to words (B,): all filters in order.

    ``share`` is min_p's, ``mass`` typical's, ``penalty`` and ``n`` those of the first two, which need the words so far.
    A temperature of 0 takes the likeliest word. A heat h (B, 1) above 1, as from ``loops.LoopEscape``, raises t by
    h - 1, so that t = 0 becomes a draw too, and relaxes the filters after it, as k = 1 alone would keep any loop
    closed: k is multiplied by h, 1 - p and 1 - mass are divided by it, and so is share. A heat of 1, or None, changes
    no draw.
    """

    def sample(logits, rng, heat=None, words=None):
        xp = module_of_array(logits)
        if heat is None:
            heat = numpy.ones((len(logits), 1))
        if words is not None:
            logits = repetition_penalty(logits, words, penalty)
            logits = logits if n is None else no_repeat_ngrams(logits, words, n)
        heated = t + (heat - 1)
        random = heated > 0
        likeliest = logits.argmax(axis=1)
        if not random.any():
            return likeliest.astype(numpy.int32)
        logits = temperature(logits, xp.asarray(numpy.where(random, heated, 1)))
        if k is not None:
            logits = top_k(logits, numpy.ceil(numpy.minimum(k * heat, logits.shape[1])).astype(int))
        logits = top_p(logits, _relaxed(p, heat))
        if share is not None:
            logits = min_p(logits, share / heat)
        logits = typical(logits, _relaxed(mass, heat))
        return xp.where(xp.asarray(random[:, 0]), draw_words(logits, rng), likeliest).astype(numpy.int32)

    return sample


def _relaxed(mass, heat):
    return None if mass is None else mass + (1 - mass) * (1 - 1 / heat)
