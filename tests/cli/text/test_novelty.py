"""generate.py --novelty and --max-copy: two lines a text, colors on a terminal alone, and nothing without a corpus."""

import io
import re
import shutil
import signal
import sys

import pytest

from tests.cli.text import train
from tests.conftest import refused
from tsuzuri.api.growing_text import GrowingText
from tsuzuri.api.novelty import Copy, Novelty
from tsuzuri.api.text_generation import GeneratedTexts
from tsuzuri.cli import console, novelty

pytestmark = pytest.mark.usefixtures("no_pictures")


def test_a_report_follows_each_text(straight, script):
    out, _ = straight
    plain = script("generate.py", out, "the", "--length", 30, "--seed", 5)
    told = script("generate.py", out, "the", "--length", 30, "--seed", 5, "--novelty")
    assert told.stdout == plain.stdout
    first, second = told.stderr.splitlines()[1:]
    assert first.startswith("novelty  longest copy: ")
    assert "in small.txt, line " in first
    assert second.startswith("novelty  seen before: ")
    assert "of the runs of 4 words" in second
    both = script("generate.py", out, "-n", 2, "--length", 30, "--seed", 5, "--novelty", "--max-copy", 3).stderr
    assert both.count("novelty  2  ") == 2
    assert "longest copy: 3 words" in both
    assert script("generate.py", out, "--max-copy", 1).returncode == 2


def test_an_old_run_whose_corpus_is_gone_says_so(corpus, script, tmp_path):
    text = shutil.copy(corpus, tmp_path / "small.txt")
    assert train(text, "-o", tmp_path / "run", "-e", 1, "-u", 4, "--tokens", "space", "-d", "cpu").returncode == 0
    (tmp_path / "run" / "corpus.npz").unlink()
    assert script("generate.py", tmp_path / "run", "--novelty", "--length", 3).returncode == 0
    text.unlink()
    line = refused(script("generate.py", tmp_path / "run", "--max-copy", 4, "--length", 3))
    assert line.endswith("small.txt, which it was read from, is gone")
    assert script("generate.py", tmp_path / "run", "--length", 3).returncode == 0


@pytest.mark.parametrize("color", [False, True])
@pytest.mark.parametrize("more", [(), ("--novelty",), ("-n", 2, "--novelty")])
def test_ctrl_c_while_words_are_drawn_keeps_them(straight, script, monkeypatch, more, color):
    take, left = GrowingText.take, iter(range(9, -1, -1))

    def interrupted(text, *word):
        if next(left, None) == 0:
            signal.raise_signal(signal.SIGINT)
        return take(text, *word)

    monkeypatch.setattr(GrowingText, "take", interrupted)
    monkeypatch.setattr(console, "in_color", lambda: color)
    done = script("generate.py", straight[0], "the", "--length", 10**6, "--seed", 5, *more)
    count = 1 + ("-n" in more)
    assert done.returncode == 128 + signal.SIGINT
    seed, stopped, *told = done.stderr.splitlines()
    assert (seed, stopped) == ("seed 5", f"stopped  0 of {count} texts are whole; all are kept")
    assert [line.split()[0] for line in told] == ["novelty"] * 2 * count * ("--novelty" in more)
    assert 5 <= len(re.findall(r"[a-z]+", re.sub(r"\x1b\[\d+m|=+.*=+", "", done.stdout))) <= 11
    assert done.stdout.endswith("\n")


@pytest.mark.parametrize("more", [(), ("-n", 2)])
def test_ctrl_c_while_copies_are_looked_for_loses_no_text(straight, script, monkeypatch, more):
    asked = straight[0], "the", "--length", 9, "--seed", 5, *more
    whole = script("generate.py", *asked)

    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(GeneratedTexts, "novelties", interrupted)
    done = script("generate.py", *asked, "--novelty")
    assert (done.returncode, done.stdout) == (128 + signal.SIGINT, whole.stdout)
    assert done.stderr == "seed 5\nstopped  before it was known what is copied; all is kept\n"


def test_copies_are_in_color():
    copies = tuple(Copy(start, length, "", "", 1, "", "", 1) for start, length in ((1, 8), (12, 16)))
    found = Novelty("words", 30, copies[1], copies, {})
    pieces = ["\x1b[2J", *"abcdefghijklmnopqrstuvwxyzABCD"]
    text = novelty.colored(pieces, found)
    assert text.startswith("\\x1b[2Ja\x1b[33mb\x1b[0m")
    assert text.count("\x1b[33m") == 8
    assert text.count("\x1b[31m") == 16


@pytest.mark.parametrize(("setting", "terminal", "color"), [("", True, True), ("1", True, False), ("", False, False)])
def test_color_is_for_terminals_that_want_it(monkeypatch, setting, terminal, color):
    stream = io.StringIO()
    stream.isatty = lambda: terminal
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setenv("NO_COLOR", setting)
    monkeypatch.setenv("TERM", "xterm")
    assert console.in_color() is color
