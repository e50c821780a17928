"""train.py and generate.py with the GPU engine, emulated or real, in this process."""

import math
import re
import signal

import mido
import numpy
import pytest

from tests.conftest import ROOT
from tsuzuri.cli import generate, train, training
from tsuzuri.errors import UserError
from tsuzuri.kernels import native
from tsuzuri.kernels.gpu import launcher
from tsuzuri.training import optimizers, trainer

pytestmark = pytest.mark.usefixtures("no_pictures")


@pytest.fixture
def device(engine):
    """The arguments that take the engine: the emulated one stands on the CPU."""
    return ["-d", "cpu" if engine.xp is numpy else "gpu"]


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text("".join(f"{a} {b} {a} .\n" for a in "abc" for b in "defgh"))
    return str(path)


SMALL = ["--tokens", "space", "-u", "5", "-b", "3", "-l", "6", "--min-count", "1", "--dropout", "0.3", "--seed", "2"]
# All that a model and a training may have besides.
RICH = ["--tie", "--embed", "4", "--layers", "3", "--locked", "--dropout-weights", "0.3", "--dropout-words", "0.1"]
RICH += ["--ar", "2", "--tar", "1", "--weight-decay", "0.01", "--average", "0.9", "--schedule", "cosine"]


class Stopping:
    """Stands for ``signals.Interrupt``: Ctrl-C after so many windows."""

    signal = signal.SIGINT

    def __init__(self, windows=10**9):
        self._left = windows

    def requested(self):
        self._left -= 1
        return self._left <= 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


def checkpoint(run):
    with numpy.load(run / "checkpoint.npz") as arrays:
        return {name: arrays[name].tobytes() for name in arrays.files if name != "meta"}


@pytest.mark.parametrize(
    ("precision", "more"),
    [("float32", []), *(pytest.param(*each, marks=pytest.mark.slow) for each in (("bfloat16", []), ("float32", RICH)))],
    ids=["plain", "bfloat16", "rich"],
)
def test_a_run_stopped_within_an_epoch_and_resumed_gives_the_same_bytes(
    engine, device, text, tmp_path, capsys, monkeypatch, precision, more
):
    if engine.xp is numpy:
        monkeypatch.setattr(native, "choose", lambda name: name)  # the emulated one has what the CPU may lack
    how = [*SMALL, *more, *device, "--precision", precision]
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert train.main([text, "-o", str(whole), "-e", "2", *how]) == 0
    noted = capsys.readouterr().err
    assert f"engine   {engine.name}, {precision}, recurrence by" in noted
    assert "GiB of the GPU's, at most" in noted

    monkeypatch.setattr(trainer, "CHECKPOINT_SECONDS", -1)  # a checkpoint after every window changes nothing
    for windows, status in ((2, 130), (1, 130), (10**9, 0)):
        monkeypatch.setattr(training, "Interrupt", lambda windows=windows: Stopping(windows))
        first = [text, "-e", "2", *how] if not parts.exists() else ["--resume", *device]
        assert train.main(["-o", str(parts), *first]) == status
    assert checkpoint(parts) == checkpoint(whole)
    assert (parts / "model.npz").read_bytes() == (whole / "model.npz").read_bytes()


