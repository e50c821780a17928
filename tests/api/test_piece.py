"""A piece of music: what it says of itself, its changes, and each kind of file that it is saved as."""

import wave

import numpy
import pytest

from tests.api.midi_messages import TUNE, TWO_NOTES, values
from tsuzuri.api.midi_files import read_midi
from tsuzuri.api.piece import Piece, Sounding
from tsuzuri.midi.words import settings, wordfile


def test_what_a_piece_says_of_itself(duet):
    piece = read_midi(duet)
    assert piece.name == "duet.mid"
    assert [note for note in piece.notes if note.channel == 1] == [
        Sounding(start=0, length=1, pitch=60, velocity=80, channel=1),
        Sounding(start=1, length=2, pitch=64, velocity=96, channel=1),
    ]
    assert piece.bars == 1
    assert piece.tempo == 100
    assert piece.seconds == pytest.approx(2.5 * 0.6 + 0.5 * 1.2)
    assert repr(piece) == "Piece('duet.mid', 1 bar, 3 notes, 3 s)"
    assert piece.remarks == []


def test_bars_follow_the_meter():
    assert Piece.from_words(TWO_NOTES).bars == 1
    assert Piece.from_words(TWO_NOTES, meter=(3, 4)).bars == 1
    assert Piece.from_words(TWO_NOTES, meter=(2, 4)).bars == 2
    assert Piece.from_words(TWO_NOTES, meter=(1, 8)).bars == 6
    assert Piece.from_words(TWO_NOTES, ticks_per_beat=240).bars == 2
    assert Piece.from_words("00_c0_05").bars == 0


def test_the_words_of_a_piece_cannot_be_changed_from_outside():
    piece = Piece.from_words(TWO_NOTES)
    piece.words.clear()
    assert piece.words == TWO_NOTES.split()


def test_pieces_are_equal_that_sound_alike(tune):
    assert tune == read_midi(TUNE)
    assert hash(tune) == hash(read_midi(TUNE))
    assert Piece.from_words(TWO_NOTES, name="a") == Piece.from_words(TWO_NOTES.split(), name="b")
    assert tune != tune.changed(program=5)
    assert tune != Piece.from_words(TWO_NOTES)
    assert tune != TUNE


def test_another_tempo_and_program(tune):
    slow = tune.changed(program=73).changed(tempo=42)
    assert slow == tune.changed(tempo=42).changed(program=73)
    assert (slow.tempo, slow.words) == (42, tune.words)
    assert slow.seconds == pytest.approx(2 * tune.seconds)
    assert values(slow.midi(), "program_change", "program") == [73]
    assert tune.tempo == 84


def test_each_kind_of_file(tune, tmp_path):
    for name in ("tune.mid", "tune.MIDI", "tune.wav", "tune.png", "tune.words"):
        tune.save(tmp_path / "made" / name)
    assert read_midi(tmp_path / "made" / "tune.MIDI") == tune
    assert (tmp_path / "made" / "tune.mid").read_bytes() == tune.midi()
    assert (tmp_path / "made" / "tune.png").read_bytes() == tune.plot().png
    assert read_midi(tmp_path / "made" / "tune.words") == tune
    with wave.open(str(tmp_path / "made" / "tune.wav")) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (44100, 2, 2)
        assert -1 < sound.getnframes() / 44100 - tune.seconds < 3  # the rest at its end is not played
        samples = numpy.frombuffer(sound.readframes(sound.getnframes()), "<i2")
    assert numpy.abs(samples).max() > 3000


@pytest.mark.parametrize("options", [{}, {"track": 1}, {"events": "notes", "track": "auto"}])
def test_words_keep_the_tempo_and_the_program_that_were_asked_for(duet, tmp_path, options):
    piece = read_midi(duet, **options).changed(tempo=90, program=40)
    piece.save(tmp_path / "duet.words")
    again = read_midi(tmp_path / "duet.words")
    assert again == piece
    assert set(values(again.midi(), "program_change", "program")) == {40}


def test_words_keep_the_settings_that_they_were_made_by(duet, tmp_path):
    """A model trains on words and MIDI files together where their settings are the same."""
    read_midi(duet, track=1, events="notes", ticks_per_beat=480, grid=4).save(tmp_path / "duet.words")
    found, _ = wordfile.load_words(str(tmp_path / "duet.words"))
    assert found == settings.Settings(track=1, grid=4)
    Piece.from_words(TWO_NOTES, ticks_per_beat=96).save(tmp_path / "two.words")
    found, (piece,) = wordfile.load_words(str(tmp_path / "two.words"))
    assert (found, piece.division) == (settings.Settings(ticks_per_beat=96), 96)
