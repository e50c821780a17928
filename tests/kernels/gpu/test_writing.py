"""Writing in CUDA, run by the emulator and on a GPU where there is one: the step against ``reference.py``, the draw
against ``sampling/filters.py``, the way out of loops against ``sampling/loops.py``."""

import gc
import itertools
import weakref

import numpy
import pytest

from tests.conftest import relative_error
from tests.kernels.native.test_step import inputs, wanted
from tsuzuri.kernels.gpu import drawing, writing
from tsuzuri.kernels.gpu.writing import Writer
from tsuzuri.kernels.reference import splitmix64
from tsuzuri.sampling import filters
from tsuzuri.sampling.loops import LoopEscape
from tsuzuri.sampling.stream import generate_words

GOLDEN, WHOLE = 0x9E3779B97F4A7C15, 2**64
SIZES = [(1, 1, 2), (3, 7, 11), (3, 66, 9), (9, 13, 37), (10, 8, 5)]  # B, N, V
LARGE = [(1, 650, 10_000), (5, 1500, 7001), (8, 256, 10_000), (40, 650, 10_000)]
PLAIN = drawing.draw_settings()


@pytest.fixture(params=["emulated", pytest.param("gpu", marks=pytest.mark.gpu)])
def engines(request):
    """A function from a seed of the schedule to an engine."""
    engine = request.getfixturevalue(request.param)
    return engine if request.param == "emulated" else lambda seed=0: engine


def random_weights(rng, sizes):
    """The weights of a model, as a ``Writer`` takes them."""
    _, _, *weights = inputs(rng, sizes)
    return weights


@pytest.mark.parametrize("sizes", SIZES)
def test_a_step_is_the_references(rng, engines, sizes):
    hold_steps(rng, engines, sizes)


@pytest.mark.gpu
@pytest.mark.parametrize("sizes", LARGE)
def test_a_step_of_a_large_model(rng, gpu, sizes):
    hold_steps(rng, lambda seed: gpu, sizes)


def hold_steps(rng, engines, sizes):
    B, N, V = sizes
    weights = random_weights(rng, sizes)
    writers = [Writer(engines(seed), weights, B, PLAIN, 0) for seed in (1, 2)]
    state = [numpy.zeros((B, N), "f")] * 4
    for words in rng.integers(0, V, (3, B)).astype("i"):
        want, *state = wanted(words, state, *weights)
        for writer in writers:
            writer.read(words)
        found, again = (writer.logits() for writer in writers)
        assert relative_error(found, want, 0.1) < 1e-5
        assert numpy.array_equal(found, again)


def test_neither_the_other_streams_nor_their_number_show(rng, engines):
    weights = random_weights(rng, (1, 9, 21))
    words = rng.integers(0, 21, (3, 3)).astype("i")
    together, alone = Writer(engines(1), weights, 3, PLAIN, 0), Writer(engines(2), weights, 1, PLAIN, 0)
    for row in words:
        together.read(row)
        alone.read(row[:1])
        assert numpy.array_equal(together.logits()[:1], alone.logits())


def test_words_that_are_none_are_refused(rng, engines):
    writer = Writer(engines(), random_weights(rng, (2, 3, 5)), 2, PLAIN, 0)
    for wrong in ([0, 5], [-1, 0], [0], [0, 0, 0]):
        with pytest.raises(ValueError, match="words: must be 2, from 0 to 4"):
            writer.read(wrong)


def uniform(key, rows, number):
    """The device's random numbers in [0, 1): (rows,) float64."""
    seeds = (splitmix64((key + (row + 1) * GOLDEN) % WHOLE) for row in range(rows))
    return numpy.array([(splitmix64((seed + (number + 1) * GOLDEN) % WHOLE) >> 11) / 2**53 for seed in seeds])


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


class Model:
    """A writer's model for ``stream``: the same logits, to the bit."""

    xp = numpy

    def __init__(self, writer):
        self.writer = writer

    def reset_state(self):
        pass

    def step(self, words):
        self.writer.read(words)
        return self.writer.logits()


class Numbers:
    """A generator of the device's numbers for the draw after as many others as ``count``."""

    def __init__(self, key):
        self.key, self.count = key, -1

    def random(self, shape):
        return uniform(self.key, shape[0], self.count).reshape(shape)


