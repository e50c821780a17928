"""The highest line of notes."""

import pytest

from tsuzuri.midi.line import highest_line
from tsuzuri.midi.score import Note


@pytest.mark.parametrize(
    ("notes", "line"),
    [
        ([(0, 9, 60), (9, 20, 62)], [(0, 9, 60), (9, 20, 62)]),
        ([(0, 9, 60), (0, 9, 64), (0, 20, 67)], [(0, 20, 67)]),  # a chord
        ([(0, 10, 60), (9, 20, 62)], [(0, 9, 60), (9, 20, 62)]),  # slurred
        ([(0, 40, 72), (10, 20, 60), (20, 30, 62)], [(0, 40, 72)]),  # beneath a long note
        ([(0, 40, 72), (10, 50, 60)], [(0, 10, 72), (10, 50, 60)]),  # a slur downwards
        ([(0, 40, 60), (10, 20, 72)], [(0, 10, 60), (10, 20, 72)]),
        ([], []),
    ],
)
def test_the_highest_line(notes, line):
    found = highest_line([Note(start, end, 0, key, 80) for start, end, key in notes])
    assert [(note.start, note.end, note.key) for note in found] == line
