"""The neural cache, against the formula of its paper in plain loops, and a model that draws with it word by word."""

import itertools
import math

import numpy
import pytest

from tests.conftest import _cupy
from tests.sampling import foreign
from tsuzuri.models.rnn import RNN, Sizes
from tsuzuri.sampling import cache, filters
from tsuzuri.sampling.cache import NeuralCache
from tsuzuri.sampling.primes import Primes
from tsuzuri.sampling.scores import WordScores
from tsuzuri.sampling.stream import generate_words

UNITS, WORDS = 6, 5


@pytest.fixture(params=["numpy", "foreign", pytest.param("cupy", marks=pytest.mark.gpu)])
def module(request):
    """What makes the arrays: NumPy, one as strict as CuPy, and CuPy where there is a GPU."""
    return _cupy() if request.param == "cupy" else {"numpy": numpy, "foreign": foreign.xp}[request.param]


class SlowCache:
    """A cache of one text: a list of pairs, and a weight exp(theta h . h_i) for each of the last ones."""

    def __init__(self, size, sharpness, weight, common=0):
        self.size, self.sharpness, self.weight, self.common = size, sharpness, weight, common
        self.pairs, self.now = [], None

    def read(self, word, state):
        if self.now is not None:
            self.pairs.append((self.now, word))
        self.now = [float(x) for x in state]

    def mixed(self, logits):
        """The mixture's probabilities, a list of V, of logits (V,)."""
        chances = [math.exp(x - max(logits)) for x in logits]
        p = [chance / math.fsum(chances) for chance in chances]
        weights = [0.0] * len(p)
        for state, word in self.pairs[-self.size :]:
            likeness = math.fsum(a * b for a, b in zip(state, self.now, strict=True))
            weights[word] += math.exp(self.sharpness / len(state) * likeness)
        if not any(weights):
            return p
        odds = self.weight / (1 - self.weight) / math.fsum(weights)
        mixed = [x + (odds * y if i >= self.common else 0) for i, (x, y) in enumerate(zip(p, weights, strict=True))]
        return [x / math.fsum(mixed) for x in mixed]


def on_host(array):
    return array.get() if hasattr(array, "get") else array


def probabilities(logits):
    return filters.softmax(on_host(logits)).tolist()


@pytest.mark.parametrize("size", [1, 3, 11, 100])
@pytest.mark.parametrize("common", [0, 2])
def test_it_mixes_as_the_paper_says_and_forgets_the_oldest(rng, module, size, common, monkeypatch):
    monkeypatch.setattr(cache, "ROOM", 3)  # so that it grows
    settings = {"size": size, "sharpness": 9.0, "weight": 0.3, "common": common}
    batch = 3
    fast, slow = NeuralCache(**settings), [SlowCache(**settings) for _ in range(batch)]
    for _ in range(20):
        words = rng.integers(WORDS - 1, size=batch).astype("i")  # the last is never read
        states = rng.normal(0, 0.5, (batch, UNITS)).astype("f")
        fast.read(module.asarray(words), module.asarray(states))
        for text, word, state in zip(slow, words.tolist(), states, strict=True):
            text.read(word, state)
        logits = rng.normal(0, 2, (batch, WORDS)).astype("f")
        found = fast.mixed(module.asarray(logits))
        wanted = [text.mixed(row.tolist()) for text, row in zip(slow, logits, strict=True)]
        assert found.dtype == "f"
        assert numpy.array(probabilities(found)) == pytest.approx(numpy.array(wanted), rel=2e-5)
        left = [*range(common), -1]
        assert (on_host(found)[:, left] == logits[:, left]).all()


