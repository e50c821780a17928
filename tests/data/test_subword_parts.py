"""A corpus in subwords: learned from its training part alone, no word unknown, the same text as in characters."""

import numpy
import pytest

from tsuzuri.data.corpus import build_text_corpus
from tsuzuri.text.settings import TextSettings
from tsuzuri.text.subwords import learn_subwords
from tsuzuri.text.vocabulary import EOS, UNK

LINES = [f"猫は{place}で雨を待った。" for place in ("庭", "家", "町", "駅") * 30]
HELD = ["鬱蒼とした森だった。"] * 6


def build(folder, lines, **more):
    (folder / "a.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return build_text_corpus([str(folder / "a.txt")], settings=TextSettings(tokens="subword"), **more)


def text(corpus, ids):
    lines = "".join("\n" if i == EOS else corpus.vocabulary.words[i] + "\0" for i in ids).split("\n")[:-1]
    return [corpus.tokenizer.join(filter(None, line.split("\0"))) for line in lines]


def test_nothing_is_unknown_and_every_part_reads_back(tmp_path):
    lines = LINES + HELD
    corpus = build(tmp_path, lines)
    assert text(corpus, numpy.concatenate([corpus.train, corpus.test, corpus.valid])) == lines
    assert not any((part == UNK).any() for part in (corpus.train, corpus.valid, corpus.test))
    assert corpus.report["unknown"] == {"train": 0, "valid": 0, "test": 0}


def test_pieces_are_learned_from_the_training_part_alone(tmp_path):
    first, other = build(tmp_path, LINES + HELD), build(tmp_path, LINES + ["憂鬱な薔薇だ。"] * 6)
    assert first.tokenizer.model == other.tokenizer.model == learn_subwords(text(first, first.train))
    assert "鬱" not in first.tokenizer.words


def test_a_model_that_is_there_is_used(tmp_path):
    model = learn_subwords(LINES, most=300)
    corpus = build(tmp_path, LINES, model=model)
    assert corpus.tokenizer.model == model
    assert len(corpus.vocabulary) == len(corpus.tokenizer.words) + 2


@pytest.mark.parametrize("line", ["猫 は", ""])
def test_a_corpus_of_little_text_is_refused_in_one_line(tmp_path, line):
    with pytest.raises(Exception, match=r"too small|holds no text"):
        build(tmp_path, [line])
