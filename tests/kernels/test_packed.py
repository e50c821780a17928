"""Layers over packed rows against ``kernels/reference.py``, which takes one sequence after another, and alone."""

import numpy
import pytest

from tests.conftest import relative_error
from tests.kernels import gradients
from tsuzuri.compat import chainer
from tsuzuri.kernels import functions, native, reference
from tsuzuri.kernels.native import calls
from tsuzuri.kernels.numpy_ import lstm, packed, pooling

NATIVE = native.extension()
needs_native = pytest.mark.skipif(NATIVE is None, reason="the native kernels are not built here")
ENGINES = [(level, precision) for level in (NATIVE.levels() if NATIVE else []) for precision in native.PRECISIONS]
TOLERANCE = {"f": 1e-5, "d": 1e-12}
LENGTHS = {  # of random sequences
    "any": lambda rng: rng.integers(1, 9, 7),
    "equal": lambda rng: numpy.full(5, 4),
    "one step": lambda rng: numpy.ones(6, "q"),
    "one sequence": lambda rng: numpy.array([5]),
    "one word": lambda rng: numpy.array([1]),
    "one long": lambda rng: numpy.array([30, *rng.integers(1, 3, 12)]),
    "many": lambda rng: rng.integers(1, 20, 40),
}
SIZES = [(1, 1), (5, 4), (7, 9), (16, 33)]  # I, N


def counted(lengths):
    """How many sequences are longer than t, for each step t."""
    return (numpy.asarray(lengths) > numpy.arange(max(lengths))[:, None]).sum(axis=1)


@pytest.fixture(params=LENGTHS)
def counts(request, rng):
    return counted(LENGTHS[request.param](rng))


# Each kind of lengths with two sizes, the next with the other two.
PAIRS = [(name, size) for k, name in enumerate(LENGTHS) for size in SIZES[k % 2 :: 2]]
lengths_and_sizes = pytest.mark.parametrize(("counts", "sizes"), PAIRS, indirect=["counts"], ids=str)


def layer(rng, rows, sizes, gates=4):
    """x and the weights of a layer of so many gates a unit, in float32, as a model's would be."""
    inputs, units = sizes
    arrays = {"x": rng.normal(size=(rows, inputs))}
    for name, columns in (("x", inputs), ("h", units)):
        arrays[f"w_{name}"] = rng.normal(size=(gates * units, columns)) / (2 * numpy.sqrt(columns))
        arrays[f"b_{name}"] = rng.normal(size=gates * units)
    return {name: array.astype("f") for name, array in arrays.items()}


def native_forward(a):
    return calls.lstm_packed_forward(*(a[name] for name in ("x", "counts", "w_x", "b_x", "w_h", "b_h")), native.FLOAT32)


def native_backward(a):
    cache = calls.PackedCache(*(a[name] for name in ("x", "counts", "w_x", "w_h", "hs", "cs", "gates")), native.FLOAT32)
    return calls.lstm_packed_backward(a["g"], cache)


def native_inputs(rng, counts):
    """All that both directions take, by name."""
    a = layer(rng, sum(counts), (3, 4)) | {"counts": numpy.array(counts), "g": numpy.ones((sum(counts), 4), "f")}
    return native_forward(a)[1]._asdict() | a


def distance(found, wanted, floor):
    """How far an array is from another, of the other's length."""
    scale = max(numpy.linalg.norm(wanted), floor * wanted.size**0.5)
    return numpy.linalg.norm(found - wanted) / scale


def exact(arrays):
    return {name: array.astype("d") for name, array in arrays.items()}


def wanted(a, counts, g):
    """h, and the gradients from g, by the reference in float64."""
    a = exact(a)
    h, caches = reference.lstm_packed(counts=counts, **a)
    return h, reference.lstm_packed_backward(g.astype("d"), a["x"], counts, a["w_x"], a["w_h"], caches)


@pytest.mark.parametrize("dtype", ["f", "d"])
@lengths_and_sizes
def test_lstm(rng, xp, counts, sizes, dtype):
    a = layer(rng, counts.sum(), sizes)
    g = rng.normal(size=(counts.sum(), sizes[1])).astype("f")
    want_h, want = wanted(a, counts, g)
    b = {name: xp.asarray(array.astype(dtype)) for name, array in a.items()}
    weights = lstm.GateWeights.of(*(b[name] for name in ("w_x", "b_x", "w_h", "b_h")))
    cache = packed.packed_forward(b["x"], counts, weights)
    assert relative_error(cache.h[counts[0] :], want_h, 0.1) < TOLERANCE[dtype]
    g_x, found = packed.packed_backward(xp.asarray(g.astype(dtype)), counts, weights, cache)
    for name, got, right in zip(a, (g_x, *found.joined()), want, strict=True):
        assert relative_error(got, right, 0.1) < 20 * TOLERANCE[dtype], name
        assert got.dtype == dtype


