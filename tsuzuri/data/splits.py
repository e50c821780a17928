"""Which examples are learned from and which are held out: by class, and never one text on both sides."""

import math
from collections import Counter

import numpy


def hold_out(labels, fraction, rng, texts=None):
    """The places of the examples that are kept and of those held out, two ascending int64 arrays.

    Of each class, ``fraction`` (between 0 and 1) is held out, rounded down or up so that the total is as near to its
    own share as can be (largest remainders); at least one example is, and at least one stays, but the only one of a
    class stays. ``labels`` are the classes' names or numbers, ``texts`` what must not be on both sides, anything
    hashable: examples that are the same there stay together, for which a class may miss its share by a few.
    """
    groups, names = _groups(labels, texts), Counter(labels)
    wanted = dict(zip(names, _shares(list(names.values()), fraction), strict=True))
    held, out = Counter(), set()
    order = [groups[n] for n in rng.permutation(len(groups))]
    for group in order:
        touched = Counter(labels[n] for n in group)
        if all(held[name] + count <= wanted[name] for name, count in touched.items()):
            held.update(touched)
            out.update(group)
    for group in sorted(order, key=len):  # classes whose texts all stand there more often than their share allows
        touched = Counter(labels[n] for n in group)
        alone = any(wanted[name] and not held[name] for name in touched)
        if alone and all(held[name] + count < names[name] for name, count in touched.items()):
            held.update(touched)
            out.update(group)
    taken = numpy.zeros(len(labels), bool)
    taken[sorted(out)] = True
    return numpy.flatnonzero(~taken), numpy.flatnonzero(taken)


def class_folds(labels, k, rng, texts=None):
    """``k`` splits as pairs (kept, held) like those of ``split``; each example is held out in exactly one of them.

    The numbers of a class's examples in any two folds differ by one at most, and so do the folds' sizes, but for
    ``texts`` that stand there more than once.
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
    """Lists of the places that belong together."""
    if texts is None:
        return [[n] for n in range(len(labels))]
    places = {}
    for n, text in enumerate(texts):
        places.setdefault(text, []).append(n)
    return list(places.values())


def _shares(counts, fraction):
    """How many of each class are held out: its share rounded down, or up for the largest remainders."""
    quotas = [count * fraction for count in counts]
    shares = [max(min(1, count - 1), math.floor(q)) for q, count in zip(quotas, counts, strict=True)]
    missing = round(sum(quotas)) - sum(shares)
    more = [n for n, count in enumerate(counts) if shares[n] < min(quotas[n], count - 1)]
    for n in sorted(more, key=lambda n: shares[n] - quotas[n])[: max(0, missing)]:
        shares[n] += 1
    return shares
