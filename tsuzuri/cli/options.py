"""Command lines from tables of options, their help, and errors as one line."""

import argparse
import contextlib
import signal
import sys
from collections.abc import Sequence

from tsuzuri.cli import console, signals
from tsuzuri.errors import UserError, lacks_memory
from tsuzuri.options.command_line import read_command_line
from tsuzuri.options.option import Tables
from tsuzuri.options.values import FLAG

INSTALL = "install Tsuzuri with its dependencies, as README.md says under Two commands (plain pip)"
LOADING = ImportError, SystemError, AttributeError, RuntimeError  # of modules that could not load


class Parser(argparse.ArgumentParser):
    """A command line from a table of ``tsuzuri/options/``; argparse writes its help, and reads nothing.

    ``usage`` is what follows the program's name, ``examples`` are command lines without it.
    """

    def __init__(
        self, description: str, tables: Tables, prog: str | None = None, usage: str = "", examples: Sequence[str] = ()
    ):
        super().__init__(
            prog=prog or console.program_name(),
            description=description,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        self._tables = tables
        if usage:
            self.usage = f"%(prog)s {usage} [options]"
        if examples:
            self.epilog = examples_text(self.prog, examples).replace("%", "%%")
        self._optionals.title = "help"
        for title, rows in tables.items():
            group = self.add_argument_group(title)
            for option in rows:
                self._add(group, option)

    def _add(self, group, option):
        default = option.shown_default()
        settings = {"help": (option.help + (f" (default: {default})" if default else "")).replace("%", "%%")}
        if option.kind is FLAG:
            settings |= {"action": "store_true"}
        else:
            settings |= {"metavar": option.label if option.positional else option.kind.placeholder}
        if option.several:
            settings |= {"nargs": "*" if option.positional else "+"}
        group.add_argument(*option.spellings, **settings)

    def parse_args(self, args: Sequence[str] | None = None) -> argparse.Namespace:
        """The options that were given, by name; what was not given is not there, so that a run's own can fill it.

        Raises ``UserError`` for what is wrong; ``--help`` prints the help and leaves.
        """
        args = sys.argv[1:] if args is None else list(args)
        if {"-h", "--help"} & {*args[: args.index("--") if "--" in args else None]}:
            console.show(self.format_help().rstrip("\n"))  # argparse would keep to itself that it cannot be written
            self.exit()
        return argparse.Namespace(**read_command_line(self._tables, args))


def examples_text(program: str, examples: Sequence[str]) -> str:
    """Example command lines for a help text: ``program`` is its name, and each example what follows it."""
    start = f"python {program}" if program.split()[0].endswith(".py") else program
    return "\n".join(["examples:", *(f"  {start} {line}" for line in examples)])


def sentence(text):
    """A description with a capital and a period."""
    return text[0].upper() + text[1:].rstrip(".") + "."


def run(main, name=None):
    """Call a command's ``main()`` and leave: what a person can mend ends in one line and status 2, with no traceback.

    That line begins with ``name``, which is ``console.program_name()`` unless another is given.
    """
    name = name or console.program_name()
    with console.closed_streams():
        status, message = _status(main)
        if message:
            with contextlib.suppress(BrokenPipeError):
                console.note(f"{name}: error: {message}")
        console.discard_output()
        sys.exit(status)


def _status(main):
    """The exit status of a command's ``main()``, and the message with which it failed, or None."""
    try:
        status = _unless_interrupted(main)
        sys.stdout.flush()
    except UserError as error:
        return 2, str(error)
    except ModuleNotFoundError as error:
        if (error.name or "tsuzuri").startswith("tsuzuri"):  # our own bug
            raise
        return 2, f"the package {error.name} is not installed: {INSTALL}"
    except LOADING as error:
        if not lacks_memory(error):
            raise
        return 2, f"not enough memory to load the modules: {_first_line(error)}"
    except MemoryError:
        return 2, "not enough memory (smaller: --unit, --batchsize, --vocab-size)"
    except KeyboardInterrupt:
        return 128 + signal.SIGINT, None
    except UnicodeEncodeError as error:
        return 2, f"standard output cannot show this text in {error.encoding}"
    except BrokenPipeError:  # the reader of our output has gone, as head does
        return 141, None  # 128 + SIGPIPE, which Windows does not name
    except OSError as error:
        return 2, f"cannot write or read: {error.strerror or error}"
    return status, None


def _unless_interrupted(main):
    """What ``main()`` returns; raises ``KeyboardInterrupt`` in place of what a module made of one that came to it."""
    try:
        return main()
    except LOADING:
        if signals.interrupts:
            raise KeyboardInterrupt from None
        raise


def _first_line(error):
    """The beginning of what an error says, or its kind where that is nothing."""
    return str(error).strip().partition("\n")[0] or type(error).__name__
