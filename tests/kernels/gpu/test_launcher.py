"""The engine over CuPy: what can be told without a GPU, on stand-ins for CUDA; and on a GPU, where there is one."""

import ast
import collections
import contextlib
import ctypes
import functools
import gc
import inspect
import sys
import types
import weakref
from types import SimpleNamespace

import numpy
import pytest

from tests.conftest import relative_error
from tests.kernels.gpu.emulator import Emulated
from tsuzuri.errors import UserError
from tsuzuri.kernels import gpu
from tsuzuri.kernels.gpu import cublas, embedding, launcher, masks, sources
from tsuzuri.kernels.gpu.staging import Staging

OWN = set()  # what the engine has and the emulator has not
EMULATOR = {"check"}  # and the other way round


def methods(kind):
    return {name: function for name, function in vars(kind).items() if callable(function) and name[0] != "_"}


def test_the_emulator_stands_in_for_the_engine():
    engine, emulated = methods(launcher.Engine), methods(Emulated)
    assert set(engine) - set(emulated) <= OWN
    assert set(emulated) - set(engine) <= EMULATOR
    for name in set(engine) & set(emulated):
        assert inspect.signature(engine[name]) == inspect.signature(emulated[name]), name
    facts = ["xp", "name", "capability", "multiprocessors", "shared_memory", "why_no_graph"]
    assert [name for name in facts if not hasattr(Emulated(), name)] == []


# The text of programs


def test_a_file_is_included_once_and_the_text_is_whole(tmp_path):
    (tmp_path / "a.cuh").write_text("#pragma once\nint a;\n")
    (tmp_path / "b.cuh").write_text('#pragma once\n#include "a.cuh"\nint b;\n')
    kernel = 'extern "C" __global__ void {}(int* x) {{}}\n'
    program = '#include "a.cuh"\n#include "b.cuh"\n' + kernel.format("one") + kernel.format("__launch_bounds__(9) two")
    (tmp_path / "p.cu").write_text(program)
    text = sources.text("p", tmp_path, [("N", 3), ("TYPE", "float")])
    start = "#define N 3\n#define TYPE float\nint a;\nint b;\n"
    assert text == start + program.split("\n", 2)[2]
    assert sources.kernels(text) == ["one", "two"]


@pytest.mark.parametrize("program", sources.programs())
def test_no_program_includes_what_is_not_ours_and_every_kernel_is_found(program):
    text = sources.text(program)
    assert "#include" not in text
    assert len(sources.kernels(text)) == text.count("__global__")


# Products


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


# Uploads, on a device that runs its streams in any order that events allow


class Device:
    """``cupy.cuda`` in miniature."""

    def __init__(self, rng):
        self.rng, self.waits, self.streams = rng, 0, []
        self.work, self.beside = Stream(self), Stream(self)

    def get_current_stream(self):
        return self.work

    def alloc_pinned_memory(self, size):
        return bytearray(size)

    def alloc(self, size):
        """Memory that work under way still writes to: a pool gives it away as soon as no array has it."""
        memory = Memory(size)
        self.work.add(lambda: memory._write(b"\xff" * size))
        return memory

    def Event(self, block=False, disable_timing=False):  # noqa: N802  CuPy's name
        return Event(self)

    def step(self):
        """Run the next piece of work of one stream; False if there is none."""
        ready = [stream for stream in self.streams if stream.queue and stream.queue[0][0]()]
        if ready:
            ready[self.rng.integers(len(ready))].queue.popleft()[1]()
        assert ready or not any(stream.queue for stream in self.streams), "streams wait for each other"
        return bool(ready)

    def finish(self):
        while self.step():
            pass


class Stream:
    def __init__(self, device):
        self.queue = collections.deque()
        device.streams.append(self)

    def add(self, action, ready=lambda: True):
        self.queue.append((ready, action))

    def wait_event(self, event):
        target = event.recorded
        self.add(lambda: None, lambda: event.reached >= target)


class Event:
    def __init__(self, device):
        self.device, self.recorded, self.reached = device, 0, 0

    def record(self, stream):
        self.recorded += 1
        stream.add(functools.partial(setattr, self, "reached", self.recorded))

    def synchronize(self):
        self.device.waits += self.reached < self.recorded
        while self.reached < self.recorded:
            self.device.step()


class Memory:
    def __init__(self, size):
        self.bytes, self.ptr = numpy.zeros(size, "B"), id(self)

    def copy_from_host_async(self, address, size, stream):
        stream.add(lambda: self._write(ctypes.string_at(address, size)))

    def copy_from_device_async(self, other, size, stream):
        stream.add(lambda: self._write(other.bytes[:size].tobytes()))

    def _write(self, content):
        self.bytes[:] = numpy.frombuffer(content, "B")


