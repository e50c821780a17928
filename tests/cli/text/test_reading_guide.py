"""docs/text.md: the messages that it shows are those that the commands give."""

import re

from tests.cli.text import SMALL, train
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "text.md").read_text(encoding="utf-8")
LINES = [f"line number {n} of a text\n" for n in range(1, 300)]


def test_what_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "page.html").write_text("<!DOCTYPE html>\n<p>Text</p>\n")
    (tmp_path / "menu.txt").write_bytes("Größe\n".encode("cp1252"))
    commands = re.findall(r"^\$ python train\.py (\S+) -o \S+\n(train\.py: error: .*)$", PAGE, re.MULTILINE)
    assert len(commands) == 2
    for name, line in commands:
        process = train(name, "-o", "run")
        assert process.returncode == 2
        assert line.split(": error: ")[1].replace(name, "") in process.stderr.replace(f"{tmp_path}/", "").replace(
            name, ""
        )


def test_what_is_noted(tmp_path):
    (tmp_path / "reviews.txt").write_text("".join(LINES[:200]) + "a \x10 here\n" + "".join(LINES))
    novel = "".join(f"これは{n}行目の文章です。\n" for n in range(1, 200)).encode()
    place = novel.index("80行".encode()) + 2
    (tmp_path / "novel.txt").write_bytes(novel[:place] + b"\xff" + novel[place + 1 :])
    said = train(tmp_path, "-o", tmp_path / "run", *SMALL, "-e", "1", "--sample-every", "0")
    said = (said.stdout + said.stderr).replace(f"{tmp_path}/", "")
    notes = re.findall(r"^note     .*$", PAGE, re.MULTILINE)
    assert len(notes) == 2
    for note in notes:
        assert note in said
