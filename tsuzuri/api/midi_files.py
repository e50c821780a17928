"""``tsuzuri.read_midi`` and ``tsuzuri.write_midi``: pieces from files, and files from pieces."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypedDict, overload

from tsuzuri import storage
from tsuzuri.api.outputs import Path, plain_value
from tsuzuri.api.piece import Piece
from tsuzuri.errors import UserError
from tsuzuri.midi import export
from tsuzuri.midi.words import collect
from tsuzuri.options.midi import OUTPUT_OPTIONS, READ_MIDI
from tsuzuri.options.resolve import defaults, read_options
from tsuzuri.options.values import FOLDER

if TYPE_CHECKING:
    from typing_extensions import Unpack

TABLES = {title: READ_MIDI[title] for title in ("input", "MIDI")}  # there is no output


class ReadMidiOptions(TypedDict, total=False):
    """The options of ``read_midi``: those of ``read_midi.py``; docs/options.md explains them."""

    strict: bool
    track: int | str
    events: Literal["notes", "channel", "all"]
    velocities: int | Literal["keep"]
    ticks_per_beat: int | Literal["keep"]
    grid: int | Literal["keep"]
    transpose: int | tuple[int, int] | str
    stretch: float | Sequence[float] | str


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
    music: Piece | str | Sequence[str] | Iterable[Piece | str | Sequence[str]],
    path: Path,
    *,
    tempo: float | None = None,
    program: int | None = None,
    plot: bool = False,
    wav: bool = False,
    soundfont: Path | None = None,
) -> list[str]:
    """Write a piece into a MIDI file, or pieces into a folder, and return the paths of all files that were written.

    ``music`` is a ``Piece``, the words of one as a text or a list, or an iterable of these; it goes to a file where
    ``path`` ends in .mid or .midi, else to files in a folder, which have the pieces' names. ``tempo`` (quarter notes a
    minute) and ``program`` (General MIDI, 0..127, of all channels but the drums) replace those of the pieces; ``plot``
    and ``wav`` put a piano roll and the sound beside each file, the sound by a ``soundfont`` if one is named.

    Raises ``tsuzuri.UserError`` for words that are not legal, values that are not allowed, several pieces for one file,
    and a file that cannot be written.

    >>> tsuzuri.write_midi(tsuzuri.read_midi("intro.mid"), "copy.mid", tempo=90, wav=True)  # doctest: +SKIP
    ['copy.mid', 'copy.wav']
    """
    options = {"tempo": tempo, "program": program, "plot": plot, "wav": wav, "soundfont": soundfont}
    args: dict[str, Any] = defaults({"MIDI": OUTPUT_OPTIONS}) | read_options({"MIDI": OUTPUT_OPTIONS}, options)
    out = plain_value("path", FOLDER, path)
    export.check_outputs(args, out)
    pieces = [piece.replace(tempo=tempo, program=program) for piece in _pieces_of(music)]
    paths = export.output_paths(out, pieces)
    storage.make_folder(os.path.dirname(paths[0]))
    written = []
    for suffix in [None, *[".png"] * args["plot"], *[".wav"] * args["wav"]]:
        for piece, midi_path in zip(pieces, paths, strict=True):
            written.append(os.path.splitext(midi_path)[0] + suffix if suffix else midi_path)
            piece.save(written[-1], soundfont=args["soundfont"] if suffix == ".wav" else None)
    return written


def _pieces_of(music: object) -> list[Piece]:
    """The pieces that ``write_midi`` was given; raises ``UserError`` for what are none."""
    if isinstance(music, Piece):
        return [music]
    if isinstance(music, str):
        return [Piece.from_words(music)]
    items = list(music) if isinstance(music, Iterable) else []
    if items and all(isinstance(item, str) for item in items):  # the words of one piece
        return [Piece.from_words(items)]
    if not items or not all(isinstance(item, Piece | str | Sequence) for item in items):
        raise UserError("music: is not a piece: must be a piece, words, or a list of one or more of these")
    return [item if isinstance(item, Piece) else Piece.from_words(item) for item in items]
