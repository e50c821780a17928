"""Products: what cuBLAS is asked for, on a library that is none; and on a GPU, where there is one."""

import ctypes
import functools
from types import SimpleNamespace

import numpy
import pytest

from tests.conftest import relative_error
from tests.kernels.gpu.emulator import Emulated
from tsuzuri.kernels import gpu
from tsuzuri.kernels.gpu import cublas


def on_device(array):
    """What cuBLAS is shown of an array on the device."""
    names = ["shape", "strides", "itemsize", "dtype", "ndim"]
    return SimpleNamespace(data=SimpleNamespace(ptr=array.ctypes.data), **{n: getattr(array, n) for n in names})


class FakeLibrary:
    """cuBLAS on the CPU, with the calls of C: matrices column by column."""

    def __init__(self):
        self.calls = []
        for name, types_ in cublas.SIGNATURES.items():
            call = ctypes.CFUNCTYPE(ctypes.c_int, *types_)(functools.partial(self._call, name))
            setattr(self, name, call)

    def _call(self, name, *arguments):
        self.calls.append((name, *arguments))
        if name == "cublasCreate_v2":
            arguments[0][0] = 4711
            return 0
        assert arguments[0] == 4711
        return self._gemm(*arguments[1:]) if name == "cublasGemmEx" else 0

    def _gemm(self, op_a, op_b, m, n, k, alpha, a, a_type, lda, b, b_type, ldb, beta, c, c_type, ldc, compute, way):
        if compute not in (68, 77) or way != -1:
            return 15  # not supported
        alpha, beta = (ctypes.c_float.from_address(address).value for address in (alpha, beta))
        a = self._matrix(a, a_type, *((m, k) if op_a == 0 else (k, m)), lda)
        b = self._matrix(b, b_type, *((k, n) if op_b == 0 else (n, k)), ldb)
        out = self._matrix(c, c_type, m, n, ldc)
        result = (a if op_a == 0 else a.T).astype("d") @ (b if op_b == 0 else b.T)
        out[...] = alpha * result + (beta * out if beta else 0)
        return 0

    @staticmethod
    def _matrix(address, kind, rows, columns, leading):
        assert leading >= rows
        dtype = {0: numpy.dtype("f"), 14: numpy.dtype("H")}[kind]
        size = dtype.itemsize * ((columns - 1) * leading + rows)
        values = numpy.frombuffer((ctypes.c_char * size).from_address(address), dtype)
        strides = (dtype.itemsize, leading * dtype.itemsize)
        matrix = numpy.lib.stride_tricks.as_strided(values, (rows, columns), strides)
        return matrix if kind == 0 else (matrix.astype("u4") << 16).view("f")


def matrix(rng, rows, columns, dtype):
    """Random values in rows that lie apart, or that do not."""
    wide = rng.normal(size=(rows, columns + rng.integers(0, 4))).astype("f")
    return (wide if dtype == "f" else (wide.view("u4") >> 16).astype("u2"))[:, :columns]


@pytest.mark.parametrize("precision", cublas.PRECISIONS)
def test_products_of_rows_are_right_though_cublas_reads_columns(precision, rng):
    library = FakeLibrary()
    blas = cublas.Cublas(library, 64, 8)
    dtype = "u2" if precision == "bfloat16" else "f"
    for _ in range(60):
        m, n, k = map(int, rng.integers(1, 9, 3))
        transpose_a, transpose_b = map(bool, rng.integers(0, 2, 2))
        a = matrix(rng, *((k, m) if transpose_a else (m, k)), dtype)
        b = matrix(rng, *((n, k) if transpose_b else (k, n)), dtype)
        out = matrix(rng, m, n, "f")
        before = out.base.copy()
        options = {"beta": float(rng.integers(0, 3)), "precision": precision}
        wanted = out.copy()
        Emulated().product(a, b, wanted, transpose_a, transpose_b, **options)
        blas.product(5, *map(on_device, (a, b, out)), transpose_a, transpose_b, **options)
        assert relative_error(out, wanted, floor=1e-3) < 1e-5
        numpy.testing.assert_array_equal(out.base[:, n:], before[:, n:])  # what lies between the rows


