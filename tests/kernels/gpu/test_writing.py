"""A writer in CUDA, emulated or on a GPU, writes what the stream of ``sampling`` does, and leaves loops as it does."""

import gc
import itertools
import weakref

import numpy
import pytest

from tests.kernels.gpu.writers import PLAIN, random_weights, uniform
from tsuzuri.kernels.gpu import drawing, writing
from tsuzuri.kernels.gpu.writing import Writer
from tsuzuri.sampling import filters
from tsuzuri.sampling.loops import LoopEscape
from tsuzuri.sampling.stream import generate_words


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
