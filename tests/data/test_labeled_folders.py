"""A folder or a file for each class: which are classes, and what is left out."""

import os
import pathlib
import shutil
import sys
from collections import Counter

import pytest

from tests.data import pairs
from tsuzuri.data import labeled
from tsuzuri.data.labeled import Example
from tsuzuri.errors import UserError


def test_a_folder_for_each_class(write, tmp_path):
    write("neg/2.txt", "dull\nand long\n")
    write("neg/10.txt", b"caf\xe9 noir")
    write("pos/deep/1.TXT", "\ufefffine")
    write("pos/49960", "good")
    write("pos/z.txt", "last")  # in the order of whole paths
    write("pos/.hidden.txt", "x")
    write("pos/.git/a.txt", "x")
    write("pos/labels.feat", "x")
    write("pos/LICENSE.txt", "x")
    write("pos/empty.txt", "")
    write("pos/bad.txt", b"\0")
    write("unsup/1.txt", "x")
    write("pictures/1.png", "x")
    write(".cache/1.txt", "x")
    write("README", "x")
    write("1.txt", "x")
    texts = labeled.read_labeled([str(tmp_path)])
    assert [(e.label, e.text, str(pathlib.Path(e.where).relative_to(tmp_path))) for e in texts.examples] == [
        ("neg", "café noir", "neg/10.txt"),
        ("neg", "dull and long", "neg/2.txt"),
        ("pos", "good", "pos/49960"),
        ("pos", "fine", "pos/deep/1.TXT"),
        ("pos", "last", "pos/z.txt"),
    ]
    assert texts.report["files"] == 5
    assert texts.report["form"] == {"folder": 5}
    assert texts.report["encoding"] == {"cp1252": 1, "UTF-8": 4}
    skipped = {pathlib.Path(item["name"]).name: item["reason"] for item in texts.report["skipped"]}
    assert skipped == {
        "pictures": "holds no file that ends in .txt",
        "unsup": "is not a class",
        "bad.txt": "is binary, not text (1 of 1 characters are control characters, such as 0x00 in line 1)",
        "empty.txt": "is empty",
        "pos": "2 of its files by their names, which must end in .txt and not be readme, license, copying",
    }


def test_names_of_folders_are_labels_that_can_be_shown(write, tmp_path):
    for name in ("good\u3000film/1.txt", "good film/2.txt", "bad/1.txt"):
        write(name, name)
    assert Counter(e.label for e in labeled.read_labeled([str(tmp_path)]).examples) == {"good film": 2, "bad": 1}
    if sys.platform == "linux":  # other systems hold no such names
        for name, reason in (
            (b"caf\xe9", r"'caf\\udce9' is not UTF-8"),
            (b"\x1b[1m", r"cannot be printed, .* U\+001B"),
        ):
            folder = os.path.join(os.fsencode(tmp_path), name)
            os.mkdir(folder)
            pathlib.Path(os.fsdecode(folder), "1.txt").write_text("x")
            with pytest.raises(UserError, match=rf"{tmp_path}: the label .*{reason}"):
                labeled.class_files(str(tmp_path))
            shutil.rmtree(folder)


def test_folders_of_music_are_found_but_not_read(write, tmp_path):
    names = ["bach/wtc/2.mid", "bach/wtc/1.MID", "joplin/b.midi", "joplin/c.txt", "notes/a.txt"]
    paths = {name: write(name, b"\0") for name in names}
    assert labeled.class_files(str(tmp_path), (".mid", ".midi")) == {
        "bach": [paths["bach/wtc/1.MID"], paths["bach/wtc/2.mid"]],
        "joplin": [paths["joplin/b.midi"]],
    }


def test_a_root_with_train_and_test(write, tmp_path):
    for name in ("train/pos/1", "train/neg/1", "train/unsup/1", "test/pos/1", "test/neg/1", "dev/pos/1", "docs/1"):
        write(f"{name}.txt", name)
    root = str(tmp_path)
    parts = labeled.dataset_folders(root)
    assert parts == {part: str(tmp_path / name) for part, name in (("train",) * 2, ("test",) * 2, ("valid", "dev"))}
    assert pairs(labeled.read_labeled([parts["test"]], least=0)) == [("neg", "test/neg/1"), ("pos", "test/pos/1")]
    assert labeled.dataset_folders(parts["train"]) == {"train": parts["train"]}
    with pytest.raises(UserError, match="its folders are no classes but valid and test and train: name one of them"):
        labeled.read_labeled([root])


def test_classes_may_be_called_train_and_test(write, tmp_path):
    for name in ("train/1.txt", "train/2.txt", "test/1.txt"):
        write(name, name)
    assert labeled.dataset_folders(str(tmp_path)) == {"train": str(tmp_path)}
    assert Counter(e.label for e in labeled.read_labeled([str(tmp_path)]).examples) == {"train": 2, "test": 1}


def test_folders_without_classes(write, tmp_path):
    write("1.txt", "x")
    with pytest.raises(UserError, match=r"a folder for each class with files in it, whose name ends in \.txt or has"):
        labeled.read_labeled([str(tmp_path)])
    write("pos/1.txt", "x")
    with pytest.raises(UserError, match="has one class only, 'pos'"):
        labeled.read_labeled([str(tmp_path)])
    write("bad/1.txt", "")
    (tmp_path / "pos" / "1.txt").write_bytes(b"\0")
    with pytest.raises(UserError, match=r"holds no example \(.*bad/1\.txt is empty; .*pos/1\.txt is binary"):
        labeled.read_labeled([str(tmp_path)])
    with pytest.raises(UserError, match="no such folder"):
        labeled.dataset_folders(str(tmp_path / "none"))


def test_a_file_for_each_class(write):
    pos = write("a.pos", "fine \n\nas \x85 good\n")
    neg = write("a.neg", b"tr\xe8s \x85 mal, d\xe9j\xe0 vu et m\xeame trop long\n")
    texts = labeled.read_pos_neg([pos], [neg])
    assert texts.examples == [
        Example("pos", "fine", f"{pos}:1"),
        Example("pos", "as \x85 good", f"{pos}:3"),
        Example("neg", "très … mal, déjà vu et même trop long", f"{neg}:1"),
    ]
    assert texts.report["form"] == {"lines": 2}
    assert texts.report["blank"] == 1
    with pytest.raises(UserError, match="one class only, 'pos'"):
        labeled.read_pos_neg([pos], [])
    with pytest.raises(UserError, match=r"a\.neg: is not text in UTF-8 \(byte 0xe8 in line 1\)"):
        labeled.read_pos_neg([pos], [neg], "utf8")
