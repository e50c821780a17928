"""The trainer: nothing is lost before a new run can begin, a stop is granted, and the commands alone handle signals."""

import dataclasses
import io
import itertools
import json
import os
import re
import sys
import threading

import numpy
import pytest

from tsuzuri import storage
from tsuzuri.api.corpora import read_corpus
from tsuzuri.cli import train, training
from tsuzuri.errors import UserError
from tsuzuri.kernels import devices
from tsuzuri.training import plots, trainer
from tsuzuri.training.language_model import LanguageModelTask, epoch_windows
from tsuzuri.training.run import load_run
from tsuzuri.training.schemas import RING

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


@pytest.mark.parametrize("error", [MemoryError(), UserError("no")], ids=repr)
def test_an_old_run_stays_where_the_new_one_cannot_begin(run, corpus, monkeypatch, error):
    path, before = run

    def fail(*_):
        raise error

    monkeypatch.setattr(LanguageModelTask, "make_learner", fail)
    with pytest.raises(UserError):  # which says what the memory was needed for
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


def test_what_cannot_be_replaced_is_named_before_anything_goes(run, corpus):
    path, before = run
    (path / "loss.png").unlink()
    (path / "loss.png").mkdir()
    with pytest.raises(UserError, match=r"loss\.png: cannot be replaced: it is a folder"):
        train.main([corpus, "-o", str(path), "--force", *SMALL])
    (path / "loss.png").rmdir()
    assert contents(path) == {name: data for name, data in before.items() if name != "loss.png"}


def test_a_checkpoint_beyond_its_epoch_is_refused(run):
    path, _ = run
    arrays = storage.load_npz(str(path / "checkpoint.npz"))
    meta = json.loads(arrays["meta"].tobytes()) | {"window": 500, "epoch": 1}
    arrays["meta"] = numpy.frombuffer(json.dumps(meta).encode(), numpy.uint8)
    storage.write_file(str(path / "checkpoint.npz"), storage.encode_npz(arrays))
    with pytest.raises(UserError, match=r"meta\.window is 500, must be at most the \d+ of an epoch"):
        train.main(["-o", str(path), "--resume", "-e", "3", "-d", "cpu"])


def test_an_epoch_is_on_the_disk_before_its_line_is_shown(corpus, tmp_path, monkeypatch):
    """Its reader may have gone, as tee does at Ctrl-C."""

    def gone(self, event):
        if event.kind == "epoch":
            raise BrokenPipeError

    monkeypatch.setattr(training.TerminalOutput, "__call__", gone)
    path = tmp_path / "run"
    with pytest.raises(BrokenPipeError):
        train.main([corpus, "-o", str(path), *SMALL])
    meta = json.loads(storage.load_npz(str(path / "checkpoint.npz"))["meta"].tobytes())
    assert (meta["epoch"], meta["window"], len(meta["history"])) == (2, 0, 1)


def test_lines_do_not_run_into_the_bar(corpus, tmp_path, monkeypatch):
    stream = io.StringIO()
    stream.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(trainer, "EVENT_SECONDS", 0)
    assert train.main([corpus, "-o", str(tmp_path / "run"), *SMALL]) == 0
    text = stream.getvalue()
    assert re.search(r"epoch 2/2: +\d+%.* 00:00, 00:00 left, loss \d\.\d+, [\d,]+ words/s", text)
    before = re.findall(r"([^\r\n]*)epoch +\d   train loss", text)
    assert before == ["", ""]


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
    asked, events, rounds = iter(range(1, 10**6)), [], 0
    finished = False
    while not finished:
        run = load_run(str(parts))
        task = LanguageModelTask(read_corpus(run.about["corpus"] | {"kind": "text"}, run.recipe), run.recipe)
        job = trainer.Trainer(
            run, task, devices.choose("cpu"),
            checkpoint=run.load_checkpoint(), stop=lambda: next(asked) % stop_after == 0, listener=events.append,
        )  # fmt: skip
        finished = job.train()
        rounds += 1
        assert rounds < 100
    assert rounds > 1
    assert (parts / "model.npz").read_bytes() == (whole / "model.npz").read_bytes()
    states = [numpy.load(path / "checkpoint.npz") for path in (whole, parts)]
    assert all(states[0][name].tobytes() == states[1][name].tobytes() for name in states[0].files if name != "meta")
    metas = [json.loads(state["meta"].tobytes()) for state in states]
    for entry in (*metas[0]["history"], *metas[1]["history"]):
        del entry["words_per_second"]
    for meta in metas:
        del meta["seconds"]
    assert metas[0] == metas[1]
    assert [event.epoch for event in events if event.kind == "epoch"] == [1, 2, 3]
    assert [event.kind for event in events].count("end") == rounds
    assert [event.kind for event in events][-2:] == ["test", "end"]
    assert events[-2].text.startswith("test     loss ")


