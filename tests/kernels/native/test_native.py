"""The kernels in C++ against ``kernels/reference.py`` in float64: every level that runs here, both precisions."""

import os
import shutil
import subprocess
import sys
import threading

import numpy
import pytest

from tests.conftest import ROOT, relative_error
from tests.kernels import drops
from tsuzuri.compat import chainer
from tsuzuri.errors import UserError
from tsuzuri.kernels import functions, native, reference
from tsuzuri.kernels.native import calls
from tsuzuri.kernels.numpy_ import dropout
from tsuzuri.models.rnn import RNN, Sizes
from tsuzuri.training.optimizers import OPTIMIZERS

NATIVE = native.extension()
pytestmark = pytest.mark.skipif(NATIVE is None, reason="the native kernels are not built here")
NATIVE_SOURCES = sorted((ROOT / "tsuzuri/kernels/native").glob("*.?pp"))
LEVELS = NATIVE.levels() if NATIVE else []
TOLERANCE = {native.FLOAT32: 1e-5, native.BFLOAT16: 1e-2}
LONG = {native.FLOAT32: 1, native.BFLOAT16: 3}  # times that for gradients, which roundings of many steps have gone into
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


@pytest.fixture(params=LEVELS)
def level(request, monkeypatch):
    """Each level in turn as the best."""
    monkeypatch.setattr(native, "level", lambda: request.param)
    return request.param


@pytest.fixture(params=native.PRECISIONS)
def precision(request):
    return request.param


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


@pytest.mark.parametrize(("rows", "units", "words"), [(1, 1, 2), (5, 3, 7), (37, 13, 101), (130, 70, 64), (9, 600, 33)])
def test_cross_entropy(rng, level, precision, rows, units, words):
    hold_cross_entropy(rng, precision, rows, units, words)


IN_BLOCKS = [*((level, native.FLOAT32) for level in LEVELS), *((level, native.BFLOAT16) for level in LEVELS[:1])]


@pytest.mark.parametrize(("level", "precision"), IN_BLOCKS, indirect=["level"])
def test_cross_entropy_of_more_than_a_block_of_logits(rng, level, precision):
    hold_cross_entropy(rng, precision, 700, 16, 6500)


def hold_cross_entropy(rng, precision, rows, units, words):
    h, w = rng.normal(size=(rows, units)), rng.normal(size=(words, units)) / numpy.sqrt(units)
    h, w, b = (array.astype("f") for array in (h, w, rng.normal(size=words)))
    target = rng.integers(-1, words, rows).astype("i")
    want = reference.cross_entropy(*(array.astype("d") for array in (h, w, b)), target)
    got = calls.cross_entropy(h, w, b, target, 0.25, True, precision)
    for found, wanted, scale in zip(got, want, (1, 0.25, 0.25, 0.25), strict=True):
        assert MEASURE[precision](found, scale * wanted, scale) < TOLERANCE[precision]
    assert calls.cross_entropy(h, w, b, target, 0.25, False, precision) == (got[0], None, None, None)


def test_cross_entropy_of_huge_logits(level):
    h, w = numpy.array([[1e4]], "f"), numpy.array([[1.0], [-1.0]], "f")
    loss, g_h, _, _ = calls.cross_entropy(h, w, numpy.zeros(2, "f"), numpy.array([1], "i"), 1.0, True, native.FLOAT32)
    assert loss == 2e4
    assert g_h == 2


@pytest.mark.parametrize("shape", [(1,), (3, 7), (5, 1000, 3)])
def test_dropout_has_the_masks_of_its_twin(rng, level, shape):
    x, key = rng.normal(size=shape).astype("f"), int(rng.integers(2**64, dtype="u8"))
    for ratio in (0.1, 0.5, 0.95):
        assert (calls.dropout(x, ratio, key) == x * dropout.mask(numpy, shape, ratio, key, "f")).all()


@pytest.mark.parametrize("position", [0, 21, 2998])  # in a vector, and in what is left
def test_a_value_at_the_threshold_is_kept(level, position):
    x, ratio = numpy.ones(2999, "f"), drops.ratio_at(77, position)
    assert calls.dropout(x, ratio, 77)[position]
    assert not calls.dropout(x, ratio + drops.STEP, 77)[position]


