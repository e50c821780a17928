"""``tsuzuri.read_midi`` and ``tsuzuri.write_midi``: pieces from files, and files from pieces."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, overload

from tsuzuri.api.arguments import options_in_python, plain_value
from tsuzuri.api.outputs import Path
from tsuzuri.api.piece import Piece
from tsuzuri.errors import UserError
from tsuzuri.midi import export
from tsuzuri.midi.words import collect
from tsuzuri.options.midi import OUTPUT_OPTIONS, READ_MIDI
from tsuzuri.options.resolve import defaults, read_options
from tsuzuri.options.values import FOLDER

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from tsuzuri.api.option_types import ReadMidiOptions

TABLES = {title: READ_MIDI[title] for title in ("input", "MIDI")}  # there is no output


@overload
def read_midi(files: Path, **options: Unpack[ReadMidiOptions]) -> Piece: ...  # type: ignore[overload-overlap]  # a text is texts
@overload
def read_midi(files: Iterable[Path], **options: Unpack[ReadMidiOptions]) -> list[Piece]: ...
def read_midi(files: Path | Iterable[Path], **options: Unpack[ReadMidiOptions]) -> Piece | list[Piece]:
    """Read a MIDI file, or a file of words, as a ``Piece``; of a list of files and folders, a list of pieces.

    The notes of the track with most notes are read, with the tempo, the meter and the programs of the whole file:
    what a model learns a melody from. ``track="all", events="all"`` keeps everything: every track, pedals and other
    controllers, changes of tempo. Times are brought to 480 ticks a quarter note unless ``ticks_per_beat="keep"``.

    ``transpose`` and ``stretch`` make copies, which follow their piece in the list. ``strict=True`` refuses a file that
    breaks the standard; otherwise it is mended, and ``remarks`` of the piece say how. A file in a list that cannot be
    read is left out, with a warning. A folder gives a list by itself too, but a type checker expects it in a list.

    Raises ``tsuzuri.UserError`` for a file that cannot be read, a list of which none can, a single file that holds
    several pieces, and options that are not allowed.

    >>> tsuzuri.read_midi("intro.mid")  # doctest: +SKIP
    Piece('intro.mid', 16 bars, 43 notes, 32 s)
    >>> len(tsuzuri.read_midi(["intro.mid", "tunes/"], transpose=(-2, 2)))  # doctest: +SKIP
    60
    """
    given = read_options(TABLES, {**options, "files": files})
    with options_in_python():
        collection = collect.collect_given(defaults(TABLES) | given, given)
    for item in collection.report["refused"]:
        warnings.warn(f"{item['name']}: {item['reason']}", stacklevel=2)
    remarks = {item["name"]: collect.mended_remarks(item) for item in collection.report["mended"]}
    pieces = [
        Piece(piece, made_by=collection.settings, remarks=remarks.get(path, ()))
        for piece, path in zip(collection.pieces, collection.paths, strict=True)
    ]
    if not isinstance(files, str | os.PathLike) or os.path.isdir(files):
        return pieces
    if len(pieces) > 1:
        path = os.fspath(files)
        raise UserError(f"{path}: gives {len(pieces)} pieces, must be one: read_midi([{path!r}]) returns a list")
    return pieces[0]


def write_midi(
    pieces: Piece | str | Sequence[str] | Iterable[Piece],
    path: Path,
    *,
    tempo: float | None = None,
    program: int | None = None,
) -> list[str]:
    """Write a piece, or the words of one, to a MIDI file; several pieces into a folder. Returns the paths written.

    It is a file where ``path`` ends in .mid or .midi, else a folder, in which the files have the pieces' names.
    ``tempo``, quarter notes a minute, and ``program``, General MIDI's 0..127, stand in place of the pieces' own.
    ``Piece.save`` writes sound and picture. Raises ``UserError``, before any file is written where that can be known.

    >>> tsuzuri.write_midi(piece, "copy.mid", tempo=90)  # doctest: +SKIP
    ['copy.mid']
    """
    out = plain_value("path", FOLDER, path)
    export.check_outputs(defaults({"MIDI": OUTPUT_OPTIONS}), out)
    changed = [piece.changed(tempo=tempo, program=program) for piece in _pieces_of(pieces)]
    paths = export.output_paths(out, changed)
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
            raise UserError(f"pieces[{n}]: is {item!r}, must be a piece")
    return items
