"""Word vectors: files of every form, whole and damaged, and which word gets which row."""

import contextlib
import gzip
import os
import tracemalloc
import zipfile

import numpy
import pytest

from tsuzuri.errors import UserError
from tsuzuri.text import vector_files, vectors
from tsuzuri.text.vocabulary import SPECIAL, Vocabulary

WORDS = ["the", "cat", "猫", "é", "nan", "12", "-0.5"]
WIDTH = 20


def vocabulary(*words):
    return Vocabulary([*SPECIAL, *words])


def read(path, *words, seed=0):
    return vectors.load_vectors(str(path), vocabulary(*words), numpy.random.default_rng(seed))


def table(rng, words=WORDS, width=WIDTH):
    return {word: rng.normal(size=width).astype("f") for word in words}


# Files


def glove(rows, end="\n", before_end=""):
    return "".join(f"{word} {' '.join(map(str, row))}{before_end}{end}" for word, row in rows.items()).encode()


def headed(rows, end="\n", before_end=""):
    return f"{len(rows)} {WIDTH}{end}".encode() + glove(rows, end, before_end)


def binary(rows, end=b"\n"):
    body = (word.encode() + b" " + row.astype("<f4").tobytes() + end for word, row in rows.items())
    return f"{len(rows)} {WIDTH}\n".encode() + b"".join(body)


