"""Models of other sizes and with other dropout, against plain formulas over the kernels' own masks."""

import dataclasses
import json

import numpy
import pytest

from tests.conftest import relative_error
from tsuzuri.compat import F, chainer
from tsuzuri.kernels.numpy_ import dropout
from tsuzuri.models.rnn import RNN, Sizes

WORDS, STEPS, BATCH = 19, 6, 4
MODELS = [
    Sizes(WORDS, 7, 0.0, tied=True),
    Sizes(WORDS, 7, 0.0, embed=5),
    Sizes(WORDS, 7, 0.3, embed=5, tied=True, locked=True),
    Sizes(WORDS, 6, 0.4, layers=1, dropout_output=0.2),
    Sizes(WORDS, 6, 0.0, layers=3, embed=4, tied=True, dropout_weights=0.3, dropout_words=0.4),
    Sizes(WORDS, 6, 0.5, layers=4, locked=True, dropout_input=0.1, dropout_between=0.0, dropout_weights=0.5),
    Sizes(WORDS, 7, 0.4, tied=True, locked=True, skip=True),
    Sizes(WORDS, 17, 0.0, layers=3, skip=True, dropout_on="projections", dropout_weights=0.3),
    Sizes(WORDS, 6, 0.3, layers=4, embed=4, tied=True, skip=True),  # the last layer is narrower: it adds nothing
]


def window(rng):
    return [rng.integers(0, WORDS, (STEPS, BATCH)).astype("i") for _ in range(2)]


def plain_loss(model, xs, ts, keys, ar=0.0, tar=0.0, smoothing=0.0):
    """The loss, and what is learned by: with penalties and of smoothed targets, by Chainer's own functions.

    A step at a time, from a state of zeros.
    """
    sizes, dtype = model.sizes, model.l0.W.dtype
    rates = sizes.rates()
    keys = dict(zip(rates, keys, strict=True))

    def mask(place, shape):
        repeated = sizes.locked and len(shape) == 3
        made = dropout.mask(numpy, shape[1:] if repeated else shape, rates[place], keys[place], dtype)
        return numpy.broadcast_to(made, shape)

    embedded = F.embed_id(xs, model.l0.W)
    if rates["words"]:
        embedded *= mask("words", (WORDS,))[xs][..., None]
    rows, raw = [x * m for x, m in zip(embedded, mask("read", embedded.shape), strict=True)], None
    for k, (below, before) in enumerate(model.layers, start=1):
        w_h = before.W * mask(f"weights{k}", before.W.shape)
        c = h = numpy.zeros((BATCH, sizes.outputs[k - 1]), dtype)
        out = []
        for x in rows:
            c, h = F.lstm(c, below(x) + F.linear(h, w_h, before.b))
            out.append(h)
        below, raw = raw, F.stack(out)
        if sizes.skip and below is not None and below.shape == raw.shape:
            raw += below
        rows = [x * m for x, m in zip(raw, mask(f"written{k}", raw.shape), strict=True)]
    handed_on = F.stack(rows)
    w, b = model.output
    logits = F.linear(handed_on.reshape(-1, sizes.outputs[-1]), w, b)
    loss = F.softmax_cross_entropy(logits, ts.reshape(-1)) * STEPS
    spread = -F.sum(F.log_softmax(logits)) / WORDS / BATCH
    smoothed = (1 - smoothing) * loss + smoothing * spread
    return loss, smoothed + STEPS * (ar * F.mean(handed_on**2) + tar * F.mean((raw[1:] - raw[:-1]) ** 2))


@pytest.mark.parametrize("sizes", MODELS, ids=repr)
@pytest.mark.parametrize("held", [(0.0, 0.0, 0.0), (0.3, 0.0, 0.0), (0.2, 0.7, 0.0), (0.0, 0.0, 0.1), (0.2, 0.7, 0.3)])
def test_a_window_equals_the_plain_formulas(rng, sizes, held):
    held = dict(zip(("ar", "tar", "smoothing"), held, strict=True))
    model = RNN(sizes, numpy.random.default_rng(0), **held)
    for param in model.params():
        param.array = param.array.astype("d")
    xs, ts = window(rng)
    model.rng = numpy.random.default_rng(8)
    keys = model.keys()
    want, penalized = plain_loss(model, xs, ts, keys, **held)
    model.cleargrads()
    penalized.backward()
    wanted = {name: param.grad.copy() for name, param in model.namedparams()}
    model.rng = numpy.random.default_rng(8)
    got = model(xs, ts)
    model.cleargrads()
    got.backward()
    assert relative_error(got.array, want.array) < 1e-12
    for name, param in model.namedparams():
        assert relative_error(param.grad, wanted[name]) < 1e-10, name
    assert {name.removeprefix("/"): p.shape for name, p in model.namedparams()} == sizes.shapes()


@pytest.mark.parametrize("sizes", MODELS, ids=repr)
def test_steps_equal_a_window(rng, sizes):
    """In C++, which takes layers of any widths, and dropping nothing."""
    model = RNN(sizes, numpy.random.default_rng(0))
    xs, ts = window(rng)
    logits = numpy.stack([model.step(x) for x in xs])
    stepped = model.get_state()
    assert [s.shape[1] for s in stepped] == [*sizes.state_widths().values()]
    model.reset_state()
    with chainer.using_config("train", False):
        loss = model(xs, ts)
    want = F.softmax_cross_entropy(logits.reshape(-1, WORDS), ts.reshape(-1)) * STEPS
    assert relative_error(loss.array, want.array) < 1e-5
    for a, b in zip(stepped, model.get_state(), strict=True):
        assert relative_error(a, b) < 1e-5


def test_a_layer_of_zeros_that_is_skipped_is_none(rng):
    xs, ts = window(rng)
    two = RNN(Sizes(WORDS, 7, 0.0, skip=True), numpy.random.default_rng(0))
    for link in (two.l2_x, two.l2_h):
        for param in link.params():
            param.array[...] = 0  # tanh(0) in every cell
    one = RNN(Sizes(WORDS, 7, 0.0, layers=1), numpy.random.default_rng(0))
    for link in ("l0", "l1_x", "l1_h"):
        one[link].copyparams(two[link])
    one.l2.copyparams(two.l3)
    with chainer.using_config("train", False):
        for _ in range(2):  # the state is each layer's own
            assert float(two(xs, ts).array) == pytest.approx(float(one(xs, ts).array), rel=1e-6)


def test_masks_draw_no_more_than_they_did():
    """An old run that goes on draws five keys a window, whatever there is to choose now."""
    model = RNN(Sizes(WORDS, 5, 0.5), numpy.random.default_rng(3))
    model.rng, same = numpy.random.default_rng(3), numpy.random.default_rng(3)
    assert model.keys()[:5] == [int(same.integers(2**64, dtype="u8")) for _ in range(5)]
    assert model.rng.bit_generator.state == same.bit_generator.state
    quiet = RNN(Sizes(WORDS, 5, 0.0), numpy.random.default_rng(3))
    before = quiet.rng.bit_generator.state
    assert not any(quiet.keys())
    assert quiet.rng.bit_generator.state == before


def test_sizes_come_back_from_json():
    for sizes in MODELS:
        assert Sizes(**json.loads(json.dumps(dataclasses.asdict(sizes)))) == sizes
