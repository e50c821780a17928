"""The line of a part: of chords the highest note, each note until the next begins."""

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
