"""Standard streams that are closed, full or left by their reader; foreign text that would steer a terminal."""

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from tests.cli import run_command
from tests.conftest import ROOT, refused
from tests.training.test_old_runs import STORED

GENERATE = ["--length", "5", "--seed", "1", "-d", "cpu"]
posix = pytest.mark.skipif(os.name != "posix", reason="a shell closes the streams")


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for kind in ("text", "music", "classes"):
        shutil.copytree(STORED / kind, kind)
    shutil.copy(ROOT / "corpus" / "tunes" / "greensleeves.mid", "x.mid")
    return tmp_path


def shell(line, name, *args):
    """Run a command with what follows it in a shell, such as a redirection."""
    words = ["bash", "-c", f'"$@" {line}', "-", sys.executable, str(ROOT / name), *args]
    return subprocess.run(words, capture_output=True, text=True, timeout=100)


@posix
@pytest.mark.parametrize(
    ("line", "command", "reason"),
    [
        (">&-", ["generate.py", "text", *GENERATE], "standard output is closed"),
        (">&-", ["classify.py", "evaluate", "classes"], "standard output is closed"),
        (">&-", ["read_midi.py", "x.mid", "--list"], "standard output is closed"),
        (">&-", ["read_midi.py", "--help"], "standard output is closed"),
        ("<&-", ["classify.py", "predict", "classes"], "standard input is closed"),
        (">/dev/full", ["generate.py", "text", *GENERATE], "cannot write or read: No space left on device"),
        (">/dev/full", ["train.py", "--help"], "cannot write or read: No space left on device"),
    ],
)
def test_a_stream_that_is_needed_is_missed_in_one_line(place, line, command, reason):
    done = shell(line, *command)
    assert done.stdout == ""
    assert refused(done).startswith(reason)
    assert len([text for text in done.stderr.splitlines() if not text.startswith("seed ")]) == 1


@posix
@pytest.mark.parametrize("line", ["2>&-", "2>/dev/full", "<&-", "2>&- <&-"])
def test_a_stream_that_is_not_needed_is_not_missed(place, line):
    done = shell(line, "generate.py", "text", *GENERATE)
    assert done.returncode == 0
    assert done.stdout == run_command("generate.py", "text", *GENERATE).stdout
    assert done.stderr in ("", "seed 1\n")


@posix
def test_with_all_streams_closed_files_are_what_they_would_be(place):
    assert shell(">&- 2>&- <&-", "generate.py", "text", "-o", "a.txt", *GENERATE).returncode == 0
    assert (place / "a.txt").read_text(encoding="utf-8") == run_command("generate.py", "text", *GENERATE).stdout
    (place / "corpus.txt").write_text("a b c d e f g\n" * 60)
    small = ["--tokens", "space", "-u", "4", "-b", "2", "-l", "3", "-e", "1", "-d", "cpu"]
    assert shell(">&- 2>&- <&-", "train.py", "corpus.txt", "-o", "run", *small).returncode == 0
    assert (place / "run" / "model.npz").exists()


@posix
def test_a_reader_that_leaves_ends_it_quietly(place):
    done = shell("| head -c 9", "generate.py", "text", "--length", "100000", "--seed", "1", "-d", "cpu")
    assert (done.returncode, done.stderr) == (0, "seed 1\n")
    done = shell("2>&1 | head -n 1", "read_midi.py", "x.mid")
    assert (done.returncode, done.stdout.count("\n"), done.stderr) == (0, 1, "")


def test_a_seed_that_is_no_text_is_one_line(place):
    for run in ("text", "music"):
        done = subprocess.run(
            [sys.executable, ROOT / "generate.py", run, b"\xff\x1b", *GENERATE], capture_output=True, text=True
        )
        assert r"\udcff\x1b" in refused(done)


@pytest.mark.filterwarnings("error")
def test_the_smallest_temperature_is_as_good_as_none(place):
    command = ["generate.py", "text", *GENERATE, "--escape", "off", "--temperature"]
    assert run_command(*command, "1e-320").stdout == run_command(*command, 0).stdout
    assert run_command(*command, "1e-320").stderr == "seed 1\n"


