"""Real files to words and back: the same events at the same ticks."""

import math
from collections import Counter

import pytest

from tsuzuri.midi.file import smf
from tsuzuri.midi.reading import read_music
from tsuzuri.midi.words import tracks
from tsuzuri.midi.words.convert import convert_file, encode_piece
from tsuzuri.midi.words.settings import Settings

EVERYTHING = Settings(track="all", events="all", ticks_per_beat="keep")


def canonical(file):
    """How often each event is at each tick, over all tracks: what conversion keeps, note-offs in one form."""
    counts = Counter()
    for track in file.tracks:
        for tick, m in track.events():
            kind = m[0] & 0xF0
            if m[0] < 0xF0:
                m = bytes([0x80 | m[0] & 15, m[1], 0]) if kind == 0x80 or (kind == 0x90 and not m[2]) else m
                counts[tick, m] += 1
            elif m[0] == 0xFF and m[1] in (0x51, 0x58, 0x59):
                counts[tick, m] += 1
    return counts


def onsets(events):
    return {(tick, m[:2]) for tick, m in events if m[0] & 0xF0 == 0x90}


def others(events):
    return {event: n for event, n in events.items() if event[1][0] & 0xF0 not in (0x80, 0x90)}


@pytest.mark.parametrize(
    ("folder", "empty", "share"),  # the number of files that hold no events to keep, or are no MIDI
    [
        ("midi_ryan", 0, 0.02),
        ("midi_freedoom", 0, 0.04),
        ("midi_jsb_derived", 0, 0.02),
        pytest.param("midi_ryan", 0, 1, marks=pytest.mark.slow),
        pytest.param("midi_freedoom", 0, 1, marks=pytest.mark.slow),
        pytest.param("midi_jsb_derived", 0, 1, marks=pytest.mark.slow),
        ("midi_edge_jazzsoft", 9, 1),
        ("midi_edge_muspy", 6, 1),
        ("midi_edge_music21", 0, 1),
    ],
)
def test_there_and_back(shared, rng, folder, empty, share):
    """Read, words, write, read: the same events at the same ticks; the same onsets where notes had to be made legal."""
    reasons = []
    paths = sorted((shared / folder).rglob("*.mid"))
    for path in rng.choice(paths, math.ceil(share * len(paths)), replace=False):
        data = path.read_bytes()
        try:
            converted = convert_file(path.name, data, EVERYTHING)
        except ValueError as error:
            reasons.append(str(error))
            continue
        (piece,) = converted.pieces
        written, faults = encode_piece(piece)
        assert faults == [], path
        before, after = canonical(read_music(data).file), canonical(smf.read_smf(written, strict=True))
        if smf.read_smf(data).format == 2:  # whose tracks are put one after the other
            assert sum(after.values()) == sum(before.values()), path
        elif converted.mended:
            assert onsets(after) == onsets(before), path
            assert others(after) == others(before), path
        else:
            assert after == before, path
    assert len(reasons) == empty
    assert all("holds no events" in reason or reason.startswith("offset 0: is ") for reason in reasons)


def test_the_overview_of_a_real_file(shared):
    file = smf.read_smf((shared / "midi_freedoom" / "d_dm01.mid").read_bytes())
    seen = [tracks.track_overview(track) for track in file.tracks]
    assert [track.notes for track in seen] == [0, 547, 1562, 414, 131, 1398]
    assert (seen[1].lowest, seen[1].highest, seen[1].channels, seen[1].programs) == (25, 50, [0], [36])
    assert seen[4].name == "http://odamex.net"
