"""A step of the model in C++ against its slow twin, on fresh random input of awkward sizes, on every level there is."""

import numpy
import pytest

from tests.conftest import relative_error
from tsuzuri.kernels import functions, native, reference
from tsuzuri.kernels.native import calls
from tsuzuri.models.rnn import RNN, Sizes

SIZES = [(1, 1, 2), (2, 3, 5), (7, 8, 33), (4, 17, 11), (3, 64, 40), (5, 67, 130), (1, 130, 301)]  # B, N, V
LEVELS = native.extension().levels() if native.extension() else []
PATHS = [*LEVELS, "numpy"]


@pytest.fixture
def path(request, monkeypatch):
    """Make ``functions`` go one way: a level of the processor, or NumPy."""
    if request.param == "numpy":
        monkeypatch.setattr(native, "extension", lambda: None)
    else:
        monkeypatch.setattr(native, "level", lambda: request.param)


def inputs(rng, sizes):
    """Arguments of ``functions.step``, float32."""
    B, N, V = sizes

    def normal(*shape):
        return (rng.normal(size=shape) / shape[-1] ** 0.5).astype("f")

    layers = [(normal(4 * N, N), normal(4 * N), normal(4 * N, N), normal(4 * N)) for _ in range(2)]
    words = rng.integers(0, V, B).astype("i")
    state = tuple(rng.normal(size=(B, N)).astype("f") for _ in range(4))
    return words, state, rng.normal(size=(V, N)).astype("f"), layers, normal(V, N), normal(V)


def wanted(words, state, embedding, layers, w, b, skip=False):
    """What ``reference`` makes of them in float64: the logits and the state."""
    x, after = embedding[words].astype("d"), []
    for (c, before), weights in zip((state[:2], state[2:]), layers, strict=True):
        arrays = (a.astype("d") for a in (x[None], c, before, *weights))
        (h,), c, _ = reference.lstm_forward(*arrays)
        x = h + x if skip and after else h
        after += [c, h]
    return x @ w.T.astype("d") + b, *after


def flat(found):
    logits, state = found
    return logits, *state


@pytest.mark.parametrize("path", PATHS, indirect=True)
@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("skip", [False, True])
def test_a_step_is_the_references(rng, path, sizes, skip):
    arguments = *inputs(rng, sizes), skip
    state = [s.copy() for s in arguments[1]]
    for found, want in zip(flat(functions.step(*arguments)), wanted(*arguments), strict=True):
        assert relative_error(found, want, 0.1) < 1e-5
    assert all(numpy.array_equal(s, kept) for s, kept in zip(arguments[1], state, strict=True))


@pytest.mark.parametrize("path", LEVELS, indirect=True)
@pytest.mark.parametrize("sizes", [(13, 37), (128, 500), (131, 1003)])
def test_neither_the_other_streams_nor_the_threads_show(rng, path, threads, sizes):
    words, state, *weights = inputs(rng, (64, *sizes))
    threads(1)
    whole = flat(functions.step(words, state, *weights))
    for first, last in ((0, 1), (62, 64), (7, 12), (0, 64)):
        part = slice(first, last)
        for count in (1, 2, 3):
            threads(count)
            alone = flat(functions.step(words[part], tuple(s[part] for s in state), *weights))
            assert all(numpy.array_equal(a, b[part]) for a, b in zip(alone, whole, strict=True))


@pytest.mark.skipif(not LEVELS, reason="the extension is not built")
def test_weights_are_not_read_past_their_ends(rng):
    """What lies behind a weight, here NaN, does not show."""

    def within(a):
        room = numpy.full(a.size + 64, numpy.nan, "f")
        room[32 : 32 + a.size] = a.reshape(-1)
        return room[32 : 32 + a.size].reshape(a.shape)

    for sizes in SIZES:
        words, state, embedding, layers, w, b = inputs(rng, sizes)
        plain = functions.step(words, state, embedding, layers, w, b)
        layers = [tuple(within(a) for a in layer) for layer in layers]
        guarded = functions.step(words, tuple(map(within, state)), within(embedding), layers, within(w), within(b))
        assert all(numpy.array_equal(a, b) for a, b in zip(flat(plain), flat(guarded), strict=True))


@pytest.mark.skipif(not LEVELS, reason="the extension is not built")
def test_what_would_read_elsewhere_is_refused(rng):
    words, state, embedding, layers, w, b = inputs(rng, (3, 5, 7))
    for wrong in (7, -1):
        with pytest.raises(ValueError, match="words: must be from 0 to 6"):
            calls.step(numpy.full(3, wrong, "i"), state, embedding, layers, w, b, False)
    with pytest.raises(ValueError, match="h: must have the shape"):
        calls.step(words, (*state[:3], state[3][:2]), embedding, layers, w, b, False)
    with pytest.raises(ValueError, match="w_h: must have the shape"):
        calls.step(words, state, embedding, [layers[0], (*layers[1][:2], w, layers[1][3])], w, b, False)
    with pytest.raises(ValueError, match="a layer at least"):
        calls.step(words, state, embedding, layers[:1], w, b, False)


@pytest.mark.parametrize("path", PATHS, indirect=True)
def test_the_model_steps_through_it(rng, path):
    model = RNN(Sizes(11, 6), rng)
    layers = [[getattr(model, f"{layer}_{kind}") for kind in "xh"] for layer in ("l1", "l2")]
    weights = [tuple(p.array for link in layer for p in (link.W, link.b)) for layer in layers]
    state = [numpy.zeros((3, 6), "f")] * 4
    for words in rng.integers(0, 11, (4, 3)).astype("i"):
        want, *state = wanted(words, state, model.l0.W.array, weights, model.l3.W.array, model.l3.b.array)
        assert relative_error(model.step(words), want, 0.1) < 1e-5
        for found, kept in zip(model.get_state(), state, strict=True):
            assert relative_error(found, kept, 0.1) < 1e-5