@pytest.mark.parametrize("name", ["a\x1b[2Jb", "a\nb", "a\x9b1mb", "a\u202eb"])
def test_a_name_cannot_steer_the_terminal(place, name):
    shown = name.encode("unicode_escape").decode()
    assert refused(run_command("generate.py", name)).startswith(f"{shown}: no such folder")
    shutil.copy("x.mid", name + ".mid")
    listed = run_command("read_midi.py", name + ".mid", "--list")
    assert listed.stdout.startswith(f"{shown}.mid: format")
    (place / (name + ".bad.mid")).write_text("no music")
    told = run_command("read_midi.py", name + ".mid", name + ".bad.mid", "-o", "w")
    assert f"refused  {shown}.bad.mid: " in told.stderr
    (place / "corpus").mkdir()
    (place / "corpus" / f"{name}.txt").write_bytes(b"\0\1\2" * 500)
    line = run_command("train.py", "corpus", "-o", "run", "-d", "cpu").stderr
    assert not {"\x1b", "\x9b", "\u202e"} & set(line)
    assert line.count("\n") == 1 or "\n" not in name


def steering(folder, kind):
    """Put steering characters into the names of a received run's classes, or into its words."""
    if kind == "classes":
        about = json.loads((folder / "run.json").read_text())
        about["classes"] = [f"{label}\x1b]0;me\x07\x9b" for label in about["classes"]]
        (folder / "run.json").write_text(json.dumps(about))
    else:
        path = folder / "vocabulary.txt"
        eos, unk, *words = path.read_text(encoding="utf-8").splitlines()
        path.write_text("\n".join([eos, unk, *(f"\x1b[31m{word}\x9b\u202e" for word in words), ""]), encoding="utf-8")


def on_terminal(monkeypatch, *command):
    """What a command prints where standard output is a terminal."""
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr("contextlib.redirect_stdout", lambda _: StandsForOutput(terminal))
    return run_command(*command), terminal.getvalue()


class StandsForOutput:
    """A context in which standard output is this stream."""

    def __init__(self, stream):
        self.stream = stream

    def __enter__(self):
        self.before, sys.stdout = sys.stdout, self.stream

    def __exit__(self, *_):
        sys.stdout = self.before


def test_a_received_vocabulary_is_shown_escaped_on_a_terminal_and_written_as_it_is(place, monkeypatch):
    steering(place / "text", "text")
    for several in ([], ["-n", 2]):
        plain = run_command("generate.py", "text", *GENERATE, *several).stdout
        assert "\x1b[31m" in plain
        _, shown = on_terminal(monkeypatch, "generate.py", "text", *GENERATE, *several)
        assert r"\x1b[31m" in shown
        assert not {"\x1b", "\x9b", "\u202e"} & set(shown)
        monkeypatch.undo()
        monkeypatch.chdir(place)
    line = refused(run_command("generate.py", "text", "灯", *GENERATE))
    assert not {"\x1b", "\x9b", "\u202e"} & set(line)


@pytest.mark.parametrize("more", [[], ["--json"], ["--explain"], ["--explain", "--color", "always"]])
def test_a_class_cannot_steer_the_terminal(place, monkeypatch, more):
    steering(place / "classes", "classes")
    (place / "lines.txt").write_text("嬉しい\x9b31m手紙\u202e\n", encoding="utf-8")
    for terminal in (False, True):
        command = ["classify.py", "predict", "classes", "lines.txt", "--encoding", "utf-8", *more]
        done, shown = on_terminal(monkeypatch, *command) if terminal else (run_command(*command), "")
        text = shown or done.stdout
        label = text.split("\t")[0]
        assert label
        assert not {"\x1b", "\x9b", "\x07"} & set(text if terminal and "always" not in more else label)
        assert "\x9b" not in text or not (terminal or more)
        monkeypatch.undo()
        monkeypatch.chdir(place)


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("kind", ["text", "music", "folder"])
def test_what_was_drawn_until_ctrl_c_is_kept(place, kind, number):
    out = {"text": "a.txt", "music": "a.mid", "folder": "new/"}[kind]
    run = "music" if kind == "music" else "text"
    count = "2" if kind == "folder" else "1"
    command = [run, "-o", out, "--length", "10000000", "-n", count, "--seed", "1", "-d", "cpu"]
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "generate.py"), *command],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert process.stderr.readline() == "seed 1\n"
    time.sleep(1)
    process.send_signal(number)
    rest = process.communicate(timeout=60)[1]
    assert process.returncode == 128 + number, rest
    assert rest.startswith("stopped  ")
    if kind == "music":
        done = run_command("read_midi.py", "a.mid", "--strict")
        assert done.returncode == 0, done.stderr
        assert "_90_" in done.stdout
    else:
        files = [place / "a.txt"] if kind == "text" else sorted((place / "new").iterdir())
        assert len(files) == int(count)
        assert all(len(path.read_text(encoding="utf-8")) > 100 for path in files)
