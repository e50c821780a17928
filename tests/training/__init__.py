"""The training room's tests, and what they share."""

import os

from tsuzuri.training.run import new_run
from tsuzuri.training.schemas import LANGUAGE_MODEL


def create_run(path, about, words, schema=LANGUAGE_MODEL):
    """A run on the disk of which nothing was saved yet."""
    run = new_run(str(path), about, words, schema)
    run.create(b"")
    for name in ("checkpoint.npz", "log.jsonl"):
        os.unlink(run.file(name))
    return run
