"""The line of a part: of chords the highest note, each note until the next begins."""

import itertools

from tsuzuri.midi.score import Note


def highest_line(notes: list[Note]) -> list[Note]:
    """The notes of a line, in order: of those that begin together the highest, and none below a longer one that sounds.

    A note that sounds on into the next ends where that begins. Of the notes that are left out nothing is heard in the
    highest voice.
    """
    line: list[Note] = []
    for note in sorted(notes, key=lambda note: (note.start, -note.key)):
        if line:
            last = line[-1]
            if note.start == last.start or (note.key < last.key and note.end <= last.end):
                continue
            line[-1] = last._replace(end=min(last.end, note.start))
        line.append(note)
    return line


def one_at_a_time(notes: list[Note]) -> list[Note]:
    """The notes of a line, in order, each until the next begins at the latest."""
    ends = [min(note.end, after.start) for note, after in itertools.pairwise(notes)]
    return [note._replace(end=end) for note, end in zip(notes, ends, strict=False)] + notes[-1:]
