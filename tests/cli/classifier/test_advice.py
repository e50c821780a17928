"""Warnings of few examples come before the training, and not again when it goes on."""

import pytest

from tests.cli import run_command


@pytest.mark.usefixtures("no_pictures")
def test_few_examples_are_warned_of_once(tmp_path):
    path = tmp_path / "letters.tsv"
    path.write_text("".join(f"good\ta fine day {n}\n" for n in range(30)) + "bad\ta poor day\n" * 4)
    done = run_command("classify.py", "train", path, "-o", tmp_path / "run", "-u", 3, "-e", 1, "-d", "cpu")
    assert done.returncode == 0, done.stderr
    assert "warning  validation is of 2 examples only" in done.stderr
    assert done.stderr.index("warning") < done.stderr.index("engine  ")
    again = run_command("classify.py", "train", "-o", tmp_path / "run", "--resume", "-e", 2, "-d", "cpu")
    assert again.returncode == 0, again.stderr
    assert "warning" not in again.stderr
