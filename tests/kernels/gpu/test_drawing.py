"""Drawing words in CUDA, emulated or on a GPU, against ``sampling/filters.py``."""

import itertools

import numpy
import pytest

from tests.kernels.gpu.writers import uniform
from tsuzuri.kernels.gpu import drawing
from tsuzuri.sampling import filters


class Given:
    """A generator of the numbers that it is given."""

    def __init__(self, numbers):
        self.numbers = numbers

    def random(self, shape):
        return self.numbers.reshape(shape)


def reference_draw(logits, mask, heat, settings, numbers):
    """Words (B,), and which of them hang on less than 1e-9: the sums here are rounded, and so are the device's weights.

    logits (B, V), mask (B, V) or (1, V), heat (B, 1), numbers (B,): uniform in [0, 1).
    """
    t, k, p = settings
    logits = numpy.where(mask, -numpy.inf, logits).astype("f")
    with numpy.errstate(over="ignore", invalid="ignore"):  # a tiny t, and a row of -inf alone, which becomes word 0
        words = filters.make_sampler(t, k, p)(logits, Given(numbers), heat)
        heated = t + (heat - 1)
        kept = filters.temperature(logits, numpy.where(heated > 0, heated, 1))
        if k is not None:
            kept = filters.top_k(kept, numpy.ceil(numpy.minimum(k * heat, logits.shape[1])).astype(int))
        near = numpy.zeros(len(logits), bool)
        if p is not None:
            share = p + (1 - p) * (1 - 1 / heat)
            ranked = -numpy.sort(-filters.softmax(kept), axis=1)
            near |= (abs(numpy.cumsum(ranked, axis=1) - share) < 1e-9).any(axis=1)
            kept = filters.top_p(kept, share)
        near |= (abs(numpy.cumsum(filters.softmax(kept), axis=1) - numbers[:, None]) < 1e-9).any(axis=1)
    return words, near & (heated[:, 0] > 0)


def draws(engine, logits, mask, heat, settings, key, first=0):
    """What the device draws, (B,)."""
    batch = len(logits)
    words, ring = engine.empty(batch, "i"), engine.asarray(numpy.full((3, batch), -1), "i")
    drawn = engine.asarray(numpy.full(batch, first), "u8")
    arrays = (engine.asarray(array, dtype) for array, dtype in ((logits, "f"), (mask, "u1"), (heat.reshape(-1), "d")))
    key = engine.asarray(numpy.array([key], "u8"))
    drawing.draw(engine, *arrays, drawing.draw_settings(*settings), key, drawn, words, ring)
    words, ring, drawn = map(engine.read, (words, ring, drawn))
    assert (ring[first % 3] == words).all()
    assert (ring[(first + 1) % 3] == -1).all()
    assert (drawn == first + 1).all()
    return words


def no_mask(rng, shape):
    return numpy.zeros((1, shape[1]), bool)


def one_left(rng, shape):
    return numpy.arange(shape[1]) != rng.integers(0, shape[1], (shape[0], 1))


def some_masked(rng, shape):
    return (rng.random(shape) < rng.random((shape[0], 1))) & one_left(rng, shape)


def normal(rng, shape):
    return rng.normal(0, rng.uniform(0.1, 9, (shape[0], 1)), shape)


def tied(rng, shape):
    return rng.integers(-4, 3, shape) * rng.choice([0.25, 1, 3], (shape[0], 1))


def equal(rng, shape):
    return numpy.broadcast_to(rng.normal(0, 20, (shape[0], 1)), shape)


def zeros_of_both_signs(rng, shape):
    return rng.choice([0.0, -0.0, -1.0, -1e-3, 1e-3], shape)


def wild(rng, shape):
    """Sure of one word; some words impossible, some alike to the last bit but one."""
    logits = rng.choice([-numpy.inf, -1e30, -80, -1, 0, 40], shape) + rng.choice([0, 1e-6, 2e-6], shape)
    return numpy.where(one_left(rng, shape), logits, 41)


LOGITS = [normal, tied, equal, zeros_of_both_signs, wild]
MASKS = [no_mask, one_left, some_masked]
TEMPERATURES, TOP_K, TOP_P = (
    [0, 1e-310, 1e-3, 0.7, 1, 3],
    [None, 1, 2, 7, 29, 10**6, 2**40],
    [None, 1e-12, 0.31234, 0.95123],
)


