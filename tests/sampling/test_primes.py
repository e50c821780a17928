"""Texts with beginnings of different lengths, side by side, each read from a reset state and nothing else."""

import itertools

import numpy

from tsuzuri.sampling import filters
from tsuzuri.sampling.loops import LoopEscape
from tsuzuri.sampling.primes import Primes
from tsuzuri.sampling.stream import generate_words


class Sums:
    """A model whose state is the list of words that each row has read; the next word is certain: their sum."""

    xp = numpy

    def reset_state(self):
        self.read = None

    def step(self, words):
        self.read = [[] for _ in words] if self.read is None else self.read
        logits = numpy.full((len(words), 20), -90.0, "f")
        for row, word in enumerate(words.tolist()):
            self.read[row].append(word)
            logits[row, (7 * sum(self.read[row]) + len(self.read[row])) % 20] = 0
        return logits


def drawn(primes, rng, count=10):
    model = Sums()
    rows = generate_words(model, primes, filters.make_sampler(), lambda logits: logits, rng, len(primes))
    return model, numpy.array(list(itertools.islice(rows, count))).T.tolist()


def test_each_text_is_as_it_would_be_alone(rng):
    given = [[0, 3, 4], [0], [0, 9, 9, 9, 9, 9], [0, 1]]
    primes = Primes(given)
    assert (primes.start, primes.extra.tolist(), primes.same) == (1, [2, 0, 5, 1], False)
    model, together = drawn(primes, rng)
    for row, prime in enumerate(given):
        alone = drawn(Primes([prime]), rng)[1][0]
        assert together[row][: len(prime) - 1] == prime[1:]
        assert together[row][len(prime) - 1 :] == alone[: 10 - len(prime) + 1]
        assert model.read[row] == [0, *together[row][:-1]]
    assert Primes([[0, 1], [0, 1]]).same


def test_a_prime_that_loops_heats_nothing_while_others_are_drawn():
    escape = LoopEscape(2)
    for _ in range(60):
        escape.take(numpy.array([1, 1]), numpy.array([False, True]))
    assert escape.heat()[0, 0] == 1 < escape.heat()[1, 0]
