"""A tune and words to make pieces of, and the messages of MIDI files as mido reads them."""

import io

import mido

from tests.conftest import ROOT

TUNE = str(ROOT / "corpus" / "tunes" / "amazing-grace.mid")  # 17 bars of 3/4 at 84 quarter notes a minute, a violin
TWO_NOTES = "00_90_3c50 8360_80_3c00 00_90_4060 8740_80_4000"  # a quarter note C4, a half note E4


def messages(data):
    """All (tick, message as a dict) of a MIDI file by mido, which counts 480 ticks a quarter note."""
    file, tick, found = mido.MidiFile(file=io.BytesIO(data)), 0, []
    for message in mido.merge_tracks(file.tracks):
        tick += message.time
        found.append((tick * 480 // file.ticks_per_beat, message))
    return found


def notes(data, channel=0):
    """The (tick, kind, key) of a channel's note events by mido."""
    kinds = ("note_on", "note_off")
    return [(t, m.type, m.note) for t, m in messages(data) if m.type in kinds and m.channel == channel]


def values(data, kind, name):
    """One field of all messages of a kind."""
    return [getattr(message, name) for _, message in messages(data) if message.type == kind]
