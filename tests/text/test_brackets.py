"""The brackets of words, and how a corpus uses them."""

import tracemalloc

import numpy
import pytest

from tsuzuri.text import brackets
from tsuzuri.text.brackets import LONGEST, PAIRS, SHORTEST, BracketHabits, bracket_habits, bracket_signs


def habits(text):
    words = sorted(set(text))
    return bracket_habits([words.index(c) for c in text], words, words.index("\n"))


def test_signs_in_their_order():
    assert bracket_signs("は") == ()
    assert bracket_signs("」「") == (-1, 1)
    assert bracket_signs("(a)") == (10, -10)
    assert bracket_signs('"a"') == ()
    assert bracket_signs("「(", ("「」",)) == (1,)
    assert all(bracket_signs(pair) == (k, -k) for k, pair in enumerate(PAIRS, 1))


def test_the_habits_of_a_novel():
    found = habits("「は」は（は）は\n" * 40 + "「は\nは」\n" + "は\n")
    assert found == BracketHabits(("「」", "（）"), False, False, SHORTEST, ())
    assert BracketHabits(*map(tuple, [found.pairs]), *found[1:]) == found


def test_the_habits_are_those_of_all_words_wherever_they_are_cut(monkeypatch):
    text = "「は」は（は\nは）は「\n」" * 9
    whole = habits(text)
    for count in (1, 2, 7):
        monkeypatch.setattr(brackets, "AT_ONCE", count)
        assert habits(text) == whole
    assert whole != BracketHabits()
    assert bracket_habits([], ["\n"], 0) == BracketHabits((), False, False, LONGEST, ())


def test_a_long_text_is_no_list_of_python_s_numbers():
    ids = numpy.zeros(200_000, numpy.int32)
    ids[::3] = 1
    tracemalloc.start()
    try:
        bracket_habits(ids, ["a", "\n"], 1)
        assert tracemalloc.get_traced_memory()[1] < ids.nbytes  # a list of the line ends takes ten times as much
    finally:
        tracemalloc.stop()


def test_the_habits_of_a_program():
    found = habits("f(\ng((x)),\n" + "x" * 120 + ")\n[\n]\n")
    assert (found.pairs, found.lines, found.again, found.longest > 120) == (("()", "[]"), True, True, True)


@pytest.mark.parametrize("text", ["„a“ b\n" * 9, "a) b) c)\n" * 9, "“a\n“b\n“c”\n" * 9])
def test_a_sign_that_closes_nothing_is_of_no_pair(text):
    assert habits(text) == BracketHabits((), False, False, LONGEST, ()) or not habits(text).pairs


def test_a_bracket_that_is_never_closed_spoils_no_others():
    found = habits("「は\n" + "「はは」\n" * 900)
    assert found == BracketHabits(("「」",), False, False, SHORTEST, ())


def test_what_is_opened_inside_what():
    """A pair's place is a habit where more than one in twenty of its brackets is there."""
    title, rare = "「は『は』は」\n", "『は「は」は』\n"
    assert habits(title * 3 + "「は」\n" * 60 + "『は』\n" * 30 + rare).inside == ("「『",)
    assert habits(title + "「は」\n" * 60 + "『は』\n" * 30 + rare).inside == ()
    assert habits(title + rare * 3 + "「は」\n" * 30).inside == ("「『", "『「")
    assert habits("f((x)\n)g((y))\n(\n[z])\n" * 9).inside == ("((",), "what a line goes on with is not counted"
