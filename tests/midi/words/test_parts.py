"""The part that has the tune: on made-up bands by hand, and its skyline against a slow twin."""

from collections import Counter

import pytest

from tests.midi.words.tunes import midi
from tsuzuri.midi.file import smf
from tsuzuri.midi.score import Note
from tsuzuri.midi.words.parts import file_parts, skyline, tune_part

SCALE = (60, 62, 64, 65, 67, 69, 71, 72)


def voice(keys, channel=0, length=120, start=0, program=None):
    """A track's lines: a note after another, each of ``length`` ticks; a tuple of keys is a chord."""
    lines = [] if program is None else [f"0 {0xC0 | channel:x} {program:02x}"]
    for n, chord in enumerate(keys):
        for key in chord if isinstance(chord, tuple) else (chord,):
            begin = start + n * length
            lines += [f"{begin} {0x90 | channel:x} {key:02x} 50", f"{begin + length} {0x80 | channel:x} {key:02x} 00"]
    return "\n".join(lines)


TUNE = voice(SCALE * 4, 2, 120)
BASS = voice([36, 43] * 16, 1, 120)
PAD = voice([(60, 64, 67), (59, 62, 67)] * 2, 3, 960)
DRUMS = voice([36, 42, 38, 42] * 40, 9, 24)


def chosen(*tracks, form=1):
    part = tune_part(file_parts(smf.read_smf(midi(*tracks, form=form))))
    return part.track, part.channels


@pytest.mark.parametrize(
    ("tracks", "tune"),
    [
        ((DRUMS, BASS, PAD, TUNE), (3, (2,))),  # of all parts the drums have most notes
        ((DRUMS, BASS), (1, (1,))),  # never drums where anything else is
        ((DRUMS,), (0, (9,))),  # but where there is nothing else
        ((voice(SCALE * 2, 0), voice([k - 24 for k in SCALE] * 3, 0)), (0, (0,))),  # the right hand of a piano
        ((BASS, voice(SCALE * 2, 0, 120), voice([96, 97] * 20, 4, 48, program=122)), (1, (0,))),  # not the seashore
        (("0 90 60 50\n9 80 60 00", BASS, TUNE), (2, (2,))),  # one high note is no tune
        ((DRUMS, voice([96, 97] * 4, 4, 48, program=122)), (1, (4,))),  # even where that is an effect
        ((voice([79, 81, 83, 84] * 2, 5, 360), TUNE), (1, (2,))),  # nor are a few long ones
        ((voice([79] * 60, 5, 32), TUNE), (1, (2,))),  # nor is a high note again and again
        ((voice([(76, 79, 84)] * 32, 5), TUNE), (1, (2,))),  # nor are high chords
    ],
)
def test_the_tune_is_found(tracks, tune):
    assert chosen(*tracks) == tune


def test_of_a_chorale_it_is_the_soprano():
    voices = [voice([k + shift for k in (0, 2, 4, 5, 4, 2, 0, -1)] * 2, n) for n, shift in enumerate((48, 55, 60, 67))]
    assert chosen(*voices) == (3, (3,))


def test_in_one_track_of_format_0_channels_are_parts():
    assert chosen("\n".join((DRUMS, BASS, PAD, TUNE)), form=0) == (0, (2,))


def test_strings_of_a_guitar_are_one_part_and_another_instrument_is_not():
    strings = "\n".join(voice(SCALE[n::3], n, 120, 40 * n, program=25) for n in range(3))
    parts = file_parts(smf.read_smf(midi(strings + "\n" + voice([40], 5, program=33))))
    assert [(part.channels, part.programs, part.notes) for part in parts] == [((0, 1, 2), (25,), 8), ((5,), (33,), 1)]


def test_a_part_is_named_for_people():
    (part,) = file_parts(smf.read_smf(midi("0 ff 03 4c656164\n" + voice(SCALE, 2, program=29))))
    assert part.label() == "track 0, Lead (Overdriven Guitar), channel 3"
    (part,) = file_parts(smf.read_smf(midi("0 ff 03 466c757465\n" + voice(SCALE, 2, program=73))))
    assert part.label() == "track 0, Flute, channel 3"
    (part,) = file_parts(smf.read_smf(midi(DRUMS)))
    assert part.label() == "track 0, drums, channel 10"


def slow_skyline(notes_of):
    tops = Counter()
    for place, notes in notes_of.items():
        for start in {note.start for note in notes}:
            own = max(note.key for note in notes if note.start == start)
            sounding = [n.key for others in notes_of.values() for n in others if n.start <= start < n.end]
            tops[place] += own == max(sounding)
    return +tops


def test_the_skyline_is_that_of_its_twin(rng):
    for _ in range(20):
        numbers = rng.integers(0, (3, 60, 20, 12), (40, 4)).tolist()
        notes_of = {}
        for place, start, key, length in numbers:
            notes_of.setdefault(place, []).append(Note(start, start + length + 1, 0, 60 + key, 80))
        assert skyline(notes_of) == slow_skyline(notes_of)


def test_real_files_give_drums_only_where_there_is_nothing_else(shared, rng):
    paths = sorted((shared / "midi_freedoom").glob("*.mid"))
    for path in [shared / "midi_freedoom" / "dummy.mid", *rng.choice(paths, 10, replace=False)]:
        parts = file_parts(smf.read_smf(path.read_bytes()))
        assert tune_part(parts).is_drums == all(part.is_drums for part in parts), path
    assert all(
        part.is_drums for part in file_parts(smf.read_smf((shared / "midi_freedoom" / "dummy.mid").read_bytes()))
    )
