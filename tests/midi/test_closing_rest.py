"""A prime's closing rest counts: what is new begins where the prime ends, not at its last note."""

import dataclasses
import os

import numpy
import pytest

from tests.midi.words.tunes import midi
from tsuzuri.errors import UserError
from tsuzuri.midi import compose
from tsuzuri.midi.grammar import Grammar, Lexicon
from tsuzuri.midi.score import is_silence
from tsuzuri.midi.words.settings import Settings

NOTE = "0 90 3c 50\n480 80 3c 00\n"
WAIT = "1920 ff 2f"  # the end of a bar of four quarter notes


def about(**settings):
    midi_settings = dataclasses.asdict(Settings(**settings))
    return {"division": 480, "tempo": 500_000, "meter": [4, 4], "programs": [], "settings": midi_settings}


# name: the file, settings, the rest
RESTS = {
    "notes": (NOTE + WAIT, {}, 1440),
    "no rest": (NOTE + "480 ff 2f", {}, 0),
    "all events": (NOTE + WAIT, {"events": "all"}, 1440),
    "a control in the rest": (NOTE + "960 b0 07 40\n" + WAIT, {}, 1440),
    "a control in the rest that is kept": (NOTE + "960 b0 07 40\n" + WAIT, {"events": "channel"}, 960),
    "notes held by the pedal": ("0 b0 40 7f\n" + NOTE + "960 b0 40 00\n" + WAIT, {}, 960),
    "a grid": (NOTE + "1919 ff 2f", {"grid": 4}, 1440),
    "all tracks": (NOTE + WAIT, {"track": "all"}, 1440),
}


@pytest.mark.parametrize(("text", "settings", "rest"), RESTS.values(), ids=RESTS)
def test_the_rest_of_a_file(text, settings, rest):
    beginning = compose.beginning_of_midi("x.mid", midi(text), about(**settings))
    assert beginning.rest == rest


def test_other_ticks_than_the_run_s():
    data = midi("0 90 3c 50\n96 80 3c 00\n384 ff 2f", division=96)
    assert compose.beginning_of_midi("x.mid", data, about()).rest == 1440


def test_the_rest_of_words(tmp_path):
    assert compose.read_beginning("00_90_3c50 8360_80_3c00 8b20_ff_2f", about()).rest == 1440
    assert compose.read_beginning("00_90_3c50 8360_80_3c00", about()).rest == 0
    assert compose.read_beginning("", about()).rest == 0
    (tmp_path / "a.words").write_text("00_90_3c50 8360_80_3c00 8b20_ff_2f\n")
    assert compose.read_beginning(str(tmp_path / "a.words"), about()).rest == 1440
    (tmp_path / "a.mid").write_bytes(midi(NOTE + WAIT))
    assert compose.read_beginning(str(tmp_path / "a.mid"), about()).rest == 1440


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names")
def test_a_pipe_is_no_beginning(tmp_path):
    os.mkfifo(tmp_path / "pipe.mid")
    with pytest.raises(UserError, match=r"pipe\.mid: is a device or a pipe, must be a MIDI file, a file of words"):
        compose.read_beginning(str(tmp_path / "pipe.mid"), about())


WORDS = ["<eos>", "<unk>", "00_90_4050", "8360_80_4000", "00_b0_7b00"]


def lexicon():
    return Lexicon(compose.MusicVocabulary(WORDS).parsed, 0)


def test_what_follows_begins_after_the_rest():
    beginning = compose.beginning_of_midi("x.mid", midi(NOTE + WAIT), about())
    grammar = Grammar(lexicon(), 480, 1 << 20, batch=1)
    grammar.begin(beginning.events, beginning.rest)
    assert grammar.ticks == [1920]
    grammar.end_after(1, "bars", (4, 4), 500_000)

    for word in ("00_90_4050", "8360_80_4000"):
        grammar.take(numpy.array([WORDS.index(word)]))
    assert [tick for tick, _ in grammar.events[0]] == [0, 480, 1920, 2400]
    for _ in range(3):
        for word in ("00_90_4050", "8360_80_4000"):
            grammar.take(numpy.array([WORDS.index(word)]))
    grammar.take(numpy.array([WORDS.index("00_90_4050")]))
    assert grammar.over()  # after one bar from the second
    assert max(tick for tick, _ in grammar.events[0]) == 3840


def test_what_ends_all_notes_is_never_drawn():
    """The notes of a corpus are ended where such a message stands: its word would be said twice."""
    assert is_silence(bytes.fromhex("b07b00"))
    assert lexicon().free.tolist() == [False, False, True, False, False]