@pytest.fixture
def device(rng):
    return Device(rng)


class Place:
    """An array of 24 bytes on the device."""

    def __init__(self):
        self.nbytes, self.data, self.flags = 24, Memory(24), SimpleNamespace(c_contiguous=True)


@pytest.fixture
def place():
    return Place()


def test_what_is_sent_is_there_for_the_work_that_follows_and_not_before(device, place, rng):
    staging, seen, sent = Staging(device, place.nbytes, device.beside), [], []
    for _ in range(100):
        array = rng.integers(0, 1000, (2, 3)).astype("i")
        sent.append(array.copy())
        staging.send(place, array)
        array[...] = -1  # it is the caller's again
        for _ in range(rng.integers(1, 3)):
            device.work.add(lambda: seen.append(place.data.bytes.view("i").reshape(2, 3).copy()))
            sent.append(sent[-1])
        sent.pop()
        for _ in range(rng.integers(0, 8)):
            device.step()
    device.finish()
    numpy.testing.assert_array_equal(seen, sent)


def test_only_the_third_upload_in_a_row_waits(device, place):
    staging = Staging(device, place.nbytes, device.beside)
    device.finish()
    for count, waits in enumerate((0, 0, 1, 2)):
        staging.send(place, numpy.full(3, count, "d"))
        assert device.waits == waits
    device.finish()
    staging.send(place, numpy.zeros(3, "d"))
    assert device.waits == 2


def test_new_buffers_wait_for_those_who_had_their_memory_before(rng, place):
    for _ in range(30):
        device = Device(rng)
        staging = Staging(device, place.nbytes, device.beside)
        staging.send(place, numpy.full(3, 7, "d"))
        device.finish()
        assert (place.data.bytes.view("d") == 7).all()


# The engine on a CuPy that is none


class FakeCupy(types.ModuleType):
    """As much of CuPy as the engine asks for."""

    def __init__(self, capability="90"):
        super().__init__("cupy")
        self.log, self.failure, self.pool = [], None, SimpleNamespace(free_bytes=lambda: 1 << 30)
        self.get_default_memory_pool = lambda: self.pool
        self.ndarray = SimpleNamespace
        device = SimpleNamespace(
            compute_capability=capability,
            attributes={"MultiProcessorCount": 4, "MaxSharedMemoryPerBlockOptin": 100_000},
            mem_info=(9 << 30, 80 << 30),
        )
        properties = {"name": b"Fake"}
        self.cuda = SimpleNamespace(
            Device=lambda number: device,
            Stream=lambda non_blocking: self,
            get_current_stream=lambda: SimpleNamespace(ptr=0),
            is_available=lambda: True,
            runtime=SimpleNamespace(getDevice=lambda: 3, getDeviceProperties=lambda _: properties, is_hip=False),
            driver=SimpleNamespace(occupancyMaxActiveBlocksPerMultiprocessor=self._room),
            compiler=SimpleNamespace(CompileException=type("CompileException", (Exception,), {})),
        )

    def _room(self, pointer, threads, shared):
        self.log.append(("room", threads, shared))
        return 2048 // threads if shared < 50_000 else 1

    def RawModule(self, code, options):  # noqa: N802  CuPy's name
        self.log.append(("module", code, options))
        return self

    def get_function(self, name):
        if self.failure:
            raise self.failure
        kernel = Function(lambda *arguments: self.log.append((name, *arguments)))
        return SimpleNamespace(kernel=kernel, max_dynamic_shared_size_bytes=None)

    # A stream that records

    def __enter__(self):
        self.log.append("enter")
        return self

    def __exit__(self, *_):
        self.log.append("exit")

    def begin_capture(self):
        self.log.append("begin")

    def end_capture(self):
        self.log.append("end")
        if self.failure:
            raise self.failure
        return SimpleNamespace(launch=lambda: self.log.append("graph"))


class Function:
    ptr = 99

    def __init__(self, call):
        self._call = call

    def __call__(self, *arguments):
        self._call(*arguments)


def forget():
    """Let the engine be looked for again."""
    launcher._cupy.cache_clear()
    launcher._engine.cache_clear()


@pytest.fixture
def cupy(monkeypatch):
    forget()
    fake = FakeCupy()
    monkeypatch.setitem(sys.modules, "cupy", fake)
    yield fake
    forget()


def test_there_is_one_engine_for_a_device(cupy):
    engine = launcher.current()
    assert launcher.current() is engine
    assert (engine.name, engine.capability, engine.multiprocessors, engine.shared_memory) == ("Fake", 90, 4, 100_000)


