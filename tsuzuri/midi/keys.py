"""Keys: their names, which of them a piece is in, and pieces brought to one of them.

A key is that of MIDI's key signature: sharps (flats are negative), and whether it is minor.
"""

import re
from collections.abc import Iterable, Sequence
from statistics import correlation
from typing import NamedTuple

from tsuzuri.midi.score import DRUMS, Note

# How well each pitch class, from the tonic on, seems to fit into a key, by whether it is minor (Krumhansl and Kessler
# 1982)
PROFILES = {
    False: (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    True: (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
}
SCALES = {False: (0, 2, 4, 5, 7, 9, 11), True: (0, 2, 3, 5, 7, 8, 9, 10, 11)}  # minor with both sixths and sevenths
FITS = 0.9  # of a piece's time on notes, at least, that are of a key's scale, where a signature is to be believed
FIFTHS = "FCGDAEB"  # tonics from one flat in major on
NAME = re.compile(r"([A-Ga-g])([#b♯♭]?) ?(m|min|minor|maj|major)?")
A = 9  # its pitch class: the tonic of minor without sharps; that of major is C, 0


class Key(NamedTuple):
    """A key: ``sharps`` -7..7, and whether it is ``minor``.

    >>> Key(-2, True).text(), Key(-2, True).tonic, Key(3, False).text()
    ('Gm', 7, 'A')
    """

    sharps: int
    minor: bool

    @property
    def tonic(self) -> int:
        """The pitch class, 0 for C, that it is named for."""
        return (7 * self.sharps + A * self.minor) % 12

    def text(self) -> str:
        """As musicians write it: "Gm", "F#", "Eb"."""
        accidentals, letter = divmod(self.sharps + 1 + 3 * self.minor, 7)
        sign = "#" * accidentals if accidentals > 0 else "b" * -accidentals
        return FIFTHS[letter] + sign + "m" * self.minor

    def moved(self, semitones: int) -> "Key":
        """The key so many semitones higher, with the fewest sharps or flats; itself where that is none."""
        return Key((self.sharps + 7 * semitones + 5) % 12 - 5, self.minor) if semitones else self

    def payload(self) -> bytes:
        """The payload of its key signature in MIDI."""
        return bytes([self.sharps % 256, self.minor])


def key_of_payload(payload: Sequence[int]) -> Key:
    """The key of a key signature's legal payload."""
    return Key((payload[0] + 128) % 256 - 128, bool(payload[1]))


def read_key(text: str) -> Key:
    """The key of a name such as Gm, "G minor", F# or Bb; raises ``ValueError`` for any other text.

    What has more than seven sharps or flats becomes the key that sounds the same: G# is Ab.
    """
    match = NAME.fullmatch(text.strip())
    if not match:
        raise ValueError(f"{text!r} is no key: must be such as C, F#, Bb, Am or Gm")
    minor = (match[3] or "").startswith("m") and not (match[3] or "").startswith("maj")
    sharps = FIFTHS.index(match[1].upper()) - 1 - 3 * minor
    sharps += {"": 0, "#": 7, "♯": 7, "b": -7, "♭": -7}[match[2]]
    return Key(sharps - 12 if sharps > 7 else sharps + 12 if sharps < -7 else sharps, minor)


def is_key(text: object) -> bool:
    """Whether a text is a key as ``Key.text`` writes it."""
    try:
        return isinstance(text, str) and read_key(text).text() == text
    except ValueError:
        return False


def pitch_time(notes: Iterable[Note]) -> list[int]:
    """The ticks that each pitch class sounds, from C on; drums have none."""
    time = [0] * 12
    for note in notes:
        if note.channel != DRUMS:
            time[note.key % 12] += note.end - note.start
    return time


def fits(key: Key, time: Sequence[float]) -> bool:
    """Whether what sounds, ``time`` of 12 pitch classes, is of a key's scale but for little."""
    return sum(time[(key.tonic + step) % 12] for step in SCALES[key.minor]) >= FITS * sum(time)


def estimate_key(time: Sequence[float]) -> Key:
    """The key whose profile goes best with the ``time`` that 12 pitch classes sound: Krumhansl and Schmuckler's way.

    C where all sound alike, or nothing does. Of keys that sound the same it is the one with fewer sharps or flats.

    >>> estimate_key([4, 0, 1, 0, 3, 1, 0, 3, 0, 1, 0, 1]).text()
    'C'
    """
    if len({*time}) == 1:
        return Key(0, False)
    keys = [Key(sharps, minor) for minor in (False, True) for sharps in range(-5, 7)]
    return max(keys, key=lambda key: correlation([time[(key.tonic + n) % 12] for n in range(12)], PROFILES[key.minor]))


def shift_to_common(key: Key) -> int:
    """The semitones, -6 to 5, from a key to C major, or from a minor one to C minor.

    Not to A minor, whose notes are those of C major: a model that heard the key's word long ago would go on in major.
    """
    return (6 - key.tonic) % 12 - 6


def shifted(number: int, semitones: int) -> int:
    """A note's number so many semitones higher, or an octave nearer where it would leave 0..127."""
    moved = number + semitones
    return moved - 12 if moved > 127 else moved + 12 if moved < 0 else moved
