"""The kernels in CUDA C++ as text to compile: each program of ``kernels/cuda`` with what it includes in its place.

The text is whole, so that a cache of compiled programs that goes by it sees every change.
"""

import pathlib
import re

FOLDER = pathlib.Path(__file__).parent.parent / "cuda"
INCLUDE = re.compile(r'^#include "([\w.]+)"\n', re.MULTILINE)
KERNEL = re.compile(r'^extern "C" __global__ void (?:__launch_bounds__\([^)]*\)\s+)?(\w+)\(', re.MULTILINE)
OPTIONS = ("-std=c++17",)  # for NVRTC; CuPy adds the processor and -ftz=true: denormals count as zeros in float32


def programs():
    """Their names."""
    return sorted(path.stem for path in FOLDER.glob("*.cu"))


def text(program, instead=FOLDER, defines=()):
    """The source of a program after its ``defines``, pairs of a name and a value.

    A file that it includes is taken from the folder ``instead``, where that has it.
    """
    seen = set()

    def expand(name):
        if name in seen:
            return ""
        seen.add(name)
        path = next(folder / name for folder in (instead, FOLDER) if (folder / name).is_file())
        source = path.read_text(encoding="utf-8").replace("#pragma once\n", "")
        return INCLUDE.sub(lambda match: expand(match[1]), source)

    head = "".join(f"#define {name} {value}\n" for name, value in defines)
    return head + expand(f"{program}.cu")


def kernels(source):
    """The names of the kernels in a source."""
    return KERNEL.findall(source)
