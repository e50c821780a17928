r"""What somebody else wrote, as it may be printed: nothing in it can steer a terminal or pass for a line of its own.

Names of files and classes, words of a vocabulary and lines of a corpus may hold the sequences by which a terminal is
told to clear itself, to rename its window or to answer as if somebody typed, and signs that turn the order of letters
around. They are shown escaped, as ``\x1b``; all other characters stay as they are.
"""

import json
import re

# C0 and C1 with the line ends among them, the marks that change the direction of what follows, halves of characters
_STEERING = "\x00-\x1f\x7f-\x9f\u061c\u2028-\u202e\u2066-\u2069\ud800-\udfff"
_SHORT = {"\n": r"\n", "\t": r"\t", "\r": r"\r"}
_ANY = re.compile(f"[{_STEERING}]")
_IN_TEXT = re.compile(rf"(?![\n\t])[{_STEERING}]")


def printable(text: str) -> str:
    r"""One line, with whatever steers a terminal escaped; to print what is escaped already changes nothing more.

    >>> print(printable("a\x1b[2Jb\nc"))
    a\x1b[2Jb\nc
    """
    return _ANY.sub(_escaped, text)


def printable_text(text: str) -> str:
    r"""A text of lines as ``printable`` has it, with its line ends and tabs left as they are."""
    return _IN_TEXT.sub(_escaped, text)


def printable_json(value: object) -> str:
    r"""A value as JSON in one line, in which letters stay letters: what JSON itself leaves of what steers is escaped.

    >>> print(printable_json("é\x9b"))
    "é\u009b"
    """
    return _ANY.sub(lambda match: f"\\u{ord(match[0]):04x}", json.dumps(value, ensure_ascii=False))


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    code = ord(character)
    return _SHORT.get(character) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")
