"""The kinds of values: texts of a command line and values of Python to plain values, and what is refused."""

import fractions
import math
import pathlib

import numpy
import pytest

from tsuzuri.options import midi, values

ROWS = {option.name: option for rows in (midi.settings_options(), midi.OUTPUT_OPTIONS) for option in rows}
TRANSPOSE, STRETCH, TRACK, GRID, TEMPO = (
    ROWS[name].kind for name in ("transpose", "stretch", "track", "grid", "tempo")
)


@pytest.mark.parametrize(
    ("kind", "value", "plain"),
    [
        (values.COUNT, "20", 20),
        (values.COUNT, 20, 20),
        (values.COUNT, 20.0, 20),
        (values.COUNT, numpy.int64(20), 20),
        (values.COUNT, numpy.uint8(20), 20),
        (values.COUNT, numpy.array(20), 20),
        (values.SEED, 2**32 - 1, 2**32 - 1),
        (values.POSITIVE, "1e-3", 0.001),
        (values.POSITIVE, 1, 1.0),
        (values.POSITIVE, numpy.float32(0.5), 0.5),
        (values.POSITIVE, fractions.Fraction(1, 4), 0.25),
        (values.SHARE, 0, 0.0),
        (values.SWITCH, "off", False),
        (values.SWITCH, "1", True),
        (values.SWITCH, True, True),
        (values.SWITCH, numpy.bool_(False), False),
        (values.FLAG, True, True),
        (values.FILE, "a b.txt", "a b.txt"),
        (values.FILE, pathlib.PurePosixPath("a/b.txt"), "a/b.txt"),
        (values.FILE, numpy.str_("a.txt"), "a.txt"),
        (values.TEXT, "", ""),
        (values.TEXT, pathlib.PurePosixPath("tune.mid"), "tune.mid"),
        (values.NAME, 2, "2"),
        (values.NAME, "cp1252", "cp1252"),
        (values.choice("fold", "keep"), numpy.str_("fold"), "fold"),
        (TRACK, "auto", "auto"),
        (TRACK, "3", 3),
        (GRID, numpy.int32(24), 24),
        (TEMPO, 90, 90.0),
        (TRANSPOSE, "-5..6", (-5, 6)),
        (TRANSPOSE, "-5", (-5, 0)),
        (TRANSPOSE, 3, (0, 3)),
        (TRANSPOSE, [-5, numpy.int64(6)], (-5, 6)),
        (TRANSPOSE, range(-1, 1), (-1, 0)),
        (STRETCH, "0.9,1.1", (0.9, 1.1)),
        (STRETCH, 2, (2.0,)),
        (STRETCH, numpy.array([0.5, 2]), (0.5, 2.0)),
    ],
)
def test_a_value_becomes_a_plain_one(kind, value, plain):
    converted = kind.convert(value)
    assert converted == plain
    assert type(converted) is type(plain)
    if isinstance(plain, tuple):
        assert [type(item) for item in converted] == [type(item) for item in plain]


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
        (values.COUNT, "abc", "abc is not a whole number: must be 1 or more"),
        (values.COUNT, "", "'' is not a whole number: must be 1 or more"),
        (values.COUNT, "2.0", "2.0 is not a whole number: must be 1 or more"),
        (values.COUNT, 0, "0 is out of range: must be 1 or more"),
        (values.COUNT, 2.5, "2.5 is not a whole number: must be 1 or more"),
        (values.COUNT, math.inf, "inf is not a whole number: must be 1 or more"),
        (values.COUNT, math.nan, "nan is not a whole number: must be 1 or more"),
        (values.COUNT, True, "True is not a whole number: must be 1 or more"),
        (values.COUNT, numpy.bool_(True), f"{numpy.bool_(True)!r} is not a whole number: must be 1 or more"),
        (values.COUNT, None, "None is not a whole number: must be 1 or more"),
        (values.COUNT, [3], "[3] is not a whole number: must be 1 or more"),
        (values.COUNT, "9" * 6000, "9" * 59 + "… is not a whole number: must be 1 or more"),
        (values.FEW, 10, "10 is out of range: must be 1 or more, at most 9"),
        (values.SEED, 2**32, "4294967296 is out of range: must be 0 or more, at most 4294967295"),
        (values.POSITIVE, "x", "x is not a number: must be above 0"),
        (values.POSITIVE, 1e31, "1e+31 is out of range: must be above 0, at most 1e+30"),
        (values.POSITIVE, "nan", "nan is out of range: must be above 0"),
        (values.POSITIVE, math.nan, "nan is out of range: must be above 0"),
        (values.POSITIVE, numpy.float64(0), "0.0 is out of range: must be above 0"),
        (values.POSITIVE, False, "False is not a number: must be above 0"),
        (values.POSITIVE, 10**400, "1" + "0" * 58 + "… is not a number: must be above 0"),
        (values.POSITIVE, 1j, "1j is not a number: must be above 0"),
        (values.SWITCH, "maybe", "maybe is unknown: must be on or off"),
        (values.SWITCH, 2, "2 is unknown: must be on or off"),
        (values.SWITCH, [], "[] is unknown: must be on or off"),
        (values.FILE, "", "must name a file or a folder, and is empty"),
        (values.FILE, "a\0b", r"'a\x00b' is no path: must hold no null character"),
        (values.FILE, 3, "3 is not a text: must be a str or a path"),
        (values.FILE, b"a", "b'a' is not a text: must be a str or a path"),
        (values.NAME, True, "True is not a text: must be a str or a path"),
        (values.choice("fold", "keep"), "Fold", "Fold is unknown: must be one of fold, keep"),
        (values.choice("fold", "keep"), ["fold"], "['fold'] is unknown: must be one of fold, keep"),
        (TRACK, "first", "first is out of range: must be auto, all, or a number in 0..65535"),
        (TRACK, True, "True is out of range: must be auto, all, or a number in 0..65535"),
        (GRID, 0.5, "0.5 is out of range: must be keep, or a number in 1..960"),
        (TEMPO, 0, "0 is out of range: must be 4 to 1000 quarter notes a minute"),
        (TRANSPOSE, "-5..x", "-5..x is not a range: must be two numbers in -24..24, the lower first, such as -5..6"),
        (TRANSPOSE, (1, 2, 3), "(1, 2, 3) is out of range: must be two numbers in -24..24, the lower first, such as"),
        (TRANSPOSE, (6, -5), "(6, -5) is out of range: must be two numbers"),
        (TRANSPOSE, (), "() is out of range: must be two numbers"),
        (TRANSPOSE, 1.5, "1.5 is not a range: must be two numbers"),
        (STRETCH, "some", "some are no factors: must be factors in 0.25..4"),
        (STRETCH, (1, 9), "(1, 9) is out of range: must be factors in 0.25..4"),
        (STRETCH, (1, "nan"), "(1, 'nan') is out of range: must be factors in 0.25..4"),
        (STRETCH, None, "None are no factors: must be factors in 0.25..4"),
    ],
)
def test_what_is_refused_is_named_with_what_is_allowed(kind, value, reason):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole message is compared
        kind.convert(value)
    assert str(caught.value).startswith(reason)


def test_half_a_character_is_no_text_to_stop_at():
    with pytest.raises(ValueError, match="is none of Unicode: must be text in UTF-8"):
        values.SOME_TEXT.convert("a\udc93")
    assert values.SOME_TEXT.convert("。") == "。"
