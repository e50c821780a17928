"""A command line's arguments to options by name: words and options in any order, and hints where one is not known."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tsuzuri.errors import UserError
from tsuzuri.options.option import REQUIRED, Option, Tables
from tsuzuri.options.resolve import nearest_spelling
from tsuzuri.options.values import FLAG, ON_OFF, SWITCH, shown

# what is no word by itself after a switch, but a wrong value of it
MEANT_FOR_SWITCH = re.compile(r"on|off|yes|no|y|n|true|false|auto|maybe|none|default|[0-9.]+", re.I)
HELP = " (--help lists the options)"


def read_command_line(tables: Tables, arguments: Iterable[str]) -> dict[str, object]:
    """The options that a command line gives, by the names of the tables, as plain values.

    Words that belong to no option may stand anywhere; after ``--`` there are only such words. An option that takes
    several values takes all that follow up to the next option, and may be given more than once. Raises ``UserError``.

    >>> read_command_line(generate.TABLES, ["runs/novel", "--top_p=0.9", "-n", "2", "灯台"])
    {'top_p': 0.9, 'num_samples': 2, 'run': 'runs/novel', 'word': '灯台'}
    """
    options = [option for rows in tables.values() for option in rows]
    spellings = {flag: option for option in options if not option.positional for flag in option.all_spellings}
    rest = list(arguments)
    words: list[str] = []
    given: dict[str, Any] = {}
    while rest:
        argument = rest.pop(0)
        if argument == "--":
            words += rest
            break
        if not _is_option(argument, spellings):
            words.append(argument)
            continue
        option, value = _option_of(argument, spellings, rest)
        plain = _value_of(option, value, rest, spellings)
        given[option.name] = given.get(option.name, []) + plain if option.several else plain
    return given | dict(_positionals([option for option in options if option.positional], words))


def _is_option(argument: str, spellings: Mapping[str, Option]) -> bool:
    """Whether an argument is an option: a negative number, a hyphen and a text of several words are none."""
    if not argument.startswith("-") or argument == "-" or re.match(r"-[0-9.]", argument):
        return False
    return _long_name(argument) in spellings or argument[:2] in spellings or " " not in argument


def _long_name(argument: str) -> str:
    """--top-k of --top_k=3."""
    return argument.partition("=")[0].replace("_", "-")


def _option_of(argument: str, spellings: Mapping[str, Option], rest: list[str]) -> tuple[Option, str | None]:
    """The option that an argument names, and the value that is part of it, or None.

    Of flags in one word, as in -rf, those after the first are put back into ``rest``.
    """
    name = _long_name(argument)
    if argument.startswith("--"):
        if name not in spellings:
            raise UserError(f"{name}: no such option: {_hint(name, spellings)}")
        return spellings[name], argument.partition("=")[2] if "=" in argument else None
    option, more = spellings.get(argument[:2]), argument[2:]
    if option is None or "-" + name in spellings:  # -epoch is no value of -e
        raise UserError(f"{shown(argument)}: no such option: {_hint(name, spellings)}")
    if more and option.kind is FLAG and "-" + more[0] in spellings:
        rest.insert(0, "-" + more)
        more = ""
    return option, more.removeprefix("=") if more else None


def _hint(name: str, spellings: Mapping[str, Option]) -> str:
    """What an option that is not known may have been meant as; the table's own spelling where an alias is near."""
    names = {flag.lstrip("-"): option for flag, option in spellings.items() if flag.startswith("--")}
    near = nearest_spelling(name.lstrip("-"), names)
    return f"did you mean {names[near].label}?" if near else HELP.strip(" ()")


def _value_of(option: Option, value: str | None, rest: list[str], spellings: Mapping[str, Option]) -> Any:
    """The plain value of an option, which is part of its argument or is taken from the ``rest``."""
    if option.kind is FLAG:
        if value is not None:
            raise UserError(f"{option.label}: takes no value, and {shown(value)} is given")
        return True
    if value is not None:
        texts = [value]
    elif option.kind is SWITCH and not (rest and (rest[0] in ON_OFF or MEANT_FOR_SWITCH.fullmatch(rest[0]))):
        texts = ["on"]
    else:
        texts = []
        while rest and rest[0] != "--" and not _is_option(rest[0], spellings) and (option.several or not texts):
            texts.append(rest.pop(0))
        if not texts:
            hyphen = f" (one that begins with a hyphen as {option.label}={shown(rest[0])})" if rest else ""
            raise UserError(f"{option.label}: needs a value: {option.label} {option.kind.placeholder}{hyphen}")
    plain = [_plain(option, text) for text in texts]
    return plain if option.several else plain[0]


def _positionals(options: list[Option], words: list[str]) -> Iterator[tuple[str, object]]:
    """(name, value) of the arguments that stand by themselves: one word each, and all that are left for the last."""
    left = list(words)
    for option in options:
        if not left and option.default is REQUIRED:
            raise UserError(f"{option.label} is missing: name a {option.help}{HELP}")
        if not left:
            return
        if option.several:
            yield option.name, [_plain(option, word) for word in left]
            return
        yield option.name, _plain(option, left.pop(0))
    if left:
        taken = " and ".join(option.label for option in options)
        raise UserError(f"{shown(left[0])}: one word too many after {taken} (a text of several words needs quotes)")


def _plain(option: Option, text: str) -> Any:
    try:
        return option.kind.convert(text)
    except ValueError as error:
        raise UserError(f"{option.label}: {error}") from None
