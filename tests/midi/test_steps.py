"""Music as steps: the arrays against notes followed one by one, and the same melody in another key."""

import numpy

from tsuzuri.midi import steps
from tsuzuri.midi.score import OFF, ON


def random_events(rng, count=200):
    """Legal notes on a few channels and keys, that overlap; channel 9 is of drums."""
    events, sounding, tick = [], {}, 0
    for _ in range(count):
        tick += int(rng.integers(0, 3)) * 60
        note = (int(rng.choice([0, 1, 9])), int(rng.integers(60, 64)))
        if note in sounding:
            if sounding.pop(note) < tick:
                events.append((tick, bytes([OFF | note[0], note[1], 0])))
            else:
                sounding[note] = tick
        else:
            sounding[note] = tick
            events.append((tick, bytes([ON | note[0], note[1], 80])))
    return events


def followed(events):
    """The codes by channel, by ``LastNote`` as a melody grows."""
    last, codes = {}, {}
    for tick, message in events:
        channel, key = message[0] & 15, message[1]
        note = last.get(channel)
        if message[0] & 0xF0 == ON:
            if note:
                code = note.code_to(key, tick)
                assert note.next_onset(code) == (key, tick)
                assert note.next_onset(code + 1) is None or channel == 9
                codes.setdefault(channel, []).append(code)
            last[channel] = steps.LastNote(channel, key, tick)
        elif note and note.key == key and note.ended is None:
            note.ended = tick
    return codes


def test_steps_are_those_of_notes_followed_one_by_one(rng):
    for _ in range(5):
        events = random_events(rng)
        codes = followed(events)
        expected = [code for channel in sorted(codes) for code in [*codes[channel], steps.BREAK]]
        found = steps.note_steps(steps.events_of_piece(events))
        assert found.codes.tolist() == expected
        assert len(found.places) == sum(message[0] & 0xF0 == ON for _, message in events)


def test_a_melody_is_the_same_in_another_key_and_drums_are_not(rng):
    events = random_events(rng)

    def moved(by):
        return [(tick, bytes([m[0], m[1] + by, m[2] // 2])) for tick, m in events]

    whole, other = (steps.note_steps(steps.events_of_piece(e)).codes for e in (events, moved(3)))
    drums = int(numpy.flatnonzero(whole == steps.BREAK)[1]) + 1
    assert whole[:drums].tolist() == other[:drums].tolist()
    assert whole[drums:].tolist() != other[drums:].tolist()
    assert len(steps.note_steps(steps.events_of_piece([])).codes) == 0
