"""The embedding's CUDA kernels, run by the emulator, against ``reference.py`` and ``numpy_/dropout.py``."""

import numpy
import pytest

from tests.conftest import relative_error
from tests.kernels import drops
from tsuzuri.kernels import reference
from tsuzuri.kernels.gpu import embedding, masks
from tsuzuri.kernels.numpy_ import dropout

RATIOS = [0.0, 0.3]
SIZES = [(1, 1, 1), (3, 31, 5), (7, 4, 2), (40, 33, 9), (131, 6, 300)]  # R, N, V
TYPES = ["f", "u2"]


def values(op):
    """Operands in float64."""
    return ((op.astype("u4") << 16).view("f") if op.dtype == "u2" else op).astype("d")


def mask(rows, units, ratio, key):
    return dropout.mask(numpy, (rows, units), ratio, key, "f").astype("d")


def key_of(rng, engine):
    key = int(rng.integers(2**64, dtype="u8"))
    return key, engine.asarray([key], "u8")


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize(("rows", "units", "words"), SIZES)
def test_embed(rng, emulated, rows, units, words, kind, ratio):
    w = rng.normal(size=(words, units)).astype("f")
    ids = rng.integers(0, words, rows).astype("i")
    found = []
    for seed in (1, 2):
        engine = emulated(seed)
        key, on_device = key_of(rng, engine)
        stride = -(-units // 16) * 16 + 16
        x = engine.empty((rows, stride), kind)
        embedding.embed(engine, engine.asarray(ids), engine.asarray(w), x, on_device, masks.Dropout.of(ratio))
        wanted = w[ids] * mask(rows, units, ratio, key)
        assert relative_error(values(x[:, :units]), wanted) < (1e-7 if kind == "f" else 2**-8)
        assert (values(x[:, :units])[wanted == 0] == 0).all()
        assert numpy.isnan(values(x[:, units:])).all()  # poison: nothing is written there
        found.append(values(x[:, :units]) if ratio == 0 else None)  # each with a key of its own
    assert ratio or (found[0] == found[1]).all()


def test_a_value_at_the_threshold_is_kept(emulated):
    engine, ratio = emulated(), drops.ratio_at(77, 21)
    kept = []
    for each in (ratio, ratio + drops.STEP):
        x, key = engine.empty((3, 16)), engine.asarray([77], "u8")
        w, ids = engine.asarray(numpy.ones((1, 16), "f")), engine.zeros(3, "i")
        embedding.embed(engine, ids, w, x, key, masks.Dropout.of(each))
        kept.append(bool(x.reshape(-1)[21]))
    assert kept == [True, False]


def gradient(engine, ids, g, words, key, ratio, period=0, more=(), there=None):
    """``more``: key and ratio of the words' mask; ``there``: what is added to."""
    rows, units = g.shape
    ids, g = engine.asarray(ids), engine.asarray(g)
    g_w, scratch = engine.empty((words, units)), engine.empty(embedding.gradient_scratch(rows, units))
    settings = engine.asarray([key], "u8"), masks.Dropout.of(ratio, period), scratch
    of_words = (engine.asarray(more[:1], "u8"), masks.Dropout.of(more[1])) if more else ()
    if there is not None:
        g_w[...] = engine.asarray(there)
    embedding.gradient(engine, ids, g, g_w, *settings, *of_words, accumulate=there is not None)
    return g_w


def many_of_one(rng, rows, words):
    """As in a text: one word is a third of all."""
    return numpy.where(rng.random(rows) < 1 / 3, words // 2, rng.integers(0, words, rows)).astype("i")


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize(("rows", "units", "words"), [*SIZES, (200, 3, 4), (64, 130, 2), (96, 2, 96)])
def test_gradient(rng, emulated, rows, units, words, ratio):
    g, ids = rng.normal(size=(rows, units)).astype("f"), many_of_one(rng, rows, words)
    key = int(rng.integers(2**64, dtype="u8"))
    wanted = reference.embedding_gradient(g * mask(rows, units, ratio, key), ids, words)
    found = [gradient(emulated(seed), ids, g, words, key, ratio) for seed in (1, 2)]
    assert relative_error(found[0], wanted, floor=1) < 1e-5
    assert (found[0][numpy.setdiff1d(numpy.arange(words), ids)] == 0).all()
    assert found[0].tobytes() == found[1].tobytes()


@pytest.mark.parametrize("rows", [31, 32, 33, 64, 65, 1100])
def test_a_word_in_many_chunks(rng, emulated, rows):
    """All rows of one word, and all but the first and the last, around the ends of chunks and of 32 chunks."""
    g = rng.normal(size=(rows, 1)).astype("f")
    for ids in (numpy.zeros(rows, "i"), numpy.r_[0, numpy.ones(rows - 2), 2].astype("i")):
        wanted = reference.embedding_gradient(g.astype("d"), ids, 3)
        assert relative_error(gradient(emulated(), ids, g, 3, 0, 0.0), wanted, floor=1) < 1e-5


@pytest.mark.parametrize("kind", TYPES)
def test_words_are_dropped_whole_and_a_mask_begins_anew(rng, emulated, kind):
    """As with ``dropout.drop_words``, then a mask over the streams of a step."""
    engine, (steps, batch, units, words) = emulated(), (4, 3, 5, 9)
    w = rng.normal(size=(words, units)).astype("f")
    ids = rng.integers(0, words, (steps, batch)).astype("i")
    (key, on_device), (word_key, word_on_device) = key_of(rng, engine), key_of(rng, engine)
    locked = numpy.broadcast_to(mask(batch, units, 0.3, key), (steps, batch, units))
    wanted = dropout.drop_words(w[ids], ids, words, 0.4, word_key) * locked
    x = engine.empty((steps * batch, 32), kind)
    settings = on_device, masks.Dropout.of(0.3, batch), word_on_device, masks.Dropout.of(0.4)
    embedding.embed(engine, engine.asarray(ids.reshape(-1)), engine.asarray(w), x, *settings)
    assert (dropout.mask(numpy, (words,), 0.4, word_key, "f") == 0).any()
    assert relative_error(values(x[:, :units]), wanted.reshape(-1, units)) < (1e-6 if kind == "f" else 2**-7)
    assert (values(x[:, :units])[wanted.reshape(-1, units) == 0] == 0).all()


@pytest.mark.parametrize(("steps", "batch", "units", "words"), [(4, 3, 5, 9), (8, 13, 2, 3), (35, 4, 3, 2)])
def test_gradients_of_words_that_are_dropped_are_added_to_others(rng, emulated, steps, batch, units, words):
    rows, key, word_key = steps * batch, 5, int(rng.integers(2**64, dtype="u8"))
    g, ids = rng.normal(size=(rows, units)).astype("f"), many_of_one(rng, rows, words)
    there = rng.normal(size=(words, units)).astype("f")
    locked = numpy.tile(mask(batch, units, 0.3, key), (steps, 1))
    wanted = reference.embedding_gradient(dropout.drop_words(g * locked, ids, words, 0.4, word_key), ids, words)
    settings = ids, g, words, key, 0.3, batch, (word_key, 0.4)
    assert relative_error(gradient(emulated(), *settings), wanted, floor=1) < 1e-5
    found = [gradient(emulated(seed), *settings, there) for seed in (1, 2)]
    assert relative_error(found[0], there + wanted, floor=1) < 1e-5
    assert found[0].tobytes() == found[1].tobytes()
