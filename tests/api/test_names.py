"""What ``import tsuzuri`` offers, and that it waits for nothing that is not used."""

import inspect
import subprocess
import sys
import typing

import pytest

import tsuzuri
from tests.conftest import ROOT

LAZY = """
import sys, tsuzuri
heavy = {"numpy", "chainer", "MeCab", "matplotlib", "tqdm", "tsuzuri.api", "tsuzuri.training"}
assert not heavy & sys.modules.keys(), heavy & sys.modules.keys()
assert tsuzuri.UserError("x").args == ("x",)
assert set(tsuzuri.__all__) <= set(dir(tsuzuri))
assert not heavy & sys.modules.keys(), heavy & sys.modules.keys()
"""


def test_importing_the_package_imports_nothing_heavy(tmp_path):
    command = [sys.executable, "-c", LAZY]
    process = subprocess.run(command, env={"PYTHONPATH": str(ROOT)}, cwd=tmp_path, capture_output=True, text=True)
    assert (process.returncode, process.stdout, process.stderr) == (0, "", "")


@pytest.mark.parametrize("name", tsuzuri.__all__)
def test_every_name_is_there_and_says_what_it_is(name):
    value = getattr(tsuzuri, name)
    assert value.__name__ == name
    assert value.__doc__
    assert name in dir(tsuzuri)


def test_types_can_be_asked_for_while_the_program_runs():
    functions = [value for name in tsuzuri.__all__ if inspect.isfunction(value := getattr(tsuzuri, name))]
    methods = [tsuzuri.TextRun.generate, tsuzuri.MusicRun.generate, tsuzuri.Classifier.predict]
    assert len(functions) == 6
    for function in [*functions, *methods]:
        assert "return" in typing.get_type_hints(function)


def test_names_are_sorted_and_all_have_a_place():
    assert sorted(tsuzuri.__all__) == tsuzuri.__all__
    assert {*tsuzuri.__all__} == {*tsuzuri._PLACES, "UserError"}


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'tsuzuri' has no attribute 'trian'"):
        tsuzuri.trian  # noqa: B018
    assert not hasattr(tsuzuri, "__wrapped__")
