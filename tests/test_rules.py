"""Ranges in words."""

import math

import pytest

from tsuzuri.rules import Bounds, number, short_number


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (-3, "-3"),
        (2**32 - 1, "4294967295"),
        (86_400.0, "86400"),
        (0.05, "0.05"),
        (1 / 3, "0.333333"),
        (1e30, "1e+30"),
        (10**15, "1e+15"),
        (math.inf, "inf"),
    ],
)
def test_numbers_are_short_and_whole_ones_whole(value, text):
    assert short_number(value) == text


@pytest.mark.parametrize(
    ("bounds", "value", "text"),
    [
        (Bounds(1), 0, "1 or more"),
        (Bounds(1, 9), 0, "1 or more, at most 9"),
        (Bounds(0, 2**32 - 1), 2**32, "0 or more, at most 4294967295"),
        (Bounds(1, 10**9), 0, "1 or more"),
        (Bounds(1, 10**9), 10**9 + 1, "1 or more, at most 1000000000"),
        (Bounds(0, 0.95), 1, "0 or more, at most 0.95"),
        (Bounds(0, 1, above=True), 2, "above 0, at most 1"),
    ],
)
def test_a_range_says_its_upper_bound_where_that_matters(bounds, value, text):
    assert bounds.say(value) == text


def test_a_rule_says_its_range_in_whole_numbers():
    assert number(1, 10_000_000).allowed == "a number from 1 to 10000000"
