"""Keys: their names, the one that notes suggest, and the way to C major or C minor and back."""

import pytest

from tsuzuri.midi.keys import Key, estimate_key, fits, key_of_payload, pitch_time, read_key, shift_to_common, shifted
from tsuzuri.midi.score import DRUMS, Note

EVERY = [Key(sharps, minor) for sharps in range(-7, 8) for minor in (False, True)]
NAMES = {  # as in any table of the circle of fifths
    False: ["Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#"],
    True: ["Abm", "Ebm", "Bbm", "Fm", "Cm", "Gm", "Dm", "Am", "Em", "Bm", "F#m", "C#m", "G#m", "D#m", "A#m"],
}
LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


@pytest.mark.parametrize("key", EVERY, ids=Key.text)
def test_a_key_goes_by_its_name(key):
    name = NAMES[key.minor][key.sharps + 7]
    assert key.text() == name
    assert read_key(name) == key
    assert key_of_payload(key.payload()) == key
    assert key.tonic == (LETTERS[name[0]] + name.count("#") - name.count("b")) % 12
    assert (key.tonic + shift_to_common(key)) % 12 == LETTERS["C"]
    assert -6 <= shift_to_common(key) <= 5


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("g minor", Key(-2, True)),
        ("gm", Key(-2, True)),
        (" D maj ", Key(2, False)),
        ("B♭", Key(-2, False)),
        ("G#", Key(-4, False)),  # eight sharps: A flat
        ("Fbm", Key(1, True)),  # eleven flats: E minor
    ],
)
def test_other_spellings(text, key):
    assert read_key(text) == key


@pytest.mark.parametrize("text", ["", "H", "Cmm", "C##", "C dur", "minor"])
def test_what_is_no_key(text):
    with pytest.raises(ValueError, match=r"is no key: must be such as C, F#, Bb, Am or Gm"):
        read_key(text)


def test_a_key_moves_with_its_notes():
    for key in EVERY:
        for semitones in range(-12, 13):
            assert key.moved(semitones).tonic == (key.tonic + semitones) % 12
            assert key.moved(semitones).minor == key.minor
    assert Key(7, False).moved(0) == Key(7, False), "as it is written"


def melody(keys, channel=0):
    return [Note(480 * n, 480 * n + 480, channel, key, 80) for n, key in enumerate(keys)]


USUAL = [key for key in EVERY if -5 <= key.sharps <= 6]


@pytest.mark.parametrize("key", USUAL, ids=Key.text)
def test_the_key_of_a_melody(key):
    """A tune that goes from the tonic to the fifth by the scale, and home."""
    tune = [0, 2, 3, 5, 7, 7, 8, 7, 5, 3, 2, 0, 7, 0] if key.minor else [0, 2, 4, 5, 7, 7, 9, 7, 5, 4, 2, 0, 7, 0]
    time = pitch_time(melody([60 + key.tonic + step for step in tune]))
    assert estimate_key(time) == key
    assert fits(key, time)
    assert not fits(key.moved(1), time)


def test_drums_and_silence_are_in_no_key():
    assert pitch_time(melody([36, 38, 42], DRUMS)) == [0] * 12
    assert estimate_key([0] * 12) == Key(0, False)
    assert estimate_key([5] * 12) == Key(0, False)


def test_a_note_stays_within_midi():
    assert [shifted(number, 6) for number in (0, 121, 122, 127)] == [6, 127, 116, 121]
    assert [shifted(number, -6) for number in (0, 5, 6)] == [6, 11, 0]
