"""The instruments as tables: a timbre for each General MIDI program, a recipe for each drum."""

import math
from typing import NamedTuple


class Timbre(NamedTuple):
    """The sound of a family of instruments; times in seconds.

    ``amplitudes`` are those of the partials, which lie at ``ratios`` times the pitch, or without these at 1, 2, 3, …
    times it. A struck or plucked tone has a ``fall``, the time in which its fundamental decays at C4; each partial
    decays faster by ``damping`` times its ratio. Without a ``fall`` the tone goes on, at ``sustain`` of its attack.
    Soft notes lose high partials by the power ``dark``. ``voices`` are the (Hz, cents) of the vibrato of each voice.
    """

    amplitudes: tuple
    attack: float
    release: float
    fall: float = 0.0
    damping: float = 0.0
    ratios: tuple = ()
    sustain: float = 0.8
    dark: float = 1.0
    voices: tuple = ((0.0, 0.0),)
    breath: float = 0.0  # noise along with the tone
    knock: float = 0.0  # noise of the stroke, which lasts some hundredths of a second
    gain: float = 1.0


def _slope(count, power, even=1.0):
    """Amplitudes of ``count`` harmonics that fall by a power of their number; the even ones scaled."""
    return tuple((even if k % 2 == 0 else 1.0) * k**-power for k in range(1, count + 1))


def _stiff(count, stiffness):
    """Ratios of a stiff string's partials, k sqrt(1 + B k²) (Fletcher 1964), scaled so that the first is 1."""
    return tuple(k * math.sqrt((1 + stiffness * k * k) / (1 + stiffness)) for k in range(1, count + 1))


_VIBRATO = ((5.4, 9.0),)
_SECTION = ((0.9, 7.0), (1.3, 6.0), (5.1, 7.0))
_BAR, _BELL = (1.0, 3.93, 9.2), (1.0, 2.0, 2.76, 5.4, 8.93)

