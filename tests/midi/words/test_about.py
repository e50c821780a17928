"""What a piece says of itself before its first note, and pieces brought to one key and back."""

import numpy
import pytest

from tsuzuri.errors import UserError
from tsuzuri.midi.file import smf
from tsuzuri.midi.keys import Key
from tsuzuri.midi.score import DRUMS, KEY, METER, PROGRAM, TEMPO, Note, Score
from tsuzuri.midi.words import about, codec
from tsuzuri.midi.words.about import TEMPOS, Opening, in_common_key, in_own_key, model_words, tempo_class
from tsuzuri.midi.words.convert import convert_file, encode_piece
from tsuzuri.midi.words.settings import Settings, settings_from_json, settings_from_options

ABOUT = Settings(about=True)
G_MAJOR = [67, 69, 71, 72, 74, 71, 67, 62, 67]  # up, and home


def piece(keys=G_MAJOR, head=(), channels=(0,)):
    """The bytes of a file of quarter notes, the same on each of some channels, after messages at tick 0."""
    events = [(0, message) for message in head]
    for n, key in enumerate(keys):
        for on, tick in ((0x90, 480 * n), (0x80, 480 * n + 480)):
            events += [(tick, bytes([on | channel, key, 80 * (on == 0x90)])) for channel in channels]
    events.sort(key=lambda event: (event[0], event[1][0] & 0xF0 == 0x90))
    return smf.write_smf(smf.MidiFile(0, 480, [smf.make_track(events)], []))


def said(data, settings=ABOUT):
    """The words before the first note, and the ``Converted``."""
    found = convert_file("tune.mid", data, settings)
    words = found.pieces[0].words
    return [word for word in words if word.split("_")[1][0] not in "89"], found


def test_a_piece_says_what_its_file_says():
    head = [
        b"\xff\x58\x06\x03\x24\x08",  # 6/8
        b"\xff\x59\x01\x00",  # G major
        b"\xff\x51\x09\x27\xc0",  # 100 a minute, nearest to 95 of the classes
        b"\xc0\x28",  # violin
    ]
    words, found = said(piece(head=head))
    assert words == ["00_ff_5806032408", "00_ff_590100", f"00_ff_51{tempo_class(600_000):06x}", "00_c0_28"]
    assert (found.key, found.named) == (Key(1, False), True)
    assert found.pieces[0].words[:4] == words, "they come first"


def test_what_a_file_does_not_say_is_found_out_or_as_usual():
    words, found = said(piece())
    assert words == ["00_ff_5804021808", "00_ff_590100", f"00_ff_51{tempo_class(500_000):06x}", "00_c0_00"]
    assert (found.key, found.named) == (Key(1, False), False)


def test_a_signature_that_does_not_fit_is_not_believed():
    _, found = said(piece(head=[b"\xff\x59\xfa\x00"]))  # G flat major
    assert (found.key, found.named) == (Key(1, False), False)


@pytest.mark.parametrize(
    "end",
    [[(0, 64)], [(0, 64), (0, 67), (0, 71)], [(0, 64), (DRUMS, 38)], [(DRUMS, 38), (3, 64)]],
    ids=["a note", "a chord", "a drum after it", "a drum before it"],
)
def test_a_minor_tune_under_its_relative_s_signature_is_known_by_its_last_bass(end):
    notes = [Note(480 * n, 480 * n + 480, 0, key, 80) for n, key in enumerate([64, 66, 67, 71, 67, 66, 64, 71, 76])]
    notes += [Note(480 * len(notes), 480 * len(notes) + 960, channel, key, 80) for channel, key in end]
    score = Score(sorted(notes), [], notes[-1].end, 480)
    assert about.key_of_score(score, [Key(1, False).payload()]) == (Key(1, True), False)
    over_g = [*notes, notes[-1]._replace(channel=1, key=55)]  # which is no longer E's
    assert about.key_of_score(score._replace(notes=over_g), [Key(1, False).payload()]) == (Key(1, False), True)
    drums = Score([Note(0, 480, DRUMS, 38, 80)], [], 480, 480)
    assert about.key_of_score(drums, [Key(1, False).payload()]) == (Key(1, False), True)


def test_each_channel_has_a_program_but_the_drums():
    words, _ = said(piece(channels=(0, 3, DRUMS), head=[b"\xc3\x20"]), Settings(about=True, track="all"))
    assert words[3:] == ["00_c0_00", "00_c3_20"]


def test_without_it_there_are_notes_alone():
    words, found = said(piece(), Settings())
    assert words == []
    assert found.key is None


def test_copies_say_the_keys_they_are_in():
    found = convert_file("tune.mid", piece(), Settings(about=True, transpose=(-1, 2)))
    keys = [about.key_said(codec.decode_events(copy.words, 480)[0]).text() for copy in found.pieces]
    assert keys == ["G", "F#", "Ab", "A"]


