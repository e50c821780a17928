"""Arguments of Python functions beside the tables of options; a wrong one is refused in one line, as an option is."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping, Set
from typing import Any

from tsuzuri.errors import UserError
from tsuzuri.options import classify, generate, midi, train
from tsuzuri.options.values import FILE, FLAG, SIZE, Kind, shown
from tsuzuri.printable import printable

TABLES = (train.TABLES, classify.TRAIN, classify.PREDICT, generate.TABLES, midi.READ_MIDI)
OPTIONS = [option for tables in TABLES for rows in tables.values() for option in rows]
FLAGS = {option.name for option in OPTIONS if option.kind is FLAG}
CHOICES = {(option.name, word) for option in OPTIONS for word in option.kind.choices}
ARGUMENTS = {"num_samples": "count"}  # options that are arguments of another name
QUOTED = re.compile(
    r"(?<!\w)('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")(?!\w)"
)  # somebody's own words, which stay as they are
NAMES = {option.name for option in OPTIONS}
OF_COMMAND_LINE = re.compile(
    r"(?<![^\s(])(?:-\w/)?--(?P<name>[a-z]+(?:-[a-z]+)*)(?![\w/.])(?P<value> (?:\d+(?:\.\d+)?|[a-z]\w*)\b)?"
)


def in_python(message: str) -> str:
    """A message about options of a command line as Python code gives them.

    >>> in_python("--unit 300: holds a run already: --unk skip or --force")
    'unit=300: holds a run already: unk="skip" or force=True'
    """

    def named(match: re.Match[str]) -> str:
        option, value = match["name"].replace("-", "_"), match["value"] or ""
        if option not in NAMES:
            return match[0]
        name, word = ARGUMENTS.get(option, option), value.strip()
        if option in FLAGS:
            return f"{name}=True{value}"
        if word[:1].isdigit():
            return f"{name}={word}"
        return f'{name}="{word}"' if (option, word) in CHOICES else f"{name}{value}"

    parts = QUOTED.split(message)  # every second one is quoted
    return "".join(part if n % 2 else OF_COMMAND_LINE.sub(named, part) for n, part in enumerate(parts))


@contextlib.contextmanager
def options_in_python() -> Iterator[None]:
    """What goes wrong within is told in terms of Python: the rooms below name options as a command line does."""
    try:
        yield
    except UserError as error:
        raise UserError(in_python(str(error))) from None


def path_text(value: object, name: str = "path") -> str:
    """A path as a text; raises ``UserError`` that names the argument ``name``.

    >>> path_text(pathlib.Path("runs/novel"))
    'runs/novel'
    """
    return str(plain_value(name, FILE, value))


def whole_count(value: object, name: str = "count") -> int:
    """How many to make side by side, 1 or more; raises ``UserError`` that names the argument ``name``."""
    return int(plain_value(name, SIZE, value))


def plain_value(name: str, kind: Kind, value: object) -> Any:
    """The plain value of what is called ``name`` in Python; raises ``UserError`` for one that is not of its kind."""
    try:
        return kind.convert(value)
    except ValueError as error:
        raise UserError(f"{name}: {error}") from None


def as_list(value: Any, name: str, allowed: str) -> list[Any]:
    """What a list, a generator or the like holds; ``allowed`` is the end of the message, as in "must be ...".

    Raises ``UserError`` for what holds nothing in an order: bytes, numbers, dicts and sets.
    """
    if isinstance(value, str | bytes | bytearray | os.PathLike | Mapping | Set) or not isinstance(value, Iterable):
        raise UserError(f"{name}: is {shown(value)}, must be {allowed}")
    return list(value)


def warn(line: str) -> None:
    """A remark on what was asked for, where nothing is printed: a warning in terms of Python, which shows it."""
    level, frame = 1, sys._getframe()
    while frame.f_back and frame.f_globals.get("__name__", "").startswith("tsuzuri."):
        level, frame = level + 1, frame.f_back
    text = printable(in_python(line.removeprefix("note: ")))
    warnings.warn(text, UserWarning, stacklevel=level)  # of the line that called the package
