"""The learning rate as a training goes on."""

import pytest

from tsuzuri.training import schedules
from tsuzuri.training.schemas import ClassifierRecipe

SHARES = (0, 0.05, 0.1, 0.325, 0.55, 0.775, 1)


def rates(schedule, warmup=0.0, lr=2.0):
    recipe = ClassifierRecipe(lr=lr, schedule=schedule, warmup=warmup)
    return [schedules.learning_rate(recipe, lr, done) for done in SHARES]


def test_a_slanted_triangle_is_that_of_its_paper():
    """Howard and Ruder 2018, equation 3, with T steps: cut_frac 0.1 and ratio 32."""
    steps, cut_frac, ratio, wanted = 1000, 0.1, 32, []
    cut = int(steps * cut_frac)
    for share in SHARES:
        t = share * steps
        p = t / cut if t < cut else 1 - (t - cut) / (cut * (1 / cut_frac - 1))
        wanted.append(2.0 * (1 + p * (ratio - 1)) / ratio)
    assert rates("slanted") == pytest.approx(wanted)
    assert max(rates("slanted")) == 2.0
    assert rates("slanted", warmup=0.55)[4] == 2.0


def test_a_constant_rate_may_have_a_warmup():
    assert rates("constant") == [2.0] * len(SHARES)
    assert rates("constant", warmup=0.1) == pytest.approx([0, 1, 2, 2, 2, 2, 2])