@pytest.mark.parametrize("tempo", [20, 30, 96, 100, 120, 121, 300])
def test_the_file_has_the_tempo_of_the_piece_and_the_words_a_class(tempo):
    own = round(60_000_000 / tempo)
    _, found = said(piece(head=[b"\xff\x51" + own.to_bytes(3, "big")]))
    (made,) = found.pieces
    classes = [round(60_000_000 / each) for each in TEMPOS]
    word = next(word for word in made.words if word.startswith("00_ff_51"))
    assert int(word[8:], 16) == min(classes, key=lambda each: max(each / own, own / each))
    data, faults = encode_piece(made)
    assert not faults
    assert b"\xff\x51\x03" + own.to_bytes(3, "big") in data
    assert data.count(b"\xff\x51\x03") == 1


EVERY = [Key(sharps, minor) for sharps in range(-7, 8) for minor in (False, True)]


@pytest.mark.parametrize("key", EVERY, ids=Key.text)
def test_to_the_common_key_and_back(rng, key):
    events = [(0, b"\xff\x59" + key.payload())]
    drawn = rng.integers((0, 20), (16, 110), (40, 2)).tolist()  # channels and keys
    events += [(n, bytes([0x90 | channel, number, 9])) for n, (channel, number) in enumerate(drawn)]
    common = in_common_key(events)
    assert in_own_key(common) == events
    other = in_own_key(common, Key(1, key.minor))
    assert (about.key_said(other), in_common_key(other)[1:]) == (Key(1, key.minor), common[1:])
    moved = [(a[1][1], b[1][1]) for a, b in zip(events[1:], common[1:], strict=True) if a[1][0] & 15 != DRUMS]
    assert {(after - before + key.tonic) % 12 for before, after in moved} == {0}
    drums = [pair for pair in zip(events[1:], common[1:], strict=True) if pair[0][1][0] & 15 == DRUMS]
    assert all(a == b for a, b in drums)
    words = codec.encode_events(events)
    assert model_words(words, "one") == codec.encode_events(common)
    assert model_words(words, "own") == words


def test_settings_that_do_not_go_together():
    given = {"track": "auto", "events": "notes", "velocities": 8, "ticks_per_beat": 480, "grid": 24}
    given |= {"transpose": None, "stretch": None, "rests": "cut", "controls": 4, "max_rest": "auto"}
    given |= {"about": None, "keys": None, "words": "events"}

    def made(**other):
        settings = settings_from_options(given | other)
        return settings.about, settings.keys

    assert made() == (True, "one")
    assert made(transpose=(-1, 1)) == (True, "own")
    assert made(about=False) == (False, "own")
    assert made(events="channel") == (False, "own")
    assert made(keys="own") == (True, "own")
    with pytest.raises(UserError, match="--about on: is for --events notes, and that is all: must be off"):
        made(about=True, events="all")
    with pytest.raises(UserError, match="--keys one: needs --about on"):
        made(about=False, keys="one")
    with pytest.raises(UserError, match="--transpose: with --keys one a piece and its copies are the same"):
        made(keys="one", transpose=(0, 2))


def test_settings_of_older_words_say_nothing_of_it():
    old = {"track": "auto", "events": "notes", "velocities": 8, "ticks_per_beat": 480, "grid": 24}
    found = settings_from_json(old | {"transpose": [0, 0], "stretch": []})
    assert (found.about, found.keys) == (False, "own")


WORDS = ["00_ff_5804021808", "00_ff_5803021808", "00_ff_590000", "00_ff_590001", "00_ff_5107a120"]
WORDS += ["00_c0_00", "00_c0_28", "00_c1_20", "00_90_4050", "78_ff_590001"]


def opening(asked=(), words=WORDS):
    return Opening([codec.decode_word(word) for word in words], dict(asked))


def names(found):
    ids, only = found
    return [WORDS[i] for i in ids], only


def test_one_thing_after_another_is_said():
    said = [codec.decode_word(word)[1] for word in WORDS]
    meter, key, tempo, violin = said[0], said[3], said[4], said[6]
    each = opening()
    assert names(each.allowed([])) == (WORDS[:2], True)
    assert names(each.allowed([meter])) == (WORDS[2:4], True)
    assert names(each.allowed([meter, key])) == (WORDS[4:5], True)
    assert names(each.allowed([meter, key, tempo])) == (WORDS[5:8], True)
    assert names(each.allowed([meter, key, tempo, violin])) == (["00_c1_20"], False), "of higher channels"
    assert each.ids.tolist() == [*range(8)], "what comes later in a piece is none of it"


