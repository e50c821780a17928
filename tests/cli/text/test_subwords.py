"""``--tokens subword``: trained, resumed to the same bytes, generated from; a changed model is refused by name."""

import json
import shutil

import pytest

from tests.conftest import ROOT
from tsuzuri.api.text_generation import text_constraint
from tsuzuri.cli import generate, train
from tsuzuri.text.subwords import is_byte
from tsuzuri.training.run import load_run

SMALL = ["--tokens", "subword", "-u", "8", "-b", "4", "-l", "8", "--sample-every", "0", "--device", "cpu"]
CORPUS = str(sorted((ROOT / "corpus" / "stories").iterdir())[0])


def make(out, *more):
    assert train.main([CORPUS, "-o", str(out), *SMALL, *more]) == 0
    return out


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return make(tmp_path_factory.mktemp("subwords") / "run", "-e", "1")


def test_a_run_keeps_its_model_and_goes_on_to_the_same_bytes(run, tmp_path):
    about = json.loads((run / "run.json").read_text())
    assert (about["tokens"], len(about["subwords"])) == ("subword", 64)
    shutil.copytree(run, tmp_path / "resumed")
    assert train.main(["-o", str(tmp_path / "resumed"), "--resume", "-e", "2"]) == 0
    whole = make(tmp_path / "whole", "-e", "2")
    for name in ("model.npz", "subwords.model", "vocabulary.txt"):
        assert (tmp_path / "resumed" / name).read_bytes() == (whole / name).read_bytes()


def test_any_prime_is_read_and_no_byte_is_written(run, capsys):
    prime = "𠮷と ▁と\tと鬱"
    assert generate.main([str(run), prime, "--length", "30", "--seed", "1", "--device", "cpu"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith(prime)
    assert "note" not in err
    loaded = load_run(str(run))
    logits = text_constraint(loaded, [0], 1)(__import__("numpy").zeros((1, len(loaded.vocabulary)), "f"))[0]
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
def test_a_model_that_is_damaged_or_gone_is_one_line(run, tmp_path, capsys, change, message):
    shutil.copytree(run, tmp_path / "run")
    change(tmp_path / "run")
    assert generate.main([str(tmp_path / "run")]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1


def test_word_vectors_are_of_whole_words(tmp_path, capsys):
    assert train.main([CORPUS, "-o", str(tmp_path / "run"), *SMALL[:2], "--vectors", "v.txt"]) == 2
    assert "--vectors: are of whole words, and --tokens subword has pieces" in capsys.readouterr().err