def zipped(path, **members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


FORMS = {
    "glove": (vector_files.GLOVE, glove),
    "glove crlf": (vector_files.GLOVE, lambda rows: glove(rows, "\r\n")),
    "glove tabs": (vector_files.GLOVE, lambda rows: glove(rows).replace(b" ", b"\t")),
    "glove, bytes of a mark": (vector_files.GLOVE, lambda rows: b"\xef\xbb\xbf" + glove(rows)),
    "glove, no last line end": (vector_files.GLOVE, lambda rows: glove(rows)[:-1]),
    "word2vec": (vector_files.TEXT, headed),
    "word2vec crlf": (vector_files.TEXT, lambda rows: headed(rows, "\r\n")),
    "word2vec, bytes of a mark": (vector_files.TEXT, lambda rows: b"\xef\xbb\xbf" + headed(rows)),
    "word2vec, an empty line": (vector_files.TEXT, lambda rows: headed(rows) + b"\n"),
    "fasttext": (vector_files.TEXT, lambda rows: headed(rows, before_end=" ")),
    "binary": (vector_files.BINARY, binary),
    "binary, no line ends": (vector_files.BINARY, lambda rows: binary(rows, b"")),
    "binary, one last line end": (vector_files.BINARY, lambda rows: binary(rows, b"") + b"\n"),
}


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


# Damage


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (gzip.compress(b"", mtime=0), "is empty"),
        (b"It was a dark night.\n", "not a file of word vectors: line 1 ends in 0 numbers, must be a word and 1 to"),
        (b"the 1 2\nof 3\n", "line 2 ends in 1 numbers, must be 2, as line 1 has it"),
        (b"the 1 2\nof 3 4 5\n", "line 2 ends in 3 numbers, must be 2"),
        (b"the 1 2\nof x 3 4 5\n", "line 2 ends in 3 numbers, must be 2"),
        (b"of 3 4\n\nthe 1\n", "line 3 ends in 1 numbers, must be 2"),
        (b"the 1 2\nword\n", "line 2 ends in 0 numbers, must be 2"),
        (b"of 3 4\nthe 1 0,5\n", "line 2 has '0,5' where a number must be"),
        (b"of 3 4\nthe 1 2\x003\n", r"line 2 has '2\\x003' where a number must be"),
        (b"of 3 4 5\nthe 1  2\n", "line 2 ends in 2 numbers, must be 3, as line 1 has it"),
        (b"of 3 4 5\nthe  1 2\n", "line 2 ends in 2 numbers, must be 3"),
        (b"the 1 2\ndog 1\t\n", "line 2 ends in 1 numbers, must be 2"),
        (b"the 1 2 3\ndog 1  2\n", "line 2 ends in 2 numbers, must be 3"),  # of words that are not wanted, from here
        (b"the 1 2 3\ndog  1 2\n", "line 2 ends in 2 numbers, must be 3"),
        (b"the 1 2 3\ndog x y z\n", "line 2 has 'x' where a number must be"),
        (b"the\t1\t2\ndog\t1\ty\n", "line 2 has 'y' where a number must be"),
        (b"the 1 2\na dog 1 0,5\n", "line 2 has '0,5' where a number must be"),
        (b"the 1 2\ndog inf 0.2\n", "line 2 has the number inf"),
        (b"the 1 2\ndog 0.2 NaN\n", "line 2 has the number nan"),
        (b"2 2\nthe 1 2\ndog 1 \xff2\n", "line 3 has '\ufffd2' where a number must be"),
        (b"of 3 4\nthe 1 nan\n", r"line 2 has the number nan, must be from -1e\+30 to 1e\+30"),
        (b"of 3 4\nthe -inf 1\n", "line 2 has the number -inf"),
        (b"of 3 4\nthe 1 1e39\n", r"line 2 has the number 1e\+39"),
        (b"of 3 4\nthe 1 -1e999\n", "line 2 has the number -inf"),
        (b"3 2\nof 3 4\nthe 1 2\n", "line 1 says 3 words, and the file holds 2$"),
        (b"1 2\nof 3 4\nthe 1 2\n", "line 1 says 1 words, and the file holds 2$"),
        (b"2 3\nof 3 4\nthe 1 2\n", "line 2 ends in 2 numbers, must be 3"),
        (b"2 1\nof 3 4\nthe 1 2\n", "line 2 ends in 2 numbers, must be 1"),
        (b"2 0\nof\nthe\n", "line 1 says 2 words of 0 numbers, must be 1 or more words of 1 to 10000 numbers"),
        (b"0 2\n", "line 1 says 0 words of 2 numbers"),
        (b"2 99999999999999999999\n", "line 1 says 2 words of 99999999999999999999 numbers"),
        (b"9" * 5000 + b" 2\n", "line 1 says 9{40} words of 2 numbers, must be 1 or more .* in at most 18 digits each"),
        (b"2 " + b"9" * 5000 + b"\n", "line 1 says 2 words of 9{40} numbers"),
        (b"the" + b" 1" * 10_001, "line 1 ends in 10001 numbers, must be a word and 1 to 10000 numbers"),
        (b"of 3 4\nto 1 2\n", "none of its 2 words is one of the text, such as 'the'"),
        (b"\xba\x16\x4f\x2f\x0c\0\0\0", r"is a model of fastText: its vectors are in the file beside it .* \.vec"),
        (b"\0" * 50, "not a file of word vectors"),
        (gzip.compress(b"the 1 2\n" * 99, mtime=0)[:-9], "cannot be read: Compressed file ended"),
        (gzip.compress(b"the 1 2\n", mtime=0)[:-8] + bytes(8), "cannot be read: CRC check failed"),
        (b"PK\x03\x04 and nothing", "cannot be read: File is not a zip file"),
    ],
)
def test_damaged_text(tmp_path, data, reason):
    (tmp_path / "v").write_bytes(data)
    with pytest.raises(UserError, match=reason) as error:
        read(tmp_path / "v", "the")
    assert str(error.value).startswith(f"{tmp_path / 'v'}: ")
    assert "\n" not in str(error.value)


def float_bytes(value):
    return numpy.float32(value).tobytes()


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda data: data[:-1], "ends at byte 591, in word 7 of the 7 that line 1 says"),
        (lambda data: data[:-85], "ends at byte 507, in word 7 of the 7"),
        (lambda data: data[:5], "line 1 says 7 words, and the file holds 0"),
        (lambda data: b"6" + data[1:], "goes on at byte 507, after the 6 words that line 1 says"),
        (lambda data: b"8" + data[1:], "ends at byte 592, in word 8 of the 8"),
        (lambda data: data + b"x", "goes on at byte 592, after the 7 words"),
        (lambda data: b"7 10001" + data[4:], "line 1 says 7 words of 10001 numbers"),
        (lambda data: b"9" * 18 + data[1:], "ends at byte 609, in word 8 of the 999,999,999,999,999,999"),
        (lambda data: data[:5] + b"\x01" * 9000 + data[5:], "byte 5 should begin a word, and no space ends it in 4096"),
        (lambda data: data[:9] + float_bytes("nan") + data[13:], r"byte 9 has the number nan, must be from -1e\+30"),
        (lambda data: data[:9] + float_bytes("inf") + data[13:], "byte 9 has the number inf"),
        (lambda data: data[:9] + float_bytes(-2e30) + data[13:], r"byte 9 has the number -2e\+30"),
        (lambda data: data[:9] + b"\x01\x00\x80\x7f" + data[13:], "byte 9 has the number nan"),  # a signalling one
    ],
)
def test_damaged_binary(tmp_path, rng, damage, reason):
    whole = binary(table(rng), b"")
    assert len(whole) == 592
    (tmp_path / "v").write_bytes(damage(whole))
    with pytest.raises(UserError, match=reason) as error:
        read(tmp_path / "v", *WORDS)
    assert str(error.value).startswith(f"{tmp_path / 'v'}: ")


