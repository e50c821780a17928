"""The kernels in C++ over NumPy arrays of float32: which build and which level of the processor they run on.

library.py            loads the extension module, and says why there is none
calls.py              the engine: the kernels with the arguments of their twins in numpy_/ and gpu/
module.cpp            the extension module: checks what Python hands in
kernels.hpp           what each level offers
level.cpp levels.cpp  one level, compiled once for each; which of them this processor can run
simd.hpp              vectors, and functions of them
unit_float32.hpp unit_bfloat16.hpp amx.hpp   the micro-kernels of products
product.hpp           products of matrices, cut into panels
lstm.hpp output.hpp embedding.hpp elementwise.hpp update.hpp step.hpp   the kernels
pool.hpp pool.cpp     the threads
"""

import functools

import numpy

from tsuzuri.errors import UserError
from tsuzuri.kernels.native import library

FLOAT32, BFLOAT16 = PRECISIONS = "float32", "bfloat16"
FAST_BFLOAT16 = ("amx", "avx512bf16")  # levels whose processors multiply bfloat16 faster than float32


@functools.cache
def extension():
    """The extension module, or None; raises ``UserError`` for one that is asked for, or there, and cannot be used."""
    return library.load_extension()


@functools.cache
def level():
    """The best level of this processor: a name of ``extension().levels()``."""
    return extension().levels()[0]


def has(*arrays):
    """Whether the kernels here can take these arrays."""
    return extension() is not None and all(
        type(a) is numpy.ndarray and a.dtype == numpy.float32 and a.size and a.flags.c_contiguous for a in arrays
    )


def choose(precision):
    """The precision that a name of ``--precision`` stands for: auto is the faster one.

    Raises ``UserError`` for bfloat16 without native kernels, and for what only a GPU has.
    """
    if precision not in ("auto", *PRECISIONS):
        raise UserError(f"--precision {precision}: is for a GPU; on a CPU must be auto, {' or '.join(PRECISIONS)}")
    if precision == BFLOAT16 and not extension():
        reason = library.why_missing()
        raise UserError(f"--precision {precision}: needs the native kernels ({reason}); float32 goes without")
    if precision == "auto":
        return BFLOAT16 if extension() and level() in FAST_BFLOAT16 else FLOAT32
    return precision


def describe(precision):
    """The engine in a few words."""
    if extension():
        threads = extension().threads()
        return f"native {level()}, {precision}, {threads} thread{'s' * (threads != 1)}"
    return f"NumPy, float32 (no native kernels: {library.why_missing()})"
