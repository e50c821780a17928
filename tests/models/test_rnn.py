"""The model against the article's own formulation, a word at a time in plain Chainer."""

import copy

import numpy
import pytest

from benchmarks.article import Article
from tests.conftest import relative_error
from tsuzuri.compat import chainer
from tsuzuri.kernels.numpy_ import dropout
from tsuzuri.models.rnn import LAYERS, PROJECTIONS, RNN, Sizes

WORDS, UNITS, BATCH, STEPS = 23, 11, 5, 7


def pair(tmp_path, dtype, sizes):
    """Our model and the article's with the same weights, brought over by a snapshot."""
    ours, article = RNN(sizes, numpy.random.default_rng(0)), Article(sizes.words, sizes.units)
    chainer.serializers.save_npz(tmp_path / "ours.npz", ours)
    chainer.serializers.load_npz(tmp_path / "ours.npz", article)
    for model in (ours, article):
        for param in model.params():
            param.array = param.array.astype(dtype)
    return ours, article


def masks_of(ours, mode, dtype):
    """The masks our next window will use, by the article's names of the places; (T, B, ...) each."""
    rng = copy.deepcopy(ours.rng)
    keys = [int(rng.integers(2**64, dtype="u8")) for _ in range(5)]
    places = dict(zip(("l0", "l1_x", "h1", "l2_x", "h2"), keys, strict=True))
    ratio = ours.sizes.dropout
    if mode == LAYERS:
        shape = (STEPS, BATCH, UNITS)
        return {place: dropout.mask(numpy, shape, ratio, places[place], dtype) for place in ("l0", "h1", "h2")}
    # in the kernel's order, by gate; the article's interleaves the gates
    masks = {
        place: dropout.mask(numpy, (STEPS, BATCH, 4, UNITS), ratio, places[place], dtype) for place in ("l1_x", "l2_x")
    }
    return {place: mask.swapaxes(2, 3).reshape(STEPS, BATCH, 4 * UNITS) for place, mask in masks.items()}


class Drop:
    """The article's dropout with masks that are given, step by step."""

    def __init__(self, masks):
        self.masks, self.steps = masks, dict.fromkeys(masks, 0)

    def __call__(self, place, y):
        if place not in self.masks:
            return y
        self.steps[place] += 1
        return y * self.masks[place][self.steps[place] - 1]


@pytest.mark.parametrize(("dtype", "tolerance"), [("f", 2e-5), ("d", 1e-12)])
@pytest.mark.parametrize("mode", [None, LAYERS, PROJECTIONS])
def test_windows_equal_the_article_step_by_step(tmp_path, rng, dtype, tolerance, mode):
    ours, article = pair(tmp_path, dtype, Sizes(WORDS, UNITS, 0.4 if mode else 0.0, mode or LAYERS))
    state = article.zero_state(BATCH)
    for _ in range(3):
        xs, ts = (rng.integers(0, WORDS, (STEPS, BATCH)).astype("i") for _ in range(2))
        drop = Drop(masks_of(ours, mode, dtype) if mode else {})
        loss, state = article.window(xs, ts, state, drop)
        article.cleargrads()
        loss.backward()
        loss.unchain_backward()

        got = ours(xs, ts)
        ours.cleargrads()
        got.backward()
        assert got.dtype == dtype
        assert relative_error(got.array, loss.array) < tolerance
        wanted = dict(article.namedparams())
        assert wanted.keys() == dict(ours.namedparams()).keys()
        for name, param in ours.namedparams():
            assert relative_error(param.grad, wanted[name].grad) < tolerance, name
        for found, want in zip(ours.get_state(), state, strict=True):
            assert relative_error(found, want.array) < tolerance