@pytest.mark.parametrize(
    ("batch", "settings"), [(3, (1, 1, None)), (3, (1, None, None)), (9, (0.6, 4, 0.9)), (9, (0, None, None))]
)
def test_a_writer_writes_what_the_stream_does(rng, engines, settings, batch):
    weights, key, count = random_weights(rng, (batch, 5, 13)), int(rng.integers(2**64, dtype="u8")), 45
    mask, onset_keys, numbers = numpy.arange(13) == 3, rng.integers(-1, 3, 13), Numbers(key)

    def constrain(logits):
        numbers.count += 1
        return numpy.where(mask, -numpy.inf, logits)

    model = Model(Writer(engines(1), weights, batch, PLAIN, 0))
    made = generate_words(
        model, [1, 2], filters.make_sampler(*settings), constrain, numbers, batch, LoopEscape(batch, onset_keys)
    )
    want = numpy.array(list(itertools.islice(made, count)))
    writer = Writer(engines(2), weights, batch, drawing.draw_settings(*settings), key, onset_keys)
    for word in (1, 2):
        writer.read([word] * batch)
    assert numpy.array_equal(writer.words(count, mask), want)


def test_words_by_blocks_are_words_one_by_one(rng, engines, monkeypatch):
    monkeypatch.setattr(writing, "ROWS", 4)  # the ring comes round
    weights = random_weights(rng, (3, 5, 30))
    blocks, single, both = (Writer(engines(seed), weights, 3, PLAIN, 9) for seed in range(3))
    for writer in (blocks, single, both):
        writer.read([0, 1, 2])
    want = [single.word() for _ in range(15)]
    assert numpy.array_equal(numpy.concatenate([blocks.words(5), blocks.words(0), blocks.words(10)]), want)
    assert numpy.array_equal([both.word(), *both.words(6), both.word(), *both.words(7)], want)
    assert len(set(map(tuple, want))) > 5


def test_words_come_from_recorded_graphs(rng, engines):
    engine = engines()
    writer = Writer(engine, random_weights(rng, (3, 5, 30)), 3, PLAIN, 9)
    assert writer.why_no_graph is None
    for _ in range(2):
        writer.read([0, 1, 2])
        writer.word()
        writer.words(3)
    assert writer.why_no_graph is None


@pytest.mark.parametrize("graphs", [True, False])
def test_a_writer_goes_when_nobody_has_it(rng, emulated, graphs):
    engine = emulated()
    if not graphs:
        engine.why_no_graph, engine.record = "not here", lambda function: function
    writer = Writer(engine, random_weights(rng, (3, 5, 30)), 3, PLAIN, 9)
    for _ in range(2):
        writer.read([0, 1, 2])
        writer.word()
        writer.words(3)
    assert writer.why_no_graph == (None if graphs else "not here")
    gone = weakref.ref(writer)
    gc.disable()
    try:
        del writer
        assert gone() is None
        assert engine.used() == 0
    finally:
        gc.enable()


def test_a_mask_and_a_heat_hold_until_others_are_given(rng, engines):
    weights = random_weights(rng, (3, 3, 9))
    writer = Writer(engines(), weights, 3, drawing.draw_settings(0), 9, own_masks=True)
    writer.read([0, 0, 0])
    one, other = (numpy.arange(9) != numpy.array(left)[:, None] for left in ([4, 5, 5], [6, 7, 8]))
    assert writer.word(one).tolist() == [4, 5, 5]
    assert writer.word().tolist() == [4, 5, 5]
    assert writer.words(2).tolist() == [[4, 5, 5]] * 2
    assert writer.word(other).tolist() == [6, 7, 8]
    likeliest = writer.logits().argmax(axis=1)
    assert (writer.word(numpy.zeros(9)) == likeliest).all()
    heated = [writer.word(heat=[[1e6], [1.0], [1.0]]), *(writer.word() for _ in range(40))]
    assert len({words[0] for words in heated}) > 4


def looping(rng, count):
    """Words (count,) of phrases that are said some times, some long."""
    words = []
    while len(words) < count:
        phrase = rng.integers(0, 6, rng.choice([1, 2, 5, 20, 80]))
        words += phrase.tolist() * int(rng.integers(1, 40 // len(phrase) + 4))
    return words[:count]


@pytest.mark.parametrize("music", [False, True])
def test_the_watch_is_that_of_escape(rng, engines, music):
    rows, count, given = 5, 450, 30
    words = numpy.array([looping(rng, count) for _ in range(rows)]).T  # (count, rows)
    onset_keys = rng.integers(-1, 2, 6) if music else None
    engine, escape = engines(int(rng.integers(9))), LoopEscape(rows, onset_keys)
    heat, last = engine.asarray(numpy.ones(rows)), engine.zeros(rows, "i")
    state = engine.zeros((6, 1)), engine.zeros((rows, 16)), engine.zeros((rows, 16)), engine.zeros((rows, 8))
    watch = writing.watch(engine, rows, 6, numpy.full(6, -1) if onset_keys is None else onset_keys, heat)
    hottest = 1
    for number, row in enumerate(words):
        (escape.read if number < given else escape.take)(row)
        engine.upload(last, row.astype("i"))
        writing.enter(engine, last, *state, number >= given, watch)
        found = engine.read(heat)
        assert numpy.array_equal(found, escape.heat()[:, 0])
        hottest = max(hottest, found.max())
    assert hottest > 3
