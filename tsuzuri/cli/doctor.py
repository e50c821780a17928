"""Check what is installed: ``tsuzuri doctor``, or ``python train.py --doctor``.

A line for each thing that the program needs or can use: fine, or the command that mends it. The exit status is 0 where
all that is needed is fine, else 1.
"""

from tsuzuri.cli import console, options
from tsuzuri.options.option import Option
from tsuzuri.options.values import FLAG

DESCRIPTION = "Check what the program needs of this machine, and name the command that mends what is not fine."
TABLES = {"output": [Option("--brief", FLAG, False, "only the first line that is not fine, or fine")]}
ASKED = "--doctor"  # as an option of train.py


def main(argv=None):
    brief = "brief" in vars(options.Parser(DESCRIPTION, TABLES).parse_args(argv))

    from tsuzuri.api import installation

    status, lines = 0, []
    for name, state, text in installation.findings():
        mark = installation.FINE if state == installation.FINE else state.replace(installation.OPTIONAL, "-")
        line = f"{name:12}  {mark:4}  {text}"
        if state == installation.MEND:
            status = 1
            lines.append(line)
        if not brief:
            console.show(line)
    if brief:
        console.show(next(iter(lines), installation.FINE))
    return status
