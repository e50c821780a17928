"""The kernels in C++ (``kernels/native``), where they were built, over NumPy arrays of float32.

Twins of ``lstm.py``, ``output.py``, ``embedding.py``, ``dropout.py`` and ``update.py``, which take over where there is
no compiler, for other types, and where the environment says ``TSUZURI_NATIVE=0``. With 1 they must be there, and with
the path of another build of the extension that is taken.
"""

import functools
import hashlib
import importlib.machinery
import importlib.util
import os
import pathlib

import numpy

from tsuzuri.errors import UserError

FLOAT32, BFLOAT16 = PRECISIONS = "float32", "bfloat16"
BUILD = "make native builds them, with GCC or Clang"
FAST_BFLOAT16 = ("amx", "avx512bf16")  # levels whose processors multiply bfloat16 faster than float32


@functools.cache
def extension():
    """The extension module, or None; raises ``UserError`` for one that is asked for, or there, and cannot be used."""
    wanted = os.environ.get("TSUZURI_NATIVE") or None
    if wanted == "0":
        return None
    try:
        module = (
            _of_path(wanted) if wanted not in (None, "1") else importlib.import_module("tsuzuri.kernels.native._native")
        )
    except ModuleNotFoundError:
        if wanted is None:
            return None
        raise UserError(f"TSUZURI_NATIVE={wanted}: there are no native kernels: {BUILD}") from None
    except ImportError as error:
        raise UserError(f"the native kernels do not load: {error}: {BUILD}, TSUZURI_NATIVE=0 goes without") from None
    if getattr(module, "source", None) != fingerprint():
        raise UserError(f"{module.__file__}: built from other sources than tsuzuri/kernels/native has now: {BUILD}")
    return module


def _of_path(path):
    if not path.endswith(tuple(importlib.machinery.EXTENSION_SUFFIXES)) or not os.path.isfile(path):
        raise UserError(f"TSUZURI_NATIVE={path}: must be 0, 1 or the path of an extension module")
    spec = importlib.util.spec_from_file_location("tsuzuri.kernels.native._native", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def fingerprint():
    """Of the sources in C++, as setup.py builds it in: a build that is out of date might compute something else."""
    digest = hashlib.sha256()
    for path in sorted(pathlib.Path(__file__).parent.glob("*.?pp")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


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
        raise UserError(f"--precision {precision}: needs the native kernels ({_why()}); float32 goes without")
    if precision == "auto":
        return BFLOAT16 if extension() and level() in FAST_BFLOAT16 else FLOAT32
    return precision


def describe(precision):
    """The engine in a few words."""
    if extension():
        return f"native {level()}, {precision}, {extension().threads()} threads"
    return f"NumPy, float32 ({_why()})"


def _why():
    return "TSUZURI_NATIVE=0" if os.environ.get("TSUZURI_NATIVE") == "0" else f"there are none: {BUILD}"


def lstm_forward(x, c, h, w_x, b_x, w_h, b_h, ratio, key, precision):
    """An LSTM layer over a window: as ``functions.lstm_window``.

    Returns h (T + 1, B, N) and c (T + 1, B, N), the first being the state before, and the gates for ``lstm_backward``.
    """
    return extension().lstm_forward(level(), precision == BFLOAT16, x, c, h, w_x, b_x, w_h, b_h, ratio, key)


def lstm_backward(g_hs, g_c, x, w_x, w_h, hs, cs, gates, ratio, key, precision):
    """Gradients of ``lstm_forward`` from g_hs (T, B, N) and g_c (B, N), either of which may be None for zeros.

    Overwrites ``gates``. Returns the gradients of x, c, h, w_x, b_x, w_h, b_h.
    """
    bfloat16 = precision == BFLOAT16
    return extension().lstm_backward(level(), bfloat16, x, w_x, w_h, hs, cs, gates, g_hs, g_c, ratio, key)


def lstm_packed_forward(x, counts, w_x, b_x, w_h, b_h, precision):
    """An LSTM layer over packed rows: as ``functions.lstm_packed``.

    Returns h (B + R, N) and c (B + R, N), zeros first, and the gates for ``lstm_packed_backward``.
    """
    counts = numpy.ascontiguousarray(counts, "i8")
    return extension().lstm_packed_forward(level(), precision == BFLOAT16, x, counts, w_x, b_x, w_h, b_h)


def lstm_packed_backward(g_hs, x, counts, w_x, w_h, hs, cs, gates, precision):
    """Gradients of ``lstm_packed_forward`` from g_hs (R, N): of x, w_x, b_x, w_h, b_h. Overwrites ``gates``."""
    counts = numpy.ascontiguousarray(counts, "i8")
    return extension().lstm_packed_backward(level(), precision == BFLOAT16, x, counts, w_x, w_h, hs, cs, gates, g_hs)


def cross_entropy(h, w, b, target, scale, with_gradients, precision):
    """As ``output.cross_entropy``: the sum as a float, and the gradients of h, w and b or None."""
    target = numpy.ascontiguousarray(target, "i")
    return extension().cross_entropy(level(), precision == BFLOAT16, h, w, b, target, scale, with_gradients)


def embed(ids, w):
    """Rows ``ids`` (..., ) of w (V, N): (..., N)."""
    return extension().embed(level(), numpy.ascontiguousarray(ids, "i"), w)


def embed_backward(g, ids, size):
    """As ``embedding.gradient``."""
    return extension().embed_backward(level(), g, numpy.ascontiguousarray(ids, "i"), size)


def dropout(x, ratio, key):
    """x with values dropped, twin of multiplying by ``dropout.mask``."""
    return extension().dropout(level(), x, ratio, key)


def update(rule, tensors, clip):
    """As ``update.update``."""
    return extension().update(level(), rule, tensors, clip)


def step(words, state, embedding, layers, w, b):
    """A word of each stream through the model: as ``functions.step``, which says what is what."""
    return extension().step(level(), words, embedding, layers, w, b, state)
