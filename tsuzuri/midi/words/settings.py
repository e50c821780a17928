"""How MIDI becomes words: the settings, what each may be, and their options for a command line."""

import argparse
import dataclasses
import re

from tsuzuri.midi import timing

AUTO, ALL, KEEP = "auto", "all", "keep"
NOTES, CHANNEL = "notes", "channel"
EVENTS = (NOTES, CHANNEL, ALL)


@dataclasses.dataclass(frozen=True)
class Settings:
    """How a MIDI file is converted; saved with its words.

    ``track`` is a number, "auto" (the one with most notes) or "all"; ``events`` "notes", "channel" or "all";
    ``velocities`` (how many are told apart), ``ticks_per_beat`` and ``grid`` (places a quarter note) numbers or "keep";
    ``transpose`` the lowest and highest semitones, ``stretch`` the factors of time, by which copies are made.
    """

    track: int | str = AUTO
    events: str = NOTES
    velocities: int | str = KEEP
    ticks_per_beat: int | str = timing.TICKS
    grid: int | str = KEEP
    transpose: tuple = (0, 0)
    stretch: tuple = ()


def _number(value, least, most):
    return type(value) is int and least <= value <= most


# field: what it may be, in words and as a test
ALLOWED = {
    "track": ("auto, all, or a number in 0..65535", lambda v: v in (AUTO, ALL) or _number(v, 0, 65535)),
    "events": (", ".join(EVENTS), lambda v: v in EVENTS),
    "velocities": ("keep, or a number in 1..127", lambda v: v == KEEP or _number(v, 1, 127)),
    "ticks_per_beat": ("keep, or a number in 1..32767", lambda v: v == KEEP or _number(v, 1, 32767)),
    "grid": ("keep, or a number in 1..960", lambda v: v == KEEP or _number(v, 1, 960)),
    "transpose": (
        "two numbers in -24..24, the lower first, such as -5..6",
        lambda v: len(v) == 2 and all(_number(n, -24, 24) for n in v) and v[0] <= v[1],
    ),
    "stretch": (
        "factors in 0.25..4, such as 0.9,1.1",
        lambda v: all(type(x) in (int, float) and 0.25 <= x <= 4 for x in v),
    ),
}


def settings_from_json(about):
    """``Settings`` from what was saved; raises ``ValueError`` naming the field that is wrong."""
    if set(about) != set(ALLOWED):
        raise ValueError(f"settings {', '.join(sorted(set(about) ^ set(ALLOWED)))} are missing or not known")
    for name, (allowed, fits) in ALLOWED.items():
        try:
            right = fits(about[name])
        except TypeError:
            right = False
        if not right:
            raise ValueError(f"the setting {name} is {about[name]!r}, must be {allowed}")
    return Settings(**about | {name: tuple(about[name]) for name in ("transpose", "stretch")})


def _option(name, convert):
    """A function from an option's text to the setting's value, checked, as argparse wants it."""
    allowed, fits = ALLOWED[name]

    def option(text):
        value = convert(text)
        if not fits(value):
            raise argparse.ArgumentTypeError(f"{text} is out of range: must be {allowed}")
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
        raise argparse.ArgumentTypeError(f"{text} are no factors: must be {ALLOWED['stretch'][0]}") from None


def _range(text):
    """(a, b) of a..b; one number n is 0..n or n..0."""
    found = re.fullmatch(r"(-?[0-9]{1,9})(?:\.\.(-?[0-9]{1,9}))?", text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text} is not a range: must be {ALLOWED['transpose'][0]}")
    first, last = int(found[1]), int(found[2] or 0)
    return (first, last) if found[2] else (min(first, 0), max(first, 0))


def settings_options(**defaults):
    """The options as rows for ``options.Parser``; ``defaults`` replaces those of ``Settings``."""
    plain = dataclasses.asdict(Settings()) | defaults
    return [
        (
            "--track",
            _option("track", _word_or_number),
            plain["track"],
            "auto (the one with most notes), all, or its number",
        ),
        ("--events", EVENTS, plain["events"], "notes; channel: controls too; all: tempo, time and key signatures too"),
        (
            "--velocities",
            _option("velocities", _word_or_number),
            plain["velocities"],
            "how many are told apart, or keep",
        ),
        (
            "--ticks-per-beat",
            _option("ticks_per_beat", _word_or_number),
            plain["ticks_per_beat"],
            "of a quarter note, or keep",
        ),
        (
            "--grid",
            _option("grid", _word_or_number),
            plain["grid"],
            "places a quarter note that all times snap to, or keep",
        ),
        (
            "--transpose",
            _option("transpose", _range),
            None,
            "add copies so many semitones higher and lower, such as -5..6",
        ),
        ("--stretch", _option("stretch", _factors), None, "add copies with all times multiplied, such as 0.9,1.1"),
    ]


def _tempo(text):
    value = float(text)
    if not 4 <= value <= 1000:
        raise argparse.ArgumentTypeError(f"{text} is out of range: must be 4 to 1000 quarter notes a minute")
    return value


def _program(text):
    value = int(text)
    if not 0 <= value <= 127:
        raise argparse.ArgumentTypeError(f"{text} is out of range: must be in range 0..127")
    return value


# how words sound and look, for what writes MIDI
SOUND = [
    ("--tempo", _tempo, None, "quarter notes a minute, instead of the piece's own"),
    ("--program", _program, None, "instrument of every channel but the drums', 0..127 of General MIDI"),
    ("--plot", None, False, "draw a piano roll beside each MIDI file"),
    ("--wav", None, False, "play each MIDI file into a .wav beside it"),
    ("--soundfont", str, None, "a SoundFont to play with, instead of the built-in synthesizer"),
]


def settings_from_options(args):
    """``Settings`` from the options' values by name."""
    return Settings(
        **{name: args[name] for name in ALLOWED if name not in ("transpose", "stretch")},
        transpose=args["transpose"] or (0, 0),
        stretch=args["stretch"] or (),
    )
