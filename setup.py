"""Builds the CPU kernels, ``tsuzuri.kernels.native._native``, where there is a compiler like GCC or Clang.

Without one the installation goes on, and NumPy computes. With ``TSUZURI_NATIVE=0`` the kernels are left out, with
``TSUZURI_NATIVE=1`` it is an error when they cannot be built. pyproject.toml holds all else.
"""

import hashlib
import os
import pathlib
import platform
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py
from setuptools.errors import CCompilerError, CompileError

LEVEL = "tsuzuri/kernels/native/level.cpp"
FLAGS = [
    *("-std=c++17", "-O3", "-g0", "-ffp-contract=off", "-fno-trapping-math", "-fno-math-errno"),
    *("-fstrict-overflow", "-fno-wrapv"),  # Python's own flags, which come first, have the contrary
    *("-fvisibility=hidden", "-pthread", "-Wall", "-Wextra", "-Wno-psabi"),
]
SANITIZE = [
    *("-O1", "-g", "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover"),
    "-fno-sanitize=null,alignment,object-size,vptr,pointer-overflow",  # slow, and a bad address is found without them
]
AVX2 = ["-mavx2", "-mfma"]
AVX512 = ["-mavx512f", "-mavx512bw", "-mavx512vl", "-mavx512dq", "-mfma"]
BF16 = [*AVX512, "-mavx512bf16"]
X86 = {
    "amx": ["-DLANES=16", *BF16, "-mamx-tile", "-mamx-bf16"],
    "avx512bf16": ["-DLANES=16", *BF16],
    "avx512": ["-DLANES=16", *AVX512],
    "avx2": ["-DLANES=8", *AVX2],
}


def levels_of(machine, compiler):
    """What level.cpp is compiled for: flags by the level's name; {} where it cannot be compiled.

    ``machine`` as ``platform.machine()`` has it; ``compiler`` as setuptools names its kinds, of which "unix" is GCC,
    Clang and their like. "emulated" is for tests: 16 lanes for any processor that does AVX2, or is no x86-64.
    """
    if compiler != "unix":
        return {}
    x86 = machine in ("x86_64", "AMD64", "amd64")
    emulated = ["-DLANES=16", "-DTSUZURI_EMULATE", *(AVX2 if x86 else [])]
    return (X86 if x86 else {}) | {"portable": ["-DLANES=4"], "emulated": emulated}


def fingerprint():
    """Of the sources, as tsuzuri/kernels/native computes it to see whether a build is out of date."""
    paths = sorted(pathlib.Path("tsuzuri/kernels/native").glob("*.?pp"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()[:16]


class BuildPackage(build_py):
    """``build_py`` into an empty folder: a wheel holds all that is there, and so what an earlier build has left.

    A folder that ``--build-lib`` names elsewhere stays as it is.
    """

    def run(self):
        base = pathlib.Path(self.get_finalized_command("build").build_base).resolve()
        if not self.editable_mode and base in pathlib.Path(self.build_lib).resolve().parents:
            shutil.rmtree(self.build_lib, ignore_errors=True)
        super().run()


class BuildNative(build_ext):
    """``build_ext`` that compiles level.cpp once for each level that the compiler knows, and all files side by side."""

    user_options: ClassVar = [
        *build_ext.user_options,
        ("levels=", None, "levels besides portable, with commas between; all unless told"),
        ("sanitize", None, "find bad addresses and undefined behavior"),
    ]
    boolean_options: ClassVar = [*build_ext.boolean_options, "sanitize"]

    def initialize_options(self):
        super().initialize_options()
        self.levels, self.sanitize = None, False

    def finalize_options(self):
        super().finalize_options()
        self.ensure_string_list("levels")

    def run(self):
        for ext in self.extensions:
            for folder in [self.build_lib, *([""] if self.inplace else [])]:  # none is better than one that is outdated
                pathlib.Path(folder, self.get_ext_filename(ext.name)).unlink(missing_ok=True)
        super().run()

    def build_extension(self, ext):
        if os.environ.get("TSUZURI_NATIVE") == "0":
            return
        try:
            objects = self._objects(ext.sources)
            path, flags = self.get_ext_fullpath(ext.name), ["-pthread", *self._checks()]
            self.compiler.link_shared_object(objects, path, extra_postargs=flags, target_lang="c++")
        except (CCompilerError, ImportError) as error:  # pybind11 may be missing too
            raise CompileError(f"{error}; without it NumPy computes, which is slower") from error

    def _objects(self, sources):
        """Compile all, side by side; the last of the sources is told which levels came of it."""
        levels = levels_of(platform.machine(), self.compiler.compiler_type)
        if not levels:
            raise CompileError(f"it needs GCC or Clang, not {self.compiler.compiler_type}")
        wanted = levels if self.levels is None else self.levels
        asked = [name for name in levels if name == "portable" or (name in wanted and self._knows(levels[name]))]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            plain = pool.map(
                lambda source: self._compile(source, "", [f'-DTSUZURI_SOURCE="{fingerprint()}"']), sources[:-1]
            )
            made = dict(zip(asked, pool.map(lambda name: self._level(name, levels[name]), asked), strict=True))
            made = {name: path for name, path in made.items() if path}
            has = [f"-DTSUZURI_HAS_{name.upper()}" for name in made]
            return [*plain, *made.values(), self._compile(sources[-1], "", has)]

    def _level(self, name, flags):
        """The object of a level; None where the compiler took its flags, but not the code."""
        try:
            return self._compile(LEVEL, name, [f"-DLEVEL={name}", *flags])
        except CCompilerError:
            if name == "portable" or os.environ.get("TSUZURI_NATIVE") == "1":
                raise
            return None

    def _knows(self, flags):
        """Whether the compiler takes ``flags``, asked with an empty file."""
        command = [*self.compiler.compiler_so_cxx, *flags, "-x", "c++", "-fsyntax-only", os.devnull]
        try:
            return subprocess.run(command, capture_output=True).returncode == 0
        except OSError:
            return False

    def _compile(self, source, folder, flags):
        import pybind11

        (made,) = self.compiler.compile(
            [source],
            output_dir=os.path.join(self.build_temp, folder),
            include_dirs=[pybind11.get_include()],
            extra_postargs=[*FLAGS, *flags, *self._checks()],
        )
        return made

    def _checks(self):
        return SANITIZE if self.sanitize else []


if __name__ == "__main__":
    setup(
        ext_modules=[
            Extension(
                "tsuzuri.kernels.native._native",
                [f"tsuzuri/kernels/native/{name}.cpp" for name in ("module", "pool", "levels")],
                depends=[LEVEL],
                optional=os.environ.get("TSUZURI_NATIVE") != "1",
            )
        ],
        cmdclass={"build_py": BuildPackage, "build_ext": BuildNative},
    )
