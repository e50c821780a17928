"""The trainer: nothing is lost before a new run can begin, a stop is granted, and the commands alone handle signals."""

import os
import threading

import numpy
import pytest

from tsuzuri import storage
from tsuzuri.cli import train
from tsuzuri.errors import UserError
from tsuzuri.kernels import devices
from tsuzuri.training import log, plots, trainer
from tsuzuri.training.language_model import LanguageModelTask
from tsuzuri.training.run import load_run

SMALL = ["--tokens", "space", "-u", "5", "-b", "3", "-l", "6", "-e", "2", "--min-count", "1", "-d", "cpu"]


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    monkeypatch.setattr(plots, "plot_loss_curves", lambda *_: b"picture")
    path = tmp_path / "corpus.txt"
    path.write_text("".join(f"{a} {b} {a} .\n" for a in "abc" for b in "defgh"))
    return str(path)


@pytest.fixture
def run(corpus, tmp_path, capsys):
    """A run of two epochs, and its files as they are."""
    path = tmp_path / "run"
    assert train.main([corpus, "-o", str(path), *SMALL]) == 0
    capsys.readouterr()
    return path, contents(path)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_run_is_replaced_outside_the_main_thread(run, corpus):
    """Where Python lets nobody set a signal handler."""
    path, before = run
    status = []
    command = [corpus, "-o", str(path), "--force", "--seed", "9", *SMALL]
    thread = threading.Thread(target=lambda: status.append(train.main(command)))
    thread.start()
    thread.join()
    assert status == [0]
    assert contents(path)["model.npz"] != before["model.npz"]
    assert contents(path).keys() == before.keys()


@pytest.mark.parametrize("error", [MemoryError, UserError])
def test_an_old_run_stays_where_the_new_one_cannot_begin(run, corpus, monkeypatch, error):
    path, before = run

    def fail(*_):
        raise error

    monkeypatch.setattr(LanguageModelTask, "make_learner", fail)
    with pytest.raises(error):
        train.main([corpus, "-o", str(path), "--force", *SMALL])
    assert contents(path) == before


def test_an_old_run_stays_where_the_disk_is_full(run, corpus, monkeypatch):
    path, before = run
    fsync, left = os.fsync, [2]  # the third of the new files does not fit any more

    def fail(handle):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        fsync(handle)

    monkeypatch.setattr(storage.os, "fsync", fail)
    with pytest.raises(UserError, match="cannot be written: No space left on device"):
        train.main([corpus, "-o", str(path), "--force", *SMALL])
    assert contents(path) == before


def test_replaced_files_take_the_stale_ones_with_them(tmp_path):
    for name in ("old", "both", "other"):
        (tmp_path / name).write_text("before")
    storage.replace_files(str(tmp_path), {"both": b"after", "new": b"after"}, ("old", "both", "missing"))
    assert contents(tmp_path) == {"both": b"after", "new": b"after", "other": b"before"}


class Said(log.Output):
    def __init__(self):
        self.notes, self.shown = [], []

    def note(self, line):
        self.notes.append(line)

    def show(self, line):
        self.shown.append(line)


@pytest.mark.parametrize("stop_after", [1, 4, 7])
def test_a_stop_is_granted_after_any_window_and_changes_nothing(corpus, tmp_path, stop_after):
    """Without signals, as a notebook would ask for one: the training goes on to the bytes of one that never stopped."""
    command = [corpus, *SMALL[:8], "-e", "3", *SMALL[10:]]
    whole = tmp_path / "whole"
    assert train.main([*command, "-o", str(whole)]) == 0
    parts = tmp_path / "parts"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trainer.Trainer, "train", lambda self: True)
        train.main([*command, "-o", str(parts)])
    asked, output, rounds = iter(range(1, 10**6)), Said(), 0
    finished = False
    while not finished:
        run = load_run(str(parts))
        task = LanguageModelTask(
            train.read_corpus(run.about["corpus"] | {"kind": "text", "tokens": "space"}, run.recipe), run.recipe
        )
        job = trainer.Trainer(
            run, task, devices.choose("cpu"),
            checkpoint=run.load_checkpoint(), stop=lambda: next(asked) % stop_after == 0, output=output,
        )  # fmt: skip
        finished = job.train()
        rounds += 1
        assert rounds < 100
    assert rounds > 1
    assert (parts / "model.npz").read_bytes() == (whole / "model.npz").read_bytes()
    with numpy.load(whole / "checkpoint.npz") as a, numpy.load(parts / "checkpoint.npz") as b:
        assert all(a[name].tobytes() == b[name].tobytes() for name in a.files if name != "meta")
    assert sum(line.startswith("epoch ") for line in output.shown) == 3
    assert output.shown[-1].startswith("test     loss ")
