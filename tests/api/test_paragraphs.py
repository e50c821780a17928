"""Poems, learned with their stanzas and written with them."""

import json
import re

import numpy
import pytest

import tsuzuri
from tsuzuri.api.samples import generate_sample
from tsuzuri.cli import generate, train
from tsuzuri.training.run import load_run

SMALL = {"unit": 16, "batchsize": 4, "bproplen": 12, "recipe": "plain", "lr": 0.03, "device": "cpu", "sample_every": 0}
LINES = ["the sea is calm", "a gull goes by", "no one is home", "it rains again"]
POEMS = "\n\n\n".join("\n".join(LINES[(n + k) % 4] for k in range(n % 3 + 1)) for n in range(120)) + "\n\n"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    out = tmp_path_factory.mktemp("poems") / "run"
    return tsuzuri.train(texts=[POEMS], out=out, tokens="space", epoch=6, min_count=1, **SMALL)


def test_a_corpus_is_told_of_in_lines_and_paragraphs(tmp_path, capsys):
    (tmp_path / "poems.txt").write_text(POEMS)
    options = [f"--{name.replace('_', '-')}={value}" for name, value in SMALL.items()]
    assert train.main([str(tmp_path / "poems.txt"), "-o", str(tmp_path / "run"), "-e1", *options]) == 0
    shown = capsys.readouterr()
    assert "read     1 file (0 of Aozora Bunko), 240 lines in 120 paragraphs\n" in shown.out + shown.err
    report = json.loads((tmp_path / "run" / "run.json").read_text())["corpus"]["report"]
    assert (report["pieces"], report["paragraphs"]) == (240, 120)


def test_stanzas_are_written(run):
    text = run.generate(length=600, seed=1)
    assert text.count("\n\n") > 20
    assert re.search(r"^\n|\n\n\n", text) is None
    assert sum(line in LINES for line in text.split("\n") if line) > 60


@pytest.mark.parametrize("temperature", [0, 1, 30])
def test_there_is_never_more_than_one_blank_line(run, temperature):
    """However boldly words are drawn."""
    for text in run.generate_many(3, length=200, seed=2, temperature=temperature):
        assert re.search(r"^\n|\n\n\n", text) is None


class Idle:
    """A model for which the line end is likelier than all other words together."""

    xp = numpy

    def __init__(self, words):
        self.words = words

    def reset_state(self):
        pass

    def step(self, words):
        logits = numpy.zeros((len(words), self.words), "f")
        logits[:, 0] = 4
        return logits


def test_the_sample_has_no_idle_blank_lines(run, monkeypatch):
    opened = load_run(run.path)
    monkeypatch.setattr(type(opened), "load_best", lambda self: Idle(len(self.vocabulary.words)))
    samples = [generate_sample(opened, epoch) for epoch in range(20)]
    assert all(re.search(r"^\n|\n\n\n", sample) is None for sample in samples)
    assert sum("\n\n" in sample for sample in samples) > 10


def test_sentences_are_counted_without_empty_lines(run):
    text = run.generate(sentences=9, seed=3)
    assert len([line for line in text.split("\n") if line]) == 9
    assert "\n\n" in text


def test_a_beginning_is_read_as_a_poem_is(run, capsys):
    assert run.generate("\n \nthe\n\n\n \nno", length=1, seed=1).startswith("the\n\nno")
    assert not run.generate("the\n\n", length=5, seed=1).startswith("the\n\n\n")
    assert not generate.main([run.path, "the sea is calm\n\n\n", "--length", "40", "--seed", "4"])
    shown = capsys.readouterr().out
    assert shown.startswith("the sea is calm\n\n")
    assert "\n\n\n" not in shown
