"""The connection that skips a layer, in CUDA: by the emulator, against plain formulas over dropout's own masks."""

import numpy
import pytest

from tests.conftest import relative_error
from tsuzuri.kernels.gpu import masks, operands, skips
from tsuzuri.kernels.numpy_ import dropout

SHAPES = [(1, 2, 3), (2, 1, 1), (5, 3, 31), (3, 4, 64)]  # T, B, N


@pytest.fixture(params=[(0.0, False), (0.4, False), (0.4, True)], ids=str)
def dropped(request, rng):
    """What makes a mask and the mask (T, B, N) itself: of a ratio, locked or not."""
    ratio, locked = request.param
    key = int(rng.integers(2**64, dtype="u8"))

    def make(engine, shape):
        mask = dropout.mask(numpy, shape[1:] if locked else shape, ratio, key, "f") if ratio else numpy.ones(1, "f")
        return (engine.asarray([key], "u8"), masks.Dropout.of(ratio, shape[1] if locked else 0)), mask

    return make


@pytest.mark.parametrize("kind", ["f", "u2"])
@pytest.mark.parametrize("shape", SHAPES)
def test_what_a_layer_hands_on(rng, emulated, shape, kind, dropped):
    engine = emulated()
    h, below = (rng.normal(size=shape).astype("f") for _ in range(2))
    settings, mask = dropped(engine, shape)
    y, op = engine.empty(shape), engine.zeros((*shape[:2], operands.padded(shape[2], kind)), kind)
    skips.join(engine, engine.asarray(h), engine.asarray(below), y, op, *settings)
    assert (engine.read(y) == h + below).all()
    found = engine.read(op)
    assert not found[..., shape[2] :].any()
    found = found[..., : shape[2]]
    if kind == "u2":
        found = (found.astype("u4") << 16).view("f")
    assert relative_error(found, (h + below) * mask) < (2**-8 if kind == "u2" else 1e-7)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("around", [True, False])
def test_its_gradient_goes_both_ways(rng, emulated, shape, around, dropped):
    engine = emulated()
    g, g_y = (rng.normal(size=shape).astype("f") for _ in range(2))
    settings, mask = dropped(engine, shape)
    found = engine.asarray(g)
    skips.split(engine, found, engine.asarray(g_y) if around else None, *settings)
    assert relative_error(engine.read(found), g * mask + (g_y if around else 0), floor=1) < 1e-6
