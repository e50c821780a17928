"""Each fast kernel against its slow twin in ``kernels/reference.py``, on fresh random input of awkward sizes."""

import numpy
import pytest

from tests.conftest import relative_error
from tests.kernels import drops, gradients
from tsuzuri.compat import chainer
from tsuzuri.kernels import functions, reference
from tsuzuri.kernels.numpy_ import dropout, embedding, lstm, output

SIZES = [(1, 1, 1, 1), (1, 5, 2, 3), (7, 1, 3, 1), (3, 2, 5, 4), (13, 11, 7, 9)]  # T, B, I, N
TOLERANCE = {"f": 1e-5, "d": 1e-12}
FLOOR = 1e-2  # of a size to measure by: one number alone may be the small difference of large terms


def lstm_inputs(rng, sizes, dtype, with_mask):
    T, B, I, N = sizes  # noqa: E741
    shapes = {
        "x": (T, B, I),
        "c": (B, N),
        "h": (B, N),
        "w_x": (4 * N, I),
        "b_x": 4 * N,
        "w_h": (4 * N, N),
        "b_h": 4 * N,
    }
    arrays = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    mask = (rng.random((T, B, 4 * N)) < 0.5) * 2.0 if with_mask else None
    return {name: a.astype(dtype).astype("d") for name, a in arrays.items()}, mask


