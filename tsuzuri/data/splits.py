"""Which examples are trained on and which are held out: by class, and never one text on both sides."""

import math
from collections import Counter
from collections.abc import Hashable, Sequence

import numpy


def hold_out(
    labels: Sequence, fraction: float, rng: numpy.random.Generator, texts: Sequence[Hashable] | None = None
) -> tuple[numpy.ndarray, numpy.ndarray]:
    """The places of the examples that are kept and of those held out, two ascending int64 arrays.

    Of each class, ``fraction`` (between 0 and 1) is held out, rounded down or up so that the total is as near to its
    own share as can be (largest remainders). At least one example of a class is held out and at least one is kept; a
    single one is kept. ``labels`` are the classes' names or numbers. ``texts``, anything hashable, say which examples
    must be on one side: those that are equal stay together, and so a class may miss its share by a few.
    """
    groups, sizes = _groups(labels, texts), Counter(labels)
    quotas = dict(zip(sizes, _quotas(list(sizes.values()), fraction), strict=True))
    counts, places = Counter(), set()  # of what is held out
    order = [groups[n] for n in rng.permutation(len(groups))]
    for group in order:
        added = Counter(labels[n] for n in group)
        if all(counts[name] + count <= quotas[name] for name, count in added.items()):
            counts.update(added)
            places.update(group)
    for group in sorted(order, key=len):  # for classes whose every text is repeated more often than the quota allows
        added = Counter(labels[n] for n in group)
        lacking = any(quotas[name] and not counts[name] for name in added)
        if lacking and all(counts[name] + count < sizes[name] for name, count in added.items()):
            counts.update(added)
            places.update(group)
    held = numpy.zeros(len(labels), bool)
    held[sorted(places)] = True
    return numpy.flatnonzero(~held), numpy.flatnonzero(held)


def class_folds(
    labels: Sequence, k: int, rng: numpy.random.Generator, texts: Sequence[Hashable] | None = None
) -> list[tuple[numpy.ndarray, numpy.ndarray]]:
    """``k`` splits as pairs (kept, held) like those of ``hold_out``; each example is held out in exactly one of them.

    The numbers of a class's examples in any two folds differ by one at most, and so do the folds' sizes, except for
    ``texts`` that are repeated.
    """
    groups = _groups(labels, texts)
    order = [groups[n] for n in rng.permutation(len(groups))]
    rank = {name: n for n, name in enumerate(dict.fromkeys(labels))}
    order.sort(key=lambda group: (rank[labels[group[0]]], -len(group)))  # what is together first, the rest levels it
    fold, sizes, counts = numpy.zeros(len(labels), int), [0] * k, [Counter() for _ in range(k)]
    for group in order:
        name = labels[group[0]]
        least = min(range(k), key=lambda n: (counts[n][name], sizes[n]))
        fold[group] = least
        sizes[least] += len(group)
        counts[least].update(labels[n] for n in group)
    return [(numpy.flatnonzero(fold != n), numpy.flatnonzero(fold == n)) for n in range(k)]


def _groups(labels, texts):
    """Lists of the places of examples that must be on one side."""
    if texts is None:
        return [[n] for n in range(len(labels))]
    places = {}
    for n, text in enumerate(texts):
        places.setdefault(text, []).append(n)
    return list(places.values())


def _quotas(sizes, fraction):
    """How many of each class to hold out: its share rounded down, or up for the largest remainders."""
    shares = [size * fraction for size in sizes]
    quotas = [max(min(1, size - 1), math.floor(share)) for share, size in zip(shares, sizes, strict=True)]
    missing = round(sum(shares)) - sum(quotas)
    candidates = [n for n, size in enumerate(sizes) if quotas[n] < min(shares[n], size - 1)]
    for n in sorted(candidates, key=lambda n: quotas[n] - shares[n])[: max(0, missing)]:
        quotas[n] += 1
    return quotas
