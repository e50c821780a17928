"""Command lines from tables of options: errors as one line, hyphens and underscores alike."""

import argparse
import os
import re
import signal
import sys

from tsuzuri.errors import UserError
from tsuzuri.options.option import REQUIRED, Tables
from tsuzuri.options.values import FLAG, ON_OFF, SWITCH


class Parser(argparse.ArgumentParser):
    """Options from a table of ``tsuzuri/options/``. What was not given is not in the result.

    So a run's own settings can fill it.
    """

    def __init__(self, description: str, tables: Tables, prog: str | None = None):
        super().__init__(prog=prog, description=description, argument_default=argparse.SUPPRESS, allow_abbrev=False)
        self._switches = set()
        for title, rows in tables.items():
            group = self.add_argument_group(title)
            for option in rows:
                self._add(group, option)

    def _add(self, group, option):
        shown = option.shown_default()
        settings = {"help": (option.help + (f" (default: {shown})" if shown else "")).replace("%", "%%")}
        if option.kind is FLAG:
            settings |= {"action": "store_true"}
        else:
            placeholder = option.flags.upper() if option.positional else option.kind.placeholder
            settings |= {"type": _argument_type(option.kind), "metavar": placeholder}
        if option.kind is SWITCH:
            self._switches |= set(option.spellings)
        if option.several:
            settings |= {"nargs": "*" if option.positional else "+"}
        elif option.positional and option.default is not REQUIRED:
            settings |= {"nargs": "?"}
        group.add_argument(*option.spellings, **settings).required = option.default is REQUIRED

    def parse_args(self, args=None):
        args = sys.argv[1:] if args is None else list(args)
        ends = args.index("--") if "--" in args else len(args)
        return super().parse_args(_values(self._switched([_hyphens(a) for a in args[:ends]])) + args[ends:])

    def _switched(self, args):
        """A switch without a value as one that is on: argparse would take what comes next for its value."""
        after = zip(args, [*args[1:], ""], strict=False)
        return [f"{arg}=on" if arg in self._switches and value not in ON_OFF else arg for arg, value in after]

    def error(self, message):
        raise UserError(f"{message.removeprefix('argument ')} (--help lists the options)")


def _argument_type(kind):
    """A kind of values as argparse wants it."""

    def convert(text):
        try:
            return kind.convert(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return convert


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


def sentence(text):
    """A description with a capital and a period."""
    return text[0].upper() + text[1:].rstrip(".") + "."


def run(main):
    """Call a script's ``main()`` and leave: what a person can mend ends in one line and status 2, with no traceback."""
    name = os.path.basename(sys.argv[0])
    try:
        status = main()
        sys.stdout.flush()
        sys.exit(status)
    except UserError as error:
        message = " ".join(str(error).split())
        print(f"{name}: error: {message}", file=sys.stderr)
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
