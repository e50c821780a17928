"""Drums of GS, XG and GM2 are on channel 10, whichever channel they were on, and what is none leaves it."""

import numpy
import pytest

from tests.midi.words.tunes import midi
from tsuzuri.midi import export
from tsuzuri.midi.drums import drums_on_ten
from tsuzuri.midi.file import smf
from tsuzuri.midi.words.convert import convert_file
from tsuzuri.midi.words.settings import Settings

KIT = "0 9a 24 64\n60 8a 24 00\n"  # a kick on channel 11
PIANO = "0 90 3c 50\n400 80 3c 00\n"
GS_ON = "0 f0 41 10 42 12 40 00 7f 00 41 f7\n"
GS_PART = "0 f0 41 10 42 12 40 1a 15 02 0f f7\n"  # use for rhythm part: channel 11 by map 2
XG_PART = "0 f0 43 10 4c 08 0a 07 01 f7\n"  # part mode: channel 11 is drums
GM2_ON = "0 f0 7e 7f 09 03 f7\n"

SET_UP = "0 ff 21 00\n0 ff 03 41\n0 ff 21 01\n" + GS_PART  # of both ports


def channels(*tracks, form=1):
    """The (channel, key) of every note struck, and the remarks."""
    file, remarks = drums_on_ten(smf.read_smf(midi(*tracks, form=form)))
    struck = [
        (int(status) & 15, int(key))
        for track in file.tracks
        for status, key, velocity in track.messages.tolist()
        if status & 0xF0 == 0x90 and velocity
    ]
    return sorted(struck), remarks


