"""Each filter is its slow, obvious twin, on NumPy's arrays and on others; and their order is the documented one."""

import itertools
import math

import numpy
import pytest

from tests.sampling import foreign
from tsuzuri.sampling import filters
from tsuzuri.sampling.history import History
from tsuzuri.sampling.scores import WordScores
from tsuzuri.sampling.stream import generate_words

INF = math.inf
BATCH = 4


def shares(row):
    """The probabilities of a list of logits."""
    most = max(row)
    weights = [math.exp(x - most) for x in row]
    return [w / sum(weights) for w in weights]


def kept_only(row, kept):
    return [x if i in kept else -INF for i, x in enumerate(row)]


def slow_penalty(row, words, penalty):
    recent = words[-filters.RECENT :]
    return [(x / penalty if x > 0 else x * penalty) if i in recent else x for i, x in enumerate(row)]


def slow_no_repeat(row, words, n):
    phrases = {tuple(words[at : at + n]) for at in range(len(words) - n + 1)}
    start = tuple(words[len(words) - n + 1 :])
    kept = [i for i, x in enumerate(row) if x > -INF and (*start, i) not in phrases]
    return kept_only(row, kept) if kept else row


def slow_temperature(row, t):
    return [(x - max(row)) / t for x in row]


def slow_top_k(row, k):
    return kept_only(row, [i for i, x in enumerate(row) if sum(y > x for y in row) < k])


def slow_fewest(row, order, mass):
    p, kept, total = shares(row), [], 0.0
    for i in order:
        if total >= mass:
            break
        kept.append(i)
        total += p[i]
    return kept_only(row, kept)


def slow_top_p(row, mass):
    p = shares(row)
    return slow_fewest(row, sorted(range(len(row)), key=lambda i: (-p[i], i)), mass)


def slow_min_p(row, share):
    p = shares(row)
    return kept_only(row, [i for i in range(len(row)) if p[i] >= share * max(p) * (1 - 1e-12)])


def slow_typical(row, mass):
    p = shares(row)
    entropy = -sum(x * math.log(x) for x in p if x)
    away = [abs(-math.log(x) - entropy) if x else INF for x in p]
    return slow_fewest(row, sorted(range(len(row)), key=lambda i: (away[i], i)), mass)


LOOKING_BACK = [
    (filters.repetition_penalty, slow_penalty, (1.0, 1.3, 4.0)),
    (filters.no_repeat_ngrams, slow_no_repeat, (1, 2, 3)),
]
OTHERS = [
    (filters.temperature, slow_temperature, (0.3, 1.0, 2.0)),
    (filters.top_k, slow_top_k, (1, 3, 99)),
    (filters.top_p, slow_top_p, (0.1, 0.6, 0.95)),
    (filters.min_p, slow_min_p, (0.02, 0.3, 1.0)),
    (filters.typical, slow_typical, (0.1, 0.6, 0.95)),
]


@pytest.fixture(params=["numpy", "foreign", pytest.param("cupy", marks=pytest.mark.gpu)])
def module(request):
    """NumPy, CuPy, or what is as strict as CuPy."""
    if request.param == "cupy":
        return pytest.importorskip("cupy")
    return {"numpy": numpy, "foreign": foreign.xp}[request.param]


def on_host(array):
    return array.get() if hasattr(array, "get") else array


def some_logits(rng, size):
    """Random ones (B, size), of which some are forbidden."""
    logits = rng.normal(0, 3, (BATCH, size)).astype("f")
    logits[rng.random(logits.shape) < 0.2] = -numpy.inf
    logits[:, 0] = rng.normal(0, 3, BATCH)
    return logits