@pytest.mark.parametrize("missing", ["CuPy", "a driver", "a GPU", "NVIDIA"])
def test_there_is_none_without_all_that_it_takes(missing, cupy, monkeypatch):
    if missing == "CuPy":
        monkeypatch.setitem(sys.modules, "cupy", None)
    elif missing == "a driver":
        del cupy.cuda.is_available
    elif missing == "a GPU":
        cupy.cuda.is_available = lambda: False
    else:
        cupy.cuda.runtime.is_hip = True
    assert launcher.current() is None


def test_there_is_none_for_a_gpu_that_is_too_old(cupy, monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", FakeCupy("61"))
    assert launcher.current() is None


@pytest.mark.parametrize("precision", ["tf32", "bfloat16"])
def test_precisions_that_need_tensor_cores(cupy, monkeypatch, precision):
    assert gpu.choose("auto") == gpu.choose("float32") == "float32"
    assert gpu.choose(precision) == precision
    monkeypatch.setattr(launcher.current(), "capability", 75)
    with pytest.raises(UserError, match=rf"{precision}: needs compute capability 8.0: Fake has 7.5; float32"):
        gpu.choose(precision)
    monkeypatch.setattr(launcher, "current", lambda: None)
    with pytest.raises(UserError, match=r"there is no NVIDIA GPU that has it"):
        gpu.choose(precision)
    assert gpu.choose("auto") == "float32"


def test_a_kernel_is_compiled_once_for_each_build(cupy):
    engine = launcher.current()
    first = engine.kernel("embedding", "embed", OPERAND="float")
    assert engine.kernel("embedding", "embed", OPERAND="float") is first
    assert engine.kernel("embedding", "embed", OPERAND="bfloat16") is not first
    codes = [code for kind, code, _ in cupy.log if kind == "module"]
    assert [code.split("\n")[0] for code in codes] == ["#define OPERAND float", "#define OPERAND bfloat16"]
    assert codes[0] == sources.text("embedding", defines=[("OPERAND", "float")])


@pytest.mark.parametrize("known", [True, False])
def test_a_program_that_does_not_compile_is_one_line(cupy, known):
    engine = launcher.current()
    kind = cupy.cuda.compiler.CompileException if known else ImportError
    cupy.failure = kind("\n  x.cu(3): error: expected a )\n\n1 error detected\n")
    with pytest.raises(UserError) as caught:
        engine.kernel("embedding", "embed", OPERAND="float")
    line = "--device gpu: embedding.cu cannot be compiled for Fake: x.cu(3): error: expected a )"
    assert str(caught.value) == line


def test_a_launch_is_what_cupy_wants(cupy):
    launch = launcher.current().kernel("embedding", "embed", OPERAND="float")
    del cupy.log[:]
    array = SimpleNamespace(flags=SimpleNamespace(c_contiguous=True))
    launch(7, 64, array, numpy.int32(3))
    assert launch._function.max_dynamic_shared_size_bytes is None
    launch((7, numpy.int64(2)), (32,), shared=60_000)
    assert launch._function.max_dynamic_shared_size_bytes == 100_000
    assert cupy.log == [
        ("embed", (7, 1, 1), (64, 1, 1), (array, numpy.int32(3)), 0, None, False),
        ("embed", (7, 2, 1), (32, 1, 1), (), 60_000, None, False),
    ]
    array.flags.c_contiguous = False
    for wrong in (array, 3, 1.5, None, numpy.ones(1)):
        with pytest.raises(AssertionError, match="embed: neither"):
            launch(1, 32, wrong)


def test_blocks_that_wait_for_each_other_must_have_room(cupy):
    launch = launcher.current().kernel("embedding", "embed", OPERAND="float")
    del cupy.log[:]
    for _ in range(2):
        launch((4, 2), 1024, cooperative=True)
    line = (
        "--device gpu: Fake has room for 8 of the 9 blocks of the kernel embed, which wait for each other; -d cpu goes"
    )
    with pytest.raises(UserError, match=line):
        launch(9, 1024, cooperative=True)
    with pytest.raises(UserError, match="room for 4 of the 8 blocks"):
        launch(8, 1024, shared=60_000, cooperative=True)
    run = ("embed", (4, 2, 1), (1024, 1, 1), (), 0, None, True)
    assert cupy.log == [("room", 1024, 0), run, run, ("room", 1024, 60_000)]


def test_recording_runs_nothing_and_replaying_runs_the_graph(cupy):
    engine = launcher.current()
    replay = engine.record(lambda: cupy.log.append("work"))
    assert cupy.log == ["enter", "begin", "work", "end", "exit"]
    replay()
    replay()
    assert cupy.log[5:] == ["graph", "graph"]
    assert engine.why_no_graph is None


@pytest.mark.parametrize("where", ["in the work", "at the end"])
def test_what_cannot_be_recorded_runs_as_it_is(cupy, where):
    engine = launcher.current()
    engine.why_no_graph = "an older reason"

    def work():
        if where == "in the work" and cupy.failure:
            raise RuntimeError("not in a graph")

    cupy.failure = RuntimeError("the capture broke" if where == "in the work" else "not in a graph")
    assert engine.record(work) is work
    assert engine.why_no_graph == "not in a graph"
    assert cupy.log == ["enter", "begin", "end", "exit"]
    cupy.failure = None
    assert engine.record(work) is not work
    assert engine.why_no_graph is None


def test_other_errors_end_the_recording_and_are_told(cupy):
    def work():
        raise UserError("a line")

    with pytest.raises(UserError, match="a line"):
        launcher.current().record(work)
    assert cupy.log == ["enter", "begin", "end", "exit"]


def test_what_is_recorded_runs_once_as_it_is_and_then_as_a_graph(cupy):
    engine = launcher.current()
    engine.why_no_graph = "another's reason"
    run = launcher.Recorded(engine, lambda: cupy.log.append("work"))
    assert run.why_no_graph is None
    run()
    assert cupy.log == ["work", "enter", "begin", "work", "end", "exit"]
    run()
    run()
    assert cupy.log[6:] == ["graph", "graph"]
    assert run.why_no_graph is None
    cupy.failure = RuntimeError("not in a graph")
    broken = launcher.Recorded(engine, lambda: cupy.log.append("work"))
    broken()
    assert broken.why_no_graph == "not in a graph"
    del cupy.log[:]
    broken()
    assert cupy.log == ["work"]
    assert run.why_no_graph is None


def test_some_free_memory_is_kept_back(cupy):
    free = launcher.current().free()
    assert free == int((10 << 30) * 0.97) - (256 << 20)
    cupy.pool.free_bytes = lambda: -(9 << 30)
    assert launcher.current().free() == 0


def test_what_an_upload_takes_goes_with_its_destination(cupy, device, place):
    for name in ("alloc", "alloc_pinned_memory", "Event", "get_current_stream"):
        setattr(cupy.cuda, name, getattr(device, name))
    cupy.cuda.Stream = lambda non_blocking: device.beside
    engine = launcher.current()
    other = Place()
    for to in (place, other, place):
        engine.upload(to, numpy.arange(3.0))
    device.finish()
    assert place.data.bytes.view("d").tolist() == [0, 1, 2]
    assert len(engine._staging) == 2
    gone = weakref.ref(engine._staging[id(other)])
    gc.disable()
    try:
        del other, to
        assert len(engine._staging) == 1
        assert gone() is None
    finally:
        gc.enable()


# What we call of CuPy, on the CuPy that is installed

MEMBERS = {
    "RawKernel": ("kernel", "max_dynamic_shared_size_bytes"),
    "cuda.Device": ("attributes", "compute_capability", "mem_info"),
    "cuda.Event": ("record", "synchronize"),
    "cuda.Graph": ("launch",),
    "cuda.MemoryPointer": ("copy_from_device_async", "copy_from_host_async"),
    "cuda.MemoryPool": ("free_bytes", "total_bytes", "used_bytes"),
    "cuda.Stream": ("__enter__", "begin_capture", "end_capture", "wait_event"),
    "RawModule": ("get_function",),
    "cuda.function.Function": ("__call__", "ptr"),
    "ndarray": ("data", "flags", "get", "nbytes"),
}
ROOTS = {"cupy": "", "self.xp": "", "self._engine.xp": "", "cuda": "cuda.", "self._cuda": "cuda."}


def names_of_cupy():
    """All that the modules write after one of the roots, as a.b.c."""
    for module in (launcher, cublas, sys.modules[Staging.__module__]):
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            with contextlib.suppress(AttributeError):
                text = ast.unparse(node) if isinstance(node, ast.Attribute) else ""
                root = max((root for root in ROOTS if text.startswith(f"{root}.")), key=len, default=None)
                if root and text.replace(".", "").replace("_", "").isalnum():
                    yield ROOTS[root] + text[len(root) + 1 :]


def test_cupy_has_the_names_that_we_call(monkeypatch):
    cupy = pytest.importorskip("cupy")
    names = {name for name in names_of_cupy() if not name.startswith("cuda.cublas")}  # that one wants the library
    assert {"cuda.alloc_pinned_memory", "cuda.driver.occupancyMaxActiveBlocksPerMultiprocessor", "empty"} <= names
    names |= {f"{kind}.{member}" for kind, members in MEMBERS.items() for member in members}
    missing = []
    for name in sorted(names):
        try:
            functools.reduce(getattr, name.split("."), cupy)
        except AttributeError:
            missing.append(name)
    assert missing == []
    assert cupy.ndarray.__weakrefoffset__  # arrays can be referred to weakly
    for name in ("MultiProcessorCount", "MaxSharedMemoryPerBlockOptin"):
        assert hasattr(cupy.cuda.runtime, f"cudaDevAttr{name}")


# On a GPU


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
    """1 + 2^-20 becomes 1 in TF32."""
    a, out = engine.asarray(numpy.full((64, 64), 1 + 2**-20, "f")), engine.zeros((64, 64))
    identity = engine.asarray(numpy.eye(64, dtype="f"))
    engine.product(a, identity, out, precision="float32")
    numpy.testing.assert_array_equal(engine.read(out), engine.read(a))


@pytest.mark.gpu
def test_blocks_wait_for_each_other_on_the_gpu(engine):
    counter, reached, late = engine.zeros(1, "u4"), *(engine.zeros(engine.multiprocessors, "u4") for _ in range(2))
    launch = engine.kernel("barrier", "barriers")
    arguments = counter, reached, late, numpy.int32(100), numpy.int32(1)
    launch(engine.multiprocessors, 256, *arguments, shared=engine.shared_memory, cooperative=True)
    assert engine.read(counter)[0] == 100 * engine.multiprocessors
    assert (engine.read(reached) == 100).all()
    assert not engine.read(late).any()
    with pytest.raises(UserError, match="wait for each other"):
        launch(engine.multiprocessors + 1, 256, *arguments, shared=engine.shared_memory, cooperative=True)


@pytest.mark.gpu
@pytest.mark.parametrize("operand", ["f", "u2"])
def test_rows_of_an_embedding_on_the_gpu(engine, emulated, operand, rng):
    ids, w = rng.integers(0, 50, 33).astype("i"), rng.normal(size=(50, 31)).astype("f")
    key = numpy.array([7], "u8")
    results = []
    for where in (engine, emulated()):
        x = where.zeros((33, 32), operand)
        embedding.embed(where, where.asarray(ids), where.asarray(w), x, where.asarray(key), masks.Dropout.of(0.5))
        results.append(where.read(x))
    numpy.testing.assert_array_equal(*results)


@pytest.mark.gpu
def test_a_recorded_window_reads_what_was_sent_for_it(engine, rng):
    """Launches, a product and an upload, replayed: the same as one by one, and the same bits twice."""
    w, matrix_ = engine.asarray(rng.normal(size=(50, 32)).astype("f")), engine.asarray(numpy.eye(32, dtype="f") * 2)
    ids, x, out = engine.zeros(20, "i"), engine.zeros((20, 32)), engine.zeros((20, 32))
    key, total = engine.zeros(1, "u8"), engine.zeros((20, 32))

    def work():
        embedding.embed(engine, ids, w, x, key)
        engine.product(x, matrix_, out)
        engine.product(x, matrix_, total, beta=1.0)

    work()
    replay = engine.record(work)
    assert engine.why_no_graph is None
    assert replay is not work
    wanted = numpy.array(engine.read(total))
    assert numpy.array_equal(wanted, engine.read(out))  # recording ran nothing
    for _ in range(20):
        chosen = rng.integers(0, 50, 20).astype("i")
        engine.upload(ids, chosen)
        replay()
        wanted += 2 * engine.read(w)[chosen]
    numpy.testing.assert_allclose(engine.read(total), wanted, rtol=1e-5, atol=1e-5)
    numpy.testing.assert_array_equal(engine.read(out), 2 * engine.read(w)[chosen])


@pytest.mark.gpu
def test_what_cannot_be_recorded_on_the_gpu_leaves_the_engine_as_it_was(engine):
    array = engine.zeros(3)

    def work():
        engine.read(array)  # waits, which a recording cannot

    assert engine.record(work) is work
    assert engine.why_no_graph
    test_float32_has_all_its_bits(engine)


@pytest.mark.gpu
def test_memory_is_counted(engine):
    before = engine.used()
    array = engine.empty(1 << 20)
    assert engine.used() >= before + array.nbytes
    assert engine.peak() >= engine.used()
    assert engine.free() > 0
