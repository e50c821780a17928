"""The commands on music, and what their tests share: the tunes, and how a written file is checked."""

import mido

from tests.conftest import ROOT
from tsuzuri.midi.words.settings import Settings

TUNES = ROOT / "corpus" / "tunes"
SMALL = ("-u", 24, "-b", 4, "-l", 10, "--dropout", 0)


def parsed(path):
    """A file as mido reads it, checked: every note ends, none is of no length, none is struck while it sounds."""
    file = mido.MidiFile(path)
    for track in file.tracks:
        tick, sounding = 0, {}
        for message in track:
            tick += message.time
            if message.type == "note_on" and message.velocity:
                assert (message.channel, message.note) not in sounding
                sounding[message.channel, message.note] = tick
            elif message.type in ("note_on", "note_off"):
                assert sounding.pop((message.channel, message.note)) < tick
        assert not sounding
    return file


def strikes(path):
    return [m for track in mido.MidiFile(path).tracks for m in track if m.type == "note_on" and m.velocity]


def all_words():
    from tsuzuri.midi.words import collect

    return [piece.words for piece in collect.collect_pieces([str(TUNES)], Settings(velocities=8, grid=24)).pieces]
