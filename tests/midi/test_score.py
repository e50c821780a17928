"""Events to notes: what a note-off ends, also where some are lost or stray, and what ends all notes at once."""

import pytest

from tsuzuri.midi.score import score_of_events

# name: lines of tick and message, the notes as start..end of each key
PAIRS = {
    "notes one after the other": ("0 90 48 50, 10 80 48 00, 10 90 48 50, 30 90 48 00", ["0..10", "10..30"]),
    "a tied note, ended where it was meant to": (
        "0 90 48 50, 20 90 48 50, 25 80 48 00, 40 80 48 00",
        ["0..20", "20..40"],
    ),
    "a lost note-off shifts no other": (
        "0 90 48 50, 20 90 48 50, 25 80 48 00, 40 90 48 50, 45 80 48 00",
        ["0..20", "20..25", "40..45"],
    ),
    "a tied note before a lost note-off": (
        "0 90 48 50, 20 90 48 50, 25 80 48 00, 40 80 48 00, 50 90 48 50, 60 90 48 50, 70 80 48 00",
        ["0..20", "20..40", "50..60", "60..70"],
    ),
    "a stray note-off before all notes": (
        "0 80 48 00, 5 90 48 50, 10 90 48 50, 12 80 48 00, 30 80 48 00",
        ["5..10", "10..30"],
    ),
    "a stray note-off does not make up for a lost one": (
        "0 80 48 00, 0 80 48 00, 10 90 48 50, 20 90 48 50, 25 80 48 00, 30 90 48 50, 35 80 48 00",
        ["10..20", "20..25", "30..35"],
    ),
    "a note of no length written off before on": (
        "0 90 48 50, 10 80 48 00, 20 80 48 00, 20 90 48 50, 40 90 48 50, 45 80 48 00, 50 90 48 50, 55 80 48 00",
        ["0..10", "20..21", "40..45", "50..55"],
    ),
    "two of them": (
        "0 80 48 00, 0 90 48 50, 10 90 48 50, 15 80 48 00, 20 80 48 00, 20 90 48 50, 40 90 48 50, 45 80 48 00",
        ["0..1", "10..15", "20..21", "40..45"],
    ),
    "the last of all": ("0 80 48 00, 0 90 48 50, 90 b0 07 40", ["0..1"]),
    "a note-off before an onset that has its own": ("0 80 48 00, 0 90 48 50, 30 80 48 00", ["0..30"]),
    "a message for another channel": ("0 90 48 50, 10 b1 7b 00, 30 80 48 00", ["0..30"]),
    "reset of controllers ends nothing": ("0 90 48 50, 10 b0 79 00, 30 80 48 00", ["0..30"]),
    "a note struck as the others are ended": (
        "0 90 48 50, 20 90 4a 50, 20 b0 7b 00, 40 80 4a 00",
        ["0..20", "20..40"],
    ),
    "a lost note-off that a message makes up for": (
        "0 90 48 50, 20 90 48 50, 25 80 48 00, 40 90 48 50, 45 80 48 00, 90 b0 7b 00",
        ["0..20", "20..25", "40..45"],
    ),
    "a tied note after such a message": (
        "0 90 48 50, 10 b0 7b 00, 20 90 48 50, 30 90 48 50, 35 80 48 00, 50 80 48 00",
        ["0..10", "20..30", "30..50"],
    ),
}


def events(text):
    for line in text.split(","):
        tick, message = line.split(maxsplit=1)
        yield int(tick), bytes.fromhex(message)


@pytest.mark.parametrize(("text", "notes"), PAIRS.values(), ids=PAIRS)
def test_what_ends_a_note(text, notes):
    score, _ = score_of_events(events(text), 480)
    assert [f"{note.start}..{note.end}" for note in score.notes] == notes
    again, mended = score_of_events(score.events(), 480)
    assert (again.notes, mended) == (score.notes, 0)


@pytest.mark.parametrize("control", [120, 123, 124, 125, 126, 127])
def test_messages_that_end_all_notes_of_a_channel(control):
    text = (
        f"0 90 48 50, 0 90 4c 50, 0 91 30 50, 20 b0 {control:02x} 00, 40 90 48 50, 60 b0 {control:02x} 00, 80 81 30 00"
    )
    score, mended = score_of_events(events(text), 480)
    assert [(note.start, note.end, note.channel) for note in score.notes] == [
        (0, 20, 0), (0, 20, 0), (0, 80, 1), (40, 60, 0),
    ]  # fmt: skip
    assert mended == 0


def test_what_was_mended_is_counted():
    for text, mended in [
        ("0 90 48 50, 9 80 48 00", 0),
        ("0 80 48 00, 0 90 48 50, 9 80 48 00", 1),  # a note-off that ends nothing
        ("0 90 48 50", 2),  # a note that never ends, and so has no length
        ("0 90 48 50, 5 90 48 50, 9 80 48 00", 1),  # a note-off that is lost
    ]:
        assert score_of_events(events(text), 480)[1] == mended, text
