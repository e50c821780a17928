"""The output layer's CUDA kernels, run by the emulator, against ``reference.py`` in float64."""

import numpy
import pytest

from tests.conftest import relative_error
from tests.kernels.gpu.test_embedding import values
from tsuzuri.kernels import reference
from tsuzuri.kernels.gpu import output

SIZES = [(1, 1), (2, 3), (3, 31), (2, 33), (2, 1028), (3, 1030)]  # r, V
SCALE = 0.25


def wanted(logits, b, target, smoothing):
    """Losses (r,) and gradients (r, V) in float64."""
    words = logits.shape[1]
    losses, grads = [], []
    for row, word in zip(logits.astype("d"), target, strict=True):  # a row's h is its logits, and the weights are 1
        loss, g_h, _, _ = reference.cross_entropy(row[None], numpy.eye(words), b.astype("d"), [word], smoothing)
        losses.append(loss)
        grads.append(SCALE * g_h[0])
    return numpy.array(losses), numpy.stack(grads)


@pytest.mark.parametrize(
    ("rows", "words", "wanted"),
    [(700, 10_000, 700), (700, 60_000, 700), (9000, 60_000, 1024), (9000, 4000, 2048), (9000, 10, 9000), (1, 1, 1)],
)
def test_rows_at_once(rows, words, wanted):
    assert output.rows_at_once(rows, words) == wanted


@pytest.mark.parametrize("room", [0, 1, 4])  # beyond the words in a row of logits
@pytest.mark.parametrize(("kind", "smoothing"), [("f", 0.0), ("u2", 0.0), ("f", 0.3), ("u2", 0.3)])
@pytest.mark.parametrize(("rows", "words"), SIZES)
def test_softmax(rng, emulated, rows, words, kind, room, smoothing):
    logits, b = 3 * rng.normal(size=(rows, words)).astype("f"), rng.normal(size=words).astype("f")
    target = rng.integers(-1, words, rows).astype("i")
    target[-1] = rng.choice([-1, words - 1])
    losses, grads = wanted(logits, b, target, smoothing)
    found = []
    for seed in (1, 2):
        engine = emulated(seed)
        z = engine.empty((rows, words + room))
        z[:, :words] = logits
        d = engine.empty((rows, -(-words // 32) * 32 + 32), kind)
        loss, alone = engine.empty(rows), engine.empty(rows)
        ours = z, engine.asarray(b), engine.asarray(target), SCALE
        output.softmax(engine, *ours, d, loss, smoothing)
        output.softmax(engine, *ours, None, alone, smoothing)
        assert relative_error(loss, losses, floor=1) < 1e-5
        assert (alone == loss).all()
        assert relative_error(values(d[:, :words]), grads, floor=SCALE / 10) < (1e-5 if kind == "f" else 2**-8)
        assert numpy.isnan(values(d[:, words:])).all()
        assert (loss[target < 0] == 0).all()
        assert (values(d[target < 0, :words]) == 0).all()
        found.append((loss.tobytes(), d.tobytes()))
    assert found[0] == found[1]


@pytest.mark.parametrize("room", [0, 3])
@pytest.mark.parametrize("words", [5, 8, 1029])
def test_the_gradient_in_place_of_the_logits(rng, emulated, words, room):
    logits, b = rng.normal(size=(3, words)).astype("f"), rng.normal(size=words).astype("f")
    target = numpy.array([0, -1, words - 1], "i")
    engine = emulated()
    z, loss = engine.zeros((3, words + room)), engine.empty(3)
    z[:, :words] = logits
    output.softmax(engine, z, engine.asarray(b), engine.asarray(target), SCALE, z, loss, 0.1)
    losses, grads = wanted(logits, b, target, 0.1)
    assert relative_error(z[:, :words], grads, floor=SCALE / 10) < 1e-5
    assert relative_error(loss, losses, floor=1) < 1e-5
    assert (z[:, words:] == 0).all()


def test_huge_logits(emulated):
    engine = emulated()
    logits = engine.asarray([[1e4, -1e4, 0], [-3e37, 3e37, -3e37], [88, 89, 88]], "f")
    d, loss = engine.empty((3, 16)), engine.empty(3)
    target = engine.asarray([1, 1, 0], "i")
    output.softmax(engine, logits, engine.zeros(3), target, 1.0, d, loss)
    assert loss[:2].tolist() == [2e4, 0]
    assert d[:2, :3].tolist() == [[1, -1, 0], [0, 0, 0]]
    assert numpy.allclose(d[2, :3], [0.21194 - 1, 0.57611, 0.21194], atol=1e-5)


@pytest.mark.parametrize("place", [0, 1, 2, 3, 6])  # of four that a thread takes together, and of those that are left
def test_the_largest_may_be_anywhere(emulated, place):
    engine = emulated()
    logits, loss = engine.zeros((1, 7)), engine.empty(1)
    logits[0, place] = 200  # whose exponential float32 has not
    output.softmax(engine, logits, engine.zeros(7), engine.asarray([place], "i"), 1.0, None, loss)
    assert loss[0] == 0


@pytest.mark.parametrize("bad", [numpy.nan, numpy.inf])
def test_what_is_no_number_shows_in_the_loss(emulated, bad):
    engine = emulated()
    loss = engine.empty(2)
    logits = engine.asarray([[0, bad, 1], [0, 1, 2]], "f")
    output.softmax(engine, logits, engine.zeros(3), engine.zeros(2, "i"), 1.0, None, loss)
    assert numpy.isfinite(loss).tolist() == [False, True]
