"""A new run in place of an old one, broken off anywhere: there is one of the two, whole, and leavings are cleared."""

import os
import shutil
import subprocess
import sys
import time

import pytest

from tests.training.small_run import ABOUT, META, make_run, trained
from tsuzuri import storage
from tsuzuri.errors import UserError
from tsuzuri.text import vocabulary
from tsuzuri.training import staging
from tsuzuri.training.lock import RunLock, staging_folder
from tsuzuri.training.run import load_run, new_run, occupied_by
from tsuzuri.training.schemas import LANGUAGE_MODEL

WORDS = vocabulary.Vocabulary([*vocabulary.SPECIAL, *"abcdefghijk"])
NEW = {"checkpoint.npz", "log.jsonl", "run.json", "texts.zip", "vocabulary.txt"}
CALLS = ("mkdir", "open", "fsync", "rename", "replace", "unlink", "rmdir", "write")


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def another(path):
    """A run of another seed, not on the disk."""
    about = ABOUT | {"recipe": ABOUT["recipe"] | {"seed": 4}}
    return new_run(str(path), about, WORDS, LANGUAGE_MODEL, {"texts.zip": b"texts"})


def broken_off(monkeypatch, run, count):
    """Create a run, but end after so many calls of the system that change something; whether it came to its end."""
    left = [count]

    def counted(function):
        def call(*args, **settings):
            if left[0] <= 0:
                raise KeyboardInterrupt
            left[0] -= 1
            return function(*args, **settings)

        return call

    with monkeypatch.context() as patch:
        for name in CALLS:
            patch.setattr(os, name, counted(getattr(os, name)))
        patch.setattr(shutil, "rmtree", lambda *_, **__: None)  # nobody tidies up after a crash
        try:
            run.create(b"checkpoint")
        except KeyboardInterrupt:
            return False
    return True


def test_a_new_run_broken_off_anywhere_leaves_one_of_the_two(tmp_path, monkeypatch):
    old = make_run(tmp_path / "old")
    old.save_checkpoint(*trained(old), META)
    old.save_best(old.new_model())
    (tmp_path / "old" / "mine.txt").write_text("kept")
    whole = contents(tmp_path / "old")
    new, found, count, done = another(tmp_path / "new").about["id"], [], 0, False
    while not done:
        place = shutil.copytree(tmp_path / "old", tmp_path / f"run-{count}")
        done = broken_off(monkeypatch, another(place), count)
        run = load_run(str(place))
        found.append(run.about["id"] == new)
        held = contents(place)
        assert held.pop(".lock", b"") is not None
        if found[-1]:
            assert sorted(held) == [
                "checkpoint.npz",
                "log.jsonl",
                "mine.txt",
                "run.json",
                "texts.zip",
                "vocabulary.txt",
            ]
            assert held["checkpoint.npz"] == b"checkpoint"
        else:
            assert held == whole
        count += 1
        assert count < 200
    assert found == sorted(found)  # first the old run, and from one moment on the new
    assert set(found) == {True, False}


def test_a_run_broken_off_in_a_folder_that_was_not_there_leaves_nothing_or_the_run(tmp_path, monkeypatch):
    count, done, seen = 0, False, set()
    while not done:
        place = tmp_path / str(count) / "run"
        done = broken_off(monkeypatch, another(place), count)
        seen.add(place.exists())
        assert occupied_by(str(place)) == ("run.json" if place.exists() else None)
        if not place.exists():
            another(place).create(b"again")
        assert load_run(str(place)).about["id"] == another(place).about["id"]
        assert os.listdir(place.parent) == ["run"]
        assert contents(place).keys() - {".lock"} == NEW
        count += 1
        assert count < 200
    assert seen == {True, False}


def test_a_folder_that_something_else_made_meanwhile_is_left_alone(tmp_path):
    with RunLock(str(tmp_path / "run")) as lock:
        assert os.listdir(tmp_path) == [os.path.basename(staging_folder(str(tmp_path / "run")))]
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "mine").write_text("kept")
        run = another(tmp_path / "run")
        run.lock = lock
        with pytest.raises(UserError, match=r"run: cannot be written: "):
            run.create(b"")
    assert os.listdir(tmp_path) == ["run"]
    assert contents(tmp_path / "run") == {"mine": b"kept"}


