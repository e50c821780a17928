"""What the benchmarks of music say is so: each fault is found, and a key is told from its notes."""

import pytest

from benchmarks import music_proof, music_stats
from midi import smf
from midi.score import Note

C_MAJOR, A_MINOR = (60, 62, 64, 65, 67, 69, 71), (69, 71, 72, 74, 76, 77, 79)


def written(path, *events):
    """A MIDI file of events in hex."""
    track = smf.track([(tick, bytes.fromhex(message)) for tick, message in events])
    path.write_bytes(smf.write(smf.File(0, 480, [track], [])))
    return path


@pytest.mark.parametrize(
    ("events", "fault"),
    [
        ([(0, "904050"), (9, "804000")], None),
        ([(0, "904050"), (0, "804000")], "of no length"),
        ([(0, "904050"), (5, "904050"), (9, "804000")], "struck while it sounds"),
        ([(0, "904050")], "stuck"),
        ([(0, "804000")], "no note to end"),
        ([(0, "904050"), (1, "b0407f"), (9, "804000")], "pedal 0"),
    ],
)
def test_faults_are_found(tmp_path, events, fault):
    _, wrong = music_proof.faults(written(tmp_path / "a.mid", *events))
    assert any(fault in each for each in wrong) if fault else wrong == []


@pytest.mark.parametrize(("keys", "tonic", "scale"), [(C_MAJOR, 0, music_stats.MAJOR), (A_MINOR, 9, music_stats.MINOR)])
def test_the_main_key_is_heard_in_what_sounds_longest_not_in_what_comes_last(keys, tonic, scale):
    lengths = (4, 1, 2, 1, 3, 1, 1)  # the tonic, the third and the fifth last
    notes = [Note(9 * i, 9 * i + length, 0, key, 80) for i, (key, length) in enumerate(zip(keys, lengths, strict=True))]
    assert music_stats.main_key(notes) == (tonic, scale)
    assert music_stats.main_key(notes[::-1]) == (tonic, scale)
    assert music_stats.in_key(notes) == 7


def test_the_distance_of_histograms():
    assert music_stats.distance({"a": 0.5, "b": 0.5}, {"a": 0.5, "b": 0.5}) == 0
    assert music_stats.distance({"a": 1.0}, {"b": 1.0}) == 1
