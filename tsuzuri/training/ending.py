"""What a training says in the end: why it ended, what came of it, and what it left."""

import os

from tsuzuri.training.schemas import EVERY_FILE


def reason(recipe, state, stopped):
    """Why a training in this ``State`` ended: "all 20 epochs done"; ``stopped`` is whether it was asked to."""
    if stopped:
        return "interrupted"
    if state.epoch > recipe.epoch:
        return f"all {recipe.epoch} epochs done" if recipe.epoch > 1 else "the one epoch done"
    last = f"the last {recipe.patience} validations" if recipe.patience > 1 else "the last validation"
    return f"patience used up, {last} no better"


def summary(run, task, history, why, seconds):
    """The lines of an end, after so many seconds of training."""
    best = next((entry for entry in reversed(history) if entry["best"]), None)
    files = [name for name in ("run.json", *EVERY_FILE) if os.path.exists(run.file(name))]
    lines = [
        f"end      {why}, after {duration(seconds)}",
        f"best     {task.figure_text(best)}" if best else "best     none yet: no epoch was validated",
        f"left     {run.path}: {', '.join(files)}",
    ]
    return "\n".join(lines)


def duration(seconds):
    """Seconds as h:mm:ss."""
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