# name: tracks, the (channel from 0, key) of the notes
FILES = {
    "General MIDI": ((KIT + PIANO,), [(0, 60), (10, 36)]),
    "GS": ((GS_ON + GS_PART + KIT + PIANO,), [(0, 60), (9, 36)]),
    "GS, in a track before": ((GS_ON + GS_PART, KIT, PIANO), [(0, 60), (9, 36)]),
    "GS, of another device and map": ((GS_PART.replace("41 10", "41 05").replace("15 02", "15 01") + KIT,), [(9, 36)]),
    "GS, for channel 1": ((GS_PART.replace("1a", "11") + KIT + PIANO,), [(9, 60), (10, 36)]),
    "GS, off again": ((GS_PART + KIT + "90 f0 41 10 42 12 40 1a 15 00 11 f7\n99 9a 30 40",), [(9, 36), (10, 48)]),
    "XG, by part mode": ((XG_PART + KIT + PIANO,), [(0, 60), (9, 36)]),
    "XG, by bank": (("0 ba 00 7f\n0 ca 00\n" + KIT + PIANO,), [(0, 60), (9, 36)]),
    "XG, effects": (("0 ba 00 7e\n" + KIT,), [(9, 36)]),
    "XG, a voice on bank 0": (("0 ba 00 00\n" + KIT,), [(10, 36)]),
    "GM2": (("0 ba 00 78\n0 ca 00\n" + KIT + PIANO,), [(0, 60), (9, 36)]),
    "GM2, a melody on channel 10": ((GM2_ON + "0 b9 00 79\n0 99 3c 40\n" + PIANO,), [(0, 60), (1, 60)]),
    "a bank of GM2 without GM2": (("0 b9 00 79\n0 99 24 40\n",), [(9, 36)]),
    "GS, the bank of an MT-32": ((GS_ON + "0 ba 00 7f\n" + KIT,), [(10, 36)]),
    "GS, a melody on channel 10": (
        ("0 f0 41 10 42 12 40 10 15 00 1b f7\n0 99 3c 40\n" + PIANO + KIT,),
        [(0, 60), (1, 60), (10, 36)],
    ),
    "of another port": (("0 ff 21 00\n" + GS_PART, "0 ff 21 01\n" + KIT), [(10, 36)]),
    "of the second port": (("0 ff 21 01\n" + GS_PART, "0 ff 21 00\n" + KIT, "0 ff 21 01\n" + KIT), [(9, 36), (10, 36)]),
    "both ports named by one track": (
        (SET_UP, "0 ff 21 00\n" + KIT, "0 ff 21 01\n" + KIT.replace("24", "26")),
        [(9, 38), (10, 36)],
    ),
    "the second port by its address": (
        (GS_PART.replace("40 1a", "50 1a"), "0 ff 21 00\n" + KIT, "0 ff 21 01\n" + KIT.replace("24", "26")),
        [(9, 38), (10, 36)],
    ),
    "a track of two ports": (
        (GS_PART, "0 9a 24 64\n60 8a 24 00\n90 ff 21 01\n99 9a 26 40\n120 8a 26 00".join(["0 ff 21 00\n", ""])),
        [(9, 36), (10, 38)],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("tracks", "wanted"), FILES.values(), ids=FILES)
def test_which_channels_are_drums(tracks, wanted):
    found, remarks = channels(*tracks)
    assert found == wanted
    assert bool(remarks) == (found != channels_as_they_are(*tracks))


def channels_as_they_are(*tracks):
    rows = numpy.concatenate([track.messages for track in smf.read_smf(midi(*tracks)).tracks])
    struck = rows[(rows[:, 0] & 0xF0 == 0x90) & (rows[:, 2] > 0)]
    return sorted((int(status) & 15, int(key)) for status, key, _ in struck.tolist())


def test_what_was_moved_is_said():
    assert channels(GS_PART + KIT)[1] == ["channel 11 is drums: moved to channel 10"]
    off = "0 f0 41 10 42 12 40 10 15 00 1b f7\n0 99 3c 40\n"
    assert channels(off)[1] == ["channel 10 is no drums: moved to channel 1"]
    everywhere = "\n".join(f"0 {0x90 + n:x} 3c 40" for n in range(16))
    found, remarks = channels("0 f0 41 10 42 12 40 10 15 00 1b f7\n" + everywhere)
    assert found == [(n, 60) for n in range(16)]
    assert remarks == ["channel 10 is no drums, and no other channel is free: played as drums"]


def test_patterns_of_format_2_know_nothing_of_one_another():
    assert channels(GS_PART + PIANO, KIT, form=2)[0] == [(0, 60), (10, 36)]
    assert channels(PIANO, GS_PART + KIT, form=2) == ([(0, 60), (9, 36)], ["channel 11 is drums: moved to channel 10"])


def test_drums_of_two_channels_keep_the_settings_of_the_tenth():
    tracks = GS_PART, KIT + "0 ba 07 20\n0 ca 08", "0 99 26 64\n60 89 26 00\n0 b9 07 64\n0 c9 10"
    events = convert_file("x.mid", midi(*tracks), Settings(track="all", events="channel")).pieces[0]
    assert [word for word in events.words if "_b" in word or "_c" in word] == ["00_b9_0764", "00_c9_10"]
    alone = convert_file("x.mid", midi(*tracks[:2]), Settings(track="all", events="channel")).pieces[0]
    assert [word for word in alone.words if "_b" in word or "_c" in word] == ["00_b9_0720", "00_c9_08"]


def test_drums_are_drums_in_words_and_pictures():
    data = midi(GS_ON + GS_PART + KIT + PIANO)
    converted = convert_file("x.mid", data, Settings(track="all"))
    assert {note.channel for note in converted.pieces[0].score().notes} == {0, 9}
    assert converted.remarks == ["channel 11 is drums: moved to channel 10"]
    copy = convert_file("x.mid", data, Settings(track="all", transpose=(0, 2))).pieces[-1]
    assert {(note.channel, note.key) for note in copy.score().notes} == {(0, 62), (9, 36)}  # drums are not transposed
    score, remarks = export.read_score(data)
    assert {note.channel for note in score.notes} == {0, 9}
    assert remarks == converted.remarks
