"""Held-out text in characters: as many as it is read back as, and a loss in bits for each of them."""

import math

import pytest

from tsuzuri.data.characters import bits_per_character, read_back, size_report, spelling_costs
from tsuzuri.data.corpus import SPLITS, build_piece_corpus, build_text_corpus
from tsuzuri.text.settings import TextSettings
from tsuzuri.text.spelling import SpellingModel
from tsuzuri.text.tokenizers import NAMES, get_tokenizer
from tsuzuri.text.vocabulary import Vocabulary

LINES = ["Well, the cat (a cat) isn't  here.", "", "灯台は海に Light 立つ。", "tab\tand — dash"]
VOCABULARY = Vocabulary(["<eos>", "<unk>", "the", "cat", "sees"])


@pytest.mark.parametrize("name", NAMES)
def test_words_are_read_back_as_the_text_that_they_were(name):
    tokenizer = get_tokenizer(name)
    words = [word for line in LINES for word in [*tokenizer.split(line), "<eos>"]]
    text = "".join(f"{tokenizer.join(tokenizer.split(line))}\n" for line in LINES)
    assert "".join(read_back(words, tokenizer)) == text
    assert size_report(words, tokenizer, VOCABULARY)["characters"] == len(text)
    if name != "wakati":  # which leaves blanks out
        assert text == "\n".join([*LINES, ""])


def test_only_unknown_words_are_spelled():
    model = SpellingModel(VOCABULARY.words[2:])
    costs = spelling_costs(["the", "dog", "sees", "<unk>", "<eos>", "dog"], VOCABULARY)
    assert costs == [0, model.nats("dog"), 0, model.nats(""), 0, model.nats("dog")]
    assert 0 < model.nats("") < model.nats("dog")


def test_a_corpus_reports_what_its_held_out_parts_cost(tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text("the cat sees\n" * 38 + "the dog sees\n" * 2)
    corpus = build_text_corpus([str(path)], settings=TextSettings(tokens="space"), least=1)
    dog = SpellingModel(corpus.vocabulary.words[2:]).nats("dog")
    size = {"words": 8, "characters": 26, "spelling": pytest.approx(2 * dog)}
    assert corpus.report["size"]["valid"] == size
    assert corpus.report["size"].keys() == {*SPLITS[1:]}
    assert bits_per_character(1.5, corpus.report["size"]["valid"]) == pytest.approx(
        (1.5 * 8 + 2 * dog) / 26 / math.log(2)
    )


def test_music_has_no_characters():
    corpus = build_piece_corpus([[[f"00_90_{k:02x}40"] * 3] for k in range(40)])
    assert "size" not in corpus.report
    assert bits_per_character(1.5, None) is None