TIMBRES = {
    "piano": Timbre(
        (1, 0.62, 0.4, 0.3, 0.2, 0.14, 0.1, 0.06, 0.05, 0.04), 0.003, 0.18, 7.0, 0.35, _stiff(10, 0.0004), knock=0.05
    ),
    "electric piano": Timbre((1, 0.2, 0.12, 0.05, 0.1), 0.004, 0.2, 6.0, 0.8, (1.0, 2.0, 3.0, 4.0, 14.0)),
    "harpsichord": Timbre(_slope(16, 0.6), 0.003, 0.08, 4.0, 0.12, dark=0.2, knock=0.04, gain=0.7),
    "bell": Timbre((1, 0.25, 0.4, 0.2, 0.08), 0.003, 0.5, 4.0, 0.5, _BELL, gain=0.8),
    "bar": Timbre((1, 0.3, 0.06), 0.003, 0.25, 1.1, 0.8, _BAR, knock=0.06),
    "vibraphone": Timbre((1, 0.2, 0.03), 0.003, 0.5, 4.0, 0.8, _BAR),
    "organ": Timbre((1, 0.75, 0.45, 0.35, 0, 0.2, 0, 0.15), 0.012, 0.09, sustain=1.0, dark=0.0, gain=0.85),
    "church organ": Timbre((1, 0.8, 0.4, 0.5, 0.1, 0.2, 0.05, 0.25), 0.05, 0.3, sustain=1.0, dark=0.0, gain=0.85),
    "reed organ": Timbre(_slope(14, 1.0), 0.04, 0.12, sustain=1.0, dark=0.3, voices=((0.7, 5.0), (5.2, 4.0)), gain=0.7),
    "guitar": Timbre(
        (1, 0.75, 0.5, 0.2, 0.25, 0.2, 0.12, 0.05, 0.07), 0.003, 0.12, 3.6, 0.3, _stiff(9, 0.0001), knock=0.03
    ),
    "muted guitar": Timbre((1, 0.6, 0.35, 0.15, 0.1), 0.003, 0.06, 0.5, 0.5, knock=0.05),
    "driven guitar": Timbre(
        _slope(16, 0.85), 0.005, 0.1, sustain=0.75, dark=0.2, voices=((0.6, 4.0), (5.0, 5.0)), gain=0.6
    ),
    "bass": Timbre((1, 0.7, 0.4, 0.22, 0.12, 0.06), 0.005, 0.09, 3.0, 0.4, knock=0.03, gain=1.2),
    "synth bass": Timbre(_slope(12, 1.1), 0.005, 0.07, sustain=0.6, dark=0.6),
    "violin": Timbre(_slope(16, 1.15), 0.06, 0.14, voices=_VIBRATO, breath=0.015),
    "pizzicato": Timbre((1, 0.5, 0.25, 0.12, 0.06), 0.003, 0.1, 0.9, 0.5, knock=0.04),
    "harp": Timbre((1, 0.5, 0.25, 0.12, 0.06), 0.003, 0.4, 3.5, 0.4),
    "timpani": Timbre((1, 0.7, 0.4, 0.2), 0.003, 0.4, 1.2, 0.6, (1.0, 1.5, 1.99, 2.44), knock=0.15, gain=1.3),
    "strings": Timbre(_slope(14, 1.2), 0.09, 0.3, voices=_SECTION, gain=0.8),
    "choir": Timbre(
        (1, 0.55, 0.4, 0.12, 0.06, 0.05, 0.03), 0.08, 0.25, sustain=0.95, voices=_SECTION, breath=0.02, gain=0.75
    ),
    "hit": Timbre(_slope(14, 0.9), 0.005, 0.3, 1.2, 0.15, voices=_SECTION, knock=0.1),
    "brass": Timbre(_slope(14, 0.8), 0.04, 0.1, sustain=0.8, dark=1.6, voices=((5.0, 4.0),), gain=0.8),
    "horn": Timbre(_slope(8, 1.3), 0.05, 0.14, sustain=0.85, dark=1.5),
    "sax": Timbre((1, 0.85, 0.6, 0.5, 0.3, 0.25, 0.15, 0.12, 0.08), 0.03, 0.1, voices=_VIBRATO, breath=0.03, gain=0.8),
    "oboe": Timbre((0.7, 0.8, 1, 0.6, 0.4, 0.3, 0.2, 0.12, 0.08), 0.035, 0.09, voices=_VIBRATO, gain=0.75),
    "clarinet": Timbre(_slope(13, 1.0, even=0.12), 0.03, 0.1, sustain=0.9, voices=((5.0, 3.0),), breath=0.01, gain=0.9),
    "flute": Timbre((1, 0.35, 0.12, 0.05, 0.02), 0.05, 0.12, sustain=0.9, voices=_VIBRATO, breath=0.04),
    "square": Timbre(_slope(15, 1.0, even=0.0), 0.006, 0.08, sustain=0.85, dark=0.4, gain=0.6),
    "saw": Timbre(_slope(16, 1.0), 0.006, 0.08, sustain=0.85, dark=0.4, voices=((0.7, 5.0), (5.3, 4.0)), gain=0.6),
    "pad": Timbre(_slope(8, 1.5), 0.3, 0.7, sustain=0.95, voices=((0.5, 4.0), (0.8, 5.0), (1.1, 4.0))),
    "pluck": Timbre(_slope(12, 0.9), 0.003, 0.12, 2.2, 0.3, dark=0.6, knock=0.08),
    "block": Timbre((1, 0.4, 0.2), 0.003, 0.1, 0.25, 0.4, (1.0, 2.6, 4.1), knock=0.2),
    "drum": Timbre((1, 0.5, 0.25), 0.003, 0.2, 0.7, 0.8, (1.0, 1.59, 2.14), knock=0.3, gain=1.2),
    "noise": Timbre((0.05,), 0.03, 0.3, breath=0.6, gain=0.5),
}  # fmt: skip
FAMILIES = (  # of eight programs each, in General MIDI's order
    "piano", "bar", "organ", "guitar", "bass", "violin", "strings", "brass",
    "oboe", "flute", "saw", "pad", "pad", "pluck", "block", "noise",
)  # fmt: skip
UNLIKE_THEIR_FAMILY = {
    4: "electric piano", 5: "electric piano", 6: "harpsichord", 7: "harpsichord", 8: "bell", 9: "bell", 10: "bell",
    11: "vibraphone", 14: "bell", 15: "pluck", 19: "church organ", 20: "reed organ", 21: "reed organ", 22: "reed organ",
    23: "reed organ", 28: "muted guitar", 29: "driven guitar", 30: "driven guitar", 31: "vibraphone", 38: "synth bass",
    39: "synth bass", 44: "strings", 45: "pizzicato", 46: "harp", 47: "timpani", 52: "choir", 53: "choir", 54: "choir",
    55: "hit", 57: "horn", 58: "horn", 60: "horn", 64: "sax", 65: "sax", 66: "sax", 67: "sax", 71: "clarinet",
    80: "square", 82: "flute", 83: "flute", 85: "choir", 91: "choir", 98: "bell", 99: "harp", 108: "bar",
    109: "reed organ", 110: "violin", 111: "oboe", 112: "bell", 113: "bell", 114: "vibraphone", 116: "drum",
    117: "drum", 118: "drum", 119: "noise",
}  # fmt: skip


