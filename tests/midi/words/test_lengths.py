"""A note as one word, with its length: the same music as of two words, and what is not legal."""

import dataclasses

import pytest

from tests.midi.words.test_every_setting import random_file
from tsuzuri.midi import compose
from tsuzuri.midi.words import codec, collect
from tsuzuri.midi.words.about import in_own_key, model_words
from tsuzuri.midi.words.convert import convert_file
from tsuzuri.midi.words.lengths import with_lengths, without_lengths
from tsuzuri.midi.words.settings import ALL, AUTO, BY_EVENT, BY_NOTE, CHANNEL, CUT, KEEP, NOTES, Settings

CHORD = ["00_90_3c50_8360", "00_90_4050_8740", "60_c0_05", "8300_90_3c50_60", "60_ff_2f"]
BY_TWO = ["00_90_3c50", "00_90_4050", "60_c0_05", "8300_80_3c00", "00_90_3c50", "60_80_3c00", "8300_80_4000"]


@pytest.mark.parametrize(
    ("word", "message"),
    [("00_90_4050_8360", "9040508360"), ("00_99_2401_01", "99240101"), ("8360_90_4050_ffffff7f", "904050ffffff7f")],
)
def test_a_note_is_a_word(word, message):
    assert codec.decode_word(word)[1].hex() == message
    assert codec.encode_word(*codec.decode_word(word)) == word
    assert codec.encode_word(*codec.decode_word("00_90_4050_808360")) == "00_90_4050_8360"


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("00_90_4050_00", (0, "has a length that is out of range: must be 1..268435455 ticks")),
        ("00_90_4050_8180808000", (0, "has a length that is out of range: must be 1..268435455 ticks")),
        ("00_90_4000_60", (0, "has a length, which only an onset with a velocity in range 01..7f may have")),
        ("00_80_4000_60", (0, "has a length, which only an onset with a velocity in range 01..7f may have")),
        ("00_ff_2f_60", (0, "has a length, which only an onset with a velocity in range 01..7f may have")),
        ("00_90_4050_83", (0, "is not delta_status_data in hex, such as 00_90_4050")),
        ("00_90_4050_60_60", (0, "is not delta_status_data in hex, such as 00_90_4050")),
        ("00_90_4050_60 10_90_4050_60", (1, "strikes key 64 of channel 1, which sounds already")),
        ("00_90_4050 10_90_4050_60 10_80_4000", (1, "strikes key 64 of channel 1, which sounds already")),
        ("00_90_4050_60 10_80_4000", (1, "releases key 64 of channel 1, whose length says when it ends")),
        ("00_90_4050_60 60_80_4000", (1, "releases key 64 of channel 1, which does not sound")),
        ("00_90_4050_60 10_ff_2f", (1, "ends the track while a note lasts")),
        ("00_90_4050_60 60_90_4350", (1, "strikes key 67 of channel 1, which never ends")),
    ],
)
def test_what_is_not_legal_is_named_and_mended(line, fault):
    events, faults = codec.decode_events(line.split(), 480)
    assert faults[0] == fault
    for form in (BY_EVENT, BY_NOTE):
        assert codec.decode_events(codec.encode_events(events, form), 480) == (events, [])


def test_a_note_that_is_struck_again_is_shorter_and_the_next_as_long_as_it_was():
    events, _ = codec.decode_events(["00_90_4050_8740", "8360_90_4050_60", "8740_90_4350_60"], 480)
    assert codec.encode_events(events, BY_NOTE) == ["00_90_4050_8360", "8360_90_4050_60", "8740_90_4350_60"]


def test_both_kinds_of_words_may_stand_in_a_line():
    mixed = ["00_90_3c50_8360", "00_90_4050", "60_c0_05", "8300_90_3c50_60", "8360_80_4000"]
    assert codec.decode_events(mixed, 480) == codec.decode_events(BY_TWO, 480)
    assert codec.in_form(mixed, BY_NOTE) == CHORD[:-1]
    assert codec.in_form(mixed, BY_EVENT) == BY_TWO
    assert codec.kind_of_words(mixed) == codec.kind_of_words(CHORD) == BY_NOTE
    assert codec.kind_of_words(BY_TWO) == BY_EVENT


def test_an_end_comes_before_what_follows_but_meta_events():
    tempo, control = bytes.fromhex("ff5107a120"), b"\xb0\x07\x40"
    events = [(0, b"\x90\x3c\x50\x05"), (5, tempo), (5, control), (5, b"\xff\x2f")]
    assert without_lengths(events) == [(0, b"\x90\x3c\x50"), (5, tempo), (5, b"\x80\x3c\0"), *events[2:]]
    assert with_lengths(without_lengths(events)) == events


def test_a_note_that_is_still_to_end_has_the_length_that_is_said():
    assert with_lengths([(7, b"\x80\x3c\0"), (9, b"\x93\x40\x50")], {(3, 64): 25}) == [(9, b"\x93\x40\x50\x10")]
    assert with_lengths([(9, b"\x93\x40\x50")]) == [(9, b"\x93\x40\x50")]