def test_snapshots_go_both_ways(tmp_path):
    article, ours = Article(WORDS, UNITS), RNN(Sizes(WORDS, UNITS), numpy.random.default_rng(1))
    chainer.serializers.save_npz(tmp_path / "article.npz", article)
    chainer.serializers.load_npz(tmp_path / "article.npz", ours)
    chainer.serializers.save_npz(tmp_path / "back.npz", ours)
    again = Article(WORDS, UNITS)
    chainer.serializers.load_npz(tmp_path / "back.npz", again)
    for a, b in zip(article.params(), again.params(), strict=True):
        assert a.name == b.name
        assert (a.array == b.array).all()


def test_steps_equal_a_window(rng):
    model = RNN(Sizes(WORDS, UNITS), numpy.random.default_rng(0))
    xs = rng.integers(0, WORDS, (STEPS, BATCH)).astype("i")
    logits = numpy.stack([model.step(x) for x in xs])
    stepped = model.get_state()
    p = numpy.exp(logits - logits.max(axis=2, keepdims=True))
    p /= p.sum(axis=2, keepdims=True)
    picked = numpy.take_along_axis(p[:-1], xs[1:, :, None], axis=2)
    model.reset_state()
    with chainer.using_config("train", False):
        loss = model(xs[:-1], xs[1:])
        model(xs[-1:], xs[-1:])
    assert relative_error(loss.array, -numpy.log(picked).sum() / BATCH) < 1e-5
    for a, b in zip(stepped, model.get_state(), strict=True):
        assert relative_error(a, b) < 1e-5


def test_same_seed_same_training():
    def trained(seed):
        model = RNN(Sizes(WORDS, UNITS, 0.5), numpy.random.default_rng(seed))
        optimizer = chainer.optimizers.Adam()
        optimizer.setup(model)
        xs = numpy.random.default_rng(5).integers(0, WORDS, (STEPS + 1, BATCH)).astype("i")
        for _ in range(3):
            loss = model(xs[:-1], xs[1:])
            model.cleargrads()
            loss.backward()
            optimizer.update()
        return b"".join(param.array.tobytes() for param in model.params())

    assert trained(3) == trained(3)
    assert trained(3) != trained(4)


def test_state_is_copied_and_reset(rng):
    model = RNN(Sizes(WORDS, UNITS), numpy.random.default_rng(0))
    x = rng.integers(0, WORDS, BATCH).astype("i")
    first = model.step(x)
    state = model.get_state()
    kept = [s.copy() for s in state]
    second = model.step(x)
    assert not numpy.array_equal(first, second)
    assert all(numpy.array_equal(a, b) for a, b in zip(state, kept, strict=True))
    model.set_state(state)
    assert numpy.array_equal(model.step(x), second)
    model.reset_state()
    assert numpy.array_equal(model.step(x), first)


def test_streams_are_reset_one_by_one(rng):
    """What a stream reads after it is what one reads that has read nothing."""
    model = RNN(Sizes(WORDS, UNITS, 0.0), numpy.random.default_rng(0))
    before, after = rng.integers(0, WORDS, (2, STEPS, BATCH)).astype("i")
    which = numpy.arange(BATCH) % 2 == 0
    model.reset_streams(which)
    assert model.get_state() is None
    model(before, before)
    kept = model.get_state()
    model.reset_streams(which)
    for array, old in zip(model.get_state(), kept, strict=True):
        assert array.dtype == old.dtype
        assert not array[which].any()
        assert (array[~which] == old[~which]).all()
    of_those = numpy.where(which, after, -1)  # targets
    loss = float(model(after, of_those).array)
    model.reset_state()
    assert loss == pytest.approx(float(model(after, of_those).array), rel=1e-5)


def test_evaluation_draws_no_random_number(rng):
    model = RNN(Sizes(WORDS, UNITS, 0.5), numpy.random.default_rng(0))
    before = model.rng.bit_generator.state
    xs = rng.integers(0, WORDS, (STEPS, BATCH)).astype("i")
    with chainer.using_config("train", False), chainer.no_backprop_mode():
        losses = {float(model(xs, xs).array) for _ in range(2) if model.reset_state() is None}
    assert len(losses) == 1
    assert model.rng.bit_generator.state == before
