"""The brackets of words, and how a corpus uses them."""

import pytest

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
    assert found == BracketHabits(("「」", "（）"), False, False, SHORTEST)
    assert BracketHabits(*map(tuple, [found.pairs]), *found[1:]) == found


def test_the_habits_of_a_program():
    found = habits("f(\ng((x)),\n" + "x" * 120 + ")\n[\n]\n")
    assert (found.pairs, found.lines, found.again, found.longest > 120) == (("()", "[]"), True, True, True)


@pytest.mark.parametrize("text", ["„a“ b\n" * 9, "a) b) c)\n" * 9, "“a\n“b\n“c”\n" * 9])
def test_a_sign_that_closes_nothing_is_of_no_pair(text):
    assert habits(text) == BracketHabits((), False, False, LONGEST) or not habits(text).pairs


def test_a_bracket_that_is_never_closed_spoils_no_others():
    found = habits("「は\n" + "「はは」\n" * 900)
    assert found == BracketHabits(("「」",), False, False, SHORTEST)
