"""Which brackets are open: a stack of pairs, as a tuple of their numbers, the innermost last.

A word's signs are numbers in their order: k opens pair k, -k closes it. A word may have several, as 」「 does.
"""


def nested(stack, signs, again=True, inside=None):
    """The stack after ``signs`` where each closes what is innermost; None where one would close anything else.

    Nor may a pair be opened that is open, unless ``again``, or right inside another one, unless the two are in
    ``inside``, a set of pairs of numbers; None allows all.
    """
    for sign in signs:
        if sign > 0 and not again and sign in stack:
            return None
        if sign > 0 and stack and inside is not None and (stack[-1], sign) not in inside:
            return None
        if sign > 0:
            stack = (*stack, sign)
        elif stack and stack[-1] == -sign:
            stack = stack[:-1]
        else:
            return None
    return stack


def mended(stack, signs):
    """The stack after ``signs`` as a person writes: a sign closes what is open within too, or nothing."""
    for sign in signs:
        if sign > 0:
            stack = (*stack, sign)
        elif -sign in stack:
            stack = stack[: len(stack) - 1 - stack[::-1].index(-sign)]
    return stack


class Nesting:
    """Follows one text; ``signs`` are those of the words that have any, by the words."""

    def __init__(self, signs):
        self._signs, self._stack = signs, ()

    def take(self, word):
        """How many brackets are open after this word."""
        signs = self._signs.get(word)
        if signs:
            self._stack = mended(self._stack, signs)
        return len(self._stack)