def test_the_number_of_threads_does_not_show(rng, level, precision, threads):
    a = lstm_inputs(rng, (9, 23, 40, 70))
    h, w, b = (rng.normal(size=shape).astype("f") for shape in ((207, 70), (300, 70), 300))
    target = rng.integers(0, 300, 207).astype("i")
    found = []
    for count in (1, 2, 3, 7):
        threads(count)
        *_, cache = calls.lstm_forward(*a.values(), 0.3, 5, precision)
        results = [cache.hs, cache.cs, cache.gates.copy()]
        results += calls.lstm_backward(a["x"][..., :1] + 0 * cache.hs[1:], None, cache)
        results += calls.cross_entropy(h, w, b, target, 1.0, True, precision)
        found.append(b"".join(numpy.asarray(array).tobytes() for array in results))
    assert len(set(found)) == 1


def test_bfloat16_rounds_to_the_nearest_and_even(level):
    """A product with 1 shows what a value was rounded to: 8 bits of significand stay."""
    values = numpy.array([1.0, 1 + 2**-8, 1 + 3 * 2**-8, 1 + 2**-8 + 2**-20, -3.0e-5, 65535.0], "f")
    want = numpy.array([1.0, 1.0, 1 + 2**-6, 1 + 2**-7, -3.0040740966796875e-05, 65536.0], "f")
    one, target = numpy.ones((1, 1), "f"), numpy.zeros(1, "i")
    for value, rounded in zip(values, want, strict=True):
        w = numpy.array([[0.0], [value]], "f")
        # two words: softmax of 0 and of the value, whose gradient with respect to h is p w, w rounded
        g_h = calls.cross_entropy(one, w, numpy.array([0, 100], "f"), target, 1.0, True, native.BFLOAT16)[1]
        assert g_h[0, 0] == rounded


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
        NATIVE.dropout("none", h, 0.5, 0)


def test_a_fork_begins_with_threads_of_its_own(threads):
    threads(2)
    code = (
        "import os, numpy; from tsuzuri.kernels import native; from tsuzuri.kernels.native import calls\n"
        "native.extension().set_threads(2); x = numpy.ones((100, 1000), 'f'); want = calls.dropout(x, 0.5, 1)\n"
        "if os.fork() == 0: os._exit(0 if (calls.dropout(x, 0.5, 1) == want).all() else 1)\n"
        "assert os.wait()[1] == 0; assert (calls.dropout(x, 0.5, 1) == want).all()\n"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, timeout=60)
    assert done.returncode == 0


@pytest.mark.parametrize(("asked", "count"), [("3", 3), ("0", None), ("x", None)])
def test_threads_are_as_many_as_may_be_used(asked, count):
    code = "from tsuzuri.kernels import native; print(native.extension().threads())"
    got = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": asked}, capture_output=True
    )
    assert int(got.stdout) == count or (count is None and int(got.stdout) <= os.cpu_count())


def reference_window(w, state, xs, ts):
    """Loss and gradients of a window of the whole model by ``reference`` alone, in float64, and the state after it."""
    batch, caches, after, x = xs.shape[1], [], [], w["l0/W"][xs]
    for layer, (c, h) in zip(("l1", "l2"), (state[:2], state[2:]), strict=True):
        weights = [w[f"{layer}_{part}"] for part in ("x/W", "x/b", "h/W", "h/b")]
        hs, c, cache = reference.lstm_forward(x, c, h, *weights)
        caches.append((x, weights, cache))
        after += [c, hs[-1]]
        x = hs
    loss, g, g_w, g_b = reference.cross_entropy(x.reshape(-1, x.shape[2]), w["l3/W"], w["l3/b"], ts.reshape(-1))
    grads = {"l3/W": g_w / batch, "l3/b": g_b / batch}
    g = g.reshape(x.shape) / batch
    for layer, (x, weights, cache) in zip(("l2", "l1"), reversed(caches), strict=True):
        found = reference.lstm_backward(g, numpy.zeros_like(g[0]), x, weights[0], weights[2], cache)
        g = found[0]
        for part, gradient in zip(("x/W", "x/b", "h/W", "h/b"), found[3:], strict=True):
            grads[f"{layer}_{part}"] = gradient
    grads["l0/W"] = reference.embedding_gradient(g.reshape(-1, g.shape[2]), xs.reshape(-1), len(w["l0/W"]))
    return loss / batch, grads, after


