"""A piece in one line, for people."""

import pytest

from tsuzuri.midi.compose import note_line
from tsuzuri.midi.words.convert import PieceWords


def piece(words, meter=(4, 4)):
    return PieceWords("a", words.split(), 480, 500_000, meter, ())


@pytest.mark.parametrize(
    ("words", "meter", "line"),
    [
        # C4 and E4 together for a quarter note, F#4 for another, and A4 two bars later
        ("00_90_3c40 00_90_4040 8360_80_3c40 00_80_4040 00_90_4240 8360_80_4240 9600_90_4540 8360_80_4540",
         (4, 4), "C4+E4 F#4 | A4"),
        ("00_90_3c40 8360_80_3c40 9e00_90_3e40 8360_80_3e40", (4, 4), "C4 | - | D4"),
        ("00_90_3c40 8360_80_3c40 8740_90_3e40 8360_80_3e40", (3, 4), "C4 | D4"),
        ("00_99_2440 8360_89_2440", (4, 4), "kick"),
        ("", (4, 4), "(no note)"),
    ],
)  # fmt: skip
def test_notes_by_name(words, meter, line):
    assert note_line(piece(words, meter)) == line
