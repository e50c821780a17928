"""The one walk of folders: which files it yields, in which order, and what it leaves out."""

import os
import pathlib

import pytest

from tsuzuri.errors import UserError
from tsuzuri.folders import subfolders, walk_files

MANY = [f"m{n}/1.txt" for n in range(9)]
VISIBLE = ["a.txt", "z.txt", "B/2.txt", "B/c/1.txt", "a/10.txt", "a/2.txt", *MANY]
HIDDEN = [".a.txt", "a/.b.txt", ".git/c.txt", "a/.cache/d.txt", "a/.../e.txt"]


@pytest.fixture
def folder(tmp_path, rng):
    """A folder whose files were made in any order."""
    for name in rng.permutation(VISIBLE + HIDDEN).tolist():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (tmp_path / "empty").mkdir()
    return tmp_path


def walked(folder):
    return [str(pathlib.Path(path).relative_to(folder)) for path in walk_files(str(folder))]


def test_files_come_before_folders_both_sorted_and_hidden_ones_are_left_out(folder):
    assert walked(folder) == ["a.txt", "z.txt", "B/2.txt", "B/c/1.txt", "a/10.txt", "a/2.txt", *MANY]
    assert subfolders(str(folder)) == ["B", "a", "empty", *(f"m{n}" for n in range(9))]


def test_paths_begin_with_the_folder_as_it_was_named(folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert list(walk_files("B")) == ["B/2.txt", "B/c/1.txt"]
    assert list(walk_files("./B/c/")) == ["./B/c/1.txt"]
    assert list(walk_files(".git")) == [".git/c.txt"]  # it was asked for


def test_links_to_files_are_files_and_links_to_folders_are_not_entered(folder):
    os.symlink(folder / "z.txt", folder / "B" / "link.txt")
    os.symlink(folder, folder / "B" / "round")
    assert [name for name in walked(folder) if name.startswith("B")] == ["B/2.txt", "B/link.txt", "B/c/1.txt"]
    assert subfolders(str(folder / "B")) == ["c", "round"]


def test_no_folder_and_a_file_hold_nothing(folder):
    for name in ("none", "a.txt"):
        assert walked(folder / name) == []
    with pytest.raises(UserError, match=r"none: no such folder$"):
        subfolders(str(folder / "none"))
    with pytest.raises(UserError, match=r"a\.txt: Not a directory$"):
        subfolders(str(folder / "a.txt"))
