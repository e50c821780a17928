"""What is wrong with a piece, an option or a path is said in a line, and nothing is written."""

import re

import pytest

from tests.api.midi_messages import TUNE, TWO_NOTES
from tests.conftest import ROOT
from tsuzuri.api.midi_files import read_midi, write_midi
from tsuzuri.api.piece import Piece
from tsuzuri.errors import UserError

WRONG = {
    "path: 5 is not a text": lambda piece: piece.save(5),
    "tune.mp3: ends in .mp3, must end in .mid, .midi, .wav, .png, .words": lambda piece: piece.save("tune.mp3"),
    "tune: ends in no suffix, must end in .mid": lambda piece: piece.save("tune"),
    "must name a file or a folder, and is empty": lambda piece: piece.save(""),
    "tune.mid: soundfont is for sound, must end in .wav": lambda piece: piece.save("tune.mid", soundfont="a.sf2"),
    "rate: 5 is out of range: must be 8000 or more, at most 96000": lambda piece: piece.wav(5),
    "tempo: 2 is out of range: must be 4 to 1000": lambda piece: piece.changed(tempo=2),
    "program: 128 is out of range: must be in range 0..127": lambda piece: write_midi(piece, "a.mid", program=128),
    "words[1]: 'zz' is not delta_status_data in hex": lambda _: Piece.from_words("00_90_3c50 zz"),
    "words[0]: '00_90_3c50' strikes key 60 of channel 1, which never ends": lambda _: Piece.from_words("00_90_3c50"),
    "words[0]: 5 is no text": lambda _: Piece.from_words([5]),
    "words: is 5, must be a text or a list of words": lambda _: Piece.from_words(5),
    "meter: (3, 5) is no time signature: must be two numbers such as (3, 4)": lambda _: Piece.from_words(
        TWO_NOTES, meter=(3, 5)
    ),
    "words: are none": lambda _: Piece.from_words(" "),
    "none.mid: no such file": lambda _: read_midi("none.mid"),
    "pyproject.toml: offset 0: is text, not MIDI": lambda _: read_midi(ROOT / "pyproject.toml"),
    "grid: 0 is out of range: must be keep, or a number in 1..960": lambda _: read_midi(TUNE, grid=0),
    "gird: no such option: did you mean grid?": lambda _: read_midi(TUNE, gird=4),
    "transpose: makes copies, and read_midi returns one piece": lambda _: read_midi(TUNE, transpose=(-1, 1)),
    "a.wav: MIDI is written to a file that ends in .mid, or to a folder": lambda piece: write_midi(piece, "a.wav"),
    "a.mid: one file for 2 pieces: name a folder": lambda piece: write_midi([piece, piece], "a.mid"),
    "pieces: are none: must be one or more": lambda _: write_midi([], "a.mid"),
    "pieces[0]: is 5, must be a piece": lambda _: write_midi(5, "a.mid"),
    "pieces[1]: is 5, must be a piece": lambda piece: write_midi([piece, 5], "a.mid"),
}


@pytest.mark.parametrize("message", WRONG)
def test_what_is_wrong_is_said_in_a_line(message, tune, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=re.escape(message)) as caught:
        WRONG[message](tune)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written(tune, tmp_path):
    (tmp_path / "file").write_text("kept")
    with pytest.raises(UserError, match=r"file: cannot be made"):
        tune.save(tmp_path / "file" / "tune.mid")
    (tmp_path / "folder.mid").mkdir()
    with pytest.raises(UserError, match=r"folder\.mid: cannot be written"):
        tune.save(tmp_path / "folder.mid")
    assert (tmp_path / "file").read_text() == "kept"
