"""Threads: how many there are does not show, forks and callers from several threads do no harm."""

import os
import subprocess
import sys
import threading

import numpy
import pytest

from tests.conftest import ROOT
from tests.kernels.native.measures import NATIVE, lstm_inputs
from tsuzuri.kernels import native
from tsuzuri.kernels.native import calls

pytestmark = pytest.mark.skipif(NATIVE is None, reason="the native kernels are not built here")


def test_the_number_of_threads_does_not_show(rng, level, precision, threads):
    a = lstm_inputs(rng, (9, 23, 40, 70))
    h, w, b = (rng.normal(size=shape).astype("f") for shape in ((207, 70), (300, 70), 300))
    target = rng.integers(0, 300, 207).astype("i")
    found = []
    for count in (1, 2, 3, 7):
        threads(count)
        *_, cache = calls.lstm_forward(*a.values(), 0.3, 5, precision)
        results = [cache.hs, cache.cs, cache.gates.copy()]
        results += calls.lstm_backward(a["x"][..., :1] + 0 * cache.hs[1:], None, cache)
        results += calls.cross_entropy(h, w, b, target, 1.0, True, precision, 0.1)
        found.append(b"".join(numpy.asarray(array).tobytes() for array in results))
    assert len(set(found)) == 1


def test_a_fork_begins_with_threads_of_its_own(threads):
    threads(2)
    code = (
        "import os, numpy; from tsuzuri.kernels import native; from tsuzuri.kernels.native import calls\n"
        "native.extension().set_threads(2); x = numpy.ones((100, 1000), 'f'); want = calls.dropout(x, 0.5, 1)\n"
        "if os.fork() == 0: os._exit(0 if (calls.dropout(x, 0.5, 1) == want).all() else 1)\n"
        "assert os.wait()[1] == 0; assert (calls.dropout(x, 0.5, 1) == want).all()\n"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, timeout=60)
    assert done.returncode == 0


@pytest.mark.parametrize(("asked", "count"), [("3", 3), ("0", None), ("x", None)])
def test_threads_are_as_many_as_may_be_used(asked, count):
    code = "from tsuzuri.kernels import native; print(native.extension().threads())"
    got = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": asked}, capture_output=True
    )
    assert int(got.stdout) == count or (count is None and int(got.stdout) <= os.cpu_count())


def test_calls_from_several_threads_do_not_meet(rng, threads):
    """Different kernels from different threads of Python at once, while the number of the pool's threads changes."""
    threads(2)
    x, w = rng.normal(size=(64, 200)).astype("f"), rng.normal(size=(50, 200)).astype("f")
    ids, a = rng.integers(0, 50, 64).astype("i"), lstm_inputs(rng, (4, 16, 24, 40))
    kernels = [
        lambda: calls.dropout(x, 0.5, 7),
        lambda: calls.embed(ids, w),
        lambda: calls.embed_backward(x, ids, 50),
        lambda: calls.lstm_forward(*a.values(), 0.0, 0, native.FLOAT32)[0],
    ]
    wanted = [call() for call in kernels]
    wrong = []

    def go_on(call, want):
        for _ in range(150):
            if not numpy.array_equal(call(), want):
                wrong.append(call)

    callers = [threading.Thread(target=go_on, args=pair) for pair in zip(kernels, wanted, strict=True)]
    for caller in callers:
        caller.start()
    for count in (1, 3, 2) * 10:
        threads(count)
    for caller in callers:
        caller.join()
    assert not wrong


def test_a_fork_while_a_kernel_is_at_work(threads):
    code = (
        "import os, threading, numpy; from tsuzuri.kernels import native; from tsuzuri.kernels.native import calls\n"
        "native.extension().set_threads(2); x = numpy.ones((300, 1000), 'f'); want = calls.dropout(x, 0.5, 1)\n"
        "stop = threading.Event()\n"
        "def work():\n    while not stop.is_set(): calls.dropout(x, 0.5, 1)\n"
        "worker = threading.Thread(target=work); worker.start()\n"
        "for _ in range(20):\n"
        "    if os.fork() == 0: os._exit(0 if (calls.dropout(x, 0.5, 1) == want).all() else 1)\n"
        "    assert os.wait()[1] == 0\n"
        "stop.set(); worker.join()\n"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, timeout=60)
    assert done.returncode == 0
