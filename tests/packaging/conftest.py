"""A copy of the project's files to build from."""

import shutil
import sys
import sysconfig

import pytest

from tests.conftest import ROOT

NAMES = ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE", "build-constraints.txt", "Makefile")


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The files that the package is built from, with what earlier builds may have left beside them."""
    folder = tmp_path_factory.mktemp("copy") / "綴り with spaces"
    ignored = shutil.ignore_patterns("__pycache__", "_native*")
    shutil.copytree(ROOT / "tsuzuri", folder / "tsuzuri", ignore=ignored)
    for name in NAMES:
        shutil.copy(ROOT / name, folder)
    for name in ("lib", f"lib.{sysconfig.get_platform()}-{sys.implementation.cache_tag}"):  # as setuptools names them
        left = folder / "build" / name / "tsuzuri/old.py"
        left.parent.mkdir(parents=True)
        left.touch()
    return folder
