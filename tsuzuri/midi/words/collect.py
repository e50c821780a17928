"""Files and folders of MIDI, and files of words, to pieces, with a report on every file."""

from collections import Counter, abc
from typing import Any, NamedTuple

from tsuzuri.errors import UserError, read_failure
from tsuzuri.midi.forms import FORMS
from tsuzuri.midi.keys import is_key
from tsuzuri.midi.score import ON
from tsuzuri.midi.timing import is_meter
from tsuzuri.midi.words import codec, sources, wordfile
from tsuzuri.midi.words.convert import Converted, PieceWords, convert_file, is_program
from tsuzuri.midi.words.report import (
    DRUMS_ALONE,
    MODES,
    count_converted,
    count_said_keys,
    drums_among_tunes,
    new_counts,
)
from tsuzuri.midi.words.settings import ALLOWED, AUTO, Settings, settings_from_json, settings_from_options
from tsuzuri.midi.words.voices import voices_of_channels
from tsuzuri.rules import Rule, check_value, is_whole

SHOWN = 5  # files that were left out


class Collection(NamedTuple):
    """``pieces``, each followed by its transposed and stretched copies; their ``Settings``; and the report.

    ``paths`` has the file of each piece.
    """

    pieces: list[PieceWords]
    settings: Settings
    report: dict
    paths: list[str]


def collect_given(args: abc.Mapping[str, Any], explicit: abc.Iterable[str]) -> Collection:
    """The ``Collection`` that the options of ``read_midi.py`` ask for, ``explicit`` naming those that were given.

    Raises ``UserError`` where no file is named, and as ``collect_pieces`` does.
    """
    check_files(args["files"])
    return collect_pieces(args["files"], settings_from_options(args), args["strict"], ALLOWED.keys() & set(explicit))


def check_files(paths: abc.Sequence[str]) -> None:
    """Raise ``UserError`` where no file is named."""
    if not paths:
        raise UserError("no files: name MIDI files or folders of them")


def collect_pieces(
    paths: abc.Iterable[str | sources.MusicFile],
    settings: Settings,
    strict: bool = False,
    asked: abc.Collection[str] = (),
) -> Collection:
    """The ``Collection`` of all files under ``paths``, MIDI files converted by ``settings``.

    A file that cannot be read is refused in the report; ``UserError`` where none is left. Files of words bring their
    own settings, which must be the same for all of them, also hold for MIDI files beside them, and rule out ``asked``,
    the names of settings that were given as options.
    """
    files, others = sources.find_music(paths)
    report = {"files": len(files), "mended": [], "refused": [], **new_counts()}
    report["left_out"] = [{"name": name, "reason": reason} for name, reason in others]
    loaded = {
        each.path: wordfile.load_words(each.path) for each in files if each.path.lower().endswith(wordfile.SUFFIX)
    }
    settings = _settings_of_words(loaded, asked) or settings
    converted_files = _convert_all(files, loaded, settings, strict, report)
    for path in drums_among_tunes(converted_files) if settings.track == AUTO and settings.rules > 1 else ():
        del converted_files[path]
        report["refused"].append({"name": path, "reason": DRUMS_ALONE})
    for path, converted in converted_files.items():
        count_converted(report, path, converted)
        if path in loaded and settings.about:
            count_said_keys(report, converted.pieces)
        if converted.mended or converted.remarks:
            report["mended"].append({"name": path, "notes": converted.mended, "remarks": converted.remarks})
    pieces = [piece for converted in converted_files.values() for piece in converted.pieces]
    paths_of_pieces = [path for path, converted in converted_files.items() for _ in converted.pieces]
    if not pieces:
        reasons = "; ".join(f"{item['name']}: {item['reason']}" for item in report["refused"][:3])
        more = f"; and {len(report['refused']) - 3} more" if len(report["refused"]) > 3 else ""
        raise UserError(f"no MIDI that can be read: {reasons}{more}")
    return Collection(pieces, settings, report | count_pieces(pieces), paths_of_pieces)


def _convert_all(files, loaded, settings, strict, report):
    """The ``Converted`` of each ``MusicFile`` by its path; the ``report`` is told of those that cannot be read."""
    converted_files = {}
    for music in files:
        path = music.path
        try:
            if path in loaded:
                converted = _made_legal(path, *loaded[path], strict)
            else:
                converted = convert_file(music.name, music.read(), settings, strict)
        except OSError as error:
            report["refused"].append({"name": path, "reason": read_failure(error)})
        except ValueError as error:
            report["refused"].append({"name": path, "reason": str(error)})
        else:
            converted_files[path] = converted
    return converted_files


def mended_remarks(item: abc.Mapping[str, Any]) -> list[str]:
    """What was mended in a file, in words; ``item`` is its entry in the report."""
    return [f"{item['notes']} notes made legal"] * bool(item["notes"]) + item["remarks"]


def left_out_lines(items: abc.Sequence[tuple[str, str]]) -> abc.Iterator[str]:
    """What lay beside the music and was left out, as (path, reason) pairs, in lines for people."""
    yield from (f"left out {name}: {reason}" for name, reason in items[:SHOWN])
    if len(items) > SHOWN:
        yield f"left out {len(items) - SHOWN:,} more"


