"""What a training that fails says is kept is on the disk."""

import math
import re

import pytest

from tests.cli import run_command
from tests.conftest import refused
from tsuzuri.training import learner

TEXT = "".join(f"{a} {b} {a} .\n" for a in "abc" for b in "defgh")
SMALL = ["--tokens", "space", "-u", 5, "-b", 3, "-l", 6, "-e", 1, "--min-count", 1, "-d", "cpu"]


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_no_best_model_is_claimed_before_there_is_one(tmp_path, monkeypatch):
    (tmp_path / "corpus.txt").write_text(TEXT)
    learn = learner.Learner.learn

    def spoil(self, batch):
        self.model.l0.W.array[...] = math.nan
        learn(self, batch)

    with monkeypatch.context() as patch:
        patch.setattr(learner.Learner, "learn", spoil)
        line = refused(run_command("train.py", tmp_path / "corpus.txt", "-o", tmp_path / "run", *SMALL))
    assert re.search(r"by window \d+; the last checkpoint is kept, and there is no model yet \(try a lower --lr", line)
    assert not (tmp_path / "run" / "model.npz").exists()
    assert (tmp_path / "run" / "checkpoint.npz").exists()
    assert run_command("train.py", "-o", tmp_path / "run", "--resume", "-d", "cpu").returncode == 0
    with monkeypatch.context() as patch:
        patch.setattr(learner.Learner, "learn", spoil)
        line = refused(run_command("train.py", "-o", tmp_path / "run", "--resume", "-e", 2, "-d", "cpu"))
    assert "; the best model and the last checkpoint are kept (" in line
