"""MIDI files to pieces and back: tracks, channels, tempo, and copies."""

import pytest

from tests.midi.words.tunes import BASS, CONDUCTOR, DRUMS, FLUTE, midi
from tsuzuri.midi import timing
from tsuzuri.midi.file import smf
from tsuzuri.midi.score import score_of_events
from tsuzuri.midi.words import codec
from tsuzuri.midi.words.convert import PieceWords, convert_file, encode_piece
from tsuzuri.midi.words.settings import Settings


def line(data, **settings):
    (piece,) = convert_file("x.mid", data, Settings(**settings)).pieces
    return " ".join(piece.words)


def test_the_article_s_words():
    assert line(midi(FLUTE)) == "00_90_4850 8360_80_4800"


def test_auto_takes_the_tune_and_a_number_any_track():
    data = midi(CONDUCTOR, FLUTE, BASS)
    assert line(data) == "00_90_4850 8360_80_4800"
    held = "8170_90_2460 8170_90_2660 8360_80_2400 00_80_2600"  # the first by the pedal
    assert line(data, track=2) == held
    assert line(data, track=1) == "00_90_4850 8360_80_4800"
    for track, reason in ((0, "its track 0 holds no notes"), (3, "has no track 3: must be in range 0..2")):
        with pytest.raises(ValueError, match=reason):
            convert_file("x.mid", data, Settings(track=track))


def test_events_channel_keeps_controls_and_what_is_dropped_gives_its_delta_on():
    data = midi(BASS)
    wanted = "00_c0_20 8170_b0_407f 00_90_2460 8170_80_2400 00_90_2660 8360_80_2600"
    assert line(data, events="channel") == wanted


def test_events_all_take_tempo_and_meter_from_every_track_and_the_end():
    words = line(midi(CONDUCTOR, FLUTE), track=1, events="all")
    assert words == "00_ff_510f4240 00_ff_5803022408 00_c0_49 00_90_4850 8360_80_4800 00_ff_2f"


def test_tempo_and_meter_are_kept_beside_notes_alone():
    (piece,) = convert_file("x.mid", midi(CONDUCTOR, FLUTE), Settings()).pieces
    assert (piece.tempo, piece.meter, piece.programs) == (1_000_000, (3, 4), ((0, 73),))
    events = [m.hex() for _, m in smf.read_smf(encode_piece(piece)[0]).tracks[0].events()]
    assert events[:4] == ["ff510f4240", "ff5803021808", "c049", "904850"]
    assert [m.hex() for _, m in smf.read_smf(encode_piece(piece, program=5)[0]).tracks[0].events()][2] == "c005"


def test_all_tracks_on_one_time_line_with_a_channel_for_each_instrument():
    piece = convert_file("x.mid", midi(CONDUCTOR, FLUTE, BASS, DRUMS), Settings(track="all", events="channel")).pieces[
        0
    ]
    programs = {m[0] & 15: m[1] for _, m in codec.decode_events(piece.words, 480)[0] if m[0] & 0xF0 == 0xC0}
    assert programs == {0: 73, 1: 32}
    assert {(note.key, note.channel) for note in piece.score().notes} == {(72, 0), (36, 1), (38, 1), (36, 9)}
    assert [m[0] for _, m in codec.decode_events(piece.words, 480)[0] if m[0] & 0xF0 == 0xB0] == [
        0xB1
    ]  # the bass's pedal


def test_tracks_that_share_an_instrument_share_its_channel():
    piece = convert_file("x.mid", midi(FLUTE, FLUTE.replace(" 48 ", " 4c ")), Settings(track="all")).pieces[0]
    assert {note.channel for note in piece.score().notes} == {0}


def test_settings_in_a_track_of_their_own_reach_the_notes():
    data = midi("0 c3 05", "0 93 40 50\n9 83 40 00")
    assert line(data, track="all", events="channel") == "00_c3_05 00_93_4050 09_83_4000"


def test_same_channel_on_two_ports():
    port = "0 ff 21 {}\n0 c0 {}\n0 90 40 50\n9 80 40 00"
    piece = convert_file("x.mid", midi(port.format("00", "05"), port.format("01", "06")), Settings(track="all")).pieces[
        0
    ]
    assert {note.channel for note in piece.score().notes} == {0, 1}


def test_more_instruments_than_channels_are_reported():
    lists = [f"0 c0 {n:02x}\n0 90 {n + 40:02x} 50\n9 80 {n + 40:02x} 00" for n in range(17)]
    converted = convert_file("x.mid", midi(*lists), Settings(track="all"))
    assert len({note.channel for note in converted.pieces[0].score().notes} - {9}) == 15
    assert [remark for remark in converted.remarks if "15 instruments have all channels" in remark] == converted.remarks
    assert len(converted.remarks) == 2


def test_notes_that_a_grid_brings_together_are_reported():
    trill = "\n".join(f"{2 * n} 90 40 50\n{2 * n + 2} 80 40 00" for n in range(100))
    converted = convert_file("x.mid", midi(trill), Settings(grid=24))
    left = len(converted.pieces[0].score().notes)
    assert converted.remarks == [f"{100 - left} notes fell together with others of their key"]
    assert convert_file("x.mid", midi(trill), Settings()).remarks == []


