"""Text from a run: seeds, words that are unknown, output as it is made, and what is refused."""

import re
import signal
import subprocess
import sys
import time

import pytest

from tests.cli.text import SMALL, train
from tests.conftest import ROOT, refused
from tsuzuri.compat import chainer

pytestmark = pytest.mark.usefixtures("no_pictures")  # but for the run that they share, which is made before


def test_the_same_seed_writes_the_same_text(straight, script):
    out, _ = straight
    first = script("generate.py", out, "the", "--length", 30, "--seed", 5)
    assert first.returncode == 0
    assert first.stderr == "seed 5\n"
    assert first.stdout.startswith("the ")
    assert len(first.stdout.split()) > 20
    assert script("generate.py", out, "the", "--length", 30, "--seed", 5).stdout == first.stdout
    again = script("generate.py", "-m", out, "-p", "the", "--length", 30, "--seed", 5, "-o", out / "text")
    assert again.stdout == ""
    assert (out / "text").read_text() == first.stdout
    (out / "text").unlink()


def test_a_seed_that_is_not_given_is_told(straight, script):
    out, _ = straight
    first = script("generate.py", out, "--length", 40)
    seed = re.fullmatch(r"seed (\d+)\n", first.stderr)[1]
    assert script("generate.py", out, "--length", 40, "--seed", seed).stdout == first.stdout


def test_several_texts(straight, script):
    out, _ = straight
    text = script("generate.py", out, "-n", 3, "--sentences", 2, "--seed", 2).stdout
    parts = re.split(r"======== \d of 3 ========\n", text)
    assert parts[0] == ""
    assert [part.count(".") for part in parts[1:]] == [2, 2, 2]
    assert len(set(parts[1:])) == 3


def test_temperature_zero_needs_no_luck(straight, script):
    out, _ = straight
    plain = ("generate.py", out, "the", "--temperature", 0, "--escape", "off", "--seed")
    assert len({script(*plain, seed).stdout for seed in (1, 2)}) == 1


def test_unknown_words(straight, script):
    out, _ = straight
    line = refused(script("generate.py", out, "the catt"))
    assert line.startswith("'catt': not a known word;")
    assert "cat" in line
    assert "--unk skip" in line
    skipped = script("generate.py", out, "the catt", "--unk", "skip", "--seed", 1, "--length", 5)
    assert skipped.stderr == "note: without catt\nseed 1\n"
    nearest = script("generate.py", out, "the catt", "--unk", "nearest", "--seed", 1, "--length", 5)
    assert "note: cat for catt" in nearest.stderr
    assert nearest.stdout.startswith("the cat ")


def test_unk_is_never_written(corpus, tmp_path, script):
    """With a vocabulary of six, most words are <unk> in training."""
    out = tmp_path / "run"
    assert train(corpus, "-o", out, "-e", 2, "--vocab-size", 6, *SMALL).returncode == 0
    text = script("generate.py", out, "--length", 500, "--seed", 3).stdout
    assert "unk" not in text
    assert len(text.split()) > 300


def test_text_is_shown_as_it_is_made(straight):
    out, _ = straight
    process = subprocess.Popen(
        [sys.executable, ROOT / "generate.py", out, "the", "--length", "1000000", "--seed", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout.read(200).startswith(b"the ")  # long before the end
    process.stdout.close()
    assert process.wait(timeout=20) == 128 + signal.SIGPIPE
    assert process.stderr.read() == b"seed 1\n"
    process.stderr.close()


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        ([], "no run directory"),
        (["none"], "none: no such folder: must be a run (training a language model makes one)"),
        (["tests"], "tests: not a run"),
        (["RUN", "a", "-p", "b"], "one run directory and one text to begin with are enough"),
        (["RUN", "--temperature", "-1"], "-1 is out of range: must be 0 or more"),
        (["RUN", "--top-p", "1.5"], "1.5 is out of range: must be above 0, at most 1"),
        (["RUN", "-o", "README.md/text"], "README.md/text: cannot be written: Not a directory"),
    ],
)
def test_what_generate_refuses(straight, script, args, reason):
    args = [str(straight[0]) if arg == "RUN" else arg for arg in args]
    assert reason in refused(script("generate.py", *args))


def test_an_articles_snapshot_in_place_of_the_weights_generates(straight, script, tmp_path):
    """A snapshot that Chainer's own serializer wrote, compressed, is as good as ours."""
    import shutil

    from tsuzuri.training.run import load_run

    out = shutil.copytree(straight[0], tmp_path / "run")
    model = load_run(str(out)).load_best()
    chainer.serializers.save_npz(out / "model.npz", model)
    wanted = script("generate.py", straight[0], "the", "--seed", 1).stdout
    assert script("generate.py", out, "the", "--seed", 1).stdout == wanted


def test_help_answers_at_once(script):
    times = []
    for _ in range(5):
        start = time.perf_counter()
        assert "usage: generate.py" in script("generate.py", "--help").stdout
        times.append(time.perf_counter() - start)
    assert min(times) < 0.5
