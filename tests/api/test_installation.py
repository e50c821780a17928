"""The checks of what is installed: fine here, and where a thing is missing the command that mends it."""

import re
import sys

import pytest

from tests.conftest import ROOT
from tsuzuri.api import installation
from tsuzuri.api.installation import FINE, MEND, OPTIONAL, Check, LackingError
from tsuzuri.errors import UserError
from tsuzuri.kernels import native

BY_NAME = {check.name: check for check in installation.CHECKS}
NEEDED = [check.name for check in installation.CHECKS if not check.unless]


def test_all_that_is_needed_is_fine_here():
    found = list(installation.findings())
    assert [finding.name for finding in found] == list(BY_NAME)
    assert {finding.state for finding in found if finding.name in NEEDED} == {FINE}
    assert MEND not in {finding.state for finding in found}
    assert "patches: no cuDNN" in next(finding.text for finding in found if finding.name == "Chainer")


@pytest.mark.parametrize(
    ("name", "module", "command"),
    [
        ("NumPy", "numpy", "-m pip install 'numpy>=1.26,<2.6'"),
        ("BLAS", "numpy", "-m pip install 'numpy>=1.26,<2.6'"),
        ("MeCab", "MeCab", "python -m pip install mecab-python3 unidic-lite"),
        ("packages", "tqdm", "-m pip install 'tqdm>=4.66'"),
    ],
)
def test_a_missing_package_is_named_with_its_command(monkeypatch, name, module, command):
    monkeypatch.setitem(sys.modules, module, None)
    if name == "packages":
        monkeypatch.setattr(installation.importlib.util, "find_spec", lambda wanted: None if wanted == module else 1)
    found = installation.found_by(BY_NAME[name])
    assert found.state == MEND
    assert command in found.text


def test_another_python_is_not_fine(monkeypatch):
    monkeypatch.setattr(installation, "PYTHONS", ((2, 7), (2, 7)))
    found = installation.found_by(BY_NAME["Python"])
    assert (found.state, found.text[-33:]) == (MEND, "10 to 3.13: PYTHON=python3.12 make setup"[-33:])


def test_kernels_that_are_not_built_are_optional_and_outdated_ones_are_not(monkeypatch):
    monkeypatch.setattr(native, "extension", lambda: None)
    found = installation.found_by(BY_NAME["kernels"])
    assert found.state == OPTIONAL
    assert found.text.startswith("not needed unless training is to be several times as fast: there are none: ")

    def outdated():
        raise UserError("built from other sources: make native builds them")

    monkeypatch.setattr(native, "extension", outdated)
    assert installation.found_by(BY_NAME["kernels"]).state == MEND


def test_a_full_disk_and_little_memory(monkeypatch):
    monkeypatch.setattr(installation.shutil, "disk_usage", lambda _: type("", (), {"free": 5 << 20}))
    monkeypatch.setattr(installation, "_free_memory", lambda: 1 << 20)
    assert installation.found_by(BY_NAME["disk"]).state == installation.found_by(BY_NAME["memory"]).state == MEND
    monkeypatch.setattr(installation, "_free_memory", lambda: None)
    assert installation.found_by(BY_NAME["memory"]).state == FINE


@pytest.mark.parametrize("error", [ImportError("libcuda\nmissing"), SystemExit(3), OSError(), LackingError("a", "b")])
def test_whatever_a_check_raises_is_a_finding(error):
    def look():
        raise error

    for unless, state in (("", MEND), ("it rains", OPTIONAL)):
        found = installation.found_by(Check("it", look, lambda: "mend it", unless))
        assert found.state == state
        assert found.text.endswith("a: b" if isinstance(error, LackingError) else "mend it")
        assert "\n" not in found.text


def test_every_package_that_is_needed_has_a_check():
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    wanted = re.findall(r'^    "([^"]+)"', project.partition("\ndependencies = [")[2].partition("\n]")[0], re.MULTILINE)
    own_check = ("chainer", "numpy", "mecab-python3", "unidic-lite")
    assert {line for line in wanted if not line.startswith(own_check)} == {*installation.PACKAGES.values()}
