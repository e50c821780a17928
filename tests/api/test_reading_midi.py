"""``tsuzuri.read_midi``: one file is one piece, with all that the file holds; what is none or several is refused."""

import re

import pytest

from tests.conftest import ROOT
from tsuzuri.api.midi_files import read_midi
from tsuzuri.errors import UserError

TUNES = ROOT / "corpus" / "tunes"
TWO_TRACKS = bytes.fromhex(
    "4d546864 00000006 0001 0002 03c0"  # format 1, two tracks, 960 ticks a quarter note
    "4d54726b 00000017 00 ff5103 07a120 00 903c50 8331 803c00 8350 904050 01 804000"  # a note of 433 ticks, one of 1
    "4d54726b 00000010 00 b14040 00 913050 8740 813000 00 ff2f00".replace(" ", "")
)


@pytest.fixture
def path(tmp_path):
    (tmp_path / "two.mid").write_bytes(TWO_TRACKS)
    return tmp_path / "two.mid"


def test_a_copy_is_a_copy(path, tmp_path):
    piece = read_midi(path)
    assert {note.channel for note in piece.notes} == {1, 2}
    assert [note.length * 960 for note in piece.notes if note.channel == 1] == [433, 1]
    assert any(word.split("_")[1] == "b1" for word in piece.words)
    piece.save(tmp_path / "copy.mid")
    assert read_midi(tmp_path / "copy.mid") == piece
    piece.save(tmp_path / "copy.words")
    assert read_midi(tmp_path / "copy.words") == piece


def test_options_leave_something_out(path):
    melody = read_midi(path, track="auto", events="notes")
    assert {note.channel for note in melody.notes} == {1}
    assert {word.split("_")[1] for word in melody.words} == {"90", "80"}
    assert [note.length for note in read_midi(path, ticks_per_beat=2).notes if note.channel == 2] == [1]


WRONG = {
    "is a folder, must be one file: [tsuzuri.read_midi(path) for path in pathlib.Path(": lambda: read_midi(TUNES),
    "must be the path of one file: [tsuzuri.read_midi(path) for path in paths] reads several": lambda: read_midi(["a"]),
    "path: 5 is not a text": lambda: read_midi(5),
    "none.mid: no such file": lambda: read_midi("none.mid"),
    "transpose: makes copies, and read_midi returns one piece: an option of train": lambda: read_midi("a", transpose=5),
    "stretch: makes copies": lambda: read_midi("a", stretch=2),
    "files: no such option": lambda: read_midi(sorted(TUNES.glob("*.mid"))[0], files=["a.mid"]),
}


@pytest.mark.parametrize("message", WRONG)
def test_what_is_no_single_file_is_refused(message):
    with pytest.raises(UserError, match=re.escape(message)) as caught:
        WRONG[message]()
    assert "\n" not in str(caught.value)


def test_words_of_several_pieces_and_options_for_words_are_refused(tmp_path):
    words = tmp_path / "two.words"
    words.write_text("00_90_3c50 60_80_3c00\n00_90_3c50 60_80_3c00\n")
    with pytest.raises(UserError, match=r"two\.words: holds 2 pieces, must hold one \(Piece\.from_words makes one of"):
        read_midi(words)
    with pytest.raises(UserError, match=r"^grid is for MIDI files: .*two\.words holds words, made already$"):
        read_midi(words, grid=4)
