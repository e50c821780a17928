"""``--tokens subword``: trained, resumed to the same bytes, generated from; a changed model is refused by name."""

import json
import shutil

import numpy
import pytest

from tests.cli import run_command
from tests.cli.text import train
from tests.conftest import ROOT
from tsuzuri.api.text_constraints import text_constraints
from tsuzuri.sampling.primes import Primes
from tsuzuri.text.subwords import is_byte
from tsuzuri.training.run import load_run

SMALL = ["--tokens", "subword", "-u", "8", "-b", "4", "-l", "8", "--sample-every", "0", "--device", "cpu"]
CORPUS = str(sorted((ROOT / "corpus" / "stories").iterdir())[0])


def make(out, *more):
    done = train(CORPUS, "-o", out, *SMALL, *more)
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return make(tmp_path_factory.mktemp("subwords") / "run", "-e", "1")


def test_a_run_keeps_its_model_and_goes_on_to_the_same_bytes(run, tmp_path):
    about = json.loads((run / "run.json").read_text())
    assert (about["tokens"], len(about["subwords"])) == ("subword", 64)
    shutil.copytree(run, tmp_path / "resumed")
    assert train("-o", tmp_path / "resumed", "--resume", "-e", "2").returncode == 0
    whole = make(tmp_path / "whole", "-e", "2")
    for name in ("model.npz", "subwords.model", "vocabulary.txt"):
        assert (tmp_path / "resumed" / name).read_bytes() == (whole / name).read_bytes()


def test_any_prime_is_read_and_no_byte_is_written(run):
    prime = "𠮷と ▁と\tと鬱"
    done = run_command("generate.py", run, prime, "--length", "30", "--seed", "1", "--device", "cpu")
    assert done.returncode == 0
    assert done.stdout.startswith(prime)
    assert "note" not in done.stderr
    loaded = load_run(str(run))
    logits = text_constraints(loaded, Primes([[0]]), 9, {}, {})(numpy.zeros((1, len(loaded.vocabulary)), "f"))[0]
    assert all(logits[i] == -float("inf") for i, word in enumerate(loaded.vocabulary.words) if is_byte(word))


def damage(run, data):
    (run / "subwords.model").write_bytes(data)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda run: damage(run, (run / "subwords.model").read_bytes() + b"x"), "subwords.model: not of the run"),
        (lambda run: (run / "subwords.model").unlink(), "subwords.model: no such file"),
    ],
)
def test_a_model_that_is_damaged_or_gone_is_one_line(run, tmp_path, change, message):
    shutil.copytree(run, tmp_path / "run")
    change(tmp_path / "run")
    done = run_command("generate.py", tmp_path / "run")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert message in done.stderr


def test_word_vectors_are_of_whole_words(tmp_path):
    done = train(CORPUS, "-o", tmp_path / "run", *SMALL[:2], "--vectors", "v.txt")
    assert done.returncode == 2
    assert "--vectors: are of whole words, and --tokens subword has pieces" in done.stderr
