"""The options of ``read_midi.py`` and ``write_midi.py``, and those for MIDI that other commands have too."""

import dataclasses
import re
from collections.abc import Iterable
from typing import Any

from tsuzuri.midi.keys import Key, read_key
from tsuzuri.midi.timing import is_meter
from tsuzuri.midi.words.settings import ALLOWED, BY_EVENT, BY_NOTE, CUT, EVENTS, KEEP, Settings
from tsuzuri.options.option import Option
from tsuzuri.options.values import (
    FILE,
    FLAG,
    FOLDER,
    SWITCH,
    Kind,
    any_number,
    choice,
    is_number,
    shown,
    to_float,
    to_whole,
    whole_number,
)
from tsuzuri.rules import Bounds


def _checked(name: str, value: Any, plain: Any) -> Any:
    """The plain value of a setting, or ``ValueError`` that says what the setting may be."""
    if not ALLOWED[name].holds(plain):
        raise ValueError(f"{shown(value)} is out of range: must be {ALLOWED[name].allowed}")
    return plain


def _word_or_number(name: str) -> Kind:
    """The kind of a setting that is a whole number or a word such as keep."""

    def convert(value: Any) -> int | str:
        text = isinstance(value, str) and not re.fullmatch(r"-?[0-9]{1,9}", value)
        try:
            plain: int | str | None = str(value) if text else to_whole(value)
        except (TypeError, ValueError):
            plain = None
        checked: int | str = _checked(name, value, plain)
        return checked

    return Kind("N", convert)


def _range(value: Any) -> tuple[int, int]:
    """(a, b) of a..b or of two numbers; one number n is 0..n or n..0."""
    try:
        if isinstance(value, str):
            ends = re.fullmatch(r"(-?[0-9]{1,9})(?:\.\.(-?[0-9]{1,9}))?", value)
            items: Iterable[Any] = [end for end in ends.groups() if end is not None] if ends else [value]
        else:
            items = value if isinstance(value, Iterable) else [value]
        numbers = tuple(map(to_whole, items))
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{shown(value)} is not a range: must be {ALLOWED['transpose'].allowed}") from None
    if len(numbers) == 1:
        numbers = min(*numbers, 0), max(*numbers, 0)
    checked: tuple[int, int] = _checked("transpose", value, numbers)
    return checked


def _factors(value: Any) -> tuple[float, ...]:
    """(x, y, ...) of x,y,... or of numbers; one number is the only factor."""
    try:
        items = value.split(",") if isinstance(value, str) else [value] if is_number(value) else value
        factors = tuple(map(to_float, items))
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{shown(value)} are no factors: must be {ALLOWED['stretch'].allowed}") from None
    checked: tuple[float, ...] = _checked("stretch", value, factors)
    return checked


def settings_options(**defaults: object) -> list[Option]:
    """The settings of a conversion to words as options; ``defaults`` replace those of ``Settings``."""
    default = dataclasses.asdict(Settings()) | defaults

    def number(name: str, text: str) -> Option:
        return Option(f"--{name.replace('_', '-')}", _word_or_number(name), default[name], text)

    kinds = "kinds of events: notes; channel, with controllers; all, with tempo, time and key signatures"
    copies = "range of semitones for transposed copies, such as -5..6; 5 alone is 0..5"
    return [
        number("track", "auto (the part that has the tune), all, or a track number"),
        Option("--events", choice(*EVENTS), default["events"], kinds),
        number("velocities", "number of velocity levels, or keep"),
        number("ticks_per_beat", "ticks per quarter note, or keep"),
        number("grid", "time steps per quarter note, or keep"),
        number("max_rest", "bars of the longest rest; auto (8 in files with faults), or keep"),
        Option("--transpose", Kind("A..B", _range), None, copies),
        Option("--stretch", Kind("X,Y", _factors), None, "factors of time for stretched copies, such as 0.9,1.1"),
        Option("--rests", choice(CUT, KEEP), default["rests"], "silence at both ends and long rests: cut or keep"),
        number("controls", "changes per quarter note of each controller, bend and pressure, or keep"),
        Option("--about", SWITCH, default["about"], ABOUT),
        Option("--words", choice(BY_EVENT, BY_NOTE), default["words"], WORDS),
    ]


WORDS = "words of a note: events, one for its onset and one for its end; notes, one with its length"
ABOUT = "meter, key, tempo and programs as the first words of a piece, for --events notes"
KEYS = Option(
    "--keys",
    choice("own", "one"),
    None,
    "keys to learn pieces in: their own, or C major and C minor (default: one with --about on and no --transpose)",
)


def _key(value: Any) -> Key:
    if not isinstance(value, str):
        raise ValueError(f"{shown(value)} is no key: must be such as C, F#, Bb, Am or Gm")
    return read_key(value)


def _meter(value: Any) -> tuple[int, int]:
    match = re.fullmatch(r"([0-9]{1,3})/([0-9]{1,3})", value) if isinstance(value, str) else None
    numbers = tuple(map(int, match.groups())) if match else value
    if not isinstance(numbers, tuple) or len(numbers) != 2 or not is_meter(*numbers):
        raise ValueError(f"{shown(value)} is no meter: must be such as 4/4, 3/4 or 6/8")
    return numbers


KEY, METER = Kind("KEY", _key), Kind("N/M", _meter)
REPLACE = Option("-f --force", FLAG, False, "replace files that are there, also those that --out does not name")
# of the commands that write MIDI
OUTPUT_OPTIONS = [
    Option(
        "--tempo",
        any_number(Bounds(4, 1000), "4 to 1000 quarter notes a minute"),
        None,
        "tempo in quarter notes per minute (default: the piece's own)",
        "--qpm --bpm",
    ),
    Option(
        "--program",
        whole_number(Bounds(0, 127), "in range 0..127"),
        None,
        "General MIDI program 0..127 of all channels but the drums (default: the piece's own)",
    ),
    Option("--plot", FLAG, False, "piano roll beside each MIDI file"),
    Option("--wav", FLAG, False, "sound of each MIDI file in a .wav file beside it"),
    Option("--soundfont", FILE, None, "SoundFont for --wav (default: the built-in synthesizer)"),
]

READ_MIDI = {
    "input": [
        Option("files", FILE, [], "MIDI files and folders of them"),
        Option("--strict", FLAG, False, "strict reading: files that break the standard are refused, not mended"),
    ],
    "output": [
        Option("-o --out", FILE, None, "file of words to write (default: standard output)"),
        Option("--list", FLAG, False, "table of each file's tracks instead of words"),
        Option("--plot", FLAG, False, "piano roll of each MIDI file, beside it or beside --out"),
        REPLACE,
    ],
    "MIDI": settings_options(),
}
WRITE_MIDI = {
    "input": [
        Option("words", FILE, None, "file of words"),
        Option("--strict", FLAG, False, "strict reading: words that are not legal music are refused, not mended"),
    ],
    "output": [
        Option("-o --out", FOLDER, None, "output folder, or for a single piece a file that ends in .mid"),
        REPLACE,
    ],
    "MIDI": OUTPUT_OPTIONS,
}
