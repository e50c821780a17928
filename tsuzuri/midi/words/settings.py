"""The settings by which MIDI becomes words: their allowed values, and their options for a command line."""

import argparse
import dataclasses
import re

from tsuzuri.midi import timing
from tsuzuri.rules import Rule, check_value, is_whole

AUTO, ALL, KEEP = "auto", "all", "keep"
NOTES, CHANNEL = "notes", "channel"
EVENTS = (NOTES, CHANNEL, ALL)


@dataclasses.dataclass(frozen=True)
class Settings:
    """The settings of a conversion of MIDI files to words, saved with the words.

    ``track``: a number, "auto" (the one with most notes) or "all"; ``events``: "notes", "channel" or "all".
    ``velocities`` (number of levels), ``ticks_per_beat`` (ticks a quarter note) and ``grid`` (steps a quarter note): a
    number or "keep". Copies are made for each of the semitones from the lowest to the highest of ``transpose``, and
    for each factor of time in ``stretch``.
    """

    track: int | str = AUTO
    events: str = NOTES
    velocities: int | str = KEEP
    ticks_per_beat: int | str = timing.TICKS
    grid: int | str = KEEP
    transpose: tuple = (0, 0)
    stretch: tuple = ()


# field: what it may be
ALLOWED = {
    "track": Rule("auto, all, or a number in 0..65535", lambda v: v in (AUTO, ALL) or is_whole(v, 0, 65535)),
    "events": Rule(", ".join(EVENTS), lambda v: v in EVENTS),
    "velocities": Rule("keep, or a number in 1..127", lambda v: v == KEEP or is_whole(v, 1, 127)),
    "ticks_per_beat": Rule("keep, or a number in 1..32767", lambda v: v == KEEP or is_whole(v, 1, 32767)),
    "grid": Rule("keep, or a number in 1..960", lambda v: v == KEEP or is_whole(v, 1, 960)),
    "transpose": Rule(
        "two numbers in -24..24, the lower first, such as -5..6",
        lambda v: len(v) == 2 and all(is_whole(n, -24, 24) for n in v) and v[0] <= v[1],
    ),
    "stretch": Rule(
        "factors in 0.25..4, such as 0.9,1.1",
        lambda v: all(type(x) in (int, float) and 0.25 <= x <= 4 for x in v),
    ),
}


def settings_from_json(saved):
    """``Settings`` from their fields as JSON keeps them; raises ``ValueError`` naming the field that is wrong."""
    if set(saved) != set(ALLOWED):
        raise ValueError(f"settings {', '.join(sorted(set(saved) ^ set(ALLOWED)))} are missing or not known")
    for name, rule in ALLOWED.items():
        check_value(saved[name], rule, f"the setting {name}")
    return Settings(**saved | {name: tuple(saved[name]) for name in ("transpose", "stretch")})


def _option(name, convert):
    """An argparse type: a function from an option's text to the setting's checked value."""
    rule = ALLOWED[name]

    def option(text):
        value = convert(text)
        if not rule.holds(value):
            raise argparse.ArgumentTypeError(f"{text} is out of range: must be {rule.allowed}")
        return value

    option.__name__ = {"track": "track", "transpose": "a..b", "stretch": "x,y"}.get(name, "n")
    return option


def _word_or_number(text):
    return int(text) if re.fullmatch(r"-?[0-9]{1,9}", text) else text


def _factors(text):
    """(x, y, ...) of x,y,..."""
    try:
        return tuple(map(float, text.split(",")))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} are no factors: must be {ALLOWED['stretch'].allowed}") from None


def _range(text):
    """(a, b) of a..b; one number n is 0..n or n..0."""
    match = re.fullmatch(r"(-?[0-9]{1,9})(?:\.\.(-?[0-9]{1,9}))?", text)
    if not match:
        raise argparse.ArgumentTypeError(f"{text} is not a range: must be {ALLOWED['transpose'].allowed}")
    first, last = int(match[1]), int(match[2] or 0)
    return (first, last) if match[2] else (min(first, 0), max(first, 0))


def settings_options(**defaults):
    """The settings as rows of a table of options; ``defaults`` replace those of ``Settings``."""
    default = dataclasses.asdict(Settings()) | defaults

    def number(name, text):
        return f"--{name.replace('_', '-')}", _option(name, _word_or_number), default[name], text

    kinds = "kinds of events: notes; channel, with controllers; all, with tempo, time and key signatures"
    copies = "range of semitones for transposed copies, such as -5..6"
    return [
        number("track", "auto (the track with most notes), all, or a track number"),
        ("--events", EVENTS, default["events"], kinds),
        number("velocities", "number of velocity levels, or keep"),
        number("ticks_per_beat", "ticks per quarter note, or keep"),
        number("grid", "time steps per quarter note, or keep"),
        ("--transpose", _option("transpose", _range), None, copies),
        ("--stretch", _option("stretch", _factors), None, "factors of time for stretched copies, such as 0.9,1.1"),
    ]


def _tempo(text):
    value = float(text)
    if not 4 <= value <= 1000:
        raise argparse.ArgumentTypeError(f"{text} is out of range: must be 4 to 1000 quarter notes a minute")
    return value


_tempo.__name__ = "x"  # as the help names the value


def _program(text):
    value = int(text)
    if not 0 <= value <= 127:
        raise argparse.ArgumentTypeError(f"{text} is out of range: must be in range 0..127")
    return value


_program.__name__ = "n"


def _soundfont(text):
    return text


_soundfont.__name__ = "path"


# the options of the commands that write MIDI
OUTPUT_OPTIONS = [
    ("--tempo", _tempo, None, "tempo in quarter notes per minute (default: the piece's own)"),
    (
        "--program",
        _program,
        None,
        "General MIDI program 0..127 of all channels but the drums (default: the piece's own)",
    ),
    ("--plot", None, False, "piano roll beside each MIDI file"),
    ("--wav", None, False, "sound of each MIDI file in a .wav file beside it"),
    ("--soundfont", _soundfont, None, "SoundFont for --wav (default: the built-in synthesizer)"),
]


def settings_from_options(args):
    """``Settings`` from the values of the options, by name."""
    return Settings(
        **{name: args[name] for name in ALLOWED if name not in ("transpose", "stretch")},
        transpose=args["transpose"] or (0, 0),
        stretch=args["stretch"] or (),
    )
