"""classify.py as a person uses it, mostly in this process: the corpus, how the tests call it, and what a run holds."""

import contextlib
import io
import json
import random
import re
import signal

import numpy

from tests.conftest import ROOT
from tsuzuri.cli import classify
from tsuzuri.training import learner, trainer

CUES = {"bad": ["dull", "awful", "weak", "cold"], "good": ["fine", "lovely", "superb", "warm"]}
OTHER = ["the", "film", "a", "song", "was", "and", "story", "it"]
SMALL = ["-u", 8, "-b", 4, "--lr", 0.05, "--min-count", 1, "--dropout", 0.2, "--dropout-words", 0.1, "-d", "cpu"]
BATCHES = 24  # of an epoch
TUNES = sorted((ROOT / "corpus" / "tunes").glob("*.mid"))


def lines(count, seed):
    """Labeled lines; one word of each tells its class."""
    generator = random.Random(seed)
    made = []
    for n in range(count):
        label = ("bad", "good")[n % 2]
        words = generator.choices(OTHER, k=generator.randint(2, 9))
        words.insert(generator.randint(0, len(words)), generator.choice(CUES[label]))
        made.append(f"{label}\t{' '.join(words)}\n")
    return made


def call(*args):
    return classify.main([str(arg) for arg in args])


def captured(*args):
    """The status of a call, and what it said on standard output and standard error."""
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as error:
        status = call(*args)
    return status, out.getvalue(), error.getvalue()


def about(run):
    return json.loads((run / "run.json").read_text())


def history(run):
    return [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def arrays(run, name="model.npz"):
    with numpy.load(run / name, allow_pickle=False) as loaded:
        return {key: loaded[key] for key in loaded.files}


def right_of(said):
    """How many of so many examples a report says were right, two numbers."""
    return tuple(map(int, re.search(r"\((\d+) of (\d+) examples\)", said).groups()))


def same_runs(a, b):
    """Weights, moments, positions, generators and logs are the same; only speeds may differ."""
    assert (a / "model.npz").read_bytes() == (b / "model.npz").read_bytes()
    states = [arrays(run, "checkpoint.npz") for run in (a, b)]
    metas = [json.loads(state.pop("meta").tobytes()) for state in states]
    assert [*states[0]] == [*states[1]]
    assert [array.tobytes() for array in states[0].values()] == [array.tobytes() for array in states[1].values()]
    logs = [history(a), history(b)]
    for entry in [*metas[0]["history"], *metas[1]["history"], *logs[0], *logs[1]]:
        del entry["words_per_second"]
    for meta in metas:
        del meta["seconds"]
    assert metas[0] == metas[1]
    assert logs[0] == logs[1] == metas[0]["history"]


def stop_after(monkeypatch, updates, number=signal.SIGTERM):
    """Have the training stopped by a signal in so many updates."""
    left, learn = [updates], learner.Learner.learn

    def counted(self, batch):
        left[0] -= 1
        if left[0] == 0:
            signal.raise_signal(number)
        learn(self, batch)

    monkeypatch.setattr(learner.Learner, "learn", counted)


def untrained(monkeypatch):
    """Make runs without training."""
    monkeypatch.setattr(trainer.Trainer, "train", lambda self: True)
