"""The levels that run here, input for an LSTM, and how far results may be from the specification's."""

import numpy

from tests.conftest import relative_error
from tsuzuri.kernels import native

NATIVE = native.extension()
LEVELS = NATIVE.levels() if NATIVE else []
TOLERANCE = {native.FLOAT32: 1e-5, native.BFLOAT16: 1e-2}
LONG = {native.FLOAT32: 1, native.BFLOAT16: 3}  # times that for gradients, which roundings of many steps have gone into


def distance(found, wanted, floor=1e-30):
    """How far an array is from another, of the other's length: roundings are random, and largest of many is large."""
    found, wanted = numpy.asarray(found), numpy.asarray(wanted)
    assert found.shape == wanted.shape
    scale = max(numpy.linalg.norm(wanted), floor * wanted.size**0.5)
    return numpy.linalg.norm(found - wanted) / scale


MEASURE = {native.FLOAT32: relative_error, native.BFLOAT16: distance}


def lstm_inputs(rng, sizes):
    T, B, I, N = sizes  # noqa: E741
    shapes = {"x": (T, B, I), "c": (B, N), "h": (B, N)}
    shapes |= {"w_x": (4 * N, I), "b_x": 4 * N, "w_h": (4 * N, N), "b_h": 4 * N}
    arrays = {name: rng.normal(size=shape).astype("f") for name, shape in shapes.items()}
    for name in ("w_x", "w_h"):  # as a model's, so that gates are neither all open nor all shut
        arrays[name] /= numpy.float32(2 * numpy.sqrt(arrays[name].shape[1]))
    return arrays
