"""Finding and decoding texts: every encoding, and every way in which a file can be no text."""

import io
import os
import struct
import zipfile

import pytest

from corpus import reader
from errors import UserError

TEXT = "吾輩は猫である。\n名前はまだ無い。\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "shift_jis_2004"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r", "mixed"])
def test_encodings_and_line_ends(encoding, ending):
    text = "一行\r\n二行\n三行\r四行" if ending == "mixed" else TEXT.replace("\n", ending)
    wanted = "一行\n二行\n三行\n四行" if ending == "mixed" else TEXT
    assert reader.decode(text.encode(encoding)) == wanted


def test_big_endian_utf16_and_old_end_of_file_mark():
    assert reader.decode(b"\xfe\xff" + TEXT.encode("utf-16-be")) == TEXT
    assert reader.decode(TEXT.encode("shift_jis_2004") + b"\x1a") == TEXT


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (b"MThd\0\0\0\6", "zero bytes"),
        (b"\x89PNG\r\n\x1a\n", "not text"),
        (b"\xff\xff\xff", "not text in UTF-8 or Shift_JIS"),
        (b"\xff\xfe\x00\xd8", "not text in UTF-16"),
        (b"abc\x01def", "control character 0x01"),
    ],
)
def test_what_is_no_text(data, reason):
    with pytest.raises(ValueError, match=reason):
        reader.decode(data)


def test_shift_jis_keeps_its_tilde_and_backslash():
    assert reader.decode(b"Espan~a \\ " + "猫".encode("shift_jis")) == "Espan~a \\ 猫"


def write(path, data):
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return str(path)


def test_a_folder_is_read_in_order_and_its_bad_files_are_counted(tmp_path):
    (tmp_path / "b").mkdir()
    write(tmp_path / "b" / "two.TXT", "二\n")
    write(tmp_path / "a.txt", "一\n\n　\n一の二\n")
    write(tmp_path / "bad.txt", b"\0\1")
    write(tmp_path / "empty.txt", b"")
    write(tmp_path / "blank.txt", " \n\n")
    write(tmp_path / ".hidden.txt", "x")
    write(tmp_path / "picture.png", b"\x89PNG")
    found = list(reader.read([str(tmp_path)]))
    documents = [d for d in found if isinstance(d, reader.Document)]
    assert [(os.path.basename(d.name), d.kind, d.pieces) for d in documents] == [
        ("a.txt", "plain", ["一", "一の二"]),
        ("two.TXT", "plain", ["二"]),
    ]
    skipped = {os.path.basename(s.name): s.reason for s in found if isinstance(s, reader.Skipped)}
    assert skipped.keys() == {"bad.txt", "empty.txt", "blank.txt"}
    assert "zero bytes" in skipped["bad.txt"]


def test_a_named_file_must_be_readable(tmp_path):
    with pytest.raises(UserError, match=r"none\.txt: no such file"):
        list(reader.read([str(tmp_path / "none.txt")]))
    with pytest.raises(UserError, match=r"bad\.txt: is binary"):
        list(reader.read([write(tmp_path / "bad.txt", b"\0")]))
    (tmp_path / "nothing").mkdir()
    with pytest.raises(UserError, match=r"holds no file that ends in \.txt or \.zip"):
        list(reader.read([str(tmp_path / "nothing")]))


def test_plain_text_is_untouched(tmp_path):
    lines = ["《これ》は［注］｜そのまま", "  indented\ttext ", "一", "***"]
    (document,) = reader.read([write(tmp_path / "a.txt", "\n".join(lines))])
    assert document.pieces == lines


def archive(path, members, **info):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as stream:
        for name, data in members.items():
            stream.writestr(name, data)
    return str(path)


def test_an_archive(tmp_path):
    aozora = "題\n作者\n\n本文《ほんぶん》。\n\n底本：「本」\n入力：人\n".replace("\n", "\r\n").encode("shift_jis_2004")
    path = archive(tmp_path / "752_ruby.zip", {"bocchan.txt": aozora, "fig.png": b"\x89", "bad.txt": b"\0"})
    first, second = reader.read([path])
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
    (skipped,) = reader.read([write(tmp_path / "broken.zip", bytes(data))])
    assert "cannot be unpacked" in skipped.reason
    with pytest.raises(UserError, match=r"no file that ends in \.txt"):
        list(reader.read([archive(tmp_path / "other.zip", {"a.mid": b"x"})]))
    with pytest.raises(UserError, match=r"not text|binary"):
        list(reader.read([write(tmp_path / "cut.zip", whole.getvalue()[:50])]))


def test_an_archive_that_lies_about_its_length_is_not_believed(tmp_path):
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as stream:
        stream.writestr("a.txt", TEXT)
    data = bytearray(whole.getvalue())
    entry = data.index(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = struct.pack("<I", 3_000_000_000)
    (skipped,) = reader.read([write(tmp_path / "bomb.zip", bytes(data))])
    assert "claims 3000000000 bytes" in skipped.reason
