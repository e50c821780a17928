"""A command in this process, and a run on tunes that each process of the tests makes once."""

import subprocess
import sys

import pytest

from tests.cli.music import SMALL, TUNES
from tests.conftest import ROOT
from tsuzuri.cli import generate, options, read_midi, train, write_midi

MAINS = {
    "train.py": train.main,
    "generate.py": generate.main,
    "read_midi.py": read_midi.main,
    "write_midi.py": write_midi.main,
}


@pytest.fixture
def command(capsys, monkeypatch):
    """Run a command in this process, through ``options.run`` as its script does; returns what a process would."""
    monkeypatch.chdir(ROOT)

    def run(name, *args):
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", [name, *map(str, args)])
        with pytest.raises(SystemExit) as leaving:
            options.run(MAINS[name])
        return subprocess.CompletedProcess(name, leaving.value.code or 0, *capsys.readouterr())

    return run


@pytest.fixture(scope="session")
def folk(tmp_path_factory):
    """A run on the tunes that come with the project, trained for a moment."""
    out = tmp_path_factory.mktemp("music") / "folk"
    command = [sys.executable, ROOT / "train.py", TUNES, "-o", out, "-e", 2, "--lr", 0.01, "--about", "off", *SMALL]
    process = subprocess.run([str(c) for c in command], capture_output=True, text=True, encoding="utf-8", timeout=300)
    assert process.returncode == 0, process.stderr
    return out, process
