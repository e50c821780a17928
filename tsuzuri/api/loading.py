"""``tsuzuri.load``: the run in a folder, whatever its kind."""

from __future__ import annotations

import os

from tsuzuri.api.arguments import path_text
from tsuzuri.api.classifier import Classifier
from tsuzuri.api.runs import MusicRun, TextRun
from tsuzuri.training.run import load_run
from tsuzuri.training.schemas import CLASSIFIER, LANGUAGE_MODEL


def load(path: str | os.PathLike[str]) -> TextRun | MusicRun | Classifier:
    """The run in a folder that ``train``, ``train_classifier`` or a command made.

    Raises ``UserError`` for a folder that is no run, and for a run that is damaged or of a newer version.

    >>> tsuzuri.load("runs/folk")  # doctest: +SKIP
    MusicRun('runs/folk', 1,024 words known, 12 validations)
    """
    run = load_run(path_text(path), LANGUAGE_MODEL, CLASSIFIER)
    if run.schema is CLASSIFIER:
        return Classifier(run)
    return MusicRun(run) if run.about["kind"] == "music" else TextRun(run)
