"""Files of word vectors: every form, plain and packed, gives its rows."""

import gzip
import os
import tracemalloc

import numpy
import pytest

from tests.text.vector_samples import FORMS, WIDTH, WORDS, binary, headed, read, table, zipped
from tsuzuri.text import vector_files, vectors

PACKED = ["glove", "fasttext", "binary", "binary, no line ends"]


@pytest.mark.parametrize(
    ("name", "packed"),
    [(name, "plain") for name in FORMS] + [(name, packed) for name in PACKED for packed in ("gz", "zip")],
)
def test_every_form_gives_its_rows(tmp_path, rng, name, packed):
    form, write = FORMS[name]
    rows, path = table(rng), tmp_path / "misleading.name"
    data = write(rows)
    path.write_bytes(gzip.compress(data) if packed == "gz" else data)
    if packed == "zip":
        zipped(path, vectors=data)
    loaded = read(path, *WORDS, "missing")
    assert (loaded.form, loaded.total) == (form, len(rows))
    assert loaded.rows.dtype == numpy.float32
    assert numpy.array_equal(loaded.rows[2:-1], list(rows.values()))
    assert loaded.known.tolist() == [False, False, *[True] * len(rows), False]
    assert vectors.vector_width(str(path)) == WIDTH


@pytest.mark.parametrize("write", [headed, binary])
def test_rows_are_found_wherever_a_buffer_ends(tmp_path, rng, monkeypatch, write):
    rows = table(rng, [f"w{n}" * (n % 7 + 1) for n in range(300)])
    (tmp_path / "v").write_bytes(write(rows))
    wanted = list(rows)[::17]
    monkeypatch.setattr(vector_files, "CHUNK", int(rng.integers(600, 3000)))
    loaded = read(tmp_path / "v", *wanted)
    assert numpy.array_equal(loaded.rows[2:], [rows[word] for word in wanted])
    assert loaded.total == 300


def test_memory_is_for_the_vocabulary_and_not_for_the_file(tmp_path, rng):
    row = " " + " ".join(map(str, rng.normal(size=100))) + "\n"
    with open(tmp_path / "v", "w") as stream:
        stream.writelines(f"w{n}{row}" for n in range(8_000))
    assert os.path.getsize(tmp_path / "v") > 12e6
    tracemalloc.start()
    try:
        assert read(tmp_path / "v", "w0", "w7999").total == 8_000
        assert tracemalloc.get_traced_memory()[1] < 6e6
    finally:
        tracemalloc.stop()


def test_words_that_hold_spaces(tmp_path):
    (tmp_path / "v").write_bytes(b", 1 2 3\n. . . 4 5 6\nat name@domain.com 7 8 9\nthe 10 11 12\n")
    loaded = read(tmp_path / "v", ". . .", "the", "at name@domain.com")
    assert loaded.rows[2:].tolist() == [[4, 5, 6], [10, 11, 12], [7, 8, 9]]
    assert loaded.total == 4


def test_words_that_are_not_utf8_match_nothing(tmp_path):
    (tmp_path / "v").write_bytes(b"\xff\xfe 1 2\nth\xc3 3 4\n 5 6\nthe 7 8\n")
    loaded = read(tmp_path / "v", "the", "th\ufffd")
    assert loaded.known.tolist() == [False, False, True, False]
    assert loaded.total == 4


def test_real_files(shared):
    folder = shared / "word_vectors"
    first = {
        "test_glove.txt": (vector_files.GLOVE, 76, 50, "the", 0.418),
        "high_precision.kv.txt": (vector_files.TEXT, 2, 2, "horse.n.01", -0.0008546282343595379),
        "pang_lee_polarity_fasttext.vec": (vector_files.TEXT, 1694, 100, ".", -0.0073677),
        "euclidean_vectors.bin": (vector_files.BINARY, 2747, 10, "the", numpy.frombuffer(b"\xb9\xc8\xd7\x3e", "f")[0]),
    }
    for name, (form, total, width, word, number) in first.items():
        loaded = read(folder / name, word)
        assert (loaded.form, loaded.total, loaded.rows.shape[1]) == (form, total, width)
        assert loaded.rows[2, 0] == numpy.float32(number)
    data = (folder / "pang_lee_polarity_fasttext.vec").read_bytes()  # of which some words are not UTF-8
    lines = [line for line in data.decode(errors="replace").split("\n")[1:-1] if "\ufffd" not in line]
    rows = {line.split(" ")[0]: numpy.array(line.split()[1:], "d").astype("f") for line in lines}
    loaded = read(folder / "pang_lee_polarity_fasttext.vec", *rows)
    assert numpy.array_equal(loaded.rows[2:], list(rows.values()))
