"""The picture of a tune and its sound: notes from words, and a PNG of both."""

import wave

import pytest

from docs import tune_picture

WORDS = ["00_ff_51087a24", "00_90_4050", "8360_80_4000", "00_90_4550", "00_91_3050", "8740_80_4500", "00_91_3000"]
QUARTER = 0x087A24 / 1e6  # seconds


def test_notes_of_words():
    notes = tune_picture.notes_of(WORDS)
    assert [key for _, _, key in notes] == [0x40, 0x30, 0x45]
    assert [start for start, _, _ in notes] == pytest.approx([0, QUARTER, QUARTER])
    assert [length for _, length, _ in notes] == pytest.approx([QUARTER, 2 * QUARTER, 2 * QUARTER])


def test_a_picture_of_both(tmp_path):
    with wave.open(str(tmp_path / "tune.wav"), "wb") as sound:
        sound.setnchannels(2)
        sound.setsampwidth(2)
        sound.setframerate(44100)
        sound.writeframes(bytes(4 * 88200))
    tune_picture.draw(WORDS, str(tmp_path / "tune.wav"), tmp_path / "tune.png")
    assert (tmp_path / "tune.png").read_bytes().startswith(b"\x89PNG")
