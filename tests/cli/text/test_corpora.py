"""What train.py says of a corpus: paragraphs, books of Project Gutenberg, and texts that are there twice."""

import json

import pytest

from tests.cli.text import SMALL, train
from tests.conftest import refused

pytestmark = pytest.mark.usefixtures("no_pictures")
TEXT = "".join(f"the {a} {b} and sees what there is to see {a}\n" for a in "abcdefgh" for b in "ijklmnop")


@pytest.fixture
def folder(tmp_path):
    """Two texts, the first of them three times."""
    (tmp_path / "texts").mkdir()
    for name in ("a", "b"):
        (tmp_path / "texts" / f"{name}.txt").write_text(TEXT)
    (tmp_path / "texts" / "c.txt").symlink_to("a.txt")
    (tmp_path / "texts" / "d.txt").write_text(TEXT.replace("the", "a"))
    return tmp_path / "texts"


def said(process):
    assert process.returncode == 0, process.stderr
    return (process.stdout + process.stderr).replace("\\", "/")


def test_texts_that_are_there_twice_are_named(folder, tmp_path):
    shown = said(train(folder, "-o", tmp_path / "run", "-e", 1, *SMALL))
    assert "read     2 files (0 of Aozora Bunko), 128 lines\n" in shown
    a = f"{folder}/a.txt"
    assert f"left out 2 that are the same as others: {folder}/b.txt is {a}, {folder}/c.txt is {a}\n" in shown
    resumed = train("-o", tmp_path / "run", "--resume", "-e", 2)
    assert resumed.returncode == 0, resumed.stderr
    shown = said(train(a, a, "-o", tmp_path / "other", "-e", 1, *SMALL))
    assert f"left out 1 that is the same as another: {a} is there twice\n" in shown


def test_texts_of_validation_are_left_out(folder, tmp_path):
    options = ["-o", tmp_path / "run", "-e", 1, *SMALL]
    shown = said(train(folder, "--valid", folder / "b.txt", *options))
    assert f"left out 1 that is in --valid or --test too: {folder}/a.txt is {folder}/b.txt\n" in shown
    whole = train(folder / "a.txt", "--valid", folder / "c.txt", *options, "--force")
    assert refused(whole).endswith("a.txt: no text is left to train on: all are in --valid or --test too")


def test_a_book_of_project_gutenberg(tmp_path):
    start, end = (f"*** {mark} OF THE PROJECT GUTENBERG EBOOK A ***\n" for mark in ("START", "END"))
    (tmp_path / "a.txt").write_text(f"licence\n{start}\n{TEXT}\n{end}licence\n")
    shown = said(train(tmp_path / "a.txt", "-o", tmp_path / "run", "-e", 1, *SMALL))
    assert "read     1 file (0 of Aozora Bunko, 1 of Project Gutenberg), 64 lines\n" in shown
    assert "licence" not in (tmp_path / "run" / "vocabulary.txt").read_text().split()


def test_one_line(tmp_path):
    (tmp_path / "a.txt").write_text(TEXT.replace("\n", " "))
    assert "1 line\n" in said(train(tmp_path / "a.txt", "-o", tmp_path / "run", "-e", 1, *SMALL))
    words = json.loads((tmp_path / "run" / "run.json").read_text())["corpus"]["report"]["words"]
    assert words == pytest.approx({"train": 0.9 * 705, "valid": 0.05 * 705, "test": 0.05 * 705}, abs=3)
