"""A GPU for the tests that is none: the kernels of ``kernels/cuda``, compiled for the CPU, over NumPy arrays.

It stands where ``kernels/gpu/launcher.py`` has CuPy, with the same methods, and is stricter: an array of another type
than the kernel's parameter is refused, what a kernel leaves unwritten is NaN, and writing past an array is an error.
"""

import ctypes
import functools
import hashlib
import itertools
import os
import pathlib
import shutil
import subprocess
import tempfile
import weakref

import numpy

from tsuzuri.kernels.gpu import sources

HERE = pathlib.Path(__file__).parent / "cuda_on_cpu"
GUARD = 64  # bytes after each array
LETTERS = {"f": "f", "d": "d", "i": "i", "I": "u", "H": "h", "B": "b", "q": "q", "Q": "w", "l": "q", "L": "w"}
FLAGS = ["-std=c++17", "-O1", "-fPIC", "-shared", "-w", "-ffp-contract=off"]
FLAGS += ["-fsanitize=alignment", "-fsanitize-undefined-trap-on-error"]  # a GPU stops at a wrong address too


def compiler():
    """A C++ compiler, or None."""
    return next(filter(None, map(shutil.which, (os.environ.get("CXX", "c++"), "g++", "clang++"))), None)


def compiled(name, text, ending, *options):
    """The path of a source file of this text, beside which is what the compiler makes of it, named with the ending.

    Both are kept from one run to the next, under a digest of all that they depend on.
    """
    command = [compiler(), *FLAGS, *options]
    digest = hashlib.sha256(" ".join([*command, text]).encode()).hexdigest()[:20]
    folder = pathlib.Path(tempfile.gettempdir()) / f"tsuzuri-emulated-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    source = folder / f"{digest}-{name}"
    made = folder / (source.name + ending)
    if not made.exists():
        with tempfile.TemporaryDirectory(dir=folder) as work:  # so that others find all, or nothing
            path = pathlib.Path(work) / name
            path.write_text(text, encoding="utf-8")
            subprocess.run([*command, path, "-o", path.with_suffix(ending)], check=True)
            os.replace(path, source)
            os.replace(path.with_suffix(ending), made)
    return source


@functools.cache
def header():
    """The emulator, compiled beforehand: with the standard library's headers it takes as long as a whole program."""
    text = (HERE / "emulator.hpp").read_text(encoding="utf-8").replace("#pragma once\n", "")
    return compiled("emulator.hpp", text, ".gch", "-x", "c++-header")


@functools.cache
def build(program, defines=()):
    """A library of a program's kernels for the CPU."""
    source = sources.text(program, HERE)
    names = sources.kernels(source)
    table = "".join(
        f'extern "C" bool start_{name}(const unsigned* shape, unsigned shared, bool together, unsigned seed, void** a) '
        f"{{ return emulator::start({name}, shape, shared, together, seed, a); }}\n"
        f'extern "C" const char* letters_{name}() {{ return emulator::letters({name}); }}\n'
        for name in names
    )
    head = "".join(f"#define {name} {value}\n" for name, value in defines)
    tail = 'extern "C" const char* failure() { return emulator::error.c_str(); }\n'
    whole = "\n".join((head, source, table, tail))
    loaded = ctypes.CDLL(f"{compiled(f'{program}.cpp', whole, '.so', '-include', str(header()))}.so")
    loaded.failure.restype = ctypes.c_char_p
    return loaded


