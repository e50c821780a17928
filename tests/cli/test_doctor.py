"""``tsuzuri doctor`` and ``train.py --doctor``: the same lines, a status, and no need of what is missing."""

import subprocess
import sys

import pytest

from tests.cli import run_command
from tests.conftest import ROOT
from tsuzuri.api import installation
from tsuzuri.api.installation import FINE, MEND, OPTIONAL, Finding
from tsuzuri.cli import doctor


@pytest.fixture
def findings(monkeypatch):
    """Sets what is found."""
    return lambda *found: monkeypatch.setattr(installation, "findings", lambda: iter(found))


def test_lines_and_status(findings, capsys):
    findings(Finding("Python", FINE, "3.12"), Finding("GPU", OPTIONAL, "not needed unless"))
    assert doctor.main([]) == 0
    assert capsys.readouterr().out == "Python        fine  3.12\nGPU           -     not needed unless\n"
    assert doctor.main(["--brief"]) == 0
    assert capsys.readouterr().out == "fine\n"
    findings(Finding("GPU", OPTIONAL, "a"), Finding("NumPy", MEND, "b"), Finding("BLAS", MEND, "c"))
    assert doctor.main([]) == 1
    assert capsys.readouterr().out.count("\n") == 3
    assert doctor.main(["--brief"]) == 1
    assert capsys.readouterr().out == "NumPy         mend  b\n"


def test_train_asks_it_too(findings):
    findings(Finding("Python", FINE, "3.12"))
    done = run_command("train.py", "--doctor")
    assert (done.returncode, done.stdout) == (0, "Python        fine  3.12\n")


@pytest.mark.parametrize("missing", ["numpy", "chainer", "MeCab", "tqdm"])
def test_it_works_where_a_package_is_missing(missing):
    code = f"import sys; sys.modules[{missing!r}] = None; sys.argv = ['train.py', '--doctor']; "
    code += "from tsuzuri.cli import program; program.start('train')"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert done.returncode == (1 if missing != "tqdm" else done.returncode)
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == len(installation.CHECKS)
    assert missing == "tqdm" or "  mend  " in done.stdout
