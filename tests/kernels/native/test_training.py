"""A model that is trained by the kernels in C++ follows ``kernels/reference.py``, and has the precision asked for."""

import numpy
import pytest

from tests.kernels.native.measures import MEASURE, NATIVE, TOLERANCE, distance
from tsuzuri.compat import chainer
from tsuzuri.kernels import native, reference
from tsuzuri.models.rnn import RNN, Sizes
from tsuzuri.training.optimizers import OPTIMIZERS

pytestmark = pytest.mark.skipif(NATIVE is None, reason="the native kernels are not built here")


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
