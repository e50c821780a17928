"""A piece as files: MIDI, and on request a picture and the sound of exactly that MIDI."""

import functools
import os
import re
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from tsuzuri import overwriting
from tsuzuri.errors import UserError
from tsuzuri.midi import gaps, timing
from tsuzuri.midi.reading import read_music
from tsuzuri.midi.score import Score, score_of_events
from tsuzuri.midi.words import tracks
from tsuzuri.midi.words.settings import ALL

LETTERS, BYTES = 100, 200  # of a file name that is made from another name, at most
NOT_MIDI = (".txt", ".words", ".json", ".png", ".wav", ".mp3", ".npz")


def check_outputs(args: Mapping[str, Any], out: str | None) -> None:
    """Raise ``UserError``, before any work is done, for options that cannot be met.

    ``args`` are the values of the options ``OUTPUT_OPTIONS``; ``out`` is the path for MIDI, None where none is
    written.
    """
    used = [name for name in ("tempo", "program", "plot", "wav", "soundfont") if args[name] not in (None, False)]
    if out is None and used:
        raise UserError(f"--{used[0]} needs a MIDI file: name one with -o/--out, without --words")
    if args["soundfont"] and not args["wav"]:
        raise UserError("--soundfont needs --wav")
    if args["soundfont"]:
        from tsuzuri.midi.sound import synth

        synth.render_soundfont(Score([], [], 0, timing.TICKS), args["soundfont"])
    if out is not None and os.path.splitext(out)[1].lower() in NOT_MIDI and not os.path.isdir(out):
        raise UserError(f"{out}: MIDI is written to a file that ends in .mid, or to a folder")


def default_output(run_path: str, seed: int, count: int) -> str:
    """Where ``count`` pieces go that no other place was named for: a MIDI file in the current folder, or a folder.

    It is named for the run and the seed, with a number after these where something of that name is there already.

    >>> default_output("runs/folk", 7, 1)
    'folk-7.mid'
    """
    stem = f"{_shortened(os.path.basename(os.path.abspath(run_path))) or 'tune'}-{seed}"
    suffixes = (".mid", ".png", ".wav") if count == 1 else ("",)
    name, n = stem, 1
    while any(os.path.lexists(name + suffix) for suffix in suffixes):
        n += 1
        name = f"{stem}-{n}"
    return name + suffixes[0]


def is_midi_path(out):
    """Whether an output path is that of a MIDI file; else it is a folder."""
    return out.lower().endswith((".mid", ".midi"))


def output_paths(out: str, pieces: Sequence[Any]) -> list[str]:
    """The path of each piece's MIDI file: ``out`` itself, or files in it; ``UserError`` if there are too many."""
    if not is_midi_path(out):
        return [os.path.join(out, stem + ".mid") for stem in file_stems(pieces)]
    if len(pieces) > 1:
        raise UserError(f"{out}: one file for {len(pieces)} pieces: name a folder")
    return [out]


def check_replaced_midi(
    out: str, paths: Sequence[str], args: Mapping[str, Any], inputs: Sequence[str], force: bool = False
) -> None:
    """Raise ``UserError`` where the MIDI files ``paths`` of ``out``, or what goes beside them, must not be replaced.

    ``inputs`` are files that are read; see ``tsuzuri.overwriting``.
    """
    suffixes = [suffix for name, suffix in (("plot", ".png"), ("wav", ".wav")) if args[name]]
    beside = [os.path.splitext(path)[0] + suffix for path in paths for suffix in suffixes]
    if is_midi_path(out):
        overwriting.check_named(out, inputs)
        overwriting.check_made(beside, inputs, out, force)
    else:
        overwriting.check_made([*paths, *beside], inputs, force=force)


def output_files(paths, midi, args, primed=0):
    """Yield (path, content) of every file to write: all of ``midi`` first, then pictures and sound as ``args`` say.

    A content is what ``storage.write_file`` takes: it makes a sound as it is written, which may be much.

    Events before tick ``primed`` are shaded. Raises ``UserError`` for a piece too long to draw or to play.
    """
    yield from zip(paths, midi, strict=True)
    for path, data in zip(paths, midi, strict=True):
        for suffix, content in _beside(data, os.path.basename(path), args, primed):
            yield os.path.splitext(path)[0] + suffix, content


def _beside(data, title, args, primed):
    if args["plot"]:
        yield ".png", pianoroll_of_file(data, title, primed)
    if args["wav"]:
        from tsuzuri.midi.sound import synth

        yield ".wav", functools.partial(synth.write_wav, score=score_of_file(data), soundfont=args["soundfont"])


def pianoroll_of_file(data, title, primed=0):
    """The bytes of a PNG: the piano roll of a MIDI file, of which ``data`` are the bytes."""
    return pianoroll_of_score(score_of_file(data), title, primed)


def pianoroll_of_score(score: Score, title: str, primed: int = 0) -> bytes:
    """The bytes of a PNG: the piano roll of a ``Score``; see ``pictures.pianoroll``, which takes long to load."""
    from tsuzuri.midi.pictures import pianoroll

    return pianoroll.draw_pianoroll(score, title, primed)


def score_of_file(data: bytes) -> Score:
    """The ``Score`` of all tracks of a MIDI file's bytes; raises ``ValueError`` where they hold no events."""
    return read_score(data)[0]


def read_score(data: bytes) -> tuple[Score, list[str]]:
    """The ``Score`` of all tracks of a MIDI file's bytes, and remarks on its faults and on what is left out.

    Raises ``ValueError`` where they hold no events.
    """
    file, remarks = read_music(data)
    events, left_out = tracks.merge_tracks(file, ALL, ALL)
    score, mended = score_of_events(events, file.division)
    rests = gaps.long_rests(score, faulty=bool(file.problems))
    legal = [f"{mended} notes made legal"] * bool(mended)
    remarks = [*legal, *remarks, *left_out, *([gaps.remark(score, rests)] if rests else [])]
    return gaps.shorten(score, rests), remarks


def file_stems(pieces):
    """A file name without suffix for each piece, all of them different and short enough for any file system."""
    names, taken = [], set()
    for piece in pieces:
        stem = re.sub(r"[^\w +.-]+", "-", os.path.splitext(piece.name)[0]).strip(" .-")[:LETTERS]
        stem = _shortened(stem).rstrip(" .-") or "piece"
        name, n = stem, 1
        while _as_taken(name) in taken:
            n += 1
            name = f"{stem}-{n}"
        taken.add(_as_taken(name))
        names.append(name)
    return names


def _shortened(stem):
    """The beginning of a name that fits where a name may have 255 bytes, with a number and a suffix after it."""
    return os.fsencode(stem)[:BYTES].decode(sys.getfilesystemencoding(), "ignore")


def _as_taken(name):
    """What two names have in common that some system does not tell apart: it may know no case, or compose accents."""
    return unicodedata.normalize("NFC", name).casefold()
