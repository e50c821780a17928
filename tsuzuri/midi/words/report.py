"""What of a corpus's music is learned and what is left out: parts, rests and controls, counted and in lines."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tsuzuri.midi.score import DRUMS
from tsuzuri.midi.words import codec
from tsuzuri.midi.words.about import key_said, split_about
from tsuzuri.midi.words.convert import Converted, PieceWords
from tsuzuri.midi.words.settings import ALL, AUTO, ONE, Settings

DRUMS_ALONE = "holds drums alone, and most of the other files a tune (--track all takes all)"
SHOWN = 20  # files of which a report says what was taken
MODES = "major", "minor"  # whose notes are counted, by their steps above the tonic
LEAST_NOTES = 5_000  # of a corpus: with fewer of them a model learns little


def new_counts() -> dict[str, Any]:
    """The counts of a corpus of which no file was read yet."""
    parts = {
        "files": 0,
        "several": 0,
        "taken": 0,
        "left": 0,
        "drums": 0,
        "notes": 0,
        "left_notes": 0,
        "below": 0,
        "chosen": [],
    }
    return {"parts": parts, "rests": {"pieces": 0, "bars": 0}, "thinned": {"pieces": 0, "events": 0}, "keys": {}}


def count_converted(counts: dict[str, Any], path: str, converted: Converted) -> None:
    """Count what was taken of a MIDI file, and what was left out."""
    parts, taken, left = counts["parts"], converted.taken, converted.left
    if not taken:
        return
    parts["files"] += 1
    parts["several"] += len(taken) + len(left) > 1
    parts["taken"] += len(taken)
    parts["left"] += len(left)
    parts["drums"] += sum(part.is_drums for part in left)
    parts["notes"] += sum(part.notes for part in taken)
    parts["left_notes"] += sum(part.notes for part in left)
    parts["below"] += converted.doubled
    if left:
        parts["chosen"].append({"name": path, "taken": [part.label() for part in taken], "left": len(left)})
    for name, what, count in (("rests", "bars", converted.bars), ("thinned", "events", converted.thinned)):
        counts[name]["pieces"] += count > 0
        counts[name][what] = round(counts[name][what] + count, 3)
    if converted.key:  # where its words say it
        _count_key(counts, converted.pieces[0], converted.key, converted.named)


def count_said_keys(counts: dict[str, Any], pieces: Iterable[PieceWords]) -> None:
    """Count the keys that pieces of a file of words say, of the originals; what named them is no longer known."""
    for piece in pieces:
        said, _ = split_about(codec.decode_events(piece.words, piece.division)[0])
        key = key_said(said)
        if key and piece.of is None:
            _count_key(counts, piece, key, named=False)


def _count_key(counts, piece, key, named):
    """Count a piece's key, and its notes by their steps above the tonic."""
    held = counts["keys"] = counts["keys"] or {"named": 0, "of": {}, "notes": {mode: [0] * 12 for mode in MODES}}
    held["named"] += named
    held["of"][key.text()] = held["of"].get(key.text(), 0) + 1
    steps = held["notes"][MODES[key.minor]]
    for note in piece.score().notes:
        steps[(note.key - key.tonic) % 12] += note.channel != DRUMS


def drums_among_tunes(converted_files: Mapping[str, Converted]) -> list[str]:
    """The paths of files that hold drums alone, where most of the files have a tune."""
    taken = {path: converted.taken for path, converted in converted_files.items() if converted.taken}
    drums = [path for path, parts in taken.items() if all(part.is_drums for part in parts)]
    return drums if 2 * len(drums) < len(taken) else []


