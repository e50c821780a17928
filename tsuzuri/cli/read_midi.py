"""MIDI files to words: ``python read_midi.py tunes/ -o tunes.words``, one piece a line.

``write_midi.py`` goes the other way; ``train.py`` takes both the words and the MIDI files.
"""

import os
import sys

from tsuzuri import storage
from tsuzuri.cli import options
from tsuzuri.errors import UserError
from tsuzuri.midi import export, names
from tsuzuri.midi.file import smf
from tsuzuri.midi.score import DRUMS
from tsuzuri.midi.words import collect, settings, tracks, wordfile

DESCRIPTION = "Turn MIDI files into words such as 00_90_4050, one piece a line."
TABLES = {
    "what": [
        ("files", options.text, [], "MIDI files and folders of them"),
        ("-o --out", options.path, None, "the file of words to write (default: standard output)"),
        ("--list", None, False, "show the tracks of each file instead"),
        ("--plot", None, False, "draw a piano roll of each MIDI file beside it, or beside --out"),
        ("--strict", None, False, "refuse files that are not as the standard has them, instead of mending them"),
    ],
    "how": settings.settings_options(),
}
SHOWN = 5  # remarks on a file


def main(argv=None):
    given = vars(options.Parser(DESCRIPTION, TABLES).parse_args(argv))
    args = options.defaults(TABLES) | given
    if not args["files"]:
        raise UserError("no files: name MIDI files or folders of them")
    if args["list"]:
        return list_tracks(args["files"])
    if args["plot"]:
        plot(args["files"], args["out"])
        if not args["out"]:
            return 0
    if args["out"]:
        storage.make_folder(os.path.dirname(args["out"]))
    asked = given.keys() & settings.ALLOWED.keys()
    collection = collect.collect_pieces(args["files"], settings.settings_from_options(args), args["strict"], asked)
    words, about = wordfile.dump_words(collection.settings, collection.pieces, collection.report)
    if args["out"]:
        storage.write_file(args["out"], words)
        if os.path.isfile(args["out"]):
            storage.write_file(args["out"] + ".json", about)
    else:
        sys.stdout.write(words.decode())
    report(collection.report)
    return 0


def plot(paths, out):
    """Draw all that each MIDI file holds, into the folder of ``out`` or its own."""
    drawn, refused = set(), ""
    for _, path in collect.find_music_files(paths, collect.SUFFIXES):
        stem = os.path.splitext(path)[0]
        if out:
            stem = os.path.join(os.path.dirname(out), os.path.basename(stem))
        name, n = stem + ".png", 1
        while name in drawn:
            n += 1
            name = f"{stem}-{n}.png"
        try:
            picture = export.midi_picture(contents(path), os.path.basename(path))
        except (ValueError, UserError) as error:
            refused = f"{path}: {error}"
            tell(f"refused  {refused}")
            continue
        storage.write_file(name, picture)
        drawn.add(name)
        tell(f"drew     {name}")
    if not drawn:
        raise UserError(f"nothing to draw: {refused}")


def contents(path):
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from None


def list_tracks(paths):
    """A table of every file's tracks on standard output."""
    listed, refused = 0, ""
    for name, path in collect.find_music_files(paths, collect.SUFFIXES):
        try:
            file = smf.read_smf(contents(path))
        except smf.NotMidi as error:
            refused = f"{path}: {error}"
            tell(f"refused  {refused}")
            continue
        print(f"{name}: format {file.format}, division {file.division}, {len(file.tracks)} tracks")
        seen = [tracks.track_overview(track) for track in file.tracks]
        chosen = tracks.choose_track(file, settings.AUTO) if any(track.notes for track in seen) else None
        for i, track in enumerate(seen):
            print(row(i, track, i == chosen))
        listed += 1
    if not listed:
        raise UserError(f"nothing to list: {refused}")
    return 0


def row(i, seen, chosen):
    """A track's line in the table."""
    channels = ",".join(str(channel + 1) for channel in seen.channels) or "-"
    played = [f"{program} {names.PROGRAMS[program]}" for program in seen.programs]
    programs = ", ".join(["drums"] * (DRUMS in seen.channels) + played) or "-"
    keys = f"{seen.lowest}..{seen.highest}" if seen.notes else "-"
    mark = "*" if chosen else " "
    heard = f"{seen.notes:6,d} notes  keys {keys:8s}"
    return f" {mark}{i:3d}  {heard}  channel {channels:6s}  {programs:24s}  {seen.name}".rstrip()


def report(counts):
    """What became of the files, on standard error."""
    r = counts
    tell(f"read     {r['files']:,} files: {r['pieces']:,} pieces and {r['copies']:,} copies of them")
    tell(f"words    {r['words']:,}, {r['distinct']:,} distinct; {r['notes']:,} notes")
    for item in r["mended"]:
        remarks = [f"{item['notes']} notes made legal"] * bool(item["notes"]) + item["remarks"]
        more = [f"and {len(remarks) - SHOWN} more"] if len(remarks) > SHOWN else []
        tell(f"mended   {item['name']}: {'; '.join(remarks[:SHOWN] + more)}")
    for item in r["refused"]:
        tell(f"refused  {item['name']}: {item['reason']}")


def tell(line):
    print(line, file=sys.stderr, flush=True)
