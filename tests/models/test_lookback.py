"""A model that looks back: windows against steps, gradients, streams that begin anew, both engines."""

import numpy
import pytest

from tsuzuri.compat import F, chainer
from tsuzuri.data import layout
from tsuzuri.kernels import functions as K
from tsuzuri.kernels import reference
from tsuzuri.midi.lookback import LOOKS, MARKS, Lookback
from tsuzuri.models.rnn import RNN, Sizes
from tsuzuri.text.vocabulary import SPECIAL
from tsuzuri.training import evaluation

WORDS = [*SPECIAL, "00_90_3c40", "60_80_3c00", "00_90_3e40", "60_80_3e00", "00_ff_5801022408"]


@pytest.fixture
def model(rng):
    sizes = Sizes(len(WORDS), 5, dropout=0.0, tied=True, skip=True, looks=LOOKS, marks=MARKS)
    made = RNN(sizes, rng)
    made.lookback = Lookback(WORDS, 96, (1, 4))
    for param in made.params():  # all of it says something
        param.array += rng.normal(0, 0.3, param.shape).astype("f")
    return made


def losses_by_steps(model, ids):
    """-log p of each of the ids, read word by word from a line end."""
    model.reset_state()
    logits = [model.step(numpy.array([word], "i")) for word in [0, *ids[:-1]]]
    return F.softmax_cross_entropy(numpy.concatenate(logits), numpy.array(ids, "i"), reduce="no").array


def test_windows_and_steps_come_to_the_same(model, rng):
    ids = numpy.append(rng.integers(0, len(WORDS), 59), 0).astype("i")
    ids[29] = 0  # two pieces at least
    loss = evaluation.evaluate_documents(model, ids, numpy.array([0]), carried=True)
    assert loss == pytest.approx(losses_by_steps(model, ids).mean(), rel=1e-5)
    # other inputs, another loss: without what is told the model would not be the same
    model.l0_look.array[...] = model.l0_mark.W.array[...] = 0
    assert abs(evaluation.evaluate_documents(model, ids, numpy.array([0]), carried=True) - loss) > 1e-4


def test_documents_that_are_put_in_another_order_keep_what_is_told(model, rng):
    ids = rng.choice(len(WORDS), 400, p=[0.04, 0.06, 0.25, 0.2, 0.2, 0.2, 0.05]).astype("i")
    ids[-1] = 0
    starts = numpy.flatnonzero(numpy.append(True, ids[:-1] == 0))
    rows = model.looked_up(ids)
    told = {}  # by what stands in a piece up to a word: all that is told can depend on
    for start, stop in zip(starts, [*starts[1:], len(ids)], strict=True):
        for place in range(start, stop):
            told[(*ids[start:place], -1, ids[place])] = rows[place].tolist()
    windows = layout.document_windows(ids, starts, 3, 7, rng, rows)
    count = 0
    for stream in range(3):
        before = []
        for xs, ts, resets in windows:
            if resets is not None and resets[stream]:
                before = None  # a segment may begin within a piece
            for x, t in zip(xs[:, stream], ts[:, stream], strict=True):
                if t < 0:
                    continue
                before = [] if x[0] == 0 else before
                if before is not None:
                    assert x[1:].tolist() == told[(*before, -1, t)]
                    before.append(int(t))
                    count += 1
    assert count > 100


def test_the_gradients_are_those_of_the_loss(model, rng):
    ids = numpy.append(rng.integers(0, len(WORDS), 11), 0).astype("i")
    xs, ts = layout.read_before(ids, model.looked_up(ids))[:, None], ids[:, None]

    def loss():
        model.reset_state()
        return model(xs, ts)

    with chainer.using_config("train", False):
        model.cleargrads()
        loss().backward()
        for param in (model.l0_look, model.l0_mark.W, model.l0.W):
            place = tuple(int(n) for n in numpy.unravel_index(abs(param.grad).argmax(), param.shape))
            found, kept, step = float(param.grad[place]), float(param.array[place]), 3e-3
            param.array[place] = kept + step
            above = float(loss().array)
            param.array[place] = kept - step
            below = float(loss().array)
            param.array[place] = kept
            assert found == pytest.approx((above - below) / (2 * step), rel=0.02)


def test_rows_are_weighed_as_specified(rng):
    x, w, g = (rng.normal(0, 1, shape).astype("f") for shape in ((4, 3, 2, 5), (2, 5), (4, 3, 5)))
    given = chainer.Variable(x), chainer.Variable(w)
    y = K.weigh_rows(*given)
    want = reference.weigh_rows(x.reshape(12, 2, 5), w).reshape(4, 3, 5)
    numpy.testing.assert_allclose(y.array, want, rtol=1e-5, atol=1e-6)
    y.grad = g
    y.backward()
    numpy.testing.assert_allclose(given[0].grad, g[:, :, None] * w, rtol=1e-5, atol=1e-6)
    slow = sum(g[t, b] * x[t, b] for t in range(4) for b in range(3))
    numpy.testing.assert_allclose(given[1].grad, slow, rtol=1e-4, atol=1e-5)


def test_a_stream_that_begins_anew_looks_back_on_nothing(model, rng):
    steps = rng.integers(2, len(WORDS), (12, 2)).astype("i")
    model.reset_state()
    for row in steps:
        model.step(row)
    model.reset_streams(numpy.array([True, False]))
    after = model.step(steps[0])
    model.reset_state()
    assert after[0] == pytest.approx(model.step(steps[0])[0], abs=1e-5)
    assert abs(after[1] - model.step(steps[0])[1]).max() > 1e-3