@pytest.mark.parametrize("name", ["glove", "fasttext", "binary", "binary, no line ends"])
def test_any_damage_is_reported_or_harmless(tmp_path, rng, name):
    """Nothing but ``UserError`` comes out, and no row that is not finite.

    A file whose first line says how many words it has is always refused if it was cut before its last number begins.
    """
    whole = FORMS[name][1](table(rng))
    reached = len(whole) - 2 if "binary" in name else whole.rstrip().rindex(b" ") + 1
    for _ in range(30):
        data = bytearray(whole)
        for at in rng.integers(0, len(whole), 3):
            data[at] = rng.integers(256)
        (tmp_path / "v").write_bytes(data)
        with contextlib.suppress(UserError):
            assert numpy.isfinite(read(tmp_path / "v", *WORDS).rows).all()
        (tmp_path / "v").write_bytes(whole[: rng.integers(whole.index(b"\n") + 1, reached + 1)])
        if name != "glove":
            with pytest.raises(UserError, match=r"line 1 says|ends in|where a number must be"):
                read(tmp_path / "v", *WORDS)


@pytest.mark.parametrize("header", [b"", b"2 2\n"])
@pytest.mark.parametrize("word", ["the", "cat"])
def test_a_text_cut_within_its_last_number_is_refused_where_none_ends_so(tmp_path, header, word):
    """A last line may have no line end, so what could be a number passes for one."""
    whole = header + b"the 1 2\ncat 3.25 -4.25e-05"
    for cut, last in enumerate([b"-", b"-4", b"-4.", b"-4.2", b"-4.25", b"-4.25e", b"-4.25e-", b"-4.25e-0"]):
        data = whole[: whole.rindex(b" ") + 1] + last
        assert whole.startswith(data)
        (tmp_path / "v").write_bytes(data)
        if cut in (1, 3, 4, 7):
            assert read(tmp_path / "v", word).rows[2, 1] == (2 if word == "the" else numpy.float32(float(last)))
        else:
            with pytest.raises(UserError, match=r"line \d (ends in '.*': the file was cut short|has '.*' where a num)"):
                read(tmp_path / "v", word)
    (tmp_path / "v").write_bytes(header + b"the 1 2\ncat 3.25 -4.\n")
    assert read(tmp_path / "v", "cat").rows[2, 1] == -4  # for a line end follows


def test_odd_spaces_are_none_of_the_damage(tmp_path):
    (tmp_path / "v").write_bytes(b"dog 1 2\na  3  4\nthe \t5 6  \n the 7 8\n")
    loaded = read(tmp_path / "v", "a", "the")
    assert loaded.rows[2:].tolist() == [[3, 4], [5, 6]]
    assert loaded.total == 4


def test_files_that_are_none(tmp_path):
    with pytest.raises(UserError, match="none: no such file"):
        vectors.vector_width(str(tmp_path / "none"))
    with pytest.raises(UserError, match="not a file"):
        read(tmp_path, "the")
    path = zipped(tmp_path / "v", a=b"the 1 2\n", b=b"the 1 2\n")
    with pytest.raises(UserError, match=r"an archive of vectors must hold one file, and it holds 2 \(a, b\)"):
        read(path, "the")
    with pytest.raises(UserError, match=r"it holds 0 \(none\)"):
        read(zipped(tmp_path / "w", **{"folder/": b""}), "the")


def test_a_zip_that_is_damaged(tmp_path, rng):
    data = zipped(tmp_path / "v", a=headed(table(rng))).read_bytes()
    (tmp_path / "v").write_bytes(data[:60] + b"\xff" * 9 + data[69:])
    with pytest.raises(UserError, match=r"v: cannot be read: (Error -3|Bad CRC)"):
        read(tmp_path / "v", "the")