class Emulated:
    """An engine as ``launcher.Engine``. ``seed`` shuffles the order in which threads and blocks run."""

    xp = numpy
    name = "emulated"
    why_no_graph = None
    shared_memory = 64 << 10

    def __init__(self, seed=0, multiprocessors=3, capability=90):
        self.multiprocessors, self.capability = multiprocessors, capability
        self.launches = []  # names, in order
        self._tape = None  # of what is being recorded
        self._seeds = itertools.count(seed * 1000)
        self._guarded = []

    def kernel(self, program, name, **defines):
        library = build(program, tuple(sorted(defines.items())))
        start, letters = getattr(library, f"start_{name}"), getattr(library, f"letters_{name}")
        letters.restype, start.restype = ctypes.c_char_p, ctypes.c_bool
        wanted = letters().decode()

        def launch(grid, block, *arguments, shared=0, cooperative=False):
            got = "".join(_letter(argument) for argument in arguments)
            assert got == wanted, f"{name}: arguments are {got}, parameters {wanted}"
            shape = (*_three(grid), *_three(block))
            assert shape[3] % 32 == 0
            assert shape[3] <= 1024
            assert shape[4:] == (1, 1)
            assert min(shape) > 0
            assert shared <= self.shared_memory, f"{name}: {shared} bytes of shared memory"
            blocks = shape[0] * shape[1] * shape[2]
            assert not cooperative or blocks <= self.multiprocessors, (
                f"{name}: {blocks} blocks that wait for each other"
            )
            run = functools.partial(self._start, name, library, shape, shared, cooperative, arguments)
            run() if self._tape is None else self._tape.append(run)

        return launch

    def _start(self, name, library, shape, shared, cooperative, arguments):
        kept = [_holder(argument) for argument in arguments]
        pointers = (ctypes.c_void_p * len(kept))(*(ctypes.addressof(holder) for holder in kept))
        self.launches.append(name)
        start = getattr(library, f"start_{name}")
        if not start((ctypes.c_uint * 6)(*shape), shared, cooperative, next(self._seeds), pointers):
            raise AssertionError(f"{name}: {library.failure().decode()}")
        self.check()

    def product(self, a, b, out, transpose_a=False, transpose_b=False, beta=0.0, precision="float32"):
        """out = a b + beta out, for two arrays of float32 or two of bfloat16 (uint16), and out of float32."""
        assert a.dtype == b.dtype
        assert a.dtype == ("u2" if precision == "bfloat16" else "f")
        assert out.dtype == "f"
        for array in (a, b, out):
            assert array.ndim == 2
            assert array.strides[1] == array.itemsize or array.shape[1] == 1

        def run():
            x, y = _as_double(a), _as_double(b)
            with numpy.errstate(over="ignore", invalid="ignore"):  # infinities, as a GPU makes them
                result = (x.T if transpose_a else x) @ (y.T if transpose_b else y)
                out[...] = result + beta * out if beta else result

        run() if self._tape is None else self._tape.append(run)

    def empty(self, shape, dtype="f"):
        """An array of poison with a guard behind it."""
        dtype, shape = numpy.dtype(dtype), (shape,) if isinstance(shape, int) else tuple(shape)
        size = int(numpy.prod(shape)) * dtype.itemsize
        memory = numpy.full(size + GUARD + 256, 0xFF, numpy.uint8)
        start = -memory.ctypes.data % 256
        self._guarded.append((weakref.ref(memory), start + size))
        return memory[start : start + size].view(dtype).reshape(shape)

    def zeros(self, shape, dtype="f"):
        array = self.empty(shape, dtype)
        array[...] = 0
        return array

    def asarray(self, array, dtype=None):
        """A guarded copy of a NumPy array."""
        array = numpy.asarray(array, dtype)
        mine = self.empty(array.shape, array.dtype)
        mine[...] = array
        return mine

    def upload(self, to, array):
        """A host array into one of the device: for a GPU ahead of what runs there, here at once."""
        assert to.nbytes == array.nbytes
        to.reshape(-1).view("u1")[...] = numpy.ascontiguousarray(array).reshape(-1).view("u1")

    def read(self, array):
        """An array of the device on the host."""
        self.check()
        return array.copy()

    def free(self):
        """Bytes of memory that are left."""
        return 1 << 30

    def used(self):
        """Bytes that are taken."""
        return sum(len(memory()) for memory, _ in self._guarded if memory() is not None)

    peak = used

    def check(self):
        self._guarded = [(memory, end) for memory, end in self._guarded if memory() is not None]
        for memory, end in self._guarded:
            assert (memory()[end : end + GUARD] == 0xFF).all(), "written past the end of an array"

    def record(self, function):
        """A function that does what a CUDA graph does: the launches and products of ``function`` as they were."""
        self._tape = tape = []
        function()
        self._tape = None
        return lambda: [run() for run in tape]


def _three(number):
    shape = (number,) if isinstance(number, int) else tuple(number)
    return shape + (1,) * (3 - len(shape))


def _letter(argument):
    letter = LETTERS[argument.dtype.char]
    if isinstance(argument, numpy.ndarray):
        assert argument.flags.c_contiguous
        return letter.upper()
    assert isinstance(argument, numpy.generic), f"{argument!r}: neither array nor NumPy scalar"
    return letter


def _holder(argument):
    """Something in memory at which the kernel's parameter lies."""
    if isinstance(argument, numpy.ndarray):
        return ctypes.c_void_p(argument.ctypes.data)
    return (ctypes.c_char * argument.nbytes).from_buffer_copy(argument.tobytes())


def _as_double(array):
    if array.dtype == numpy.uint16:
        return (array.astype("u4") << 16).view("f").astype("d")
    return array.astype("d")
