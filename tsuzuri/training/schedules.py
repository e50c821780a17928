"""The learning rate as the training goes on: a table of schedules."""

import math

STALLS = "stalls"  # it falls after each epoch that did no better, as the task that watches the losses has it
CONSTANT = "constant"
SLANTED = "slanted"
CUT, RATIO = 0.1, 32  # of the slanted triangle: the share of all epochs in which it rises, and how often it rises


def _cosine(done):
    """From 1 to 0 by half a cosine (Loshchilov and Hutter 2017)."""
    return (1 + math.cos(math.pi * done)) / 2


def _linear(done):
    return 1 - done


def _constant(_):
    return 1.0


def _slanted(done, cut=CUT):
    """From 1 / ``RATIO`` in a line to 1 in the share ``cut``, and in a line back (Howard and Ruder 2018)."""
    height = done / cut if done < cut else 1 - (done - cut) / max(1e-9, 1 - cut)
    return (1 + height * (RATIO - 1)) / RATIO


SCHEDULES = {STALLS: None, "cosine": _cosine, "linear": _linear, CONSTANT: _constant, SLANTED: _slanted}


def learning_rate(recipe, lr, done):
    """The learning rate where the share ``done`` of all epochs is learned, from 0 to 1; ``lr`` is that of the stalls.

    It rises from 0 to the recipe's in the ``warmup``, a share of all epochs, and falls from there to 0 at the end, by
    the recipe's schedule. The slanted triangle has a rise of its own, as long as the warmup where there is one.
    """
    if recipe.schedule == SLANTED:
        return recipe.lr * _slanted(done, recipe.warmup or CUT)
    fall = SCHEDULES[recipe.schedule]
    rise = min(1.0, done / recipe.warmup) if recipe.warmup else 1.0
    if fall is None:
        return lr * rise
    if done < recipe.warmup:
        return recipe.lr * rise
    return recipe.lr * fall((done - recipe.warmup) / max(1e-9, 1 - recipe.warmup))
