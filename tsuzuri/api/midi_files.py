"""``tsuzuri.read_midi`` and ``tsuzuri.write_midi``: a piece from a file, and files from pieces."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any

from typing_extensions import Unpack

from tsuzuri.api.arguments import options_in_python, path_text, plain_value
from tsuzuri.api.option_types import ReadMidiOptions
from tsuzuri.api.outputs import Path
from tsuzuri.api.piece import Piece
from tsuzuri.errors import UserError
from tsuzuri.midi import export
from tsuzuri.midi.words import collect
from tsuzuri.midi.words.settings import ALL, KEEP
from tsuzuri.options.midi import OUTPUT_OPTIONS, READ_MIDI, settings_options
from tsuzuri.options.resolve import defaults, read_options
from tsuzuri.options.values import FLAG, FOLDER, shown

TABLES = {  # of read_midi.py, without what makes copies, and with all of a file as the default
    "input": [option for option in READ_MIDI["input"] if option.name == "strict"],
    "MIDI": [
        option
        for option in settings_options(track=ALL, events=ALL, ticks_per_beat=KEEP)
        if option.name not in ("transpose", "stretch")
    ],
}


def read_midi(path: Path, **options: Unpack[ReadMidiOptions]) -> Piece:
    """Read a MIDI file, or a file of words that holds one piece, as a ``Piece``.

    Everything is kept: every track, pedals and other controllers, changes of tempo, the file's own ticks. The options
    of ``read_midi.py`` leave some of it out: ``track="auto", events="notes"`` reads the notes of the part that has
    the tune, which is what a model learns unless it is told otherwise; ``velocities``, ``grid`` and ``ticks_per_beat``
    make them coarser. ``strict=True`` refuses a file that breaks the standard; otherwise it is mended, and ``remarks``
    of the piece say how.

    Raises ``tsuzuri.UserError`` for a file that cannot be read, a folder or a list, a file of words that holds several
    pieces, and options that are not allowed.

    >>> tsuzuri.read_midi("intro.mid")  # doctest: +SKIP
    Piece('intro.mid', 16 bars, 43 notes, 32 s)
    >>> pieces = [tsuzuri.read_midi(path) for path in pathlib.Path("tunes").glob("*.mid")]  # doctest: +SKIP
    """
    for name in ("transpose", "stretch"):
        if name in options:
            raise UserError(f"{name}: makes copies, and read_midi returns one piece: an option of train")
    given, file = read_options(TABLES, options), _one_file(path)
    args = defaults(READ_MIDI) | defaults(TABLES) | given | {"files": [file]}
    with options_in_python():
        collection = collect.collect_given(args, given)
    if len(collection.pieces) > 1:
        count = len(collection.pieces)
        raise UserError(f"{file}: holds {count} pieces, must hold one (Piece.from_words makes one of a line)")
    remarks = [remark for item in collection.report["mended"] for remark in collect.mended_remarks(item)]
    return Piece(collection.pieces[0], made_by=collection.settings, remarks=remarks)


def _one_file(path: object) -> str:
    """The path of a file as a text; raises ``UserError`` for several and for a folder, and says how these are read."""
    loop = "[tsuzuri.read_midi(path) for path in {}] reads several"
    if isinstance(path, Iterable) and not isinstance(path, str | bytes | os.PathLike):
        raise UserError(f"path: is {shown(path)}, must be the path of one file: {loop.format('paths')}")
    file = path_text(path)
    if os.path.isdir(file):
        paths = f'pathlib.Path({file!r}).glob("*.mid")'
        raise UserError(f"{file}: is a folder, must be one file: {loop.format(paths)}")
    if not os.path.exists(file):
        raise UserError(f"{file}: no such file")
    return file


def write_midi(
    pieces: Piece | str | Sequence[str] | Iterable[Piece],
    path: Path,
    *,
    tempo: float | None = None,
    program: int | None = None,
    force: bool = False,
) -> list[str]:
    """Write a piece, or the words of one, to a MIDI file; several pieces into a folder. Returns the paths written.

    It is a file where ``path`` ends in .mid or .midi, else a folder, in which the files have the pieces' names.
    ``tempo``, quarter notes a minute, and ``program``, General MIDI's 0..127, stand in place of the pieces' own.
    A file of such a name that is there in the folder is replaced only by ``force``. ``Piece.save`` writes sound and
    picture. Raises ``UserError``, before any file is written where that can be known.

    >>> tsuzuri.write_midi(piece, "copy.mid", tempo=90)  # doctest: +SKIP
    ['copy.mid']
    """
    out = plain_value("path", FOLDER, path)
    options = defaults({"MIDI": OUTPUT_OPTIONS})
    export.check_outputs(options, out)
    changed = [piece.changed(tempo=tempo, program=program) for piece in _pieces_of(pieces)]
    paths = export.output_paths(out, changed)
    with options_in_python():
        export.check_replaced_midi(out, paths, options, [], plain_value("force", FLAG, force))
    for piece, midi_path in zip(changed, paths, strict=True):
        piece.save(midi_path)
    return paths


def _pieces_of(pieces: object) -> list[Piece]:
    """The pieces that ``write_midi`` was given; raises ``UserError`` for what are none."""
    if isinstance(pieces, Piece):
        return [pieces]
    if isinstance(pieces, str):
        return [Piece.from_words(pieces)]
    items: list[Any] = list(pieces) if isinstance(pieces, Iterable) else [pieces]
    if not items:
        raise UserError("pieces: are none: must be one or more")
    if all(isinstance(item, str) for item in items):  # the words of one piece
        return [Piece.from_words(items)]
    for n, item in enumerate(items):
        if not isinstance(item, Piece):
            raise UserError(f"pieces[{n}]: is {shown(item)}, must be a piece")
    return items
