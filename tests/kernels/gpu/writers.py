"""What a writer begins with, and the random numbers that the device draws with."""

import numpy

from tests.kernels.native.test_step import inputs
from tsuzuri.kernels.gpu import drawing
from tsuzuri.kernels.reference import splitmix64

GOLDEN, WHOLE = 0x9E3779B97F4A7C15, 2**64
PLAIN = drawing.draw_settings()


def random_weights(rng, sizes):
    """The weights of a model, as a ``Writer`` takes them."""
    _, _, *weights = inputs(rng, sizes)
    return weights


def uniform(key, rows, number):
    """The device's random numbers in [0, 1): (rows,) float64."""
    seeds = (splitmix64((key + (row + 1) * GOLDEN) % WHOLE) for row in range(rows))
    return numpy.array([(splitmix64((seed + (number + 1) * GOLDEN) % WHOLE) >> 11) / 2**53 for seed in seeds])
