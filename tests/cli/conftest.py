"""What the commands' tests share."""

import pytest

from tsuzuri.training import plots


@pytest.fixture
def no_pictures(monkeypatch):
    """No curves are drawn in this process after an epoch, which takes longer than an epoch of so few words."""
    monkeypatch.setattr(plots, "plot_loss_curves", lambda *_: b"picture")
    monkeypatch.setattr(plots, "plot_error_curves", lambda *_: b"picture")
