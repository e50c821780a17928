"""The settings by which MIDI becomes words: their allowed values."""

import dataclasses
from collections.abc import Mapping
from typing import Any

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
    for each factor of time in ``stretch``. ``max_rest``: the bars that a rest may last, "auto" (8 in a file with
    faults) or "keep".
    """

    track: int | str = AUTO
    events: str = NOTES
    velocities: int | str = KEEP
    ticks_per_beat: int | str = timing.TICKS
    grid: int | str = KEEP
    transpose: tuple = (0, 0)
    stretch: tuple = ()
    max_rest: int | str = AUTO


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
    "max_rest": Rule("auto, keep, or a number in 1..1000", lambda v: v in (AUTO, KEEP) or is_whole(v, 1, 1000)),
}


def settings_from_json(saved: Mapping[str, Any]) -> Settings:
    """``Settings`` from their fields as JSON keeps them; raises ``ValueError`` naming the field that is wrong."""
    saved = {"max_rest": AUTO, **saved}  # which files of words and runs of versions before lack
    if set(saved) != set(ALLOWED):
        raise ValueError(f"settings {', '.join(sorted(set(saved) ^ set(ALLOWED)))} are missing or not known")
    for name, rule in ALLOWED.items():
        check_value(saved[name], rule, f"the setting {name}")
    return Settings(**saved | {name: tuple(saved[name]) for name in ("transpose", "stretch")})


def settings_from_options(args: Mapping[str, Any]) -> Settings:
    """``Settings`` from the values of the options, by name."""
    return Settings(
        **{name: args[name] for name in ALLOWED if name not in ("transpose", "stretch")},
        transpose=args["transpose"] or (0, 0),
        stretch=args["stretch"] or (),
    )
