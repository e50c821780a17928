"""What a training says in the end: why it ended, what came of it, and what it left."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from tsuzuri.errors import UserError
from tsuzuri.training.run import Run
from tsuzuri.training.schemas import EVERY_FILE, ClassifierRecipe, LanguageModelRecipe
from tsuzuri.training.state import State
from tsuzuri.training.task import Task
from tsuzuri.training.tensorboard import FOLDER

Recipe = LanguageModelRecipe | ClassifierRecipe


def epochs_done(state: State) -> str:
    """The epochs that were learned from to their end: "all 20 epochs", "the one epoch"."""
    count = state.epoch - 1
    return f"all {count} epochs" if count > 1 else "the one epoch"


def reason(recipe: Recipe, state: State, stopped: bool, before: bool = False) -> str:
    """Why a training in this ``State`` ended: "all 20 epochs done".

    ``stopped`` is whether it was asked to, ``before`` whether there was nothing left to do when it went on.
    """
    if stopped:
        return "interrupted"
    if state.epoch > recipe.epoch:
        were = " were" if state.epoch > 2 else " was"
        return f"{epochs_done(state)}{were if before else ''} done{' before' if before else ''}"
    if isinstance(recipe, LanguageModelRecipe) and hours_are_up(recipe, state) and not state.patience.exhausted():
        return f"--max-hours {recipe.max_hours:g} {'were ' if before else ''}used up{' before' if before else ''}"
    last = f"the last {recipe.patience} validations" if recipe.patience > 1 else "the last validation"
    return f"patience {'was ' if before else ''}used up{' before' if before else ''}, {last} no better"


def hours_are_up(recipe: Recipe, state: State) -> bool:
    """Whether a training took as many hours as its recipe allows."""
    hours = getattr(recipe, "max_hours", None)
    return hours is not None and state.seconds >= 3600 * hours


def nothing_left(recipe: Recipe, state: State) -> str:
    """What is said in place of going on where there is nothing left to do, and how to go on; "" where there is."""
    if state.epoch > recipe.epoch:
        count = state.epoch - 1
        more = "as many" if count > 1 else "one"
        why = reason(recipe, state, False, before=True)
        return f"nothing  is left to do: {why}; --epoch {2 * count} goes on with {more} more"
    if hours_are_up(recipe, state) and not state.patience.exhausted():
        return f"nothing  is left to do: {reason(recipe, state, False, before=True)}; more of them go on"
    if state.patience.exhausted():
        return f"nothing  is left to do: patience was used up before; --patience above {recipe.patience} goes on"
    return ""


def check_epochs(path: str, epochs: int | None, meta: Mapping[str, Any]) -> None:
    """Raise ``UserError`` where fewer ``epochs`` are asked for than a run has done, by its checkpoint's ``meta``."""
    done = meta["epoch"] - 1
    if epochs is not None and epochs < done:
        raise UserError(f"--epoch {epochs}: {path} has done {done} epochs: must be {done}, or more to go on")


def kept(run: Run) -> str:
    """What of a training is still there when it fails."""
    if os.path.exists(run.file("model.npz")):
        return "the best model and the last checkpoint are kept"
    return "the last checkpoint is kept, and there is no model yet"


def memory_needed(run: Run) -> str:
    """The options that a training's memory goes with, and their values, for a message."""
    values = {**vars(run.sizes), **vars(run.recipe)}
    options = {"units": "unit", "width": "width", "layers": "layers", "batchsize": "batchsize", "bproplen": "bproplen"}
    named = [f"--{option} {values[name]}" for name, option in options.items() if name in values]
    return f"{', '.join(named)} and {run.sizes.words:,} words (--vocab-size): smaller ones take less"


def summary(run: Run, task: Task, history: Sequence[Mapping[str, Any]], why: str, seconds: float | None) -> str:
    """The lines of an end, after so many seconds of training; None where there was nothing left to do."""
    best = next((entry for entry in reversed(history) if entry["best"]), None)
    files = [name for name in ("run.json", *EVERY_FILE, FOLDER) if os.path.exists(run.file(name))]
    lines = [
        f"end      {why}" + ("" if seconds is None else f", after {duration(seconds)}"),
        f"best     {task.figure_text(best)}" if best else "best     none yet: no epoch was validated",
        f"left     {run.path}: {', '.join(files)}",
    ]
    return "\n".join(lines)


def duration(seconds: float) -> str:
    """Seconds as h:mm:ss."""
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
