"""Loops are seen, left and forgotten; what is no loop is never touched. Models here are tables, and one is trained."""

import copy
import itertools

import numpy
import pytest

from tsuzuri.models.rnn import RNN, Sizes
from tsuzuri.sampling import filters, loops
from tsuzuri.sampling.loops import LoopEscape
from tsuzuri.sampling.stream import generate_words
from tsuzuri.training.optimizers import Adam

V = 50


class Cycle:
    """A model whose next word is the one after it in a cycle of ``period`` words, all others e^-margin as likely."""

    xp = numpy

    def __init__(self, period, margin):
        self.after = numpy.arange(V)
        self.after[:period] = numpy.roll(numpy.arange(period), -1)
        self.after[period:] = 0  # whatever else is drawn, the cycle is next
        self.margin = margin

    def reset_state(self):
        pass

    def step(self, words):
        logits = numpy.full((len(words), V), -self.margin, "f")
        logits[numpy.arange(len(words)), self.after[words]] = 0
        return logits


class Table(Cycle):
    """A model whose next word depends on the last by logits drawn once."""

    def __init__(self, rng):
        self.logits = rng.normal(scale=0.3, size=(V, V)).astype("f")  # so even that it cannot loop by chance

    def step(self, words):
        return self.logits[words]


def drawn(model, sample, rng, count, batch=1, way_out=None):
    """Words (count, B)."""
    rows = generate_words(model, [0], sample, lambda logits: logits, rng, batch, way_out)
    return numpy.array(list(itertools.islice(rows, count)))


def longest(words, period):
    """The length of the longest stretch of words (R,) that has this period."""
    differs = numpy.flatnonzero(words[period:] != words[:-period])
    return int(numpy.diff([-1, *differs, len(words) - period]).max()) - 1 + period


def heats(rows, onset_keys=None):
    """The heat after each row of words (R, B): (R, B)."""
    way_out = LoopEscape(rows.shape[1], onset_keys)
    out = []
    for words in rows:
        way_out.take(words)
        out.append(way_out.heat()[:, 0])
    return numpy.array(out)


@pytest.mark.parametrize("settings", [(0.5,), (1,), (0,), (1, 1), (0.5, None, 0.01)], ids=str)
@pytest.mark.parametrize("period", [1, 2, 7, 40])
def test_a_cycle_is_left(rng, period, settings):
    sample, margin = filters.make_sampler(*settings), rng.uniform(22, 30)
    assert longest(drawn(Cycle(period, margin), sample, rng, 300)[:, 0], period) == 300
    words = drawn(Cycle(period, margin), sample, rng, 1000, way_out=LoopEscape(1))[:, 0]
    assert longest(words, period) < max(loops.WORDS[0], loops.REPEATS[0] * period) + 60


@pytest.mark.parametrize("settings", [(1,), (0.7, 30, 0.95)], ids=str)
def test_a_model_that_does_not_loop_is_never_touched(rng, settings):
    model, sample, seed = Table(rng), filters.make_sampler(*settings), int(rng.integers(2**32))
    plain = drawn(model, sample, numpy.random.default_rng(seed), 800, 3)
    guarded = drawn(model, sample, numpy.random.default_rng(seed), 800, 3, LoopEscape(3))
    assert (plain == guarded).all()
    assert (heats(guarded) == 1).all()


@pytest.mark.parametrize("times", [2, 3])
def test_a_phrase_said_twice_or_thrice_is_no_loop(rng, times):
    for length in (8, 30, 100, loops.PERIOD):
        a, b = rng.permutation(1000)[: 2 * length].reshape(2, length)
        song = numpy.concatenate([*[a] * times, *[b] * times, *[a] * times])
        assert (heats(song[:, None]) == 1).all()


@pytest.mark.parametrize("text", ["「……」", "。" * 23, "は、は、は、は、は、は、", "あはははははははははははは！"])
def test_what_writers_repeat_is_no_loop(text):
    assert (heats(numpy.array([[ord(letter)] for letter in text])) == 1).all()


def is_loop(words):
    """The definition: the last words, REPEATS times a period and WORDS in all, each equal the one a period before."""
    for period in range(1, loops.PERIOD + 1):
        length = max(loops.REPEATS[0] * period, loops.WORDS[0])
        if len(words) >= length and words[len(words) - length + period :] == words[len(words) - length : -period]:
            return True
    return False


def test_a_loop_is_what_the_definition_says(rng):
    words, detected, way_out = [], [], LoopEscape(1)
    while len(words) < 1500:
        words += rng.integers(0, 3, rng.integers(1, 5) * rng.integers(1, 16)).tolist() * int(rng.integers(1, 7))
    for word in words:
        now = copy.deepcopy(way_out)
        now.take(numpy.array([word]))
        detected.append(now.heat()[0, 0] > 1)
        way_out.read(numpy.array([word]))  # which heats nothing, and leaves nothing to be remembered
    wanted = [is_loop(words[: n + 1]) for n in range(len(words))]
    assert detected == wanted
    assert any(wanted)
    assert not all(wanted)


