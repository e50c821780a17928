"""Brackets close in their order and before the end, whatever the model would like; sentences within do not count."""

import numpy
import pytest

from tsuzuri.sampling import filters
from tsuzuri.sampling.constraints import ClosedBrackets, Constraints
from tsuzuri.sampling.endings import Ending
from tsuzuri.sampling.nesting import Nesting, mended, nested
from tsuzuri.sampling.primes import Primes
from tsuzuri.sampling.stream import generate_words, generate_words_on_gpu
from tsuzuri.text.brackets import signs_of_words
from tsuzuri.text.sentences import sentence_rules

WORDS = ["\n", "<unk>", "「", "」", "『", "』", "(", ")", "」「", "。」", "「『", "は", "。", "a(b)", "』」"]
SIGNS = signs_of_words(WORDS)
CLOSED = {"「": "」", "『": "』", "(": ")"}


def balanced(text):
    """By the plainest count."""
    stack = []
    for c in text:
        if c in CLOSED:
            stack.append(CLOSED[c])
        elif c in CLOSED.values() and (not stack or stack.pop() != c):
            return False
    return not stack


class Table:
    """A model with logits drawn once, which like some brackets far too well."""

    xp = numpy

    def __init__(self, rng):
        size = len(WORDS)
        self.logits = rng.normal(0, 3, (size, size)).astype("f")

    def reset_state(self):
        pass

    def step(self, words):
        return self.logits[words]


def passages(rng, length, batch=100, prime=(0,), rounds=1, **settings):
    texts = []
    for _ in range(rounds):
        primes = Primes([[*prime]] * batch)
        brackets = ClosedBrackets(SIGNS, primes.common(), [length] * batch, **{"longest": 10**6} | settings)
        constraints = Constraints(brackets)
        rows = constraints.follow(generate_words(Table(rng), primes, filters.make_sampler(), constraints, rng, batch))
        drawn = numpy.array([next(rows) for _ in range(length)]).T
        texts += ["".join(WORDS[i] for i in [*prime[1:], *row]) for row in drawn.tolist()]
    return texts


@pytest.mark.parametrize("length", [1, 2, 3, 17])
def test_of_a_thousand_passages_none_is_unbalanced(rng, length):
    texts = passages(rng, length, rounds=10)
    assert len(texts) == 1000
    assert all(map(balanced, texts))
    if length > 9:
        assert sum("「" in text for text in texts) > 300


def test_the_brackets_of_the_prime_are_closed_too(rng):
    texts = passages(rng, 9, prime=(0, 2, 11, 4))
    assert all(map(balanced, texts))
    assert all(text.startswith("「は『") for text in texts)


def test_only_what_a_corpus_opens_inside_what_is_opened_there(rng):
    def nests(texts):
        found, signs = set(), {**dict.fromkeys(CLOSED), **dict.fromkeys(CLOSED.values())}
        for text in texts:
            stack = []
            for c in filter(signs.__contains__, text):
                if c in CLOSED:
                    found |= {(stack[-1], c)} if stack else set()
                    stack.append(c)
                else:
                    stack.pop()
        return found

    allowed = {(1, 2), (2, 10)}  # 「『, 『(
    texts = passages(rng, 17, rounds=3, inside=allowed)
    assert all(map(balanced, texts))
    assert nests(texts) == {("「", "『"), ("『", "(")}
    assert nests(passages(rng, 17, rounds=3)) > nests(texts)


def test_what_a_prime_closes_and_never_opened_is_let_pass(rng):
    assert all(balanced(text.removeprefix("は」)")) for text in passages(rng, 8, prime=(0, 11, 3, 7)))


def test_a_line_does_not_end_in_a_bracket(rng):
    texts = passages(rng, 60, rounds=4, line_end=0, longest=5)  # a single table may hardly ever end a line
    lines = [line for text in texts for line in text.split("\n")]
    assert all(map(balanced, lines))
    assert len(lines) > 1.3 * len(texts)
    free = [line for text in passages(rng, 60) for line in text.split("\n")]
    assert not all(map(balanced, free))


def test_a_pair_is_not_opened_within_itself(rng):
    texts = passages(rng, 40, again=False)
    assert all(map(balanced, texts))
    for text in texts:
        for within in text.split("」"):
            assert within.count("「") <= 1


class Endless(Table):
    """A model that never closes anything: は and now and then a full stop."""

    def __init__(self, full_stops):
        self.logits = numpy.full((len(WORDS), len(WORDS)), -60.0, "f")
        self.logits[:, WORDS.index("は")] = 0
        if full_stops:
            self.logits[:, WORDS.index("。")] = -1


