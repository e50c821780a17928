"""The embedding in C++ and NumPy against its slow twin, whatever the sizes and the threads."""

import math

import numpy
import pytest

from tests.conftest import relative_error
from tests.kernels.update import NATIVE, needs_native
from tsuzuri.kernels import native, reference
from tsuzuri.kernels.numpy_ import embedding

TABLES = [(1, 1, 1), (1, 5, 3), (50, 3, 7), (3000, 257, 100), (40, 40000, 3)]  # R rows read, N units, V words


@needs_native
@pytest.mark.parametrize("level", NATIVE)
@pytest.mark.parametrize(("rows", "units", "words"), TABLES)
def test_embedding(rng, threads, level, rows, units, words):
    ids, w = rng.integers(0, words, rows).astype("i"), rng.normal(size=(words, units)).astype("f")
    g = rng.normal(size=(rows, units)).astype("f")
    want = reference.embedding_gradient(g, ids, words)
    assert relative_error(embedding.gradient(g, ids, words), want) < 1e-6
    for count in (1, 2, 3):
        threads(count)
        assert (native.extension().embed(level, ids, w) == w[ids]).all()
        numpy.full_like(want, math.nan)  # memory that is not zeros, to be handed out again
        assert (native.extension().embed_backward(level, g, ids, words) == want).all()  # in the same order, to the bit


@needs_native
def test_embedding_of_a_window(rng):
    ids, w = rng.integers(0, 9, (4, 3)).astype("i"), rng.normal(size=(9, 5)).astype("f")
    assert (native.extension().embed(native.level(), ids, w) == w[ids]).all()


@needs_native
@pytest.mark.parametrize("bad", [-1, 9])
def test_words_that_are_not_there_are_refused(bad):
    ids = numpy.array([0, bad, 8], "i")
    with pytest.raises(ValueError, match=f"ids: must be from 0 to 8, has {bad}"):
        native.extension().embed(native.level(), ids, numpy.zeros((9, 2), "f"))
    with pytest.raises(ValueError, match=f"ids: must be from 0 to 8, has {bad}"):
        native.extension().embed_backward(native.level(), numpy.zeros((3, 2), "f"), ids, 9)
