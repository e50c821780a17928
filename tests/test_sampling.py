"""Filters, constraints, the stream and where it ends; the model here is a table."""

import numpy
import pytest

from sampling import constraints, filters
from sampling.ends import Ending
from sampling.stream import stream

P = numpy.array([[0.5, 0.25, 0.15, 0.1]])
LOGITS = numpy.log(P).astype("f")
ALL = [0, 1, 2, 3]


def kept(logits):
    return numpy.flatnonzero(numpy.isfinite(logits[0])).tolist()


@pytest.mark.parametrize(("k", "wanted"), [(1, [0]), (2, [0, 1]), (4, ALL), (9, ALL), (None, ALL)])
def test_top_k(k, wanted):
    assert kept(filters.top_k(LOGITS, k)) == wanted


@pytest.mark.parametrize(
    ("p", "wanted"),
    [(0.01, [0]), (0.49, [0]), (0.6, [0, 1]), (0.76, [0, 1, 2]), (1.0, ALL), (None, ALL)],
)
def test_top_p(p, wanted):
    assert kept(filters.top_p(LOGITS, p)) == wanted


def test_filters_work_row_by_row():
    two = numpy.vstack([LOGITS, LOGITS[:, ::-1]])
    assert numpy.isfinite(filters.top_p(two, 0.6)).tolist() == [[True, True, False, False], [False, False, True, True]]
    assert numpy.isfinite(filters.top_k(two, 1)).tolist() == [[True, False, False, False], [False, False, False, True]]


@pytest.mark.parametrize("t", [0.5, 1.0, 2.0])
def test_draws_follow_the_distribution(rng, t):
    sample = filters.sampler(t)
    drawn = sample(numpy.repeat(LOGITS, 40_000, axis=0), rng)
    assert drawn.dtype == numpy.int32
    wanted = P[0] ** (1 / t) / (P[0] ** (1 / t)).sum()
    assert abs(numpy.bincount(drawn, minlength=4) / len(drawn) - wanted).max() < 0.015


def test_temperature_zero_takes_the_likeliest(rng):
    assert filters.sampler(0)(LOGITS, rng).tolist() == [0]


def test_what_is_forbidden_is_never_drawn(rng):
    forbid = constraints.never([0, 3])
    logits = forbid(numpy.repeat(LOGITS, 10_000, axis=0))
    for sample in (filters.sampler(), filters.sampler(1, 3), filters.sampler(1, None, 0.9), filters.sampler(0)):
        assert set(sample(logits, rng)) <= {1, 2}


@pytest.mark.parametrize("at", [0.0, numpy.nextafter(1, 0)])
def test_a_draw_at_the_ends_of_the_unit_interval(at):
    class Rng:
        def random(self, shape):
            return numpy.full(shape, at)

    logits = numpy.array([[-numpy.inf, 0.0, 0.1, -numpy.inf]])
    assert filters.draw(logits, Rng())[0] == (1 if at == 0 else 2)


class Counter:
    """A model that counts what it reads: after word w, word w + 1 is certain."""

    xp = numpy

    def __init__(self):
        self.read = []

    def reset_state(self):
        self.read = []

    def step(self, words):
        self.read.append(words.tolist())
        logits = numpy.full((len(words), 50), -30.0, "f")
        logits[numpy.arange(len(words)), words + 1] = 0
        return logits


def test_each_word_is_read_once(rng):
    model = Counter()
    made = stream(model, [3, 4, 5], filters.sampler(), lambda logits: logits, rng, batch=2)
    assert [next(made).tolist() for _ in range(3)] == [[6, 6], [7, 7], [8, 8]]
    assert model.read == [[3, 3], [4, 4], [5, 5], [6, 6], [7, 7]]  # 8 is read when the next is asked for


def take(text, **limits):
    ending = Ending(limits.get("length"), limits.get("sentences"), lambda w: w in "。！", lambda w: w == "」")
    out = []
    for word in text:
        if ending.over or not ending.take(word):
            break
        out.append(word)
    assert ending.over
    return "".join(out)


@pytest.mark.parametrize(
    ("limits", "wanted"),
    [
        ({"length": 3}, "「はい"),
        ({"sentences": 1}, "「はい。」"),
        ({"sentences": 2}, "「はい。」\nいや"),
        ({"sentences": 3}, "「はい。」\nいや\n\nあ！"),
        ({"sentences": 3, "length": 6}, "「はい。」\n"),
    ],
)
def test_where_a_text_ends(limits, wanted):
    assert take("「はい。」\nいや\n\nあ！い。", **limits) == wanted
