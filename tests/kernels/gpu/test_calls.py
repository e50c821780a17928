"""The GPU's kernels as Chainer functions, on the emulated GPU, against the same functions without it."""

import numpy
import pytest

from tests.conftest import relative_error
from tests.kernels import drops
from tsuzuri.compat import chainer
from tsuzuri.kernels import functions
from tsuzuri.kernels.gpu import calls, launcher, output

TOLERANCE = {"float32": 1e-5, "tf32": 5e-3, "bfloat16": 2e-2}


@pytest.fixture
def both(emulated, monkeypatch):
    """Runs a function twice, without and with the emulated GPU, and returns both results."""
    engine = emulated(2, multiprocessors=4)

    def run(function):
        monkeypatch.setattr(launcher, "of_type", lambda kind: None)
        wanted = function()
        monkeypatch.setattr(launcher, "of_type", lambda kind: engine)
        monkeypatch.setattr(launcher, "current", lambda: engine)
        before = len(engine.launches)
        found = function()
        assert len(engine.launches) > before
        return wanted, found

    return run


def gradients(function, *inputs):
    """The outputs of a function of variables, and the inputs' gradients for random gradients of the outputs."""
    variables = [chainer.Variable(array.copy()) for array in inputs]
    outputs = function(*variables)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    generator = numpy.random.default_rng(8)
    for y in outputs:
        y.grad = generator.normal(size=y.shape).astype("f")
    loss = sum(chainer.functions.sum(y * y.grad) for y in outputs)
    loss.backward()
    return [y.array for y in outputs] + [v.grad for v in variables]


def assert_near(both, function, tolerance):
    wanted, found = both(function)
    for k, (a, b) in enumerate(zip(found, wanted, strict=True)):
        assert a.dtype == b.dtype == numpy.float32
        assert relative_error(a, b, 0.1) < tolerance, k


@pytest.mark.parametrize(
    ("precision", "ratio", "sizes"),  # T, B, I, N
    [
        ("float32", 0.4, (1, 1, 1, 1)),  # not rounded: of one value that may be all that is left of a difference
        ("float32", 0.0, (4, 3, 7, 5)),
        ("float32", 0.4, (3, 2, 33, 17)),
        ("tf32", 0.4, (4, 3, 7, 5)),
        ("tf32", 0.0, (3, 2, 33, 17)),
        ("bfloat16", 0.4, (4, 3, 7, 5)),
        ("bfloat16", 0.0, (3, 2, 33, 17)),
    ],
)
def test_lstm_window(rng, both, sizes, ratio, precision):
    T, B, I, N = sizes  # noqa: E741
    shapes = (T, B, I), (B, N), (B, N), (4 * N, I), (4 * N,), (4 * N, N), (4 * N,)
    inputs = [rng.normal(size=shape).astype("f") for shape in shapes]
    for k, size in ((3, I), (5, N)):
        inputs[k] /= numpy.sqrt(size)  # as a model's, or roundings grow from step to step
    settings = {"ratio": ratio, "key": 77, "precision": precision}
    assert_near(
        both, lambda: gradients(lambda *a: functions.lstm_window(*a, **settings), *inputs), TOLERANCE[precision]
    )


def test_lstm_window_of_which_one_output_is_used(rng, both):
    shapes = (4, 3, 2), (3, 5), (3, 5), (20, 2), (20,), (20, 5), (20,)
    inputs = [rng.normal(size=shape).astype("f") for shape in shapes]
    for k in (0, 1):
        assert_near(both, lambda k=k: gradients(lambda *a: functions.lstm_window(*a)[k], *inputs), 1e-5)


@pytest.mark.parametrize("precision", TOLERANCE)
@pytest.mark.parametrize(("block", "smoothing"), [(1, 0.0), (2, 0.3), (5, 0.0), (5, 0.3)])
def test_cross_entropy(rng, both, monkeypatch, precision, block, smoothing):
    monkeypatch.setattr(output, "rows_at_once", lambda rows, words: block)
    h, w, b = (rng.normal(size=shape).astype("f") for shape in ((5, 7), (33, 7), (33,)))
    target = numpy.array([0, 32, -1, 3, 3], "i")
    settings = {"scale": 0.25, "precision": precision, "smoothing": smoothing}
    run = lambda: gradients(lambda *a: functions.cross_entropy(*a, target, **settings), h, w, b)  # noqa: E731
    assert_near(both, run, TOLERANCE[precision])
    with chainer.no_backprop_mode():
        wanted, found = both(lambda: functions.cross_entropy(h, w, b, target, **settings).array)
    assert found == pytest.approx(wanted, rel=TOLERANCE[precision])


@pytest.mark.parametrize("ratio", [0.0, 0.4])
def test_the_way_there_takes_no_memory_for_gradients(rng, emulated, monkeypatch, ratio):
    engine = emulated(2, multiprocessors=4)
    monkeypatch.setattr(launcher, "current", lambda: engine)
    T, B, N = 4, 3, 7
    shapes = (T, B, N), (B, N), (B, N), (4 * N, N), (4 * N,), (4 * N, N), (4 * N,)
    inputs = [engine.asarray(rng.normal(size=shape), "f") for shape in shapes]
    _, _, cache = calls.lstm_forward(*inputs, ratio, 77, "float32")
    layer = cache.layer
    assert (layer.dz_op, layer.dz_x_op) == (None, None)
    calls.lstm_backward(inputs[0], inputs[1], cache)


def test_embed(rng, both):
    ids = rng.integers(0, 6, (4, 3)).astype("i")
    w = rng.normal(size=(6, 5)).astype("f")
    assert_near(both, lambda: gradients(lambda w: functions.embed(ids, w), w), 1e-6)


@pytest.mark.parametrize("position", [0, 5])  # of one stream's (4, N) projections
def test_a_projection_at_the_threshold_of_dropout_is_kept(rng, both, position):
    shapes = (1, 1, 3), (1, 2), (1, 2), (8, 3), (8,), (8, 2), (8,)
    inputs = [rng.uniform(0.5, 1, shape).astype("f") for shape in shapes]
    for ratio in (drops.ratio_at(77, position), drops.ratio_at(77, position) + drops.STEP):
        run = lambda ratio=ratio: gradients(lambda *a: functions.lstm_window(*a, ratio=ratio, key=77), *inputs)  # noqa: E731
        assert_near(both, run, 1e-5)
