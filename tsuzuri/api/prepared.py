"""What both kinds of training share before they begin: where a run goes, and what is ready to be trained."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from tsuzuri import storage
from tsuzuri.api.given_texts import EXAMPLES, TEXTS
from tsuzuri.errors import UserError
from tsuzuri.kernels import devices
from tsuzuri.options.option import Tables
from tsuzuri.options.resolve import option_labels
from tsuzuri.training.checkpoint import Checkpoint
from tsuzuri.training.log import Event, Listener
from tsuzuri.training.run import Run, occupied_by
from tsuzuri.training.schemas import EVERY_FILE
from tsuzuri.training.task import Task
from tsuzuri.training.trainer import Trainer

CORPUS = "the corpus: fewer files, or fewer copies by --transpose and --stretch, take less"  # where memory is short


class PreparedTraining(NamedTuple):
    """A training that is ready to begin: all is read and checked, and nothing is written yet.

    It begins with ``weights`` by path, or goes on from a ``checkpoint``; ``device`` is its name.
    """

    run: Run
    task: Task
    device: str
    checkpoint: Checkpoint | None = None
    weights: dict[str, Any] | None = None

    def trainer(self, stop: Callable[[], bool], listener: Listener) -> Trainer:
        """The ``Trainer``, which puts a new run on the disk."""
        return Trainer(
            self.run,
            self.task,
            devices.choose(self.device),
            checkpoint=self.checkpoint,
            weights=self.weights,
            stop=stop,
            listener=listener,
        )


def tell(listener: Listener, lines: Iterable[str]) -> None:
    """Tell a listener lines, one by one."""
    for line in lines:
        listener(Event("note", line))


def check_out(out: str, force: bool) -> None:
    """Raise ``UserError`` for a folder where a new run would replace something that it must not, or cannot be put."""
    held = occupied_by(out)
    if held and not force:
        held = "a run" if held == "run.json" else held
        raise UserError(f"{out}: holds {held} already: --resume goes on with it, --force replaces it")
    storage.check_folder(out)


def check_inputs(out: str, paths: Iterable[str]) -> None:
    """Raise ``UserError`` for a file or folder to read that a new run in ``out`` would remove, as --force allows."""
    folder = os.path.realpath(out)
    for path in map(os.path.realpath, paths):
        own = os.path.dirname(path) == folder and os.path.basename(path) in EVERY_FILE
        if own or path == folder:
            raise UserError(f"{path}: lies in {out}, which is to be replaced: must be elsewhere")


def check_resume_options(tables: Tables, given: Iterable[str], may_change: Iterable[str]) -> None:
    """Raise ``UserError`` where an option was given that --resume cannot change."""
    fixed = sorted({*given} - {*may_change, "out", "resume"})
    if fixed:
        labels = option_labels(tables)
        allowed = ", ".join(labels[name] for name in sorted(may_change))
        raise UserError(f"{labels[fixed[0]]} cannot be given with --resume: only {allowed} can change")


def source_files(run: Run, paths: Iterable[str]) -> list[str]:
    """The files that a run was trained on: those that it keeps itself go with it when it is moved."""
    return [run.file(path) if path in (TEXTS, EXAMPLES) else path for path in paths]
