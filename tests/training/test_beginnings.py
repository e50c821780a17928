"""A training whose documents begin from a state of zeros: it does so, and a stop anywhere changes nothing."""

import itertools

import numpy
import pytest

from tests.cli.text import same_weights
from tsuzuri.api.corpora import read_corpus
from tsuzuri.cli import train
from tsuzuri.compat import chainer
from tsuzuri.data import layout
from tsuzuri.errors import UserError
from tsuzuri.kernels import devices
from tsuzuri.models.rnn import RNN
from tsuzuri.training import plots, trainer
from tsuzuri.training.language_model import LanguageModelTask, epoch_windows
from tsuzuri.training.run import load_run

SMALL = ["--tokens", "space", "-u", "5", "-b", "3", "-l", "4", "-e", "2", "--min-count", "1", "-d", "cpu"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Four texts of some lines, which are cut often."""
    monkeypatch.setattr(plots, "plot_loss_curves", lambda *_: b"picture")
    monkeypatch.setattr(layout, "RESET", 0.2)
    for n in range(4):
        lines = [f"{a} {b} {n} .\n" for a in "abc" for b in "defgh"]
        (tmp_path / f"{n}.txt").write_text("".join(lines[: 15 - n]))
    return tmp_path


def corpus_of(run):
    return read_corpus(run.about["corpus"] | {"kind": "text"}, run.recipe)


def train_in_parts(path, windows):
    """Go on with a run, stopped after each so many windows."""
    asked = itertools.count(1)
    for rounds in range(1, 100):
        run = load_run(str(path))
        job = trainer.Trainer(
            run,
            LanguageModelTask(corpus_of(run), run.recipe),
            devices.choose("cpu"),
            checkpoint=run.load_checkpoint(),
            stop=lambda: next(asked) % windows == 0,
        )
        if job.train():
            return rounds
    raise AssertionError("it does not come to an end")


@pytest.mark.parametrize("windows", [1, 3])
def test_a_stop_between_beginnings_changes_nothing(folder, windows):
    whole, parts = folder / "whole", folder / "parts"
    assert train.main([str(folder), "-o", str(whole), *SMALL]) == 0
    texts = [str(folder / f"{n}.txt") for n in range(4)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trainer.Trainer, "train", lambda self: True)
        train.main([*texts, "-o", str(parts), *SMALL])
    assert train_in_parts(parts, windows) > 5
    same_weights(whole, parts)
    run = load_run(str(whole))
    cut = epoch_windows(corpus_of(run), run.recipe, 2)
    assert sum(window.resets is not None for window in cut[1:]) > 3


def test_states_of_streams_that_begin_are_zeros(folder, monkeypatch):
    path, seen = folder / "run", []
    forward = RNN.forward

    def looked_at(self, xs, ts):
        if chainer.config.train:
            state = self.get_state()
            seen.append(None if state is None else numpy.abs(state).sum(axis=(0, 2)) == 0)
        return forward(self, xs, ts)

    monkeypatch.setattr(RNN, "forward", looked_at)
    assert train.main([str(folder), "-o", str(path), *SMALL, "-e", "1", "--sample-every", "0"]) == 0
    run = load_run(str(path))
    cut = epoch_windows(corpus_of(run), run.recipe, 1)
    assert len(seen) == len(cut)
    assert seen[0] is None
    for zeros, window in list(zip(seen, cut, strict=True))[1:]:
        wanted = numpy.zeros(3, bool) if window.resets is None else window.resets
        assert (zeros == wanted).all()


def test_other_documents_of_the_same_words_are_another_corpus(folder):
    held = folder / "held.txt"
    held.write_text("a d 0 .\n" * 3)
    (folder / "both").mkdir()
    (folder / "whole").mkdir()
    for n in range(2):
        (folder / "both" / f"{n}.txt").write_text((folder / f"{n}.txt").read_text())
    (folder / "whole" / "0.txt").write_text("".join((folder / f"{n}.txt").read_text() for n in range(2)))
    own = ["--valid", str(held), "--test", str(held)]
    assert train.main([str(folder / "both"), *own, "-o", str(folder / "run"), *SMALL]) == 0
    again = ["-o", str(folder / "run"), "--resume", "-e", "3", "-d", "cpu"]
    with pytest.raises(UserError, match=r"whole: not the corpus that \S+run was trained on$"):
        train.main([str(folder / "whole"), *again])
    assert train.main([str(folder / "both"), *again]) == 0