def grouped_mask(mask):
    """Chainer's interleaved order of the gates to that of ``GateWeights``."""
    if mask is None:
        return None
    T, B, four_n = mask.shape
    return numpy.ascontiguousarray(mask.reshape(T, B, four_n // 4, 4).swapaxes(2, 3).reshape(mask.shape))


@pytest.mark.parametrize("dtype", ["f", "d"])
@pytest.mark.parametrize("with_mask", [False, True])
@pytest.mark.parametrize("sizes", SIZES)
def test_lstm(rng, xp, sizes, with_mask, dtype):
    a, mask = lstm_inputs(rng, sizes, dtype, with_mask)
    want_h, want_c, want_cache = reference.lstm_forward(**a, mask=mask)
    g_hs, g_c = rng.normal(size=want_h.shape), rng.normal(size=want_c.shape)
    want = reference.lstm_backward(g_hs, g_c, a["x"], a["w_x"], a["w_h"], want_cache, mask)

    b = {name: xp.asarray(array.astype(dtype)) for name, array in a.items()}
    grouped = lstm.GateWeights.of(*(b[name] for name in ("w_x", "b_x", "w_h", "b_h")))
    theirs = None if mask is None else xp.asarray(grouped_mask(mask).astype(dtype))
    cache = lstm.window_forward(b["x"], b["c"], b["h"], grouped, theirs)
    assert relative_error(cache.h[1:], want_h, FLOOR) < TOLERANCE[dtype]
    assert relative_error(cache.c[-1], want_c, FLOOR) < TOLERANCE[dtype]

    g_x, got_c, g_h, weights = lstm.window_backward(
        xp.asarray(g_hs.astype(dtype)), xp.asarray(g_c.astype(dtype)), grouped, cache
    )
    got = (g_x, got_c, g_h, *weights.joined())
    for name, found, wanted in zip(a, got, want, strict=True):
        assert relative_error(found, wanted, FLOOR) < 20 * TOLERANCE[dtype], name
    assert all(g.dtype == dtype for g in got)


@pytest.mark.parametrize("dtype", ["f", "d"])
@pytest.mark.parametrize("sizes", SIZES)
def test_lstm_step(rng, xp, sizes, dtype):
    a, _ = lstm_inputs(rng, (1, *sizes[1:]), dtype, False)
    want_h, want_c, _ = reference.lstm_forward(**a)
    b = {name: xp.asarray(array.astype(dtype)) for name, array in a.items()} | {
        "x": xp.asarray(a["x"][0].astype(dtype))
    }
    c, h = lstm.lstm_step(**b)
    assert relative_error(h, want_h[0], FLOOR) < TOLERANCE[dtype]
    assert relative_error(c, want_c, FLOOR) < TOLERANCE[dtype]


def test_lstm_at_the_ends_of_its_range():
    """Gates that are far open or shut give 0, 1 and -1, not NaN, and no warning."""
    w = numpy.zeros((4, 1), "f")
    for value in (-1e4, 1e4):
        grouped = lstm.GateWeights.of(w, numpy.full(4, value, "f"), w, numpy.zeros(4, "f"))
        cache = lstm.window_forward(
            numpy.zeros((3, 1, 1), "f"), numpy.zeros((1, 1), "f"), numpy.zeros((1, 1), "f"), grouped
        )
        assert cache.c[-1, 0, 0] == (3 if value > 0 else 0)


def test_split_gates_groups_and_scales_the_gates():
    w = numpy.arange(8, dtype="f")  # units 0 and 1, gates a i f o each
    assert lstm.split_gates(w).tolist() == [0, -8, -1, -5, -2, -6, -3, -7]
    assert (lstm.join_gates(lstm.split_gates(w)) / w.clip(1)).round().tolist() == [
        0,
        1,
        1,
        1,
        4,
        1,
        1,
        1,
    ]  # the scale twice


@pytest.mark.parametrize("dtype", ["f", "d"])
@pytest.mark.parametrize(("rows", "units", "words"), [(1, 1, 2), (5, 3, 7), (37, 13, 101)])
@pytest.mark.parametrize("block", [1, 1 << 10, 1 << 24])
@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_cross_entropy(rng, xp, monkeypatch, rows, units, words, dtype, block, smoothing):
    monkeypatch.setattr(output, "BLOCK_BYTES", block)
    monkeypatch.setattr(output, "TILE_BYTES", max(1, block // 3))
    h, w, b = rng.normal(size=(rows, units)), 3 * rng.normal(size=(words, units)), rng.normal(size=words)
    h, w, b = (array.astype(dtype).astype("d") for array in (h, w, b))
    target = rng.integers(-1, words, rows).astype("i")
    want = reference.cross_entropy(h, w, b, target, smoothing)
    arrays = *(xp.asarray(array.astype(dtype)) for array in (h, w, b)), xp.asarray(target)
    got = output.cross_entropy(*arrays, scale=0.25, smoothing=smoothing)
    for found, wanted, scale in zip(got, want, (1, 0.25, 0.25, 0.25), strict=True):
        assert relative_error(found, wanted * scale, floor=1) < 5 * TOLERANCE[dtype]
    alone = output.cross_entropy(*arrays, with_gradients=False)
    assert relative_error(alone[0], want[0], floor=1) < 5 * TOLERANCE[dtype]
    assert alone[1:] == (None, None, None)


def test_cross_entropy_of_huge_logits():
    h, w = numpy.array([[1e4]], "f"), numpy.array([[1.0], [-1.0]], "f")
    loss, g_h, _, _ = output.cross_entropy(h, w, numpy.zeros(2, "f"), numpy.array([1], "i"))
    assert loss == 2e4
    assert g_h == 2


def test_cross_entropy_never_holds_all_logits(monkeypatch):
    """With V = 4000 and 1000 rows the logits would be 16 MB; a block is a quarter of a megabyte."""
    import tracemalloc

    monkeypatch.setattr(output, "BLOCK_BYTES", 1 << 18)
    h, w, b = numpy.zeros((1000, 8), "f"), numpy.zeros((4000, 8), "f"), numpy.zeros(4000, "f")
    tracemalloc.start()
    output.cross_entropy(h, w, b, numpy.zeros(1000, "i"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 << 20


@pytest.mark.parametrize(("rows", "units", "words"), [(1, 1, 1), (50, 3, 7), (400, 17, 1000)])
def test_embedding_gradient(rng, xp, rows, units, words):
    g, ids = rng.normal(size=(rows, units)).astype("f"), rng.integers(0, words, rows).astype("i")
    got = embedding.gradient(xp.asarray(g), xp.asarray(ids), words)
    assert relative_error(got, reference.embedding_gradient(g.astype("d"), ids, words)) < 1e-5


@pytest.mark.parametrize("size", [1, 3, 4, 1001])
def test_dropout_mask(rng, xp, size):
    key, ratio = int(rng.integers(2**64, dtype="u8")), float(rng.random())
    got = dropout.keep(xp, (size,), ratio, key)
    assert got.tolist() == reference.dropout_mask(size, ratio, key)


@pytest.mark.parametrize("position", [0, 5, 1000])
def test_a_value_at_the_threshold_is_kept(xp, position):
    ratio = drops.ratio_at(77, position)
    assert dropout.keep(xp, (1001,), ratio, 77)[position]
    assert not dropout.keep(xp, (1001,), ratio + drops.STEP, 77)[position]


def test_splitmix64_is_the_published_generator():
    """The first outputs for seed 1234567, as in the generator's published test vector."""
    golden = 0x9E3779B97F4A7C15
    draws = [reference.splitmix64(1234567 + (k + 1) * golden) for k in range(3)]
    assert draws == [6457827717110365317, 3203168211198807973, 9817491932198370423]


@pytest.mark.parametrize("ratio", [0.1, 0.5, 0.9])
def test_dropout_keeps_the_mean(rng, ratio):
    mask = dropout.mask(numpy, (200, 1000), ratio, int(rng.integers(2**63)), "f")
    assert mask.dtype == numpy.float32
    assert set(numpy.unique(mask)) == {0, numpy.float32(1 / (1 - ratio))}
    assert abs((mask == 0).mean() - ratio) < 0.01
    assert abs(numpy.corrcoef(mask[:-1].ravel(), mask[1:].ravel())[0, 1]) < 0.01


# As Chainer functions


@pytest.mark.parametrize("ratio", [0.0, 0.5])
def test_lstm_window_as_a_function(rng, ratio):
    a, _ = lstm_inputs(rng, (4, 3, 2, 5), "d", False)
    gradients.check(
        lambda *arrays: functions.lstm_window(*arrays, ratio=ratio, key=7), tuple(a.values()), [(4, 3, 5), (3, 5)]
    )


def test_lstm_window_when_one_output_is_unused(rng):
    a, _ = lstm_inputs(rng, (4, 3, 2, 5), "d", False)
    for k, shape in ((0, (4, 3, 5)), (1, (3, 5))):
        gradients.check(lambda *arrays, k=k: functions.lstm_window(*arrays)[k], tuple(a.values()), [shape])


def test_other_functions(rng):
    ids = rng.integers(0, 6, (4, 3)).astype("i")
    gradients.check(lambda w: functions.embed(ids, w), (rng.normal(size=(6, 2)),), [(4, 3, 2)])
    gradients.check(lambda x: functions.dropout(x, 0.3, 5), (rng.normal(size=(4, 3)),), [(4, 3)])
    h, w, b = rng.normal(size=(5, 2)), rng.normal(size=(7, 2)), rng.normal(size=7)
    target = numpy.array([0, 6, -1, 3, 3], "i")
    gradients.check(lambda *arrays: functions.cross_entropy(*arrays, target), (h, w, b), [()])


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.9])
def test_what_is_learned_is_of_smoothed_targets_and_what_is_lost_of_the_words(rng, smoothing):
    """By differences along random directions: the loss says nothing of the smoothing, its gradient is all of it."""
    arrays = [rng.normal(size=shape) for shape in ((5, 2), (7, 2), 7)]
    target = numpy.array([0, 6, -1, 3, 3], "i")
    variables = [chainer.Variable(array) for array in arrays]
    loss = functions.cross_entropy(*variables, target, scale=0.5, smoothing=smoothing)
    loss.backward()
    assert float(loss.array) == pytest.approx(0.5 * reference.cross_entropy(*arrays, target)[0])
    for k, variable in enumerate(variables):
        step = 1e-6 * rng.normal(size=arrays[k].shape)
        ends = [[*arrays[:k], arrays[k] + sign * step, *arrays[k + 1 :]] for sign in (1, -1)]
        up, down = (0.5 * reference.smoothed_cross_entropy(*end, target, smoothing) for end in ends)
        assert (variable.grad * step).sum() == pytest.approx((up - down) / 2, rel=1e-5, abs=1e-13)


def test_dropout_of_nothing_is_the_same_variable():
    x = chainer.Variable(numpy.ones(3, "f"))
    assert functions.dropout(x, 0.0, 0) is x
