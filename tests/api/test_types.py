"""A type checker takes what users write, and finds what is wrong with it."""

import re
import subprocess
import sys

import pytest

from tests.conftest import ROOT

WRONG = {
    'tsuzuri.train(["a.txt"], "run", epohc=20)': "call-arg",
    'tsuzuri.train(["a.txt"], "run", epoch="many")': "arg-type",
    'tsuzuri.train(["a.txt"], "run", optimizer="best")': "arg-type",
    'tsuzuri.train(texts=[5], out="run")': "list-item",
    'tsuzuri.train(texts=["a"], out="run", callback=5)': "arg-type",
    'tsuzuri.train_classifier([("a", 5)], "run")': "arg-type",
    'tsuzuri.resume("run", unit=5)': "call-arg",
    'tsuzuri.read_midi("a.mid").save(5)': "arg-type",
    'tsuzuri.read_midi(["a.mid"])': "arg-type",
    'tsuzuri.read_midi("a.mid", transpose=(-5, 6))': "call-arg",
    'tsuzuri.write_midi("00_90_4050", "a.mid", tempo="fast")': "arg-type",
}


def check(*arguments):
    command = [sys.executable, "-m", "mypy", "--no-error-summary", "--cache-dir", arguments[0], *arguments[1:]]
    return subprocess.run(list(map(str, command)), cwd=ROOT, capture_output=True, text=True)


@pytest.mark.slow
def test_the_public_modules_and_what_users_write_have_right_types(tmp_path):
    pytest.importorskip("mypy", reason="make lint installs it")
    process = check(tmp_path / "cache")
    assert (process.returncode, process.stdout) == (0, "")


@pytest.mark.slow
def test_wrong_options_and_types_are_found(tmp_path):
    pytest.importorskip("mypy", reason="make lint installs it")
    (tmp_path / "wrong.py").write_text("import tsuzuri\n" + "".join(line + "\n" for line in WRONG))
    process = check(tmp_path / "cache", tmp_path / "wrong.py")
    found = re.findall(r"wrong\.py:(\d+): error: .*\[([a-z-]+)\]", process.stdout)
    assert {int(line) - 2: code for line, code in found} == dict(enumerate(WRONG.values())), process.stdout