def test_scoring_has_the_same_mixture(rng):
    fast, slow = NeuralCache(9, 9.0, 0.3), SlowCache(9, 9.0, 0.3)
    for _ in range(20):
        word, state = int(rng.integers(WORDS - 1)), rng.normal(0, 0.5, UNITS).astype("f")
        p = rng.dirichlet(numpy.ones(WORDS))
        fast.read(numpy.array([word]), state[None])
        slow.read(word, state)
        found = [math.exp(fast.log_probability(math.log(p[i]), i)) for i in range(WORDS)]
        assert found == pytest.approx(slow.mixed(numpy.log(p).tolist()), rel=1e-5)
        assert sum(found) == pytest.approx(1)


def test_a_word_is_likelier_where_it_stood_in_the_same_state():
    held, (here, there) = NeuralCache(), numpy.eye(2, UNITS, dtype="f")[:, None]
    for word, state in ((0, here), (1, there), (2, here)):  # 1 after here, 2 after there
        held.read(numpy.array([word]), state)
    assert held.log_probability(-5, 1) > held.log_probability(-5, 2) > held.log_probability(-5, 3)
    assert held.log_probability(-numpy.inf, 3) == -numpy.inf
    logits = held.mixed(numpy.array([[1, 1, 1, -numpy.inf, -900]], "f"))[0]
    assert logits[1] > logits[2] > logits[0] == 1
    assert logits[3:].tolist() == [-numpy.inf, -900]  # as it was, though its probability is 0 in float64


def test_states_far_apart_overflow_nothing(recwarn):
    held, ones = NeuralCache(sharpness=1e5), numpy.ones((1, UNITS), "f")
    for word, states in ((0, ones), (1, -ones), (2, ones)):
        held.read(numpy.array([word]), states)
    assert held.log_probability(-3.0, 1) == pytest.approx(math.log(0.8 * math.exp(-3) + 0.2))
    assert probabilities(held.mixed(numpy.zeros((1, 4), "f")))[0] == pytest.approx([0.2, 0.4, 0.2, 0.2])
    assert not recwarn.list


def test_words_come_from_the_mixture_and_their_scores_from_the_model(rng):
    """Each text has its own cache, which holds its beginning, of whatever length, and all that was drawn."""
    given = [[0, 3, 4, 3, 4], [0, 2], [0, 2]]
    model = RNN(Sizes(9, 7), rng)
    asked, scores, seed = [], WordScores(), int(rng.integers(2**32))

    def sample(logits, rng, heat):
        asked.append(probabilities(logits))
        return filters.draw_words(logits, rng)

    def forbid(logits):
        logits[:, 1] = -numpy.inf
        return logits

    def stream(draw=sample, **more):
        rows = generate_words(model, Primes(given), draw, forbid, numpy.random.default_rng(seed), len(given), **more)
        for row in itertools.islice(rows, 12):
            yield row.tolist(), None if scores.last is None else scores.last.tolist()

    drawn = list(stream(scores=scores, cache=NeuralCache(8, 60.0, 0.5)))
    alone = RNN(Sizes(9, 7), numpy.random.default_rng(0))
    alone.copyparams(model)
    for text, prime in enumerate(given):
        alone.reset_state()
        slow, words = SlowCache(8, 60.0, 0.5), [*prime[:2], *(row[text] for row, _ in drawn)]
        assert words[: len(prime)] == prime
        for place, word in enumerate(words[:-1]):
            logits = alone.step(numpy.array([word], "i"))[0].astype("d")
            slow.read(word, alone.get_state()[-1][0])
            if place:
                wanted = slow.mixed(logits.tolist())
                wanted[1] = 0.0
                assert asked[place - 1][text] == pytest.approx(numpy.array(wanted) / sum(wanted), rel=1e-4)
                score = logits[words[place + 1]] - math.log(numpy.exp(logits).sum())
                assert drawn[place - 1][1][text] == pytest.approx(score, rel=1e-4)
    assert [row for row, _ in stream(cache=NeuralCache(8, 60.0, 0.5))] == [row for row, _ in drawn]
    plain, asked[:] = asked[:], []
    list(stream())
    assert asked != plain
