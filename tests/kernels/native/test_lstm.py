"""The LSTM in C++ against ``kernels/reference.py`` in float64: every level that runs here, both precisions."""

import numpy
import pytest

from tests.conftest import relative_error
from tests.kernels.native.measures import LONG, MEASURE, NATIVE, TOLERANCE, lstm_inputs
from tsuzuri.compat import chainer
from tsuzuri.kernels import functions, native, reference
from tsuzuri.kernels.native import calls
from tsuzuri.kernels.numpy_ import dropout

pytestmark = pytest.mark.skipif(NATIVE is None, reason="the native kernels are not built here")
SIZES = [  # T, B, I, N: that divide nothing, all ones, and more than a block in each direction
    (1, 1, 1, 1),
    (1, 5, 2, 3),
    (7, 1, 3, 1),
    (3, 2, 5, 4),
    (13, 11, 7, 9),
    (2, 37, 130, 67),
    (40, 5, 17, 33),
    (3, 3, 530, 600),
]


def interleaved_mask(sizes, ratio, key):
    """The mask of the projected inputs in the weights' own order."""
    T, B, _, N = sizes
    mask = dropout.mask(numpy, (T, B, 4, N), ratio, key, "d")
    return mask.swapaxes(2, 3).reshape(T, B, 4 * N)


@pytest.mark.parametrize(
    ("sizes", "ratio"), [*zip(SIZES, [0.4, 0.0] * 4, strict=True), (SIZES[4], 0.0), (SIZES[5], 0.4)]
)
def test_lstm(rng, level, precision, sizes, ratio):
    a = lstm_inputs(rng, sizes)
    exact = {name: array.astype("d") for name, array in a.items()}
    key = int(rng.integers(2**63))
    mask = interleaved_mask(sizes, ratio, key) if ratio else None
    want_h, want_c, cache = reference.lstm_forward(**exact, mask=mask)
    g_hs, g_c = (rng.normal(size=array.shape).astype("f") for array in (want_h, want_c))
    want = reference.lstm_backward(
        g_hs.astype("d"), g_c.astype("d"), exact["x"], exact["w_x"], exact["w_h"], cache, mask
    )

    hs, c, cache = calls.lstm_forward(*a.values(), ratio, key, precision)
    # few values may happen to be small beside the terms that they are sums of
    measure, tolerance = MEASURE[precision], TOLERANCE[precision] * (1 if want_h.size > 50 else 5)
    assert measure(hs, want_h, 0.1) < tolerance
    assert measure(c, want_c, 0.1) < tolerance
    assert (cache.hs[0] == a["h"]).all()
    assert (cache.cs[0] == a["c"]).all()
    got = calls.lstm_backward(g_hs, g_c, cache)
    for name, found, wanted in zip(a, got, want, strict=True):
        assert measure(found, wanted, 0.1) < LONG[precision] * tolerance, name


def test_lstm_without_gradients_from_above(rng, level):
    a = lstm_inputs(rng, (3, 2, 5, 4))
    zeros = numpy.zeros((3, 2, 4), "f"), numpy.zeros((2, 4), "f")
    g = rng.normal(size=(3, 2, 4)).astype("f")
    for some, whole in (((g, None), (g, zeros[1])), ((None, g[0]), (zeros[0], g[0]))):
        results = []
        for g_hs, g_c in (some, whole):
            *_, cache = calls.lstm_forward(*a.values(), 0.0, 0, native.FLOAT32)
            results.append(calls.lstm_backward(g_hs, g_c, cache))
        for found, wanted in zip(*results, strict=True):
            assert (found == wanted).all()


def test_lstm_at_the_ends_of_its_range(level):
    """Gates that are far open or shut give 0, 1 and -1, not NaN."""
    w, one = numpy.zeros((4, 1), "f"), numpy.ones((1, 1), "f")
    for value in (-1e30, -1e4, 1e4, 1e30):
        b = numpy.full(4, value, "f")
        hs, c, _ = calls.lstm_forward(one[None], one, one, w, b, w, 0 * b, 0.0, 0, native.FLOAT32)
        assert c[0, 0] == pytest.approx(2.0 if value > 0 else 0.0, abs=1e-6)
        assert hs[0, 0, 0] == pytest.approx(numpy.tanh(2.0) if value > 0 else 0.0, abs=1e-6)


def test_nan_is_not_lost(level, precision):
    h, w = numpy.full((3, 5), numpy.nan, "f"), numpy.ones((7, 5), "f")
    loss = calls.cross_entropy(h, w, w[:, 0].copy(), numpy.zeros(3, "i"), 1.0, True, precision)[0]
    assert numpy.isnan(loss)
    a = lstm_inputs(numpy.random.default_rng(0), (2, 2, 3, 3))
    a["x"][:] = numpy.nan
    assert numpy.isnan(calls.lstm_forward(*a.values(), 0.0, 0, precision)[0]).all()


@pytest.mark.parametrize("ratio", [0.0, 0.5])
def test_the_function_has_the_gradients_of_its_twin(rng, ratio, monkeypatch):
    """``functions.lstm_window`` with a loss on both of what it returns, on contiguous inputs and on strided ones."""
    a = lstm_inputs(rng, (5, 3, 7, 6))
    weigh_h, weigh_c = rng.normal(size=(5, 3, 6)).astype("f"), rng.normal(size=(3, 6)).astype("f")
    found = []
    for fast, strided in ((True, False), (True, True), (False, False)):
        monkeypatch.setattr(native, "extension", lambda here=fast: NATIVE if here else None)
        inputs = [chainer.Variable(x.T.copy().T if strided else x.copy()) for x in a.values()]
        hs, c = functions.lstm_window(*inputs, ratio=ratio, key=3)
        loss = chainer.functions.sum(hs * weigh_h) + chainer.functions.sum(c * weigh_c)
        loss.backward()
        found.append([loss.array, *(x.grad for x in inputs)])
    for other in found[:2]:
        for got, want in zip(other, found[2], strict=True):
            assert relative_error(got, want, 0.1) < 1e-5
