"""EPUB: chapters in the order of the spine, a paragraph a line."""

import zipfile

import pytest

from tests.text.test_archives import archive
from tsuzuri.errors import UserError
from tsuzuri.text import reader
from tsuzuri.text.epub import page_lines
from tsuzuri.text.settings import TextSettings

CONTAINER = '<container><rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
OPF = """<?xml version="1.0"?><opf:package xmlns:opf="x"><opf:manifest>
<opf:item id="two" href="text/chapter%202.xhtml"/><opf:item id="one" href="text/one.xhtml"/>
<opf:item id="toc" href="toc.xhtml" properties="nav"/><opf:item id="notes" href="notes.xhtml"/>
</opf:manifest><opf:spine><opf:itemref idref="toc"/><opf:itemref idref="one"/><opf:itemref idref="two"/>
<opf:itemref idref="notes" linear="no"/><opf:itemref idref="one"/></opf:spine></opf:package>"""
ONE = """<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>
<html><head><title>Book</title><style>p {}</style></head><body><h1>One</h1>
<p>It was <i>dark</i>,\n  and &amp; cold.</p><p>\u3000<ruby>漢字<rp>(</rp><rt>かんじ</rt><rp>)</rp></ruby>です。</p>
</body></html>"""
TWO = "<html><body><h1>Two</h1><p>The end.<br/>Really.</p></body></html>"
MEMBERS = {
    "mimetype": "application/epub+zip",
    "META-INF/container.xml": CONTAINER,
    "OEBPS/book.opf": OPF,
    "OEBPS/text/one.xhtml": ONE,
    "OEBPS/text/chapter 2.xhtml": TWO,
    "OEBPS/toc.xhtml": "<p>Contents</p>",
    "OEBPS/cover.txt": "not the text",
}
LINES = ["One", "It was dark, and & cold.", "\u3000漢字です。", "Two", "The end.", "Really."]


def test_a_book_is_read_in_the_order_of_its_spine(tmp_path):
    (document,) = reader.read_documents([archive(tmp_path / "a.epub", MEMBERS)])
    assert [line for line in document.pieces if line] == LINES
    assert document.name == str(tmp_path / "a.epub")
    (document,) = reader.read_documents([str(tmp_path)])
    assert [line for line in document.pieces if line] == LINES


def test_books_that_cannot_be_read(tmp_path):
    for members, reason in (
        (MEMBERS | {"META-INF/container.xml": "<container/>"}, "is an EPUB that is damaged: its META-INF"),
        (MEMBERS | {"OEBPS/book.opf": "<package/>"}, "is an EPUB without a text"),
        ({name: data for name, data in MEMBERS.items() if "one" not in name}, r"it lacks OEBPS/text/one\.xhtml"),
        (MEMBERS | {"OEBPS/text/one.xhtml": bytes(range(256)) * 9}, r"its OEBPS/text/one\.xhtml .* \(is it protected"),
    ):
        with pytest.raises(UserError, match=reason):
            list(reader.read_documents([archive(tmp_path / "a.epub", members)]))


def test_a_book_that_unpacks_to_too_much(tmp_path):
    path = archive(tmp_path / "a.epub", MEMBERS | {"OEBPS/text/one.xhtml": "<p>" + "again " * 200_000})
    with pytest.raises(UserError, match="holds more than 1 MB: --max-text"):
        list(reader.read_documents([path], TextSettings(max_text=1)))
    with zipfile.ZipFile(path) as stream:
        assert sum(info.compress_size for info in stream.infolist()) < 10_000


@pytest.mark.parametrize(
    ("page", "lines"),
    [
        ("<p>One<p>Two", ["One", "Two"]),
        ("<pre>a\n  b</pre>", ["a", "  b"]),
        ("<ul><li>a</li><li>b</li></ul>", ["a", "b"]),
        ("<p>a<script>x()</script>b</p>", ["ab"]),
        ("<p>before</p><hr/><p>after</p>", ["before", "", "after"]),
        ("<head/><p>a</p>", ["a"]),
        ("a <b>bold\nword</b> &mdash; &#x732b;", ["a bold word — 猫"]),
        ("", []),
    ],
)
def test_pages_to_lines(page, lines):
    assert page_lines(page) == lines


@pytest.mark.parametrize("tag", ["<a ", "<!--", "<p class='"])
def test_tags_that_do_not_end_take_no_time(tag):
    with pytest.raises(ValueError, match="its tags do not end"):
        page_lines("<p>text" + tag * 50_000)
    assert page_lines("<p>1 < 2 < 3</p>" * 3)[0].startswith("1 < 2")
