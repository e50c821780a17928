"""What a table of options says by name: names, defaults, and options that are given as values of Python."""

import difflib
import os
from collections.abc import Iterable, Mapping, Set
from typing import Any

from tsuzuri.errors import UserError
from tsuzuri.options.option import Option, Tables
from tsuzuri.options.values import FLAG, shown

PART = 4  # letters: with fewer, to be a part of another name says nothing


def option_names(tables: Tables) -> list[str]:
    """The names of all options, in the order of the tables."""
    return [option.name for rows in tables.values() for option in rows]


def option_labels(tables: Tables) -> dict[str, str]:
    """The options as messages name them, by their names: ``{"corpus": "CORPUS", "top_k": "--top-k"}``."""
    return {option.name: option.label for rows in tables.values() for option in rows}


def defaults(tables: Tables) -> dict[str, Any]:
    """The default of every option, by its name."""
    return {option.name: option.default for rows in tables.values() for option in rows}


def read_options(tables: Tables, values: Mapping[str, object]) -> dict[str, Any]:
    """The options that Python code gives, by the names of the tables, as plain values.

    A name may be any long spelling of a command line, with underscores. None is as if the option were not given, and
    so is what a command line cannot say: a flag that is off, no value at all for an option that takes several. Raises
    ``UserError`` for a name that is not known, one that is given twice, and a value that is not allowed.

    >>> read_options(train.TABLES, {"max_epochs": 20, "corpus": "novel.txt", "patience": None})
    {'epoch': 20, 'corpus': ['novel.txt']}
    """
    spellings = _spellings(tables)
    given: dict[str, str] = {}  # the spelling by the name
    found: dict[str, Any] = {}
    for name, value in values.items():
        if name not in spellings:
            raise UserError(f"{name}: no such option: {_hint(name, spellings)}")
        option = spellings[name]
        if value is None:
            continue
        if option.name in given:
            raise UserError(f"{name}: is the option {option.name}, which is given as {given[option.name]} too")
        given[option.name] = name
        try:
            plain = _plain(option, value)
        except ValueError as error:
            raise UserError(f"{name}: {error}") from None
        if not (option.kind is FLAG and plain is False) and plain != []:
            found[option.name] = plain
    return found


def nearest_spelling(name: str, spellings: Iterable[str]) -> str | None:
    """The spelling that a name is most like, or else is part of or has in it; None where it is like none of them."""
    spellings = list(spellings)
    alike = difflib.get_close_matches(name, spellings, n=1, cutoff=0.7)
    alike += [spelling for spelling in spellings if min(len(name), len(spelling)) >= PART and _within(name, spelling)]
    return alike[0] if alike else None


def _within(one: str, other: str) -> bool:
    return one in other or other in one


def _spellings(tables: Tables) -> dict[str, Option]:
    """The option of each name that Python code may give it: its long spellings."""
    found: dict[str, Option] = {}
    for rows in tables.values():
        for option in rows:
            long = [flag for flag in option.all_spellings if flag.startswith("--") or option.positional]
            found |= {flag.lstrip("-").replace("-", "_"): option for flag in long}
    return found


def _hint(name: str, spellings: Mapping[str, Option]) -> str:
    near = nearest_spelling(name, spellings)
    return f"did you mean {spellings[near].name}?" if near else "docs/options.md lists them"


def _plain(option: Option, value: Any) -> Any:
    """The plain value of an option; a list where it takes several."""
    if not option.several:
        return option.kind.convert(value)
    if isinstance(value, bytes | Mapping | Set):  # a set has no order that stays the same
        raise ValueError(f"{shown(value)} is not a list: must be one value, or a list of them")
    single = isinstance(value, str | os.PathLike) or not isinstance(value, Iterable)
    return [option.kind.convert(item) for item in ([value] if single else value)]
