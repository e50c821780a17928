"""Project Gutenberg's frame around a book; the texts here are made up, but for the marks."""

import textwrap

import pytest

from tsuzuri.text import reader
from tsuzuri.text.gutenberg import book_lines, is_gutenberg
from tsuzuri.text.settings import TextSettings

BODY = ["", "CHAPTER I", "", "It began with a letter.", "Nobody had written it.", ""]
LICENCE = ["", "Updated editions will replace the previous one.", "1.A. By reading this you agree.", ""]


def book(start, end, credits=(), body=BODY):
    header = ["The Project Gutenberg eBook of A Letter", "", "Title: A Letter", "Author: Nobody", ""]
    return "\n".join([*header, *start, *credits, *body, *end, *LICENCE])


def filled(text):
    return [line for line in book_lines(text) if line.strip()]


@pytest.mark.parametrize(
    "start",
    [
        ["*** START OF THE PROJECT GUTENBERG EBOOK A LETTER ***"],
        ["*** START OF THIS PROJECT GUTENBERG EBOOK A LETTER ***"],
        ["***START OF THE PROJECT GUTENBERG EBOOK A LETTER***"],
        ["*** START OF THE PROJECT GUTENBERG EBOOK A LETTER OF A", "VERY LONG TITLE ***"],
        ["Some rules in small print.", "*END*THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.04.29.93*END*"],
        ["*END THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.03.17.02*END*"],
    ],
)
@pytest.mark.parametrize(
    "end",
    [
        ["*** END OF THE PROJECT GUTENBERG EBOOK A LETTER ***"],
        [
            "End of the Project Gutenberg EBook of A Letter, by Nobody",
            "",
            "*** END OF THIS PROJECT GUTENBERG EBOOK ***",
        ],
        ["***END OF THE PROJECT GUTENBERG EBOOK A LETTER***"],
        ["End of Project Gutenberg's A Letter, by Nobody"],
        ["End of The Project Gutenberg Etext of A Letter, by Nobody"],
        ["This is the end of Project Gutenberg's A Letter"],
    ],
)
def test_header_and_licence_are_cut(start, end):
    text = book(start, end)
    assert is_gutenberg(text)
    assert filled(text) == [line for line in BODY if line]


@pytest.mark.parametrize(
    "credit",
    [
        "Produced by A. Reader and the Online Team",
        "E-text prepared by A. Reader",
        "This etext was prepared by A. Reader,\nof a town",
        "Credits: A. Reader",
    ],
)
def test_credits_are_cut(credit):
    text = book(["*** START OF THE PROJECT GUTENBERG EBOOK X ***"], [], ["", *credit.split("\n")])
    assert filled(text)[:2] == ["CHAPTER I", "It began with a letter."]


def test_a_book_without_an_end_or_without_a_beginning():
    start, end = "*** START OF THE PROJECT GUTENBERG EBOOK X ***", "*** END OF THE PROJECT GUTENBERG EBOOK X ***"
    assert book_lines("\n".join(["header", start, "One.", "Two."])) == ["One.", "Two."]
    assert book_lines("\n".join(["One.", "Two.", end, "licence"])) == ["One.", "Two."]


def test_several_books_in_one_file():
    start, end = "*** START OF THE PROJECT GUTENBERG EBOOK X ***", "*** END OF THE PROJECT GUTENBERG EBOOK X ***"
    text = "\n".join(["header", start, "One.", end, "licence", "header", start, "Two.", end, "licence"])
    assert book_lines(text) == ["One.", "", "Two."]


@pytest.mark.parametrize(
    "text",
    [
        "I read it at Project Gutenberg.\nAt the end of the Project Gutenberg EBook it says so.",
        "*** START ***\nOne.\n*** END ***",
        "We spoke of the small print.\nThe end.",
        "Project Gutenberg's founder wrote.\nEnd of story.",
        "",
    ],
)
def test_a_text_that_speaks_of_the_project_is_not_of_it(text):
    assert not is_gutenberg(text)


def test_read_as_a_file(tmp_path):
    sentence = "It was a long letter, and nobody in the house had ever seen the hand in which it was written. " * 3
    body = ["", *textwrap.wrap(sentence, 70), "", *textwrap.wrap(sentence, 70), ""]
    text = book(["*** START OF THE PROJECT GUTENBERG EBOOK X ***"], ["End of Project Gutenberg's X"], body=body)
    (tmp_path / "x.txt").write_text(text, encoding="utf-8", newline="\r\n")
    (document,) = reader.read_documents([str(tmp_path)], TextSettings(lines="join"))
    assert (document.kind, document.pieces) == ("gutenberg", [sentence.strip(), "", sentence.strip()])
    (before,) = reader.read_documents([str(tmp_path)], TextSettings(lines="drop"))
    assert before.kind == "plain"
    assert before.pieces[0].startswith("The Project Gutenberg"), "as runs of the first format have read it"
