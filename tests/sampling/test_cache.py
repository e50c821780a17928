"""The neural cache, against the formula of its paper written out."""

import numpy
import pytest

from tsuzuri.sampling.cache import NeuralCache

UNITS, WORDS = 6, 5


def slow_probabilities(p, states, words, state, size, sharpness, weight):
    """The mixture over all words (V,): weights exp(theta h . h_i) of each of the last words, summed by word."""
    cached = numpy.zeros(len(p))
    for held, word in list(zip(states, words, strict=True))[-size:]:
        cached[word] += numpy.exp(sharpness / UNITS * float(held.astype("d") @ state))
    return (1 - weight) * p + weight * cached / cached.sum()


@pytest.mark.parametrize("size", [1, 7, 100])
def test_it_mixes_as_the_paper_says_and_forgets_the_oldest(rng, size):
    settings = {"size": size, "sharpness": 9.0, "weight": 0.3}
    cache, states, words = NeuralCache(UNITS, **settings), [], []
    for _ in range(20):
        state = rng.normal(0, 0.5, UNITS).astype("f")
        p = rng.dirichlet(numpy.ones(WORDS))
        found = numpy.exp([cache.log_probability(numpy.log(p[word]), state, word) for word in range(WORDS)])
        wanted = slow_probabilities(p, states, words, state, **settings) if words else p
        assert found == pytest.approx(wanted, rel=1e-5)
        assert found.sum() == pytest.approx(1)
        words.append(int(rng.integers(WORDS)))
        states.append(state)
        cache.take(state, words[-1])


def test_a_word_is_likelier_where_it_stood_in_the_same_state(rng):
    cache, here, there = NeuralCache(UNITS), *numpy.eye(UNITS, dtype="f")[:2]
    cache.take(here, 1)
    cache.take(there, 2)
    assert cache.log_probability(-5, here, 1) > cache.log_probability(-5, here, 2) > cache.log_probability(-5, here, 3)
    assert cache.log_probability(-numpy.inf, here, 3) == -numpy.inf


def test_states_far_apart_overflow_nothing():
    cache = NeuralCache(UNITS, sharpness=1e5)
    cache.take(numpy.ones(UNITS, "f"), 1)
    cache.take(-numpy.ones(UNITS, "f"), 2)
    assert cache.log_probability(-3.0, numpy.ones(UNITS, "f"), 1) == pytest.approx(numpy.log(0.8 * numpy.exp(-3) + 0.2))