@pytest.mark.parametrize("events", ["notes", "channel", "all"])
def test_smpte_keeps_its_seconds_whatever_is_kept(events):
    """25 frames of 40 ticks: a note of a second, at 60 quarter notes a minute."""
    data = midi("0 ff 51 0f4240\n0 90 40 50\n1000 80 40 00", division=-25 * 256 + 40)
    (piece,) = convert_file("x.mid", data, Settings(events=events)).pieces
    written = smf.read_smf(encode_piece(piece)[0])
    whole, _ = score_of_events(written.tracks[0].events(), written.division)
    assert timing.tempo_map_of(whole).seconds(whole.notes[0].end) == pytest.approx(1.0)


def test_a_pattern_of_format_2_has_its_own_tempo():
    patterns = [f"0 ff 51 {tempo}\n0 90 40 50\n96 80 40 00" for tempo in ("0f4240", "07a120")]
    data = midi(*patterns, form=2, division=96)
    assert [convert_file("x.mid", data, Settings(track=n)).pieces[0].tempo for n in (0, 1)] == [1_000_000, 500_000]


def test_format_2_is_one_pattern_after_the_other():
    data = midi("0 90 40 50\n96 80 40 00", "0 90 41 50\n96 80 41 00", form=2, division=96)
    piece = convert_file("x.mid", data, Settings(track="all", ticks_per_beat="keep")).pieces[0]
    assert [(note.start, note.key) for note in piece.score().notes] == [(0, 64), (96, 65)]


def test_copies_are_transposed_and_stretched_but_for_drums():
    data = midi(FLUTE + DRUMS)
    pieces = convert_file("a.mid", data, Settings(track=0, transpose=(-1, 2), stretch=(2.0,))).pieces
    assert [piece.name for piece in pieces] == ["a.mid", *(f"a.mid{label}" for label in (
        " -1", " +1", " +2", " x2", " x2 -1", " x2 +1", " x2 +2"))]  # fmt: skip
    assert [piece.of for piece in pieces] == [None] + ["a.mid"] * 7
    for piece, key, end in zip(pieces, (72, 71, 73, 74) * 2, (480,) * 4 + (960,) * 4, strict=True):
        flute, drum = sorted(piece.score().notes, key=lambda note: -note.key)
        assert (flute.key, flute.end, drum.key) == (key, end, 36)


def test_a_copy_that_would_leave_the_keyboard_is_not_made():
    pieces = convert_file("a.mid", midi("0 90 7e 50\n9 80 7e 00"), Settings(transpose=(0, 3))).pieces
    assert [piece.name for piece in pieces] == ["a.mid", "a.mid +1"]


def test_written_tempo_and_program_replace_those_of_the_words():
    (piece,) = convert_file("x.mid", midi(CONDUCTOR, FLUTE, DRUMS), Settings(track="all", events="all")).pieces
    data, _ = encode_piece(piece, tempo=90, program=5)
    events = [m for _, m in smf.read_smf(data).tracks[0].events()]
    assert [m.hex() for m in events if m[:2] == b"\xff\x51"] == ["ff51" + f"{round(60e6 / 90):06x}"]
    assert [m.hex() for m in events if m[0] & 0xF0 == 0xC0] == ["c005"]


def test_a_program_is_no_tempo():
    """Program 81 has the number of the meta event for tempo."""
    piece = PieceWords("x", ["00_90_3c50", "60_80_3c00"], 480, 500_000, (4, 4), ((0, 0x51),))
    events = [m.hex() for _, m in smf.read_smf(encode_piece(piece, tempo=120)[0]).tracks[0].events()]
    assert "c051" in events
    assert [m for m in events if m.startswith("ff51")] == ["ff5107a120"]


BAND = (
    "0 c2 1d\n"
    + "\n".join(f"{120 * n} 92 {60 + n % 8:02x} 50\n{120 * n + 110} 82 {60 + n % 8:02x} 00" for n in range(32)),
    "0 c1 21\n"
    + "\n".join(f"{120 * n} 91 {36 + n % 3:02x} 50\n{120 * n + 110} 81 {36 + n % 3:02x} 00" for n in range(32)),
    "\n".join(f"{60 * n} 99 24 50\n{60 * n + 9} 89 24 00" for n in range(64)),
)


def channels(piece):
    return sorted({note.channel for note in piece.score().notes})


@pytest.mark.parametrize("channel", [0, 3, 7, 15])
def test_one_melody_has_the_same_words_on_whatever_channel(channel):
    data = midi(f"0 c{channel:x} 49\n0 9{channel:x} 40 50\n9 8{channel:x} 40 00")
    (piece,) = convert_file("x.mid", data, Settings()).pieces
    assert (piece.words, piece.programs) == (["00_90_4050", "09_80_4000"], ((0, 0x49),))
    assert "c049" in [m.hex() for _, m in smf.read_smf(encode_piece(piece)[0]).tracks[0].events()]
    assert line(data, track=0, events="channel") == "00_c0_49 00_90_4050 09_80_4000"


