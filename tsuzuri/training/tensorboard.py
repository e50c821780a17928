"""Events for TensorBoard: losses, perplexity, learning rate, speed and samples, in the folder ``tensorboard`` of a run.

They are written by tensorboardX, which needs neither TensorBoard nor TensorFlow. A training that goes on writes another
file beside those from before, of which TensorBoard makes one curve; a new run in the place of an old one begins anew.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.util
import math
import os
import socket
import time
from typing import Any

from tsuzuri import storage
from tsuzuri.errors import UserError
from tsuzuri.training.log import HOPELESS, Event, Listener

FOLDER = "tensorboard"  # of the run
EVENTS = "events.out.tfevents."  # as the names of its files begin
VERSION = "brain.Event:2"  # of the format, in the first event of a file
PACKAGE = "tensorboardX"
INSTALL = f"run 'python -m pip install {PACKAGE}', which the extra tensorboard asks for"
TAGS = {  # of the fields of an entry of the history, in log.jsonl
    "train_loss": "loss/train",
    "valid_loss": "loss/valid",
    "train_error": "error/train",
    "valid_error": "error/valid",
    "test_error": "error/test",
    "valid_bits_per_character": "bits_per_character/valid",
    "lr": "learning_rate",
    "words_per_second": "words_per_second",
}


def check_tensorboard(path: str) -> None:
    """Raise ``UserError`` where events of the run at ``path`` cannot be written."""
    if importlib.util.find_spec(PACKAGE) is None:
        raise UserError(f"--tensorboard: the package {PACKAGE} is not installed: {INSTALL}")
    folder = os.path.join(path, FOLDER)
    if os.path.lexists(folder) and not os.path.isdir(folder):
        raise UserError(f"--tensorboard: {folder} is no folder: must be one, or not there")
    try:
        storage.check_folder(folder)
    except UserError as error:
        raise UserError(f"--tensorboard: {error}") from None


def remove_events(path: str) -> None:
    """Remove the events of the run at ``path``, and the folder where nothing else is in it."""
    folder = os.path.join(path, FOLDER)
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            if name.startswith(EVENTS):
                os.unlink(os.path.join(folder, name))
        os.rmdir(folder)


class EventFiles:
    """A ``Listener`` that writes what a training at ``path`` says, and then tells ``listener`` of it.

    ``resumed``: what other files say of the same epochs, or later ones, counts no more. Nothing is written before the
    first epoch has ended. Where a file cannot be written a warning says so, and the training goes on without.
    """

    def __init__(self, path: str, listener: Listener, resumed: bool) -> None:
        self._folder, self._listener, self._resumed = os.path.join(path, FOLDER), listener, resumed
        self._path = self._folder  # that of the file, once there is one
        self._file: Any = None  # a RecordWriter: a SummaryWriter writes in a thread, which would die and be waited for
        self._step, self._failed = 0, False

    def __call__(self, event: Event) -> None:
        """Write an epoch, a sample or a test; close the file at the end."""
        if not self._failed:
            try:
                self._write(event)
            except OSError as error:
                self._give_up(event, error)
        self._listener(event)

    def _write(self, event: Event) -> None:
        if event.kind == "epoch" and event.entry:
            self._write_entry(event.entry)
        elif event.kind in ("sample", "test") and self._file is not None:
            lines = event.text.removeprefix(event.kind).strip().split("\n")
            self._add_text(event.kind, "\n".join(f"    {line.strip()}" for line in lines))
            self._file.flush()
        elif event.kind == "end":
            self._close()

    def _give_up(self, event: Event, error: OSError) -> None:
        self._failed = True
        with contextlib.suppress(OSError):
            self._close()
        why = f"cannot be written: {error.strerror or error}; the training goes on without events for TensorBoard"
        text = f"warning  {self._path}: {why}"
        self._listener(dataclasses.replace(event, kind="warning", text=text, entry=None))

    def _close(self) -> None:
        """Write what is left."""
        if self._file is not None:
            file, self._file = self._file, None
            file.close()

    def _write_entry(self, entry: dict[str, Any]) -> None:
        self._step = entry.get("updates", entry.get("epoch"))
        if self._file is None:
            self._open()
        for name, tag in TAGS.items():
            if entry.get(name) is not None:
                self._add_scalar(tag, entry[name])
        if "epoch" in entry and entry["valid_loss"] < HOPELESS:  # of a language model
            self._add_scalar("perplexity/valid", math.exp(entry["valid_loss"]))
        self._file.flush()

    def _open(self) -> None:
        from tensorboardX.proto.event_pb2 import SessionLog  # which few need
        from tensorboardX.record_writer import RecordWriter

        os.makedirs(self._folder, exist_ok=True)
        name = f"{EVENTS}{time.time():.0f}.{socket.gethostname()}.{self._step}"  # in a second there may be two of them
        self._path = os.path.join(self._folder, name)
        self._file = RecordWriter(self._path)
        self._add(file_version=VERSION)
        if self._resumed:
            self._add(session_log=SessionLog(status=SessionLog.START))

    def _add_scalar(self, tag: str, value: float) -> None:
        from tensorboardX import summary

        self._add(summary=summary.scalar(tag, value))

    def _add_text(self, tag: str, text: str) -> None:
        from tensorboardX import summary

        self._add(summary=summary.text(tag, text))

    def _add(self, **what: Any) -> None:
        from tensorboardX.proto.event_pb2 import Event as Record

        self._file.write(Record(wall_time=time.time(), step=int(self._step), **what).SerializeToString())