@pytest.mark.parametrize(("rows", "sizes"), [(5, (1, 3, 30, 100)), (2, (300,))])
@pytest.mark.parametrize("make", LOGITS)
def test_draws_are_those_of_the_filters(rng, engines, make, rows, sizes):
    hold_draws(rng, engines, make, rows, sizes)


@pytest.mark.gpu
@pytest.mark.parametrize("make", LOGITS)
def test_draws_of_a_large_vocabulary(rng, gpu, make):
    hold_draws(rng, lambda seed: gpu, make, 40, (5003, 60_000))


def hold_draws(rng, engines, make, rows, sizes):
    near, total = 0, 0
    for words, masks, t in itertools.product(sizes, MASKS, TEMPERATURES):
        settings = t, *(some[rng.integers(len(some))] for some in (TOP_K, TOP_P))
        heat = numpy.where(rng.random((rows, 1)) < 0.5, 1, 1 + rng.exponential(3, (rows, 1)))
        key, first = int(rng.integers(2**64, dtype="u8")), int(rng.integers(2**40))
        shape = rows, words
        inputs = make(rng, shape).astype("f"), masks(rng, shape), heat, settings
        want, close = reference_draw(*inputs, uniform(key, rows, first))
        found = draws(engines(int(rng.integers(9))), *inputs, key, first)
        assert (found == want)[~close].all(), (words, masks, settings)
        near, total = near + close.sum(), total + rows
    assert near <= 0.03 * total


def test_what_top_p_and_top_k_keep_of_equals(engines):
    """Of eight equals a half are the first four; a bound that two share is no bound to top-k."""
    engine, logits = engines(), numpy.zeros((200, 8))

    def drawn(*settings):
        return set(draws(engine, logits, numpy.zeros((1, 8)), numpy.ones((200, 1)), settings, 1).tolist())

    assert drawn(1, None, 0.5) == {0, 1, 2, 3}
    assert drawn(1, None, 0.50001) == {0, 1, 2, 3, 4}
    assert drawn(1, 3, None) == set(range(8))
    logits[:, [2, 5]] = 1
    assert drawn(1, 1, None) == {2, 5}
    assert drawn(1, 2, 0.5) == {2}
    assert drawn(0, None, None) == {2}


@pytest.mark.parametrize("count", [159, 160, 161])
def test_the_last_of_equals_where_the_share_of_a_warp_ends(engines, count):
    """Two warps look through 160 words each; the number drawn is so high that it is the last word that is kept."""
    key = next(key for key in itertools.count() if uniform(key, 1, 0)[0] > 0.997)
    for beside, last in ((-0.7, count - 1), (0.7, count)):  # of a step of the weights
        settings = 1, None, count / 300 + beside / (300 * 2**41)
        assert draws(engines(), numpy.zeros((1, 300)), numpy.zeros((1, 300)), numpy.ones(1), settings, key) == last


@pytest.mark.parametrize("settings", [(1, None, None), (0.8, 400, 0.9)], ids=str)
def test_the_number_of_threads_does_not_show(rng, emulated, settings):
    logits, heat = rng.normal(0, 2, (2, 5003)).astype("f"), numpy.array([[1.0], [1.5]])
    inputs = logits, no_mask(rng, logits.shape), heat, settings
    want, near = reference_draw(*inputs, uniform(5, 2, 77))
    for multiprocessors in (1, 2):  # fewer than rows, and as many
        found = draws(emulated(multiprocessors, multiprocessors=multiprocessors), *inputs, 5, 77)
        assert (found == want)[~near].all()


def test_random_numbers_are_even_and_each_stream_has_its_own(rng, engines):
    rows, cells, numbers = 40, 16, 25
    key, heat = int(rng.integers(2**64, dtype="u8")), numpy.ones((rows, 1))
    engine = engines()
    drawn = [
        draws(engine, numpy.zeros((rows, cells)), numpy.zeros((1, cells)), heat, (1, None, None), key, n)
        for n in range(numbers)
    ]  # (numbers, rows)
    for words in (numpy.array(drawn), numpy.diff(drawn, axis=0) % cells, numpy.diff(drawn, axis=1) % cells):
        counts, expected = numpy.bincount(words.reshape(-1), minlength=cells), words.size / cells
        assert ((counts - expected) ** 2 / expected).sum() < 52  # chi-square of 15: once in 200,000
