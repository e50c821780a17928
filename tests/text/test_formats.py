"""Files that are no plain text, told by name with what to do; and texts that only look like them."""

import pytest

from tests.text.test_archives import archive
from tests.text.test_reader import write
from tsuzuri.errors import UserError
from tsuzuri.text import reader
from tsuzuri.text.formats import format_fault

PAGE = "<!DOCTYPE html>\n<html><head><title>A page</title></head><body><p>Text</p></body></html>\n"


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (PAGE, "HTML"),
        (PAGE.upper(), "HTML"),
        ("\ufeff" + PAGE, "HTML"),
        ("\n\n<!-- saved from a site -->\n" + PAGE, "HTML"),
        ('<?xml version="1.0"?>\n<html xmlns="x">', "HTML"),
        (b"\xff\xfe" + PAGE.encode("utf-16-le"), "HTML"),
        ("<div><p>One <b>of</b> the pages</p><p>that were cut out</p></div>", "HTML"),
        (r"{\rtf1\ansi{\fonttbl} Hello}", "rich text"),
        (b"%PDF-1.7\n%\xe2\xe3", "a PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99), "an old file of Word"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "a picture"),
        (b"BM" + b"\x36\x10\0\0" + bytes(30), "a picture"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "sound"),
        (b"ID3\x03\0\0", "sound"),
        (b"\0\0\0\x20ftypisom", "a film"),
        (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
        (b"Rar!\x1a\x07\x01\0", "a RAR archive"),
        (b"\x1a\x00-lh5-", "an LHA archive"),
        (b"a.txt".ljust(257, b"\0") + b"ustar", "a tar archive"),
        (b"MThd\0\0\0\x06", "MIDI"),
        (b"\x7fELF\x02", "a program"),
    ],
)
def test_formats_are_told_by_name(tmp_path, data, name):
    with pytest.raises(UserError, match=rf"page: is {name}.*, not plain text: ."):
        list(reader.read_documents([write(tmp_path / "page", data)]))


def test_office_documents_are_told_by_name(tmp_path):
    for members, name in (
        ({"[Content_Types].xml": "", "word/document.xml": ""}, "a Word document"),
        ({"[Content_Types].xml": "", "xl/workbook.xml": ""}, "a spreadsheet"),
        ({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": ""}, "an OpenDocument text"),
    ):
        with pytest.raises(UserError, match=rf"a\.docx: is {name} .*: save it as plain text"):
            list(reader.read_documents([archive(tmp_path / "a.docx", members)]))


@pytest.mark.parametrize(
    "text",
    [
        "<p> is the tag of a paragraph, and what follows explains it at some length.\n" * 9,
        "A review.<br /><br />It has breaks <i>in</i> it.\n",
        '<doc id="12" title="A">\nAn extract of an encyclopedia.\n</doc>\n',
        "BMW builds cars.\n" * 9,
        "ID3 is a format of tags.\n",
        "PAR1 and PAR2\n",
        "a -lh5- b\n",
        "<3 <3 love <3\n" * 9,
        "<name> hi\n<other> hello there\n" * 9,
        "%PDFs are hard\n",
    ],
)
def test_texts_that_begin_like_other_formats_are_texts(text):
    assert format_fault(text.encode()) is None
