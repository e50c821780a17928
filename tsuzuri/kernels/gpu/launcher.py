"""The engine: a GPU on which CuPy compiles and launches our kernels, and cuBLAS makes our products.

Everything runs on CuPy's current stream, where what other code on CuPy does (Chainer's links, ``cupy.ndarray.get``)
comes before or after it in the order of the program. Recording alone uses a stream of its own, since the default one
cannot be recorded; nothing runs meanwhile, and what was recorded runs on the current stream again. Whoever changes
the current stream makes the new one wait for the old one.
"""

import contextlib
import functools
import weakref

import numpy

from tsuzuri.errors import UserError
from tsuzuri.kernels.gpu import cublas, sources
from tsuzuri.kernels.gpu.staging import Staging

OLDEST = 70  # compute capability 7.0, Volta: threads of a warp that wait for each other
WITHOUT_ASKING = 48 << 10  # bytes of shared memory that any block may have

# Bytes of free GPU memory that are not reported as free: for cuBLAS's workspace (32 MiB), compiled kernels, recorded
# graphs, staging, and what evaluation takes between epochs. And a share, since the pool's pieces do not fit without
# gaps.
RESERVE, RESERVED_SHARE = 256 << 20, 0.03


def current():
    """The engine of the current CUDA device, or None where there is no CuPy, no driver, or no GPU that can have one."""
    cupy = _cupy()
    return None if cupy is None else _engine(cupy.cuda.runtime.getDevice())


def of_type(kind):
    """The engine whose arrays are of this type, or None; who computes with NumPy's leaves GPUs alone."""
    return None if kind is numpy.ndarray else current()


@functools.cache
def _cupy():
    """CuPy, where it is and finds an NVIDIA GPU; asked for at every window, looked for once."""
    with contextlib.suppress(Exception):  # CuPy raises many kinds of error for the many ways in which CUDA is missing
        import cupy

        return cupy if cupy.cuda.is_available() and not cupy.cuda.runtime.is_hip else None
    return None


@functools.cache
def _engine(device):
    engine = Engine(device)
    return engine if engine.capability >= OLDEST else None


class Engine:
    """A GPU by its number among CUDA's devices; it must be the current device wherever the engine is used.

    ``xp`` is CuPy. ``capability`` is 90 for compute capability 9.0, ``shared_memory`` the bytes a block may have.
    ``why_no_graph`` is None, or why the last recording failed.
    """

    def __init__(self, device):
        import cupy

        self.xp = cupy
        self._device = cupy.cuda.Device(device)
        self.name = cupy.cuda.runtime.getDeviceProperties(device)["name"].decode()
        self.capability = int(self._device.compute_capability)
        attributes = self._device.attributes
        self.multiprocessors = attributes["MultiProcessorCount"]
        self.shared_memory = attributes["MaxSharedMemoryPerBlockOptin"]
        self.why_no_graph = None
        self._recorder, self._uploads = (cupy.cuda.Stream(non_blocking=True) for _ in range(2))
        self._launches = {}  # by program, name and defines
        self._staging = {}  # by the id of the array, as long as that lives

    def kernel(self, program, name, **defines):
        """A kernel of a program, compiled at the first call: ``launch(grid, block, *arguments, shared, cooperative)``.

        Raises ``UserError`` where it does not compile.
        """
        key = program, name, tuple(sorted(defines.items()))
        if key not in self._launches:
            module = self.xp.RawModule(code=sources.text(program, defines=key[2]), options=sources.OPTIONS)
            try:
                function = module.get_function(name)
            except (self.xp.cuda.compiler.CompileException, RuntimeError, ImportError, OSError) as error:
                line = next(filter(None, map(str.strip, str(error).splitlines())), type(error).__name__)
                raise UserError(f"--device gpu: {program}.cu cannot be compiled for {self.name}: {line}") from error
            self._launches[key] = Launch(self, name, function)
        return self._launches[key]

    def product(self, a, b, out, transpose_a=False, transpose_b=False, beta=0.0, precision="float32"):
        """out = a b + beta out, for two arrays of float32 or two of bfloat16 (uint16), and out of float32.

        Of two dimensions, whose rows may lie apart. ``precision`` is float32, tf32 or bfloat16.
        """
        stream = self.xp.cuda.get_current_stream().ptr
        self._cublas.product(stream, a, b, out, transpose_a, transpose_b, beta, precision)

    @functools.cached_property
    def _cublas(self):
        try:
            library = cublas.load_cublas(self.xp.cuda)
        except (ImportError, OSError) as error:
            line = str(error).splitlines()[0]
            raise UserError(f"--device gpu: CuPy finds no cuBLAS (its extra ctk installs it): {line}") from error
        self._workspace = self.empty(cublas.workspace(self.capability), "B")
        return cublas.Cublas(library, self._workspace.data.ptr, self._workspace.nbytes)

    def empty(self, shape, dtype="f"):
        """An array of anything."""
        return self.xp.empty(shape, dtype)

    def zeros(self, shape, dtype="f"):
        return self.xp.zeros(shape, dtype)

    def asarray(self, array, dtype=None):
        """A copy of a NumPy array."""
        return self.xp.array(array, dtype, order="C")

    def upload(self, to, array):
        """Copy a NumPy array ahead into ``to``, a contiguous array of as many bytes: there after the work so far.

        Waits for the GPU only when two uploads to there are still under way, and at the first two. Let ``to`` be the
        same object each time: what this takes lives as long as that.
        """
        key = id(to)
        if key not in self._staging:
            assert to.flags.c_contiguous
            self._staging[key] = Staging(self.xp.cuda, to.nbytes, self._uploads)
            weakref.finalize(to, self._staging.pop, key)
        self._staging[key].send(to, array)

    def read(self, array):
        """An array as NumPy's, when the work so far is done: the one call that waits for the GPU."""
        return array.get()

    def record(self, function):
        """The launches and products of ``function``, recorded but not run: a function that runs them as a CUDA graph.

        Let ``function`` run before, so that its kernels are compiled and loaded; it takes no memory, uploads and reads
        nothing. What is returned holds ``function``, and with it the arrays that it holds; others the caller must keep,
        since the graph knows only addresses. Where it cannot be recorded, that is ``function`` itself, and
        ``why_no_graph`` says why.
        """
        try:
            graph, self.why_no_graph = self._capture(function), None
        except RuntimeError as error:  # CuPy's errors of CUDA are of this kind
            self.why_no_graph = str(error) or type(error).__name__
            return function

        def replay():
            graph.launch()

        replay.recorded = function
        return replay

    def _capture(self, function):
        with self._recorder as stream:
            stream.begin_capture()
            try:
                function()
            except BaseException:
                with contextlib.suppress(RuntimeError):  # what broke the recording is in the first error
                    stream.end_capture()
                raise
            return stream.end_capture()

    def used(self):
        """Bytes of GPU memory that arrays of this process hold."""
        return self.xp.get_default_memory_pool().used_bytes()

    def peak(self):
        """Bytes of GPU memory that CuPy has taken for this process; it keeps what it once took."""
        return self.xp.get_default_memory_pool().total_bytes()

    def free(self):
        """Bytes of GPU memory for which this process could still find room, less a reserve."""
        free = self._device.mem_info[0] + self.xp.get_default_memory_pool().free_bytes()
        return max(0, int(free * (1 - RESERVED_SHARE)) - RESERVE)


