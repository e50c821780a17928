"""Arrays and numbers that the kernels in C++ cannot take are refused."""

import numpy
import pytest

from tests.kernels.native.measures import LEVELS, NATIVE, lstm_inputs
from tsuzuri.kernels import native
from tsuzuri.kernels.native import calls

pytestmark = pytest.mark.skipif(NATIVE is None, reason="the native kernels are not built here")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": lambda a: a.astype("d")}, r"x: must be float32, is float64"),
        ({"h": lambda a: a[:1]}, r"h: must have the shape \(2, 4\), has \(1, 4\)"),
        ({"w_x": lambda a: numpy.asfortranarray(a)}, r"w_x: must be C-contiguous"),
        ({"w_h": lambda a: a[:, :3].copy()}, r"w_h: must have the shape \(16, 4\), has \(16, 3\)"),
        ({"x": lambda a: a[0]}, r"x: must have 3 axes, has 2"),
        ({"x": lambda a: a[:0]}, r"x: is empty"),
    ],
)
def test_what_does_not_fit_is_refused(rng, change, message):
    a = lstm_inputs(rng, (3, 2, 5, 4))
    for name, make in change.items():
        a[name] = make(a[name])
    with pytest.raises((TypeError, ValueError), match=message):
        calls.lstm_forward(*a.values(), 0.0, 0, native.FLOAT32)


def test_words_out_of_range_are_refused(rng):
    h, w, b = numpy.zeros((2, 3), "f"), numpy.zeros((5, 3), "f"), numpy.zeros(5, "f")
    for bad in (5, -2):
        with pytest.raises(ValueError, match=f"target: must be from -1 to 4, has {bad}"):
            calls.cross_entropy(h, w, b, numpy.array([0, bad], "i"), 1.0, True, native.FLOAT32)
    with pytest.raises(ValueError, match="ratio: must be from 0 to below 1"):
        calls.dropout(h, 1.0, 0)
    with pytest.raises(ValueError, match="level: 'none'"):
        NATIVE.dropout("none", h, 0.5, 0, False)


def test_arrays_to_be_changed_are_not_the_same(rng):
    p, g = rng.normal(size=(2, 9)).astype("f")
    with pytest.raises(ValueError, match="two of the arrays to be changed are one"):
        calls.update("momentum", [((0.1, 0.9), p, g, [p])], numpy.inf)
    with pytest.raises(ValueError, match="two of the arrays to be changed are one"):
        calls.update("sgd", [((0.1,), p, g, []), ((0.1,), p, g, [])], numpy.inf)


def test_an_array_at_an_odd_address_is_refused():
    x = numpy.zeros(41, "u1")[1:].view("f")
    with pytest.raises(ValueError, match="x: is not aligned"):
        NATIVE.dropout(LEVELS[0], x, 0.5, 0, False)
