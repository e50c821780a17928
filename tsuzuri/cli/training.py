"""What train.py and classify.py share: where a run goes, what --resume may change, and a training on the terminal."""

import shlex

from tsuzuri.cli import console
from tsuzuri.cli.signals import Interrupt
from tsuzuri.errors import UserError
from tsuzuri.kernels import devices
from tsuzuri.training import log
from tsuzuri.training.run import occupied_by
from tsuzuri.training.trainer import Trainer


class TerminalOutput(log.Output):
    """Results on standard output, all else on standard error."""

    def note(self, line):
        console.note(line)

    def show(self, line):
        print(line, flush=True)


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

    ``device`` is its name, ``command`` the command and its words with which this run can be resumed.
    """
    with Interrupt() as interrupt:
        begin = {"checkpoint": checkpoint, "weights": weights}
        stop, output = interrupt.requested, TerminalOutput()
        trainer = Trainer(run, task, devices.choose(device), stop=stop, output=output, **begin)
        if trainer.train():
            return 0
        named = [] if device == usual_device else ["-d", device]
        resume = shlex.join([*console.invocation(command[0]), *command[1:], "-o", run.path, "--resume", *named])
        console.note(f"stopped  {trainer.place()}; go on with: {resume}")
        return 128 + interrupt.signal