def test_a_run_killed_before_its_first_window_can_be_resumed(device, text, tmp_path, monkeypatch):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert train.main([text, "-o", str(whole), "-e", "1", *SMALL, *device]) == 0
    with monkeypatch.context() as patch:
        patch.setattr(trainer.Trainer, "train", lambda self: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            train.main([text, "-o", str(killed), "-e", "1", *SMALL, *device])
    assert train.main(["-o", str(killed), "--resume", *device]) == 0
    assert checkpoint(killed) == checkpoint(whole)


@pytest.mark.parametrize("more", [[], RICH[:-2]], ids=["plain", "rich"])
def test_a_run_goes_on_on_the_cpu_and_back(engine, device, text, tmp_path, capsys, monkeypatch, more):
    run, whole = str(tmp_path / "run"), str(tmp_path / "whole")
    assert train.main([text, "-o", run, "-e", "1", *SMALL, *more, *device]) == 0
    with monkeypatch.context() as patch:
        patch.setattr(launcher, "of_type", lambda kind: None)
        assert train.main(["-o", run, "--resume", "-e", "2", "-d", "cpu"]) == 0
        assert train.main([text, "-o", whole, "-e", "3", "-d", "cpu", *SMALL, *more]) == 0
    assert train.main(["-o", run, "--resume", "-e", "3", *device]) == 0
    losses = re.findall(r"^epoch +(\d) +train loss ([\d.]+)", capsys.readouterr().out, re.MULTILINE)
    assert [int(epoch) for epoch, _ in losses] == [1, 2, 1, 2, 3, 3]
    mixed, straight = losses[:2] + losses[5:], losses[2:5]
    for (_, a), (_, b) in zip(mixed, straight, strict=True):
        assert float(a) == pytest.approx(float(b), abs=2e-3)


def test_a_loss_that_is_not_finite_ends_the_run_and_spoils_nothing(device, text, tmp_path, monkeypatch):
    monkeypatch.setattr(optimizers.Adam, "numbers", lambda *_: (math.nan,) * 4)
    with pytest.raises(UserError, match=r"the loss became nan in epoch 1, by window \d+; the last checkpoint is kept"):
        train.main([text, "-o", str(tmp_path / "run"), "-e", "3", *SMALL, *device])
    with numpy.load(tmp_path / "run" / "checkpoint.npz") as kept:
        assert all(numpy.isfinite(kept[name]).all() for name in kept.files)


def test_what_does_not_fit_is_refused_before_the_old_run_is_replaced(engine, device, text, tmp_path, monkeypatch):
    run = tmp_path / "run"
    assert train.main([text, "-o", str(run), "-e", "1", *SMALL, *device]) == 0
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    monkeypatch.setattr(engine, "free", lambda: 1000)
    with pytest.raises(
        UserError, match=r"^--batchsize 3: a window of 6 steps, 5 units and \d+ words takes .* GPU memory"
    ):
        train.main([text, "-o", str(run), "--force", *SMALL, *device])
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before


def test_a_text_is_written(device, text, tmp_path, capsys):
    small = ["-u", "5", "-b", "2", "-l", "12", "-e", "1", *device]
    assert train.main([text, "-o", str(tmp_path / "text"), "--tokens", "space", *small]) == 0
    capsys.readouterr()
    for how in (["--seed", "3"], ["--seed", "3"], ["--seed", "3", "--escape", "off"], ["--seed", "4"]):
        generate.main([str(tmp_path / "text"), "a", "--length", "12", *how, *device])
    first, again, without, other = capsys.readouterr().out.strip("\n").split("\na")
    assert first.removeprefix("a") == again == without != other
    assert "<unk>" not in first


def test_a_model_of_other_layers_writes_too(device, text, tmp_path, capsys):
    small = ["-u", "5", "-b", "2", "-l", "12", "-e", "1", "--layers", "1", "--tie", "--embed", "4", *device]
    assert train.main([text, "-o", str(tmp_path / "text"), "--tokens", "space", *small]) == 0
    capsys.readouterr()
    texts = []
    for seed in ("3", "3", "4"):
        generate.main([str(tmp_path / "text"), "a", "--length", "12", "--seed", seed, *device])
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1] != texts[2]


def test_a_tune_is_written(device, tmp_path):
    tunes = sorted((ROOT / "corpus" / "tunes").glob("*.mid"))[:3]
    small = ["-u", "3", "-b", "8", "-l", "9", "-e", "1", *device]
    assert train.main([*map(str, tunes), "-o", str(tmp_path / "run"), *small]) == 0
    out = tmp_path / "tune.mid"
    generate.main([str(tmp_path / "run"), "-o", str(out), "--bars", "2", "--seed", "5", *device])
    playing = set()
    for message in mido.MidiFile(out):
        if message.type in ("note_on", "note_off"):
            change = playing.add if message.type == "note_on" and message.velocity else playing.remove
            change(message.note)
    assert not playing
