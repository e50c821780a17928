"""What commands say beside their results, on standard error, and the name that they were called by."""

import os
import sys


def note(line):
    """Print a line on standard error, at once."""
    print(line, file=sys.stderr, flush=True)


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
