"""``generate.py RUN --score``: what it prints for people, on a terminal and elsewhere, and for programs."""

import io
import json
import os
import re
import sys
import threading

import pytest

from tests.conftest import refused
from tsuzuri.api.scoring import ScoredText, ScoredWord
from tsuzuri.cli import score

TEXT = "the cat sees the yak .\nthe dog .\n"
WORD = re.compile(r" ?(\S+?)\((\d+\.\d)( unknown)?\)\n?")


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text(TEXT)
    return path


def test_words_with_their_bits_and_a_line_for_all(straight, text, script):
    done = script("generate.py", straight[0], "--score", text)
    assert done.returncode == 0, done.stderr
    *lines, last = done.stdout.splitlines()
    words = WORD.findall("\n".join(lines))
    assert [word for word, _, _ in words] == TEXT.replace("\n", " ⏎ ").split()
    assert [word for word, _, unknown in words if unknown] == ["yak"]
    assert float(words[0][1]) < 1 < 5 < float(words[4][1])
    figures = re.fullmatch(
        r"score    11 words, 1 unknown \(9\.1%\); loss (\S+) perplexity (\S+), (\S+) bits a character", last
    )
    assert figures, last


def test_standard_input_and_json(straight, text, script, monkeypatch):
    whole = script("generate.py", straight[0], "--score", text).stdout.splitlines()[-1]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(TEXT.encode())))
    done = script("generate.py", straight[0], "--score", "-", "--json")
    fields = json.loads(done.stdout)
    assert (fields["file"], fields["words"], fields["unknown"], fields["characters"]) == ("-", 11, 1, len(TEXT))
    assert f"perplexity {fields['perplexity']:.1f}, {fields['bits_per_character']:.3f} bits" in whole
    assert "".join(word["word"] for word in fields["surprisals"]) == TEXT
    assert [word["word"] for word in fields["surprisals"] if word.get("unknown")] == [" yak"]
    mean = sum(word["surprisal"] for word in fields["surprisals"]) / 11
    assert 2**mean == pytest.approx(fields["perplexity"], rel=1e-4)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_is_scored_as_the_file_that_came_through_it(straight, text, script, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(TEXT.encode(),), daemon=True).start()
    piped = script("generate.py", straight[0], "--score", tmp_path / "pipe")
    assert (piped.returncode, piped.stdout) == (0, script("generate.py", straight[0], "--score", text).stdout)


def test_on_a_terminal_surprise_is_a_color(monkeypatch):
    words = [ScoredWord("the", 1.0), ScoredWord(" cat", 8.0), ScoredWord(" yak\x1b[2J", 20.0, False, 9.0)]
    words += [ScoredWord("\n", 5.0), ScoredWord("\n", 0.5)]
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert list(score.printed_words(words)) == words
    colored = "the \x1b[38;5;16;48;5;222mcat\x1b[0m \x1b[38;5;16;48;5;203;4myak\\x1b[2J\x1b[0m"
    assert sys.stdout.getvalue() == f"{colored}\x1b[38;5;16;48;5;230m⏎\x1b[0m\n\n"
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert list(score.printed_words(words)) == words
    assert sys.stdout.getvalue() == "the(1.0) cat(8.0) yak\\x1b[2J(20.0 unknown)⏎(5.0)\n⏎(0.5)\n"


def test_the_line_for_all_names_what_there_is():
    words = ScoredWord("a", 2.0), ScoredWord("\n", 4.0)
    start = "score    2 words, 0 unknown (0.0%); loss 2.079 perplexity 8.0"
    assert score.summary_line(ScoredText(words)) == f"{start}, 3.000 bits a character"
    assert score.summary_line(ScoredText(words, notes=3)) == f"{start}, 2.00 bits a note"
    assert score.summary_line(ScoredText(words, notes=0)) == start


def test_a_cache_is_for_scoring_and_for_generating(straight, text, script):
    for command in (["--score", text], ["the cat", "--seed", 1, "--length", 60]):
        plain, cached, again = (
            script("generate.py", straight[0], *command, *more) for more in ([], ["--cache"], ["--cache"])
        )
        assert cached.returncode == 0, cached.stderr
        assert plain.stdout != cached.stdout == again.stdout


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--adapt"], "--adapt: is for --score FILE, which is not given"),
        (["--score", "TEXT", "--top-p", 0.5], "--top-p: is for generating: cannot be given with --score"),
        (["--score", "TEXT", "-o", "a.txt"], "--out: is for generating"),
        (["dog", "--score", "TEXT"], "dog: is a text to begin with: --score takes one file"),
        (["--score", "nowhere.txt"], "nowhere.txt: no such file or folder"),
        (["--score", "EMPTY"], "is empty"),
    ],
)
def test_what_does_not_go_together_is_refused(straight, text, script, more, message, tmp_path):
    (tmp_path / "empty.txt").write_text("")
    places = {"TEXT": text, "EMPTY": tmp_path / "empty.txt"}
    assert message in refused(script("generate.py", straight[0], *[places.get(word, word) for word in more]))