def rounded(array):
    """The nearest values that bfloat16 has, ties to even, in float32."""
    bits = array.view(numpy.uint32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000).view("f")


def one_signed(a):
    """A layer in bfloat16's values whose sums all have terms of one sign, if g has: roundings cannot outweigh them.

    Biases of the sigmoid gates are negative, against the positive rest, or the gates would all be open.
    """
    a = {name: abs(rounded(array)) for name, array in a.items()}
    for name in ("b_x", "b_h"):
        for gate in (1, 2, 3):
            a[name][gate::4] *= -1
    return a


@needs_native
@pytest.mark.parametrize(("level", "precision"), ENGINES)
@lengths_and_sizes
def test_lstm_of_every_level(rng, counts, sizes, level, precision, monkeypatch):
    monkeypatch.setattr(native, "level", lambda: level)
    a = layer(rng, counts.sum(), sizes)
    g = rng.normal(size=(counts.sum(), sizes[1])).astype("f")
    if precision == native.BFLOAT16 or sizes == (1, 1):  # whose gradients may be little beside the terms they sum
        a, g = one_signed(a), abs(rounded(g))
    want_h, want = wanted(a, counts, g)
    inputs = [chainer.Variable(array) for array in a.values()]
    h = functions.lstm_packed(inputs[0], counts, *inputs[1:], precision=precision)
    h.grad = g
    h.backward()
    # rounded to bfloat16 one value may be far off, and of many such roundings most cancel: all are measured together
    measure, tolerance = (relative_error, 2e-5) if precision == native.FLOAT32 else (distance, 3e-2)
    assert measure(h.array, want_h, 0.1) < tolerance
    for name, x, right in zip(a, inputs, want, strict=True):
        assert measure(x.grad, right, 0.1) < tolerance, name


@needs_native
@pytest.mark.parametrize(("level", "precision"), ENGINES)
@pytest.mark.parametrize("longest", [9, 60])  # of which the second leaves few streams to share
def test_the_number_of_threads_does_not_show(rng, level, precision, longest, threads, monkeypatch):
    monkeypatch.setattr(native, "level", lambda: level)
    counts = counted([longest, *rng.integers(1, 9, 40)])
    x, w_x, b_x, w_h, b_h = layer(rng, counts.sum(), (17, 70)).values()
    g, found = rng.normal(size=(counts.sum(), 70)).astype("f"), []
    for count in (1, 2, 3):
        threads(count)
        _, cache = calls.lstm_packed_forward(x, counts, w_x, b_x, w_h, b_h, precision)
        results = [array.tobytes() for array in (cache.hs, cache.cs, cache.gates)]
        results += calls.lstm_packed_backward(g, cache)
        found.append(b"".join(numpy.asarray(array).tobytes() for array in results))
    assert len(set(found)) == 1


@needs_native
@pytest.mark.parametrize("level", NATIVE.levels() if NATIVE else [])
def test_equal_lengths_are_a_window(rng, level, monkeypatch):
    """Bit for bit what ``lstm_window`` makes of them, from a state of zeros."""
    monkeypatch.setattr(native, "level", lambda: level)
    counts, zeros = numpy.full(6, 5), numpy.zeros((5, 11), "f")
    x, *weights = layer(rng, 30, (7, 11)).values()
    g, found = rng.normal(size=(30, 11)).astype("f"), []
    for shape in ((30,), (6, 5)):
        inputs = [chainer.Variable(array) for array in (x.reshape(*shape, 7), *weights)]
        if shape == (30,):
            h = functions.lstm_packed(inputs[0], counts, *inputs[1:])
        else:
            h, _ = functions.lstm_window(inputs[0], zeros, zeros, *inputs[1:])
        h.grad = g.reshape(*shape, 11)
        h.backward()
        found.append(b"".join(array.tobytes() for array in (h.array, *(each.grad for each in inputs))))
    assert found[0] == found[1]


@needs_native
@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ([3, 2, 2], "counts: must have the sum 6, has more"),
        ([3, 2], "counts: must have the sum 6, has less"),
        ([2, 3, 1], "counts: must be from 1 up and never grow, has 3"),
        ([6, 0], "counts: must be from 1 up and never grow, has 0"),
        ([6, -1], "counts: must be from 1 up and never grow, has -1"),
        ([2**62, 2**62, 2**62, 2**62, 6], "counts: must have the sum 6, has more"),
        ([], "counts: is empty"),
        ([[3, 3]], "counts: must have 1 axes, has 2"),
    ],
)
def test_counts_that_do_not_fit_are_refused(rng, counts, message):
    a = native_inputs(rng, [3, 3])
    a["counts"] = numpy.array(counts, "i8")
    for run in (native_forward, native_backward):
        with pytest.raises(ValueError, match=message):
            run(a)


