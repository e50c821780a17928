r"""What steers a terminal is escaped, what means something to a reader is left, and JSON stays JSON."""

import json
import unicodedata

import pytest

from tsuzuri.errors import UserError
from tsuzuri.printable import printable, printable_json, printable_text

STEERING = {
    "\x1b[2J": r"\x1b[2J",  # clears the screen
    "\x1b]0;title\x07": r"\x1b]0;title\x07",
    "\x9b31m": r"\x9b31m",  # the same as ESC [ in one character
    "a\rb": r"a\rb",
    "\x08\x7f": r"\x08\x7f",
    "\x85\u2028\u2029": r"\x85\u2028\u2029",  # line ends too
    "\u202egnp.exe": r"\u202egnp.exe",
    "\u2066\u2069": r"\u2066\u2069",
    "\udcff": r"\udcff",  # a byte of a file's name that is no UTF-8
}
PLAIN = ["", "灯台", "全角　の 空白", "a  b", "é e\u0301", "👩‍👧 🇯🇵", "\u200e\u200fשלום", r"back\slash \x1b", "\xa0"]


@pytest.mark.parametrize("text", STEERING)
def test_what_steers_is_escaped(text):
    assert printable(text) == printable_text(text) == STEERING[text]
    assert printable(STEERING[text]) == STEERING[text]


@pytest.mark.parametrize("text", PLAIN)
def test_what_is_plain_stays(text):
    assert printable(text) == printable_text(text) == text


def test_only_a_text_keeps_its_lines():
    assert printable("a\n\tb") == r"a\n\tb"
    assert printable_text("a\n\tb") == "a\n\tb"


def test_no_control_character_passes():
    every = "".join(chr(n) for n in range(0x110000) if unicodedata.category(chr(n)) in ("Cc", "Zl", "Zp", "Cs"))
    assert not set(printable(every)) & set(every)
    assert set(printable_text(every)) & set(every) == {"\n", "\t"}


@pytest.mark.parametrize("text", [*STEERING, *PLAIN, '\n\t"\\'])
def test_json_has_the_same_value(text):
    line = printable_json({"text": text})
    assert json.loads(line) == {"text": text}
    assert printable(line) == line


def test_an_error_is_one_line_that_cannot_steer():
    assert str(UserError("a\n\x1b[2J.txt: no such file")) == r"a\n\x1b[2J.txt: no such file"
