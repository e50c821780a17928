"""Why a training ended, in words."""

import pytest

from tsuzuri.training.ending import duration, reason
from tsuzuri.training.schemas import LanguageModelRecipe
from tsuzuri.training.state import LanguageModelState, Patience


@pytest.mark.parametrize(
    ("epoch", "stale", "stopped", "text"),
    [
        (21, 0, False, "all 20 epochs done"),
        (21, 3, False, "all 20 epochs done"),
        (7, 3, False, "patience used up, the last 3 validations no better"),
        (7, 1, True, "interrupted"),
    ],
)
def test_reasons(epoch, stale, stopped, text):
    state = LanguageModelState(Patience(3, 1.0, stale), epoch=epoch)
    assert reason(LanguageModelRecipe(epoch=20, patience=3), state, stopped) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0:00:00"), (59.6, "0:01:00"), (3599, "0:59:59"), (100 * 3600 + 62, "100:01:02")]
)
def test_durations(seconds, text):
    assert duration(seconds) == text
