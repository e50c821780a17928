"""A run that is resumed after its end: what was done before, what goes on, and fewer epochs than were done."""

import json
import re

import pytest

from tests.cli import run_command
from tests.conftest import refused

pytestmark = pytest.mark.usefixtures("no_pictures")

SMALL = {
    "train.py": ["--tokens", "space", "-u", 5, "-b", 3, "-l", 6, "--min-count", 1, "-d", "cpu"],
    "classify.py": ["-u", 4, "-b", 8, "-d", "cpu"],
}


@pytest.fixture(params=SMALL)
def trained(request, tmp_path):
    """A function that trains for so many epochs; the words that resume the run, and its folder."""
    name = request.param
    path, command = tmp_path / "corpus.tsv", [name, *(["train"] if name == "classify.py" else [])]
    path.write_text("".join(f"{label}\t{label} {n % 3} of them\n" for n in range(40) for label in "ab"))

    def train(epochs, *more):
        done = run_command(*command, path, "-o", tmp_path / "run", "-e", epochs, *SMALL[name], *more)
        assert done.returncode == 0, done.stderr
        return [*command, "-o", tmp_path / "run", "--resume", "-d", "cpu"], tmp_path / "run"

    return train


def state_of(folder):
    return json.loads((folder / "run.json").read_text())["recipe"]["epoch"], (folder / "log.jsonl").read_bytes()


@pytest.mark.parametrize(
    ("epochs", "before", "goes_on"),
    [
        (1, "the one epoch was done before", "--epoch 2 goes on with one more"),
        (3, "all 3 epochs were done before", "--epoch 6 goes on with as many more"),
    ],
)
def test_a_finished_run_says_one_thing(trained, epochs, before, goes_on):
    resume, folder = trained(epochs)
    state = state_of(folder)
    again = run_command(*resume)
    assert again.returncode == 0
    assert f"nothing  is left to do: {before}; {goes_on}\n" in again.stderr
    assert f"end      {before}\n" in again.stderr
    assert "go on    " not in again.stderr
    assert state_of(folder) == state


def test_fewer_epochs_than_were_done_are_refused(trained):
    resume, folder = trained(3)
    state = state_of(folder)
    done = run_command(*resume, "-e", 2)
    assert refused(done) == f"--epoch 2: {folder} has done 3 epochs: must be 3, or more to go on"
    assert state_of(folder) == state
    assert run_command(*resume, "-e", 3).returncode == 0
    more = run_command(*resume, "-e", 4)
    assert "go on    in epoch 4, after " in more.stderr
    assert re.search(r"^end      all 4 epochs done, after 0:00:\d\d$", more.stderr, re.M)


def test_patience_that_was_used_up_before(trained):
    resume, _ = trained(1, "--lr", 1)
    done = run_command(*resume, "-e", 50, "--patience", 1)
    assert re.search(r"^end      patience used up, the last validation no better, after ", done.stderr, re.M)
    again = run_command(*resume)
    assert "nothing  is left to do: patience was used up before; --patience above 1 goes on\n" in again.stderr
    assert "end      patience was used up before, the last validation no better\n" in again.stderr
    assert "go on    " not in again.stderr