@needs_native
@pytest.mark.parametrize("name", ["x", "w_x", "b_x", "w_h", "b_h", "hs", "cs", "gates", "g"])
def test_arrays_that_do_not_fit_are_refused(rng, name):
    a = native_inputs(rng, [3, 2, 1])
    a[name] = a[name][:-1].copy()
    with pytest.raises(ValueError, match="must have the s"):  # shape; where x is too short, counts have not its sum
        (native_backward if name in ("hs", "cs", "gates", "g") else native_forward)(a)


@lengths_and_sizes
def test_rnn(rng, xp, counts, sizes):
    a = exact(layer(rng, counts.sum(), sizes, gates=1))
    want = reference.rnn_packed(counts=counts, **a)
    got = functions.rnn_packed(counts=counts, **{name: xp.asarray(array) for name, array in a.items()})
    assert relative_error(got.array, want) < 1e-12


@pytest.mark.parametrize("kind", pooling.KINDS)
def test_pool(rng, xp, counts, kind):
    h = rng.normal(size=(counts.sum(), 5))
    got = functions.pool(xp.asarray(h), counts, kind).array
    assert relative_error(got, reference.pool(h, counts, kind)) < 1e-14


@pytest.mark.parametrize("more", [0, 3])
def test_flatten(rng, xp, counts, more):
    h = rng.normal(size=(counts.sum(), 5))
    got = functions.flatten(xp.asarray(h), counts, len(counts) + more).array
    assert (chainer.backends.cuda.to_cpu(got) == reference.flatten(h, counts, len(counts) + more)).all()


@pytest.mark.parametrize("ratio", [0.0, 0.3, 0.9])
def test_dropout_of_sequences(rng, xp, counts, ratio):
    x, key = rng.normal(size=(counts.sum(), 5)), int(rng.integers(2**63))
    got = functions.drop_sequences(xp.asarray(x), counts, ratio, key)
    got = got.array if ratio else got
    assert relative_error(got, reference.drop_sequences(x, counts, ratio, key)) < 1e-14


def test_gradients_of_flatten_and_of_dropout(rng):
    counts = counted(rng.integers(1, 6, 4))
    h = rng.normal(size=(counts.sum(), 3))
    gradients.once(lambda h: functions.flatten(h, counts, 6), h)
    gradients.once(lambda h: functions.drop_sequences(h, counts, 0.4, 5), h)


@pytest.mark.parametrize("function", [functions.lstm_packed, functions.rnn_packed])
def test_gradients_of_layers(rng, function):
    counts = counted(rng.integers(1, 6, 4))
    a = exact(layer(rng, counts.sum(), (2, 3), gates=4 if function is functions.lstm_packed else 1))
    gradients.once(lambda x, *weights: function(x, counts, *weights), *a.values())


@pytest.mark.parametrize("kind", pooling.KINDS)
def test_gradients_of_pools(rng, kind):
    counts = counted(rng.integers(1, 6, 4))
    h = rng.permutation(3 * counts.sum()).reshape(-1, 3) / 10  # no two so close that a difference swaps them
    gradients.once(lambda h: functions.pool(h, counts, kind), h)


@pytest.mark.parametrize("function", [functions.lstm_packed, functions.rnn_packed])
def test_a_sequence_does_not_see_the_others(rng, function):
    """Every sequence's h and gradient of x are what they are when it is alone."""
    counts = counted(rng.integers(1, 12, 9))
    a = layer(rng, counts.sum(), (6, 10), gates=4 if function is functions.lstm_packed else 1)
    weights = [a[name] for name in ("w_x", "b_x", "w_h", "b_h")]
    g = rng.normal(size=(counts.sum(), 10)).astype("f")
    for rows in reference.sequences(counts):
        found = []
        for x, lengths, some, g_h in ((a["x"], counts, rows, g), (a["x"][rows], 0 * rows + 1, slice(None), g[rows])):
            x = chainer.Variable(x)
            h = function(x, lengths, *weights)
            h.grad = g_h
            h.backward()
            found.append((h.array[some], x.grad[some]))
        for together, alone in zip(*found, strict=True):
            assert relative_error(together, alone) < 1e-5


def test_the_pools_of_equal_values_and_of_nan():
    counts = numpy.array([2, 1])
    h = chainer.Variable(numpy.array([[1, 7], [numpy.nan, 2], [1, 8]], "f"))
    top = functions.pool(h, counts, "max")
    assert numpy.array_equal(top.array, numpy.array([[1, 8], [numpy.nan, 2]]), equal_nan=True)
    top.grad = numpy.array([[1, 2], [3, 4]], "f")
    top.backward()
    assert h.grad.tolist() == [[1, 0], [3, 4], [0, 2]]  # of two that are equal, the first
