"""Dropout in C++ has the masks of its twin in NumPy."""

import numpy
import pytest

from tests.kernels import drops
from tests.kernels.native.measures import NATIVE
from tsuzuri.kernels.native import calls
from tsuzuri.kernels.numpy_ import dropout

pytestmark = pytest.mark.skipif(NATIVE is None, reason="the native kernels are not built here")


@pytest.mark.parametrize("shape", [(1,), (3, 7), (5, 1000, 3)])
def test_dropout_has_the_masks_of_its_twin(rng, level, shape):
    x, key = rng.normal(size=shape).astype("f"), int(rng.integers(2**64, dtype="u8"))
    for ratio in (0.1, 0.5, 0.95):
        assert (calls.dropout(x, ratio, key) == x * dropout.mask(numpy, shape, ratio, key, "f")).all()


@pytest.mark.parametrize("position", [0, 21, 2998])  # in a vector, and in what is left
def test_a_value_at_the_threshold_is_kept(level, position):
    x, ratio = numpy.ones(2999, "f"), drops.ratio_at(77, position)
    assert calls.dropout(x, ratio, 77)[position]
    assert not calls.dropout(x, ratio + drops.STEP, 77)[position]
