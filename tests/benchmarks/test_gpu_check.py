"""The check of a new GPU: its parts have their time, none ends the others, and all is reported."""

import contextlib
import datetime
import os
import select
import subprocess
import sys
import time
import types

import numpy
import pytest

from benchmarks import gpu_check, gpu_floor, gpu_ours, gpu_speed
from benchmarks.trainers import MissingError
from tests.benchmarks.contender import Contender
from tests.conftest import ROOT
from tsuzuri.kernels.gpu import FLOAT32

SIZE = (50, 8, 3, 4)  # V, N, B, T
DATA = gpu_ours.windows(50, 3, 4)
MACHINE = gpu_floor.Machine(1e12, 4e12, 8e12, 1e9, 1e-6, 1e-7)

on_the_emulator = pytest.mark.parametrize("engine", ["emulated"], indirect=True)


def part(name, seconds, code, **how):
    return gpu_check.Part(name, seconds, (sys.executable, "-c", code), **how)


def test_a_part_that_fails_or_hangs_is_told_and_the_others_go_on():
    row = "| " + " | ".join("abcdefg") + " |"
    todo = [
        part("good", 60, f"print('hello'); print({row!r})"),
        part("bad", 60, "print('first'); import sys; print('why', file=sys.stderr); sys.exit(3)"),
        part("none", 60, "", missing="no such program"),
        part("skipped", 60, "print('2 skipped')", says=" passed"),
        part("last", 60, "print('2 passed, still here')", says=" passed"),
    ]
    lengths = []
    outcomes = gpu_check.run_all(todo, lambda outcomes: lengths.append(len(outcomes)))
    assert lengths == [1, 2, 3, 4, 5]
    assert [outcome.fault for outcome in outcomes] == [
        "",
        "failed with exit status 3",
        "cannot run: no such program",
        "failed: nothing in it passed",
        "",
    ]
    text = gpu_check.report(outcomes, datetime.datetime(2026, 1, 2, 3, 4))
    assert "2 January 2026" in text or "02 January 2026 03:04" in text
    assert text.count(row) == 1
    assert text.index(row) < text.index("## good\n\n```\nhello\n```") < text.index("## bad\n\n```\nfirst\nwhy\n```")
    assert "still here" in text


def on_a_clock(monkeypatch, todo):
    """The limits that ``run_all`` gives to parts (name, seconds, needs, taken), and how each went."""
    now, limits = [100.0], {}

    def run(part, limit):
        limits[part.name] = limit
        now[0] += part.command
        return gpu_check.Outcome(part, "", part.command, "")

    parts = [gpu_check.Part(name, seconds, taken, needs=needs) for name, seconds, needs, taken in todo]
    with monkeypatch.context() as patch:
        patch.setattr(gpu_check, "run", run)
        patch.setattr(time, "monotonic", lambda: now[0])
        outcomes = gpu_check.run_all(parts, lambda outcomes: None)
    return limits, outcomes


def test_a_part_has_its_time_and_what_others_left_of_theirs(monkeypatch):
    todo = [("quick", 5, 0, 4), ("cut off", 5, 0, 6.5), ("late", 5, 0, 1), ("over", 1, 0, 9), ("last", 2, 0, 1)]
    limits, outcomes = on_a_clock(monkeypatch, todo)
    assert limits == {"quick": 5, "cut off": 6, "late": 4.5, "over": 4.5, "last": -2.5}
    assert [outcome.how for outcome in outcomes] == ["done"] * 5


def test_a_part_that_no_time_is_left_for_is_left_out(monkeypatch):
    todo = [("first", 10, 0, 4), ("enough", 0, 6, 1), ("too little", 0, 6, 1), ("last", 1, 0, 2)]
    limits, outcomes = on_a_clock(monkeypatch, todo)
    assert limits == {"first": 10, "enough": 6, "last": 6}
    assert [outcome.fault for outcome in outcomes] == [""] * 4
    left_out = "left out: needs 6 seconds, 5 are left"
    assert [outcome.how for outcome in outcomes] == ["done", "done", left_out, "done"]
    assert f"| too little | {left_out} | 0 |\n" in gpu_check.report(outcomes, datetime.datetime(2026, 1, 2))


