"""A small corpus and a run on it, which each process of the tests makes once and none changes."""

import random

import pytest

from tests.cli import run_command
from tests.cli.text import SMALL, train
from tests.conftest import ROOT


@pytest.fixture(scope="session")
def corpus(tmp_path_factory):
    """Sentences of a small grammar, 3,600 words."""
    generator = random.Random(4)
    nouns, verbs = ["cat", "dog", "bird", "fish"], ["sees", "likes", "chases"]
    lines = [
        f"the {generator.choice(nouns)} {generator.choice(verbs)} the {generator.choice(nouns)} ." for _ in range(520)
    ]
    path = tmp_path_factory.mktemp("corpus") / "small.txt"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def script(monkeypatch):
    """Run a command in this process; it is started as a process of its own where that is the point."""
    monkeypatch.chdir(ROOT)
    return run_command


@pytest.fixture(scope="session")
def straight(corpus, tmp_path_factory):
    """A run of six epochs straight through, with its picture."""
    out = tmp_path_factory.mktemp("runs") / "straight"
    process = train(corpus, "-o", out, "-e", 6, *SMALL)
    assert process.returncode == 0, process.stderr
    return out, process
