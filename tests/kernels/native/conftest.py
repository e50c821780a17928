"""Every level that runs here, and both precisions."""

import pytest

from tests.kernels.native.measures import LEVELS
from tsuzuri.kernels import native


@pytest.fixture(params=LEVELS)
def level(request, monkeypatch):
    """Each level in turn as the best."""
    monkeypatch.setattr(native, "level", lambda: request.param)
    return request.param


@pytest.fixture(params=native.PRECISIONS)
def precision(request):
    return request.param
