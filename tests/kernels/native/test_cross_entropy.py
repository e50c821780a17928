"""Softmax cross-entropy in C++ against ``kernels/reference.py``, and how its products round."""

import numpy
import pytest

from tests.kernels.native.measures import LEVELS, MEASURE, NATIVE, TOLERANCE
from tsuzuri.kernels import native, reference
from tsuzuri.kernels.native import calls

pytestmark = pytest.mark.skipif(NATIVE is None, reason="the native kernels are not built here")


@pytest.mark.parametrize(("rows", "units", "words"), [(1, 1, 2), (5, 3, 7), (37, 13, 101), (130, 70, 64), (9, 600, 33)])
@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_cross_entropy(rng, level, precision, rows, units, words, smoothing):
    hold_cross_entropy(rng, precision, rows, units, words, smoothing)


IN_BLOCKS = [*((level, native.FLOAT32) for level in LEVELS), *((level, native.BFLOAT16) for level in LEVELS[:1])]


@pytest.mark.parametrize(("level", "precision"), IN_BLOCKS, indirect=["level"])
def test_cross_entropy_of_more_than_a_block_of_logits(rng, level, precision):
    hold_cross_entropy(rng, precision, 700, 16, 6500, 0.1)


def hold_cross_entropy(rng, precision, rows, units, words, smoothing):
    h, w = rng.normal(size=(rows, units)), rng.normal(size=(words, units)) / numpy.sqrt(units)
    h, w, b = (array.astype("f") for array in (h, w, rng.normal(size=words)))
    target = rng.integers(-1, words, rows).astype("i")
    want = reference.cross_entropy(*(array.astype("d") for array in (h, w, b)), target, smoothing)
    got = calls.cross_entropy(h, w, b, target, 0.25, True, precision, smoothing)
    for found, wanted, scale in zip(got, want, (1, 0.25, 0.25, 0.25), strict=True):
        assert MEASURE[precision](found, scale * wanted, scale) < TOLERANCE[precision]
    assert calls.cross_entropy(h, w, b, target, 0.25, False, precision, smoothing) == (got[0], None, None, None)


def test_cross_entropy_of_huge_logits(level):
    h, w = numpy.array([[1e4]], "f"), numpy.array([[1.0], [-1.0]], "f")
    loss, g_h, _, _ = calls.cross_entropy(h, w, numpy.zeros(2, "f"), numpy.array([1], "i"), 1.0, True, native.FLOAT32)
    assert loss == 2e4
    assert g_h == 2


def test_bfloat16_rounds_to_the_nearest_and_even(level):
    """A product with 1 shows what a value was rounded to: 8 bits of significand stay."""
    values = numpy.array([1.0, 1 + 2**-8, 1 + 3 * 2**-8, 1 + 2**-8 + 2**-20, -3.0e-5, 65535.0], "f")
    want = numpy.array([1.0, 1.0, 1 + 2**-6, 1 + 2**-7, -3.0040740966796875e-05, 65536.0], "f")
    one, target = numpy.ones((1, 1), "f"), numpy.zeros(1, "i")
    for value, rounded in zip(values, want, strict=True):
        w = numpy.array([[0.0], [value]], "f")
        # two words: softmax of 0 and of the value, whose gradient with respect to h is p w, w rounded
        g_h = calls.cross_entropy(one, w, numpy.array([0, 100], "f"), target, 1.0, True, native.BFLOAT16)[1]
        assert g_h[0, 0] == rounded
