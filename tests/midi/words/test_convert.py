"""MIDI files to pieces and back: tracks, channels, settings, files of words; and every real file there and back."""

import json
import math
from collections import Counter

import pytest

from tsuzuri.errors import UserError
from tsuzuri.midi import timing
from tsuzuri.midi.file import smf
from tsuzuri.midi.score import score_of_events
from tsuzuri.midi.words import codec, collect, tracks, wordfile
from tsuzuri.midi.words.convert import PieceWords, convert_file, encode_piece
from tsuzuri.midi.words.settings import Settings, settings_from_json

EVERYTHING = Settings(track="all", events="all", ticks_per_beat="keep")


def message(text):
    return bytes.fromhex(text)


def midi(*lists, form=1, division=480):
    """The bytes of a MIDI file; each track is a text of lines ``tick message``."""
    smf_tracks = []
    for text in lists:
        lines = (line.split("#")[0].split() for line in text.strip().split("\n"))
        events = [(int(line[0]), message("".join(line[1:]))) for line in lines if line]
        smf_tracks.append(smf.make_track(sorted(events, key=lambda event: event[0])))
    return smf.write_smf(smf.MidiFile(form, division, smf_tracks, []))


CONDUCTOR = """
0   ff 51 0f4240     # 60 quarter notes a minute
0   ff 58 03022408   # 3/4
0   ff 03 4869       # the name: Hi
"""
FLUTE = """
0   c0 49            # program 73
0   90 48 50
480 80 48 40         # a release velocity
"""
BASS = """
0   c0 20            # program 32, on the flute's channel
240 90 24 60
240 b0 40 7f         # pedal
480 90 24 00         # note-on without velocity: a note-off
480 90 26 60
960 80 26 00
"""
DRUMS = """
0   99 24 7f
10  89 24 00
"""


def line(data, **settings):
    (piece,) = convert_file("x.mid", data, Settings(**settings)).pieces
    return " ".join(piece.words)


def test_the_article_s_words():
    assert line(midi(FLUTE)) == "00_90_4850 8360_80_4800"


def test_auto_takes_the_track_with_most_notes_and_a_number_any():
    data = midi(CONDUCTOR, FLUTE, BASS)
    assert line(data) == "8170_90_2460 8170_80_2400 00_90_2660 8360_80_2600"
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


def test_what_pieces_have_in_common():
    words = ["00_90_3c50", "60_80_3c00"]
    contexts = [(400_000, (6, 8), 73), (500_000, (3, 4), 40), (600_000, (6, 8), 40)]
    pieces = [PieceWords("x", words, 480, tempo, meter, ((0, program),)) for tempo, meter, program in contexts]
    about = collect.common_settings(pieces)
    assert about == {"division": 480, "tempo": 500_000, "meter": [6, 8], "programs": [(0, 40)], "voices": [1] * 16}
    with pytest.raises(UserError, match="divisions of 96, 480: --ticks-per-beat 480 brings them to one time"):
        collect.common_settings([*pieces, pieces[0]._replace(division=96)])


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


def test_tunes_of_one_name_are_two(tmp_path):
    for folder, key in (("a", "40"), ("b", "41")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "01.mid").write_bytes(midi(f"0 90 {key} 50\n9 80 {key} 00"))
    paths = [str(tmp_path / "a"), str(tmp_path / "b"), str(tmp_path / "a" / "01.mid")]
    collection = collect.collect_pieces(paths, Settings(transpose=(0, 1)))
    assert [len(group) for group in collect.group_copies(collection.pieces)] == [2, 2]
    assert collection.report["files"] == 2  # the last is the first again


def test_format_2_is_one_pattern_after_the_other():
    data = midi("0 90 40 50\n96 80 40 00", "0 90 41 50\n96 80 41 00", form=2, division=96)
    piece = convert_file("x.mid", data, Settings(track="all", ticks_per_beat="keep")).pieces[0]
    assert [(note.start, note.key) for note in piece.score().notes] == [(0, 64), (96, 65)]


