"""The kinds of values that options have: from a command line's text, or a value of Python, to a plain value.

A command line has only texts; Python code may give an int, a number of NumPy or a ``pathlib.Path`` as well. What a kind
returns is plain, so that it can be kept as JSON.
"""

import dataclasses
import numbers
import operator
import os
import reprlib
from collections.abc import Callable
from typing import Any

from tsuzuri.rules import PLENTY, Bounds

LARGEST = 65_536  # of what takes memory: units, streams, steps; far more than any machine has room for at once
AUTO = "auto"
LONGEST = 60  # characters of a value that a message shows
ON_OFF = {"on": True, "off": False, "True": True, "False": False, "true": True, "false": False, "1": True, "0": False}


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of values: what stands for one in a help text, and what makes a plain value of one.

    ``convert`` takes a text or a value of Python; it raises ``ValueError`` that names the value and what is allowed.
    ``choices`` are all values that there are, where they can be listed.

    >>> COUNT.convert("20")
    20
    """

    placeholder: str
    convert: Callable[[Any], Any]
    choices: tuple[str, ...] = ()


def shown(value: object) -> str:
    """A value as a message names it: a text, a number or a path as it is, cut where it is long."""
    plain = isinstance(value, str | numbers.Number | os.PathLike)
    text = (str(value) if plain else reprlib.repr(value)) or "''"
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def is_number(value: object) -> bool:
    """Whether a value of Python is a real number, of NumPy's too; a truth value is none."""
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def to_whole(value: Any) -> int:
    """An int of a text or a number; raises ``ValueError`` or ``TypeError`` where it is none, as 2.5 and True are."""
    if isinstance(value, str):
        return int(value)
    if is_number(value) and value == int(value):
        return int(value)
    if isinstance(value, numbers.Number):  # a fraction, a truth value, a complex number
        raise TypeError
    return operator.index(value)


def to_float(value: Any) -> float:
    """A float of a text or a number; raises ``ValueError``, ``TypeError`` or ``OverflowError`` where it is none."""
    if isinstance(value, str) or is_number(value):
        return float(value)
    raise TypeError


def whole_number(bounds: Bounds, allowed: str = "") -> Kind:
    """The kind of whole numbers within bounds; ``allowed`` says these in other words."""
    return Kind("N", _number(to_whole, "a whole number", bounds, allowed))


def any_number(bounds: Bounds, allowed: str = "") -> Kind:
    """The kind of numbers within bounds; ``allowed`` says these in other words."""
    return Kind("X", _number(to_float, "a number", bounds, allowed))


def or_auto(kind: Kind) -> Kind:
    """The kind of values that are of another kind, or the word auto."""

    def convert(value: Any) -> Any:
        try:
            return AUTO if isinstance(value, str) and value == AUTO else kind.convert(value)
        except ValueError as error:
            raise ValueError(f"{error}, or {AUTO}") from None

    return Kind(kind.placeholder, convert, kind.choices)


def _number(to_plain: Callable[[Any], float], what: str, bounds: Bounds, allowed: str) -> Callable[[Any], float]:
    def convert(value: Any) -> float:
        try:
            number = to_plain(value)
        except (TypeError, ValueError, OverflowError):
            raise ValueError(f"{shown(value)} is not {what}: must be {allowed or bounds.say()}") from None
        if not bounds.hold(number):
            raise ValueError(f"{shown(value)} is out of range: must be {allowed or bounds.say(number)}")
        return number

    return convert


def choice(*names: str) -> Kind:
    """The kind of values that are one of some names."""

    def convert(value: Any) -> str:
        if not isinstance(value, str) or value not in names:
            raise ValueError(f"{shown(value)} is unknown: must be one of {', '.join(names)}")
        return str(value)

    return Kind(f"{{{','.join(names)}}}", convert, names)


def _on_or_off(value: Any) -> bool:
    """True or False, of a text or of a truth value."""
    if isinstance(value, str):
        if value in ON_OFF:
            return ON_OFF[value]
    elif type(value).__name__ in ("bool", "bool_"):  # NumPy's too, by either of its names
        return bool(value)
    raise ValueError(f"{shown(value)} is unknown: must be on or off")


def _path(value: Any) -> str:
    """The text of a path, which must name something."""
    text = _text(value)
    if not text:
        raise ValueError("must name a file or a folder, and is empty")
    if "\0" in text:
        raise ValueError(f"{shown(value)!r} is no path: must hold no null character")
    return text


def _text(value: Any) -> str:
    """A text; a path is one too."""
    text = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(text, str):
        raise ValueError(f"{shown(value)} is not a text: must be a str or a path")
    return str(text)


def _some_text(value: Any) -> str:
    """A text that holds something."""
    text = _text(value)
    if not text:
        raise ValueError("must be a text of one character or more, and is empty")
    if any("\ud800" <= character <= "\udfff" for character in text):  # bytes that are no UTF-8
        raise ValueError(f"{shown(text)!r} is none of Unicode: must be text in UTF-8")
    return text


def _name(value: Any) -> str:
    """A name; a number is one too, as of a column."""
    return str(operator.index(value)) if is_number(value) and isinstance(value, numbers.Integral) else _text(value)


COUNT = whole_number(Bounds(1, PLENTY))
SIZE = whole_number(Bounds(1, LARGEST))
WHOLE = whole_number(Bounds(0, PLENTY))
FEW = whole_number(Bounds(1, 9))
LAYERS = whole_number(Bounds(1, 4))
SEED = whole_number(Bounds(0, 2**32 - 1))
POSITIVE = any_number(Bounds(0, above=True))
NOT_NEGATIVE = any_number(Bounds(0))
FACTOR = any_number(Bounds(1))
SECONDS = any_number(Bounds(0.1, 86_400))
FRACTION = any_number(Bounds(0, 1, above=True))
RATIO = any_number(Bounds(0, 0.95))
RATIO_OR_AUTO = or_auto(RATIO)
SHARE = any_number(Bounds(0, 1))
KEPT = any_number(Bounds(0, 0.999999))

FLAG = Kind("", _on_or_off)  # an option that takes no value: it is there or not
SWITCH = Kind("{on,off}", _on_or_off, ("on", "off"))

FILE = Kind("FILE", _path)
FOLDER = Kind("FOLDER", _path)
RUN = Kind("RUN", _path)
TEXT = Kind("TEXT", _text)
SOME_TEXT = Kind("TEXT", _some_text)
NAME = Kind("NAME", _name)  # of a codec or a column
DEVICE = Kind("DEVICE", _text)
