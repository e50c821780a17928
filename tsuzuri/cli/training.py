"""What train.py and classify.py share: where a run goes, what --resume may change, and a training on the terminal."""

import contextlib
import shlex
import sys

from tsuzuri.cli import console
from tsuzuri.cli.signals import Interrupt
from tsuzuri.errors import UserError
from tsuzuri.kernels import devices
from tsuzuri.training.progress import ProgressBar
from tsuzuri.training.run import occupied_by
from tsuzuri.training.trainer import Trainer

RESULTS = ("epoch", "sample", "test")  # kinds of events that are for standard output
NEXT = {"text": ["--sentences", "8"], "music": ["-o", "tune.mid", "--bars", "16"]}  # of generate.py


class TerminalOutput:
    """A training's listener: results on standard output, all else on standard error, and a bar on a terminal."""

    def __init__(self):
        self._bar = ProgressBar(sys.stderr.isatty())

    def __call__(self, event):
        self._bar(event)  # first, since it goes out of a line's way
        if event.kind in RESULTS:
            print(event.text, flush=True)
        elif event.text:
            console.note(event.text)

    def close(self):
        """Take the bar away, however the training ended."""
        self._bar.close()


def check_out(out, force):
    """Raise ``UserError`` for a folder where a new run would replace something that it must not."""
    held = occupied_by(out)
    if held and not force:
        held = "a run" if held == "run.json" else held
        raise UserError(f"{out}: holds {held} already: --resume goes on with it, --force replaces it")


def check_resume_options(given, may_change):
    """Raise ``UserError`` where an option was given that --resume cannot change."""
    fixed = sorted(given - {*may_change, "out", "resume"})
    if fixed:
        allowed = ", ".join(f"--{name.replace('_', '-')}" for name in sorted(may_change))
        raise UserError(f"--{fixed[0].replace('_', '-')} cannot be given with --resume: only {allowed} can change")


def train_on_terminal(run, task, device, command, *, usual_device, checkpoint=None, weights=None):
    """Train until the end, or until Ctrl-C or SIGTERM; returns the exit status.

    ``device`` is its name, ``command`` the program and words with which this run can be resumed.
    """
    with Interrupt() as interrupt, contextlib.closing(TerminalOutput()) as output:
        begin = {"checkpoint": checkpoint, "weights": weights}
        stop = interrupt.requested
        trainer = Trainer(run, task, devices.choose(device), stop=stop, listener=output, **begin)
        named = [] if device == usual_device else ["-d", device]
        if trainer.train():
            console.note(f"next     {command_line([*_next_command(run), *named])}")
            return 0
        resume = command_line([*command, "-o", run.path, "--resume", *named])
        console.note(f"stopped  {trainer.place()}; go on with: {resume}")
        return 128 + interrupt.signal


def _next_command(run):
    """What to do with a trained run, as the program and its arguments."""
    if run.about["kind"] == "classes":
        return ["classify.py", "predict", run.path, "FILE"]
    return ["generate.py", run.path, *NEXT[run.about["kind"]]]


def command_line(command):
    """A command as it is typed into a shell: ``command`` is the program's file and its arguments."""
    return shlex.join(["python", *command])
