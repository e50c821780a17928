"""Texts and pieces to a corpus: splits, counts, encoding, and what is too little."""

import itertools
import json
import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tsuzuri.data import corpus, layout
from tsuzuri.data.corpus import SPLITS, build_piece_corpus, build_text_corpus
from tsuzuri.errors import UserError
from tsuzuri.text.settings import TextSettings

SPACE = TextSettings(tokens="space")


def corpus_of(tmp_path, lines, **settings):
    path = tmp_path / "corpus.txt"
    path.write_text("\n".join(lines))
    return build_text_corpus([str(path)], settings=SPACE, **settings)


def text_of(corpus, ids):
    words = [corpus.vocabulary.words[i] for i in ids]
    return " ".join(words).replace("<eos>", "/")


def test_splits_are_the_last_pieces_and_never_overlap(tmp_path):
    corpus = corpus_of(tmp_path, [f"line n{k}" for k in range(100)], least=1)
    names = {k: {w for w in text_of(corpus, getattr(corpus, k)).split() if w.startswith("n")} for k in SPLITS}
    assert names["train"] == {f"n{k}" for k in range(90)}
    assert text_of(corpus, corpus.valid) == " ".join(["line <unk> /"] * 5)
    assert text_of(corpus, corpus.test) == " ".join(["line <unk> /"] * 5)
    assert len(corpus.train) + len(corpus.valid) + len(corpus.test) == 300


def test_splits_may_have_files_of_their_own(tmp_path):
    (tmp_path / "valid.txt").write_text("alpha beta\n")
    corpus = corpus_of(tmp_path, ["alpha gamma"] * 40, valid=[str(tmp_path / "valid.txt")], least=1)
    assert text_of(corpus, corpus.valid) == "alpha <unk> /"
    assert text_of(corpus, corpus.test) == " ".join(["alpha gamma /"] * 2)
    assert len(corpus.train) == 38 * 3


def test_words_of_held_out_pieces_are_not_counted(tmp_path):
    corpus = corpus_of(tmp_path, ["a b"] * 38 + ["secret secret"] * 2, least=1)
    assert "secret" not in corpus.vocabulary.ids
    assert corpus.report["unknown"]["valid"] == pytest.approx(2 / 3)


def test_the_report_counts(tmp_path):
    corpus = corpus_of(tmp_path, ["a a b"] * 20 + ["once"] + ["a"] * 9, least=2)
    report = corpus.report
    assert report["pieces"] == 30
    assert report["distinct"] == 4  # a, b, once, <eos>
    assert report["singletons"] == 1
    assert report["vocabulary"] == len(corpus.vocabulary) == 4  # <eos>, <unk>, a, b
    assert report["words"] == {"train": len(corpus.train), "valid": len(corpus.valid), "test": len(corpus.test)}
    assert report["unknown"]["train"] == pytest.approx(1 / len(corpus.train))
    json.dumps(report)


def test_paragraphs_are_counted_and_lines_are_those_with_words(tmp_path):
    lines = [text for n in range(30) for text in ("", " ", f"n{n} a", f"n{n} b")]
    corpus = corpus_of(tmp_path, lines, least=1)
    assert (corpus.report["pieces"], corpus.report["paragraphs"]) == (60, 30)
    assert text_of(corpus, corpus.train).startswith("n0 a / n0 b / / n1 a / n1 b / / n2 a")
    assert text_of(corpus, corpus.valid) == "<unk> b / / <unk> a / <unk> b /", "three lines of sixty, and one between"