@pytest.mark.parametrize(("full_stops", "shortest", "longest"), [(True, 20, 41), (False, 40, 41)])
def test_a_long_quotation_is_closed_after_a_sentence_or_at_last_within_one(rng, full_stops, shortest, longest):
    for _ in range(20):
        primes = Primes([[0, 2]])
        brackets = ClosedBrackets(SIGNS, primes.common(), [500], 20, is_end=lambda i: WORDS[i] == "。")
        constraints = Constraints(brackets)
        rows = constraints.follow(generate_words(Endless(full_stops), primes, filters.make_sampler(), constraints, rng))
        text = "".join(WORDS[next(rows)[0]] for _ in range(100))
        at = text.index("」")
        assert shortest <= at + 1 <= longest
        assert text[at - 1] == "。" or not full_stops
        assert brackets.depth(0) == 0


def test_primes_of_different_lengths_leave_each_its_own_budget(rng):
    primes = Primes([[0, 2], [0, 11, 4, 11, 2, 11], [0]])
    brackets = ClosedBrackets(SIGNS, primes.common(), 12 + primes.extra, 10**6)
    constraints = Constraints(brackets)
    rows = constraints.follow(generate_words(Table(rng), primes, filters.make_sampler(), constraints, rng))
    drawn = numpy.array([next(rows) for _ in range(12 + 5)]).T.tolist()
    for row, (prime, extra) in enumerate(zip(([2], [11, 4, 11, 2, 11], []), primes.extra, strict=True)):
        assert drawn[row][: int(extra)] == prime
        assert balanced("".join(WORDS[i] for i in drawn[row][: 12 + int(extra)]))


def test_on_a_gpu_a_mask_is_given_only_where_it_has_changed(rng):
    class Writer:
        batch, size, given, masks = 2, len(WORDS), 0, None
        words = iter([11, 11, 2, 11, 11, 3, 11, 11])

        def read(self, words):
            pass

        def word(self, mask=None):
            if mask is not None:
                self.masks, self.given = mask, self.given + 1
            return numpy.array([next(self.words), 11])

    writer, constraints = Writer(), Constraints(ClosedBrackets(SIGNS, [numpy.array([0, 0])], [400] * 2, 10**6))
    rows = constraints.follow(generate_words_on_gpu(writer, [0], constraints, constraints.steady))
    for _ in range(8):
        next(rows)
    assert writer.given == 3, "at the beginning, after 「 and after 」"
    assert writer.masks[0, 3]


def test_stacks():
    assert nested((), (1, 2, -2)) == (1,)
    assert nested((1, 2), (-1,)) is None
    assert nested((), (-1,)) is None
    assert nested((1,), (1,), again=False) is None
    assert nested((1,), (2, -2, 3), inside={(1, 2), (1, 3)}) == (1, 3)
    assert nested((1, 2), (3,), inside={(1, 3)}) is None
    assert nested((), (2,), inside=set()) == (2,)
    assert mended((1, 2), (-1, -1, 3)) == (3,)
    assert mended((), (-1,)) == ()


def test_a_pair_that_no_word_closes_is_none():
    assert signs_of_words(["「", "は」", "（", "a", "x）y（"]) == {0: (1,), 1: (-1,)}
    assert signs_of_words(["「", "は"]) == {}


@pytest.mark.parametrize(
    ("text", "sentences", "wanted"),
    [
        ("「行く。もう行く。」彼。いや。", 1, "「行く。もう行く。」"),
        ("「行く。もう行く。」彼。いや。", 2, "「行く。もう行く。」彼。"),
        ("「行く。」と彼。いや。", 1, "「行く。」と彼。"),
        ("彼は「行く。帰る。」と言う。いや。", 1, "彼は「行く。帰る。」と言う。"),
        ("「『いや。』だ。」\nは。", 1, "「『いや。』だ。」"),
        ("（注。）は。に。", 1, "（注。）"),
        ("３．１４だ．いや．", 1, "３．１４だ．"),
        ("はい｡いや｡", 1, "はい｡"),
    ],
)
def test_sentences_within_brackets_do_not_count(text, sentences, wanted):
    letters = "「」『』（）"
    signs = {letters[i]: found for i, found in signs_of_words(letters).items()}
    ending = Ending(None, sentences, *sentence_rules(lambda a, b: False, (), Nesting(signs).take))
    assert "".join(c for c in text if not ending.over and ending.take(c)) == wanted


def test_a_text_does_not_end_within_a_bracket():
    ending = Ending(2, None, *sentence_rules(lambda a, b: False, "「", Nesting({"「": (1,), "」": (-1,)}).take))
    assert "".join(c for c in "ははは」は" if not ending.over and ending.take(c)) == "ははは」"
