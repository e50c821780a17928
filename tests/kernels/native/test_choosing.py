"""Which build is loaded, which precision is taken, and what is left to NumPy."""

import os
import shutil
import subprocess
import sys

import numpy
import pytest

from tests.conftest import ROOT
from tests.kernels.native.measures import LEVELS, NATIVE
from tsuzuri.errors import UserError
from tsuzuri.kernels import native

pytestmark = pytest.mark.skipif(NATIVE is None, reason="the native kernels are not built here")
NATIVE_SOURCES = sorted((ROOT / "tsuzuri/kernels/native").glob("*.?pp"))


def test_an_empty_window_is_left_to_numpy():
    assert not native.has(numpy.zeros((0, 3), "f"))
    assert not native.has(numpy.zeros((2, 3), "d"))
    assert native.has(numpy.zeros((2, 3), "f"))


def test_auto_is_bfloat16_only_where_that_is_faster(monkeypatch):
    for name in [*LEVELS, "avx512", "avx512bf16", "amx"]:
        monkeypatch.setattr(native, "level", lambda name=name: name)
        assert native.choose("auto") == (native.BFLOAT16 if name in ("avx512bf16", "amx") else native.FLOAT32)
        assert native.describe(native.FLOAT32).startswith(f"native {name}, float32, ")
        assert native.choose(native.BFLOAT16) == native.BFLOAT16
    monkeypatch.setattr(native, "extension", lambda: None)
    assert native.choose("auto") == native.FLOAT32
    assert native.describe(native.FLOAT32).startswith("NumPy, float32 (")
    with pytest.raises(UserError, match="--precision bfloat16: needs the native kernels"):
        native.choose(native.BFLOAT16)


def loaded(folder, wanted):
    """What the program in a folder says of its engine with this TSUZURI_NATIVE."""
    code = (
        "import sys; sys.meta_path[:] = [finder for finder in sys.meta_path if 'Editable' not in str(finder)]\n"
        "from tsuzuri.errors import UserError; from tsuzuri.kernels import native\n"
        "try: print(native.describe('float32'))\nexcept UserError as error: print('refused', error)"
    )
    env = {name: value for name, value in os.environ.items() if name != "TSUZURI_NATIVE"}
    env |= {} if wanted is None else {"TSUZURI_NATIVE": str(wanted)}
    return subprocess.run([sys.executable, "-c", code], cwd=folder, env=env, capture_output=True, text=True).stdout


@pytest.fixture
def copy(tmp_path):
    """Enough of the project to load the kernels, with no build."""
    (tmp_path / "tsuzuri/kernels/native").mkdir(parents=True)
    rooms = ("tsuzuri", "tsuzuri/kernels", "tsuzuri/kernels/native")
    modules = [*(ROOT / room / "__init__.py" for room in rooms)]
    modules += [ROOT / "tsuzuri" / name for name in ("errors.py", "printable.py")]
    modules.append(ROOT / "tsuzuri/kernels/native/library.py")
    for path in [*modules, *NATIVE_SOURCES]:
        shutil.copy(path, tmp_path / path.relative_to(ROOT))
    return tmp_path


def test_what_cannot_be_loaded_is_reported(copy):
    assert loaded(copy, None).startswith("NumPy, float32 (no native kernels: make native")
    assert loaded(copy, "").startswith("NumPy, float32 (no native kernels")
    assert loaded(copy, 0) == "NumPy, float32 (no native kernels: TSUZURI_NATIVE=0)\n"
    assert loaded(copy, 1).startswith("refused TSUZURI_NATIVE=1: there are no native kernels: make native")
    for wrong in ("yes", copy / "tsuzuri/errors.py", "/nowhere.so"):
        assert loaded(copy, wrong).startswith(f"refused TSUZURI_NATIVE={wrong}: must be 0, 1 or the path of an ext")
    assert loaded(copy, NATIVE.__file__).startswith("native ")
    name = copy / "tsuzuri/kernels/native" / os.path.basename(NATIVE.__file__)
    name.write_bytes(b"spoilt")
    assert loaded(copy, None).startswith("refused the native kernels do not load: ")
    shutil.copy(NATIVE.__file__, name)
    assert loaded(copy, None).startswith("native ")
    with open(copy / "tsuzuri/kernels/native/pool.cpp", "a") as stream:
        stream.write("// changed\n")
    assert "built from other sources than tsuzuri/kernels/native has now" in loaded(copy, None)
