"""Events for TensorBoard: losses, perplexity, learning rate, speed and samples, in the folder ``tensorboard`` of a run.

They are written by tensorboardX, which needs neither TensorBoard nor TensorFlow. A training that goes on writes another
file beside those from before, of which TensorBoard makes one curve; a new run in the place of an old one begins anew.
"""

from __future__ import annotations

import contextlib
import importlib.util
import math
import os
from typing import Any

from tsuzuri.errors import UserError
from tsuzuri.training.log import HOPELESS, Event, Listener

FOLDER = "tensorboard"  # of the run
EVENTS = "events.out.tfevents."  # as the names of its files begin
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
    first epoch has ended.
    """

    def __init__(self, path: str, listener: Listener, resumed: bool) -> None:
        self._folder, self._listener, self._resumed = os.path.join(path, FOLDER), listener, resumed
        self._writer: Any = None  # of tensorboardX
        self._step = 0

    def __call__(self, event: Event) -> None:
        """Write an epoch, a sample or a test; close the file at the end."""
        if event.kind == "epoch" and event.entry:
            self._write_entry(event.entry)
        elif event.kind in ("sample", "test") and self._writer is not None:
            lines = event.text.removeprefix(event.kind).strip().split("\n")
            self._writer.add_text(event.kind, "\n".join(f"    {line.strip()}" for line in lines), self._step)
            self._writer.flush()
        elif event.kind == "end":
            self.close()
        self._listener(event)

    def close(self) -> None:
        """Write what is left, however the training ended."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _write_entry(self, entry: dict[str, Any]) -> None:
        self._step = entry.get("updates", entry.get("epoch"))
        if self._writer is None:
            import tensorboardX  # which few need

            purged = {"purge_step": self._step} if self._resumed else {}
            own = f".{self._step}"  # its name tells the second alone, in which another may have been written
            self._writer = tensorboardX.SummaryWriter(self._folder, filename_suffix=own, **purged)
        for name, tag in TAGS.items():
            if entry.get(name) is not None:
                self._writer.add_scalar(tag, entry[name], self._step)
        if "epoch" in entry and entry["valid_loss"] < HOPELESS:  # of a language model
            self._writer.add_scalar("perplexity/valid", math.exp(entry["valid_loss"]), self._step)
        self._writer.flush()
