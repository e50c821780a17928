"""What commands print: results on standard output, all else on standard error; and the name of the program.

Nothing that is printed through here can steer a terminal (``tsuzuri.printable``), whoever wrote what it is made of.
"""

import contextlib
import io
import os
import sys

from tsuzuri.errors import UserError
from tsuzuri.printable import printable, printable_text

CLOSED = {0: ("stdin", "standard input"), 1: ("stdout", "standard output"), 2: ("stderr", "standard error")}


def note(line: str) -> None:
    """Print a line on standard error, at once."""
    _print_note(printable(line))


def notes(lines: str) -> None:
    """Print a text of several lines on standard error, at once."""
    _print_note(printable_text(lines))


def _print_note(text):
    try:
        print(text, file=sys.stderr, flush=True)
    except BrokenPipeError:  # who read it has gone
        raise
    except OSError:  # the disk that it goes to is full: no reason to give up what it is about
        pass


def show(text: str) -> None:
    """Print a line, or lines, on standard output: a table or a figure, in which nothing is quoted at length."""
    print(printable_text(text), flush=True)


def write(text: str) -> None:
    """Write a text of any origin to standard output, without a line end: into a file or a pipe exactly as it is."""
    sys.stdout.write(printable_text(text) if sys.stdout.isatty() else text)
    sys.stdout.flush()


def has_output() -> bool:
    """Whether there is a standard output: it may be closed."""
    return not isinstance(sys.stdout, _Closed)


def in_color() -> bool:
    """Whether standard output is a terminal on which colors are welcome (no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def check_output() -> None:
    """Raise ``UserError`` where there is no standard output for results, before work is done for them."""
    if not has_output():
        sys.stdout.write("")


@contextlib.contextmanager
def closed_streams():
    """Standard streams that are closed, as by ``>&-``, are there within: messages are lost, results an error.

    Python has None in their place, which would be a traceback; and the next file that is opened would take the number
    of the stream, so that whatever a library prints would go into it.
    """
    before = {}
    for number, (name, title) in CLOSED.items():
        with contextlib.suppress(OSError):
            if not _is_open(number):
                os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
        if getattr(sys, name) is None:
            before[name] = None
            setattr(sys, name, open(os.devnull, "w") if name == "stderr" else _Closed(title))  # noqa: SIM115
    try:
        yield
    finally:
        for name in before:
            setattr(sys, name, None)


def _is_open(number):
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


class _Closed(io.TextIOBase):
    """A standard stream that is closed: ``UserError`` for who wants to read or to write it."""

    def __init__(self, title):
        self._title = title

    def _refuse(self, *_):
        raise UserError(f"{self._title} is closed: must be open, or a file")

    write = read = readline = __next__ = _refuse

    @property
    def buffer(self):
        """Its bytes, which there are none of."""
        self._refuse()


def discard_output() -> None:
    """Let what is still to be written to standard output and standard error go nowhere, once it cannot be written."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            with contextlib.suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def invocation(command: str) -> list[str]:
    """The words that call a command in the way in which this process was called.

    ``invocation("read-midi")`` is ``["python", "read_midi.py"]`` in a process of a script at the root and
    ``["tsuzuri", "read-midi"]`` in one of the program, or ``["python", "-m", "tsuzuri", "read-midi"]``.
    """
    folder, script = os.path.split(sys.argv[0])
    if script == "__main__.py" and os.path.basename(folder) == "tsuzuri":
        return ["python", "-m", "tsuzuri", command]
    if os.path.splitext(script)[0] == "tsuzuri":  # tsuzuri.exe on Windows
        return ["tsuzuri", command]
    return ["python", f"{command.replace('-', '_')}.py"]


def program_name() -> str:
    """What this process was called as, for its messages: ``train.py``, or ``tsuzuri train``."""
    if invocation("")[-1] or len(sys.argv) < 2:
        return os.path.basename(sys.argv[0])
    return f"tsuzuri {sys.argv[1].replace('_', '-')}"
