"""The learning rate as the training goes on: a table of schedules."""

import math

SLANTED = "slanted"
CUT, RATIO = 0.1, 32  # the share of all epochs in which a slanted rate rises, and the highest rate by the lowest
CONSTANT = "constant"
STALLS = "stalls"  # it falls after each epoch that did no better, as the task that watches the losses has it


def _cosine(done):
    """From 1 to 0 by half a cosine (Loshchilov and Hutter 2017)."""
    return (1 + math.cos(math.pi * done)) / 2


def _linear(done):
    return 1 - done


def _slanted(done):
    """From 1 to 1/32 in a line: the longer side of a slanted triangle (Howard and Ruder 2018)."""
    return 1 - done * (1 - 1 / RATIO)


def _constant(_):
    return 1.0


SCHEDULES = {STALLS: None, "cosine": _cosine, "linear": _linear, SLANTED: _slanted, CONSTANT: _constant}


def learning_rate(recipe, lr, done):
    """The learning rate where the share ``done`` of all epochs is learned, from 0 to 1; ``lr`` is that of the stalls.

    It rises from 0 to the recipe's in the ``warmup``, a share of all epochs, and falls from there to 0 at the end, by
    the recipe's schedule. A slanted triangle rises and falls in lines, from a 32nd of the recipe's and back to it;
    where no warm-up is asked for, it rises in a tenth of all epochs.
    """
    if recipe.schedule == SLANTED:
        cut = recipe.warmup or CUT
        return recipe.lr * _slanted(1 - done / cut if done < cut else (done - cut) / max(1e-9, 1 - cut))
    fall = SCHEDULES[recipe.schedule]
    rise = min(1.0, done / recipe.warmup) if recipe.warmup else 1.0
    if fall is None:
        return lr * rise
    if done < recipe.warmup:
        return recipe.lr * rise
    return recipe.lr * fall((done - recipe.warmup) / max(1e-9, 1 - recipe.warmup))
