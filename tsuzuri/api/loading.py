"""``tsuzuri.load``: the run in a folder, whatever its kind."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Literal, overload

from tsuzuri.api.arguments import path_text
from tsuzuri.api.classifier import Classifier
from tsuzuri.api.runs import MusicRun, TextRun
from tsuzuri.errors import UserError
from tsuzuri.training.run import Run, load_run
from tsuzuri.training.schemas import CLASSIFIER, LANGUAGE_MODEL

AnyRun = TextRun | MusicRun | Classifier
KINDS: dict[str, Callable[[Run], AnyRun]] = {"text": TextRun, "music": MusicRun, "classes": Classifier}  # of run.json
Path = str | os.PathLike[str]


@overload
def load(path: Path) -> AnyRun: ...
@overload
def load(path: Path, kind: Literal["text"]) -> TextRun: ...
@overload
def load(path: Path, kind: Literal["music"]) -> MusicRun: ...
@overload
def load(path: Path, kind: Literal["classes"]) -> Classifier: ...
def load(path: Path, kind: str | None = None) -> AnyRun:
    """The run in a folder that ``train``, ``train_classifier`` or a command made.

    ``kind``, "text", "music" or "classes", refuses runs of other kinds, and tells a type checker what is returned.
    Raises ``UserError``, also for a folder that is no run, and for a run that is damaged or of a newer version.

    >>> tsuzuri.load("runs/folk")  # doctest: +SKIP
    MusicRun('runs/folk', 1,024 words known, 12 validations)
    >>> tsuzuri.load("runs/folk", "music").generate(bars=16).save("tune.mid")  # doctest: +SKIP
    """
    if kind is not None and kind not in KINDS:
        raise UserError(f"kind: is {kind!r}, must be one of {', '.join(KINDS)}")
    run = load_run(path_text(path), LANGUAGE_MODEL, CLASSIFIER)
    held: str = run.about["kind"]
    if kind not in (None, held):
        raise UserError(f"{run.path}: a run of {held}, not of {kind}")
    return KINDS[held](run)