# Which row


def test_the_first_of_equal_words_counts_and_the_word_itself_before_its_lower_case(tmp_path):
    lines = b"the 1 1\ncat 2 2\nthe 3 3\nThe 4 4\nTHE 5 5\ncat 6 6\n"
    (tmp_path / "v").write_bytes(lines)
    loaded = read(tmp_path / "v", "the", "The", "Cat", "CAT", "cat", "THe")
    assert loaded.rows[2:, 0].tolist() == [1, 4, 2, 2, 2, 1]
    assert loaded.total == 6
    (tmp_path / "v").write_bytes(b"".join(reversed(lines.splitlines(keepends=True))))
    assert read(tmp_path / "v", "the", "The", "Cat").rows[2:, 0].tolist() == [3, 4, 6]


@pytest.mark.parametrize(
    ("lines", "eos", "unk"),
    [
        (b"</s> 2 2\nUNK 3 3\n", 2, 3),
        (b"</s> 2 2\n<eos> 4 4\nUNK 3 3\n<unk> 5 5\n", 4, 5),
        (b"<eos> 4 4\n</s> 2 2\n<unk> 5 5\nUNK 3 3\n", 4, 5),
    ],
)
def test_what_stands_for_the_special_words(tmp_path, lines, eos, unk):
    (tmp_path / "v").write_bytes(b"the 1 1\n" + lines)
    loaded = read(tmp_path / "v", "the")
    assert loaded.rows[:, 0].tolist() == [eos, unk, 1]
    assert loaded.known.all()


def test_missing_rows_are_drawn_like_the_others(tmp_path, rng):
    """By dimension: a mean of 4 in the first only, and deviations from 0 to 2."""
    known = (rng.normal(size=(500, 5)) * [1, 0, 0.1, 2, 1] + [4, 1, 0, 0, -1]).astype("f")
    (tmp_path / "v").write_bytes(glove({f"w{n}": row for n, row in enumerate(known)}))
    words = [f"w{n}" for n in range(500)] + [f"x{n}" for n in range(4000)]
    drawn = read(tmp_path / "v", *words, seed=1)
    missing = drawn.rows[~drawn.known]
    assert len(missing) == 4002
    assert abs(missing.mean(0) - known.mean(0)) == pytest.approx(0, abs=0.16)  # 5 deviations of the mean of 4,002
    assert missing.std(0) == pytest.approx(known.std(0), rel=0.06)
    assert numpy.array_equal(read(tmp_path / "v", *words, seed=1).rows, drawn.rows)
    assert not numpy.array_equal(read(tmp_path / "v", *words, seed=2).rows, drawn.rows)


@pytest.mark.parametrize("words", [["w"], ["w", "W"]])
def test_where_the_rows_found_do_not_differ_the_others_still_do(tmp_path, rng, words):
    row = (rng.normal(size=300) * 2 + 1).astype("f")
    (tmp_path / "v").write_bytes(glove({"w": row}))
    drawn = read(tmp_path / "v", *words, *(f"x{n}" for n in range(50)))
    missing = drawn.rows[~drawn.known]
    assert len(missing) == 52
    assert missing.std(0).mean() == pytest.approx(row.std(), rel=0.05)
    assert abs(missing.mean(0) - row).max() < 6 * row.std() / 52**0.5


def test_how_much_of_the_text_they_know(tmp_path):
    (tmp_path / "v").write_bytes(b"the 1 1\ncat 2 2\nUNK 3 3\n</s> 3 3\nbird 4 4\n")
    loaded = read(tmp_path / "v", "the", "cat", "dog")
    about = vectors.vectors_report(str(tmp_path / "v"), loaded, numpy.array([2, 3, 0, 2, 4, 1, 0, 2], "i"))
    assert about == {
        "file": str(tmp_path / "v"),
        "form": vector_files.GLOVE,
        "total": 5,
        "width": 2,
        "found": 2,
        "of": 3,
        "share": 4 / 6,
    }
    summary = "5 of 2 numbers (GloVe text): 2 of 3 words found (66.7%; 66.7% of the text), the others drawn like them"
    assert vectors.vectors_summary(about) == summary
