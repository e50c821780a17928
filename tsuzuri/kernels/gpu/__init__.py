"""The way to the kernels in CUDA C++ (``../cuda``), over CuPy arrays of float32 on an NVIDIA GPU.

calls.py       each kernel by itself, for models built from functions
window.py      a training window of the whole model: the list of launches
memory.py      what it keeps in the GPU's memory, and whether that has room
recurrence.py  the LSTM layers through time
tiling.py      which block, warp and thread does what
embedding.py   the embedding and its gradient
output.py      softmax cross-entropy
sums.py        sums, each in one order
update.py      the optimizers' steps
writing.py     new words: the model's step
drawing.py     the filters and the draw
masks.py       dropout's numbers, and dropout of weights
penalties.py   penalties on the last layer's output
skips.py       the connection that skips a layer
operands.py    what products read
launcher.py    the engine over CuPy: compile, launch, record
cublas.py      products
staging.py     arrays sent ahead
sources.py     the programs as text
"""

import numpy

from tsuzuri.errors import UserError
from tsuzuri.kernels.gpu import launcher

FLOAT32, TF32, BFLOAT16 = PRECISIONS = "float32", "tf32", "bfloat16"
TENSOR_CORES = 80  # that multiply tf32 and bfloat16: compute capability 8.0, Ampere


def choose(precision):
    """The precision that a name of ``--precision`` stands for on a GPU: auto is float32.

    Raises ``UserError`` for one that the GPU does not have.
    """
    if precision in ("auto", FLOAT32):
        return FLOAT32
    engine = launcher.current()
    if engine is None or engine.capability < TENSOR_CORES:
        reason = f"{engine.name} has {engine.capability / 10}" if engine else "there is no NVIDIA GPU that has it"
        raise UserError(f"--precision {precision}: needs compute capability 8.0: {reason}; {FLOAT32} goes without")
    return precision


def engine_of(*arrays):
    """The engine that takes these arrays, or None."""
    engine = launcher.of_type(type(arrays[0]))
    return engine if engine and all(_plain(engine, array) for array in arrays) else None


def _plain(engine, array):
    """Of the type that kernels read, whose addresses they may read by sixteen bytes."""
    if type(array) is not engine.xp.ndarray or array.dtype != "f" or not array.flags.c_contiguous:
        return False
    address = array.ctypes.data if engine.xp is numpy else array.data.ptr
    return address % 16 == 0


def has(*arrays):
    """Whether the kernels here can take these arrays."""
    return engine_of(*arrays) is not None and all(array.size for array in arrays)
