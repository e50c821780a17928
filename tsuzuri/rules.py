"""Validators: what a value may be, said in words and checked in one place; for JSON that was read, and for options."""

import reprlib
from collections.abc import Callable
from typing import Any, NamedTuple

UNBOUNDED = 1e30
EXACT = 1e15  # below, all digits of a whole number are shown
PLENTY = 10**9  # an upper bound from here on keeps out what is absurd; nobody who is below it need read of it
LARGEST = 2**63 - 1
OTHERS = object()  # as a key of a table of rules: keys that it does not name may be there too
MAY_LACK = object()  # as a key of a table of rules: a table of those keys that need not be there


class Bounds(NamedTuple):
    """A range of numbers: from ``least``, or strictly ``above`` it, to ``most``."""

    least: float
    most: float = UNBOUNDED
    above: bool = False

    def hold(self, value: float) -> bool:
        """Whether a number lies within; NaN never does."""
        return (self.least < value if self.above else self.least <= value) and value <= self.most

    def say(self, value: float = 0) -> str:
        """In words; the upper bound is left out where there is none to speak of, unless ``value`` broke it.

        >>> Bounds(0, 2**32 - 1).say(2**32)
        '0 or more, at most 4294967295'
        """
        least = short_number(self.least)
        allowed = f"above {least}" if self.above else f"{least} or more"
        return allowed + (f", at most {short_number(self.most)}" if self.most < PLENTY or value > self.most else "")


def short_number(value: float) -> str:
    """A number as a message names it: a whole one with all its digits, unless these are very many, others shortened.

    >>> short_number(2**32 - 1), short_number(0.05), short_number(1e30)
    ('4294967295', '0.05', '1e+30')
    """
    return str(int(value)) if abs(value) < EXACT and value == int(value) else f"{value:g}"


class Rule(NamedTuple):
    """What a value must be, in words that follow "must be", and the test of one."""

    allowed: str
    holds: Callable[[Any], bool]


def whole(least: int, most: int | None = None) -> Rule:
    """A whole number from ``least`` to ``most``, or to the largest that is counted with; a truth value is no number."""
    allowed = f"{least} or more, at most 2^63 - 1" if most is None else f"{least} to {most}"
    return Rule(f"a whole number, {allowed}", lambda value: is_whole(value, least, LARGEST if most is None else most))


def number(least: float, most: float = UNBOUNDED, above: bool = False) -> Rule:
    """A number from ``least``, or ``above`` it, to ``most``; NaN is none."""
    bounds = Bounds(least, most, above)
    allowed = f"a number {'above ' if above else 'from '}{short_number(least)} to {short_number(most)}"
    return Rule(allowed, lambda value: type(value) in (int, float) and bounds.hold(value))


def is_whole(value: Any, least: float, most: float) -> bool:
    """Whether a value is a whole number in a range; a truth value is no number."""
    return type(value) is int and least <= value <= most


def one_of(*names: str) -> Rule:
    """One of these texts."""
    return Rule(f"one of {', '.join(names)}", lambda value: type(value) is str and value in names)


def optional(rule: Rule) -> Rule:
    """None, or as ``rule`` says."""
    return Rule(f"null or {rule.allowed}", lambda value: value is None or rule.holds(value))


TEXT = Rule("a text", lambda value: type(value) is str)
FLAG = Rule("true or false", lambda value: type(value) is bool)
FLOAT = Rule("a number with a point", lambda value: type(value) is float)  # NaN too
OBJECT = Rule("an object of any keys", lambda value: type(value) is dict)


def check_value(value: Any, rule: Any, name: str = "") -> None:
    """Raise ``ValueError`` that names the field, its value and what is allowed, unless ``value`` is as its rule says.

    ``rule`` is a ``Rule``, a list of one that holds for every item, or a dict of them by key.
    """
    if isinstance(rule, Rule):
        _check_single(value, rule, name)
    elif type(value) is not type(rule):
        kind = "a list" if type(rule) is list else "an object"
        raise ValueError(f"{name or 'it'} is {reprlib.repr(value)}, must be {kind}")
    elif type(rule) is list:
        for n, item in enumerate(value):
            check_value(item, rule[0], f"{name}[{n}]")
    else:
        _check_object(value, rule, f"{name}." if name else "")


def _check_single(value: Any, rule: Rule, name: str) -> None:
    try:
        right = rule.holds(value)
    except (TypeError, ValueError):  # a value of another type than the test expects
        right = False
    if not right:
        raise ValueError(f"{name} is {reprlib.repr(value)}, must be {rule.allowed}")


def _check_object(value: Any, rules: Any, prefix: str) -> None:
    needed = rules.keys() - {OTHERS, MAY_LACK}
    known = {key: rules[key] for key in needed} | rules.get(MAY_LACK, {})
    for key in sorted(known):
        if key in value:
            check_value(value[key], known[key], prefix + key)
        elif key in needed:
            raise ValueError(f"{prefix}{key} is missing")
    unknown = sorted(value.keys() - known)
    if unknown and OTHERS not in rules:
        raise ValueError(f"{prefix}{unknown[0]} is not known")
