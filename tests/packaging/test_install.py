"""A clean environment, with all that Tsuzuri depends on: what README.md says under plain pip."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.conftest import ROOT


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("c++"), reason="there is no C++ compiler")
def test_a_plain_installation(copy, tmp_path):
    inherited = {name: value for name, value in os.environ.items() if name not in ("TSUZURI_NATIVE", "PYTHONPATH")}

    def call(*command, folder=tmp_path, **environment):
        command = list(map(str, command))
        done = subprocess.run(
            command, cwd=folder, env=inherited | environment, capture_output=True, text=True, encoding="utf-8"
        )
        assert done.returncode == 0, done.stderr
        return done

    call(sys.executable, "-m", "venv", tmp_path / "venv")
    python, program = tmp_path / "venv/bin/python", tmp_path / "venv/bin/tsuzuri"
    constraints = dict.fromkeys(("PIP_CONSTRAINT", "PIP_BUILD_CONSTRAINT"), "build-constraints.txt")
    call(python, "-m", "pip", "install", "--quiet", ".", folder=copy, **constraints)
    code = "import sysconfig; print(sysconfig.get_path('platlib'))"
    packages = call(python, "-c", code).stdout.strip()
    assert {name for name in os.listdir(packages) if "tsuzuri" in name} == {"tsuzuri", "tsuzuri-0.1.0.dist-info"}
    assert not {"tests", "docs", "corpus", "benchmarks", "tools", "rnn.py", "train.py"} & set(os.listdir(packages))
    code = "from tsuzuri.kernels import native; print(native.extension().__file__)"
    assert packages in call(python, "-c", code).stdout
    options = ["-e", 1, "-u", 16, "-d", "cpu"]
    call(program, "train", ROOT / "tests/training/runs/format1/corpus/tunes", "-o", "run", "-b", 2, "-l", 8, *options)
    call(program, "generate", "run", "--bars", 2, "-o", "tune.mid")
    assert (tmp_path / "tune.mid").read_bytes().startswith(b"MThd")
