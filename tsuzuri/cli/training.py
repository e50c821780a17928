"""What train.py and classify.py train share: a training on the terminal, from its options to the next command."""

import contextlib
import errno
import shlex
import sys

from tsuzuri.api.preparation import CORPUS
from tsuzuri.cli import console
from tsuzuri.cli.signals import Interrupt, leaving
from tsuzuri.errors import enough_memory
from tsuzuri.training.progress import ProgressBar

RESULTS = ("epoch", "sample", "test")  # kinds of events that are for standard output
NEXT = {"text": ["--sentences", "8"], "music": ["-o", "tune.mid", "--bars", "16"]}  # of generate.py


class TerminalOutput:
    """A training's listener: results on standard output, all else on standard error, and a bar on a terminal."""

    def __init__(self):
        self._bar = ProgressBar(sys.stderr.isatty())
        self._told = False

    def __call__(self, event):
        with self._terminal_may_go():
            self._show(event)

    def note(self, line):
        """Say something beside the results."""
        with self._terminal_may_go():
            console.note(line)

    @contextlib.contextmanager
    def _terminal_may_go(self):
        """Go on where the terminal was closed, or a log has no room: what was trained is to be saved."""
        try:
            yield
        except BrokenPipeError:  # the reader has gone
            raise
        except OSError as error:
            if error.errno != errno.EIO and not self._told:
                self._told = True
                with contextlib.suppress(OSError):
                    console.note(f"output   cannot be written ({error.strerror or error}): the training goes on")

    def _show(self, event):
        self._bar(event)  # first, since it goes out of a line's way
        if event.kind in RESULTS:
            self._result(event)
        elif event.kind == "end":
            console.notes(event.text)
        elif event.text:
            console.note(event.text)

    def _result(self, event):
        """Print a result; a training goes on where standard output is closed, since its run is what is wanted."""
        if console.has_output():
            console.write(event.text + "\n")

    def close(self):
        """Take the bar away, however the training ended."""
        with self._terminal_may_go():
            self._bar.close()


def train_on_terminal(prepare, given, command, *, usual_device):
    """Train until the end, or until Ctrl-C, SIGTERM or SIGHUP; returns the exit status.

    ``prepare(given, listener)`` makes a ``PreparedTraining`` of the options that were given; ``command`` is the name of
    the command and the words with which the run can be resumed.
    """
    with contextlib.closing(TerminalOutput()) as output:
        with enough_memory(CORPUS), leaving():
            prepared = prepare(given, output)
        run = prepared.run
        named = [] if prepared.device == usual_device else ["-d", prepared.device]
        with contextlib.closing(prepared), Interrupt() as interrupt:
            trainer = prepared.trainer(interrupt.requested, output)
            if trainer.train():
                output.note(f"next     {command_line([*_next_command(run), *named])}")
                return 0
            resume = command_line([*command, "-o", run.path, "--resume", *named])
            output.note(f"stopped  {trainer.place()}; go on with: {resume}")
            return 128 + interrupt.signal


def _next_command(run):
    """What to do with a trained run, as a command's name and its words."""
    if run.about["kind"] == "classes":
        return ["classify", "predict", run.path, "FILE"]
    return ["generate", run.path, *NEXT[run.about["kind"]]]


def command_line(command):
    """A command as it is typed into a shell, in the way in which this process was called: its name and its words."""
    return shlex.join([*console.invocation(command[0]), *command[1:]])
