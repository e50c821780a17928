"""Files of word vectors that are damaged, cut or none: one line says where and why."""

import contextlib
import gzip

import numpy
import pytest

from tests.text.vector_samples import FORMS, WORDS, binary, headed, read, table, zipped
from tsuzuri.errors import UserError
from tsuzuri.text import vectors


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
