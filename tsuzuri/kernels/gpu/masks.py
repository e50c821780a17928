"""What kernels take to drop values, as ``numpy_/dropout.py`` has it; the mask itself is made in ``common.cuh``."""

from typing import NamedTuple

import numpy

THREADS = 256


class Dropout(NamedTuple):
    """A ratio of values to drop as kernels take it: ``threshold`` in steps of 2**-16, and what the others are times.

    A mask over rows of values begins anew after ``period`` rows, or never where that is 0.
    """

    threshold: numpy.uint32
    scale: numpy.float32
    period: numpy.int32

    @classmethod
    def of(cls, ratio, period=0):
        """Of a ratio from 0 up to but not 1; a mask that is locked has the streams of a step for its period."""
        return cls(numpy.uint32(round(ratio * 2**16)), numpy.float32(1 / (1 - ratio)), numpy.int32(period))


NONE = Dropout.of(0.0)  # all values stay as they are, and no key is looked at


def drop(engine, x, y, key, dropout):
    """y = x times dropout's mask over all values, of which there are a multiple of four, for parameters.

    x and y float32, which may be one array; key (1,) uint64.
    """
    quads = x.size // 4
    launch = engine.kernel("masks", "drop")
    launch(-(-quads // THREADS), THREADS, x, y, numpy.int64(quads), key, *dropout[:2])
