"""Reading and decoding texts: every encoding, and every way in which a file can be no text."""

import io
import os
import struct
import zipfile
from collections import Counter

import pytest

from tsuzuri.errors import UserError
from tsuzuri.text import reader

TEXT = "吾輩は猫である。\n名前はまだ無い。\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "shift_jis_2004"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r", "mixed"])
def test_encodings_and_line_ends(encoding, ending):
    text = "一行\r\n二行\n三行\r四行" if ending == "mixed" else TEXT.replace("\n", ending)
    wanted = "一行\n二行\n三行\n四行" if ending == "mixed" else TEXT
    assert reader.decode_text(text.encode(encoding)) == wanted


def test_big_endian_utf16_and_old_end_of_file_mark():
    assert reader.decode_text(b"\xfe\xff" + TEXT.encode("utf-16-be")) == TEXT
    assert reader.decode_text(TEXT.encode("shift_jis_2004") + b"\x1a") == TEXT


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
        reader.decode_text(data)


def test_shift_jis_keeps_its_tilde_and_backslash():
    assert reader.decode_text(b"Espan~a \\ " + "猫".encode("shift_jis")) == "Espan~a \\ 猫"


@pytest.mark.parametrize(
    ("text", "encoding", "name"),
    [
        (TEXT, "utf-8", "UTF-8"),
        ("\ufeffplain\r\n", "utf-8", "UTF-8"),
        (TEXT, "utf-16", "UTF-16"),
        (TEXT, "shift_jis", "Shift_JIS"),
        ("GET THE ﾊﾝｶｸ カタカナ NOW", "shift_jis", "Shift_JIS"),
        ("a fine café , très bien — naïve “ façade ” …", "cp1252", "cp1252"),
        ("Größe, Straße, ÄÖ, für die Gäste", "cp1252", "cp1252"),
        ("hélène ! crème brûlée", "cp1252", "cp1252"),
        ("a triste constatação", "cp1252", "cp1252"),
        ("él dijo : ¿ qué más ? ¡ mañana !", "cp1252", "cp1252"),
    ],
)
def test_encodings_are_distinguished(text, encoding, name):
    wanted = text.removeprefix("\ufeff").replace("\r\n", "\n")
    assert reader.detect_and_decode(text.encode(encoding)) == (wanted, name)
    assert reader.detect_and_decode(text.encode(encoding), reader.codec_name(encoding))[0] == wanted


def test_every_accented_line_of_reviews_is_western(shared):
    counts = Counter()
    for name in ("rt-polarity.pos", "rt-polarity.neg", "subj.all"):
        for line in (shared / "sentiment" / name).read_bytes().split(b"\n"):
            if not line.isascii():
                text, encoding = reader.detect_and_decode(line)
                counts[encoding] += text == line.decode(encoding if encoding == "cp1252" else "utf-8")
    assert counts["cp1252"] == counts.total() > 300


@pytest.mark.parametrize("count", [6, pytest.param(1000, marks=pytest.mark.slow)])
def test_aozora_texts_are_never_taken_for_western_ones(shared, rng, count):
    files = sorted(shared.glob("aozora_*/*.txt"))
    assert len(files) > 70
    for path in rng.permutation(files)[:count]:
        data = path.read_bytes()
        assert reader.detect_and_decode(data) == (reader.decode_text(data), "Shift_JIS"), path


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("euc_jp", "我輩は猫である。名前はまだ無い。"),
        ("iso2022_jp", "我輩は猫である。"),
        ("utf-16-le", "我輩は猫である。"),
        ("gb18030", "我是一只猫，还没有名字。"),
        ("big5", "我是一隻貓，還沒有名字。"),
        ("euc_kr", "나는 고양이다. 이름은 아직 없다."),
        ("cp1251", "Мы сидели и молчали."),
    ],
)
def test_other_encodings_must_be_named(encoding, text):
    data = f"pos\ta\r\nneg\t{text}".encode(encoding)
    with pytest.raises(ValueError, match=r"\(byte 0x.. in line 2\): name its encoding|is binary, not text"):
        reader.detect_and_decode(data)
    assert reader.detect_and_decode(data, reader.codec_name(encoding)) == (
        f"pos\ta\nneg\t{text}",
        reader.codec_name(encoding),
    )


