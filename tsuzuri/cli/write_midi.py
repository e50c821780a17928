"""Words to MIDI files: ``python write_midi.py tunes.words -o out/``, a file a piece, or ``-o tune.mid`` for one."""

import os
import re

from tsuzuri import storage
from tsuzuri.cli import console, options
from tsuzuri.errors import UserError
from tsuzuri.midi import export
from tsuzuri.midi.words import convert, sources, wordfile
from tsuzuri.options.midi import WRITE_MIDI
from tsuzuri.options.resolve import defaults

DESCRIPTION = "Turn words such as 00_90_4050 into MIDI files, one for each line."
USAGE = "WORDS -o OUT"
EXAMPLES = ("tunes.words -o tunes", "tune.words -o tune.mid --tempo 90 --plot")
SHOWN = 5  # faults of a line


def main(argv=None):
    args = defaults(WRITE_MIDI) | vars(
        options.Parser(DESCRIPTION, WRITE_MIDI, usage=USAGE, examples=EXAMPLES).parse_args(argv)
    )
    path, out = args["words"], args["out"]
    check_paths(path, out)
    export.check_outputs(args, out)
    (storage.check_file if export.is_midi_path(out) else storage.check_folder)(out)
    lines = wordfile.piece_lines(path)
    _, pieces = wordfile.load_words(path)
    paths = export.output_paths(out, pieces)
    read = [path, path + ".json", *filter(None, [args["soundfont"]])]
    export.check_replaced_midi(out, paths, args, read, args["force"])
    midi = []
    for piece, line in zip(pieces, lines, strict=True):
        data, faults = convert.encode_piece(piece, args["tempo"], args["program"])
        report_faults(path, line, faults, args["strict"])
        midi.append(data)
    storage.make_folder(os.path.dirname(paths[0]))
    for name, data in export.output_files(paths, midi, args):
        storage.write_file(name, data)
    console.note(f"wrote    {out if export.is_midi_path(out) else f'{len(midi)} pieces into {out}'}")


def check_paths(path, out):
    """Raise ``UserError`` where no file of words or no output is named, or a MIDI file in place of words."""
    if path is None:
        raise UserError("no file of words: name one, such as tunes.words")
    if out is None:
        raise UserError("no output: name a folder, or for a single piece a file that ends in .mid, with -o/--out")
    if os.path.exists(path) and sources.is_music_path(path) and not path.lower().endswith(wordfile.SUFFIX):
        raise UserError(f"{path}: is a MIDI file, must be a file of words (read_midi.py writes them)")


def report_faults(path, line, faults, strict):
    """Say what was mended in a (number, text) line; where ``strict``, raise ``UserError`` for its first fault."""
    number, text = line
    if not faults:
        return
    words = list(re.finditer(r"\S+", text))  # once: a line may have as many faults as words
    messages = []
    for fault in faults[: 1 if strict else SHOWN]:
        word = words[fault.index]
        named = wordfile.cut_word(word[0])
        messages.append(f"{path}: line {number}, column {word.start() + 1}: {named} {fault.reason}")
    if strict:
        raise UserError(messages[0])
    for message in messages:
        console.note(f"mended   {message}")
    if len(faults) > SHOWN:
        console.note(f"mended   {path}: line {number}: and {len(faults) - SHOWN} more")
