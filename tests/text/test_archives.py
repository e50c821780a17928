"""Archives and packed files to texts, within limits; what is cut short, damaged, or made to unpack to too much."""

import bz2
import gzip
import io
import lzma
import struct
import time
import zipfile
import zlib

import pytest

from tests.text.test_reader import write
from tsuzuri.errors import UserError
from tsuzuri.text import reader
from tsuzuri.text.settings import TextSettings

TEXT = "吾輩は猫である。\n名前はまだ無い。\n"
SMALL = TextSettings(max_text=1)


def only(path, settings=SMALL):
    (document,) = reader.read_documents([path], settings)
    return document


def archive(path, members, **info):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as stream:
        for name, data in members.items():
            stream.writestr(name, data)
    return str(path)


def test_an_archive(tmp_path):
    aozora = "題\n作者\n\n本文《ほんぶん》。\n\n底本：「本」\n入力：人\n".replace("\n", "\r\n").encode("shift_jis_2004")
    path = archive(tmp_path / "752_ruby.zip", {"bocchan.txt": aozora, "fig.png": b"\x89", "bad.txt": b"\0"})
    first, second, passed = reader.read_documents([path])
    assert passed.reason == "passed over 1 .png"
    assert first.pieces == ["本文。"]
    assert first.kind == "aozora"
    assert isinstance(second, reader.Skipped)
    assert second.name.endswith("752_ruby.zip/bad.txt")


def test_broken_archives(tmp_path):
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as stream:
        stream.writestr("a.txt", TEXT * 100)
    data = bytearray(whole.getvalue())
    data[60] ^= 0xFF  # inside the packed text
    (skipped,) = reader.read_documents([write(tmp_path / "broken.zip", bytes(data))])
    assert "cannot be unpacked" in skipped.reason
    with pytest.raises(UserError, match=r"no file that ends in \.txt"):
        list(reader.read_documents([archive(tmp_path / "other.zip", {"a.mid": b"x", "b.mid": b"y"})]))
    with pytest.raises(UserError, match=r"cut\.zip: is a damaged archive, or one that was cut short"):
        list(reader.read_documents([write(tmp_path / "cut.zip", whole.getvalue()[:50])]))


def test_an_archive_that_lies_about_its_length_is_not_believed(tmp_path):
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as stream:
        stream.writestr("a.txt", TEXT)
    data = bytearray(whole.getvalue())
    entry = data.index(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = struct.pack("<I", 3_000_000_000)
    (skipped,) = reader.read_documents([write(tmp_path / "bomb.zip", bytes(data))])
    assert "claims 3000000000 bytes" in skipped.reason


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_packed_texts_are_read(tmp_path, pack):
    path = write(tmp_path / "a.txt.packed", pack(TEXT.encode("shift_jis") * 5))
    assert only(path).pieces == TEXT.split() * 5
    cut = write(tmp_path / "cut", pack(TEXT.encode() * 5)[:-12])
    with pytest.raises(UserError, match="cut: is packed, and cut short or damaged"):
        list(reader.read_documents([cut]))
    large = write(tmp_path / "large", pack(b"the same line again\n" * 60_000))
    with pytest.raises(UserError, match="large: holds more than 1 MB: --max-text allows more"):
        only(large)
    assert len(only(large, TextSettings()).pieces) == 60_000
    twice = write(tmp_path / "twice", pack(gzip.compress(b"text")))
    with pytest.raises(UserError, match="twice: holds another archive"):
        only(twice)


def test_zeros_are_refused_before_all_are_unpacked(tmp_path):
    path = write(tmp_path / "zeros.gz", gzip.compress(bytes(300_000_000), 1))
    begun = time.perf_counter()
    with pytest.raises(UserError, match="mostly zero bytes"):
        only(path, TextSettings())
    assert time.perf_counter() - begun < 1


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_repetitive_texts_are_read_up_to_the_limit(tmp_path, method):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", method) as stream:
        stream.writestr("a.txt", "again\n" * 80_000)
        stream.writestr("b.txt", "again\n" * 80_000)
    path = str(tmp_path / "a.zip")
    assert [len(document.pieces) for document in reader.read_documents([path], SMALL)] == [80_000] * 2
    with zipfile.ZipFile(path, "a", method) as stream:
        stream.writestr("c.txt", "again\n" * 80_000)
    with pytest.raises(UserError, match=r"a\.zip: holds more than 1 MB: --max-text allows more"):
        list(reader.read_documents([path], SMALL))


def test_members_that_overlap_are_refused(tmp_path):
    data = b"x" * 100_000
    packed, crc, name = zlib.compress(data, 9)[2:-4], zlib.crc32(data), b"a.txt"
    about = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 0, crc, len(packed), len(data), len(name), 0)
    local = b"PK\3\4" + about + name + packed
    entry = b"PK\1\2" + struct.pack("<H", 20) + about + bytes(14) + name  # all at offset 0
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 3000, 3000, 3000 * len(entry), len(local), 0)
    path = write(tmp_path / "bomb.zip", local + entry * 3000 + end)
    with pytest.raises(UserError, match=r"bomb\.zip: is a damaged archive: 'a\.txt' overlaps what follows it"):
        only(path, TextSettings())


def test_an_archive_of_a_single_file_is_that(tmp_path):
    assert only(archive(tmp_path / "enwik8.zip", {"enwik8": TEXT})).pieces == TEXT.split()
    with pytest.raises(UserError, match=r"holds no file that ends in \.txt: it holds 2 \.md"):
        only(archive(tmp_path / "b.zip", {"a.md": "x", "b.md": "y"}))
    document, passed = reader.read_documents([archive(tmp_path / "c.zip", {"a.txt": TEXT, "b.md": "y"})])
    assert document.pieces == TEXT.split()
    assert passed == (str(tmp_path / "c.zip"), "passed over 1 .md")


def test_an_archive_with_a_password_and_one_within_another(tmp_path):
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as stream:
        stream.writestr("a.txt", TEXT)
    locked = bytearray(whole.getvalue())
    locked[6] |= 1
    locked[locked.index(b"PK\1\2") + 8] |= 1
    (skipped,) = reader.read_documents([write(tmp_path / "locked.zip", bytes(locked))])
    assert "password" in skipped.reason
    (skipped,) = reader.read_documents([archive(tmp_path / "b.zip", {"b.txt": whole.getvalue()})])
    assert skipped.reason == "is an archive within an archive: unpack it"
