"""A corpus of texts as words: its tokenizer is that of all files, and its texts are in a form of Unicode."""

import unicodedata

import pytest

from tsuzuri.api.corpora import corpus_lines
from tsuzuri.data import preprocessing
from tsuzuri.data.corpus import build_text_corpus
from tsuzuri.text import tokenizers
from tsuzuri.text.settings import FIRST, TextSettings

JAPANESE = "猫はガラスの庭で雨を待った。\n先生は昔の話をした。\n" * 20
NOTE = '"Is that so?" said the doctor, quietly. She did not wait.\n'


def build(folder, files, valid=(), **settings):
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    named = [str(folder / name) for name in files if name not in valid]
    return build_text_corpus(named, [str(folder / name) for name in valid], settings=TextSettings(**settings))


def test_a_note_that_sorts_first_does_not_decide(tmp_path):
    files = {"00_note.txt": NOTE} | {f"novel{n}.txt": JAPANESE for n in range(3)}
    corpus = build(tmp_path, files)
    assert corpus.tokenizer.name == "mecab"
    assert corpus.report["scripts"]["Japanese"] > 0.9
    assert "scripts  words by mecab: 97 % Japanese, 3 % Latin" in list(corpus_lines(corpus, 1))
    assert corpus.fingerprint() == build(tmp_path, files, tokens="mecab").fingerprint()


def test_what_is_held_out_of_several_texts_is_said(tmp_path):
    files = {f"{n}.txt": f"text {n} has a line\n" * 30 for n in range(3)}
    corpus = build(tmp_path, files, tokens="space")
    held = "held out the end of each of the 3 texts, for test and validation"
    assert held in list(corpus_lines(corpus, 1))
    corpus = build(tmp_path, {"0.txt": files["0.txt"], "v.txt": "a b c d\n"}, valid=["v.txt"], tokens="space")
    assert not any(line.startswith("held out") for line in corpus_lines(corpus, 1)), "of one text"
    files = {f"{n:02}.txt": f"text {n} has a line\n" * 30 for n in range(100)}
    (tmp_path / "many").mkdir()
    lines = list(corpus_lines(build(tmp_path / "many", files, tokens="space"), 1))
    (line,) = [line for line in lines if line.startswith("held out 5 of 100 texts for validation: ")]
    assert line.endswith(" and 2 more")
    assert line.count(".txt") == 3


def test_validation_files_do_not_decide(tmp_path):
    corpus = build(tmp_path, {"a.txt": JAPANESE, "b.txt": NOTE * 500}, valid=["b.txt"])
    assert corpus.tokenizer.name == "mecab"


def test_words_that_are_parted_already_are_said_to_be(tmp_path):
    corpus = build(tmp_path, {"a.txt": "猫 は 庭 で 雨 を 待っ た 。\n" * 40})
    assert corpus.tokenizer.name == "wakati"
    assert not any(" " in word for word in corpus.vocabulary.words)
    assert any("written without them: by wakati (100 % Japanese)" in line for line in corpus_lines(corpus, 1))


def test_lines_as_the_penn_treebank_has_them_hold_no_blank_words(tmp_path):
    lines = " mr. <unk> is chairman of <unk> n.v. the dutch group \n rudolph <unk> N years old and it 's \n" * 30
    corpus = build(tmp_path, {"a.txt": lines})
    assert corpus.tokenizer.name == "space"
    assert " " not in corpus.vocabulary.words
    assert sum(corpus.report["words"].values()) == len(lines.split()) + 60
    assert " " in build(tmp_path, {"a.txt": lines}, **FIRST | {"tokens": "space"}).vocabulary.words


def test_one_letter_in_two_spellings_is_one_word(tmp_path):
    apart = {"a.txt": JAPANESE + unicodedata.normalize("NFD", JAPANESE)}
    whole = {"a.txt": JAPANESE * 2}
    assert build(tmp_path, apart).fingerprint() == build(tmp_path, whole).fingerprint()
    kept = build(tmp_path, apart, normalize="none")
    assert kept.fingerprint() != build(tmp_path, whole).fingerprint()
    wide = build(tmp_path, {"a.txt": "猫は１０ｋｇだ。ﾈｺ！\n" * 30}, normalize="nfkc", tokens="char").vocabulary.words
    assert {"1", "0", "k", "g", "!", "ネ", "コ"} <= set(wide)


def test_an_emoji_of_a_corpus_is_a_word(tmp_path):
    words = build(tmp_path, {"a.txt": "猫は言った👨\u200d👩\u200d👧🇯🇵\n" * 40}).vocabulary.words
    assert {"👨\u200d👩\u200d👧", "🇯🇵"} <= set(words)


@pytest.mark.parametrize("spelled", ["NFC", "NFD"])
def test_a_classifier_reads_a_line_in_either_spelling(spelled):
    text = unicodedata.normalize(spelled, "ガラスのびん")
    words = preprocessing.Preprocessor(tokenizers.get_tokenizer("mecab"), "keep", form="nfc").words
    assert words(text) == words("ガラスのびん") == ["ガラス", "の", "びん"]


def test_all_examples_of_a_classifier_choose_its_tokenizer(tmp_path):
    rows = ["good\tA fine day, is it not?"] * 30 + ["bad\tひどい雨の日だった。とても悲しい。"] * 300
    (tmp_path / "a.tsv").write_text("\n".join(rows), encoding="utf-8")
    source = {"corpus": [str(tmp_path / "a.tsv")], "valid": [], "test": [], "pos": [], "neg": [], "midi": None}
    source |= {"form": "auto", "encoding": "auto", "columns": [None, None], "text": FIRST}
    assert preprocessing.read_labeled_words(source, "auto", "keep")[1].tokenizer.name == "mecab"