def test_old_files_go_with_the_old_run_and_others_stay(tmp_path):
    make_run(tmp_path)
    for name in ("loss.png", "sample.mid", "examples.csv", "other"):
        (tmp_path / name).write_text("before")
    another(tmp_path).create(b"")
    assert contents(tmp_path).keys() == NEW | {"other"}


def test_what_a_killed_save_left_is_cleared_when_it_is_ours(tmp_path):
    make_run(tmp_path)
    kept = {".tmp-notes.txt", ".tmp-abcdefg", "tmp-abcdefgh", ".tmp-folder_1"}
    (tmp_path / ".tmp-folder_1").mkdir()
    for name in kept - {".tmp-folder_1"} | {".tmp-abcd_123"}:
        (tmp_path / name).write_bytes(b"half")
    (tmp_path / staging.PARTIAL).mkdir()
    (tmp_path / staging.PARTIAL / "vocabulary.txt").write_bytes(b"half")
    before = set(os.listdir(tmp_path))
    with RunLock(str(tmp_path)):  # somebody is at work, and these may be its own
        load_run(str(tmp_path))
        assert set(os.listdir(tmp_path)) == before | {".lock"}
    load_run(str(tmp_path))
    assert before - set(os.listdir(tmp_path)) == {".tmp-abcd_123", staging.PARTIAL}
    assert kept <= set(os.listdir(tmp_path))


def test_the_temporary_files_of_a_killed_write_are_those_that_are_cleared(tmp_path):
    make_run(tmp_path)
    kill = "import os; os.replace = lambda *_: os._exit(0)\nfrom tsuzuri.storage import write_file\n"
    subprocess.run([sys.executable, "-c", f"{kill}write_file({str(tmp_path / 'a')!r}, b'half')"], check=True)
    assert [name for name in os.listdir(tmp_path) if name.startswith(storage.TEMPORARY)]
    load_run(str(tmp_path))
    assert not [name for name in os.listdir(tmp_path) if name.startswith(storage.TEMPORARY)]


def test_only_old_leavings_are_cleared_where_nothing_can_be_locked(tmp_path):
    make_run(tmp_path)
    for name in (".tmp-y0ung__1", ".tmp-0ld____1"):
        (tmp_path / name).write_bytes(b"half")
    long_ago = time.time() - 2 * storage.STALE
    os.utime(tmp_path / ".tmp-0ld____1", (long_ago, long_ago))
    lock = RunLock(str(tmp_path))
    lock.note = "no locks here"
    staging.settle_run(str(tmp_path), lock)
    assert {name for name in os.listdir(tmp_path) if name.startswith(".tmp")} == {".tmp-y0ung__1"}


def fill(folder, names):
    folder.mkdir()
    for name in names:
        (folder / name).write_bytes(b"mine")


@pytest.mark.parametrize("name", [staging.WHOLE, staging.MOVING])
@pytest.mark.parametrize("names", [(), ("vocabulary.txt",), ("run.json", "vocabulary.txt", "checkpoint.npz"), ("x",)])
def test_a_folder_that_only_looks_like_a_new_run_costs_nothing(tmp_path, name, names):
    """As half a copy of a run, or a stranger's, would have it."""
    run = make_run(tmp_path / "run")
    before = contents(tmp_path / "run")
    fill(tmp_path / "run" / name, names)
    load_run(run.path)
    assert {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir() if path.is_file()} == before
    fill(tmp_path / "none", ["sample.mid", "examples.csv"])
    fill(tmp_path / "none" / name, names)
    with pytest.raises(UserError, match="not a run"):
        load_run(str(tmp_path / "none"))
    assert (tmp_path / "none" / "sample.mid").read_bytes() == b"mine"


@pytest.mark.parametrize("name", [staging.WHOLE, staging.MOVING])
def test_a_new_run_does_not_begin_where_a_folder_is_in_its_way(tmp_path, name):
    make_run(tmp_path / "run")
    fill(tmp_path / "run" / name, ["mine.txt"])
    before = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir() if path.is_file()}
    run = another(tmp_path / "run")
    with pytest.raises(UserError, match=f"{name}: is in the way of a new run: must be moved elsewhere"):
        run.create(b"checkpoint")
    assert {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir() if path.is_file()} == before
    assert (tmp_path / "run" / name / "mine.txt").read_bytes() == b"mine"
