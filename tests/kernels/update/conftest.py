"""Each engine that runs here, in the place of the root's ``engine``."""

import pytest

from tests.kernels.update import NATIVE
from tsuzuri.kernels import native
from tsuzuri.kernels.numpy_ import update


@pytest.fixture(params=["numpy", *NATIVE])
def engine(request, monkeypatch):
    """NumPy, and each level of the processor that runs here."""
    if request.param == "numpy":
        monkeypatch.setattr(native, "extension", lambda: None)
        monkeypatch.setattr(update, "BLOCK", 999)
    else:
        monkeypatch.setattr(native, "level", lambda: request.param)
    return request.param
