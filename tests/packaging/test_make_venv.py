"""tools/make_venv.sh under Pythons that stand-ins play, some without ensurepip; and what tools/extra.py prints."""

import os
import re
import shutil
import subprocess
import sys
import time

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
made() {{
  rm -rf "$last"; mkdir -p "$last/bin"; touch "$last/pyvenv.cfg"
  cp "$0" "$last/bin/python"; [ -z "$1" ] || echo "$1" > "$last/bin/made-by"; exit
}}
case "$*" in
  "-c "*) echo {version}; exit ;;
  "-m venv "*--without-pip*) made "" ;;
  "-m venv "*) can ensurepip && made venv; echo "ensurepip is not"; echo "available" >&2 ;;
  "-m virtualenv "*) can virtualenv && made virtualenv; echo "No module named virtualenv" >&2 ;;
  "-m pip --version") [ -e "$here/made-by" ] && exit ;;
  "-m pip --python "*) can pip && echo pip > "$(dirname "$4")/made-by" && exit ;;
  "-m pip install "*) exit ;;
  *.whl/pip*) [ -e "$last" ] && echo pip > "$here/made-by" && exit ;;
  "setup.py "*) exit ;;
esac
exit 1
"""
UV = """#!/bin/sh
[ "$1 $2 $3" = "venv --seed --python" ] || exit
mkdir -p "$5/bin" && cp "$(command -v "$4")" "$5/bin/python" && echo uv > "$5/bin/made-by"
"""
SET_UP = "setting up an environment (3.12), which takes a minute\n"
TOOLS = ("sh", "dirname", "basename", "mkdir", "cp", "touch", "rm", "ls")


@pytest.fixture
def programs(tmp_path):
    """The folder of all programs that there are."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for name in TOOLS:
        os.symlink(next(p for p in (f"/usr/bin/{name}", f"/bin/{name}") if os.path.exists(p)), folder / name)
    return folder


@pytest.fixture
def make_venv(tmp_path, programs):
    """Make an environment with a Python that has the modules ``can``, beside the programs ``beside``."""

    def run(can="", beside=(), wheel=False, version="3.12"):
        for name, text in [("python3", PYTHON.format(can=can, version=version)), *beside]:
            (programs / name).write_text(text)
            (programs / name).chmod(0o755)
        wheels = tmp_path / "wheels"
        wheels.mkdir(exist_ok=True)
        if wheel:
            (wheels / "pip-23.0.1-py3-none-any.whl").touch()
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
    assert done.stdout == f"{SET_UP}python3 has no ensurepip; made an environment with {way} instead\n"
    assert (tmp_path / "an environment/bin/made-by").read_text() == f"{way}\n"


@pytest.mark.parametrize(
    ("beside", "command"),
    [([("apt-get", "#!/bin/sh\n")], "sudo apt install python3-venv"), ([], "python3 -m pip install virtualenv")],
)
def test_the_last_line_says_what_mends_it(make_venv, tmp_path, beside, command):
    done = make_venv(beside=beside)
    assert (done.returncode, done.stdout) == (2, SET_UP)
    what = "error: python3 cannot make a virtual environment with pip"
    assert done.stderr.splitlines()[-1] == f"{what}: this mends it: {command}"
    assert not (tmp_path / "an environment").exists()


def test_what_each_way_said_comes_before_it(make_venv):
    uv = "#!/bin/sh\nfor i in 1 2 3; do echo step $i; done; echo no space left on device >&2; exit 1\n"
    venv, virtualenv, uv, pip, _ = make_venv(beside=[("uv", uv)]).stderr.splitlines()
    assert venv == "  venv said: ensurepip is not … available"
    assert re.fullmatch("  virtualenv said: No module named virtualenv … .*virtualenv: not found", virtualenv)
    assert uv == "  uv said: step 1 … no space left on device"
    assert pip == "  pip said: nothing"


@pytest.mark.parametrize("spoil", [None, "missing", "broken", "of another Python"])
def test_an_environment_is_kept_while_it_is_good(make_venv, tmp_path, spoil):
    assert make_venv(can="ensurepip").returncode == 0
    own = tmp_path / "an environment/own.txt"
    own.touch()
    version = "3.12"
    if spoil == "missing":
        shutil.rmtree(tmp_path / "an environment")
    elif spoil == "broken":
        (tmp_path / "an environment/bin/made-by").unlink()
    elif spoil:
        version = "3.13"
    done = make_venv(can="ensurepip", version=version)
    assert (done.returncode, done.stderr) == (0, "")
    kept = done.stdout == "bringing an environment up to date (3.12)\n"
    assert kept == own.exists() == (spoil is None)


def test_a_real_environment_is_known_again(tmp_path):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", "env"], cwd=tmp_path, check=True)
    pip = tmp_path / f"env/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages/pip"
    pip.mkdir()
    (pip / "__main__.py").touch()  # in place of one that takes seconds to be put there
    command = ["sh", ROOT / "tools/make_venv.sh", sys.executable, "env"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("bringing env up to date (Python ")
    assert (pip / "__main__.py").exists()


@pytest.mark.skipif(not shutil.which("make"), reason="there is no make")
def test_make_installs_again_after_a_change_and_keeps_the_environment(make_venv, programs, copy, tmp_path):
    make_venv(can="ensurepip")  # which leaves the Python
    (programs / "env").symlink_to(shutil.which("env"))
    shutil.copytree(ROOT / "tools", copy / "tools", dirs_exist_ok=True)

    def make():
        command = [shutil.which("make"), "setup", "PYTHON=python3", f"VENV={tmp_path / 'env'}"]
        environment = {"PATH": str(programs)}
        done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert make().startswith("setting up ")
    own = tmp_path / "env/own.txt"
    own.touch()
    assert "bringing" not in make()
    later = time.time() + 10
    os.utime(copy / "pyproject.toml", (later, later))
    assert make().startswith("bringing ")
    assert own.exists()


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
    assert (done.returncode, done.stdout, done.stderr) == (0, SET_UP, "")
    assert (tmp_path / "an environment/bin/made-by").read_text() == "venv\n"


def test_an_extra_is_what_only_it_asks_for():
    found = requirements("tsuzuri", "lint")
    assert "ruff" in " ".join(found)
    assert not [line for line in found if "numpy" in line or "extra" in line]
