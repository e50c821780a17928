"""The sustain pedal: notes are as long as they are heard, in words of notes, in pictures and in sound."""

import pytest

from tests.midi.words.tunes import midi
from tsuzuri.midi import pedal
from tsuzuri.midi.score import DRUMS, score_of_events
from tsuzuri.midi.sound.performance import held_notes
from tsuzuri.midi.words.convert import convert_file
from tsuzuri.midi.words.settings import Settings

NOTES = [(0, "904850"), (10, "804800"), (30, "904a50"), (40, "804a00"), (100, "904c50"), (110, "804c00")]

# name: further events, the ends of the three notes
HELD = {
    "no pedal": ([], [10, 40, 110]),
    "down until it is lifted": ([(0, "b0407f"), (60, "b04000")], [60, 60, 110]),
    "never lifted": ([(0, "b0407f")], [110, 110, 110]),
    "never lifted, in a piece that goes on": ([(0, "b0407f"), (500, "b00740")], [500, 500, 500]),
    "down when the key is released": ([(5, "b0407f"), (60, "b04000")], [60, 60, 110]),
    "down after it": ([(20, "b0407f"), (60, "b04000")], [10, 60, 110]),
    "lifted as the key is": ([(0, "b0407f"), (10, "b0403f")], [10, 40, 110]),
    "hardly down": ([(0, "b0403f"), (60, "b04000")], [10, 40, 110]),
    "just down": ([(0, "b04040"), (60, "b04000")], [60, 60, 110]),
    "lifted by a reset": ([(0, "b0407f"), (60, "b07900")], [60, 60, 110]),
    "cut by all sound off, and still down": ([(0, "b0407f"), (20, "b07800"), (70, "b04000")], [20, 70, 110]),
    "cut with a note that sounds": ([(0, "b0407f"), (35, "b07800"), (70, "b04000")], [35, 35, 110]),
    "cut and lifted": ([(0, "b0407f"), (20, "b07800"), (20, "b04000")], [20, 40, 110]),
    "cut twice": ([(0, "b0407f"), (20, "b07800"), (20, "b07800"), (60, "b04000")], [20, 60, 110]),
    "held on by all notes off": ([(0, "b0407f"), (35, "b07b00"), (70, "b04000")], [70, 70, 110]),
    "of another channel": ([(0, "b1407f"), (60, "b14000")], [10, 40, 110]),
    "struck again": ([(0, "b0407f"), (50, "904850"), (55, "804800"), (60, "b04000")], [50, 60, 60, 110]),
}


def score(events):
    ordered = sorted([*NOTES, *events], key=lambda event: event[0])
    return score_of_events([(tick, bytes.fromhex(message)) for tick, message in ordered], 480)[0]


@pytest.mark.parametrize(("events", "ends"), HELD.values(), ids=HELD)
def test_how_long_a_note_is_held(events, ends):
    plain = score(events)
    held, longer = pedal.hold_notes(plain)
    assert [note.end for note in held.notes] == ends
    assert longer == sum(a.end != b.end for a, b in zip(plain.notes, held.notes, strict=True))
    assert held.others == plain.others
    rate = 960  # samples a second: one a tick
    assert [release for _, _, _, release in held_notes(plain, rate)][::-1] == ends


def test_drums_know_no_pedal():
    plain = score([(0, f"b{DRUMS:x}407f"), (20, f"9{DRUMS:x}2440"), (30, f"8{DRUMS:x}2400")])
    assert pedal.hold_notes(plain) == (plain, 0)


def test_random_pedals_are_as_their_slow_twin(rng):
    for _ in range(50):
        presses = sorted(rng.choice(200, 6, replace=False).tolist())
        events = [(tick, f"b040{127 * (k % 2 == 0):02x}") for k, tick in enumerate(presses)]
        plain = score(events)
        held, _ = pedal.hold_notes(plain)
        for before, after in zip(plain.notes, held.notes, strict=True):
            end = before.end
            while end < plain.end and _is_down(presses, end):  # tick by tick
                end += 1
            assert after.end == end


def _is_down(presses, tick):
    return sum(press <= tick for press in presses) % 2 == 1


def test_words_of_notes_are_held_and_the_report_says_so():
    lines = "\n".join(f"{tick} {message}" for tick, message in [*NOTES, (0, "b0407f"), (60, "b04000")])
    notes = convert_file("x.mid", midi(lines), Settings())
    assert [note.end for note in notes.pieces[0].score().notes] == [60, 60, 110]
    assert notes.remarks == ["2 notes are held by the pedal"]
    whole = convert_file("x.mid", midi(lines), Settings(events="channel"))  # which keeps the pedal itself
    assert [note.end for note in whole.pieces[0].score().notes] == [10, 40, 110]
    assert whole.remarks == []


def test_a_pedal_after_the_last_note_holds_it():
    data = midi("0 b0 40 7f\n0 90 48 50\n10 80 48 00\n50 b0 40 00")
    assert convert_file("x.mid", data, Settings()).pieces[0].words == ["00_90_4850", "32_80_4800"]