def test_copies_are_transposed_and_stretched_but_for_drums():
    data = midi(FLUTE + DRUMS)
    pieces = convert_file("a.mid", data, Settings(transpose=(-1, 2), stretch=(2.0,))).pieces
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


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("track", -1), ("track", "some"), ("track", True), ("events", "some"), ("velocities", 0), ("velocities", 128),
        ("ticks_per_beat", 0), ("ticks_per_beat", 1.5), ("grid", "24"), ("grid", None), ("transpose", [2, 1]),
        ("transpose", 5), ("transpose", [-25, 0]), ("stretch", [0]), ("stretch", ["x"]), ("stretch", None),
    ],
)  # fmt: skip
def test_saved_settings_are_checked(field, value):
    about = json.loads(json.dumps(vars(Settings()))) | {field: value}
    with pytest.raises(ValueError, match=f"the setting {field} is .* must be"):
        settings_from_json(about)


def test_saved_settings_come_back():
    settings = Settings("all", "all", 8, "keep", 24, (-5, 6), (0.9, 1.1))
    assert settings_from_json(json.loads(json.dumps(vars(settings)))) == settings
    with pytest.raises(ValueError, match="grid are missing"):
        settings_from_json({name: value for name, value in vars(settings).items() if name != "grid"})


# files of words


@pytest.fixture
def saved(tmp_path):
    """A file of three words' lines, and what it should hold."""
    pieces = [
        PieceWords("á.mid", ["00_90_4050", "60_80_4000"], 96, 400_000, (6, 8), ((0, 73),)),
        PieceWords("á.mid +1", ["00_90_4150", "60_80_4100"], 96, 400_000, (6, 8), (), "á.mid"),
    ]
    settings = Settings(ticks_per_beat="keep", transpose=(0, 1))
    path = tmp_path / "a.words"
    data, about = wordfile.dump_words(settings, pieces, {"pieces": 1})
    path.write_bytes(data)
    (tmp_path / "a.words.json").write_bytes(about)
    return path, settings, pieces


def test_files_of_words_come_back(saved):
    path, settings, pieces = saved
    assert wordfile.load_words(str(path)) == (settings, pieces)
    assert path.read_text() == "00_90_4050 60_80_4000\n00_90_4150 60_80_4100\n"


def test_words_typed_by_hand_need_no_description(tmp_path):
    path = tmp_path / "mine.words"
    path.write_text("00_90_4050 60_80_4000\n\n00_90_4050 60_80_4000\n")
    settings, pieces = wordfile.load_words(str(path))
    assert settings == Settings()
    assert [(piece.name, piece.division) for piece in pieces] == [("mine-1", 480), ("mine-2", 480)]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda about: about["pieces"].pop(), "2 lines, but .* describes 1 pieces"),
        (lambda about: about.pop("settings"), "'settings'"),
        (lambda about: about.update(format=9), "of format 9, not 1"),
        (lambda about: about["settings"].update(grid=0), "the setting grid is 0, must be keep, or a number in 1..960"),
        (lambda about: about["pieces"][0].update(tempo=0), "has the tempo 0"),
        (lambda about: about["pieces"][0].update(division=0), "has the division 0"),
        (lambda about: about["pieces"][0].update(meter=[3]), "damaged, or no description"),
        (lambda about: about["pieces"][0].update(meter=[0, 3]), r"has the meter \[0, 3\]"),
        (lambda about: about["pieces"][0].update(programs=[[0, 128]]), "has the programs"),
        (lambda about: about["pieces"][0].update(name=5), "has the name 5"),
        (lambda about: about.update(pieces=7), "damaged, or no description"),
    ],
)
def test_a_damaged_description_is_refused(saved, change, reason):
    path, _, _ = saved
    description = path.with_name("a.words.json")
    about = json.loads(description.read_text())
    change(about)
    description.write_text(json.dumps(about))
    with pytest.raises(UserError, match=reason):
        wordfile.load_words(str(path))


