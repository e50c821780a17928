"""How a training is made ready: what language models and classifiers share, from where a run goes to a trainer."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from tsuzuri import storage
from tsuzuri.api.given_texts import NamedInputs
from tsuzuri.errors import UserError
from tsuzuri.kernels import devices
from tsuzuri.text.settings import AUTO
from tsuzuri.training.checkpoint import Checkpoint
from tsuzuri.training.lock import RunLock
from tsuzuri.training.log import Event, Listener
from tsuzuri.training.run import Run, occupied_by
from tsuzuri.training.schemas import EVERY_FILE
from tsuzuri.training.staging import settle_run
from tsuzuri.training.task import Task
from tsuzuri.training.tensorboard import EventFiles, check_tensorboard
from tsuzuri.training.trainer import Trainer

MECAB, DICTIONARIES = "mecab", ("dictionary", "user_dictionary")
CORPUS = "the corpus: fewer files, or fewer copies by --transpose and --stretch, take less"  # where memory is short


class PreparedTraining(NamedTuple):
    """A training that is ready to begin: all is read and checked, and nothing is written yet.

    It begins with ``weights`` by path, or goes on from a ``checkpoint``; ``device`` is its name. With ``events`` it
    writes some for TensorBoard.
    """

    run: Run
    task: Task
    device: str
    checkpoint: Checkpoint | None = None
    weights: dict[str, Any] | None = None
    events: bool = False

    def close(self) -> None:
        """Let another training have the run; called when this one has ended, however it did."""
        if self.run.lock:
            self.run.lock.release()

    def trainer(self, stop: Callable[[], bool], listener: Listener) -> Trainer:
        """The ``Trainer``, which puts a new run on the disk."""
        if self.events:
            listener = EventFiles(self.run.path, listener, resumed=self.checkpoint is not None)
        return Trainer(
            self.run,
            self.task,
            devices.choose(self.device),
            checkpoint=self.checkpoint,
            weights=self.weights,
            stop=stop,
            listener=listener,
        )


@dataclasses.dataclass(frozen=True)
class Preparation:
    """How one kind of training is made ready.

    ``strings`` names what may stand in place of files, ``as_file`` makes a file of it, and ``check_beside`` refuses
    options that cannot be given with it. ``new(given, listener, inputs)`` prepares a new run, which is to keep
    ``inputs``, bytes by name; ``resumed(given)`` one that goes on. ``given`` are the options that were given, by name.
    """

    strings: str
    as_file: Callable[[Any], contextlib.AbstractContextManager[NamedInputs]]
    check_beside: Callable[[Mapping[str, Any]], None]
    new: Callable[[Mapping[str, Any], Listener, Mapping[str, bytes]], PreparedTraining]
    resumed: Callable[[Mapping[str, Any]], PreparedTraining]

    def prepare(self, given: Mapping[str, Any], listener: Listener, strings: Any = None) -> PreparedTraining:
        """A training as options ask for it; the listener is told what was read. Raises ``UserError``."""
        if "out" not in given:
            raise UserError("-o/--out is missing: name the run directory")
        if given.get("resume") and strings is not None:
            raise UserError(f"{self.strings}: cannot be given with --resume: the run keeps those it learns from")
        with contextlib.ExitStack() as on_failure:
            lock = _lock(given["out"], given.get("resume", False), listener)
            on_failure.callback(lock.release)
            if given.get("tensorboard"):
                check_tensorboard(given["out"])
            prepared = self._prepare(given, listener, strings)._replace(events=given.get("tensorboard", False))
            prepared.run.lock = lock
            on_failure.pop_all()
        return prepared

    def _prepare(self, given: Mapping[str, Any], listener: Listener, strings: Any) -> PreparedTraining:
        if given.get("resume"):
            return self.resumed(given)
        if strings is None:
            return self.new(given, listener, {})
        self.check_beside(given)
        _check_out(given["out"], given.get("force", False))  # before the strings are gone through
        with self.as_file(strings) as inputs:
            return self.new({**given, **inputs.options}, listener, inputs.files)


def _lock(out: str, resume: bool, listener: Listener) -> RunLock:
    """The lock of a run that is to be trained, held, and its folder cleared of what a crash left."""
    lock = RunLock(out)
    if resume and not os.path.isdir(out):
        raise UserError(f"{out}: no such folder: no run was begun there (without --resume the command begins one)")
    if not resume:
        storage.check_folder(out)
    lock.acquire()
    if lock.note:
        tell(listener, [lock.note])
    settle_run(lock.folder, lock)
    return lock


def check_dictionaries(tokens: str, given: Collection[str]) -> None:
    """Raise ``UserError`` where one of MeCab's dictionaries is ``given`` for words that another tokenizer makes."""
    named = [name for name in DICTIONARIES if name in given]
    if named and tokens not in (AUTO, MECAB):
        raise UserError(f"--{named[0].replace('_', '-')}: is for --tokens {MECAB}, and --tokens is {tokens}")


def dictionary_warnings(tokens: str, given: Collection[str]) -> Iterator[str]:
    """What is said where a dictionary is ``given`` for texts that need none, as ``tokens``, chosen by them, shows."""
    named = [f"--{name.replace('_', '-')}" for name in DICTIONARIES if name in given]
    if named and tokens != MECAB:
        yield f"warning  {named[0]} does nothing here: these texts are split by {tokens} (--tokens {MECAB} asks for it)"


WARNED_OF = ("warning", "skipped", "refused")  # the heads of lines that Python code is to be warned of


def tell(listener: Listener, lines: Iterable[str]) -> None:
    """Tell a listener lines, one by one."""
    for line in lines:
        listener(Event("warning" if line.startswith(WARNED_OF) else "note", line))


def check_new(args: Mapping[str, Any], inputs: Iterable[str]) -> None:
    """Refuse now, rather than after a corpus is read, a folder that a new run cannot or must not be put in.

    ``args`` are all options, ``inputs`` the names of those that are files to learn from. Raises ``UserError``.
    """
    _check_out(args["out"], args["force"])
    files = [path for name in inputs for path in args[name]]
    _check_inputs(args["out"], [*files, *filter(None, [args["vectors"]])])


def _check_out(out: str, force: bool) -> None:
    """Raise ``UserError`` for a folder where a new run would replace something that it must not, or cannot be put."""
    held = occupied_by(out)
    if held and not force:
        held = "a run" if held == "run.json" else held
        raise UserError(f"{out}: holds {held} already: --resume goes on with it, --force replaces it")
    storage.check_folder(out)


def _check_inputs(out: str, paths: Iterable[str]) -> None:
    """Raise ``UserError`` for a file or folder to read that a new run in ``out`` would remove, as --force allows."""
    folder = os.path.realpath(out)
    for path in map(os.path.realpath, paths):
        own = os.path.dirname(path) == folder and os.path.basename(path) in EVERY_FILE
        if own or path == folder:
            raise UserError(f"{path}: lies in {out}, which is to be replaced: must be elsewhere")
