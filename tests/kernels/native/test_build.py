"""The build of the CPU kernels with a compiler, with one that knows less, with none; small sources stand for theirs."""

import os
import shutil
import subprocess
import sys
import sysconfig

import pytest

from tests.conftest import ROOT

pytest.importorskip("setuptools")
pytest.importorskip("pybind11")

from setup import levels_of

SOURCES = {
    "level.cpp": "namespace LEVEL { extern const int lanes; const int lanes = LANES; }",
    "levels.cpp": """
        #define LEVELS(X) X(AMX, amx) X(AVX512BF16, avx512bf16) X(AVX512, avx512) X(AVX2, avx2) X(EMULATED, emulated)
        #define TEXT(x) #x
        #define IS(macro) (sizeof TEXT(macro) == 2)  // "1", where it is defined
        #define DECLARE(has, name) namespace name { extern const int lanes __attribute__((weak)); }
        LEVELS(DECLARE)
        namespace portable { extern const int lanes; }
        #define COUNT(has, name) if (IS(TSUZURI_HAS_##has)) sum += name::lanes;
        int lanes() { int sum = portable::lanes; LEVELS(COUNT) return sum; }
    """,
    "pool.cpp": "int times(int a, int b) { return a * b; }",
    "module.cpp": """
        #include <Python.h>
        int lanes();
        int times(int a, int b);
        static PyMethodDef functions[] = {
            {"lanes", [](PyObject*, PyObject*) { return PyLong_FromLong(lanes()); }, METH_NOARGS, nullptr},
            {"square", [](PyObject*, PyObject* x) {
                int value = PyLong_AsLong(x);
                return PyLong_FromLong(times(value, value));
            }, METH_O, nullptr},
            {}};
        static PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_native", nullptr, -1, functions};
        PyMODINIT_FUNC PyInit__native() { return PyModule_Create(&definition); }
    """,
}
X86 = ["amx", "avx512bf16", "avx512", "avx2", "portable", "emulated"]
NO_COMPILER = {"CC": "/nowhere/cc", "CXX": "/nowhere/c++"}
EXTENSION = f"tsuzuri/kernels/native/_native{sysconfig.get_config_var('EXT_SUFFIX')}"
needs_compiler = pytest.mark.skipif(not shutil.which("c++"), reason="there is no C++ compiler")


