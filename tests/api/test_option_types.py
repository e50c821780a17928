"""The options as types are up to date, and each table has all of its options in them."""

import typing

import pytest

from docs import option_types as generator
from tsuzuri.api import option_types
from tsuzuri.options.resolve import option_names


def test_the_types_are_those_of_the_tables():
    assert generator.PATH.read_text(encoding="utf-8") == generator.source(), "make docs writes them again"


@pytest.mark.parametrize("name", generator.CLASSES)
def test_every_option_of_a_command_has_a_type(name):
    _, tables, left_out = generator.CLASSES[name]
    hints = typing.get_type_hints(getattr(option_types, name))
    assert set(hints) == set(option_names(tables)) - set(left_out)
