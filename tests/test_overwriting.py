"""Which files may be written over: none that is read, none of a run, and of those that nobody named only our own."""

import os

import numpy
import pytest

from tsuzuri import overwriting
from tsuzuri.errors import UserError
from tsuzuri.midi import export
from tsuzuri.midi.sound import synth
from tsuzuri.training.schemas import EVERY_FILE

TUNE = bytes.fromhex("4d546864 00000006 0000 0001 01e0 4d54726b 0000000c 00904050 8360 804000 ff2f00".replace(" ", ""))


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """A folder to work in, with a run, somebody's files and links to them."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").mkdir()
    for name in ("a.mid", "a.png", "a.wav", "b.json", "run/run.json", "run/model.npz"):
        (tmp_path / name).write_text("theirs")
    os.symlink("a.mid", "link.mid")
    os.link("a.mid", "hard.mid")
    os.symlink("run/model.npz", "weights.npz")
    return tmp_path


def test_the_files_of_a_run_are_all_known():
    assert {"run.json", *EVERY_FILE} == overwriting.RUN_FILES
    assert set(map(os.path.basename, overwriting.run_files("run", ["loss.png"]))) == overwriting.RUN_FILES - {
        "loss.png"
    }


@pytest.mark.parametrize("path", ["a.mid", "./a.mid", "run/../a.mid", "link.mid", "hard.mid"])
@pytest.mark.parametrize("inputs", [["a.mid"], ["b.json", "link.mid"], ["."]])
def test_what_is_read_is_never_replaced(path, inputs):
    with pytest.raises(UserError, match="is read: must be another file"):
        overwriting.check_named(path, inputs)
    with pytest.raises(UserError, match="is read"):
        overwriting.check_made([path], inputs, force=True)


@pytest.mark.parametrize(
    "path", ["run/model.npz", "run/checkpoint.npz", "run/MODEL.npz", "weights.npz", "run/run.json"]
)
def test_a_file_of_a_run_is_never_replaced(path):
    with pytest.raises(UserError, match="is a file of the run in"):
        overwriting.check_named(path)
    with pytest.raises(UserError, match="is a file of the run in"):
        overwriting.check_made([path], force=True)


def test_what_the_user_names_is_theirs_to_replace():
    for path in ("a.mid", "new/b", "run/story.txt", "model.npz", os.devnull):
        overwriting.check_named(path, ["b.json", "nothing"])
    overwriting.check_named("run/model.npz", own=["model.npz"])


def test_of_what_nobody_named_only_our_own_is_replaced(place):
    for path in ("a.png", "b.json", "a.mid", "link.mid"):
        with pytest.raises(UserError, match=f"^{path}: is there already: --force replaces it$"):
            overwriting.check_made([path])
        overwriting.check_made([path], force=True)
    with pytest.raises(UserError, match="already, hm"):
        overwriting.check_made(["a.png"], way=", hm")
    (place / "a.png").write_bytes(export.pianoroll_of_file(TUNE, "a"))
    (place / "b.json").write_text('{"format": 1, "settings": {}, "report": {}, "pieces": []}')
    overwriting.check_made(["a.png", "b.json", "new.png"])


def test_of_sound_only_our_own_is_replaced(place):
    (place / "a.mid").write_bytes(b"MThd")
    (place / "ours.wav").write_bytes(synth.encode_wav(numpy.zeros((9, 2), "i2")))
    (place / "take.wav").write_bytes(b"RIFF" + bytes(40))
    overwriting.check_made(["ours.wav"], named="a.mid")
    with pytest.raises(UserError, match=r"take.wav: is there already: --force replaces it"):
        overwriting.check_made(["take.wav"], named="a.mid")


def test_nothing_is_written_twice_and_a_folder_is_no_file(place):
    with pytest.raises(UserError, match="would be written twice"):
        overwriting.check_made(["x.png"], named="./x.png")
    with pytest.raises(UserError, match="is a folder"):
        overwriting.check_made(["run"], force=True)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"format": 1}', "[" * 100_000, "\xff"])
def test_a_description_is_looked_into_without_trust(place, text):
    (place / "b.json").write_text(text, encoding="latin-1")
    assert not overwriting.made_here("b.json")
    assert not overwriting.made_here("none.json")