def test_a_training_follows_the_reference(rng, precision):
    """At the best level, 200 windows of a small text with Adam: the losses of the kernels and of ``reference.py``."""
    words, units, T, B, clip = 23, 11, 6, 3, 0.5
    model = RNN(Sizes(words, units, dropout=0.0), rng, precision)
    optimizer = OPTIMIZERS["adam"].make(0.01, clip).setup(model)
    params = {name.strip("/"): param for name, param in model.namedparams()}
    w = {name: param.array.astype("d") for name, param in params.items()}
    moments = {name: (numpy.zeros_like(a), numpy.zeros_like(a)) for name, a in w.items()}
    text = numpy.cumsum(rng.integers(1, 4, (200 * T + 1, B)), axis=0) % words  # the next word is one of three
    state = [numpy.zeros((B, units)) for _ in range(4)]
    losses = []
    for window in range(200):
        xs, ts = (text[window * T + i : window * T + i + T].astype("i") for i in (0, 1))
        loss = model(xs, ts)
        model.cleargrads()
        loss.backward()
        want, grads, state = reference_window(w, state, xs, ts)
        if window == 0:
            for name, param in params.items():
                assert MEASURE[precision](param.grad, grads[name], 1e-3) < 5 * TOLERANCE[precision], name
        optimizer.update()
        names = list(grads)
        for name, gradient in zip(names, reference.clip([grads[name] for name in names], clip), strict=True):
            reference.adam(w[name], gradient, *moments[name], window + 1, alpha=0.01)
        losses.append((float(loss.array), want))
    found, wanted = numpy.array(losses).T
    assert wanted[-20:].mean() < 0.6 * wanted[0]  # something was learned
    drift = {native.FLOAT32: 2e-3, native.BFLOAT16: 5e-2}[precision]
    numpy.testing.assert_allclose(found, wanted, rtol=drift)


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


def test_an_empty_window_is_left_to_numpy():
    assert not native.has(numpy.zeros((0, 3), "f"))
    assert not native.has(numpy.zeros((2, 3), "d"))
    assert native.has(numpy.zeros((2, 3), "f"))


def test_precision_reaches_the_products(rng):
    """Losses and gradients of a model in bfloat16 are near those in float32 and not equal; evaluation is equal."""
    xs, ts = rng.integers(0, 30, (2, 6, 4)).astype("i")
    losses, layers, evaluated = [], [], []
    for precision in native.PRECISIONS:
        model = RNN(Sizes(30, 16, dropout=0.0), numpy.random.default_rng(1), precision)
        loss = model(xs, ts)
        model.cleargrads()
        loss.backward()
        losses.append(float(loss.array))
        layers.append([model.l3.W.grad, model.l1_h.W.grad, model._state[1]])
        model.reset_state()
        with chainer.using_config("train", False):
            evaluated.append(float(model(xs, ts).array))
    assert losses[0] != losses[1] == pytest.approx(losses[0], rel=2e-2)
    assert evaluated[0] == evaluated[1] == losses[0]
    for one, other in zip(*layers, strict=True):
        assert 1e-5 < distance(other, one) < 5e-2


def test_auto_is_bfloat16_only_where_that_is_faster(monkeypatch):
    for name in [*LEVELS, "avx512", "avx512bf16", "amx"]:
        monkeypatch.setattr(native, "level", lambda name=name: name)
        assert native.choose("auto") == (native.BFLOAT16 if name in ("avx512bf16", "amx") else native.FLOAT32)
        assert native.describe(native.FLOAT32).startswith(f"native {name}, float32, ")
        assert native.choose(native.BFLOAT16) == native.BFLOAT16
    monkeypatch.setattr(native, "extension", lambda: None)
    assert native.choose("auto") == native.FLOAT32
    assert native.describe(native.FLOAT32).startswith("NumPy, float32 (")
    with pytest.raises(UserError, match="--precision bfloat16: needs the native kernels"):
        native.choose(native.BFLOAT16)


def loaded(folder, wanted):
    """What the program in a folder says of its engine with this TSUZURI_NATIVE."""
    code = (
        "import sys; sys.meta_path[:] = [finder for finder in sys.meta_path if 'Editable' not in str(finder)]\n"
        "from tsuzuri.errors import UserError; from tsuzuri.kernels import native\n"
        "try: print(native.describe('float32'))\nexcept UserError as error: print('refused', error)"
    )
    env = {name: value for name, value in os.environ.items() if name != "TSUZURI_NATIVE"}
    env |= {} if wanted is None else {"TSUZURI_NATIVE": str(wanted)}
    return subprocess.run([sys.executable, "-c", code], cwd=folder, env=env, capture_output=True, text=True).stdout