def timbre_of_program(program):
    """The name of the timbre that plays a General MIDI program 0..127."""
    return UNLIKE_THEIR_FAMILY.get(program, FAMILIES[program // 8])


class Drum(NamedTuple):
    """A drum: sines at ``tones`` (Hz, amplitude), which begin ``drop`` times as high and decay in ``ring`` seconds, and
    noise between ``low`` and ``high`` Hz, which decays in ``hiss`` seconds. ``pan`` is from -1, left, to 1, right.
    """

    tones: tuple = ()
    drop: float = 1.0
    ring: float = 0.2
    noise: float = 0.0
    low: float = 200.0
    high: float = 8000.0
    hiss: float = 0.2
    pan: float = 0.0


_CYMBAL = ((3120, 0.06), (4270, 0.05), (5410, 0.05), (6890, 0.04))
_OTHER = Drum(noise=0.3, low=800, hiss=0.12)  # for keys that are not in the table
DRUM_SOUNDS = {
    35: Drum(((48, 1.5),), 3.0, 0.45, 0.1, 500, 4000, 0.03),
    36: Drum(((54, 1.5),), 3.5, 0.38, 0.15, 500, 5000, 0.03),
    37: Drum(((480, 0.3), (1650, 0.5)), 1.0, 0.06, 0.3, 1200, 7000, 0.05, 0.1),
    38: Drum(((185, 0.5), (330, 0.25)), 1.3, 0.2, 0.6, 700, 9000, 0.3, 0.05),
    39: Drum(noise=0.7, low=900, high=3500, hiss=0.25, pan=-0.15),
    40: Drum(((205, 0.5), (365, 0.25)), 1.3, 0.16, 0.7, 1000, 10000, 0.25, 0.05),
    42: Drum(_CYMBAL, 1.0, 0.05, 0.3, 6500, 15000, 0.08, 0.3),
    44: Drum(_CYMBAL, 1.0, 0.05, 0.25, 5500, 12000, 0.12, 0.3),
    46: Drum(_CYMBAL, 1.0, 0.4, 0.3, 6000, 15000, 0.6, 0.3),
    51: Drum(_CYMBAL, 1.0, 1.2, 0.12, 5000, 13000, 1.2, -0.3),
    52: Drum(_CYMBAL, 1.0, 0.8, 0.45, 2500, 12000, 1.3, -0.4),
    53: Drum(((2080, 0.2), (3120, 0.15), (4830, 0.1)), 1.0, 1.2, 0.06, 5000, 12000, 0.6, -0.3),
    54: Drum(noise=0.35, low=6000, high=14000, hiss=0.22, pan=0.2),
    55: Drum(_CYMBAL, 1.0, 0.5, 0.4, 4500, 15000, 0.7, 0.4),
    56: Drum(((545, 0.4), (815, 0.35)), 1.0, 0.3, pan=-0.1),
    58: Drum(((1900, 0.1),), 1.0, 0.5, 0.25, 1500, 4500, 0.6, 0.2),
    69: Drum(noise=0.3, low=5000, high=12000, hiss=0.12, pan=-0.3),
    70: Drum(noise=0.3, low=5500, high=12000, hiss=0.08, pan=0.3),
    71: Drum(((2350, 0.35),), 1.02, 0.2, 0.05, 2000, 5000, 0.2, 0.2),
    72: Drum(((2250, 0.35),), 1.02, 0.6, 0.05, 2000, 5000, 0.6, 0.2),
    73: Drum(noise=0.3, low=2500, high=6000, hiss=0.15, pan=-0.2),
    74: Drum(noise=0.3, low=2500, high=6000, hiss=0.5, pan=-0.2),
    75: Drum(((2480, 0.7),), 1.0, 0.08, pan=0.2),
    80: Drum(((4100, 0.15), (6170, 0.15), (9240, 0.1)), 1.0, 0.15, pan=-0.3),
    81: Drum(((4100, 0.15), (6170, 0.15), (9240, 0.1)), 1.0, 1.6, pan=-0.3),
    **{key: Drum(_CYMBAL, 1.0, 1.5, 0.45, 3000, 14000, 2.2, pan) for key, pan in ((49, -0.35), (57, 0.35))},
    59: Drum(_CYMBAL, 1.0, 1.4, 0.12, 4500, 13000, 1.4, 0.3),
    **{  # toms from low to high, across the stage
        key: Drum(((hertz, 1.0), (hertz * 1.6, 0.25)), 1.7, 0.55, 0.12, 300, 3000, 0.08, pan)
        for key, hertz, pan in (
            (41, 73, 0.4), (43, 87, 0.3), (45, 103, 0.15), (47, 123, 0.0), (48, 147, -0.15), (50, 175, -0.3),
        )
    },
    **{  # skins struck by hand or stick
        key: Drum(((hertz, 0.8), (hertz * 1.9, 0.2)), 1.15, ring, 0.1, 800, 6000, 0.04, pan)
        for key, hertz, ring, pan in (
            (60, 400, 0.18, 0.25), (61, 280, 0.25, 0.2), (62, 330, 0.1, -0.2), (63, 320, 0.3, -0.2),
            (64, 215, 0.35, -0.25), (65, 350, 0.4, 0.3), (66, 245, 0.45, 0.35), (78, 640, 0.15, 0.2),
            (79, 520, 0.35, 0.2),
        )
    },
    **{  # wood and bells
        key: Drum(((hertz, 0.4), (hertz * 2.7, 0.15)), 1.0, ring, pan=0.25)
        for key, hertz, ring in ((67, 990, 0.4), (68, 740, 0.45), (76, 1180, 0.1), (77, 790, 0.12))
    },
}  # fmt: skip


def drum_of_key(key):
    """The ``Drum`` of a key; keys outside General MIDI's share one sound."""
    return DRUM_SOUNDS.get(key, _OTHER)