def test_a_stop_in_the_last_window_does_not_wait_for_the_validation(run, monkeypatch):
    path, before = run
    stored = load_run(str(path))
    source = stored.about["corpus"] | {"kind": "text"}
    stored.save_recipe(dataclasses.replace(stored.recipe, epoch=3))
    task, asked = LanguageModelTask(read_corpus(source, stored.recipe), stored.recipe), itertools.count(1)
    windows = len(epoch_windows(task.corpus, stored.recipe, 3))
    with monkeypatch.context() as patch:
        patch.setattr(LanguageModelTask, "validate", lambda *_: pytest.fail("it was validated"))
        job = trainer.Trainer(
            stored,
            task,
            devices.choose("cpu"),
            checkpoint=stored.load_checkpoint(),
            stop=lambda: next(asked) == windows,
        )
        assert job.train() is False
    meta = json.loads(storage.load_npz(str(path / "checkpoint.npz"))["meta"].tobytes())
    assert (meta["epoch"], meta["window"], len(meta["history"])) == (3, windows, 2)
    assert (path / "model.npz").read_bytes() == before["model.npz"]
    assert train.main(["-o", str(path), "--resume", "-d", "cpu"]) == 0  # which begins with the validation
    assert len((path / "log.jsonl").read_text().splitlines()) == 3


def test_each_epoch_is_cut_in_its_own_way_which_only_the_seed_decides(run):
    stored = load_run(str(run[0]))
    corpus = read_corpus(stored.about["corpus"] | {"kind": "text"}, stored.recipe)
    cut = [[window.xs.tolist() for window in epoch_windows(corpus, stored.recipe, epoch)] for epoch in range(1, 6)]
    assert all(one != other for one, other in itertools.combinations(cut, 2))
    assert cut[3] == [window.xs.tolist() for window in epoch_windows(corpus, stored.recipe, 4)]
    other = dataclasses.replace(stored.recipe, seed=8)
    assert cut[3] != [window.xs.tolist() for window in epoch_windows(corpus, other, 4)]


def test_of_a_run_from_before_each_epoch_begins_at_a_line_of_its_own(run):
    """Drawn by one generator, whose state goes on from epoch to epoch."""
    stored = load_run(str(run[0]))
    source = stored.about["corpus"] | {"kind": "text"}
    recipe = dataclasses.replace(stored.recipe, windows=RING)
    task = LanguageModelTask(read_corpus(source, stored.recipe), recipe)
    state, model, starts = task.new_state(stored.recipe), stored.new_model(), []
    for _ in range(5):
        task.begin_epoch(model, state)
        starts.append(state.start)
    ids = task.corpus.train
    beginnings, order = numpy.flatnonzero(ids == 0) + 1, numpy.random.default_rng([stored.recipe.seed, 1])
    assert starts == [int(order.choice(beginnings)) % len(ids) for _ in range(5)]
    assert len(set(starts)) > 1
