"""The settings by which MIDI becomes words: their allowed values."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from tsuzuri.errors import UserError
from tsuzuri.midi import timing
from tsuzuri.rules import FLAG, Rule, check_value, is_whole

AUTO, ALL, KEEP, CUT = "auto", "all", "keep", "cut"
NOTES, CHANNEL = "notes", "channel"
OWN, ONE = "own", "one"
EVENTS = (NOTES, CHANNEL, ALL)
BY_EVENT, BY_NOTE = "events", "notes"  # what a word is: an onset or an end of a note, or a note
CONTROLS = 4  # changes a quarter note that a model learns, unless asked otherwise


@dataclasses.dataclass(frozen=True)
class Settings:
    """The settings of a conversion of MIDI files to words, saved with the words.

    ``track``: a number, "auto" (the part that has the tune) or "all"; ``events``: "notes", "channel" or "all".
    ``velocities`` (number of levels), ``ticks_per_beat`` (ticks a quarter note) and ``grid`` (steps a quarter note): a
    number or "keep". Copies are made for each of the semitones from the lowest to the highest of ``transpose``, and
    for each factor of time in ``stretch``. ``rests``: "cut" where silence at both ends and long rests are left out, or
    "keep"; ``controls``: changes of each controller a quarter note, or "keep". ``about``: whether a piece of "notes"
    begins with what it is (``about.py``); ``keys``: whether a model learns pieces in their "own" key or all in "one";
    ``max_rest``: the bars that a rest may last, "auto" (8 in a file with faults) or "keep".
    ``words``: whether a note is two words, its onset and its end ("events"), or one with its length ("notes").
    By ``rules`` of 1, of versions before, "auto" is the track with most notes, and a track keeps its channels.
    """

    track: int | str = AUTO
    events: str = NOTES
    velocities: int | str = KEEP
    ticks_per_beat: int | str = timing.TICKS
    grid: int | str = KEEP
    transpose: tuple = (0, 0)
    stretch: tuple = ()
    max_rest: int | str = AUTO
    rests: str = KEEP
    controls: int | str = KEEP
    about: bool = False
    keys: str = OWN
    words: str = BY_EVENT
    rules: int = 2


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
    "rests": Rule("cut or keep", lambda v: v in (CUT, KEEP)),
    "controls": Rule("keep, or a number in 1..960", lambda v: v == KEEP or is_whole(v, 1, 960)),
    "about": FLAG,
    "keys": Rule("own or one", lambda v: v in (OWN, ONE)),
    "words": Rule("events or notes", lambda v: v in (BY_EVENT, BY_NOTE)),
    "rules": Rule("1 or 2", lambda v: is_whole(v, 1, 2)),
}
NO_OPTIONS = ("rules",)
# what words were made by before there was a choice
LATER = {"max_rest": AUTO, "rests": KEEP, "controls": KEEP, "about": False, "keys": OWN, "words": BY_EVENT, "rules": 1}


def settings_from_json(saved: Mapping[str, Any]) -> Settings:
    """``Settings`` from their fields as JSON keeps them; raises ``ValueError`` naming the field that is wrong."""
    saved = {**LATER, **saved}
    if set(saved) != set(ALLOWED):
        raise ValueError(f"settings {', '.join(sorted(set(saved) ^ set(ALLOWED)))} are missing or not known")
    for name, rule in ALLOWED.items():
        check_value(saved[name], rule, f"the setting {name}")
    return Settings(**saved | {name: tuple(saved[name]) for name in ("transpose", "stretch")})


def settings_from_options(args: Mapping[str, Any]) -> Settings:
    """``Settings`` from the values of the options, by name; raises ``UserError`` for those that do not go together.

    Of ``about`` and ``keys``, None is on, and one, wherever that can be.
    """
    about, keys = args.get("about", False), args.get("keys", OWN)
    if about and args["events"] != NOTES:
        raise UserError(f"--about on: is for --events notes, and that is {args['events']}: must be off")
    about = args["events"] == NOTES if about is None else about
    if keys == ONE and not about:
        raise UserError("--keys one: needs --about on, which says the key of each piece: must be own")
    if keys == ONE and args["transpose"]:
        raise UserError("--transpose: with --keys one a piece and its copies are the same: must be --keys own")
    keys = ONE if keys is None and about and not args["transpose"] else keys or OWN
    return Settings(
        **{name: args[name] for name in ALLOWED if name not in ("transpose", "stretch", "about", "keys", *NO_OPTIONS)},
        transpose=args["transpose"] or (0, 0),
        stretch=args["stretch"] or (),
        about=about,
        keys=keys,
    )
