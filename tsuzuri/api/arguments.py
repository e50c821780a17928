"""Arguments of Python functions beside the tables of options; a wrong one is refused in one line, as an option is."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Set
from typing import Any

from tsuzuri.errors import UserError
from tsuzuri.options.values import FILE, SIZE, Kind, shown


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
