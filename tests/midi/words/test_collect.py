"""Folders to collections of pieces: what is refused and why, and what the pieces have in common."""

import pytest

from tests.midi.words.tunes import CONDUCTOR, DRUMS, FLUTE, midi
from tsuzuri.errors import UserError
from tsuzuri.midi.words import collect
from tsuzuri.midi.words.convert import PieceWords
from tsuzuri.midi.words.settings import Settings


def test_what_pieces_have_in_common():
    words = ["00_90_3c50", "60_80_3c00"]
    contexts = [(400_000, (6, 8), 73), (500_000, (3, 4), 40), (600_000, (6, 8), 40)]
    pieces = [PieceWords("x", words, 480, tempo, meter, ((0, program),)) for tempo, meter, program in contexts]
    about = collect.common_settings(pieces)
    assert about == {"division": 480, "tempo": 500_000, "meter": [6, 8], "programs": [(0, 40)], "voices": [1] * 16}
    with pytest.raises(UserError, match="divisions of 96, 480: --ticks-per-beat 480 brings them to one time"):
        collect.common_settings([*pieces, pieces[0]._replace(division=96)])


def test_tunes_of_one_name_are_two(tmp_path):
    for folder, key in (("a", "40"), ("b", "41")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "01.mid").write_bytes(midi(f"0 90 {key} 50\n9 80 {key} 00"))
    paths = [str(tmp_path / "a"), str(tmp_path / "b"), str(tmp_path / "a" / "01.mid")]
    collection = collect.collect_pieces(paths, Settings(transpose=(0, 1)))
    assert [len(group) for group in collect.group_copies(collection.pieces)] == [2, 2]
    assert collection.report["files"] == 2  # the last is the first again


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


def test_a_few_pieces_of_chords_give_melodies_no_chords():
    alone = PieceWords("x", ["00_90_3c50", "60_80_3c00"], 480, 500_000, (4, 4))
    chords = PieceWords("x", ["00_90_3c50", "00_90_4050", "60_80_3c00", "00_80_4000"] * 50, 480, 500_000, (4, 4))
    assert collect.voices_of_channels([alone] * 19 + [chords])[0] == 1
    assert collect.voices_of_channels([alone] * 8 + [chords] * 2)[0] == 2


def test_drums_alone_among_tunes_are_left_out_and_said(tmp_path):
    for name in ("a.mid", "b.mid"):
        (tmp_path / name).write_bytes(midi(FLUTE))
    (tmp_path / "drums.mid").write_bytes(midi(DRUMS))
    collection = collect.collect_pieces([str(tmp_path)], Settings())
    assert [piece.name for piece in collection.pieces] == ["a.mid", "b.mid"]
    assert [item["reason"][:18] for item in collection.report["refused"]] == ["holds drums alone,"]
    for settings, count in ((Settings(track="all"), 3), (Settings(track=0), 3), (Settings(rules=1), 3)):
        assert len(collect.collect_pieces([str(tmp_path)], settings).pieces) == count
    (tmp_path / "a.mid").unlink()
    assert len(collect.collect_pieces([str(tmp_path)], Settings()).pieces) == 2  # as many as there are tunes
