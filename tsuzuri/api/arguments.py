"""Arguments of Python functions beside the tables of options; a wrong one is refused in one line, as an option is."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Set
from typing import Any

from tsuzuri.errors import UserError
from tsuzuri.options.option import Tables
from tsuzuri.options.values import COUNT, FILE, Kind, shown


def path_text(value: object, name: str = "path") -> str:
    """A path as a text; raises ``UserError`` that names the argument ``name``.

    >>> path_text(pathlib.Path("runs/novel"))
    'runs/novel'
    """
    return str(plain_value(name, FILE, value))


def whole_count(value: object, name: str = "count") -> int:
    """A number of things, 1 or more; raises ``UserError`` that names the argument ``name``."""
    return int(plain_value(name, COUNT, value))


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


@contextlib.contextmanager
def python_names(tables: Tables) -> Iterator[None]:
    """Let a ``UserError`` call the options of ``tables`` as Python code does: ``unk="skip"`` for ``--unk skip``."""
    try:
        yield
    except UserError as error:
        raise UserError(with_python_names(str(error), tables)) from None


def with_python_names(message: str, tables: Tables) -> str:
    """A message of a command in which the options of ``tables`` have their names in Python.

    >>> with_python_names("--top-k is for text (--unk skip goes on)", generate.TABLES)
    'top_k is for text (unk="skip" goes on)'
    """
    for option in (option for rows in tables.values() for option in rows if not option.positional):
        label = rf"(?<![\w'-]){option.label}(?![\w-])"
        for value in option.kind.choices:
            message = re.sub(rf"{label}[ =]{value}(?![\w-])", f'{option.name}="{value}"', message)
        message = re.sub(label, option.name, message)
    return message
