"""The commands' tests, and how they call a command."""

import contextlib
import io
import subprocess
import sys
import warnings

from tsuzuri.cli import classify, generate, options, read_midi, train, write_midi

MAINS = {f"{module.__name__.rpartition('.')[2]}.py": module.main for module in (train, generate, read_midi, write_midi)}
MAINS["classify.py"] = classify.main


def run_command(name, *args):
    """Run a command in this process, through ``options.run`` as its script does; returns what a process would."""
    out, err, before = io.StringIO(), io.StringIO(), sys.argv
    sys.argv = [name, *map(str, args)]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), warnings.catch_warnings():
            warnings.simplefilter("default")  # as a process has it, which goes on
            options.run(MAINS[name])
    except SystemExit as leaving:
        return subprocess.CompletedProcess(name, leaving.code or 0, out.getvalue(), err.getvalue())
    finally:
        sys.argv = before
