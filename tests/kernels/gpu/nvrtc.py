"""NVIDIA's run-time compiler without a GPU, and the builds of our programs that the host code asks for.

The library is that of a wheel: nvidia-cuda-nvrtc-cu12, or nvidia-cuda-nvrtc for CUDA 13. CuPy's extra ctk brings the
same ones.
"""

import ctypes
import importlib
import importlib.util
import pathlib
import re
from typing import NamedTuple

from tsuzuri.kernels.gpu import operands, sources

# As CuPy 13 and 14 call it, but for the processor; then the assembler's report.
OPTIONS = (*sources.OPTIONS, "-ftz=true", "--device-as-default-execution-space", "--ptxas-options=-v")
FOLDERS = ("cuda_nvrtc/lib", "cu[0-9]*/lib")
WARNING = re.compile(r"^.*\bwarning ?[#:].*$", re.MULTILINE)
USUAL = "Architectures prior to"  # are deprecated, says CUDA 12.9 of those before 7.5
PROPERTIES = re.compile(
    r"Function properties for (\w+)\s+ptxas\s+\.\s+"
    r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads"
)


def libraries():
    """The paths of the compilers in this environment."""
    spec = importlib.util.find_spec("nvidia")
    roots = spec.submodule_search_locations if spec else ()
    return sorted(
        path for root in roots for folder in FOLDERS for path in pathlib.Path(root).glob(f"{folder}/libnvrtc.so.[0-9]*")
    )


def builds(program):
    """The sets of defines with which the host code asks for a program.

    They are in the table ``BUILDS`` of the module of ``kernels.gpu`` that launches it, the one of its name as far as
    that goes (``recurrence.py`` for ``recurrence_step.cu``): a list of {name: value, ...}, or such lists by program. A
    program that has none is built once for each type of operand if its source names that, else once without defines.
    """
    parts = program.split("_")
    names = [f"tsuzuri.kernels.gpu.{'_'.join(parts[:count])}" for count in range(len(parts), 0, -1)]
    module = next((importlib.import_module(name) for name in names if importlib.util.find_spec(name)), None)
    table = getattr(module, "BUILDS", {})
    found = table.get(program) if isinstance(table, dict) else table
    usual = operands.DEFINES if re.search(r"\bOPERAND\b", sources.text(program)) else [{}]
    return [tuple(sorted(build.items())) for build in found or usual]


class Result(NamedTuple):
    """What became of a source: a cubin, or None after an error."""

    cubin: bytes | None
    log: str

    def warnings(self):
        return [line for line in WARNING.findall(self.log) if USUAL not in line]

    def spills(self):
        """Bytes stored and loaded because registers did not suffice, by function."""
        return {name: int(stores) + int(loads) for name, _, stores, loads in PROPERTIES.findall(self.log)}


class Compiler:
    """A library of NVRTC. Threads may compile side by side."""

    def __init__(self, path):
        self._library = ctypes.CDLL(str(path))

    def architectures(self):
        """The processors it can compile for: 70, 80, ..."""
        count = ctypes.c_int()
        self._call("nvrtcGetNumSupportedArchs", ctypes.byref(count))
        found = (ctypes.c_int * count.value)()
        self._call("nvrtcGetSupportedArchs", found)
        return list(found)

    def compile(self, source, architecture):
        program = ctypes.c_void_p()
        self._call("nvrtcCreateProgram", ctypes.byref(program), source.encode(), b"program.cu", 0, None, None)
        options = [option.encode() for option in (*OPTIONS, f"-arch=sm_{architecture}")]
        pointers = (ctypes.c_char_p * len(options))(*options)
        failed = self._library.nvrtcCompileProgram(program, len(options), pointers)
        log = self._fetch(program, "ProgramLog").rstrip(b"\0").decode()
        cubin = None if failed else self._fetch(program, "CUBIN")
        self._call("nvrtcDestroyProgram", ctypes.byref(program))
        return Result(cubin, log)

    def _fetch(self, program, what):
        size = ctypes.c_size_t()
        self._call(f"nvrtcGet{what}Size", program, ctypes.byref(size))
        content = ctypes.create_string_buffer(size.value)
        self._call(f"nvrtcGet{what}", program, content)
        return content.raw

    def _call(self, name, *arguments):
        status = getattr(self._library, name)(*arguments)
        assert status == 0, f"{name}: status {status}"
