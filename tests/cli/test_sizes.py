"""Sizes that no machine has room for: one line, status 2, and the old run stays."""

import subprocess
import sys

import pytest

from tests.cli import run_command
from tests.conftest import ROOT, refused
from tests.training.test_old_runs import STORED
from tsuzuri.models.rnn import RNN
from tsuzuri.training import learner, trainer

TEXT = "".join(f"{a} {b} {a} .\n" for a in "abc" for b in "defgh")
SMALL = ["--tokens", "space", "-u", 5, "-b", 3, "-l", 6, "-e", 1, "--min-count", 1, "-d", "cpu"]
LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
{code}
"""


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text(TEXT)
    return path


@pytest.fixture
def run(corpus, tmp_path, no_pictures):
    path = tmp_path / "run"
    assert run_command("train.py", corpus, "-o", path, *SMALL).returncode == 0
    return path


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def limited(code, *arguments):
    """Python code in a process that has 6 GiB of addresses."""
    command = [sys.executable, "-c", LIMITED.format(code=code), *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["-u", 10**30], "--unit: 1000000000000000000000000000000 is out of range: must be 1 or more, at most 65536"),
        (["-b", 10**9], "--batchsize: 1000000000 is out of range: must be 1 or more, at most 65536"),
        (["-l", 10**6], "--bproplen: 1000000 is out of range: must be 1 or more, at most 65536"),
        (["-e", 10**30], "at most 1000000000"),
        (["--vocab-size", 10**30], "at most 1000000000"),
        (["--sample-every", 10**30], "--sample-every: 1000000000000000000000000000000 is out of range: must be 0 or"),
    ],
)
def test_absurd_numbers_are_out_of_range(run, corpus, options, named):
    before = contents(run)
    assert named in refused(run_command("train.py", corpus, "-o", run, "--force", *SMALL, *options))
    assert contents(run) == before


@pytest.mark.parametrize("option", ["-n", "--bars", "--max-note"])
def test_absurd_numbers_of_generation_are_out_of_range(option):
    done = run_command("generate.py", STORED / "music", option, 10**9)
    assert "1000000000 is out of range: must be 1 or more, at most 65536" in refused(done)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a process's memory cannot be limited so")
@pytest.mark.parametrize("sizes", ["-u 65536 -b 3 -l 6", "-u 512 -b 60000 -l 8"])
def test_what_has_no_room_leaves_the_old_run(run, corpus, sizes):
    """A model, or a window: the weights of the second are small, and would be there before the window fails."""
    corpus.write_text(TEXT * 10_000)
    before, code = contents(run), "from tsuzuri.cli import program; sys.argv[0] = 'tsuzuri'; program.start()"
    done = limited(code, "train", corpus, "-o", run, "--force", *SMALL, *sizes.split())
    _, unit, _, batch, _, steps = sizes.split()
    wanted = f"not enough memory for --unit {unit}, --layers 2, --batchsize {batch}, --bproplen {steps} and 11 words"
    assert refused(done).startswith(wanted)
    assert contents(run) == before


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a process's memory cannot be limited so")
def test_a_model_that_is_too_large_from_python(run, corpus):
    before = contents(run)
    options = "unit=65536, force=True, device='cpu', batchsize=2, bproplen=2"
    code = f"import tsuzuri; tsuzuri.train(sys.argv[1], sys.argv[2], {options})"
    done = limited(code, corpus, run)
    line = done.stderr.splitlines()[-1]
    assert line.startswith(
        "tsuzuri.errors.UserError: not enough memory for unit=65536, layers=2, batchsize=2, bproplen=2 and "
    )
    assert contents(run) == before


def test_memory_that_runs_out_on_the_way_is_named_too(run, monkeypatch):
    before = contents(run)

    def fail(*_):
        raise MemoryError

    monkeypatch.setattr(learner.Learner, "learn", fail)
    line = refused(run_command("train.py", "-o", run, "--resume", "-e", 2, "-d", "cpu"))
    assert line.startswith("not enough memory for --unit 5, --layers 2, --batchsize 3, ")
    assert contents(run)["model.npz"] == before["model.npz"]


def test_a_corpus_that_is_too_large(corpus, tmp_path, monkeypatch):
    def fail(*_):
        raise MemoryError

    monkeypatch.setattr("tsuzuri.api.corpora.build_text_corpus", fail)
    line = refused(run_command("train.py", corpus, "-o", tmp_path / "new", *SMALL))
    assert line.startswith("not enough memory for the corpus: fewer files, or fewer copies by --transpose and ")
    assert not (tmp_path / "new").exists()


def test_samples_that_are_too_many(monkeypatch):
    def fail(*_):
        raise MemoryError

    monkeypatch.setattr(RNN, "step", fail)
    line = refused(run_command("generate.py", STORED / "text", "-n", 60000, "--length", 2, "-d", "cpu"))
    assert line == "not enough memory for --num-samples 60000: fewer take less"


def test_a_classifier_that_is_too_large(tmp_path, monkeypatch):
    path = tmp_path / "letters.tsv"
    path.write_text("".join(f"good\ta fine day {n}\nbad\ta poor day {n}\n" for n in range(30)))

    def fail(*_):
        raise MemoryError

    monkeypatch.setattr(trainer.Trainer, "_check_memory", fail)
    line = refused(run_command("classify.py", "train", path, "-o", tmp_path / "new", "-u", 60000, "--width", 7))
    assert line.startswith("not enough memory for --unit 60000, --width 7, --layers 1, --batchsize 32 and ")
    assert not (tmp_path / "new").exists()
