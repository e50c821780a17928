"""A run of whatever kind as a notebook uses it: what it learned from, and how it went."""

from __future__ import annotations

import copy
import html
import io
import json
from collections.abc import Callable
from typing import Any

from tsuzuri import storage
from tsuzuri.api.pictures import Picture
from tsuzuri.errors import UserError, read_failure
from tsuzuri.training import plots
from tsuzuri.training.run import Run


class TrainedRun:
    """What a training left in a folder, of whatever kind; see ``TextRun``, ``MusicRun`` and ``Classifier``."""

    def __init__(self, run: Run) -> None:
        self._run = run

    @property
    def path(self) -> str:
        """The run directory."""
        return str(self._run.path)

    @property
    def kind(self) -> str:
        """What it learned: "text", "music" or "classes"."""
        return str(self._run.about["kind"])

    @property
    def about(self) -> dict[str, Any]:
        """All that ``run.json`` says: tokenizer, sizes, recipe, versions, and the report on the corpus."""
        return copy.deepcopy(dict(self._run.about))

    @property
    def vocabulary(self) -> list[str]:
        """The words that the model knows, each in the place of its id: ``<eos>`` and ``<unk>``, then by frequency."""
        return list(self._run.vocabulary.words)

    @property
    def history(self) -> list[dict[str, Any]]:
        """An entry for each validation so far, as in ``log.jsonl``: losses or errors, speed, whether it was best."""
        path = self._run.file("log.jsonl")
        try:
            with io.TextIOWrapper(storage.open_regular(path), encoding="utf-8") as stream:
                return [json.loads(line) for line in stream]
        except (OSError, ValueError) as error:
            raise UserError(f"{path}: {read_failure(error)}") from None

    def plot(self) -> Picture:
        """The curves of its training as a picture, which a notebook shows. Raises ``UserError`` before the first epoch.

        >>> tsuzuri.load("runs/novel").plot().save("curves.png")  # doctest: +SKIP
        """
        history = self.history
        if not history:
            raise UserError(f"{self.path}: has no epoch yet, nothing to plot")
        draw: Callable[..., bytes] = plots.plot_error_curves if self.kind == "classes" else plots.plot_loss_curves
        return Picture(draw(history, self._run.name))

    def __repr__(self) -> str:
        facts = [*self._facts(), *self._recipe()]
        return f"{type(self).__name__}({self.path!r}, {', '.join(f'{value} {key}' for key, value in facts)})"

    def _facts(self) -> list[tuple[str, str]]:
        """What it is in figures: pairs of a noun and a number as it is shown."""
        return [("words known", f"{len(self._run.vocabulary):,}"), ("validations", f"{len(self.history):,}")]

    def _recipe(self) -> list[tuple[str, str]]:
        """The recipe that it was trained by, as ``_facts`` has it; nothing of a run that does not say it."""
        name = self._run.about.get("recipe_name")
        return [("recipe", name)] if name else []

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{html.escape(key)}</td><td>{html.escape(value)}</td></tr>"
            for key, value in [*self._facts(), *self._recipe()]
        )
        title = f"<b>{html.escape(self._run.name)}</b> {html.escape(self.kind)}, {html.escape(self.path)}"
        curves = self.plot().html() if self.history else ""
        return f"<div>{title}<table>{rows}</table>{curves}</div>"
