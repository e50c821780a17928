"""A piece as files: MIDI, and if wanted a picture and sound of just what the MIDI holds."""

import os
import re

from tsuzuri.errors import UserError
from tsuzuri.midi import timing
from tsuzuri.midi.file import smf
from tsuzuri.midi.score import Score, score
from tsuzuri.midi.words import tracks
from tsuzuri.midi.words.settings import ALL

NOT_MIDI = (".txt", ".words", ".json", ".png", ".wav", ".mp3", ".npz")


def check(args, out):
    """Refuse, before any work is done, options that cannot be met; ``args`` are the values of ``settings.SOUND``.

    ``out`` is where MIDI is to go, None where none is written. Raises ``UserError``.
    """
    asked = [name for name in ("tempo", "program", "plot", "wav", "soundfont") if args[name] not in (None, False)]
    if out is None and asked:
        raise UserError(f"--{asked[0]} needs a MIDI file: name one with -o/--out, without --words")
    if args["soundfont"] and not args["wav"]:
        raise UserError("--soundfont needs --wav")
    if args["soundfont"]:
        from tsuzuri.midi.sound import synth

        synth.render_soundfont(Score([], [], 0, timing.TICKS), args["soundfont"])
    if out is not None and os.path.splitext(out)[1].lower() in NOT_MIDI and not os.path.isdir(out):
        raise UserError(f"{out}: MIDI is written to a file that ends in .mid, or to a folder")


def is_midi(out):
    """Whether a place to write to is a MIDI file, else it is a folder."""
    return out.lower().endswith((".mid", ".midi"))


def paths(out, pieces):
    """The MIDI file of each piece: ``out`` itself, or files in that folder; raises ``UserError`` for too many."""
    if not is_midi(out):
        return [os.path.join(out, stem + ".mid") for stem in stems(pieces)]
    if len(pieces) > 1:
        raise UserError(f"{out}: one file for {len(pieces)} pieces: name a folder")
    return [out]


def files(paths, made, args, primed=0):
    """Yield (path, bytes) of every file to write: all MIDI first, ``made``, then what ``args`` want beside each.

    Events before tick ``primed`` are shaded. Raises ``UserError`` for a piece too long to draw or to play.
    """
    yield from zip(paths, made, strict=True)
    for path, data in zip(paths, made, strict=True):
        for suffix, content in _beside(data, os.path.basename(path), args, primed):
            yield os.path.splitext(path)[0] + suffix, content


def _beside(data, title, args, primed):
    if args["plot"]:
        yield ".png", picture(data, title, primed)
    if args["wav"]:
        from tsuzuri.midi.sound import synth

        font = args["soundfont"]
        yield ".wav", synth.wav(synth.render_soundfont(whole(data), font) if font else synth.render(whole(data)))


def picture(data, title, primed=0):
    """The bytes of a PNG with the piano roll of a MIDI file's bytes."""
    from tsuzuri.midi.pictures import pianoroll

    return pianoroll.draw(whole(data), title, primed)


def whole(data):
    """The ``Score`` of all that a MIDI file's bytes hold; raises ``ValueError`` where they hold no notes."""
    file = smf.read(data)
    events, _ = tracks.timeline(file, ALL, ALL)
    return score(events, file.division)[0]


def stems(pieces):
    """A file name without suffix for each piece, all of them different."""
    names, taken = [], set()
    for piece in pieces:
        stem = re.sub(r"[^\w +.-]+", "-", os.path.splitext(piece.name)[0]).strip(" .-")[:100] or "piece"
        name, n = stem, 1
        while name.lower() in taken:  # some systems tell no case apart
            n += 1
            name = f"{stem}-{n}"
        taken.add(name.lower())
        names.append(name)
    return names
