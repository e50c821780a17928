"""Real files: mido and symusic read the same of them, and they are read alike without runs."""

from collections import Counter

import mido
import pytest
import symusic

from benchmarks.midi_speed import by_mido
from tests.midi.file.inputs import check, real_files
from tsuzuri.midi.file import smf

SHARE = pytest.mark.parametrize("share", [0.04, pytest.param(1, marks=pytest.mark.slow)])


def mido_events(data):
    """Tracks of (tick, message) as mido reads them; None where it refuses."""
    try:
        return by_mido(data)
    except (OSError, EOFError, ValueError, IndexError, KeyError, mido.KeySignatureError):
        return None


def without_system(events):
    """mido keeps messages that have no place in a file, and adds no end of track."""
    events = [(tick, raw) for tick, raw in events if not 0xF0 < raw[0] < 0xFF]
    return events[:-1] if events and events[-1][1] == b"\xff\x2f" else events


@SHARE
def test_the_same_events_as_mido(shared, rng, share):
    compared, paths = 0, real_files(shared, rng, share)
    for path in paths:
        data = path.read_bytes()
        theirs = mido_events(data)
        if theirs is None:
            continue
        ours = [list(track.events()) for track in smf.read_smf(data).tracks]
        ours = ours[: len(theirs)]  # mido believes the header's count
        assert list(map(without_system, ours)) == list(map(without_system, theirs)), path
        compared += 1
    assert compared > len(paths) - 30


def of_status(file, high):
    """(tick, data, data) of all channel messages of a status, sorted."""
    rows = []
    for track in file.tracks:
        of = track.messages[:, 0] >> 4 == high
        rows += zip(track.ticks[of].tolist(), *track.messages[of, 1:].T.tolist(), strict=True)
    return sorted(rows)


def symusic_notes(track):
    """(start, length, key, velocity) by symusic's rule: a note off ends the first note of its key that still sounds."""
    sounding, notes = {}, []
    for tick, (status, key, velocity) in zip(track.ticks.tolist(), track.messages.tolist(), strict=True):
        if status >> 4 == 9 and velocity:
            sounding.setdefault((status & 15, key), []).append((tick, velocity))
        elif status >> 4 in (8, 9) and sounding.get((status & 15, key)):
            start, loudness = sounding[status & 15, key].pop(0)
            notes.append((start, tick - start, key, loudness))
    return notes


@SHARE
def test_the_same_notes_controls_bends_tempos_and_bars_as_symusic(shared, rng, share):
    """Of a track without notes symusic keeps no control and no bend."""
    compared, whole, paths = 0, 0, real_files(shared, rng, share)
    for path in paths:
        data = path.read_bytes()
        try:
            score = symusic.Score.from_midi(data)
        except (RuntimeError, ValueError):
            continue
        file = smf.read_smf(data)
        if file.problems or file.division < 0:
            continue
        notes = [note for track in file.tracks for note in symusic_notes(track)]
        assert sorted(notes) == sorted((n.time, n.duration, n.pitch, n.velocity) for t in score.tracks for n in t.notes)
        controls = sorted((c.time, c.number, c.value) for t in score.tracks for c in t.controls)
        ours = of_status(file, 0xB)
        assert not Counter(controls) - Counter(ours), path
        bends = sorted((b.time, b.value) for t in score.tracks for b in t.pitch_bends)
        our_bends = sorted((tick, low + 128 * high - 8192) for tick, low, high in of_status(file, 0xE))
        assert not Counter(bends) - Counter(our_bends), path
        whole += ours == controls and our_bends == bends
        metas = [(tick, raw) for track in file.tracks for tick, raw in track.events() if raw[0] == 0xFF]
        tempos = sorted((tick, int.from_bytes(raw[2:], "big")) for tick, raw in metas if raw[1] == 0x51)
        assert tempos == sorted((t.time, t.mspq) for t in score.tempos), path
        bars = sorted((tick, raw[2], 2 ** raw[3]) for tick, raw in metas if raw[1] == 0x58)
        assert bars == sorted((t.time, t.numerator, t.denominator) for t in score.time_signatures), path
        compared += 1
    assert compared > len(paths) - 60
    assert whole > 0.9 * compared


@SHARE
def test_real_files_are_read_alike_without_runs(shared, rng, share):
    for path in real_files(shared, rng, share):
        check(path.read_bytes())
