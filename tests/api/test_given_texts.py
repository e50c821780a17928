"""Strings as files of a run: what comes back is what was given."""

import io
import os
import zipfile

import pytest

import tsuzuri
from tests.api.conftest import PAIRS, SMALL, SORTING, TEXT
from tsuzuri.api.given_texts import encode_pairs, encode_texts, examples_as_file, paths_or_pairs
from tsuzuri.data import labeled, tables

ODD = [
    ("a,b", "one, two"),
    ('say "so"', 'he said "no, no" and ""'),
    ("a,b", "tab\tinside, and\ttwo"),
    ('say "so"', "two\nlines\n\nand a third"),
    ("a,b", "  blanks before, and after  "),
    ('say "so"', '"'),
    ("嬉しい", "孫が生まれました。\u3000港じゅうに"),
    ("嬉しい", "'"),
    ("label", "text"),
    ("label", "label,text"),
    ("-1", "=1+1"),
    ("-1", "\ufeffbefore"),
]


def test_texts_come_back_as_they_were():
    texts = ["one\ntwo\r\n", "  \ttwo", "三", "", "\ufeffmark"]
    data = encode_texts(texts)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert [archive.read(name).decode() for name in archive.namelist()] == texts
        assert archive.namelist() == sorted(archive.namelist())
    assert encode_texts(iter(texts)) == data


def test_one_string_is_one_text():
    with zipfile.ZipFile(io.BytesIO(encode_texts("novel"))) as archive:
        assert [archive.read(name) for name in archive.namelist()] == [b"novel"]


def test_pairs_come_back_as_they_were():
    rows = tables.labeled_lines("examples.csv", encode_pairs(ODD).decode(), "csv", ("label", "text"))
    assert [pair for _, pair in rows] == ODD


def test_the_reader_takes_pairs_as_they_were_but_for_blanks():
    with examples_as_file(ODD) as inputs:
        options = inputs.options
        columns = options["label_column"], options["text_column"]
        texts = labeled.read_labeled(options["corpus"], options["form"], options["encoding"], columns, 0)
    assert [(example.label, example.text.split()) for example in texts.examples] == [
        (label, text.split()) for label, text in ODD
    ]


def test_a_classifier_has_the_labels_that_were_given(tmp_path):
    """Each with commas, quotes, a line break, a tab."""
    labels = ["a,b", 'say "so"', "嬉しい", "-1"]
    pairs = [(label, f'{label}\n\t"{word}", {word}') for label in labels for word in "abcdef"]
    run = tsuzuri.train_classifier(pairs, tmp_path / "run", **SORTING | {"epoch": 1})
    assert run.classes == sorted(labels)
    assert tsuzuri.resume(tmp_path / "run", epoch=2).classes == sorted(labels)


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        (5, "is 5, must be a (label, text) pair"),
        ("ab", "is 'ab', must be a (label, text) pair"),
        ({"a": 1, "b": 2}, "must be a (label, text) pair"),
        ({"a", "b"}, "must be a (label, text) pair"),
        (("a",), "must be a (label, text) pair"),
        (("a", "b", "c"), "must be a (label, text) pair"),
        (("a", 5), "is 5, must be a string"),
        ((5, "a"), "is 5, must be a string"),
        (("", "a"), "the label '' is empty"),
        ((" ", "a"), "the label ' ' is empty"),
        (("a", ""), "has no text"),
        (("a", " \n"), "has no text"),
        ((" good", "a"), "the label ' good' would be read as 'good'"),
        (("a\nb", "a"), r"the label 'a\nb' would be read as 'a b'"),
        (("a\tb", "a"), r"the label 'a\tb' would be read as 'a b'"),
        (("__label__a", "a"), "the label '__label__a' would be read as 'a'"),
        (("a\u200e", "a"), r"the label 'a\u200e' cannot be printed, for its U+200E"),
        (("a", "b\0"), "is binary"),
        (("a", "\ud800"), "holds half a character at 0"),
    ],
)
def test_a_pair_that_would_not_come_back_is_refused_by_its_place(pair, message):
    with pytest.raises(tsuzuri.UserError) as error:
        encode_pairs([("good", "fine"), pair])
    assert str(error.value).startswith("examples[1]: ")
    assert message in str(error.value)


def test_a_message_does_not_name_a_file_that_is_gone(tmp_path):
    with pytest.raises(tsuzuri.UserError, match=r"^examples.csv:\d+: the class 'rare' has a single example"):
        tsuzuri.train_classifier([*PAIRS, ("rare", "thing")], tmp_path / "run", **SORTING)


def test_paths_and_pairs_are_told_apart(tmp_path):
    assert paths_or_pairs("a.tsv") == (["a.tsv"], None)
    assert paths_or_pairs(tmp_path) == ([tmp_path], None)
    assert paths_or_pairs(iter(["a.tsv", tmp_path])) == (["a.tsv", tmp_path], None)
    assert paths_or_pairs(iter(PAIRS)) == ([], PAIRS)
    assert paths_or_pairs(None) == ([], None)


@pytest.mark.parametrize("examples", [5, b"a", {"a": "b"}, {("a", "b")}])
def test_examples_without_an_order_are_refused(tmp_path, examples):
    with pytest.raises(tsuzuri.UserError, match=r"^examples: is "):
        tsuzuri.train_classifier(examples, tmp_path / "run")


def test_options_of_files_are_refused_beside_pairs(tmp_path):
    with pytest.raises(tsuzuri.UserError, match="form: is for files of examples"):
        tsuzuri.train_classifier(PAIRS, tmp_path / "run", form="tab")
    with pytest.raises(tsuzuri.UserError, match="pos: is for files of examples"):
        tsuzuri.train_classifier(PAIRS, tmp_path / "run", pos=["a"], neg=["b"])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
@pytest.mark.parametrize("kind", ["texts.zip", "examples.csv"])
def test_a_pipe_in_place_of_what_a_run_keeps_is_not_waited_for(tmp_path, kind):
    out = tmp_path / "run"
    if kind == "texts.zip":
        tsuzuri.train(texts=[TEXT], out=out, **SMALL | {"epoch": 1})
    else:
        tsuzuri.train_classifier(PAIRS, out, **SORTING | {"epoch": 1})
    (out / kind).unlink()
    os.mkfifo(out / kind)
    with pytest.raises(tsuzuri.UserError, match=rf"{kind}: cannot be read: it is a device or a pipe, not a file"):
        tsuzuri.resume(out, epoch=2)