@pytest.mark.parametrize(
    ("data", "reason"), [(b"", "holds no words"), (b"\xff\xfe\x00", "not UTF-8"), (None, "No such")]
)
def test_what_is_no_file_of_words(tmp_path, data, reason):
    path = tmp_path / "b.words"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(UserError, match=reason):
        wordfile.load_words(str(path))


# folders


def test_folders_are_searched_and_every_refusal_has_a_reason(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.MID").write_bytes(midi(FLUTE))
    (tmp_path / "b.mid").write_bytes(b"<!DOCTYPE html><html>")
    (tmp_path / "c.midi").write_bytes(midi(CONDUCTOR))
    (tmp_path / "._c.midi").write_bytes(b"what a Mac leaves")
    (tmp_path / "d.mid").write_bytes(midi(FLUTE)[:-6])  # the end of the track is missing, and the note-off
    collection = collect.collect_pieces([str(tmp_path)], Settings())
    assert [piece.name for piece in collection.pieces] == ["d.mid", "deep/a.MID"]
    assert [(item["name"][len(str(tmp_path)) + 1 :], item["reason"][:18]) for item in collection.report["refused"]] == [
        ("b.mid", "offset 0: is HTML,"),
        ("c.midi", "its track 0 holds "),
    ]
    assert [item["name"][-5:] for item in collection.report["mended"]] == ["d.mid"]
    assert {name: collection.report[name] for name in ("files", "pieces", "copies", "words", "distinct", "notes")} == {
        "files": 4, "pieces": 2, "copies": 0, "words": 4, "distinct": 3, "notes": 2,
    }  # fmt: skip
    strict = collect.collect_pieces([str(tmp_path)], Settings(), strict=True)
    assert [piece.name for piece in strict.pieces] == ["deep/a.MID"]


def test_nothing_read_says_why(tmp_path):
    (tmp_path / "b.mid").write_bytes(b"")
    with pytest.raises(UserError, match=r"no MIDI that can be read: .*b\.mid: offset 0: is empty"):
        collect.collect_pieces([str(tmp_path)], Settings())
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"holds no file that ends in \.mid"):
        collect.collect_pieces([str(tmp_path / "empty")], Settings())
    with pytest.raises(UserError, match="no such file or folder"):
        collect.collect_pieces([str(tmp_path / "none")], Settings())


def test_words_bring_their_settings_to_the_midi_beside_them(saved, tmp_path):
    _, settings, pieces = saved
    (tmp_path / "z.mid").write_bytes(midi(FLUTE, division=96))
    collection = collect.collect_pieces([str(tmp_path)], Settings())
    assert collection.settings == settings
    assert [piece.name for piece in collection.pieces] == ["á.mid", "á.mid +1", "z.mid", "z.mid +1"]
    assert collect.group_copies(collection.pieces) == [
        [p.words for p in pieces],
        [p.words for p in collection.pieces[2:]],
    ]


def test_how_many_keys_of_a_channel_sound_at_once():
    def piece(*words):
        return PieceWords("x", list(words), 480, 500_000, (4, 4))

    alone = piece("00_90_3c50", "60_80_3c00", "00_ff_2f")
    chord = piece("00_93_3c50", "00_93_4050", "60_83_3c00", "00_83_4000", "00_b3_4000")
    assert collect.voices_of_channels([alone, chord]) == [1, 1, 1, 2] + [1] * 12
    slip = piece("00_90_3c50", "10_90_4050", "01_80_3c00", "10_80_4000")
    assert collect.voices_of_channels([piece(*alone.words * 200), slip])[0] == 1


# real files


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
        before, after = canonical(smf.read_smf(data)), canonical(smf.read_smf(written, strict=True))
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
