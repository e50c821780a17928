"""Streams of texts: empty lines, texts that are the same, and what is held out."""

import numpy
import pytest

from tsuzuri.data.text_stream import TextStream, first_seen_ids, split_text
from tsuzuri.errors import UserError

LONG = "a text of more than thirty characters"


def stream_of(*texts, index=None, distinct=True):
    stream = TextStream(str.split, first_seen_ids() if index is None else index)
    for n, pieces in enumerate(texts):
        stream.add_text(f"t{n}", pieces, distinct)
    return stream


def words_of(ids, index):
    return " ".join(numpy.array([*index])[ids]).replace("<eos>", "/")


def test_an_empty_line_is_a_line_end_alone():
    index = first_seen_ids()
    stream = stream_of(["a b", "", "c"], index=index)
    assert words_of(stream.array(), index) == "a b / / c /"
    assert list(stream.ends) == [3, 6], "where lines end that are not empty"
    assert stream.texts[0].paragraphs == 2


def test_an_empty_line_parts_texts_only_where_they_have_paragraphs():
    index = first_seen_ids()
    stream = stream_of(["a"], ["b"], ["c", "", "d"], ["e"], ["f"], index=index)
    assert words_of(stream.array(), index) == "a / b / / c / / d / / e / f /"
    assert [text.paragraphs for text in stream.texts] == [1, 1, 2, 1, 1]


def test_a_text_is_taken_once():
    stream = TextStream(str.split, first_seen_ids())
    assert stream.add_text("a.txt", [LONG, "", "end"]) is None
    assert stream.add_text("b.txt", [f" {LONG}", "end "]) == "a.txt", "white space makes no other text"
    assert stream.add_text("c.txt", [LONG, "End"]) is None
    assert stream.add_text("d.txt", ["short"]) is None
    assert stream.add_text("e.txt", ["short"]) is None, "which may well be said twice"
    assert stream.add_text("f.txt", [LONG, "end"], distinct=False) is None
    assert len(stream.ends) == 2 + 2 + 1 + 1 + 2


def test_texts_that_are_evaluated_are_taken_out():
    index = first_seen_ids()
    texts = [[f"{LONG} {n}", "", f"n{n}"] for n in range(4)]
    main = stream_of(*texts, index=index)
    out = main.leave_out([stream_of(texts[0], index=index), stream_of(texts[2], ["other"], index=index)])
    assert out == [{"name": "t0", "same_as": "t0"}, {"name": "t2", "same_as": "t0"}]
    alone = stream_of(texts[1], texts[3], index=index)
    assert main.ids == alone.ids
    assert main.ends == alone.ends
    assert main.keys == alone.keys
    assert [text.name for text in main.texts] == ["t1", "t3"]
    assert main.leave_out([alone]) != []
    assert not main.ids


def parts_of(*pieces, own=(), **settings):
    index = first_seen_ids()
    main = stream_of(list(pieces), index=index)
    parts, _ = split_text(main, {split: stream_of(["x"], index=index) for split in own}, **settings)
    return {split: words_of(part.ids, index) for split, part in parts.items()}, {s: p.keys for s, p in parts.items()}


def test_lines_are_held_out_and_an_empty_one_is_no_line():
    lines = [text for n in range(40) for text in ("", f"n{n}")][1:]
    parts, _ = parts_of(*lines)
    assert parts["train"].split().count("/") == 36 + 35
    assert parts["test"] == "/ n36 / / n37 /"
    assert parts["valid"] == "/ n38 / / n39 /"


@pytest.mark.parametrize("lines", [1, 2, 3, 5])
def test_few_lines_are_cut_within(lines):
    words = [f"w{k}" for k in range(1000)]
    size = 1000 // lines
    pieces = [" ".join(words[k * size : (k + 1) * size]) for k in range(lines)]
    parts, _ = parts_of(*pieces)
    for split, share in (("train", 900), ("valid", 50), ("test", 50)):
        assert abs(len(parts[split].split()) - share) <= 6
        assert parts[split].endswith("/")
    together = " ".join(parts[split] for split in ("train", "test", "valid")).replace("/", "").split()
    assert together == " ".join(pieces).split(), "in order, each word once"
    parts, _ = parts_of(*pieces, own=["valid"])
    assert parts["valid"] == "x /"
    assert abs(len(parts["train"].split()) - 950) <= 6
    parts, _ = parts_of(*pieces, own=["valid", "test"])
    assert len(parts["train"].split()) == lines * size + lines


def test_one_long_line_among_short_ones_is_cut_too():
    parts, _ = parts_of(*["title"] * 30, "w " * 3000)
    assert 2600 < len(parts["train"].split()) < 2800
    whole, _ = parts_of(*["title"] * 30, "w " * 3000, whole_lines=True)
    assert len(whole["valid"].split()) > 3000


def test_too_few_words():
    with pytest.raises(UserError, match=r"^too small: 2 words"):
        parts_of("a")


def test_keys_of_lines_are_those_of_their_part():
    _, keys = parts_of(*[f"{LONG} {n}" for n in range(36)], f"{LONG} 1", "short", f"{LONG} 2", f"{LONG} new")
    assert [len(keys[split]) for split in ("train", "test", "valid")] == [36, 2, 2]
    assert set(keys["test"]) - set(keys["train"]) == {0}
    assert len(set(keys["valid"]) & set(keys["train"])) == 1
