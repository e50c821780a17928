"""The names of texts and tunes, and where they begin in the training part."""

import numpy

from tsuzuri.data.places import piece_places, text_places
from tsuzuri.data.text_stream import TextStream, first_seen_ids, split_text
from tsuzuri.text.vocabulary import SPECIAL, Vocabulary


def test_texts_by_the_documents_of_their_part():
    texts = TextStream(str.split, first_seen_ids())
    for name, text in (("/x/a.txt", "one two"), ("/x/b.txt", "three"), ("/x/sub/c.txt", "four five six")):
        texts.add_text(name, [text])
    places = text_places(split_text(texts, {"valid": texts, "test": texts})[0]["train"])
    assert places == [("a.txt", 0), ("b.txt", 3), ("sub/c.txt", 5)]


def test_parts_of_texts_have_their_names():
    texts = TextStream(str.split, first_seen_ids())
    for name in "abc":
        texts.add_text(f"/x/{name}.txt", [f"{name} {n}" for n in range(40)])
    train = split_text(texts, {})[0]["train"]
    assert [name for name, _ in text_places(train)] == ["a.txt", "b.txt", "c.txt"]
    for name, start in text_places(train):
        assert list(texts.index)[train.ids[start]] == name[0]


def test_pieces_by_their_words():
    words = Vocabulary([*SPECIAL, "a", "b", "c"])
    pieces = [("one", "ab"), ("two", "bca"), ("twin", "ab"), ("three", "cccc")]
    train = numpy.concatenate([[*words.encode(text), 0] for text in ("bca", "ab", "cc")]).astype("i")
    assert piece_places(train, pieces, words) == [("two", 0), ("one", 4), ("three", 7)]
