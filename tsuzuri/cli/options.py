"""Command lines: options as tables, errors as one line, hyphens and underscores alike."""

import argparse
import os
import re
import signal
import sys

from tsuzuri.cli import console
from tsuzuri.errors import UserError
from tsuzuri.rules import Bounds

REQUIRED = object()
INSTALL = "install Tsuzuri with its dependencies, as README.md says under Two commands (plain pip)"
SWITCH = {"on": True, "off": False, "True": True, "False": False, "true": True, "false": False, "1": True, "0": False}


class Parser(argparse.ArgumentParser):
    """Options from a table. What was not given is not in the result, so that a run's own settings can fill it.

    A row is (flags, type, default, help): its flags the name and its other spellings, of which the first long one names
    the result; its type one of the functions below, a tuple of choices, or None for a flag;
    its default a list where it takes several values. A positional argument has no hyphen; with ``REQUIRED`` as its
    default it must be there.
    """

    def __init__(self, description, tables, prog=None):
        super().__init__(
            prog=prog or console.program_name(),
            description=description,
            argument_default=argparse.SUPPRESS,
            allow_abbrev=False,
        )
        self._switches = set()
        for title, rows in tables.items():
            group = self.add_argument_group(title)
            for flags, kind, default, text in rows:
                self._add(group, flags.split(), kind, default, text)

    def _add(self, group, flags, kind, default, text):
        shown = shown_default(kind, default)
        settings = {"help": (text + (f" (default: {shown})" if shown else "")).replace("%", "%%")}
        positional = not flags[0].startswith("-")
        if kind is None:
            settings |= {"action": "store_true"}
        elif isinstance(kind, tuple):
            settings |= {"choices": kind}
        else:
            settings |= {"type": kind, "metavar": (flags[0] if positional else kind.__name__).upper()}
        if kind is switch:
            self._switches |= set(flags)
        if isinstance(default, list):
            settings |= {"nargs": "*" if positional else "+"}
        elif positional and default is not REQUIRED:
            settings |= {"nargs": "?"}
        group.add_argument(*flags, **settings).required = default is REQUIRED

    def parse_args(self, args=None):
        args = sys.argv[1:] if args is None else list(args)
        ends = args.index("--") if "--" in args else len(args)
        return super().parse_args(_values(self._switched([_hyphens(a) for a in args[:ends]])) + args[ends:])

    def _switched(self, args):
        """A switch without a value as one that is on: argparse would take what comes next for its value."""
        after = zip(args, [*args[1:], ""], strict=False)
        return [f"{arg}=on" if arg in self._switches and value not in SWITCH else arg for arg, value in after]

    def error(self, message):
        raise UserError(f"{message} (--help lists the options)")


def _hyphens(argument):
    """--top_k=3 as --top-k=3."""
    if not argument.startswith("--"):
        return argument
    name, equals, value = argument.partition("=")
    return name.replace("_", "-") + equals + value


def _values(args):
    """--transpose -5..6 as --transpose=-5..6: no option begins with a digit, but argparse takes what it is for one."""
    joined = []
    for arg in args:
        if joined and re.match(r"--[a-z]", joined[-1]) and "=" not in joined[-1] and re.match(r"-[0-9.]", arg):
            joined[-1] += "=" + arg
        else:
            joined.append(arg)
    return joined


def defaults(tables):
    """The default of every option, by the name of its attribute."""
    rows = (row for rows in tables.values() for row in rows)
    return {_name(row[0].split()): row[2] for row in rows}


def shown_default(kind, default):
    """A default as help shows it: on or off for a switch, nothing for an option that is off or has no default."""
    if kind is switch:
        return "on" if default else "off"
    if any(default is none for none in (None, False, REQUIRED)) or default == []:  # by identity: 0 and 0.0 are shown
        return ""
    return str(default)


def sentence(text):
    """A description with a capital and a period."""
    return text[0].upper() + text[1:].rstrip(".") + "."


def _name(flags):
    """The first long one without its hyphens, as argparse names what it found."""
    return next((flag for flag in flags if flag.startswith("--")), flags[0]).lstrip("-").replace("-", "_")


def _number(convert, bounds, name):
    """A type for argparse: a number within ``Bounds``; ``name`` stands for it in the help."""

    def parse(text):
        value = convert(text)
        if not bounds.hold(value):
            raise argparse.ArgumentTypeError(f"{text} is out of range: must be {bounds.say(value)}")
        return value

    parse.__name__ = name
    return parse


count = _number(int, Bounds(1), "n")
seed = _number(int, Bounds(0, 2**32 - 1), "n")
positive = _number(float, Bounds(0, above=True), "x")
not_negative = _number(float, Bounds(0), "x")
seconds = _number(float, Bounds(0.1, 86_400), "x")
fraction = _number(float, Bounds(0, 1, above=True), "x")
ratio = _number(float, Bounds(0, 0.95), "x")
share = _number(float, Bounds(0, 1), "x")
few = _number(int, Bounds(1, 9), "n")


def switch(value):
    """On, or off; a switch that is named without a value is on."""
    if value not in SWITCH:
        raise argparse.ArgumentTypeError(f"{value} must be on or off")
    return SWITCH[value]


switch.__name__ = "on|off"


def path(value):
    """Where to write to."""
    if not value:
        raise argparse.ArgumentTypeError("must name a file or a folder, and is empty")
    return value


def text(value):
    """A word, or a text."""
    return value


def _any_text(name):
    """A type for argparse: any text; ``name`` stands for it in the help."""

    def parse(value):
        return value

    parse.__name__ = name
    return parse


source = _any_text("path")  # a file or a folder to read
device = _any_text("device")
name = _any_text("name")  # of a codec or a column


def run(main, name=None):
    """Call a command's ``main()`` and leave: what a person can mend ends in one line and status 2, with no traceback.

    That line begins with ``name``, which is ``console.program_name()`` unless another is given.
    """
    name = name or console.program_name()
    try:
        status = main()
        sys.stdout.flush()
        sys.exit(status)
    except UserError as error:
        message = " ".join(str(error).split())
        print(f"{name}: error: {message}", file=sys.stderr)
        sys.exit(2)
    except ModuleNotFoundError as error:
        if (error.name or "tsuzuri").startswith("tsuzuri"):  # our own bug
            raise
        print(f"{name}: error: the package {error.name} is not installed: {INSTALL}", file=sys.stderr)
        sys.exit(2)
    except MemoryError:
        print(f"{name}: error: not enough memory (smaller: --unit, --batchsize, --vocab-size)", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    except UnicodeEncodeError as error:
        print(f"{name}: error: standard output cannot show this text in {error.encoding}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:  # the reader of our output has gone, as head does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)  # 128 + SIGPIPE, which Windows does not name
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        print(f"{name}: error: cannot write or read: {error.strerror or error}", file=sys.stderr)
        sys.exit(2)
