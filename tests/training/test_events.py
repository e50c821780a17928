"""What a training says while it runs: its events, the bar over the whole of it, and a stop from another thread."""

import dataclasses
import io
import json
import pathlib
import sys
import threading

import numpy
import pytest

from tsuzuri.api.corpora import read_corpus
from tsuzuri.cli import train
from tsuzuri.kernels import devices
from tsuzuri.training import evaluation, plots, trainer
from tsuzuri.training.language_model import LanguageModelTask, epoch_windows
from tsuzuri.training.log import Event
from tsuzuri.training.progress import ProgressBar
from tsuzuri.training.run import load_run, new_run
from tsuzuri.training.schemas import LANGUAGE_MODEL

SMALL = ["--tokens", "space", "-u", "5", "-b", "3", "-l", "6", "-e", "3", "--min-count", "1", "-d", "cpu"]


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch):
    monkeypatch.setattr(plots, "plot_loss_curves", lambda *_: b"picture")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run of three epochs straight through, and its corpus."""
    folder = tmp_path_factory.mktemp("whole")
    text = folder / "corpus.txt"
    text.write_text("".join(f"{a} {b} {a} .\n" for a in "abc" for b in "defgh"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plots, "plot_loss_curves", lambda *_: b"picture")
        assert train.main([str(text), "-o", str(folder / "run"), *SMALL]) == 0
    run = load_run(str(folder / "run"))
    return run, read_corpus(run.about["corpus"] | {"kind": "text"}, run.recipe)


def make_trainer(whole, path, samples=(), **arguments):
    """A trainer of a run at ``path`` by the same recipe: from the beginning, or from its checkpoint if there is one.

    ``samples`` are the task's sampler and how often to call it.
    """
    run, corpus = whole
    checkpoint = None
    if (path / "run.json").exists():
        run = load_run(str(path))
        checkpoint = run.load_checkpoint()
    else:
        run = new_run(str(path), run.about, run.vocabulary, LANGUAGE_MODEL)
    task = LanguageModelTask(corpus, run.recipe, None, *samples)
    return trainer.Trainer(run, task, devices.choose("cpu"), checkpoint=checkpoint, **arguments)


def assert_same_training(one, other):
    """Weights, moments, state and history of two runs, but for the speed."""
    assert (one / "model.npz").read_bytes() == (other / "model.npz").read_bytes()
    states = [numpy.load(path / "checkpoint.npz") for path in (one, other)]
    assert all(states[0][name].tobytes() == states[1][name].tobytes() for name in states[0].files if name != "meta")
    metas = [json.loads(state["meta"].tobytes()) for state in states]
    for entry in (*metas[0]["history"], *metas[1]["history"]):
        del entry["words_per_second"]
    for meta in metas:
        del meta["seconds"]
    assert metas[0] == metas[1]


def test_events_tell_where_the_training_stands(whole, tmp_path, monkeypatch):
    monkeypatch.setattr(trainer, "EVENT_SECONDS", 0)
    events = []
    assert make_trainer(whole, tmp_path / "run", listener=events.append).train()
    assert json.loads(json.dumps([dataclasses.asdict(event) for event in events])) == [vars(event) for event in events]
    assert events[0].kind == "note"
    assert events[0].text.startswith("engine   ")
    assert (events[0].done, events[0].seconds_left) == (0, None)
    assert [event.kind for event in events if event.kind != "batch"] == ["note", *["epoch"] * 3, "test", "end"]
    recipe = whole[0].recipe
    counts = [len(epoch_windows(whole[1], recipe, epoch)) for epoch in (1, 2, 3)]
    batches = [event for event in events if event.kind == "batch"]
    assert [event.epoch for event in batches] == [n for n, count in enumerate(counts, 1) for _ in range(count)]
    done = [(epoch + (n + 1) / count) / 3 for epoch, count in enumerate(counts) for n in range(count)]
    assert [event.done for event in batches] == pytest.approx(done)
    assert all(event.text == "" and event.entry is None and event.words_per_second > 0 for event in batches)
    epochs = [event for event in events if event.kind == "epoch"]
    log = (tmp_path / "run" / "log.jsonl").read_text().splitlines()
    assert [event.entry for event in epochs] == [json.loads(line) for line in log]
    assert [(event.epoch, event.epochs) for event in epochs] == [(1, 3), (2, 3), (3, 3)]
    assert [event.done for event in epochs] == pytest.approx([1 / 3, 2 / 3, 1])
    assert (events[-1].done, events[-1].seconds_left) == (1, 0)
    words = [int((window.ts >= 0).sum()) for window in epoch_windows(whole[1], recipe)]
    mean = numpy.average([event.loss for event in batches[: counts[0]]], weights=words)
    assert mean == pytest.approx(epochs[0].entry["train_loss"])


def test_seconds_left_are_of_all_epochs_at_the_speed_so_far(whole, tmp_path, monkeypatch):
    """Each batch takes two seconds by this clock, which stands still at all else."""
    clock = [100.0]
    monkeypatch.setattr(trainer.time, "monotonic", lambda: clock[0])

    def stop():
        clock[0] += 2
        return False

    events = []
    make_trainer(whole, tmp_path / "run", listener=events.append, stop=stop).train()
    batches = [event for event in events if event.kind == "batch"]
    wanted = [2 * (len(batches) - n) for n in range(1, len(batches) + 1)]
    assert [event.seconds_left for event in batches] == pytest.approx(wanted)


def test_batches_are_told_of_ten_times_a_second_at_most(whole, tmp_path, monkeypatch):
    clock, times = [100.0], []
    monkeypatch.setattr(trainer.time, "monotonic", lambda: clock[0])

    def stop():
        clock[0] += 0.03
        return False

    def listen(event):
        if event.kind == "batch":
            times.append(clock[0])

    make_trainer(whole, tmp_path / "run", listener=listen, stop=stop).train()
    assert len(times) > 1
    assert numpy.diff(times) == pytest.approx(0.12)  # every fourth batch


@pytest.mark.parametrize("kind", ["batch", "epoch"])
def test_an_exception_of_the_listener_leaves_what_was_saved(whole, tmp_path, monkeypatch, kind):
    monkeypatch.setattr(trainer, "EVENT_SECONDS", 0)
    path = tmp_path / "run"

    def fail(event):
        if (event.kind, event.epoch) == (kind, 2):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        make_trainer(whole, path, listener=fail).train()
    assert len((path / "log.jsonl").read_text().splitlines()) == (1 if kind == "batch" else 2)
    assert make_trainer(whole, path).train()
    assert_same_training(pathlib.Path(whole[0].path), path)


@pytest.mark.parametrize(("every", "sampled"), [(1, [1, 2, 4]), (2, [1, 4]), (3, [1])])
def test_a_sample_follows_every_so_many_epochs_that_did_best(whole, tmp_path, monkeypatch, every, sampled):
    losses = iter([3.0, 2.0, 2.5, 1.5])
    monkeypatch.setattr(evaluation, "evaluate_documents", lambda *_: next(losses, 9.0))
    run, corpus = whole
    recipe = dataclasses.asdict(run.recipe) | {"epoch": 4}
    run = new_run(run.path, run.about | {"recipe": recipe}, run.vocabulary, LANGUAGE_MODEL)
    asked, events = [], []

    def sampler(at, epoch):
        asked.append(epoch)
        at.load_best()  # the model of this epoch is on the disk by now
        return f"first {epoch}\nsecond"

    assert make_trainer((run, corpus), tmp_path / "run", samples=(sampler, every), listener=events.append).train()
    assert asked == sampled
    shown = [event for event in events if event.kind == "sample"]
    assert [event.text for event in shown] == [f"sample   first {epoch}\n         second" for epoch in sampled]
    assert [event.epoch for event in shown] == sampled


def test_another_thread_stops_a_training_which_goes_on_to_the_same_bytes(whole, tmp_path, monkeypatch):
    monkeypatch.setattr(trainer, "EVENT_SECONDS", 0)
    path, under_way, stop, finished = tmp_path / "run", threading.Event(), threading.Event(), []

    def listen(event):
        if event.kind == "batch" and event.epoch == 2:
            under_way.set()
            stop.wait(60)

    job = make_trainer(whole, path, listener=listen, stop=stop.is_set)
    thread = threading.Thread(target=lambda: finished.append(job.train()))
    thread.start()
    assert under_way.wait(60)
    stop.set()
    thread.join(60)
    assert finished == [False]
    assert (job.state.epoch, job.state.window) == (2, 2)  # the stop came too late for the window that was told of
    assert make_trainer(whole, path).train()
    assert_same_training(pathlib.Path(whole[0].path), path)


def test_the_bar_is_of_the_whole_training_and_goes_out_of_a_lines_way(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    bar = ProgressBar(True)
    figures = {"loss": 4.25, "words_per_second": 12345.6}
    bar(Event("note", "engine   none"))
    assert stream.getvalue() == ""
    bar(Event("batch", epoch=2, epochs=8, done=0.25, seconds_left=3723.0, **figures))
    assert "epoch 2/8:  25%" in stream.getvalue()
    assert "1:02:03 left, loss 4.250, 12,346 words/s" in stream.getvalue()
    for event in (Event("epoch", "epoch   2"), Event("end")):
        bar(Event("batch", epoch=3, epochs=8, done=0.3, **figures))
        assert stream.getvalue().rpartition("\r")[2].strip() != ""
        bar(event)
        assert stream.getvalue().rpartition("\r")[2].strip() == ""
    bar.close()


def test_a_bar_that_is_not_shown_draws_nothing(capfd):
    bar = ProgressBar(False)
    bar(Event("batch", epoch=2, epochs=8, done=0.25, loss=1.0))
    bar.close()
    assert capfd.readouterr() == ("", "")