@pytest.mark.parametrize(("rest", "bound"), [(20, 1), (400, 0)])
def test_a_loop_is_remembered_for_a_while(rng, rest, bound):
    first, between = numpy.tile([1, 2], 20), rng.permutation(1000)[:rest] + 10
    keys = numpy.full(1010, -1)
    keys[7] = 60
    one_key = numpy.stack([numpy.full(40, 7), rng.permutation(1000)[:40] + 10], axis=1).reshape(-1)
    for again, onset_keys, since in (
        (numpy.tile([3, 4], 40), None, loops.WORDS[bound]),
        (numpy.tile(numpy.arange(2000, 2010), 5), None, 10 * loops.REPEATS[bound]),
        (one_key, keys, 2 * loops.ONSETS[bound] - 1),
    ):
        heat = heats(numpy.concatenate([first, between, again])[:, None], onset_keys)[:, 0]
        before, after = numpy.split(heat, [len(first) + rest])
        assert before[-1] == 1
        assert numpy.flatnonzero(after > 1)[0] == since - 1
        warm = 1 + (before.max() - 1) * loops.FORGET ** (rest + since) if bound else 1
        assert after[since - 1] == pytest.approx(loops.RISE * warm, rel=0.02)


def test_the_heat_rises_to_its_bound_and_falls_back_to_one():
    rising = heats(numpy.zeros((150, 1), int))[:, 0]
    assert (rising[: loops.WORDS[0] - 1] == 1).all()
    assert (numpy.diff(rising[loops.WORDS[0] - 2 : loops.WORDS[0] + 30]) > 0).all()
    assert rising.max() == rising[-1] == loops.MOST

    mild = numpy.concatenate([numpy.zeros(loops.WORDS[0] + 3, int), numpy.arange(1, 40)])[:, None]
    falling = heats(mild)[loops.WORDS[0] + 2 :, 0]
    assert falling[0] > falling[1] > falling[2] > 1
    assert (falling[12:] == 1).all()


def test_rows_are_independent(rng):
    rows = rng.integers(0, 9, (400, 3))
    rows[50:120, 0], rows[100:300, 2] = 4, numpy.tile([5, 6], 100)
    together = heats(rows)
    assert (together == numpy.hstack([heats(rows[:, n : n + 1]) for n in range(3)])).all()
    assert (together[:, 1] == 1).all()
    assert together[119, 0] > 1 == together[200, 0]
    assert together[299, 2] > 1 == together[60, 2]


def test_one_key_for_ever_is_a_loop_whatever_its_velocities(rng):
    keys = numpy.repeat([-1, 60, 62], [300, 300, 1])  # of a word's note: none, middle C, D
    on, off = rng.permutation(300) + 300, rng.permutation(300)
    tune = numpy.stack([on, off], axis=1).reshape(-1)  # note on, note off, never twice the same word
    heat = heats(tune[:, None], keys)[:, 0]
    first = 2 * (loops.ONSETS[0] - 1)
    assert (heat[:first] == 1).all()
    assert (numpy.diff(heat[first - 1 : first + 30]) > 0).all()  # the notes' ends too: the key is still the same
    assert (heats(tune[:, None])[:, 0] == 1).all()

    tune[20::20] = 600  # D now and then
    assert (heats(tune[:, None], keys) == 1).all()


def test_a_prime_that_loops_heats_nothing_yet(rng):
    seen = []

    def sample(logits, rng, heat):
        seen.append(heat.tolist())
        return numpy.zeros(len(logits), numpy.int32)

    rows = generate_words(Cycle(1, 9), [0] * 90, sample, lambda logits: logits, rng, 2, LoopEscape(2))
    list(itertools.islice(rows, 3))
    assert seen == [[[1.0]] * 2, [[pytest.approx(loops.RISE)]] * 2, [[pytest.approx(loops.RISE**2)]] * 2]


def test_a_trained_model_leaves_the_loop_that_it_learnt(rng):
    cycle = [0, 1, 2, 3, 4, 5, 6]
    model, optimizer = RNN(Sizes(12, 16, dropout=0.0), numpy.random.default_rng(0)), Adam(alpha=0.02)
    optimizer.setup(model)
    xs = numpy.tile(numpy.array(cycle * 6, "i")[:, None], (1, 4))
    for _ in range(60):
        loss = model(xs[:-1], xs[1:])
        model.cleargrads()
        loss.backward()
        optimizer.update()
    for t in (0, 0.25):
        sample = filters.make_sampler(t)
        assert longest(drawn(model, sample, rng, 500)[:, 0], len(cycle)) == 500
        words = drawn(model, sample, rng, 500, way_out=LoopEscape(1))[:, 0]
        assert longest(words, len(cycle)) < 100
