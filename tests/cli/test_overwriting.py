"""Each command leaves what it reads, what belongs to a run and what nobody named; what was named is replaced."""

import os
import shutil

import pytest

from tests.cli import run_command
from tests.conftest import ROOT, refused
from tests.training.test_old_runs import STORED

TUNE = ROOT / "corpus" / "tunes" / "greensleeves.mid"
GENERATE = ["--length", 5, "--seed", 1, "-d", "cpu"]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with a tune, its words, runs, and files of somebody's that have names we would like to have."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(TUNE, "x.mid")
    for kind in ("text", "music", "classes"):
        shutil.copytree(STORED / kind, kind)
    (tmp_path / "w.words").write_text("00_90_4050 8360_80_4000\n")
    for name in ("x.png", "y.json", "z.png", "z.wav", "letters.tsv"):
        (tmp_path / name).write_text("theirs")
    (tmp_path / "out").mkdir()
    for name in ("w.mid", "tune-1.mid", "text-1.txt"):
        (tmp_path / "out" / name).write_text("theirs")
    os.symlink("x.mid", "link")
    return tmp_path


def contents(folder):
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize(
    "command",
    [
        ["read_midi.py", "x.mid", "-o", "x.mid"],
        ["read_midi.py", "x.mid", "-o", "link"],
        ["read_midi.py", ".", "-o", "./x.mid"],
        ["read_midi.py", "w.words", "-o", "w.words"],
        ["read_midi.py", "x.mid", "--plot"],
        ["read_midi.py", "x.mid", "--plot", "-o", "new.words"],
        ["read_midi.py", "x.mid", "-o", "y"],
        ["read_midi.py", "x.mid", "-o", "text/run", "--force"],  # beside which would go run.json
        ["read_midi.py", "x.mid", "-o", "x.png", "--plot", "--force"],
        ["write_midi.py", "w.words", "-o", "z.mid", "--plot"],
        ["write_midi.py", "w.words", "-o", "z.mid", "--wav"],
        ["write_midi.py", "w.words", "-o", "out"],
        ["generate.py", "text", "-o", "text/model.npz", *GENERATE],
        ["generate.py", "text", "-o", "music/vocabulary.txt", "--force", *GENERATE],
        ["generate.py", "text", "-o", "out/", *GENERATE],
        ["generate.py", "music", "-o", "music/sample.mid", *GENERATE],
        ["generate.py", "music", "--words", "-o", "text/checkpoint.npz", *GENERATE],
        ["generate.py", "music", "--words", "-o", "y", *GENERATE],
        ["generate.py", "music", "-o", "z.mid", "--plot", *GENERATE],
        ["generate.py", "music", "-o", "out", "-n", 2, *GENERATE],
        ["generate.py", "music", "x.mid", "-o", "x.mid", *GENERATE],
        ["classify.py", "evaluate", "classes", "letters.tsv", "-o", "letters.tsv"],
        ["classify.py", "evaluate", "classes", "-o", "classes/model.npz"],
        ["classify.py", "evaluate", "classes", "-o", "text/loss.png"],
    ],
)
def test_nothing_is_lost(place, command):
    if command[:3] == ["generate.py", "text", "-o"]:
        (place / "out" / "text-1.txt").write_text("theirs")
    before = contents(place)
    line = refused(run_command(*command))
    assert "must be another file" in line or line.endswith("is there already: --force replaces it")
    assert contents(place) == before


@pytest.mark.parametrize(
    ("command", "replaced"),
    [
        (["read_midi.py", "x.mid", "-o", "y.json"], "y.json"),
        (["read_midi.py", "x.mid", "--plot", "--force"], "x.png"),
        (["read_midi.py", "x.mid", "-o", "y", "--force"], "y.json"),
        (["write_midi.py", "w.words", "-o", "out", "--force"], "out/w.mid"),
        (["write_midi.py", "w.words", "-o", "z.mid", "--plot", "-f"], "z.png"),
        (["generate.py", "text", "-o", "letters.tsv", *GENERATE], "letters.tsv"),
        (["generate.py", "text", "-o", "out/", "--force", *GENERATE], "out/text-1.txt"),
        (["generate.py", "music", "-o", "out", "-n", 2, "-f", *GENERATE], "out/tune-1.mid"),
    ],
)
def test_what_is_named_or_forced_is_replaced(place, command, replaced):
    done = run_command(*command)
    assert done.returncode == 0, done.stderr
    assert (place / replaced).read_bytes() != b"theirs"


@pytest.mark.parametrize(
    "command",
    [
        ["read_midi.py", "x.mid", "-o", "new.words"],
        ["read_midi.py", "link", "--plot"],
        ["write_midi.py", "w.words", "-o", "new.mid", "--plot", "--wav"],
        ["generate.py", "music", "-o", "new.mid", "--plot", "--wav", *GENERATE],
        ["generate.py", "text", "-o", "new.txt", *GENERATE],
    ],
)
def test_a_command_can_be_repeated(place, command):
    first, second = run_command(*command), run_command(*command)
    assert (first.returncode, second.returncode) == (0, 0), second.stderr


def test_several_texts_go_into_a_folder(place):
    for out in ("new/deep/", "there"):
        os.makedirs("there", exist_ok=True)
        done = run_command("generate.py", "text", "-o", out, "-n", 3, *GENERATE)
        assert done.returncode == 0, done.stderr
        assert done.stderr.splitlines()[-1] == f"wrote 3 texts into {out}"
        assert sorted(os.listdir(out)) == ["text-1-1.txt", "text-1-2.txt", "text-1-3.txt"]
    texts = [(place / "there" / name).read_text(encoding="utf-8") for name in sorted(os.listdir("there"))]
    single = run_command("generate.py", "text", "-n", 3, *GENERATE).stdout
    assert single == "".join(f"======== {n} of 3 ========\n{text}" for n, text in enumerate(texts, 1))
    assert run_command("generate.py", "text", "-o", "there", "--seed", 2, "--length", 3).returncode == 0
    assert "text-2.txt" in os.listdir("there")


def test_no_folder_is_made_for_what_is_refused(place):
    before = sorted(os.listdir(place))
    assert refused(run_command("generate.py", "text", "☃☃☃", "-o", "new/", *GENERATE))
    assert refused(run_command("generate.py", "music", "nothing.mid", "-o", "new/", *GENERATE))
    for command in (["generate.py", "music", "--words"], ["read_midi.py", "x.mid"]):
        assert refused(run_command(*command, "-o", "new/")) == "new/: is a folder: must be a file"
    assert sorted(os.listdir(place)) == before