def test_what_is_asked_for_alone_is_said():
    each = opening({METER: b"\x03\x02\x18\x08", KEY: b"\0\1", TEMPO: b"\x07\xa1\x20", PROGRAM: b"\x28"})
    said = [codec.decode_word(WORDS[i])[1] for i in (1, 3, 4)]
    assert [names(each.allowed(said[:n]))[0] for n in range(4)] == [[WORDS[i]] for i in (1, 3, 4, 6)]


@pytest.mark.parametrize("gone", range(4))
def test_what_no_word_says_is_left_out(gone):
    """As where a vocabulary was cut: the piece goes on with what there is."""
    kinds = [WORDS[:2], WORDS[2:4], WORDS[4:5], WORDS[5:8]]
    words = [word for n, kind in enumerate(kinds) if n != gone for word in kind] + WORDS[8:]
    each, said = Opening([codec.decode_word(word) for word in words]), []
    while (found := each.allowed(said))[1]:
        assert len(found[0])
        said.append(codec.decode_word(words[found[0][0]])[1])
    assert len(said) == 3


def test_words_that_are_said_out_of_order_are_not_said_again():
    each = opening()
    key, tempo = (codec.decode_word(WORDS[i])[1] for i in (2, 4))
    assert names(each.allowed([key])) == (WORDS[:2], True)
    assert names(each.allowed([tempo, key])) == (WORDS[:2], True)


def test_a_piece_of_drums_alone_needs_no_program():
    words = [*WORDS[:5], "00_c0_00", "00_99_2450"]
    each = opening(words=words)
    said = [codec.decode_word(word)[1] for word in words]
    assert each.allowed([said[0], said[2], said[4]])[1] is False


def test_kinds_of_many_words_are_an_array():
    assert isinstance(opening().ids, numpy.ndarray)


def test_notes_that_a_mode_has_seldom_are_less_likely_in_it():
    """As much as their steps above the tonic are rarer in it than in all pieces; none is likelier."""
    words = ["00_ff_590000", "00_ff_590001", "00_90_3c50", "8360_90_3f50", "00_90_4050", "00_99_2450", "00_80_3c00"]
    parsed = [codec.decode_word(word) for word in words]
    notes = {"major": [50, *[9] * 11], "minor": [50, *[9] * 11]}
    notes["major"][3], notes["minor"][4] = 1, 3  # a minor third in major, a major one in minor
    major, minor = (Opening(parsed, {}, about.leanings(notes), True).lean(Key(0, mode)) for mode in (False, True))
    third, whole = (2 / (51 + 10 * 10 + 2)), (12 / (51 + 10 * 10 + 2 + 51 + 10 * 10 + 4))
    assert major[3] == pytest.approx(numpy.log(third / whole), abs=1e-6)
    assert minor[4] < -0.5
    assert (major <= 0).all()
    assert (minor <= 0).all()
    assert not major[[0, 1, 5, 6]].any(), "no notes, or drums"
    own = Opening(parsed, {}, about.leanings(notes), False)
    assert own.lean(Key(-5, False))[4] == major[3], "E in D flat major is what E flat is in C major"
    assert not Opening(parsed).lean(Key(0, True)).any()


def test_a_piece_at_the_end_of_the_keyboard_goes_the_other_way():
    """As a whole, so that no two of its notes come to one key."""
    events = [
        (0, b"\xff\x59\x06\x00"),
        (0, b"\x90\x00\x50"),
        (0, b"\x90\x0c\x50"),
        (9, b"\x80\x00\x00"),
        (9, b"\x80\x0c\x00"),
    ]
    keys = [message[1] for _, message in in_common_key(events)[1:]]
    assert keys == [6, 18, 6, 18]
    wide = [(0, b"\xff\x59\x06\x00"), *((n, bytes([0x90, n, 80])) for n in range(128))]
    wide += [(200 + n, bytes([0x80, n, 0])) for n in range(128)]
    made = codec.encode_events(in_common_key(wide))
    assert codec.decode_events(made, 480)[1] == []


def test_notes_that_would_leave_the_keyboard_in_any_key_are_not_drawn():
    """A piece is written in a key that may be asked for, whatever key the model was told."""
    words = [f"00_90_{key:02x}50" for key in range(128)]
    each = Opening([codec.decode_word(word) for word in words], common=True)
    for key in EVERY:
        drawn = numpy.flatnonzero(each.lean(key) == 0)
        assert all(0 <= number - about.shift_to_common(other) <= 127 for number in drawn for other in EVERY)
        assert (drawn.min(), drawn.max()) == (5, 121)
    assert not Opening([codec.decode_word("00_90_0250")], common=True).lean(EVERY[0]).any(), "or nothing were left"