@pytest.fixture
def copy(tmp_path):
    """Enough of the project to load the kernels, with no build."""
    (tmp_path / "tsuzuri/kernels/native").mkdir(parents=True)
    rooms = ("tsuzuri", "tsuzuri/kernels", "tsuzuri/kernels/native")
    modules = [*(ROOT / room / "__init__.py" for room in rooms), ROOT / "tsuzuri/errors.py"]
    modules.append(ROOT / "tsuzuri/kernels/native/library.py")
    for path in [*modules, *NATIVE_SOURCES]:
        shutil.copy(path, tmp_path / path.relative_to(ROOT))
    return tmp_path


def test_what_cannot_be_loaded_is_reported(copy):
    assert loaded(copy, None).startswith("NumPy, float32 (there are none: make native")
    assert loaded(copy, "").startswith("NumPy, float32 (there are none")
    assert loaded(copy, 0) == "NumPy, float32 (TSUZURI_NATIVE=0)\n"
    assert loaded(copy, 1).startswith("refused TSUZURI_NATIVE=1: there are no native kernels: make native")
    for wrong in ("yes", copy / "tsuzuri/errors.py", "/nowhere.so"):
        assert loaded(copy, wrong).startswith(f"refused TSUZURI_NATIVE={wrong}: must be 0, 1 or the path of an ext")
    assert loaded(copy, NATIVE.__file__).startswith("native ")
    name = copy / "tsuzuri/kernels/native" / os.path.basename(NATIVE.__file__)
    name.write_bytes(b"spoilt")
    assert loaded(copy, None).startswith("refused the native kernels do not load: ")
    shutil.copy(NATIVE.__file__, name)
    assert loaded(copy, None).startswith("native ")
    with open(copy / "tsuzuri/kernels/native/pool.cpp", "a") as stream:
        stream.write("// changed\n")
    assert "built from other sources than tsuzuri/kernels/native has now" in loaded(copy, None)


def test_calls_from_several_threads_do_not_meet(rng, threads):
    """Different kernels from different threads of Python at once, while the number of the pool's threads changes."""
    threads(2)
    x, w = rng.normal(size=(64, 200)).astype("f"), rng.normal(size=(50, 200)).astype("f")
    ids, a = rng.integers(0, 50, 64).astype("i"), lstm_inputs(rng, (4, 16, 24, 40))
    kernels = [
        lambda: calls.dropout(x, 0.5, 7),
        lambda: calls.embed(ids, w),
        lambda: calls.embed_backward(x, ids, 50),
        lambda: calls.lstm_forward(*a.values(), 0.0, 0, native.FLOAT32)[0],
    ]
    wanted = [call() for call in kernels]
    wrong = []

    def go_on(call, want):
        for _ in range(150):
            if not numpy.array_equal(call(), want):
                wrong.append(call)

    callers = [threading.Thread(target=go_on, args=pair) for pair in zip(kernels, wanted, strict=True)]
    for caller in callers:
        caller.start()
    for count in (1, 3, 2) * 10:
        threads(count)
    for caller in callers:
        caller.join()
    assert not wrong


def test_a_fork_while_a_kernel_is_at_work(threads):
    code = (
        "import os, threading, numpy; from tsuzuri.kernels import native; from tsuzuri.kernels.native import calls\n"
        "native.extension().set_threads(2); x = numpy.ones((300, 1000), 'f'); want = calls.dropout(x, 0.5, 1)\n"
        "stop = threading.Event()\n"
        "def work():\n    while not stop.is_set(): calls.dropout(x, 0.5, 1)\n"
        "worker = threading.Thread(target=work); worker.start()\n"
        "for _ in range(20):\n"
        "    if os.fork() == 0: os._exit(0 if (calls.dropout(x, 0.5, 1) == want).all() else 1)\n"
        "    assert os.wait()[1] == 0\n"
        "stop.set(); worker.join()\n"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, timeout=60)
    assert done.returncode == 0


def test_arrays_to_be_changed_are_not_the_same(rng):
    p, g = rng.normal(size=(2, 9)).astype("f")
    with pytest.raises(ValueError, match="two of the arrays to be changed are one"):
        calls.update("momentum", [((0.1, 0.9), p, g, [p])], numpy.inf)
    with pytest.raises(ValueError, match="two of the arrays to be changed are one"):
        calls.update("sgd", [((0.1,), p, g, []), ((0.1,), p, g, [])], numpy.inf)


def test_an_array_at_an_odd_address_is_refused():
    x = numpy.zeros(41, "u1")[1:].view("f")
    with pytest.raises(ValueError, match="x: is not aligned"):
        NATIVE.dropout(LEVELS[0], x, 0.5, 0)
