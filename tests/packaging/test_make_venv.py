"""tools/make_venv.sh under Pythons without ensurepip, which stand-ins play; and what tools/extra.py prints."""

import os
import subprocess

import pytest

from tests.conftest import ROOT
from tools.extra import requirements

pytestmark = pytest.mark.skipif(os.name != "posix", reason="make needs a POSIX shell")

# A Python like Debian's without python3-venv: unless it ``can`` do ensurepip, venv fails where it is not told to leave
# pip out. An environment is a folder with a copy of this script; that has pip where ``made-by`` is beside it.
PYTHON = """#!/bin/sh
here=$(dirname "$0")
for last; do :; done
can() {{ case " {can} " in *" $1 "*) return 0 ;; *) return 1 ;; esac; }}
made() {{ mkdir -p "$last/bin"; cp "$0" "$last/bin/python"; [ -z "$1" ] || echo "$1" > "$last/bin/made-by"; exit; }}
case "$*" in
  "-m venv "*--without-pip*) made "" ;;
  "-m venv "*) can ensurepip && made venv; echo "ensurepip is not available" ;;
  "-m virtualenv "*) can virtualenv && made virtualenv ;;
  "-m pip --version") [ -e "$here/made-by" ] && exit ;;
  "-m pip --python "*) can pip && echo pip > "$(dirname "$4")/made-by" && exit ;;
  *.whl/pip*) [ -e "$last" ] && echo pip > "$here/made-by" && exit ;;
esac
exit 1
"""
UV = """#!/bin/sh
[ "$1 $2 $3" = "venv --seed --python" ] || exit
mkdir -p "$5/bin" && cp "$(command -v "$4")" "$5/bin/python" && echo uv > "$5/bin/made-by"
"""


@pytest.fixture
def make_venv(tmp_path):
    """Make an environment with a Python that has the modules ``can``, beside the programs ``beside``."""
    programs = tmp_path / "programs"
    programs.mkdir()

    def write(name, text):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)

    def run(can="", beside=(), wheel=False):
        write("python3", PYTHON.format(can=can))
        for name, text in beside:
            write(name, text)
        wheels = tmp_path / "wheels"
        wheels.mkdir()
        if wheel:
            (wheels / "pip-23.0.1-py3-none-any.whl").touch()
        for name in ("sh", "dirname", "basename", "mkdir", "cp", "touch", "rm"):
            os.symlink(next(p for p in (f"/usr/bin/{name}", f"/bin/{name}") if os.path.exists(p)), programs / name)
        command = ["sh", ROOT / "tools/make_venv.sh", "python3", "an environment"]
        environment = {"PATH": str(programs), "WHEELS": str(wheels)}
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=30)

    return run


@pytest.mark.parametrize(
    ("way", "settings"),
    [
        ("virtualenv", {"can": "virtualenv pip"}),
        ("uv", {"beside": [("uv", UV)], "can": "pip"}),
        ("pip", {"can": "pip"}),
        ("pip", {"wheel": True}),
    ],
)
def test_the_next_way_is_taken(make_venv, tmp_path, way, settings):
    done = make_venv(**settings)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"python3 has no ensurepip; made an environment with {way} instead\n"
    assert (tmp_path / "an environment/bin/made-by").read_text() == f"{way}\n"


@pytest.mark.parametrize(
    ("beside", "command"),
    [([("apt-get", "#!/bin/sh\n")], "sudo apt install python3-venv"), ([], "python3 -m pip install virtualenv")],
)
def test_one_line_says_what_mends_it(make_venv, tmp_path, beside, command):
    done = make_venv(beside=beside)
    assert (done.returncode, done.stdout) == (2, "")
    what = "error: python3 cannot make a virtual environment with pip"
    assert done.stderr == f"{what}: this mends it: {command}\n"
    assert not (tmp_path / "an environment").exists()


def test_a_folder_that_is_no_environment_is_left_alone(tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "work.txt").write_text("mine")
    command = ["sh", ROOT / "tools/make_venv.sh", "python3", tmp_path / "own"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert "is no virtual environment" in done.stderr
    assert (tmp_path / "own" / "work.txt").read_text() == "mine"


def test_a_whole_python_makes_it_itself(make_venv, tmp_path):
    done = make_venv(can="ensurepip virtualenv pip")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "an environment/bin/made-by").read_text() == "venv\n"


def test_an_extra_is_what_only_it_asks_for():
    found = requirements("tsuzuri", "lint")
    assert "ruff" in " ".join(found)
    assert not [line for line in found if "numpy" in line or "extra" in line]