def test_of_a_band_the_tune_is_taken_and_the_rest_is_told():
    converted = convert_file("x.mid", midi(CONDUCTOR, *BAND), Settings())
    assert [(part.track, part.channels, part.notes) for part in converted.taken] == [(1, (2,), 32)]
    assert [(part.track, part.is_drums) for part in converted.left] == [(2, False), (3, True)]
    (piece,) = converted.pieces
    assert (channels(piece), piece.programs, piece.tempo, piece.meter) == ([0], ((0, 29),), 1_000_000, (3, 4))
    (drums,) = convert_file("x.mid", midi(*BAND), Settings(track=2)).pieces
    assert channels(drums) == [9]
    whole = convert_file("x.mid", midi(*BAND), Settings(track="all"))
    assert (channels(whole.pieces[0]), len(whole.taken), whole.left) == ([1, 2, 9], 3, [])


def test_a_track_of_several_instruments_has_a_channel_for_each_from_the_first():
    (piece,) = convert_file("x.mid", midi("\n".join(BAND), form=0), Settings(track=0)).pieces
    assert (channels(piece), piece.programs) == ([0, 1, 9], ((0, 33), (1, 29)))
    (tune,) = convert_file("x.mid", midi("\n".join(BAND), form=0), Settings()).pieces
    assert (channels(tune), tune.programs, tune.score().notes[0].key) == ([0], ((0, 29),), 60)


def test_programs_of_a_track_of_settings_go_with_the_part():
    settings, notes = "0 c3 05\n0 c4 06\n0 b3 07 40", "0 93 40 50\n9 83 40 00"
    assert line(midi(settings, notes), events="channel") == "00_c0_05 00_b0_0740 00_90_4050 09_80_4000"
    assert convert_file("x.mid", midi(settings, notes), Settings()).pieces[0].programs == ((0, 5),)


def test_by_the_rules_of_before_most_notes_decide_and_channels_stay():
    old = Settings(rules=1)
    converted = convert_file("x.mid", midi(*BAND), old)
    assert channels(converted.pieces[0]) == [9]
    assert channels(convert_file("x.mid", midi(BAND[1]), old).pieces[0]) == [1]
    assert [part.track for part in converted.left] == [0, 1]


def test_of_a_part_among_others_the_highest_line_is_learned_and_of_a_file_of_one_all():
    chords = "\n".join(
        f"{480 * n} 90 {key} 50\n{480 * n + 500} 80 {key} 00" for n in range(8) for key in ("3c", "40", "43")
    )
    tune = convert_file("x.mid", midi(chords, BAND[1]), Settings(track="auto"))
    assert [note[:2] for note in tune.pieces[0].score().notes][:2] == [(0, 480), (480, 960)]
    assert (len(tune.pieces[0].score().notes), tune.doubled) == (8, 16)
    alone = convert_file("x.mid", midi(chords), Settings())
    assert (len(alone.pieces[0].score().notes), alone.doubled) == (24, 0)


def test_rests_and_controls_are_left_out_where_that_is_asked_for():
    flood = "\n".join(f"{7680 + n} b0 07 {n % 128:02x}" for n in range(400))
    data = midi(f"{flood}\n8000 90 40 50\n8480 80 40 00")
    kept = convert_file("x.mid", data, Settings(events="channel"))
    assert (len(kept.pieces[0].words), kept.bars, kept.thinned) == (402, 0, 0)
    cut = convert_file("x.mid", data, Settings(events="channel", rests="cut", controls=4))
    assert (cut.bars, cut.thinned) == (4, 396)
    assert [note[:2] for note in cut.pieces[0].score().notes] == [(320, 800)]


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("00_90_3c50 09_80_3c00", ["ff5107a121", "ff5803021808", "c049"]),
        ("00_c0_05 00_90_3c50 09_80_3c00", ["ff5107a121", "ff5803021808", "c005"]),
        ("00_b0_0740 00_90_3c50 09_80_3c00", ["ff5107a121", "ff5803021808", "c049"]),
        ("00_ff_5802021808 00_90_3c50 09_80_3c00", ["ff5107a121", "c049", "ff5802021808"]),
        ("00_ff_510f4240 00_90_3c50 09_80_3c00 00_ff_2f", ["ff5803021808", "c049", "ff510f4240"]),
        ("00_c1_05 00_90_3c50 00_91_3c50 09_80_3c00 00_81_3c00", ["ff5107a121", "ff5803021808", "c049", "c105"]),
        ("00_91_3c50 09_81_3c00", ["ff5107a121", "ff5803021808", "c120"]),
    ],
)
def test_what_the_words_do_not_say_is_filled_in_each_by_itself(words, wanted):
    piece = PieceWords("x", words.split(), 480, 500_001, (3, 4), ((0, 0x49), (1, 0x20)))
    events = [m.hex() for _, m in smf.read_smf(encode_piece(piece)[0]).tracks[0].events()]
    assert [m for m in events if m[:4] in ("ff51", "ff58") or m[0] == "c"] == wanted
