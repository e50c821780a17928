"""Words that must not follow others are not drawn, unless nothing else is left."""

import numpy
import pytest

from tsuzuri.sampling import filters
from tsuzuri.sampling.constraints import ClosedBrackets, Constraints, NeverAfter
from tsuzuri.sampling.primes import Primes
from tsuzuri.sampling.stream import generate_words, generate_words_on_gpu
from tsuzuri.text.brackets import signs_of_words
from tsuzuri.text.sign_pairs import never_after

WORDS = ["<eos>", "<unk>", "は", "が", "。", "、", "「", "」"]
FOLLOWERS = {"\n": "「", "。": "\n」", "、": "", "「": "", "」": "\n"}
BARRED = [(a, b) for a in "\n。、「」" for b in "\n。、「」" if b not in FOLLOWERS[a]]


class Table:
    """A model that likes everything, signs most."""

    xp = numpy

    def __init__(self, rng):
        self.logits = rng.normal(0, 2, (len(WORDS), len(WORDS))).astype("f")
        self.logits[:, [0, 4, 5, 6, 7]] += 3

    def reset_state(self):
        pass

    def step(self, words):
        return self.logits[words]


def texts_of(rng, parts, primes, length):
    constraints = Constraints(*parts)
    rows = constraints.follow(generate_words(Table(rng), primes, filters.make_sampler(), constraints, rng))
    drawn = numpy.array([next(rows) for _ in range(length)]).T.tolist()
    return ["".join("\n" if i == 0 else WORDS[i] for i in row) for row in drawn]


def never(primes):
    return NeverAfter(*never_after(FOLLOWERS, WORDS), primes.common())


def barred(text, before="\n"):
    return [pair for pair in zip(before + text, text, strict=False) if pair in BARRED]


def test_signs_that_are_never_side_by_side_are_not_drawn_so(rng):
    primes = Primes([[0]] * 60)
    free = texts_of(rng, [], primes, 40)
    assert sum(len(barred(text)) for text in free) > 300
    assert not any(map(barred, texts_of(rng, [never(primes)], primes, 40)))


def test_primes_of_different_lengths(rng):
    primes = Primes([[0, 2, 5], [0], [0, 6, 6, 2, 3, 4]] * 9)
    for n, text in enumerate(texts_of(rng, [never(primes)], primes, 30)):
        assert len(barred(text)) == (n % 3 == 2), "only 「「 of the third prime"


def slow_mask(before, logits):
    """Row by row and word by word."""
    logits = logits.copy()
    for row, i in enumerate(before):
        a = "\n" if i == 0 else WORDS[i]
        out = [k for k, word in enumerate(WORDS) if (a, "\n" if k == 0 else word) in BARRED]
        if any(numpy.isfinite(logits[row, k]) for k in range(len(WORDS)) if k not in out):
            logits[row, out] = -numpy.inf
    return logits


def test_the_fast_way_is_the_slow_one_and_leaves_what_is_left_alone(rng):
    primes = Primes([[0]] * 30)
    constraint, kept = never(primes), 0
    before = numpy.zeros(30, int)
    for _ in range(50):
        logits = rng.normal(size=(30, len(WORDS)))
        logits[rng.random(logits.shape) < rng.choice([0, 0.5, 0.8])] = -numpy.inf
        logits[numpy.isneginf(logits).all(1), 7] = 0
        wanted = slow_mask(before, logits)
        kept += sum(all((a, b) in BARRED for b in wanted_row) for a, wanted_row in allowed_after(before, wanted))
        numpy.testing.assert_array_equal(constraint(logits.copy()), wanted)
        assert not numpy.isneginf(wanted).all(1).any()
        before = rng.integers(0, len(WORDS), 30)
        constraint.take(before)
    assert kept > 10, "where nothing else is left, all that is left may be drawn"


def allowed_after(before, logits):
    """(sign, the signs that may come) of each row."""
    for i, row in zip(before.tolist(), logits, strict=True):
        yield "\n" if i == 0 else WORDS[i], ["\n" if k == 0 else WORDS[k] for k in numpy.flatnonzero(row > -numpy.inf)]


@pytest.mark.parametrize("length", [1, 2, 3, 12])
def test_brackets_that_must_close_do_so_after_any_sign(rng, length):
    primes = Primes([[0]] * 200)
    brackets = ClosedBrackets(signs_of_words(WORDS), primes.common(), [length] * 200, 10**6, 0, again=False)
    texts = texts_of(rng, [brackets, never(primes)], primes, length)
    for text in texts:
        assert text.count("「") == text.count("」")
        assert {b for _, b in barred(text)} <= {"」"}, "none but what closes"
    if length == 2:
        assert "「」" in texts


def test_on_a_gpu_a_mask_is_given_only_where_it_has_changed():
    class Writer:
        batch, size, given, masks = 2, len(WORDS), 0, None
        words = iter([2, 3, 5, 2, 2, 2])

        def read(self, words):
            pass

        def word(self, mask=None):
            if mask is not None:
                self.masks, self.given = mask, self.given + 1
            return numpy.array([next(self.words), 2])

    writer, constraints = Writer(), Constraints(never(Primes([[0]] * 2)))
    rows = constraints.follow(generate_words_on_gpu(writer, [0], constraints, constraints.steady))
    for _ in range(6):
        next(rows)
    assert writer.given == 4, "at the beginning, after it, after 、 and after what follows"
    assert not writer.masks.any()


def test_where_a_subword_would_close_with_a_second_full_stop_the_bracket_alone_is_drawn(rng):
    words = [*WORDS, "。」"]
    table = never_after(FOLLOWERS, words)
    for before, wanted in ((4, [7]), (2, [7, 8]), (5, [7, 8])):  # after 、 neither may come, so that both do
        prime = numpy.array([[0], [6], [before]])
        brackets = ClosedBrackets(signs_of_words(words), prime, [1], 10**6)
        logits = Constraints(brackets, NeverAfter(*table, prime))(rng.normal(size=(1, len(words))))
        assert numpy.flatnonzero(numpy.isfinite(logits[0])).tolist() == wanted
