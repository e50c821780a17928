"""The program ``tsuzuri``: ``tsuzuri train novel.txt -o runs/novel`` is what ``python train.py`` is in a clone.

``python -m tsuzuri`` is the same. A command's module is imported when it is called: ``--help`` is there at once.
"""

import difflib
import importlib
import sys
from typing import NoReturn

from tsuzuri.cli import console, doctor, options
from tsuzuri.errors import UserError

COMMANDS = {  # what each does; its module has the same name
    "train": "train a language model on your own text or music",
    "generate": "write text or music with a trained model",
    "read-midi": "turn MIDI files into words",
    "write-midi": "turn words into MIDI files",
    "classify": "sort texts or tunes into classes: train, predict, evaluate",
    "doctor": "check what is installed, and say what mends it",
}
EXAMPLES = ("tsuzuri train novel.txt -o runs/novel", "tsuzuri generate runs/novel --sentences 5")


def start(command: str | None = None) -> NoReturn:
    """Run a command on the arguments of this process and leave it; without ``command`` the first of them names it."""
    words = sys.argv[1:] if command is None else [command, *sys.argv[1:]]
    named = command is not None or _known(words)
    options.run(lambda: main(words), console.program_name() if named else "tsuzuri")


def main(argv: list[str]) -> int | None:
    """Run the command that ``argv`` begins with on the rest of it; returns the exit status.

    Raises ``UserError`` for one that there is not.
    """
    if not argv or argv[0] in ("-h", "--help"):
        console.show(usage())
        return 0
    if argv[0] == "--version":
        console.show(f"tsuzuri {version()}")
        return 0
    if not _known(argv):
        raise UserError(f"{argv[0]}: not a command: {_meant(argv[0])} (--help lists them)")
    if argv[0] == "train" and doctor.ASKED in argv[1:]:  # which may be asked since what train.py needs is not there
        return doctor.main([])
    module = importlib.import_module(f"tsuzuri.cli.{argv[0].replace('-', '_')}")
    return module.main(argv[1:])


def usage() -> str:
    """What ``tsuzuri --help`` shows."""
    summaries = [f"  {name:11} {text}" for name, text in COMMANDS.items()]
    lines = ["usage: tsuzuri COMMAND ...", "", *summaries, "", "examples:", *(f"  {line}" for line in EXAMPLES)]
    return "\n".join([*lines, "", "tsuzuri COMMAND --help lists its options; tsuzuri --version names the version."])


def version() -> str:
    """The version that is installed; raises ``UserError`` where none is, as in a clone without ``make setup``."""
    from importlib import metadata  # takes longer to load than all else here

    try:
        return metadata.version("tsuzuri")
    except metadata.PackageNotFoundError:
        raise UserError("--version: Tsuzuri is not installed, and runs from its folder") from None


def _known(argv):
    return bool(argv) and argv[0].replace("_", "-") in COMMANDS


def _meant(name):
    """A hint at the command that a wrong name may stand for."""
    close = difflib.get_close_matches(name.removesuffix(".py").replace("_", "-"), COMMANDS, 1)
    return f"did you mean {close[0]}?" if close else f"must be one of {', '.join(COMMANDS)}"