def test_a_named_encoding_names_the_line_at_fault():
    for ending in (b"\n", b"\r\n", b"\r"):
        with pytest.raises(ValueError, match=r"is not text in utf-8 \(byte 0xe9 in line 3\)$"):
            reader.detect_and_decode(b"\xef\xbb\xbfa" + ending + b"b" + ending + b"\xe9", "utf-8")
    with pytest.raises(ValueError, match=r"is not text in utf-16 \(byte 0x00 in line 2\)"):
        reader.detect_and_decode("a\nb".encode("utf-16") + b"\x00\xd8", "utf-16")
    with pytest.raises(ValueError, match="is empty"):
        reader.detect_and_decode(b"", "utf-8")
    with pytest.raises(ValueError, match="control character 0x00"):
        reader.detect_and_decode(b"a\0b", "cp1252")


def test_damaged_utf_8_is_not_western():
    for mark in (b"", b"\xef\xbb\xbf"):
        with pytest.raises(ValueError, match=r"\(byte 0xff in line 3\): name its encoding"):
            reader.detect_and_decode(mark + "tr\u00e8s bien\r\ntr\u00e8s mal\r\n".encode() + b"\xff", "auto")


@pytest.mark.parametrize("data", [b"\x1a", b"\xef\xbb\xbf", b"\xff\xfe"])
def test_marks_without_a_text(data):
    assert reader.detect_and_decode(data)[0] == ""


@pytest.mark.parametrize("name", ["utf-9", "", "hex", "rot13", "undefined", "a\0b", "é"])
def test_an_unknown_encoding(name):
    with pytest.raises(UserError, match="is unknown, must be auto, utf-8") as error:
        reader.codec_name(name)
    assert repr(name) in str(error.value)


def write(path, data):
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return str(path)


def test_a_folder_is_read_in_order_and_its_bad_files_are_counted(tmp_path):
    (tmp_path / "b").mkdir()
    write(tmp_path / "b" / "two.TXT", "二\n")
    write(tmp_path / "a.txt", "一\n\n　\n一の二\n")
    write(tmp_path / "z.txt", "三\n")  # before the folders
    write(tmp_path / "bad.txt", b"\0\1")
    write(tmp_path / "empty.txt", b"")
    write(tmp_path / "blank.txt", " \n\n")
    write(tmp_path / ".hidden.txt", "x")
    write(tmp_path / "picture.png", b"\x89PNG")
    results = list(reader.read_documents([str(tmp_path)]))
    documents = [d for d in results if isinstance(d, reader.Document)]
    assert [(os.path.basename(d.name), d.kind, d.pieces) for d in documents] == [
        ("a.txt", "plain", ["一", "", "一の二"]),
        ("z.txt", "plain", ["三"]),
        ("two.TXT", "plain", ["二"]),
    ]
    skipped = {os.path.basename(s.name): s.reason for s in results if isinstance(s, reader.Skipped)}
    assert skipped.keys() == {"bad.txt", "empty.txt", "blank.txt"}
    assert "zero bytes" in skipped["bad.txt"]


def test_a_named_file_must_be_readable(tmp_path):
    with pytest.raises(UserError, match=r"none\.txt: no such file"):
        list(reader.read_documents([str(tmp_path / "none.txt")]))
    with pytest.raises(UserError, match=r"bad\.txt: is binary"):
        list(reader.read_documents([write(tmp_path / "bad.txt", b"\0")]))
    (tmp_path / "nothing").mkdir()
    with pytest.raises(UserError, match=r"holds no file that ends in \.txt or \.zip"):
        list(reader.read_documents([str(tmp_path / "nothing")]))


def test_plain_text_is_untouched(tmp_path):
    lines = ["《これ》は［注］｜そのまま", "  indented\ttext ", "一", "***"]
    (document,) = reader.read_documents([write(tmp_path / "a.txt", "\n".join(lines))])
    assert document.pieces == lines


def archive(path, members, **info):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as stream:
        for name, data in members.items():
            stream.writestr(name, data)
    return str(path)


def test_an_archive(tmp_path):
    aozora = "題\n作者\n\n本文《ほんぶん》。\n\n底本：「本」\n入力：人\n".replace("\n", "\r\n").encode("shift_jis_2004")
    path = archive(tmp_path / "752_ruby.zip", {"bocchan.txt": aozora, "fig.png": b"\x89", "bad.txt": b"\0"})
    first, second = reader.read_documents([path])
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
        list(reader.read_documents([archive(tmp_path / "other.zip", {"a.mid": b"x"})]))
    with pytest.raises(UserError, match=r"not text|binary"):
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
