"""The engine over CuPy: what can be seen without a GPU, on a CuPy that is none; and on a GPU, where there is one."""

import inspect
import sys
from types import SimpleNamespace

import numpy
import pytest

from tests.kernels.gpu.emulator import Emulated
from tests.kernels.gpu.stand_ins import FakeCupy
from tests.kernels.gpu.test_cublas import hold_all_bits
from tsuzuri.errors import UserError
from tsuzuri.kernels import gpu
from tsuzuri.kernels.gpu import embedding, launcher, masks, sources

OWN = set()  # what the engine has and the emulator has not
EMULATOR = {"check"}  # and the other way round


def methods(kind):
    return {name: function for name, function in vars(kind).items() if callable(function) and name[0] != "_"}


def test_the_emulator_stands_in_for_the_engine():
    engine, emulated = methods(launcher.Engine), methods(Emulated)
    assert set(engine) - set(emulated) <= OWN
    assert set(emulated) - set(engine) <= EMULATOR
    for name in set(engine) & set(emulated):
        assert inspect.signature(engine[name]) == inspect.signature(emulated[name]), name
    facts = ["xp", "name", "capability", "multiprocessors", "shared_memory", "why_no_graph"]
    assert [name for name in facts if not hasattr(Emulated(), name)] == []


def test_there_is_one_engine_for_a_device(cupy):
    engine = launcher.current()
    assert launcher.current() is engine
    assert (engine.name, engine.capability, engine.multiprocessors, engine.shared_memory) == ("Fake", 90, 4, 100_000)


@pytest.mark.parametrize("missing", ["CuPy", "a driver", "a GPU", "NVIDIA"])
def test_there_is_none_without_all_that_it_takes(missing, cupy, monkeypatch):
    if missing == "CuPy":
        monkeypatch.setitem(sys.modules, "cupy", None)
    elif missing == "a driver":
        del cupy.cuda.is_available
    elif missing == "a GPU":
        cupy.cuda.is_available = lambda: False
    else:
        cupy.cuda.runtime.is_hip = True
    assert launcher.current() is None