def test_each_precision_is_asked_for_by_its_numbers():
    """float32 is never TF32, whatever the environment says; sums are float32 always."""
    asked = {}
    for precision, (dtype, _, _) in cublas.PRECISIONS.items():
        library = FakeLibrary()
        one, out = numpy.ones((1, 1), dtype), numpy.ones((1, 1), "f")
        cublas.Cublas(library, 64, 8).product(5, *map(on_device, (one, one, out)), precision=precision)
        call = library.calls[-1]
        asked[precision] = [call[index] for index in (9, 12, 16, 18)]  # types of A, B and C, type of the sums
    assert asked == {"float32": [0, 0, 0, 68], "tf32": [0, 0, 0, 77], "bfloat16": [14, 14, 0, 68]}
    assert set(asked) == set(gpu.PRECISIONS)


def test_the_workspace_is_set_again_with_every_new_stream():
    library = FakeLibrary()
    blas = cublas.Cublas(library, 640, 4096)
    a = on_device(numpy.ones((2, 2), "f"))
    for stream in (None, 5, 5, 9, None):
        blas.product(stream or 0, a, a, a)
    names = [(name.removeprefix("cublas"), *rest[1:]) for name, *rest in library.calls if name != "cublasGemmEx"]
    space = ("SetWorkspace_v2", 640, 4096)
    streams = [("SetStream_v2", stream) for stream in (None, 5, 9, None)]
    assert names == [("Create_v2",), *[call for stream in streams for call in (stream, space)]]


def test_a_product_that_cublas_refuses_is_an_error():
    library = FakeLibrary()
    library.cublasGemmEx = ctypes.CFUNCTYPE(ctypes.c_int, *cublas.SIGNATURES["cublasGemmEx"])(lambda *_: 13)
    a = on_device(numpy.ones((2, 2), "f"))
    with pytest.raises(RuntimeError, match="cublasGemmEx: cuBLAS status 13"):
        cublas.Cublas(library, 640, 4096).product(5, a, a, a)


def test_the_workspace_is_as_large_as_the_manual_says():
    assert [cublas.workspace(capability) >> 20 for capability in (70, 80, 89, 90, 100)] == [4, 4, 4, 32, 32]


def test_a_single_row_may_have_any_stride():
    line = numpy.ones(4, "f")
    row = numpy.lib.stride_tricks.as_strided(line, (1, 4), (0, 4))
    assert cublas.gemm_arguments(row, row, line[:1, None], transpose_b=True) == (True, False, 1, 1, 4, 4, 4, 1)


def test_columns_that_lie_apart_and_rows_that_overlap_are_refused():
    square, line = numpy.ones((4, 4), "f"), numpy.ones(4, "f")
    for wrong in (square.T[:, :2], square[:, ::2], numpy.broadcast_to(line, (4, 4)), square[::-1]):
        with pytest.raises(AssertionError):
            cublas.gemm_arguments(square[:, : wrong.shape[0]], wrong, square[:, : wrong.shape[1]])
    with pytest.raises(AssertionError):
        cublas.gemm_arguments(square, square[:3], square)


@pytest.fixture
def engine(gpu):
    return gpu


@pytest.mark.gpu
@pytest.mark.parametrize("precision", cublas.PRECISIONS)
def test_products_on_the_gpu(engine, precision, rng):
    errors = {"float32": 1e-5, "tf32": 4e-3, "bfloat16": 1e-5}  # operands of bfloat16 are exact here
    for m, n, k in ((1, 1, 1), (3, 130, 65), (650, 20, 100), (512, 512, 512)):
        for transpose_a, transpose_b, beta in ((False, False, 0.0), (False, True, 1.0), (True, False, 0.5)):
            dtype = "u2" if precision == "bfloat16" else "f"
            a = matrix(rng, *((k, m) if transpose_a else (m, k)), dtype)
            b = matrix(rng, *((n, k) if transpose_b else (k, n)), dtype)
            out = numpy.ascontiguousarray(matrix(rng, m, n, "f"))
            given = [engine.asarray(x.base)[:, : x.shape[1]] for x in (a, b)]
            got = engine.asarray(out)
            options = {"beta": beta, "precision": precision}
            engine.product(*given, got, transpose_a, transpose_b, **options)
            Emulated().product(a, b, out, transpose_a, transpose_b, **options)
            assert relative_error(engine.read(got), out, floor=k**0.5) < errors[precision]


@pytest.mark.gpu
def test_float32_has_all_its_bits(engine):
    hold_all_bits(engine)


def hold_all_bits(engine):
    """1 + 2^-20 becomes 1 in TF32."""
    a, out = engine.asarray(numpy.full((64, 64), 1 + 2**-20, "f")), engine.zeros((64, 64))
    identity = engine.asarray(numpy.eye(64, dtype="f"))
    engine.product(a, identity, out, precision="float32")
    numpy.testing.assert_array_equal(engine.read(out), engine.read(a))
