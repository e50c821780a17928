"""The engines: what computes a kernel. The fastest that takes the arrays and has the kernel is picked, here alone.

Each engine's functions are those of ``KERNELS``, by the same names and with the same arguments: twins. One that an
engine lacks falls through to the next: CUDA has none for packed rows, for single steps and for dropout by itself, and
NumPy's take CuPy's arrays too.

A forward pass that needs something later returns its cache last; the backward pass of the same engine takes it, and may
overwrite it, so that a cache serves once.
"""

from typing import Any, NamedTuple

from tsuzuri.kernels import gpu, native
from tsuzuri.kernels.gpu import calls as gpu_calls
from tsuzuri.kernels.native import calls as native_calls
from tsuzuri.kernels.numpy_ import calls as numpy_calls

KERNELS = (
    "embed",  # (ids, w) -> rows
    "embed_backward",  # (g, ids, size) -> g_w
    "dropout",  # (x, ratio, key, locked) -> x masked
    "lstm_forward",  # (x, c, h, w_x, b_x, w_h, b_h, ratio, key, precision) -> hs, c, cache
    "lstm_backward",  # (g_hs, g_c, cache) -> the gradients of the seven arrays
    "lstm_packed_forward",  # (x, counts, w_x, b_x, w_h, b_h, precision) -> h, cache
    "lstm_packed_backward",  # (g_hs, cache) -> the gradients of the five arrays
    "cross_entropy",  # (h, w, b, target, scale, with_gradients, precision, smoothing) -> loss, g_h, g_w, g_b
    "step",  # (words, state, embedding, layers, w, b, skip) -> logits, state
)


class Candidate(NamedTuple):
    """An engine that may be picked: whether it takes arrays, and the module with its kernels."""

    name: str
    takes: Any
    calls: Any


ENGINES = (  # the fastest first
    Candidate("gpu", lambda *arrays: gpu.has(*arrays), gpu_calls),
    Candidate("native", lambda *arrays: native.has(*arrays), native_calls),
    Candidate("numpy", lambda *arrays: True, numpy_calls),
)


def engine_for(kernel, *arrays):
    """The module of the first engine that has the kernel of this name and takes these arrays."""
    return next(e.calls for e in ENGINES if hasattr(e.calls, kernel) and e.takes(*arrays))
