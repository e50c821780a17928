"""Streams of texts: empty lines, texts that are the same, and what is held out."""

import itertools

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


def lines_of(name, count, words=4):
    return [" ".join(f"{name}{n}.{k}" for k in range(words)) for n in range(count)]


def split(texts, own=(), **settings):
    index = first_seen_ids()
    main = stream_of(*texts, index=index)
    parts, report = split_text(main, {name: stream_of(["x"], ["y"], index=index) for name in own}, **settings)
    return {name: words_of(part.ids, index) for name, part in parts.items()}, parts, report


def test_of_a_few_texts_the_end_of_each_is_held_out():
    texts = [lines_of("a", 40), lines_of("b", 80), lines_of("c", 20)]
    words, parts, report = split(texts)
    assert report == {"way": "ends", "texts": 3, "splits": ["test", "valid"]}
    assert words["test"] == " / ".join([*texts[0][36:38], *texts[1][72:76], texts[2][18]]) + " /"
    assert words["valid"] == " / ".join([*texts[0][38:], *texts[1][76:], texts[2][19]]) + " /"
    assert words["train"] == " / ".join([*texts[0][:36], *texts[1][:72], *texts[2][:18]]) + " /"
    assert parts["train"].starts.tolist() == [0, 36 * 5, (36 + 72) * 5]
    assert parts["valid"].starts.tolist() == [0, 2 * 5, 6 * 5]
    assert [len(parts[name].keys) for name in ("train", "test", "valid")] == [126, 7, 7]


def test_short_texts_have_their_share_together():
    texts = [lines_of(f"t{n}.", 5) for n in range(12)]
    words, _, report = split(texts)
    assert report["way"] == "ends"
    for name in ("test", "valid"):
        assert len(words[name].split("/")) - 1 == 3, "of sixty lines"
    assert len({line.split()[0].split(".")[0] for line in words["valid"].split(" / ")}) == 3


def test_a_long_text_of_one_line_is_cut_within_it_and_stands_beside_others():
    texts = [lines_of("a", 100, 20), [" ".join(f"w{n}" for n in range(3000))]]
    words, parts, report = split(texts)
    assert report["way"] == "ends"
    assert sum(word.startswith("w") for word in words["valid"].split()) == pytest.approx(150, abs=1)
    assert sum(word.startswith("w") for word in words["train"].split()) == pytest.approx(2700, abs=2)
    assert parts["train"].ids[parts["train"].starts[1] - 1] == 0
    assert all(words[name].endswith("/") for name in words)


def test_of_many_texts_whole_ones_are_held_out():
    texts = [lines_of(f"t{n}.", 3) for n in range(60)]
    words, parts, report = split(texts)
    held = {name: {word.split(".")[0] for word in words[name].split() if word != "/"} for name in words}
    assert [len(held[name]) for name in ("train", "test", "valid")] == [54, 3, 3]
    assert not held["train"] & held["valid"]
    assert not held["test"] & held["valid"]
    assert report["way"] == "texts"
    assert report["names"]["valid"]["count"] == 3
    assert {name.replace("t", "t") for name in report["names"]["valid"]["first"]} == held["valid"]
    numbers = sorted(int(name[1:]) for name in held["valid"])
    assert numpy.diff(numbers).tolist() == [20, 20]
    assert [len(parts[name].starts) for name in ("train", "test", "valid")] == [54, 3, 3]
    for part in parts.values():
        assert (part.ids[part.starts[1:] - 1] == 0).all()


def test_many_texts_are_held_out_where_their_words_are_nearest_to_the_share():
    """One text is half of the words: it is trained on."""
    texts = [lines_of(f"t{n}.", 900 if n == 19 else 10) for n in range(60)]
    words, _, report = split(texts)
    assert report["way"] == "ends", "whole texts would be too few of the words"
    texts = [lines_of(f"t{n}.", 50 if n == 19 else 10) for n in range(60)]
    words, _, report = split(texts)
    assert report["way"] == "texts"
    assert "t19.0.0" in words["train"].split()


@pytest.mark.parametrize("own", [["valid"], ["test"], ["valid", "test"]])
@pytest.mark.parametrize("count", [3, 60])
def test_splits_of_their_own_are_not_held_out_of_several_texts(own, count):
    texts = [lines_of(f"t{n}.", 60) for n in range(count)]
    words, parts, report = split(texts, own)
    assert report["splits"] == [name for name in ("test", "valid") if name not in own]
    assert report["way"] == ("files" if len(own) == 2 else "ends" if count == 3 else "texts")
    for name in own:
        assert words[name] == "x / y /"
        assert parts[name].starts.tolist() == [0, 2]
    held = 0.05 * (2 - len(own))
    assert len(parts["train"].ids) == pytest.approx((1 - held) * count * 60 * 5, rel=0.001)


def test_runs_from_before_hold_out_the_end_of_all():
    texts = [lines_of("a", 40), lines_of("b", 80), lines_of("c", 20)]
    words, parts, report = split(texts, spread=False)
    assert report["way"] == "end"
    assert words["valid"] == " / ".join(texts[2][13:]) + " /"
    assert words["test"] == " / ".join(texts[2][6:13]) + " /"
    assert parts["train"].starts.tolist() == [0, 200, 600]
    assert parts["valid"].starts.tolist() == [0]


def test_an_empty_line_between_texts_ends_the_one_before():
    index = first_seen_ids()
    stream = stream_of(["a", "", "b"], ["c", "", "d"], index=index)
    bounds = stream.bounds().tolist()
    assert [words_of(stream.array()[start:stop], index) for start, stop in itertools.pairwise(bounds)] == [
        "a / / b / /",
        "c / / d /",
    ]


@pytest.mark.parametrize("count", range(2, 8))
def test_few_and_tiny_texts_are_cut_as_one(count):
    words, _, report = split([["w " * 3] for _ in range(count)])
    assert report["way"] == "end"
    assert all("w" in words[name] or name != "train" for name in words)
