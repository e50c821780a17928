"""Files and folders to documents: their order, what is skipped and passed over, what is noted."""

import gzip
import os
import pathlib
import subprocess
import threading

import pytest

from tsuzuri.errors import UserError
from tsuzuri.text import reader
from tsuzuri.text.settings import TextSettings


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
    assert skipped.keys() == {"bad.txt", "empty.txt", "blank.txt", tmp_path.name}
    assert skipped["bad.txt"].startswith("is binary, not text")
    assert skipped[tmp_path.name] == "passed over 1 .png: name them to read them"


def test_a_named_file_must_be_readable(tmp_path):
    with pytest.raises(UserError, match=r"none\.txt: no such file"):
        list(reader.read_documents([str(tmp_path / "none.txt")]))
    with pytest.raises(UserError, match=r"bad\.txt: is binary"):
        list(reader.read_documents([write(tmp_path / "bad.txt", b"\0")]))
    (tmp_path / "nothing").mkdir()
    with pytest.raises(UserError, match=r"holds no file that ends in \.txt or \.zip or \.epub"):
        list(reader.read_documents([str(tmp_path / "nothing")]))


def test_plain_text_is_untouched(tmp_path):
    lines = ["《これ》は［注］｜そのまま", "  indented\ttext ", "一", "***"]
    (document,) = reader.read_documents([write(tmp_path / "a.txt", "\n".join(lines))])
    assert document.pieces == lines


def test_what_was_amiss_is_noted(tmp_path):
    (document,) = reader.read_documents([write(tmp_path / "a.txt", "a plain line\n" * 3 + "an\x08other\n")])
    assert document.pieces[-1] == "another"
    assert document.remarks == ("1 control character left out in line 4",)


def test_files_that_are_passed_over_are_counted_and_can_be_named(tmp_path):
    for name in ("a.txt", "b.md", "c.md", "d.HTML", "e.pdf", "notes"):
        write(tmp_path / name, f"text of {name}\n")
    _, passed = reader.read_documents([str(tmp_path)])
    counted = "passed over 2 .md, 1 .html, 1 .pdf, 1 without an ending: name them to read them"
    assert passed == (str(tmp_path), counted)
    (document,) = reader.read_documents([str(tmp_path / "b.md")])
    assert document.pieces == ["text of b.md"]
    (tmp_path / "a.txt").unlink()
    with pytest.raises(UserError, match=r"no file that ends in .* or \.epub; passed over 2 \.md, 1"):
        list(reader.read_documents([str(tmp_path)]))


def test_a_run_within_a_folder_is_no_corpus(tmp_path):
    write(tmp_path / "a.txt", "text\n")
    (tmp_path / "run").mkdir()
    for name in ("run.json", "vocabulary.txt", "z.txt"):
        write(tmp_path / "run" / name, "words\n")
    document, passed = reader.read_documents([str(tmp_path)])
    assert document.pieces == ["text"]
    assert passed == (str(tmp_path / "run"), "holds a run: passed over")
    with pytest.raises(UserError, match=r"no file that ends .*: holds a run: passed over"):
        list(reader.read_documents([str(tmp_path / "run")]))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names")
def test_pipes_and_devices_in_a_folder_are_passed_over(tmp_path):
    write(tmp_path / "a.txt", "text\n")
    os.mkfifo(tmp_path / "b.txt")
    os.symlink("/dev/zero", tmp_path / "c.txt")
    document, *passed = reader.read_documents([str(tmp_path)])
    assert document.pieces == ["text"]
    assert [os.path.basename(item.name) for item in passed] == ["b.txt", "c.txt"]
    with pytest.raises(UserError, match=r"zero: is a device: must be a file or a pipe"):
        list(reader.read_documents(["/dev/zero"]))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names")
def test_a_pipe_is_read_from_its_beginning(tmp_path):
    lines = [f"line {n} of four hundred" for n in range(400)]
    for packed in (lambda data: data, gzip.compress):
        path = str(tmp_path / "pipe")
        os.mkfifo(path)
        writer = threading.Thread(target=pathlib.Path(path).write_bytes, args=[packed("\n".join(lines).encode())])
        writer.start()
        (document,) = reader.read_documents([path])
        writer.join()
        os.unlink(path)
        assert document.pieces == lines


def test_a_pipe_that_brings_too_much(tmp_path):
    with open(tmp_path / "big", "wb") as stream:
        stream.write(b"text of a line\n" * 100_000)
    process = subprocess.Popen(["cat", str(tmp_path / "big")], stdout=subprocess.PIPE)
    path = f"/dev/fd/{process.stdout.fileno()}"
    if not os.path.exists(path):
        pytest.skip("no /dev/fd")
    with process, pytest.raises(UserError, match="holds more than 1 MB: --max-text allows more"):
        list(reader.read_documents([path], TextSettings(max_text=1)))


@pytest.mark.parametrize(
    ("encoding", "noted"), [("euc_jp", "euc_jis_2004"), ("shift_jis", None), ("utf-8", None), ("iso2022_jp", None)]
)
def test_what_an_encoding_was_taken_for_is_noted_where_it_was_guessed(tmp_path, encoding, noted):
    text = "吾輩は猫である。名前はまだ無い。どこで生れたか頓と見当がつかぬ。\n" * 9
    path = write(tmp_path / "a.txt", text.encode(encoding))
    (document,) = reader.read_documents([path])
    assert document.pieces[0] == text.split("\n")[0]
    assert document.remarks == ((f"taken for {noted} (--encoding tells otherwise)",) if noted else ())
    (named,) = reader.read_documents([path], TextSettings(encoding=encoding))
    assert (named.pieces, named.remarks) == (document.pieces, ())
