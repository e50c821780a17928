"""A step of writing in CUDA, emulated or on a GPU, against ``reference.py``."""

import numpy
import pytest

from tests.conftest import relative_error
from tests.kernels.gpu.writers import PLAIN, random_weights
from tests.kernels.native.test_step import wanted
from tsuzuri.kernels.gpu.writing import Writer

SIZES = [(1, 1, 2), (3, 7, 11), (3, 66, 9), (9, 13, 37), (10, 8, 5)]  # B, N, V
LARGE = [(1, 650, 10_000), (5, 1500, 7001), (8, 256, 10_000), (40, 650, 10_000)]


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("skip", [False, True])
def test_a_step_is_the_references(rng, engines, sizes, skip):
    hold_steps(rng, engines, sizes, skip)


@pytest.mark.gpu
@pytest.mark.parametrize("sizes", LARGE)
def test_a_step_of_a_large_model(rng, gpu, sizes):
    hold_steps(rng, lambda seed: gpu, sizes)


def hold_steps(rng, engines, sizes, skip=False):
    B, N, V = sizes
    weights = random_weights(rng, sizes)
    writers = [Writer(engines(seed), weights, B, PLAIN, 0, skip=skip) for seed in (1, 2)]
    state = [numpy.zeros((B, N), "f")] * 4
    for words in rng.integers(0, V, (3, B)).astype("i"):
        want, *state = wanted(words, state, *weights, skip)
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
