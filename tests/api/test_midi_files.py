"""MIDI files to pieces and back: one, several, folders, and what was mended or left out."""

import mido
import pytest

from tests.api.midi_messages import TUNE, TWO_NOTES, notes, values
from tsuzuri.api.midi_files import read_midi, write_midi
from tsuzuri.api.piece import Piece
from tsuzuri.errors import UserError


def test_what_is_read_and_written_is_the_file(duet, tmp_path):
    piece = read_midi(duet)
    (path,) = write_midi(piece, tmp_path / "new" / "copy.mid")
    assert path == str(tmp_path / "new" / "copy.mid")
    with open(path, "rb") as copy, open(duet, "rb") as file:
        made, given = copy.read(), file.read()
    assert notes(made) == notes(given) != []
    assert values(made, "program_change", "program") == [73]
    assert values(made, "set_tempo", "tempo") == [mido.bpm2tempo(100)]  # that of most of its time
    assert values(made, "time_signature", "numerator") == [3]
    assert notes(made, channel=1) == []
    assert read_midi(path) == piece


def test_all_of_a_file_is_kept_where_all_is_asked_for(duet, tmp_path):
    piece = read_midi(duet, track="all", events="all")
    piece.save(tmp_path / "copy.mid")
    made = (tmp_path / "copy.mid").read_bytes()
    with open(duet, "rb") as file:
        given = file.read()
    for channel in (0, 1):
        assert notes(made, channel) == notes(given, channel) != []
    assert values(made, "set_tempo", "tempo") == [mido.bpm2tempo(100), mido.bpm2tempo(50)]
    assert values(made, "control_change", "value") == [127]


def test_several_files_and_folders(duet, tmp_path):
    (tmp_path / "more").mkdir()
    read_midi(duet).save(tmp_path / "more" / "one.mid")
    assert [piece.name for piece in read_midi([duet, tmp_path / "more"])] == ["duet.mid", "one.mid"]
    assert [piece.name for piece in read_midi(tmp_path / "more")] == ["one.mid"]
    assert [piece.name for piece in read_midi([TUNE], transpose=1, stretch=0.5)] == [
        "amazing-grace.mid" + copy for copy in ("", " +1", " x0.5", " x0.5 +1")
    ]


def test_what_was_mended_is_remarked_on_its_own_piece(duet, tmp_path):
    with open(duet, "rb") as file:
        (tmp_path / "broken.mid").write_bytes(file.read()[:-4])  # the last track has no end
    whole, broken = read_midi([duet, tmp_path / "broken.mid"])
    assert whole.remarks == []
    assert any("offset" in remark for remark in broken.remarks)
    with pytest.raises(UserError, match=r"broken\.mid"):
        read_midi(tmp_path / "broken.mid", strict=True)


def test_a_file_in_a_list_that_cannot_be_read_is_left_out_with_a_warning(duet, tmp_path):
    (tmp_path / "text.mid").write_text("no music")
    with pytest.warns(UserWarning, match=r"text\.mid: .*not MIDI"):
        (piece,) = read_midi([duet, tmp_path / "text.mid"])
    assert piece.name == "duet.mid"


def test_pieces_into_a_folder(tune, tmp_path):
    written = write_midi([tune, *[Piece.from_words(TWO_NOTES)] * 2], tmp_path / "out", tempo=90, program=5)
    stems = ["amazing-grace", "piece", "piece-2"]
    assert written == [str(tmp_path / "out" / f"{stem}.mid") for stem in stems]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {path.rpartition("/")[2] for path in written}
    made = read_midi(written[0])
    assert made.tempo == pytest.approx(90, abs=0.001)
    assert made == tune.changed(tempo=90, program=5)


def test_words_are_a_piece(tmp_path):
    for words in (TWO_NOTES, TWO_NOTES.split()):
        assert write_midi(words, tmp_path / "two.mid") == [str(tmp_path / "two.mid")]
        assert read_midi(tmp_path / "two.mid").words == TWO_NOTES.split()