def added_counts(reports: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The ``new_counts`` of several reports together, such as those of the classes of a classifier."""
    total = new_counts()
    for report in reports:
        total = {name: _added(total[name], report[name]) for name in total}
    return total


def _added(one, other):
    """Two counts together: numbers, lists of such, lists of what was chosen, or these by name."""
    if isinstance(one, dict):
        both = one.keys() & other.keys()
        return one | other | {name: _added(one[name], other[name]) for name in both}
    if isinstance(one, list) and all(isinstance(n, int) for n in one + other) and len(one) == len(other):
        return [m + n for m, n in zip(one, other, strict=True)]
    return one + other


def parts_lines(report: Mapping[str, Any], settings: Settings) -> Iterator[str]:
    """What was taken and what left out, in lines for people; none where all of the files was taken as it is.

    ``report`` holds ``new_counts`` as they have become; those of older versions lack them.
    """
    parts = report.get("parts") or new_counts()["parts"]
    if parts["left"]:
        chosen = "the one with the tune by its skyline" if settings.track == AUTO else f"track {settings.track}"
        if settings.track == AUTO and settings.rules < 2:
            chosen = "the track with most notes"
        left = _counted(parts["left"], "part")
        drums = f", {parts['drums']:,} of them drums" if parts["drums"] else ""
        share = parts["left_notes"] / max(1, parts["notes"] + parts["left_notes"])
        yield f"parts    {parts['taken']:,} of {parts['taken'] + parts['left']:,}: of each file {chosen} (--track)"
        below = f", and {parts['below']:,} below the tune in its part" if parts["below"] else ""
        yield f"left out {left}{drums}, {parts['left_notes']:,} notes ({share:.0%} of all){below}"
    rests, thinned = (report.get(name, {"pieces": 0}) for name in ("rests", "thinned"))
    if rests["pieces"]:
        yield f"rests    {rests['bars']:,.0f} bars of silence cut from {_counted(rests['pieces'], 'piece')} (--rests)"
    if thinned["pieces"]:
        of = _counted(thinned["pieces"], "piece")
        yield f"controls {thinned['events']:,} that are not heard left out of {of} (--controls)"


def keys_lines(report: Mapping[str, Any], settings: Settings) -> Iterator[str]:
    """How the keys of pieces are known, and what is made of them, in a line; none where pieces do not say them."""
    if report.get("keys"):
        named, of = report["keys"]["named"], report["keys"]["of"]
        pieces, minor = sum(of.values()), sum(n for name, n in of.items() if name.endswith("m"))
        known = f"{named:,} by their files, {pieces - named:,} by notes: {pieces - minor:,} major, {minor:,} minor"
        yield f"keys     {known}{'; learned in C major and C minor (--keys)' * (settings.keys == ONE)}"


def parts_hint(report: Mapping[str, Any], settings: Settings) -> str:
    """A hint at ``--track all`` where files have more parts than are learned; empty where they have not."""
    parts = report.get("parts")
    if not parts or not parts["left"] or settings.track == ALL:
        return ""
    several = f"{parts['several']:,} of {_counted(parts['files'], 'file')} have several parts"
    if parts["notes"] < LEAST_NOTES:
        return f"{several}, and one of each is little to learn from, {parts['notes']:,} notes: --track all learns all"
    return f"{several}: --track all learns all of them together"


def refused_hint(reports: Sequence[Mapping[str, Any]]) -> str:
    """How many of the files of some reports were refused, and why the first one was; empty where none was."""
    refused = [item for report in reports for item in report["refused"]]
    if not refused:
        return ""
    were = "1 was" if len(refused) == 1 else f"{len(refused):,} were"
    files = _counted(sum(report["files"] for report in reports), "file")
    first = "" if len(refused) == 1 else "the first is "
    return f"of {files} {were} refused: {first}{refused[0]['name']}: {refused[0]['reason']}"


def chosen_lines(report: Mapping[str, Any]) -> Iterator[str]:
    """What was taken of each file of several parts, in lines for people, of many files the first."""
    chosen: Sequence[Mapping[str, Any]] = report["parts"]["chosen"]
    for item in chosen[:SHOWN]:
        others = "1 other part" if item["left"] == 1 else f"{item['left']} other parts"
        yield f"took     {item['name']}: {'; '.join(item['taken']) or 'no part'}; left out {others}"
    if len(chosen) > SHOWN:
        yield f"took     of {len(chosen) - SHOWN:,} more files a part"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)}"
