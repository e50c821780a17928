"""Memory that is not there is told in one line."""

import pytest

from tsuzuri.errors import UserError, enough_memory


def test_a_memory_error_says_what_the_memory_was_for():
    needed_for = "--unit 9: a smaller one takes less"
    with pytest.raises(UserError, match=f"^not enough memory for {needed_for}$"), enough_memory(needed_for):
        raise MemoryError


def test_other_errors_stay_what_they_are():
    with pytest.raises(KeyError), enough_memory("it"):
        raise KeyError
