"""MIDI files to pieces and back: one, several, folders, and what was mended or left out."""

import mido
import pytest

from tests.api.midi_messages import TWO_NOTES, notes, values
from tsuzuri.api.midi_files import read_midi, write_midi
from tsuzuri.api.piece import Piece
from tsuzuri.errors import UserError


def test_a_melody_that_is_read_and_written_is_that_of_the_file(duet, tmp_path):
    piece = read_midi(duet, track="auto", events="notes")
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


def test_all_of_a_file_is_kept(duet, tmp_path):
    piece = read_midi(duet)
    piece.save(tmp_path / "copy.mid")
    made = (tmp_path / "copy.mid").read_bytes()
    with open(duet, "rb") as file:
        given = file.read()
    for channel in (0, 1):
        assert notes(made, channel) == notes(given, channel) != []
    assert values(made, "set_tempo", "tempo") == [mido.bpm2tempo(100), mido.bpm2tempo(50)]
    assert values(made, "control_change", "value") == [127]


def test_what_was_mended_is_remarked_on_its_own_piece(duet, tmp_path):
    with open(duet, "rb") as file:
        (tmp_path / "broken.mid").write_bytes(file.read()[:-4])  # the last track has no end
    whole, broken = map(read_midi, (duet, tmp_path / "broken.mid"))
    assert whole.remarks == []
    assert any("offset" in remark for remark in broken.remarks)
    with pytest.raises(UserError, match=r"broken\.mid"):
        read_midi(tmp_path / "broken.mid", strict=True)


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
        assert read_midi(tmp_path / "two.mid", track="auto", events="notes").words == TWO_NOTES.split()
