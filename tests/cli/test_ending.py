"""What a training shows on its way and in the end: samples, warnings, and the command that goes on from it."""

import json
import os
import re
import shlex

import mido
import numpy
import pytest

from tests.cli import run_command
from tests.conftest import ROOT

pytestmark = pytest.mark.usefixtures("no_pictures")

TUNES = ROOT / "corpus" / "tunes"
TEXT = ["--tokens", "space", "-u", 6, "-b", 3, "-l", 6, "--min-count", 1, "-d", "cpu"]
MUSIC = ["-u", 12, "-b", 4, "-l", 10, "--dropout", 0, "--lr", 0.01, "-d", "cpu"]


@pytest.fixture
def prose(tmp_path):
    path = tmp_path / "prose.txt"
    path.write_text("".join(f"the {a} sees the {b} .\n" for a in ("cat", "dog", "owl") * 3 for b in "abcdefgh"))
    return path


@pytest.fixture
def letters(tmp_path):
    path = tmp_path / "letters.tsv"
    path.write_text("".join(f"good\ta fine day {n}\nbad\ta poor day {n}\n" for n in range(30)))
    return path


def run(name, *args):
    """Run a command that works, in this process."""
    done = run_command(name, *args)
    assert done.returncode == 0, done.stderr
    return done


def printed_command(done):
    """The program and arguments that a training's last line names."""
    line = done.stderr.splitlines()[-1]
    words = shlex.split(line.removeprefix("next     "))
    assert line.startswith("next     python ")
    return words[1:]


def state_of(path):
    """All that a checkpoint holds, but for the speeds."""
    with numpy.load(path / "checkpoint.npz") as arrays:
        held = {name: arrays[name].tobytes() for name in arrays.files}
    meta = json.loads(held.pop("meta"))
    for entry in meta["history"]:
        del entry["words_per_second"]
    del meta["seconds"]
    return held, meta


def test_the_command_that_a_text_ends_with_writes_sentences(prose, tmp_path):
    out = tmp_path / "a run"
    done = run("train.py", prose, "-o", out, "-e", 2, *TEXT)
    command = printed_command(done)
    assert command == ["generate.py", str(out), "--sentences", "8", "-d", "cpu"]
    assert len(run(*command).stdout) > 20
    assert re.search(r"^end      all 2 epochs done, after 0:00:\d\d$", done.stderr, re.M)
    best = re.search(
        r"^best     epoch (\d), valid loss ([\d.]+) perplexity [\d.]+, [\d.]+ bits a character$", done.stderr, re.M
    )
    history = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    losses = {f"{entry['epoch']}": f"{entry['valid_loss']:.3f}" for entry in history if entry["best"]}
    assert list(losses.items())[-1] == best.groups()
    left = re.search(rf"^left     {re.escape(str(out))}: (.*)$", done.stderr, re.M)[1]
    assert sorted(left.split(", ")) == sorted(os.listdir(out))


def test_the_command_that_music_ends_with_writes_a_tune(tmp_path, monkeypatch):
    done = run("train.py", TUNES, "-o", tmp_path / "folk", "-e", 1, *MUSIC)
    command = printed_command(done)
    assert command[2:] == ["-o", "tune.mid", "--bars", "16", "-d", "cpu"]
    monkeypatch.chdir(tmp_path)
    run(*command)
    assert mido.MidiFile(tmp_path / "tune.mid").length > 1


def test_the_command_that_classes_end_with_names_them(letters, tmp_path, monkeypatch):
    small = ["-u", 4, "-b", 8, "--patience", 1, "-e", 50]
    done = run("classify.py", "train", letters, "-o", tmp_path / "mood", *small)
    command = printed_command(done)
    assert command == ["classify.py", "predict", str(tmp_path / "mood"), "FILE"]
    (tmp_path / "FILE").write_text("a fine day\n")
    monkeypatch.chdir(tmp_path)
    assert re.match(r"(good|bad)\b", run(*command).stdout)
    assert "end      patience used up, the last validation no better, after 0:00:" in done.stderr
    assert re.search(r"^best     epoch \d+\.0, valid error +[\d.]+%$", done.stderr, re.M)


@pytest.mark.parametrize("kind", ["text", "music"])
def test_samples_do_not_touch_the_training(kind, prose, tmp_path):
    given = [prose, *TEXT, "-e", 3] if kind == "text" else [TUNES, *MUSIC, "-e", 2]
    with_samples = run("train.py", *given, "-o", tmp_path / "with")
    without = run("train.py", *given, "-o", tmp_path / "without", "--sample-every", 0)
    assert re.findall(r"^sample   \S", with_samples.stdout, re.M)
    assert "sample" not in without.stdout
    assert (tmp_path / "with/model.npz").read_bytes() == (tmp_path / "without/model.npz").read_bytes()
    assert state_of(tmp_path / "with") == state_of(tmp_path / "without")


def test_a_sample_of_music_is_a_file_of_the_run(prose, tmp_path):
    out = tmp_path / "folk"
    done = run("train.py", TUNES, "-o", out, "-e", 1, *MUSIC)
    assert re.search(r"^sample   ([A-G]#?\d|[+ |-])+$", done.stdout, re.M)
    assert 0 < mido.MidiFile(out / "sample.mid").length < 20
    held = (out / "sample.mid").read_bytes()
    again = run("train.py", "-o", out, "--resume", "-e", 2, "-d", "cpu", "--sample-every", 0)
    assert "sample   " not in again.stdout
    assert (out / "sample.mid").read_bytes() == held
    run("train.py", prose, "-o", out, "--force", "-e", 1, *TEXT)
    assert not (out / "sample.mid").exists()


def test_what_will_say_little_is_said_before_the_training(tmp_path):
    path = tmp_path / "short.txt"
    path.write_text("".join(f"w{n} v{n} of the\n" for n in range(20)))
    done = run("train.py", path, "-o", tmp_path / "run", "-e", 1, *TEXT[:2], "-u", 4, "-b", 2, "-l", 2)
    warnings = re.findall(r"^warning  .*$", done.stderr, re.M)
    assert [line.split(":")[0].removeprefix("warning  ") for line in warnings] == [
        "40% of the validation words are unknown, and their loss says little",
        "validation is of 1 line only, and its loss says little",
        "test is of 1 line only, and its loss says little",
    ]
    assert done.stderr.index("warning") < done.stderr.index("engine  ")
