"""The names of texts and tunes, and where they begin in the training part."""

import numpy

from tsuzuri.data.places import piece_places, text_places
from tsuzuri.data.text_stream import StreamedText
from tsuzuri.text.vocabulary import SPECIAL, Vocabulary


def test_texts_by_the_pieces_of_their_stream():
    texts = [StreamedText(f"/x/{name}.txt", None, at, 0, 1) for name, at in (("a", 0), ("b", 10), ("sub/c", 25))]
    assert text_places(texts, [(0, 20)]) == [("a.txt", 0), ("b.txt", 10)]
    assert text_places(texts, [(0, 8), (10, 20), (25, 30)]) == [("a.txt", 0), ("b.txt", 8), ("sub/c.txt", 18)]
    assert text_places(texts[:1], [(0, 5)]) == [("a.txt", 0)]


def test_pieces_by_their_words():
    words = Vocabulary([*SPECIAL, "a", "b", "c"])
    pieces = [("one", "ab"), ("two", "bca"), ("twin", "ab"), ("three", "cccc")]
    train = numpy.concatenate([[*words.encode(text), 0] for text in ("bca", "ab", "cc")]).astype("i")
    assert piece_places(train, pieces, words) == [("two", 0), ("one", 4), ("three", 7)]