def same(found, rows):
    numpy.testing.assert_allclose(on_host(found), rows, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(("fast", "slow", "values"), OTHERS, ids=lambda part: getattr(part, "__name__", ""))
def test_a_filter_is_its_twin(rng, module, fast, slow, values):
    for value in values:
        for size in (1, 2, 17, 60):
            logits = some_logits(rng, size)
            found = fast(module.asarray(logits), value)
            assert type(found) is type(module.asarray(logits))
            same(found, [slow(row, value) for row in logits.tolist()])


@pytest.mark.parametrize(("fast", "slow", "values"), LOOKING_BACK, ids=lambda part: getattr(part, "__name__", ""))
def test_a_filter_that_looks_back_is_its_twin(rng, module, fast, slow, values):
    for value in values:
        for size, length in ((1, 3), (3, 1), (3, 9), (5, 200), (90, 200)):
            logits, words = some_logits(rng, size), rng.integers(0, size, (BATCH, length)).astype("i")
            found = fast(module.asarray(logits), module.asarray(words), value)
            same(found, [slow(*row, value) for row in zip(logits.tolist(), words.tolist(), strict=True)])


def test_no_filter_changes_what_it_is_given(rng):
    logits, words = some_logits(rng, 30), rng.integers(0, 30, (BATCH, 40))
    before = logits.copy()
    for fast, _, values in LOOKING_BACK:
        fast(logits, words, values[-1])
    for fast, _, values in OTHERS:
        fast(logits, values[0])
    assert numpy.array_equal(logits, before)


def test_a_phrase_comes_again_where_nothing_else_is_left():
    logits = numpy.array([[1.0, -numpy.inf]])
    assert numpy.array_equal(filters.no_repeat_ngrams(logits, numpy.array([[0, 0, 0]]), 2), logits)


class Recorder:
    """Keeps the names of the filters in the order of their calls."""

    def __init__(self, monkeypatch):
        self.seen = []
        for fast, _, _ in LOOKING_BACK + OTHERS:
            monkeypatch.setattr(filters, fast.__name__, self._wrapped(fast))

    def _wrapped(self, fast):
        def call(*args):
            self.seen.append(fast.__name__)
            return fast(*args)

        return call


def test_the_order_is_the_documented_one(rng, monkeypatch):
    recorder = Recorder(monkeypatch)
    sample = filters.make_sampler(0.8, 9, 0.9, 0.01, 0.9, 1.2, 2)
    sample(some_logits(rng, 30), rng, None, rng.integers(0, 30, (BATCH, 9)))
    listed = [line.split("``")[1] for line in filters.__doc__.split("\n") if line[:1].isdigit()]
    assert recorder.seen == listed == [fast.__name__ for fast, _, _ in LOOKING_BACK + OTHERS]


SETTINGS = (0.9, 20, 0.95, 0.01, 0.9, 1.3, 3)


def test_a_draw_is_that_of_the_twins_in_turn(rng):
    logits, words = some_logits(rng, 40), rng.integers(0, 40, (BATCH, 60))
    wanted = []
    for row, past in zip(logits.tolist(), words.tolist(), strict=True):
        row = slow_no_repeat(slow_penalty(row, past, 1.3), past, 3)
        row = slow_top_p(slow_top_k(slow_temperature(row, 0.9), 20), 0.95)
        wanted.append(shares(slow_typical(slow_min_p(row, 0.01), 0.9)))
    seed = int(rng.integers(2**32))
    numbers = numpy.random.default_rng(seed).random((BATCH, 1))
    found = filters.make_sampler(*SETTINGS)(logits, numpy.random.default_rng(seed), None, words)
    assert found.tolist() == [int((numpy.cumsum(p) <= u).sum()) for p, u in zip(wanted, numbers[:, 0], strict=True)]


class Model:
    """A model whose logits depend on the last word, with arrays of a module."""

    def __init__(self, module, logits):
        self.xp, self.logits = module, module.asarray(logits)

    def reset_state(self):
        pass

    def step(self, words):
        return self.logits[words]


def test_a_stream_is_the_same_where_its_arrays_are_a_gpus(rng, module):
    logits, seed = rng.normal(0, 2, (40, 40)).astype("f"), int(rng.integers(2**32))

    def drawn(xp):
        model, sample, generator = Model(xp, logits), filters.make_sampler(*SETTINGS), numpy.random.default_rng(seed)
        rows = generate_words(model, [0, 5], sample, forbid_three, generator, 3, history=History(3), scores=scores)
        return [(next(rows).tolist(), scores.last.tolist()) for _ in range(50)]

    def forbid_three(logits):
        logits[:, 3] = -numpy.inf
        return logits

    scores = WordScores()
    found, wanted = drawn(module), drawn(numpy)
    assert [words for words, _ in found] == [words for words, _ in wanted]
    numpy.testing.assert_allclose([last for _, last in found], [last for _, last in wanted])
    assert not any(3 in words for words, _ in found)
    words = [[5] * 3, *(words for words, _ in found)]
    chances = [list(map(math.log, shares(row))) for row in logits.tolist()]  # of the forbidden word too
    pairs = [zip(*pair, strict=True) for pair in itertools.pairwise(words)]
    wanted = [[chances[last][word] for last, word in pair] for pair in pairs]
    numpy.testing.assert_allclose([last for _, last in found], wanted, rtol=1e-5)


def test_a_history_keeps_the_last_words(rng, monkeypatch):
    monkeypatch.setattr("tsuzuri.sampling.history.MOST", 300)
    history, words = History(2), rng.integers(0, 9, (1000, 2))
    for n, row in enumerate(words, 1):
        history.take(row)
        if n in (1, 255, 256, 257, 300, 301, 999):
            assert numpy.array_equal(history.words, words[max(0, n - 300) : n].T)
