"""MIDI files to words: ``python read_midi.py tunes/ -o tunes.words``, one piece per line.

``write_midi.py`` goes the other way; ``train.py`` takes both the words and the MIDI files.
"""

import os

from tsuzuri import overwriting, storage
from tsuzuri.cli import console, options
from tsuzuri.errors import UserError, read_failure
from tsuzuri.midi import export, names
from tsuzuri.midi.reading import read_music
from tsuzuri.midi.score import DRUMS
from tsuzuri.midi.words import collect, sources, tracks, wordfile
from tsuzuri.midi.words.parts import file_parts, tune_part
from tsuzuri.midi.words.report import chosen_lines, parts_lines
from tsuzuri.options.midi import READ_MIDI
from tsuzuri.options.resolve import defaults
from tsuzuri.printable import printable

DESCRIPTION = "Turn MIDI files into words such as 00_90_4050, one piece per line."
USAGE = "FILES... [-o WORDS]"
EXAMPLES = ("tunes/ -o tunes.words", "tune.mid --list")
SHOWN = 5  # remarks on a file


def main(argv=None):
    explicit = vars(
        options.Parser(DESCRIPTION, READ_MIDI, usage=USAGE, examples=EXAMPLES).parse_args(argv)
    )  # the options on the command line
    args = defaults(READ_MIDI) | explicit
    collect.check_files(args["files"])
    if args["out"]:
        storage.check_file(args["out"])
    if args["list"]:
        list_tracks(args["files"])
        return
    pictures = pianoroll_paths(args["files"], args["out"]) if args["plot"] else {}
    check_replaced(args, pictures)
    if args["plot"]:
        draw_pianorolls(pictures)
        if not args["out"]:
            print_left_out(sources.find_music(args["files"], sources.MIDI).left_out)
            return
    if args["out"]:
        storage.make_folder(os.path.dirname(args["out"]))
    collection = collect.collect_given(args, explicit)
    described = collection.settings, collection.pieces, collection.report
    if args["out"]:
        wordfile.write_word_file(args["out"], *described)
    else:
        console.write(wordfile.dump_words(*described)[0].decode())
    print_report(collection)


def check_replaced(args, pictures):
    """Refuse to write over a file that is read or, unless forced, over one that -o does not name."""
    out, read = args["out"], [music.file() for music in sources.find_music(args["files"]).files]
    read += [path + ".json" for path in read if path.lower().endswith(wordfile.SUFFIX)]
    if out:
        wordfile.check_replaced_words(out, read, args["force"])
    elif not pictures:
        console.check_output()
    overwriting.check_made(pictures.values(), read, out, args["force"])


def pianoroll_paths(paths, out):
    """Where the picture of each ``MusicFile`` goes: into the folder of ``out``, or its own where that is None."""
    pictures, taken = {}, set()
    for music in sources.find_music(paths, sources.MIDI).files:
        folder = os.path.dirname(out or music.file())
        stem = os.path.join(folder, os.path.splitext(os.path.basename(music.path))[0])
        name, n = stem + ".png", 1
        while name in taken:
            n += 1
            name = f"{stem}-{n}.png"
        taken.add(name)
        pictures[music] = name
    return pictures


def draw_pianorolls(pictures):
    """Draw all that each MIDI file holds, ``pictures`` being the places of the pictures by the ``MusicFile``s."""
    drawn, refused = 0, ""
    for music, name in pictures.items():
        try:
            score, remarks = export.read_score(music.read())
            picture = export.pianoroll_of_score(score, os.path.basename(music.path))
        except (OSError, ValueError, UserError) as error:
            refused = refuse(music.path, error)
            continue
        storage.write_file(name, picture)
        drawn += 1
        console.note(f"drew     {name}")
        print_remarks(music.path, remarks)
    if not drawn:
        raise UserError(f"nothing to draw: {refused}")


def refuse(path, error):
    """Say that a file is refused, and return why."""
    line = f"{path}: {read_failure(error) if isinstance(error, OSError) else error}"
    console.note(f"refused  {line}")
    return line


def list_tracks(paths):
    """Print a table of every file's tracks on standard output."""
    listed, refused = 0, ""
    files, left_out = sources.find_music(paths, sources.MIDI)
    for music in files:
        try:
            file, _ = read_music(music.read())
        except (OSError, ValueError) as error:
            refused = refuse(music.path, error)
            continue
        console.show(
            f"{printable(music.name)}: format {file.format}, division {file.division}, {len(file.tracks)} tracks"
        )
        tune = tune_part(file_parts(file))
        for i, overview in enumerate(tracks.track_overviews(file)):
            line = track_line(i, overview, tune is not None and i == tune.track)
            console.show(line + one_channel(overview, tune, i))
        listed += 1
    if not listed:
        raise UserError(f"nothing to list: {refused}")
    print_left_out(left_out)


def one_channel(overview, tune, i):
    """What ``--track auto`` takes of track ``i`` where that is not all of its channels."""
    if tune is None or i != tune.track or set(tune.channels) == set(overview.channels):
        return ""
    return f"  (of it channel {','.join(str(channel + 1) for channel in tune.channels)})"


def track_line(i, overview, is_chosen):
    """The line of the table for track ``i``; a star marks the one that ``--track auto`` takes."""
    channels = ",".join(str(channel + 1) for channel in overview.channels) or "-"
    named = [f"{program} {names.PROGRAMS[program]}" for program in overview.programs]
    programs = ", ".join(["drums"] * (DRUMS in overview.channels) + named) or "-"
    keys = f"{overview.lowest}..{overview.highest}" if overview.notes else "-"
    mark = "*" if is_chosen else " "
    notes = f"{overview.notes:6,d} notes  keys {keys:8s}"
    return f" {mark}{i:3d}  {notes}  channel {channels:6s}  {programs:24s}  {overview.name}".rstrip()


def print_report(collection):
    """Say on standard error what became of the files."""
    report = collection.report
    files, pieces = (f"{report[name]:,} {name[:-1] if report[name] == 1 else name}" for name in ("files", "pieces"))
    of = "it" if report["pieces"] == 1 else "them"
    console.note(f"read     {files}: {pieces} and {report['copies']:,} copies of {of}")
    console.note(f"words    {report['words']:,}, {report['distinct']:,} distinct; {report['notes']:,} notes")
    for line in (*parts_lines(report, collection.settings), *chosen_lines(report)):
        console.note(line)
    for item in report["mended"]:
        print_remarks(item["name"], collect.mended_remarks(item))
    for item in report["refused"]:
        console.note(f"refused  {item['name']}: {item['reason']}")
    print_left_out([(item["name"], item["reason"]) for item in report["left_out"]])


def print_remarks(path, remarks):
    """Say on standard error what was mended in a file, and what of it is lost."""
    more = [f"and {len(remarks) - SHOWN} more"] if len(remarks) > SHOWN else []
    if remarks:
        console.note(f"mended   {path}: {'; '.join(remarks[:SHOWN] + more)}")


def print_left_out(items):
    """Say on standard error what lay beside the music and was left out: (path, reason) pairs."""
    for line in collect.left_out_lines(items):
        console.note(line)
