"""Files of words and their descriptions come back, and damaged ones are refused."""

import json

import pytest

from tsuzuri.errors import UserError
from tsuzuri.midi.words import wordfile
from tsuzuri.midi.words.settings import Settings


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
    ("data", "reason"), [(b"", "holds no words"), (b"\xff\xfe\x00", "not UTF-8"), (None, "no such file")]
)
def test_what_is_no_file_of_words(tmp_path, data, reason):
    path = tmp_path / "b.words"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(UserError, match=reason):
        wordfile.load_words(str(path))


def test_a_description_whose_name_is_too_long_is_refused_before_the_words_are_written(tmp_path, saved):
    _, settings, pieces = saved
    path = tmp_path / ("x" * 247 + ".words")
    with pytest.raises(UserError, match=r"words.json: cannot be written: File name too long"):
        wordfile.write_word_file(str(path), settings, pieces, {})
    assert not path.exists()
