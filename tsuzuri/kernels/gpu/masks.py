"""What kernels take to drop values, as ``numpy_/dropout.py`` has it; the mask itself is made in ``common.cuh``."""

from typing import NamedTuple

import numpy


class Dropout(NamedTuple):
    """A ratio of values to drop as kernels take it: ``threshold`` in steps of 2**-16, and what the others are times."""

    threshold: numpy.uint32
    scale: numpy.float32

    @classmethod
    def of(cls, ratio):
        """Of a ratio from 0 up to but not 1."""
        return cls(numpy.uint32(round(ratio * 2**16)), numpy.float32(1 / (1 - ratio)))


NONE = Dropout.of(0.0)  # all values stay as they are, and no key is looked at
