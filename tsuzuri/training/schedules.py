"""The learning rate as the training goes on: a table of schedules."""

import math

STALLS = "stalls"  # it falls after each epoch that did no better, as the task that watches the losses has it


def _cosine(done):
    """From 1 to 0 by half a cosine (Loshchilov and Hutter 2017)."""
    return (1 + math.cos(math.pi * done)) / 2


def _linear(done):
    return 1 - done


SCHEDULES = {STALLS: None, "cosine": _cosine, "linear": _linear}


def learning_rate(recipe, lr, done):
    """The learning rate where the share ``done`` of all epochs is learned, from 0 to 1; ``lr`` is that of the stalls.

    It rises from 0 to the recipe's in the ``warmup``, a share of all epochs, and falls from there to 0 at the end, by
    the recipe's schedule.
    """
    fall = SCHEDULES[recipe.schedule]
    rise = min(1.0, done / recipe.warmup) if recipe.warmup else 1.0
    if fall is None:
        return lr * rise
    if done < recipe.warmup:
        return recipe.lr * rise
    return recipe.lr * fall((done - recipe.warmup) / max(1e-9, 1 - recipe.warmup))
