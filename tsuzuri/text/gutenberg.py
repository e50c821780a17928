"""Project Gutenberg's plain text, cut to the book: without the header, the credits and the licence.

Marks in the text say where they end and begin: since about 2003 lines of asterisks (*** START OF …), before that the
last line of the "small print" and a line "End of the Project Gutenberg Etext of …".
"""

import re

_NAME = r"(?:the |this )?project gutenberg"
_START = re.compile(rf"\s*\*{{3}} ?start of {_NAME}", re.IGNORECASE)
_SMALL_PRINT_END = re.compile(r"\s*\*end[* ]\s*the small print", re.IGNORECASE)
_STARRED_END = re.compile(rf"\s*\*{{3}} ?end of {_NAME}", re.IGNORECASE)
_END = re.compile(
    rf"\s*(?:\*{{3}} ?)?(?:this is the )?end of {_NAME}(?:'s|’s| ?(?:e-?book|e-?text|edition))", re.IGNORECASE
)
_TITLE = re.compile(rf"\W*{_NAME}", re.IGNORECASE)
_CREDIT = re.compile(
    r"(?:this )?(?:e-?text|e-?book|html version)?\s*(?:was )?"
    r"(?:(?:produced|prepared|scanned|transcribed|proofread)\b.*\bby\b|credits?:)",
    re.IGNORECASE,
)
HEADER_LINES = 60  # in which an old text names the project
MARK_LINES = 3  # a long title goes on in the next lines, up to the closing asterisks
CREDITS = 3  # paragraphs at most
MENTIONS = ("GUTENBERG", "Gutenberg", "SMALL PRINT")  # quickly told, for the many texts that are none


def is_gutenberg(text: str) -> bool:
    """Whether a text has Project Gutenberg's marks: one of them at the beginning of a line."""
    if not any(mention in text for mention in MENTIONS):
        return False
    lines = text.split("\n")
    if any(_START.match(line) or _SMALL_PRINT_END.match(line) or _STARRED_END.match(line) for line in lines):
        return True
    return any(map(_TITLE.match, lines[:HEADER_LINES])) and any(map(_END.match, lines[HEADER_LINES:]))


def book_lines(text: str) -> list[str]:
    """The lines of the book, or of each of several in one file, blank ones among them.

    >>> book_lines("*** START OF THE PROJECT GUTENBERG EBOOK X ***\\nIt began.\\nEnd of Project Gutenberg's X")
    ['It began.']
    """
    lines = text.split("\n")
    books: list[list[str]] = []
    first = next((line for line in lines if _is_start(line) or _END.match(line)), "")
    within = not _is_start(first)  # only the end is marked, or the small print follows it
    books += [[]] if within else []
    k = 0
    while k < len(lines):
        if _is_start(lines[k]):
            k, within = _after_mark(lines, k), True
            books.append([])
            continue
        within = within and not _END.match(lines[k])
        if within:
            books[-1].append(lines[k])
        k += 1
    return [line for book in books for line in [*_without_credits(book), ""]][:-1]


def _is_start(line):
    return bool(_START.match(line) or _SMALL_PRINT_END.match(line))


def _after_mark(lines, k):
    """The line after a mark, which may be of several."""
    if _SMALL_PRINT_END.match(lines[k]):
        return k + 1
    for end in range(k, min(k + MARK_LINES, len(lines))):
        if lines[end].rstrip().endswith("***"):
            return end + 1
        if not lines[end].strip():
            break
    return k + 1


def _without_credits(book):
    """A book without the paragraphs before it that say who made the file."""
    start = 0
    for _ in range(CREDITS):
        first = next((k for k in range(start, len(book)) if book[k].strip()), len(book))
        if first == len(book) or not _CREDIT.match(book[first].strip()):
            break
        start = next((k for k in range(first, len(book)) if not book[k].strip()), len(book))
    return book[start:]
