"""The wheel, built without the native kernels: what is in it, and that it works from another folder."""

import os
import pathlib
import subprocess
import sys
import tarfile
import zipfile

import pytest

from tests.conftest import ROOT

RUN = ROOT / "tests/training/runs/format1/text"


def call(*command, folder, **environment):
    """Run a command of this Python in ``folder``; returns what it did, with its output as text."""
    settings = {"capture_output": True, "text": True, "encoding": "utf-8", "timeout": 120}
    return subprocess.run([sys.executable, *command], cwd=folder, env=os.environ | environment, **settings)


@pytest.fixture(scope="module")
def wheel(copy, tmp_path_factory):
    """The wheel of the copy, as an open archive."""
    out = tmp_path_factory.mktemp("wheel")
    options = ("--no-deps", "--no-build-isolation", "--quiet", "--disable-pip-version-check", "-w", str(out))
    done = call("-m", "pip", "wheel", str(copy), *options, folder=out, TSUZURI_NATIVE="0")
    assert done.returncode == 0, done.stderr
    (path,) = out.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        yield archive


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A folder with what the wheel brings."""
    folder = tmp_path_factory.mktemp("installed")
    wheel.extractall(folder)
    return folder


def test_a_wheel_holds_the_package_and_nothing_else(wheel):
    names = [name for name in wheel.namelist() if ".dist-info/" not in name]
    wanted = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tsuzuri").rglob("*") if path.is_file()}
    wanted = {name for name in wanted if name.endswith((".py", ".cu", ".cuh", "/py.typed"))}
    assert sorted(names) == sorted(wanted)
    assert {pathlib.Path(name).suffix for name in names} == {".py", ".cu", ".cuh", ".typed"}


def test_a_wheel_brings_the_program(wheel):
    (name,) = [name for name in wheel.namelist() if name.endswith("entry_points.txt")]
    assert wheel.read(name).decode().split("\n")[:2] == ["[console_scripts]", "tsuzuri = tsuzuri.cli.entry:enter"]


def test_an_installed_package_works_from_another_folder(installed, tmp_path):
    settings = {"folder": tmp_path, "PYTHONPATH": str(installed)}
    done = call("-c", "import tsuzuri; print(tsuzuri.__file__)", **settings)
    assert pathlib.Path(done.stdout.strip()) == installed / "tsuzuri/__init__.py"
    done = call("-m", "tsuzuri", "--version", **settings)
    assert done.stdout == "tsuzuri 0.1.0\n"
    assert "generate" in call("-m", "tsuzuri", "--help", **settings).stdout
    here = call("generate.py", RUN, "--length", "9", "--seed", "1", "-d", "cpu", folder=ROOT, TSUZURI_NATIVE="0")
    done = call("-m", "tsuzuri", "generate", RUN, "--length", "9", "--seed", "1", "-d", "cpu", **settings)
    assert done.returncode == 0, done.stderr
    assert done.stdout == here.stdout != ""


def test_an_installed_package_has_the_sources_of_the_gpu(installed, tmp_path):
    code = "from tsuzuri.kernels.gpu import sources; print(all(map(sources.text, sources.programs())), sources.FOLDER)"
    done = call("-c", code, folder=tmp_path, PYTHONPATH=str(installed))
    assert done.stdout.split() == ["True", str(installed / "tsuzuri/kernels/cuda")], done.stderr


def test_without_sources_nobody_is_sent_to_make(installed, tmp_path):
    code = "from tsuzuri.kernels import native; print(native.describe('float32'))"
    done = call("-c", code, folder=tmp_path, PYTHONPATH=str(installed))
    assert done.stdout == (
        "NumPy, float32 (no native kernels: installing Tsuzuri anew where there is GCC or Clang builds them)\n"
    ), done.stderr


def test_a_source_distribution_can_build_the_kernels(copy, tmp_path):
    code = f"from setuptools import build_meta; build_meta.build_sdist({str(tmp_path)!r})"
    done = call("-c", code, folder=copy)
    assert done.returncode == 0, done.stderr
    (path,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    native = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tsuzuri/kernels/native").glob("*.?pp")}
    assert native | {"build-constraints.txt", "Makefile", "LICENSE", "tsuzuri/kernels/cuda/update.cu"} <= names
    assert not [name for name in names if name.endswith("old.py")]
