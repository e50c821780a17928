"""Products of row-major matrices by cuBLAS, called through ctypes in the library that CuPy has loaded.

CuPy's own calls refuse to be recorded in a CUDA graph, take their precision from an environment variable, and share one
handle and its workspace with all other code. Here the handle is the engine's own, and so is its workspace: a recorded
product takes no memory, and equal calls give equal bits.
"""

import ctypes
import os
from typing import NamedTuple

# From cublas_api.h and library_types.h: cudaDataType, cublasComputeType_t, cublasOperation_t, cublasGemmAlgo_t.
R_32F, R_16BF = 0, 14
COMPUTE_32F, COMPUTE_32F_FAST_TF32 = 68, 77
OPERATIONS = {False: 0, True: 1}  # as it lies, transposed
DEFAULT_ALGORITHM = -1

# Name: dtype of what is multiplied, its type to cuBLAS, how it is multiplied. Sums and results are float32 in all.
PRECISIONS = {
    "float32": ("f", R_32F, COMPUTE_32F),
    "tf32": ("f", R_32F, COMPUTE_32F_FAST_TF32),
    "bfloat16": ("H", R_16BF, COMPUTE_32F),
}
INT, POINTER = ctypes.c_int, ctypes.c_void_p
SIGNATURES = {
    "cublasCreate_v2": (ctypes.POINTER(POINTER),),
    "cublasSetStream_v2": (POINTER, POINTER),
    "cublasSetWorkspace_v2": (POINTER, POINTER, ctypes.c_size_t),
    "cublasGemmEx": (
        *(POINTER, INT, INT, INT, INT, INT),  # handle, operations, m, n, k
        *(POINTER, POINTER, INT, INT, POINTER, INT, INT),  # alpha; A and B: address, type, leading dimension
        *(POINTER, POINTER, INT, INT, INT, INT),  # beta; C likewise; compute type, algorithm
    ),
}


class Gemm(NamedTuple):
    """What a call of gemm wants to know of the shapes: C (m, n) = op(A) (m, k) op(B) (k, n), all column by column."""

    transpose_a: bool
    transpose_b: bool
    m: int
    n: int
    k: int
    lda: int
    ldb: int
    ldc: int


def load_cublas(cuda):
    """The library that CuPy, whose ``cupy.cuda`` is given, calls itself.

    Raises ``ImportError`` or ``OSError`` where there is none.
    """
    cuda.cublas  # noqa: B018  CuPy finds and loads the library when this is first asked for
    major = cuda.driver.get_build_version() // 1000
    return ctypes.CDLL(f"cublas64_{major}.dll" if os.name == "nt" else f"libcublas.so.{major}")


def gemm_arguments(a, b, out, transpose_a=False, transpose_b=False):
    """How gemm, whose matrices lie column by column, makes out (M, N) = op(a) (M, K) op(b) (K, N) row by row.

    Rows read as columns are the transpose, and out^T = op(b)^T op(a)^T: gemm's A is ``b``, its B is ``a``. All three
    are of two dimensions, their rows may lie apart, the values of a row lie side by side.
    """
    m, n, k = out.shape[1], out.shape[0], a.shape[0 if transpose_a else 1]
    assert (a.shape, b.shape) == ((k, n) if transpose_a else (n, k), (m, k) if transpose_b else (k, m))
    return Gemm(transpose_b, transpose_a, m, n, k, *map(_leading, (b, a, out)))


def _leading(array):
    """Values from the start of a row to the start of the next one."""
    rows, columns = array.shape
    assert columns == 1 or array.strides[1] == array.itemsize
    values, rest = divmod(array.strides[0], array.itemsize) if rows > 1 else (columns, 0)
    assert values >= columns > 0 == rest
    return values


def workspace(capability):
    """Bytes of a workspace, as the manual of cuBLAS advises for Hopper and for what was before."""
    return (32 if capability >= 90 else 4) << 20


class Cublas:
    """A handle. ``workspace`` is the address of ``size`` bytes of device memory for this handle alone.

    One stream at a time may run products, since all share the workspace.
    """

    def __init__(self, library, workspace, size):
        self._calls = {name: getattr(library, name) for name in SIGNATURES}
        for name, types in SIGNATURES.items():
            self._calls[name].argtypes = types
        self._workspace, self._stream = (workspace, size), None
        self._handle = POINTER()
        self._call("cublasCreate_v2", ctypes.byref(self._handle))

    def product(self, stream, a, b, out, transpose_a=False, transpose_b=False, beta=0.0, precision="float32"):
        """out = op(a) op(b) + beta out on a stream, given by its address; see ``gemm_arguments`` and ``PRECISIONS``."""
        dtype, kind, compute = PRECISIONS[precision]
        assert (a.dtype, b.dtype, out.dtype) == (dtype, dtype, "f")
        self._use(stream)
        gemm = gemm_arguments(a, b, out, transpose_a, transpose_b)
        alpha, beta = (ctypes.byref(ctypes.c_float(factor)) for factor in (1, beta))
        self._call(
            "cublasGemmEx",
            *(self._handle, OPERATIONS[gemm.transpose_a], OPERATIONS[gemm.transpose_b], gemm.m, gemm.n, gemm.k),
            *(alpha, b.data.ptr, kind, gemm.lda, a.data.ptr, kind, gemm.ldb),
            *(beta, out.data.ptr, R_32F, gemm.ldc, compute, DEFAULT_ALGORITHM),
        )

    def _use(self, stream):
        if stream != self._stream:
            self._call("cublasSetStream_v2", self._handle, stream)
            self._call("cublasSetWorkspace_v2", self._handle, *self._workspace)  # the call before unset it
            self._stream = stream

    def _call(self, name, *arguments):
        status = self._calls[name](*arguments)
        if status:
            raise RuntimeError(f"{name}: cuBLAS status {status}")
