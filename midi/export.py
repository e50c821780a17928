"""A piece as files: MIDI, and if wanted a picture and sound of just what the MIDI holds."""

import os
import re

from midi import convert, smf, tracks
from midi.score import score
from midi.settings import ALL


def export(piece, args, primed=0):
    """({suffix: bytes}, faults): the ``.mid`` of a piece and what ``args`` asks for beside it, ``.png`` and ``.wav``.

    ``args`` are the values of the options ``settings.SOUND``; events before tick ``primed`` are drawn as given. The
    faults are those of words that had to be mended. Raises ``UserError`` for a piece too long to draw or to play.
    """
    data, faults = convert.midi_file(piece, args["tempo"], args["program"])
    made = {".mid": data}
    if args["plot"]:
        made[".png"] = picture(data, piece.name, primed)
    if args["wav"]:
        from midi import synth

        font = args["soundfont"]
        made[".wav"] = synth.wav(synth.render_soundfont(whole(data), font) if font else synth.render(whole(data)))
    return made, faults


def picture(data, title, primed=0):
    """The bytes of a PNG with the piano roll of a MIDI file's bytes."""
    from midi import pianoroll

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
