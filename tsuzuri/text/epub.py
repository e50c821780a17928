"""EPUB: the chapters of a book in their order, from XHTML to lines, a paragraph a line.

Everything is read by the parser for HTML, which takes what is malformed and knows no entities that grow.
"""

import posixpath
import re
from collections.abc import Callable
from html.parser import HTMLParser
from urllib.parse import unquote

CONTAINER = "META-INF/container.xml"
BLOCKS = {
    *("p", "div", "section", "article", "blockquote", "li", "ul", "ol", "dl", "dt", "dd", "table", "tr", "pre", "body"),
    *("figure", "figcaption", "header", "footer", "aside", "main", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6"),
}
APART = {"h1", "h2", "h3", "h4", "h5", "h6", "hr"}  # blank lines stand around them
LEFT_OUT = {"head", "script", "style", "rt", "rp", "svg", "math"}  # rt: readings above kanji, as Aozora's are left out
_DOCTYPE = re.compile(r"<!DOCTYPE[^\[>]*(?:\[.*?\])?\s*>", re.DOTALL | re.IGNORECASE)
_SPACES = re.compile(r"[ \t\r\n\f]+")


class _Elements(HTMLParser):
    """Collects (tag, attributes) of every element, without prefixes of namespaces."""

    def __init__(self):
        super().__init__()
        self.elements = []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag.rpartition(":")[2], {name: value or "" for name, value in attrs}))


UNENDED = 500  # tags of a page, at most, that do not end


class _Lines(HTMLParser):
    """Collects the lines of a page's text: each block of it is one, white space is single."""

    def __init__(self):
        super().__init__()
        self.lines, self.parts, self.left_out, self.preformatted = [], [], [], False

    def handle_starttag(self, tag, attrs):
        if tag in LEFT_OUT:
            self.left_out.append(tag)
        elif tag in BLOCKS:
            self._break(tag)
        self.preformatted |= tag == "pre"

    def handle_startendtag(self, tag, attrs):
        if tag in BLOCKS:  # one that is closed at once leaves nothing out
            self._break(tag)

    def handle_endtag(self, tag):
        if tag in self.left_out:
            while self.left_out.pop() != tag:  # what was never closed ends with what it is in
                pass
        elif tag in BLOCKS:
            self._break(tag)
        self.preformatted &= tag != "pre"

    def handle_data(self, data):
        if self.left_out:
            return
        first, *rest = data.split("\n") if self.preformatted else [data]
        self.parts.append(first)
        for line in rest:
            self._break("br")
            self.parts.append(line)

    def _break(self, tag):
        line = "".join(self.parts)
        self.parts.clear()
        line = line.rstrip() if self.preformatted else _SPACES.sub(" ", line).strip(" ")
        if line:
            self.lines.append(line)
        if tag in APART and self.lines and self.lines[-1]:
            self.lines.append("")

    def close(self):
        super().close()
        self._break("body")


def page_lines(page: str) -> list[str]:
    """The lines of the text of a page of HTML.

    >>> page_lines("<h1>One</h1><p>It was <i>dark</i>.</p><p>And\\ncold.")
    ['One', '', 'It was dark.', 'And cold.']

    Raises ``ValueError`` for tags that do not end, which the parser would look through again and again.
    """
    if page.count("<") > 2 * page.count(">") + UNENDED:
        raise ValueError("is an EPUB that is damaged: its tags do not end")
    parser = _Lines()
    parser.feed(_DOCTYPE.sub("", page, count=1))
    parser.close()
    return parser.lines


def book_text(read: Callable[[str], str]) -> str:
    """The text of a book, chapters apart by a blank line; ``read`` gives a file of it by its name, decoded.

    Raises ``ValueError`` with a reason for a book that says nowhere what it is made of, and what ``read`` raises.
    """
    roots = [
        about["full-path"] for tag, about in _elements(read(CONTAINER)) if tag == "rootfile" and "full-path" in about
    ]
    if not roots:
        raise ValueError(f"is an EPUB that is damaged: its {CONTAINER} names no book")
    items, spine = {}, []
    for tag, about in _elements(read(roots[0])):
        if tag == "item" and {"id", "href"} <= about.keys() and "nav" not in about.get("properties", "").split():
            items[about["id"]] = posixpath.normpath(posixpath.join(posixpath.dirname(roots[0]), unquote(about["href"])))
        elif tag == "itemref" and about.get("linear") != "no":
            spine.append(about.get("idref"))
    chapters = list(dict.fromkeys(items[idref] for idref in spine if idref in items))
    pages = (page_lines(read(chapter)) for chapter in chapters)
    text = "\n\n".join("\n".join(lines).strip("\n") for lines in pages if any(lines))
    if not text:
        raise ValueError("is an EPUB without a text: are its pages pictures?")
    return text + "\n"


def _elements(page):
    parser = _Elements()
    parser.feed(page)
    return parser.elements
