"""Filters, constraints, the stream and where it ends; the model here is a table."""

import numpy
import pytest

from tsuzuri.sampling import constraints, filters
from tsuzuri.sampling.endings import Ending
from tsuzuri.sampling.stream import generate_words
from tsuzuri.text.sentences import is_closing, is_sentence_end

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


@pytest.mark.parametrize("spread", [0.1, 2.0, 6.0])
@pytest.mark.parametrize("p", [0.1, 0.9, 0.999])
def test_top_p_of_many_words_is_that_of_a_whole_sort(rng, spread, p):
    logits = rng.normal(0, spread, (5, 3000))
    filtered = filters.top_p(logits, p)
    for row, kept_of_row in zip(logits, numpy.isfinite(filtered), strict=True):
        shares = numpy.exp(row - row.max()) / numpy.exp(row - row.max()).sum()
        ranked = numpy.argsort(-shares)
        count = int(numpy.searchsorted(numpy.cumsum(shares[ranked]), p)) + 1  # the fewest that make up p
        assert set(numpy.flatnonzero(kept_of_row)) == set(ranked[:count].tolist())


def test_filters_work_row_by_row():
    two = numpy.vstack([LOGITS, LOGITS[:, ::-1]])
    assert numpy.isfinite(filters.top_p(two, 0.6)).tolist() == [[True, True, False, False], [False, False, True, True]]
    assert numpy.isfinite(filters.top_k(two, 1)).tolist() == [[True, False, False, False], [False, False, False, True]]


@pytest.mark.parametrize("t", [0.5, 1.0, 2.0])
def test_draws_follow_the_distribution(rng, t):
    sample = filters.make_sampler(t)
    drawn = sample(numpy.repeat(LOGITS, 40_000, axis=0), rng)
    assert drawn.dtype == numpy.int32
    wanted = P[0] ** (1 / t) / (P[0] ** (1 / t)).sum()
    assert abs(numpy.bincount(drawn, minlength=4) / len(drawn) - wanted).max() < 0.015


def test_temperature_zero_takes_the_likeliest(rng):
    assert filters.make_sampler(0)(LOGITS, rng).tolist() == [0]


def test_each_row_has_its_own_k_and_p():
    two = numpy.repeat(LOGITS, 2, axis=0)
    assert numpy.isfinite(filters.top_k(two, numpy.array([[3], [9]]))).sum(axis=1).tolist() == [3, 4]
    assert numpy.isfinite(filters.top_p(two, numpy.array([[0.6], [1.0]]))).sum(axis=1).tolist() == [2, 4]


@pytest.mark.parametrize("settings", [(0,), (0.5,), (1, 2), (1, None, 0.7), (2, 3, 0.9)], ids=str)
def test_a_heat_of_one_changes_no_draw(rng, settings):
    sample, seed = filters.make_sampler(*settings), int(rng.integers(2**32))
    logits = rng.normal(size=(500, 30)).astype("f")
    drawn = [sample(logits, numpy.random.default_rng(seed), *heat) for heat in ((), (None,), (numpy.ones((500, 1)),))]
    assert (drawn[0] == drawn[1]).all()
    assert (drawn[0] == drawn[2]).all()
    assert drawn[2].dtype == numpy.int32


@pytest.mark.parametrize(("t", "heat"), [(0, 1.5), (0, 3), (0.5, 1.5), (1, 2)])
def test_heat_is_added_to_the_temperature_of_its_row_alone(rng, t, heat):
    heats = numpy.repeat([heat, 1.0], 40_000)[:, None]
    drawn = filters.make_sampler(t)(numpy.repeat(LOGITS, 80_000, axis=0), rng, heats).reshape(2, -1)
    for row, hot in zip(drawn, (t + heat - 1, t), strict=True):
        wanted = P[0] ** (1 / hot) / (P[0] ** (1 / hot)).sum() if hot else numpy.array([1, 0, 0, 0])
        assert abs(numpy.bincount(row, minlength=4) / len(row) - wanted).max() < 0.015


def test_heat_widens_what_k_and_p_let_through(rng):
    logits = numpy.repeat(LOGITS, 20_000, axis=0)
    for heat, wanted in ((1.0, {0}), (1.1, {0, 1}), (2.5, {0, 1, 2}), (9.0, {0, 1, 2, 3})):
        assert set(filters.make_sampler(1, 1)(logits, rng, numpy.full((20_000, 1), heat))) == wanted
    for heat, wanted in ((1.0, {0}), (2.0, {0, 1}), (40.0, {0, 1, 2, 3})):
        assert set(filters.make_sampler(1, None, 0.01)(logits, rng, numpy.full((20_000, 1), heat))) == wanted


def test_what_is_forbidden_is_never_drawn(rng):
    forbid = constraints.forbid_ids([0, 3])
    logits = forbid(numpy.repeat(LOGITS, 10_000, axis=0))
    for sample in (
        filters.make_sampler(),
        filters.make_sampler(1, 3),
        filters.make_sampler(1, None, 0.9),
        filters.make_sampler(0),
    ):
        assert set(sample(logits, rng)) <= {1, 2}
        assert set(sample(logits, rng, numpy.full((10_000, 1), 64.0))) <= {1, 2}


@pytest.mark.parametrize("at", [0.0, numpy.nextafter(1, 0)])
def test_a_draw_at_the_ends_of_the_unit_interval(at):
    class Rng:
        def random(self, shape):
            return numpy.full(shape, at)

    logits = numpy.array([[-numpy.inf, 0.0, 0.1, -numpy.inf]])
    assert filters.draw_words(logits, Rng())[0] == (1 if at == 0 else 2)


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
    rows = generate_words(model, [3, 4, 5], filters.make_sampler(), lambda logits: logits, rng, batch=2)
    assert [next(rows).tolist() for _ in range(3)] == [[6, 6], [7, 7], [8, 8]]
    assert model.read == [[3, 3], [4, 4], [5, 5], [6, 6], [7, 7]]  # 8 is read when the next is asked for


def take(text, **limits):
    settings = {
        "length": None,
        "sentences": None,
        "is_end": lambda w, _: w in "。！",
        "is_closing": lambda w: w == "」",
    }
    ending = Ending(**settings | limits)
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


@pytest.mark.parametrize(
    ("before", "text", "wanted"),
    [
        ("", "\n\nは。に", "\n\nは。"),
        ("彼", "\nは。", ""),  # the line end ends the sentence that the prime began
        ("彼", "は。に。", "は。"),
        ("彼\n", "\nは。に", "\nは。"),
        ("彼。", "\nは。に", "\nは。"),
        ("「彼。", "」\nは。に", "」\nは。"),  # a closing bracket begins no sentence
        ("「彼。」", "は。に", "は。"),
        ("彼。だ", "\nは。", ""),
        ("彼。\n　", "は\nに。", "は"),
    ],
)
def test_the_words_before_begin_a_sentence_and_are_not_counted(before, text, wanted):
    assert take(text, before=before, sentences=1) == wanted
    assert take(text, before=before, length=len(text)) == text


def test_an_ellipsis_ends_no_sentence_that_goes_on():
    limits = {"is_end": is_sentence_end, "is_closing": is_closing, "sentences": 1}
    assert take("「……」と彼。は", **limits) == "「……」と彼。"
    assert take("「彼……」\nは。", **limits) == "「彼……」"  # by the line end
    assert take("彼……。」は", **limits) == "彼……。」"
