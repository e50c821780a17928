"""What is copied of a corpus: the suffix array against a search of all places, and a limit on copies while drawing."""

import numpy
import pytest

from tsuzuri.sampling import filters
from tsuzuri.sampling.constraints import Constraints, SingleBlankLines
from tsuzuri.sampling.novelty import CopyLimit, WordRun, longest_runs, seen_share
from tsuzuri.sampling.stream import generate_words, generate_words_on_gpu
from tsuzuri.sampling.suffixes import Suffixes, suffix_array


def slow_match(words, place, ids):
    """How many words from a place on stand in ids, looked for everywhere."""
    most = 0
    for start in range(len(ids)):
        length = 0
        while (
            place + length < len(words) and start + length < len(ids) and words[place + length] == ids[start + length]
        ):
            length += 1
        most = max(most, length)
    return most


@pytest.mark.parametrize("kinds", [1, 2, 3, 9, 70_000])
def test_a_suffix_array_and_its_matches_are_those_of_a_slow_search(rng, kinds):
    for size in (1, 2, 17, 40):
        ids = rng.integers(0, kinds, size)
        assert suffix_array(ids).tolist() == sorted(range(size), key=lambda i, ids=ids: ids[i:].tolist())
        words = numpy.concatenate([rng.integers(-2, kinds + 2, 20), ids, rng.integers(0, kinds, 5), ids[size // 2 :]])
        plain = words.tolist()
        slow = [slow_match(plain, i, ids.tolist()) for i in range(len(plain))]
        assert Suffixes(ids).longest_matches(words).tolist() == slow


def test_copies_longer_than_are_searched_at_once(rng):
    ids = numpy.tile(rng.integers(0, 50, 300), 2)
    ids[430] = 50
    words = numpy.concatenate([[51], ids[100:250], [51], ids[40:200], ids[:100]])
    slow = [slow_match(words.tolist(), i, ids.tolist()) for i in range(len(words))]
    assert Suffixes(ids).longest_matches(words).tolist() == slow


def test_places_and_what_follows(rng):
    ids = rng.integers(0, 3, 200)
    found, plain = Suffixes(ids), ids.tolist()
    for length in range(4):
        words = rng.integers(0, 3, length).tolist()
        places = [i for i in range(200 - length + bool(length)) if plain[i : i + length] == words]
        assert found.places(words).tolist() == places
        assert found.following(words).tolist() == sorted({plain[i + length] for i in places if i + length < 200})
    assert found.places([-1]).tolist() == found.places([7]).tolist() == []


def test_runs_and_shares():
    lengths = numpy.array([3, 2, 4, 3, 2, 1, 0, 2, 1])
    assert longest_runs(lengths, 2) == [(0, 3), (2, 4), (7, 2)]
    assert longest_runs(lengths, 3) == [(0, 3), (2, 4)]
    left = numpy.arange(9, 0, -1)
    assert seen_share(lengths, left, 3) == 3 / 7
    assert seen_share(lengths, left, 10) is None


class Model:
    """A model for which the next word of the corpus is much the likeliest."""

    xp = numpy

    def __init__(self, ids, kinds):
        self.ids, self.kinds = ids, kinds

    def reset_state(self):
        pass

    def step(self, words):
        logits = numpy.zeros((len(words), self.kinds), "f")
        for row, word in enumerate(words):
            logits[row, self.ids[numpy.flatnonzero(self.ids[:-1] == word) + 1]] = 9
        return logits


@pytest.mark.parametrize("most", [2, 3, 5, None])
def test_no_copy_is_longer_than_the_limit(rng, most):
    ids = rng.integers(2, 200, 300)
    suffixes = Suffixes(ids)
    constraint = Constraints(SingleBlankLines([1], 0, [0], 3))
    if most:
        constraint = CopyLimit(constraint, [WordRun(suffixes, most) for _ in range(3)])
    rows = constraint.follow(generate_words(Model(ids, 200), [0], filters.make_sampler(), constraint, rng, 3))
    texts = numpy.array([next(rows) for _ in range(300)]).T
    longest = [int(suffixes.longest_matches(text).max()) for text in texts]
    assert (max(longest) <= most and constraint.gave_way == 0) if most else min(longest) > 5


class Writer:
    """A GPU that draws the first word that it may."""

    batch, size = 1, 4

    def read(self, words):
        pass

    def word(self, mask):
        return numpy.flatnonzero(~mask[0])[:1]


def test_on_a_gpu_the_limit_is_a_mask_for_every_word():
    suffixes = Suffixes(numpy.array([0, 0, 0, 0, 1, 0, 0, 2]))
    limit = CopyLimit(barring(), [WordRun(suffixes, 2)])
    rows = limit.follow(generate_words_on_gpu(Writer(), [3], limit, limit.steady))
    text = numpy.array([next(rows)[0] for _ in range(30)])
    assert text[:3].tolist() == [0, 0, 3]
    assert suffixes.longest_matches(text).max() == 2


def barring(*ids):
    """A constraint that lets all words but these through."""

    def bar(logits):
        logits[:, ids] = -numpy.inf
        return logits

    return bar


def test_the_limit_gives_way_where_no_word_would_be_left(rng):
    ids = numpy.array([1, 2] * 20)
    limit = CopyLimit(barring(0), [WordRun(Suffixes(ids), 2)])
    rows = limit.follow(generate_words(Model(ids, 3), [1], filters.make_sampler(0), limit, rng, 1))
    for _ in range(20):
        next(rows)
    assert limit.gave_way == 0, "a word twice is no copy"
    only = CopyLimit(barring(0, 2), [WordRun(Suffixes(ids * 0 + 1), 2)])
    rows = only.follow(generate_words(Model(ids, 3), [1], filters.make_sampler(0), only, rng, 1))
    assert [int(next(rows)[0]) for _ in range(6)] == [1] * 6
    assert only.gave_way == 4
