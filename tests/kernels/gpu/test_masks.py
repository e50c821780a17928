"""Dropout of parameters, and penalties on activations, in CUDA: by the emulator, against their twins in NumPy."""

import numpy
import pytest

from tests.conftest import relative_error
from tests.kernels import drops
from tsuzuri.kernels.gpu import masks, penalties
from tsuzuri.kernels.numpy_ import dropout
from tsuzuri.kernels.numpy_.penalties import activation_gradient


@pytest.mark.parametrize("units", [1, 3, 40])
def test_weights_are_dropped_bit_for_bit(rng, emulated, units):
    engine, key = emulated(), int(rng.integers(2**64, dtype="u8"))
    w = rng.normal(size=(4 * units, units)).astype("f")
    x, y, on_device = engine.asarray(w), engine.empty(w.shape), engine.asarray([key], "u8")
    masks.drop(engine, x, y, on_device, masks.Dropout.of(0.4))
    assert (y == w * dropout.mask(numpy, w.shape, 0.4, key, "f")).all()
    masks.drop(engine, x, x, on_device, masks.Dropout.of(0.4))
    assert (x == y).all()


def test_a_weight_at_the_threshold_is_kept(emulated):
    engine, ratio, kept = emulated(), drops.ratio_at(77, 21), []
    for each in (ratio, ratio + drops.STEP):
        x = engine.asarray(numpy.ones((12, 3), "f"))
        masks.drop(engine, x, x, engine.asarray([77], "u8"), masks.Dropout.of(each))
        kept.append(bool(x.reshape(-1)[21]))
    assert kept == [True, False]


@pytest.mark.parametrize("ratio", [0.0, 0.4])
@pytest.mark.parametrize("locked", [True, False])
@pytest.mark.parametrize(("size", "change"), [(2.0, 0.0), (0.0, 3.0), (2.0, 3.0)])
@pytest.mark.parametrize("shape", [(1, 2, 3), (2, 1, 1), (5, 3, 31)])
def test_penalties_with_the_dropout_between_them(rng, emulated, shape, size, change, locked, ratio):
    engine, key = emulated(), int(rng.integers(2**64, dtype="u8"))
    g, hs = rng.normal(size=shape).astype("f"), rng.normal(size=(shape[0] + 1, *shape[1:])).astype("f")
    mask = numpy.broadcast_to(dropout.mask(numpy, shape[1:] if locked else shape, ratio, key, "d"), shape)
    h, found = hs[1:].astype("d"), engine.asarray(g)
    wanted = (g + activation_gradient(h * mask, size, 0.0)) * mask + activation_gradient(h, 0.0, change)
    settings = engine.asarray([key], "u8"), masks.Dropout.of(ratio, shape[1] if locked else 0)
    penalties.hold(engine, found, engine.asarray(hs), size, change, *settings)
    assert relative_error(found, wanted, floor=1) < 1e-6
