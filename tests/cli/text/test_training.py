"""A training on text: what it leaves, what it learns, and what its options change."""

import fcntl
import itertools
import json
import os
import re
import struct
import subprocess
import sys
import termios

import numpy
import pytest

from tests.cli.text import SMALL, same_weights, train
from tests.conftest import ROOT, refused
from tsuzuri.kernels import native

pytestmark = pytest.mark.usefixtures("no_pictures")  # but for the run that they share, which is made before


def test_a_run_leaves_what_it_should(straight, corpus):
    out, process = straight
    assert sorted(os.listdir(out)) == [
        "checkpoint.npz", "corpus.npz", "log.jsonl", "loss.png", "model.npz", "run.json", "vocabulary.txt",
    ]  # fmt: skip
    assert (out / "loss.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    epochs = re.findall(
        r"^epoch +(\d+) +train loss ([\d.]+) +valid loss ([\d.]+) perplexity +([\d.]+) +lr [\d.e-]+ +([\d,]+) words/s",
        process.stdout,
        re.MULTILINE,
    )
    assert [int(epoch[0]) for epoch in epochs] == [1, 2, 3, 4, 5, 6]
    assert float(epochs[-1][2]) < float(epochs[0][2]) < numpy.log(12)
    tested = r"^test +loss [\d.]+ perplexity [\d.]+, ([\d.]+) bits a character of the best model$"
    assert 0.1 < float(re.search(tested, process.stdout, re.MULTILINE)[1]) < 1
    for line in ("read     1 file (0 of Aozora Bunko), 520 lines", "windows  about 138 an epoch", "by space"):
        assert line in process.stderr
    about = json.loads((out / "run.json").read_text())
    assert about["kind"] == "text"
    assert about["recipe"]["lr"] == 0.01
    history = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    assert [entry["epoch"] for entry in history] == [1, 2, 3, 4, 5, 6]
    words, characters = (about["corpus"]["report"]["size"]["valid"][name] for name in ("words", "characters"))
    for entry in history:
        bits = entry["valid_loss"] * words / characters / numpy.log(2)
        assert entry["valid_bits_per_character"] == pytest.approx(bits)  # no word is unknown
    with numpy.load(out / "model.npz", allow_pickle=False) as weights:
        assert weights["l1_x/W"].shape == (48, 12)


def test_what_it_learnt(straight, script):
    """The grammar has 4 x 3 x 4 sentences: an ideal model needs log(48) / 7 = 0.55 nats a word."""
    out, process = straight
    assert float(re.search(r"test +loss ([\d.]+)", process.stdout)[1]) < 1.0
    text = script("generate.py", out, "the", "--sentences", 30, "--seed", 1).stdout
    good = re.findall(
        r"^the (?:cat|dog|bird|fish) (?:sees|likes|chases) the (?:cat|dog|bird|fish) \.$", text, re.MULTILINE
    )
    assert len(good) >= 20, text


def test_precision_is_of_the_run_and_goes_on_with_it(corpus, tmp_path):
    if native.extension() is None:
        assert "needs the native kernels" in refused(train(corpus, "-o", tmp_path / "run", "--precision", "bfloat16"))
        return
    out, whole = tmp_path / "half", tmp_path / "whole"
    first = train(corpus, "-o", out, "-e", 1, "--precision", "bfloat16", *SMALL)
    assert ", bfloat16, " in first.stderr
    second = train("-o", out, "--resume", "-e", 2, "-d", "cpu")
    assert ", bfloat16, " in second.stderr
    assert train(corpus, "-o", whole, "-e", 2, "--precision", "bfloat16", *SMALL).returncode == 0
    same_weights(whole, out)
    full = tmp_path / "full"  # not what auto would choose on this processor
    assert train(corpus, "-o", full, "-e", 2, "--precision", "float32", *SMALL).returncode == 0
    losses, wanted = (
        [json.loads(line)["train_loss"] for line in (run / "log.jsonl").read_text().splitlines()]
        for run in (whole, full)
    )
    assert losses != wanted
    assert losses == pytest.approx(wanted, rel=0.05)
    third = train("-o", out, "--resume", "-e", 3, "-d", "cpu", "--precision", "float32")
    assert ", float32, " in third.stderr
    assert json.loads((out / "run.json").read_text())["recipe"]["precision"] == "float32"


