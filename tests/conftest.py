"""What tests share: fresh random numbers whose seed a failure shows, the two kinds of array, and the real data."""

import os
import pathlib
import subprocess
import sys

import numpy
import pytest

from tsuzuri.kernels import native
from tsuzuri.kernels.gpu import launcher

ROOT = pathlib.Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "data"


@pytest.fixture
def any_description(monkeypatch):
    """A run.json may say anything: so each of its fields is looked at, and not only whether it was changed."""
    monkeypatch.setattr("tsuzuri.training.run.check_description", lambda *_: None)


@pytest.fixture
def rng(record_property):
    """A generator with a new seed in every run: a property must hold for any input."""
    seed = int.from_bytes(os.urandom(4), "little")
    record_property("seed", seed)
    print("random seed", seed)  # shown where the test fails
    return numpy.random.default_rng(seed)


def _cupy():
    try:
        import cupy
    except ImportError:
        pytest.skip("CuPy is not installed")
    if not cupy.cuda.is_available():
        pytest.skip("CuPy finds no GPU")
    return cupy


@pytest.fixture(params=["numpy", pytest.param("cupy", marks=pytest.mark.gpu)])
def xp(request):
    """NumPy, and CuPy where there is a GPU."""
    return numpy if request.param == "numpy" else _cupy()


@pytest.fixture
def emulated():
    """The GPU that is none: ``tests.kernels.gpu.emulator.Emulated``, which needs a C++ compiler."""
    from tests.kernels.gpu import emulator

    if emulator.compiler() is None:
        pytest.skip("there is no C++ compiler to build the emulated GPU kernels with")
    return emulator.Emulated


@pytest.fixture
def gpu():
    """The engine of a real GPU."""
    _cupy()
    return launcher.current() or pytest.skip("this GPU is older than the kernels can be")


@pytest.fixture(params=["emulated", pytest.param("gpu", marks=pytest.mark.gpu)])
def engine(request, monkeypatch):
    """A GPU's engine for the whole program: the real one, or the emulated one over NumPy in its place."""
    if request.param == "gpu":
        return request.getfixturevalue("gpu")
    made = request.getfixturevalue("emulated")(1, multiprocessors=6)
    monkeypatch.setattr(launcher, "current", lambda: made)
    monkeypatch.setattr(launcher, "of_type", lambda kind: made)
    return made


@pytest.fixture
def threads():
    """Sets the number of the native kernels' threads; the number from before comes back."""
    kernels = native.extension()
    if kernels is None:
        pytest.skip("the native kernels are not built here")
    before = kernels.threads()
    yield kernels.set_threads
    kernels.set_threads(before)


@pytest.fixture(scope="session")
def shared():
    """The folder of real texts, which is not part of the project."""
    if not SHARED.is_dir():
        pytest.skip(f"the real data is not at {SHARED}")
    return SHARED


@pytest.fixture
def script():
    """Run one of the scripts as a user would; returns the finished process with its output as text."""

    def run(name, *args, **settings):
        settings = {"capture_output": True, "text": True, "encoding": "utf-8", "timeout": 300, "cwd": ROOT} | settings
        return subprocess.run([sys.executable, ROOT / name, *map(str, args)], **settings)

    return run


def refused(process):
    """The one line on standard error with which a script refused; fails if it did anything else."""
    assert process.returncode == 2, (process.returncode, process.stderr)
    lines = process.stderr.strip().split("\n")
    assert "Traceback" not in process.stderr
    assert ": error: " in lines[-1]
    return lines[-1].split(": error: ", 1)[1]


def relative_error(found, wanted, floor=1e-30):
    """Largest difference over the largest value, or over ``floor`` where that is larger."""
    found, wanted = (numpy.asarray(a.get() if hasattr(a, "get") else a) for a in (found, wanted))
    assert found.shape == wanted.shape
    return float(abs(found - wanted).max(initial=0) / max(floor, abs(wanted).max(initial=0)))