def test_a_note_too_long_for_a_word():
    with pytest.raises(ValueError, match="a note of 268435456 ticks is longer than the longest that a word can have"):
        with_lengths([(0, b"\x90\x3c\x50"), (1 << 28, b"\x80\x3c\0")])


CHOICES = [
    {
        "track": AUTO,
        "events": NOTES,
        "about": True,
        "grid": 4,
        "velocities": 8,
        "transpose": (-1, 1),
        "stretch": (1.1,),
        "rests": CUT,
    },
    {"track": ALL, "events": NOTES, "about": True, "grid": KEEP},
    {"track": ALL, "events": CHANNEL, "grid": KEEP, "ticks_per_beat": 96, "controls": 4},
    {"track": ALL, "events": ALL, "grid": 24, "rests": CUT, "transpose": (0, 2)},
    {"track": 0, "events": ALL, "ticks_per_beat": KEEP},
]


@pytest.mark.parametrize("choice", CHOICES)
def test_the_music_is_the_same_by_every_setting(rng, choice):
    """In as many words as there are events but the ends; and one form comes of the other."""
    settings, one_word = Settings(**choice), Settings(**choice, words=BY_NOTE)
    for _ in range(12):
        data = random_file(rng)
        pieces = [convert_file("x.mid", data, chosen).pieces for chosen in (settings, one_word)]
        for two, one in zip(*pieces, strict=True):
            assert one._replace(words=[]) == two._replace(words=[])
            assert codec.decode_events(one.words, 480) == codec.decode_events(two.words, 480)
            assert codec.in_form(one.words, BY_EVENT) == two.words
            assert codec.in_form(two.words, BY_NOTE) == one.words
            assert len(one.words) == len(two.words) - sum(map(collect.is_note_on, two.words))
            assert [each.score() for each in (one, two)] == [two.score()] * 2
            counts = [collect.count_pieces([each])["notes"] for each in (one, two)]
            assert counts[0] == counts[1] == len(two.score().notes)
            voices = [collect.common_settings([each])["voices"] for each in (one, two)]
            assert voices[0] == voices[1]


@pytest.mark.parametrize("keys", ["one", "own"])
def test_a_model_reads_either_form_in_either_key(rng, keys):
    settings = Settings(about=True)
    for _ in range(12):
        (two,) = convert_file("x.mid", random_file(rng), settings).pieces
        one = codec.in_form(two.words, BY_NOTE)
        for words in (one, two.words):
            assert model_words(words, keys) == model_words(two.words, keys)
            assert model_words(words, keys, BY_NOTE) == codec.in_form(model_words(two.words, keys), BY_NOTE)


def test_the_widest_music_keeps_its_lengths_in_another_key():
    said = [(0, bytes.fromhex("ff590200"))]
    wide = [*said, (0, b"\x90\x01\x50\x60"), (96, b"\x90\x7e\x50\x60")]
    moved = in_own_key(wide)
    assert [message[3:] for _, message in moved[1:]] == [b"\x60"] * 2
    assert moved == with_lengths(in_own_key(without_lengths(wide)))


def test_a_note_is_counted_by_its_velocity_and_not_by_its_length():
    assert [collect.is_note_on(word) for word in ("00_90_4050_8300", "00_90_4000", "00_90_4001_00", "00_b0_4050")] == [
        *(True, False, True, False)
    ]


@pytest.mark.parametrize(
    ("word", "nearest"),
    [
        ("00_90_3c50_60", "00_90_3c50_60"),
        ("00_90_3c01_8330", "00_90_3c40_8360"),  # the time counts before the velocity
        ("20_90_3c50_8360", "00_90_3c40_8360"),
        ("8350_90_3c50_60", "8360_90_3c50_60"),
        ("00_90_3d50_60", None),
    ],
)
def test_the_word_most_like_a_note(word, nearest):
    words = ["<eos>", "00_90_3c50_60", "00_90_3c40_8360", "8360_90_3c50_60", "00_b0_3c50"]
    i = compose.MusicVocabulary(words).nearest(codec.decode_word(word))
    assert (i is None) if nearest is None else words[i] == nearest


def test_files_of_words_by_hand_and_by_settings(tmp_path):
    """By hand both kinds become the one that any note has; a description says which."""
    path = tmp_path / "a.words"
    path.write_text("00_90_4050_60 60_90_4350 60_80_4300\n00_90_4050 60_80_4000\n")
    found = collect.collect_pieces([str(path)], Settings())
    assert found.settings == Settings(words=BY_NOTE)
    assert [piece.words for piece in found.pieces] == [["00_90_4050_60", "60_90_4350_60"], ["00_90_4050_60"]]
    assert dataclasses.replace(found.settings, words=BY_EVENT) == Settings()