def test_gradients_are_clipped(corpus, tmp_path):
    """With a norm of next to nothing, sgd's steps are next to nothing: losses do not fall."""
    losses = []
    for clip in (1e-6, 5):
        out = tmp_path / str(clip)
        done = train(corpus, "-o", out, "-e", 3, *SMALL, "--optimizer", "sgd", "--lr", 1, "-c", clip)
        assert done.returncode == 0, done.stderr
        losses.append([json.loads(line)["valid_loss"] for line in (out / "log.jsonl").read_text().splitlines()])
    assert losses[0][-1] == pytest.approx(losses[0][0], rel=1e-3)
    assert losses[1][-1] < 0.8 * losses[0][-1]


def test_the_best_model_is_kept_and_learning_slows_after_an_epoch_that_did_no_better(corpus, tmp_path):
    """At a learning rate this high the validation loss soon rises."""
    from tsuzuri.data.corpus import build_text_corpus
    from tsuzuri.text.settings import TextSettings
    from tsuzuri.training import evaluation
    from tsuzuri.training.run import load_run

    out = tmp_path / "run"
    process = train(corpus, "-o", out, "-e", 12, *SMALL, "--lr", "0.3", "--patience", "2", "--lr-decay", "0.9")
    assert process.returncode == 0, process.stderr
    history = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    losses = [entry["valid_loss"] for entry in history]
    assert [entry["best"] for entry in history] == [loss < min([9e9, *losses[:k]]) for k, loss in enumerate(losses)]
    for before, after in itertools.pairwise(history):
        assert after["lr"] == before["lr"] * (1 if before["best"] else 0.9)
    assert not history[-1]["best"], "the last epoch must not be the best, or this test shows nothing"
    made = build_text_corpus([str(corpus)], settings=TextSettings(tokens="space"), least=1)
    kept = evaluation.evaluate_documents(load_run(str(out)).load_best(), made.valid, made.documents["valid"])
    assert kept == pytest.approx(min(losses), rel=1e-6)
    again = train("-o", out, "--resume", "-d", "cpu")
    assert "nothing  is left to do: patience was used up before; --patience above 2 goes on" in again.stderr
    assert len((out / "log.jsonl").read_text().splitlines()) == len(history)


def test_epochs_can_be_added_later(straight, corpus, tmp_path):
    out = tmp_path / "run"
    assert train(corpus, "-o", out, "-e", 2, *SMALL).returncode == 0
    assert train("-o", out, "-r", "-e", 6).returncode == 0
    same_weights(straight[0], out)


def test_hyphens_and_underscores_are_alike(corpus, tmp_path):
    out = tmp_path / "run"
    assert train(corpus, "-o", out, "-e", 1, "--min_count=1", "--lr_decay", "0.7", *SMALL).returncode == 0
    assert json.loads((out / "run.json").read_text())["recipe"]["lr_decay"] == 0.7


def test_on_a_terminal_there_is_a_bar(corpus, tmp_path):
    pty = pytest.importorskip("pty", reason="no pseudo-terminals here")
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 120, 0, 0))
    process = subprocess.Popen(
        [sys.executable, ROOT / "train.py", corpus, "-o", tmp_path / "run", "-e", "2", *SMALL],
        stdout=subprocess.PIPE,
        stderr=slave,
    )
    os.close(slave)
    shown = b""
    while True:
        try:
            data = os.read(master, 4096)
        except OSError:
            break
        if not data:
            break
        shown += data
    process.communicate(timeout=60)
    os.close(master)
    assert re.search(r"epoch 1/2: +\d+%.*\| \d\d:\d\d, \d\d:\d\d left, loss \d\.\d+, [\d,]+ words/s", shown.decode())