def _settings_of_words(loaded, asked):
    """The settings that ``loaded`` files of words were all made by; None where there are no such files."""
    common = None
    for path, (own, _) in loaded.items():
        if asked:
            raise UserError(f"--{min(asked).replace('_', '-')} is for MIDI files: {path} holds words, made already")
        if common not in (None, own):
            raise UserError(f"{path}: its words were made by other settings than those before: {own}, not {common}")
        common = own
    return common


def _made_legal(path, own, pieces, strict):
    """The pieces of a file of words made legal, as ``Converted``; raises ``ValueError`` where ``strict``.

    Their notes are one word or two as the file's ``own`` settings say; by hand both may be written.
    """
    legal, remarks = [], []
    for piece, (number, _) in zip(pieces, wordfile.piece_lines(path), strict=True):
        events, faults = codec.decode_events(piece.words, piece.division)
        messages = [f"line {number}, word {i + 1}: {piece.words[i]} {reason}" for i, reason in faults]
        if messages and strict:
            raise ValueError(messages[0])
        remarks += messages
        words = codec.encode_events(events, own.words) if messages else codec.in_form(piece.words, own.words)
        legal.append(piece._replace(words=words))
    return Converted(legal, 0, remarks)


def count_pieces(pieces: abc.Sequence[PieceWords]) -> dict[str, int]:
    """The counts of a report: pieces, copies, words, distinct words and notes."""
    words = [word for piece in pieces for word in piece.words]
    return {
        "pieces": sum(piece.of is None for piece in pieces),
        "copies": sum(piece.of is not None for piece in pieces),
        "words": len(words),
        "distinct": len(set(words)),
        "notes": sum(map(is_note_on, words)),
    }


def is_note_on(word):
    """Whether a word starts a note."""
    _, status, data, *_ = (*word.split("_"), "", "")
    return status[:1] == f"{ON:x}"[0] and not data.endswith("00")


def group_copies(pieces):
    """For each original piece, the list of its words and those of its copies, which follow it in ``pieces``."""
    groups, name = [], None
    for piece in pieces:
        if piece.of is None or piece.of != name:
            groups.append([])
        name = piece.of or piece.name
        groups[-1].append(piece.words)
    return groups


def common_settings(pieces):
    """The common settings of pieces, by which more of them are generated.

    These are their division, median tempo, most frequent meter, most frequent program of each channel as (channel,
    program) pairs, and ``voices``, the number of keys that sound at once on each of the 16 channels. Raises
    ``UserError`` where the divisions differ.
    """
    divisions = sorted({piece.division for piece in pieces})
    if len(divisions) > 1 or divisions[0] < 0:
        listed = ", ".join(map(str, divisions))
        raise UserError(f"the pieces have divisions of {listed}: --ticks-per-beat 480 brings them to one time")
    meters = Counter(piece.meter for piece in pieces)
    programs = {}
    for (channel, program), _ in sorted(
        Counter(pair for piece in pieces for pair in piece.programs).items(), key=_rank
    ):
        programs.setdefault(channel, program)
    return {
        "division": divisions[0],
        "tempo": sorted(piece.tempo for piece in pieces)[len(pieces) // 2],
        "meter": list(min(meters.items(), key=_rank)[0]),
        "programs": sorted(programs.items()),
        "voices": voices_of_channels(piece for piece in pieces if piece.of is None),
    }


def check_midi_report(about):
    """``common_settings`` as JSON keeps them, with the ``settings``, if legal; ``ValueError`` names the first fault."""
    missing = {"settings", *COMMON_FIELDS} - about.keys()
    if missing:
        raise ValueError(f"{min(missing)} is missing")
    settings_from_json(about["settings"])
    for name, rule in COMMON_FIELDS.items():
        check_value(about[name], rule, name)
    if about.get("keys"):  # of pieces that say theirs
        check_value(about["keys"], KEYS, "keys")
    if about.get("forms"):
        check_value(about["forms"], FORMS, "forms")
    return about


# field of the common settings: what it may be
COMMON_FIELDS = {
    "division": Rule("a number in 1..32767", lambda v: is_whole(v, 1, 32767)),
    "tempo": Rule("microseconds in 1..16777215", lambda v: is_whole(v, 1, 0xFFFFFF)),
    "meter": Rule("a time signature such as [3, 4]", lambda v: is_meter(*v)),
    "programs": Rule("pairs of a channel and a program", lambda v: all(is_program(*pair) for pair in v)),
    "voices": Rule("16 numbers in 1..128", lambda v: len(v) == 16 and all(is_whole(n, 1, 128) for n in v)),
}


MANY = 1 << 40
KEYS = Rule(
    "the number of pieces in each key, and of notes on each step above the tonic",
    lambda v: (
        all(is_key(name) and is_whole(count, 1, MANY) for name, count in v["of"].items())
        and all(len(v["notes"][mode]) == 12 for mode in MODES)
        and all(is_whole(count, 0, MANY) for mode in MODES for count in v["notes"][mode])
    ),
)


def _rank(counted):
    """The sort key of (value, count) pairs: the most frequent first, of equals the smallest value."""
    value, times = counted
    return -times, value
