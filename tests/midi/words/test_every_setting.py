"""Small files of random events by every choice of what is learned: their words are legal."""

import itertools

import pytest

from tsuzuri.midi.file import smf
from tsuzuri.midi.words import codec
from tsuzuri.midi.words.convert import convert_file
from tsuzuri.midi.words.settings import ALL, AUTO, CUT, EVENTS, KEEP, NOTES, Settings

BEAT = 480
METERS = (b"\xff\x58\x04\x02\x18\x08", b"\xff\x58\x03\x02\x18\x08", b"\xff\x58\x06\x03\x24\x08")
TEMPOS = (b"\xff\x51\x07\xa1\x20", b"\xff\x51\x0f\x42\x40")
TEXT = b"\xff\x01end"
CHOICES = [
    choice
    for choice in itertools.product(EVENTS, (CUT, KEEP), (1, KEEP), (AUTO, ALL, 0), (True, False))
    if choice[0] == NOTES or not choice[-1]  # pieces of notes alone say what they are
]


def random_file(rng):
    """The bytes of a file of one to three tracks: notes with long rests, and all else anywhere, after them too."""
    return smf.write_smf(smf.MidiFile(1, BEAT, [random_track(rng) for _ in range(rng.integers(1, 4))], []))


def random_track(rng):
    channel, tick, events = int(rng.choice((0, 0, 1, 9))), 0, []
    for _ in range(rng.integers(1, 9)):
        tick += BEAT // 4 * int(rng.choice((0, 1, 2, 4, 70)))
        key, length = int(rng.integers(50, 60)), BEAT // 4 * int(rng.integers(1, 9))
        events += [(tick, bytes([0x90 | channel, key, 80])), (tick + length, bytes([0x80 | channel, key, 0]))]
    for _ in range(rng.integers(0, 9)):
        at = int(rng.integers(0, tick + 30 * BEAT))
        control = bytes([0xB0 | channel, int(rng.choice((7, 64, 123))), int(rng.choice((0, 127)))])
        events.append((at, (*METERS, *TEMPOS, TEXT, control, bytes([0xC0 | channel, 5]))[rng.integers(8)]))
    return smf.make_track(sorted(events, key=lambda event: event[0]))


@pytest.mark.parametrize(("events", "rests", "controls", "track", "about"), CHOICES)
def test_words_are_legal_by_every_setting(rng, events, rests, controls, track, about):
    settings = Settings(track, events, rests=rests, controls=controls, about=about)
    finer = Settings(track, events, 8, 96, 4, (-1, 1), (1.1,), rests=rests, controls=controls, about=about)
    for _ in range(12):
        data = random_file(rng)
        for chosen in (settings, finer):
            for piece in convert_file("x.mid", data, chosen).pieces:
                assert codec.decode_events(piece.words, piece.division)[1] == [], (chosen, data.hex())
