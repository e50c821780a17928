"""The programs as text, and what an engine must have to run them."""

import ast
import contextlib
import functools
import inspect
import sys

import pytest

from tsuzuri.kernels.gpu import cublas, launcher, sources
from tsuzuri.kernels.gpu.staging import Staging


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
