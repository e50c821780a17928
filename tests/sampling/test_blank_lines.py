"""A text begins with no blank line, and never has two in a row."""

import numpy
import pytest

from tsuzuri.sampling import filters
from tsuzuri.sampling.constraints import Constraints, SingleBlankLines
from tsuzuri.sampling.stream import generate_words, generate_words_on_gpu

END, UNKNOWN = 0, 1


class Table:
    """A model for which the line end is much the likeliest word, whatever it has read."""

    xp = numpy

    def reset_state(self):
        pass

    def step(self, words):
        logits = numpy.zeros((len(words), 5), "f")
        logits[:, :2] = 3
        return logits


def drawn(prime, rng, batch=3, count=400, line_end=END):
    constraint = Constraints(SingleBlankLines([UNKNOWN], line_end, prime, batch))
    rows = generate_words(Table(), prime, filters.make_sampler(), constraint, rng, batch)
    rows = constraint.follow(rows)
    return numpy.array([next(rows) for _ in range(count)]).T.tolist()


@pytest.mark.parametrize("prime", [[END], [END, 2], [END, 2, END], [END, 2, END, END], [END, END, END]])
def test_no_idle_blank_lines(rng, prime):
    for text in drawn(prime, rng):
        assert UNKNOWN not in text
        whole = [*prime[1:], *text] if len(set(prime)) > 1 else text
        assert whole[0] != END
        runs = [len(run) for run in "".join("n" if word == END else "w" for word in whole).split("w")]
        assert max(runs) == 2, "one blank line is allowed, and two are not"


def test_lines_as_they_come(rng):
    texts = drawn([END], rng, line_end=None)
    assert all("0, 0, 0" in str(text) for text in texts)
    assert not any(UNKNOWN in text for text in texts)
    assert SingleBlankLines([1], None, [0], 1).steady
    assert not SingleBlankLines([1], 0, [0], 1).steady


class Writer:
    """A GPU that draws the line end wherever it may, else word 2."""

    batch, size = 2, 5

    def __init__(self):
        self.mask, self.given = None, 0

    def read(self, words):
        pass

    def word(self, mask=None):
        if mask is not None:
            self.mask, self.given = mask, self.given + 1
        return numpy.where(self.mask[:, END], 2, END)


def test_on_a_gpu_a_mask_is_given_only_where_it_has_changed():
    constraint, writer = Constraints(SingleBlankLines([UNKNOWN], END, [END], 2)), Writer()
    rows = constraint.follow(generate_words_on_gpu(writer, [END], constraint, constraint.steady))
    assert [next(rows).tolist() for _ in range(7)] == [[w, w] for w in (2, END, END, 2, END, END, 2)]
    assert writer.given == 5, "not before the second line end of each two"
