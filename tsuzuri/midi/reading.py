"""A MIDI file's bytes to what is converted, drawn and played: mended, and with all drums on channel 10."""

import re
from typing import NamedTuple

from tsuzuri.midi.drums import drums_on_ten
from tsuzuri.midi.file import smf

DAMAGED = 10  # faults, below which a file is not refused for them
RATIO = 4  # events there must be for each fault
LEAST = 0.1  # of a file's bytes that must be events
EVENT_BYTES = 3  # of an event under running status


class Music(NamedTuple):
    """A ``file`` with all drums on channel 10; ``remarks`` on its faults and on drums that were elsewhere."""

    file: smf.MidiFile
    remarks: list[str]


def read_music(data: bytes, strict: bool = False) -> Music:
    """The ``Music`` of a file's bytes.

    Raises ``smf.NotMidi`` as ``smf.read_smf`` does, and for a file so damaged that hardly anything is left of it.
    """
    file = smf.read_smf(data, strict)
    if file.problems:
        _check_damage(file, len(data.rstrip(b"\0")))
    remarks = [f"offset {problem.offset}: {problem.wrong}: {problem.done}" for problem in file.problems]
    file, moved = drums_on_ten(file)
    return Music(file, remarks + moved)


def _check_damage(file, size):
    """Raise ``NotMidi`` where a file's faults are so many, or what could be read so little, that it is no music."""
    more = re.match(r"([0-9]+) more problems", file.problems[-1].wrong)
    listed = [
        problem for problem in file.problems if not problem.wrong.endswith("in a track")
    ]  # whole, but out of place
    faults = len(listed) + (int(more[1]) - 1 if more else 0)
    events = sum(len(track.ticks) for track in file.tracks)
    used = EVENT_BYTES * events + sum(len(payload) for track in file.tracks for payload in track.payloads.values())
    if faults >= DAMAGED and (events < RATIO * faults or used < LEAST * size):
        raise smf.NotMidi(f"offset 0: is damaged: {faults:,} faults, and hardly anything is left ({events:,} events)")
