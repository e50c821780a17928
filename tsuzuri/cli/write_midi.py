"""Words to MIDI files: ``python write_midi.py tunes.words -o out/``, a file a piece, or ``-o tune.mid`` for one."""

import os
import re
import sys

from tsuzuri import storage
from tsuzuri.cli import options
from tsuzuri.errors import UserError
from tsuzuri.midi import export
from tsuzuri.midi.words import convert, settings, wordfile

DESCRIPTION = "Turn words such as 00_90_4050 into MIDI files, one for each line."
TABLES = {
    "what": [
        ("words", options.text, None, "the file of words"),
        ("-o --out", options.path, None, "a folder, or a file that ends in .mid for a single piece"),
        ("--strict", None, False, "refuse words that are not legal, instead of mending them"),
    ],
    "how": settings.SOUND,
}
SHOWN = 5  # faults of a line


def main(argv=None):
    args = options.defaults(TABLES) | vars(options.Parser(DESCRIPTION, TABLES).parse_args(argv))
    path, out = args["words"], args["out"]
    if path is None or out is None:
        raise UserError("name a file of words, and with -o/--out a folder or a file that ends in .mid")
    export.check_outputs(args, out)
    lines = wordfile.piece_lines(path)
    _, pieces = wordfile.load_words(path)
    paths = export.output_paths(out, pieces)
    made = []
    for piece, line in zip(pieces, lines, strict=True):
        data, faults = convert.encode_piece(piece, args["tempo"], args["program"])
        complain(path, line, faults, args["strict"])
        made.append(data)
    storage.make_folder(os.path.dirname(paths[0]))
    for name, data in export.output_files(paths, made, args):
        storage.write_file(name, data)
    tell(f"wrote    {out if export.is_midi_path(out) else f'{len(made)} pieces into {out}'}")
    return 0


def complain(path, line, faults, strict):
    """Tell what was mended in a line, or raise ``UserError`` where it must not be."""
    number, text = line
    columns = [found.start() + 1 for found in re.finditer(r"\S+", text)]
    told = [f"{path}: line {number}, column {columns[f.index]}: {text.split()[f.index]} {f.reason}" for f in faults]
    if told and strict:
        raise UserError(told[0])
    for fault in told[:SHOWN]:
        tell(f"mended   {fault}")
    if len(told) > SHOWN:
        tell(f"mended   {path}: line {number}: and {len(told) - SHOWN} more")


def tell(line):
    print(line, file=sys.stderr, flush=True)
