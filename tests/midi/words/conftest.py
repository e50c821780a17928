"""A file of words with its description."""

import pytest

from tsuzuri.midi.words import wordfile
from tsuzuri.midi.words.convert import PieceWords
from tsuzuri.midi.words.settings import Settings


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