def test_there_is_none_for_a_gpu_that_is_too_old(cupy, monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", FakeCupy("61"))
    assert launcher.current() is None


@pytest.mark.parametrize("precision", ["tf32", "bfloat16"])
def test_precisions_that_need_tensor_cores(cupy, monkeypatch, precision):
    assert gpu.choose("auto") == gpu.choose("float32") == "float32"
    assert gpu.choose(precision) == precision
    monkeypatch.setattr(launcher.current(), "capability", 75)
    with pytest.raises(UserError, match=rf"{precision}: needs compute capability 8.0: Fake has 7.5; float32"):
        gpu.choose(precision)
    monkeypatch.setattr(launcher, "current", lambda: None)
    with pytest.raises(UserError, match=r"there is no NVIDIA GPU that has it"):
        gpu.choose(precision)
    assert gpu.choose("auto") == "float32"


def test_a_kernel_is_compiled_once_for_each_build(cupy):
    engine = launcher.current()
    first = engine.kernel("embedding", "embed", OPERAND="float")
    assert engine.kernel("embedding", "embed", OPERAND="float") is first
    assert engine.kernel("embedding", "embed", OPERAND="bfloat16") is not first
    codes = [code for kind, code, _ in cupy.log if kind == "module"]
    assert [code.split("\n")[0] for code in codes] == ["#define OPERAND float", "#define OPERAND bfloat16"]
    assert codes[0] == sources.text("embedding", defines=[("OPERAND", "float")])


@pytest.mark.parametrize("known", [True, False])
def test_a_program_that_does_not_compile_is_one_line(cupy, known):
    engine = launcher.current()
    kind = cupy.cuda.compiler.CompileException if known else ImportError
    cupy.failure = kind("\n  x.cu(3): error: expected a )\n\n1 error detected\n")
    with pytest.raises(UserError) as caught:
        engine.kernel("embedding", "embed", OPERAND="float")
    line = "--device gpu: embedding.cu cannot be compiled for Fake: x.cu(3): error: expected a )"
    assert str(caught.value) == line


def test_a_launch_is_what_cupy_wants(cupy):
    launch = launcher.current().kernel("embedding", "embed", OPERAND="float")
    del cupy.log[:]
    array = SimpleNamespace(flags=SimpleNamespace(c_contiguous=True))
    launch(7, 64, array, numpy.int32(3))
    assert launch._function.max_dynamic_shared_size_bytes is None
    launch((7, numpy.int64(2)), (32,), shared=60_000)
    assert launch._function.max_dynamic_shared_size_bytes == 100_000
    assert cupy.log == [
        ("embed", (7, 1, 1), (64, 1, 1), (array, numpy.int32(3)), 0, None, False),
        ("embed", (7, 2, 1), (32, 1, 1), (), 60_000, None, False),
    ]
    array.flags.c_contiguous = False
    for wrong in (array, 3, 1.5, None, numpy.ones(1)):
        with pytest.raises(AssertionError, match="embed: neither"):
            launch(1, 32, wrong)


def test_blocks_that_wait_for_each_other_must_have_room(cupy):
    launch = launcher.current().kernel("embedding", "embed", OPERAND="float")
    del cupy.log[:]
    for _ in range(2):
        launch((4, 2), 1024, cooperative=True)
    line = (
        "--device gpu: Fake has room for 8 of the 9 blocks of the kernel embed, which wait for each other; -d cpu goes"
    )
    with pytest.raises(UserError, match=line):
        launch(9, 1024, cooperative=True)
    with pytest.raises(UserError, match="room for 4 of the 8 blocks"):
        launch(8, 1024, shared=60_000, cooperative=True)
    run = ("embed", (4, 2, 1), (1024, 1, 1), (), 0, None, True)
    assert cupy.log == [("room", 1024, 0), run, run, ("room", 1024, 60_000)]


def test_recording_runs_nothing_and_replaying_runs_the_graph(cupy):
    engine = launcher.current()
    replay = engine.record(lambda: cupy.log.append("work"))
    assert cupy.log == ["enter", "begin", "work", "end", "exit"]
    replay()
    replay()
    assert cupy.log[5:] == ["graph", "graph"]
    assert engine.why_no_graph is None


@pytest.mark.parametrize("where", ["in the work", "at the end"])
def test_what_cannot_be_recorded_runs_as_it_is(cupy, where):
    engine = launcher.current()
    engine.why_no_graph = "an older reason"

    def work():
        if where == "in the work" and cupy.failure:
            raise RuntimeError("not in a graph")

    cupy.failure = RuntimeError("the capture broke" if where == "in the work" else "not in a graph")
    assert engine.record(work) is work
    assert engine.why_no_graph == "not in a graph"
    assert cupy.log == ["enter", "begin", "end", "exit"]
    cupy.failure = None
    assert engine.record(work) is not work
    assert engine.why_no_graph is None


def test_other_errors_end_the_recording_and_are_told(cupy):
    def work():
        raise UserError("a line")

    with pytest.raises(UserError, match="a line"):
        launcher.current().record(work)
    assert cupy.log == ["enter", "begin", "end", "exit"]


def test_what_is_recorded_runs_once_as_it_is_and_then_as_a_graph(cupy):
    engine = launcher.current()
    engine.why_no_graph = "another's reason"
    run = launcher.Recorded(engine, lambda: cupy.log.append("work"))
    assert run.why_no_graph is None
    run()
    assert cupy.log == ["work", "enter", "begin", "work", "end", "exit"]
    run()
    run()
    assert cupy.log[6:] == ["graph", "graph"]
    assert run.why_no_graph is None
    cupy.failure = RuntimeError("not in a graph")
    broken = launcher.Recorded(engine, lambda: cupy.log.append("work"))
    broken()
    assert broken.why_no_graph == "not in a graph"
    del cupy.log[:]
    broken()
    assert cupy.log == ["work"]
    assert run.why_no_graph is None


def test_some_free_memory_is_kept_back(cupy):
    free = launcher.current().free()
    assert free == int((10 << 30) * 0.97) - (256 << 20)
    cupy.pool.free_bytes = lambda: -(9 << 30)
    assert launcher.current().free() == 0


@pytest.fixture
def engine(gpu):
    return gpu


@pytest.mark.gpu
def test_blocks_wait_for_each_other_on_the_gpu(engine):
    counter, reached, late = engine.zeros(1, "u4"), *(engine.zeros(engine.multiprocessors, "u4") for _ in range(2))
    launch = engine.kernel("barrier", "barriers")
    arguments = counter, reached, late, numpy.int32(100), numpy.int32(1)
    launch(engine.multiprocessors, 256, *arguments, shared=engine.shared_memory, cooperative=True)
    assert engine.read(counter)[0] == 100 * engine.multiprocessors
    assert (engine.read(reached) == 100).all()
    assert not engine.read(late).any()
    with pytest.raises(UserError, match="wait for each other"):
        launch(engine.multiprocessors + 1, 256, *arguments, shared=engine.shared_memory, cooperative=True)


@pytest.mark.gpu
@pytest.mark.parametrize("operand", ["f", "u2"])
def test_rows_of_an_embedding_on_the_gpu(engine, emulated, operand, rng):
    ids, w = rng.integers(0, 50, 33).astype("i"), rng.normal(size=(50, 31)).astype("f")
    key = numpy.array([7], "u8")
    results = []
    for where in (engine, emulated()):
        x = where.zeros((33, 32), operand)
        embedding.embed(where, where.asarray(ids), where.asarray(w), x, where.asarray(key), masks.Dropout.of(0.5))
        results.append(where.read(x))
    numpy.testing.assert_array_equal(*results)


@pytest.mark.gpu
def test_a_recorded_window_reads_what_was_sent_for_it(engine, rng):
    """Launches, a product and an upload, replayed: the same as one by one, and the same bits twice."""
    w, matrix_ = engine.asarray(rng.normal(size=(50, 32)).astype("f")), engine.asarray(numpy.eye(32, dtype="f") * 2)
    ids, x, out = engine.zeros(20, "i"), engine.zeros((20, 32)), engine.zeros((20, 32))
    key, total = engine.zeros(1, "u8"), engine.zeros((20, 32))

    def work():
        embedding.embed(engine, ids, w, x, key)
        engine.product(x, matrix_, out)
        engine.product(x, matrix_, total, beta=1.0)

    work()
    replay = engine.record(work)
    assert engine.why_no_graph is None
    assert replay is not work
    wanted = numpy.array(engine.read(total))
    assert numpy.array_equal(wanted, engine.read(out))  # recording ran nothing
    for _ in range(20):
        chosen = rng.integers(0, 50, 20).astype("i")
        engine.upload(ids, chosen)
        replay()
        wanted += 2 * engine.read(w)[chosen]
    numpy.testing.assert_allclose(engine.read(total), wanted, rtol=1e-5, atol=1e-5)
    numpy.testing.assert_array_equal(engine.read(out), 2 * engine.read(w)[chosen])


@pytest.mark.gpu
def test_what_cannot_be_recorded_on_the_gpu_leaves_the_engine_as_it_was(engine):
    array = engine.zeros(3)

    def work():
        engine.read(array)  # waits, which a recording cannot

    assert engine.record(work) is work
    assert engine.why_no_graph
    hold_all_bits(engine)


@pytest.mark.gpu
def test_memory_is_counted(engine):
    before = engine.used()
    array = engine.empty(1 << 20)
    assert engine.used() >= before + array.nbytes
    assert engine.peak() >= engine.used()
    assert engine.free() > 0