@pytest.mark.parametrize("count", [1, 2, 9])
def test_a_few_lines_hold_out_their_end(tmp_path, count):
    corpus = corpus_of(tmp_path, ["w" + " w" * (900 // count - 1)] * count)
    assert [len(ids) for ids in (corpus.train, corpus.valid, corpus.test)] == pytest.approx([810, 45, 45], abs=12)


def test_too_few_lines(tmp_path):
    with pytest.raises(UserError, match="too small: 2 words"):
        corpus_of(tmp_path, ["a"])


def test_too_few_words(tmp_path):
    with pytest.raises(UserError, match="too small: 76 words to train on, at least 77 are needed"):
        corpus_of(tmp_path, ["a"] * 42, need=77)


def test_nothing_readable(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"\0")
    with pytest.raises(UserError, match=r"no text that can be read \(.*a\.txt is binary"):
        build_text_corpus([str(tmp_path)])


def test_documents_of_splits_begin_where_the_report_says(tmp_path):
    for n in range(3):
        (tmp_path / f"{n}.txt").write_text("".join(f"a{n} b c{k} d\n" for k in range(40)))
    corpus = build_text_corpus([str(tmp_path)], settings=SPACE)
    assert corpus.report["documents"] == {"train": 3, "valid": 3, "test": 3}
    for split in SPLITS:
        ids, starts = getattr(corpus, split), corpus.documents[split]
        assert [corpus.vocabulary.words[i] for i in ids[starts]] == ["a0", "a1", "a2"]
    assert corpus.report["held_out"]["way"] == "ends"
    whole = build_text_corpus([str(tmp_path)], settings=SPACE, spread="end")
    assert text_of(whole, whole.valid).startswith("a2 b")
    assert len(whole.documents["valid"]) == 1


def test_a_digest_of_beginnings_tells_one_text_from_two(tmp_path):
    (tmp_path / "whole").mkdir()
    (tmp_path / "parts").mkdir()
    held = tmp_path / "held.txt"
    held.write_text("x y\n" * 3)
    lines = [f"a b c{k} d\n" for k in range(40)]
    (tmp_path / "whole" / "1.txt").write_text("".join(lines))
    (tmp_path / "parts" / "1.txt").write_text("".join(lines[:20]))
    (tmp_path / "parts" / "2.txt").write_text("".join(lines[20:]))
    one, two = (
        build_text_corpus([str(tmp_path / name)], [str(held)], [str(held)], settings=SPACE)
        for name in ("whole", "parts")
    )
    assert one.fingerprint() == two.fingerprint(), "the ids are the same"
    assert one.beginnings() != two.beginnings()


def test_the_unknown_word_of_a_text_itself_is_a_word_like_others(tmp_path):
    """The standard corpora have it in the place of rare words."""
    for name, text in (("train", "the <unk> sat\n" * 20), ("test", "the <unk> sat\nthe dog sat\n")):
        (tmp_path / f"{name}.txt").write_text(text)
    test = [str(tmp_path / "test.txt")]
    corpus = build_text_corpus([str(tmp_path / "train.txt")], test, test, SPACE, least=1)
    assert text_of(corpus, corpus.test) == "the <unk> sat / the <unk> sat /"
    assert corpus.report["unknown"] == {"train": 0, "valid": 1 / 8, "test": 1 / 8}
    (tmp_path / "train.txt").write_text("the dog sat\n" * 20)
    assert build_text_corpus([str(tmp_path / "train.txt")], test, test, SPACE).report["unknown"]["test"] == 1 / 8


def test_standard_splits_have_every_word_and_line_end_once(tmp_path):
    """As the Penn Treebank comes: words, and an <eos> for each line, all of which are targets in an evaluation."""
    texts = {name: " no it was n't black monday \n" * n + " but while <unk> N \n" for name, n in (("a", 40), ("b", 7))}
    for name, text in texts.items():
        (tmp_path / f"{name}.txt").write_text(text)
    paths = {name: [str(tmp_path / f"{name}.txt")] for name in texts}
    corpus = build_text_corpus(paths["a"], paths["b"], paths["b"], SPACE, least=1)
    for split, text in (("train", texts["a"]), ("valid", texts["b"]), ("test", texts["b"])):
        wanted = text.replace("\n", "<eos>").split()
        assert [corpus.vocabulary.words[i] for i in getattr(corpus, split)] == wanted
        assert corpus.documents[split].tolist() == [0]
    pieces = layout.parts_to_score(corpus.test, corpus.documents["test"], len(corpus.test), 20)
    targets = [w.ts.ravel().tolist() for w in layout.scoring_windows(corpus.test, pieces, 20, 35)]
    assert list(itertools.chain(*targets)) == corpus.test.tolist()


# Pieces


def group(name, length=4, copies=2):
    """A piece whose words begin with its name, and copies of it, whose words begin with the name and a number.

    The last word of each says which of the two it is.
    """
    return [
        [*(f"{name}{copy or ''}_{k}" for k in range(length - 1)), "copy" if copy else "original"]
        for copy in range(copies + 1)
    ]


def pieces_of(corpus):
    """The names of the pieces of each split, in their order; words that the vocabulary lacks are left out."""
    splits = {split: text_of(corpus, getattr(corpus, split)).split("/") for split in SPLITS}
    return {
        split: [line.split()[0].split("_")[0] if line.split()[0] != "<unk>" else "?" for line in lines if line.strip()]
        for split, lines in splits.items()
    }


def test_pieces_are_held_out_at_equal_distances_and_their_copies_are_not_trained_on():
    groups = [group(f"p{n}.") for n in range(40)]
    corpus = build_piece_corpus(groups, name="tunes")
    held = {10, 9, 30, 29}  # two pieces for validation, and those before them for test
    trained = [f"p{n}.{copy}" for n in range(40) if n not in held for copy in ("", 1, 2)]
    assert pieces_of(corpus) == {"train": trained, "valid": ["?"] * 2, "test": ["?"] * 2}
    assert (
        text_of(corpus, corpus.valid) == text_of(corpus, corpus.test) == " ".join(["<unk> <unk> <unk> original /"] * 2)
    )
    assert corpus.report["words"] == {"train": 36 * 3 * 5, "valid": 2 * 5, "test": 2 * 5}
    assert (corpus.report["pieces"], corpus.report["copies"], corpus.report["twice"]) == (40, 80, 0)
    assert corpus.documents["train"].tolist() == [5 * n for n in range(36 * 3)]
    assert corpus.documents["valid"].tolist() == [0, 5]
    known = build_piece_corpus([*groups, group("q", copies=0)], valid=[groups[3]], test=[group("t", 2)])
    assert len(known.valid) == 5, "the original alone is validated on"
    assert known.report["words"]["test"] == 3
    assert "p3." not in pieces_of(known)["train"]
    assert pieces_of(known)["train"][-1] == "q"


def test_equal_pieces_are_one():
    corpus = build_piece_corpus([group("a", copies=1), group("b", copies=0), group("a", copies=0)])
    assert corpus.report["twice"] == 1
    assert corpus.report["pieces"] == 2
    assert sorted(pieces_of(corpus)["train"]) == ["a", "a1", "b"], "the first of them stays, with its copies"


def test_of_one_or_two_pieces_the_ends_are_held_out():
    words = [f"w{k}" for k in range(100)]
    corpus = build_piece_corpus([[words, [f"x{k}" for k in range(100)]]])
    assert text_of(corpus, corpus.train).split() == [*words[:90], "/", *(f"x{k}" for k in range(90)), "/"]
    assert (len(corpus.test), len(corpus.valid)) == (6, 6)
    again = build_piece_corpus([[words]], valid=[[words[:50]]])
    assert text_of(again, again.train).split() == [*words[:95], "/"]
    assert text_of(again, again.valid).split() == [*words[:50], "/"]
    with pytest.raises(UserError, match=r"^tunes: no piece is left to train on$"):
        build_piece_corpus([[words]], valid=[[words]], name="tunes")


def test_ids_do_not_depend_on_the_process(tmp_path):
    """No order of a set or of hashes: two processes with other hash seeds give the same ids."""
    code = (
        "import sys; from tsuzuri.data.corpus import build_text_corpus\n"
        "from tsuzuri.text.settings import TextSettings\n"
        "print(build_text_corpus(sys.argv[1:], settings=TextSettings(tokens='space')).fingerprint())"
    )
    (tmp_path / "a.txt").write_text("\n".join(f"w{k % 7} w{k % 11} w{k % 13}" for k in range(60)))
    prints = {
        subprocess.run(
            [sys.executable, "-c", code, tmp_path / "a.txt"],
            env=os.environ | {"PYTHONHASHSEED": seed},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in "12"
    }
    assert len(prints) == 1


def test_the_words_of_a_corpus_are_never_a_list(tmp_path, monkeypatch):
    """They may be fifty million, of four bytes each."""
    given, found = [], corpus.bracket_habits
    monkeypatch.setattr(corpus, "bracket_habits", lambda ids, *rest: given.append(ids) or found(ids, *rest))
    made = corpus_of(tmp_path, ["the cat sees the dog ."] * 60)
    assert given[0] is made.train


def test_skipped_texts_are_told_where_the_rest_is_too_little(tmp_path):
    (tmp_path / "a.txt").write_text("a b\n" * 9)
    for name in ("b.txt", "c.txt"):
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(UserError, match=r"too small: .*; skipped .*b\.txt: is empty, and 1 more$"):
        build_text_corpus([str(tmp_path)], settings=SPACE, need=1000)
    with pytest.raises(UserError, match=r"too small: .* or --bproplen\)$"):
        build_text_corpus([str(tmp_path / "a.txt")], settings=SPACE, need=1000)