def test_who_is_asked_for_has_its_time(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(gpu_check, "run_all", lambda todo, tell: seen.extend(todo) or [])
    monkeypatch.setattr(sys, "argv", ["gpu_check", "--only", "floor", "train 60000", "--out", str(tmp_path / "x")])
    with pytest.raises(SystemExit):
        gpu_check.main()
    assert [(part.name, part.seconds) for part in seen] == [("floor", 15), ("train 60000,650,20,35", gpu_check.ENOUGH)]


def test_a_part_that_hangs_is_ended_with_all_that_it_has_started(tmp_path, monkeypatch):
    """What it starts writes into a pipe, from which can be seen when it is there and that it has gone."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    wait = subprocess.Popen.wait

    def wait_for_both(process, timeout=None):
        assert select.select([reader], [], [], 120)[0]
        return wait(process, timeout)

    monkeypatch.setattr(subprocess.Popen, "wait", wait_for_both)
    child = f"import time; pipe = open({str(pipe)!r}, 'w'); pipe.write('here'); pipe.flush(); time.sleep(600)"
    hangs = f"import subprocess, sys; print({gpu_check.SECONDS!r}); subprocess.run([sys.executable, '-c', {child!r}])"
    try:
        outcome = gpu_check.run(part("hangs", 0, hangs, notes=("a note",)), 0.6)
        assert os.read(reader, 99) == b"here"
        assert select.select([reader], [], [], 120)[0]
        assert os.read(reader, 99) == b""
    finally:
        os.close(reader)
    assert outcome.fault == "cut off after 1 seconds"
    assert outcome.output == "a note\n1\n"


def test_all_parts_take_eight_minutes_at_most():
    parts = [*gpu_check.parts("machine.json")]
    assert sum(part.seconds for part in parts) <= 8 * 60
    assert [part.name.split(" ")[0] for part in parts[:6]] == [
        "machine",
        "tests",
        "memcheck",
        "racecheck",
        "floor",
        "follow",
    ]
    assert len(parts) == 6 + len(gpu_speed.AIMS) + len(gpu_speed.BESIDES)
    assert parts[-1].name == "train 60000,650,20,35"
    assert [bool(part.needs) for part in parts] == [False] * (len(parts) - 1) + [True]
    assert len({part.name for part in parts}) == len(parts)


@on_the_emulator
def test_a_little_of_everything(small_engine, monkeypatch, capsys):
    monkeypatch.setattr(gpu_check, "SMALL", (((20, 5, 2, 3), FLOAT32, gpu_ours.LAYERS),))
    monkeypatch.setattr(gpu_check, "SMALL_WRITING", ((9, 3, 1), (9, 3, 9)))
    assert gpu_check.run_small()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + 4
    assert 0 < float(lines[0].rsplit(" ", 1)[1]) < 15  # nats of three words; log 20 is 3
    assert small_engine.launches


@pytest.mark.parametrize("missing", [None, 0, 1])
def test_a_little_that_goes_without_a_graph_fails(missing, monkeypatch, capsys):
    done = [(str(k), Contender(1, None, why_no_graph="it is busy" if k == missing else None)) for k in range(2)]
    monkeypatch.setattr(gpu_check, "small", lambda: done)
    assert gpu_check.run_small() is (missing is None)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == (2 if missing is None else 3)
    assert missing is None or lines[missing + 1] == "without a CUDA graph: it is busy"


WITH_TESTS_FOR_A_GPU = {
    "cli/test_gpu.py",
    "kernels/test_kernels.py",
    *(
        f"kernels/gpu/test_{name}.py"
        for name in ("window", "step", "drawing", "writing", "recurrence", "launcher", "calls", "cublas")
    ),
}


def test_files_of_tests_for_a_gpu_are_found():
    names = {path.relative_to(gpu_check.TESTS).as_posix() for path in gpu_check.tests_for_a_gpu()}
    assert names >= WITH_TESTS_FOR_A_GPU
    assert "midi/file/test_real_files.py" not in names  # which needs packages that a machine with a GPU may not have


IMPORTS = """
import importlib, sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in missing:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

missing = set(sys.argv[1].split(","))
sys.meta_path.insert(0, Finder())
for name in sys.argv[2:]:
    importlib.import_module(f"tests.{name}")
"""
NOT_THERE = "mido", "tqdm", "matplotlib", "MeCab", "unidic_lite", "hypothesis", "symusic", "scipy", "pkg_resources"


def test_tests_for_a_gpu_import_nothing_that_is_not_looked_for():
    paths = gpu_check.tests_for_a_gpu()
    groups = {}
    for path in paths:
        name = ".".join(path.relative_to(gpu_check.TESTS).with_suffix("").parts)
        groups.setdefault(gpu_check.needs(path), []).append(name)
    assert len(groups) > 1
    for needs, names in groups.items():
        missing = ",".join(package for package in NOT_THERE if package not in needs)
        command = [sys.executable, "-W", "ignore", "-c", IMPORTS, missing, *names]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("missing", [(), ("mido", "matplotlib")])
def test_a_file_of_tests_whose_needs_are_missing_is_left_out_and_told(missing, monkeypatch):
    monkeypatch.setattr(gpu_check.importlib.util, "find_spec", lambda name: None if name in missing else name)
    part = {part.name: part for part in gpu_check.parts("machine.json")}["tests"]
    named = {name for name in part.command if name.startswith("tests")}
    assert len(named) == len(gpu_check.tests_for_a_gpu()) - bool(missing)
    assert (os.path.join("tests", "cli", "test_gpu.py") in named) is not bool(missing)
    assert part.notes == (("left out: cli/test_gpu.py, needs mido and matplotlib",) if missing else ())


@on_the_emulator
@pytest.mark.parametrize("why", [None, "it is busy"])
def test_the_machine_is_described(engine, why, monkeypatch):
    facts = {"name": b"fake", "totalGlobalMem": 3 << 30, "major": 9, "minor": 0, "multiProcessorCount": 6}
    runtime = types.SimpleNamespace(
        getDevice=lambda: 0, getDeviceProperties=lambda device: facts | {"l2CacheSize": 5 << 20},
        driverGetVersion=lambda: 13010, runtimeGetVersion=lambda: 13000,
    )  # fmt: skip
    cuda = types.SimpleNamespace(runtime=runtime, nvrtc=types.SimpleNamespace(getVersion=lambda: (13, 1)))
    monkeypatch.setitem(sys.modules, "cupy", types.SimpleNamespace(cuda=cuda))
    engine.why_no_graph = why
    lines = [*gpu_check.describe_machine()]
    assert lines[0].startswith("Python 3.")
    assert "fake, 3 GiB, compute capability 9.0" in lines
    assert "CUDA of the driver 13010, of the runtime 13000, NVRTC 13.1" in lines
    assert f"NumPy {numpy.__version__}" in lines
    assert any(line.startswith("CuPy: AttributeError") for line in lines)
    assert ("without a CUDA graph: it is busy" in lines) is bool(why)
    assert engine.launches.count("nothing") == 1


def test_lines_on_the_machine_are_told_as_they_come(monkeypatch, capsys):
    def lines():
        yield "first"
        assert capsys.readouterr().out == "first\n"
        yield "second"

    monkeypatch.setattr(gpu_check, "describe_machine", lines)
    monkeypatch.setattr(sys, "argv", ["gpu_check", "--machine"])
    gpu_check.main()
    assert capsys.readouterr().out == "second\n"


def test_the_sanitizer_is_found_beside_nvcc(tmp_path, monkeypatch):
    for name in ("CUDA_HOME", "CUDA_PATH"):
        monkeypatch.delenv(name, raising=False)
    real, link = tmp_path / "cuda", tmp_path / "bin"
    for folder in (real, link):
        folder.mkdir()
    for name in ("nvcc", "compute-sanitizer"):
        (real / name).touch(0o755)
    monkeypatch.setenv("PATH", str(link))
    assert gpu_check.sanitizer() is None
    (link / "nvcc").symlink_to(real / "nvcc")
    assert gpu_check.sanitizer() == str(real / "compute-sanitizer")


def test_a_long_output_is_shortened_in_its_middle():
    lines = [str(number) for number in range(100)]
    short = gpu_check.shorter(lines)
    assert short[: gpu_check.LINES] == lines[: gpu_check.LINES]
    assert short[gpu_check.LINES] == "... 50 lines ..."
    assert short[-1] == "99"
    assert gpu_check.shorter(lines[:50]) == lines[:50]


def test_without_a_gpu_the_check_says_so_and_fails(tmp_path, monkeypatch, capsys):
    with contextlib.suppress(MissingError):
        pytest.skip(f"there is a GPU: {gpu_ours.engine().name}")
    out = tmp_path / "report.md"
    monkeypatch.setattr(sys, "argv", ["gpu_check", "--only", "machine", "floor", "--out", str(out)])
    with pytest.raises(SystemExit) as end:
        gpu_check.main()
    assert end.value.code == 1
    assert out.read_text().count("there is no GPU that CuPy can use") == 2
    assert "floor: failed with exit status 1" in capsys.readouterr().err
