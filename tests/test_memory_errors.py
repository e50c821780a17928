"""What cannot be loaded for want of memory is named so, and blames nothing else."""

import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tsuzuri import errors

resource = pytest.importorskip("resource")
LIMITED = """
import os, resource, sys
os.environ["OPENBLAS_NUM_THREADS"] = "1"
import numpy
{first}
with open("/proc/self/statm") as about:
    taken = int(about.read().split()[0]) * resource.getpagesize()
from tsuzuri.cli import options
resource.setrlimit(resource.RLIMIT_AS, (taken + {room}, -1))
def main():
    {then}
options.run(main, "train.py")
"""
MECAB = "from tsuzuri.text import tokenizers", "tokenizers.get_tokenizer('mecab')"
NATIVE = "from tsuzuri.kernels.native import library", "library.load_extension()"


def said(first, then, room):
    code = LIMITED.format(first=first, then=then, room=room)
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2, done.stderr
    (line,) = done.stderr.splitlines()
    return line


@pytest.mark.parametrize(
    ("imports", "room", "reason"),
    [
        (MECAB, 100_000_000, "not enough memory for MeCab's dictionary, which takes "),
        (MECAB, 500_000, "not enough memory"),
        (NATIVE, 1_000_000, "the native kernels do not load: not enough memory: "),
        (("", "import chainer"), 3_000_000, "not enough memory"),
    ],
)
def test_what_cannot_be_loaded_for_want_of_memory(imports, room, reason):
    if imports is NATIVE:
        pytest.importorskip("tsuzuri.kernels.native._native")
    if not sys.platform.startswith("linux"):
        pytest.skip("needs Linux's account of memory")
    assert said(*imports, room).startswith(f"train.py: error: {reason}")


def test_what_is_no_lack_of_memory():
    assert errors.lacks_memory(MemoryError())
    assert errors.lacks_memory(ImportError("x.so: cannot allocate memory in static TLS block"))
    assert errors.lacks_memory(ImportError("x.so: failed to map segment from shared object"))
    assert not errors.lacks_memory(ImportError("x.so: undefined symbol: y"))
    assert errors.lacks_memory(RuntimeError(), 1 << 60)