@pytest.fixture
def project(tmp_path):
    """A folder to build in: the project's build with small sources."""
    (tmp_path / "tsuzuri/kernels/native").mkdir(parents=True)
    for room in ("tsuzuri", "tsuzuri/kernels", "tsuzuri/kernels/native"):
        (tmp_path / room / "__init__.py").touch()
    for name, text in SOURCES.items():
        (tmp_path / "tsuzuri/kernels/native" / name).write_text(text)
    for name in ("setup.py", "pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def build(folder, *options, **environment):
    """Build in place; the finished process, and the extension where there is one."""
    inherited = {name: value for name, value in os.environ.items() if name != "TSUZURI_NATIVE"}
    command = [sys.executable, "setup.py", "-q", "build_ext", *(options or ["--inplace"])]
    done = subprocess.run(command, cwd=folder, env=inherited | environment, capture_output=True, text=True, timeout=300)
    return done, list((folder / "tsuzuri/kernels/native").glob("_native*"))


def ask(folder, expression, **environment):
    command = [sys.executable, "-c", f"from tsuzuri.kernels.native import _native; print({expression})"]
    settings = {"cwd": folder, "env": os.environ | environment, "capture_output": True, "text": True, "timeout": 60}
    return subprocess.run(command, **settings)


@pytest.mark.parametrize(
    ("machine", "compiler", "wanted"),
    [
        ("x86_64", "unix", X86),
        ("amd64", "unix", X86),
        ("arm64", "unix", ["portable", "emulated"]),
        ("aarch64", "unix", ["portable", "emulated"]),
        ("AMD64", "msvc", []),
        ("AMD64", "mingw32", []),
    ],
)
def test_levels_of(machine, compiler, wanted):
    levels = levels_of(machine, compiler)
    assert list(levels) == wanted
    for name, flags in levels.items():
        assert sum(flag.startswith("-DLANES=") for flag in flags) == 1
        special = any(flag.startswith("-m") for flag in flags)  # instructions that not every processor has
        assert special == (wanted == X86 and name != "portable")


@needs_compiler
def test_with_a_compiler(project):
    done, (extension,) = build(project, TSUZURI_NATIVE="1")
    assert done.returncode == 0, done.stderr
    assert extension == project / EXTENSION
    assert int(ask(project, "_native.lanes()").stdout) >= 4 + 16  # portable and emulated are everywhere
    done, _ = build(project, "--inplace", "--levels", "")
    assert done.returncode == 0, done.stderr
    assert int(ask(project, "_native.lanes()").stdout) == 4


@needs_compiler
def test_a_level_that_the_compiler_does_not_know_is_left_out(project):
    compiler = project / "c++"
    compiler.write_text('#!/bin/sh\nfor flag; do case "$flag" in *EMULATE) exit 1; esac; done\nexec c++ "$@"\n')
    compiler.chmod(0o755)
    done, built = build(project, "--inplace", "--levels", "emulated", CXX=str(compiler), TSUZURI_NATIVE="1")
    assert done.returncode == 0, done.stderr
    assert len(built) == 1
    assert int(ask(project, "_native.lanes()").stdout) == 4


def test_without_a_compiler_the_installation_goes_on(project):
    (project / EXTENSION).write_text("of an earlier build")
    done, built = build(project, **NO_COMPILER)
    assert done.returncode == 0, done.stderr
    assert built == []
    (notice,) = [line for line in done.stderr.splitlines() if "tsuzuri.kernels.native._native" in line]
    assert "/nowhere/c++" in notice
    assert notice.endswith("without it NumPy computes, which is slower")


def test_without_a_compiler_who_insists_gets_an_error(project):
    done, built = build(project, **NO_COMPILER, TSUZURI_NATIVE="1")
    assert done.returncode != 0
    assert built == []


@needs_compiler
def test_nothing_is_left_of_a_build_that_fails(project):
    assert len(build(project, "--inplace", "--levels", "")[1]) == 1
    (project / "tsuzuri/kernels/native/pool.cpp").write_text("int times(int a, int b) { return a * c; }")
    done, built = build(project, "--inplace", "--levels", "")
    assert done.returncode == 0, done.stderr
    assert built == []


def test_they_can_be_left_out(project):
    (project / EXTENSION).write_text("of an earlier build")
    done, built = build(project, TSUZURI_NATIVE="0")
    assert (done.returncode, done.stderr, built) == (0, "", [])


@needs_compiler
def test_sanitized_kernels_stop_where_behavior_is_undefined(project):
    """Python's own flags make signed overflow defined: the build must undo that."""
    if not (compiler := shutil.which("g++")):
        pytest.skip("the checks are GCC's")
    asking = [[compiler, f"-print-file-name=lib{name}.so"] for name in ("asan", "ubsan", "stdc++")]
    paths = [subprocess.run(command, capture_output=True, text=True).stdout.strip() for command in asking]
    if not all(map(os.path.isfile, paths)):
        pytest.skip("GCC's libraries for them are not installed")
    checks = {"LD_PRELOAD": f"{paths[0]} {paths[2]}", "ASAN_OPTIONS": "detect_leaks=0"}
    done, _ = build(project, "--inplace", "--levels", "", "--sanitize", CXX=compiler, TSUZURI_NATIVE="1")
    assert done.returncode == 0, done.stderr
    assert ask(project, "_native.square(46340)", **checks).stdout == "2147395600\n"
    stopped = ask(project, "_native.square(46341)", **checks)
    assert stopped.returncode != 0
    assert "signed integer overflow" in stopped.stderr


def test_git_ignores_what_is_built():
    if not shutil.which("git") or not (ROOT / ".git").exists():
        pytest.skip("this is no git checkout")
    built = [EXTENSION, "build/temp/level.o"]
    done = subprocess.run(["git", "check-ignore", *built], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.splitlines() == built


@needs_compiler
@pytest.mark.slow
def test_the_kernels_themselves(project):
    shutil.rmtree(project / "tsuzuri/kernels/native")
    shutil.copytree(ROOT / "tsuzuri/kernels/native", project / "tsuzuri/kernels/native")
    done, _ = build(project, TSUZURI_NATIVE="1")
    assert done.returncode == 0, done.stderr
    assert "warning" not in done.stderr
    assert "'portable'" in ask(project, "_native.levels()").stdout