class Launch:
    """A kernel to be launched: ``function`` is CuPy's ``RawKernel``."""

    def __init__(self, engine, name, function):
        self._engine, self._name, self._function = engine, name, function
        self._shared = WITHOUT_ASKING
        self._at_once = {}  # blocks that run at the same time, by threads and shared memory

    def __call__(self, grid, block, *arguments, shared=0, cooperative=False):
        """Launch it on the current stream.

        Each argument is a contiguous array or a NumPy scalar of exactly the parameter's type. ``shared`` is in bytes;
        ``cooperative`` means that the blocks wait for each other, so all of them run at the same time.
        """
        grid, block = _three(grid), _three(block)
        assert all(
            argument.flags.c_contiguous
            if isinstance(argument, self._engine.xp.ndarray)
            else isinstance(argument, numpy.generic)
            for argument in arguments
        ), f"{self._name}: neither contiguous array nor NumPy scalar"
        if shared > self._shared:
            self._function.max_dynamic_shared_size_bytes = self._shared = self._engine.shared_memory
        if cooperative:
            self._check_room(grid[0] * grid[1] * grid[2], block[0] * block[1] * block[2], shared)
        # RawKernel asks for such a launch when it is compiled; the function within asks for it when it is launched.
        self._function.kernel(grid, block, arguments, shared, None, cooperative)

    def _check_room(self, blocks, threads, shared):
        """CuPy would launch fewer blocks, with a warning, and those would wait for the missing ones for ever."""
        key = threads, shared
        if key not in self._at_once:
            room = self._engine.xp.cuda.driver.occupancyMaxActiveBlocksPerMultiprocessor
            self._at_once[key] = room(self._function.kernel.ptr, threads, shared) * self._engine.multiprocessors
        if blocks > self._at_once[key]:
            raise UserError(
                f"--device gpu: {self._engine.name} has room for {self._at_once[key]} of the {blocks} blocks of the "
                f"kernel {self._name}, which wait for each other; -d cpu goes on without it"
            )


class Recorded:
    """A function that launches: the first time as it is, when its kernels get compiled, and then as a graph.

    ``why_no_graph`` is None, or why it could not be recorded. Whoever owns this and is wanted by the function is to be
    known to it by ``weakref.proxy``: else the two hold each other, with all their GPU memory.
    """

    def __init__(self, engine, function):
        self._engine, self._function, self._replay, self.why_no_graph = engine, function, None, None

    def __call__(self):
        if self._replay:
            self._replay()
        else:
            self._function()
            self._replay, self.why_no_graph = self._engine.record(self._function), self._engine.why_no_graph


def _three(number):
    shape = (number,) if isinstance(number, int) else tuple(map(int, number))
    return shape + (1,) * (3 - len(shape))
