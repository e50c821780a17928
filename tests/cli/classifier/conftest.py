"""What the tests of classify.py share: runs that each process of the tests makes once, and that none changes."""

import contextlib
import io
import shutil

import numpy
import pytest

from tests.cli.classifier import CUES, OTHER, SMALL, TUNES, captured, lines
from tsuzuri.cli import classify, options, train


@pytest.fixture(scope="session")
def mood(tmp_path_factory):
    """A corpus of 120 lines, 96 of them to train on, and a file of vectors for its words."""
    folder = tmp_path_factory.mktemp("mood")
    (folder / "mood.tsv").write_text("".join(lines(120, 1)))
    rng = numpy.random.default_rng(0)
    rows = [f"{word} {' '.join(f'{x:.3f}' for x in rng.normal(size=6))}\n" for word in (*OTHER, *CUES["bad"], "fine")]
    (folder / "vectors").write_text("".join(rows))
    return folder / "mood.tsv"


@pytest.fixture(scope="session")
def straight(mood, tmp_path_factory):
    """A run of five epochs straight through, and what was said meanwhile."""
    out = tmp_path_factory.mktemp("runs") / "straight"
    return out, *captured("train", mood, "-o", out, "-e", 5, *SMALL)


@pytest.fixture
def refused(capsys):
    """Call the script, or another main, as a command line does; returns the one line with which it refused."""

    def line(*args, main=classify.main):
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            options.run(lambda: main([str(arg) for arg in args]))
        said = capsys.readouterr().err
        assert ended.value.code == 2, said
        assert "Traceback" not in said
        name, _, reason = said.strip().split("\n")[-1].partition(": error: ")
        assert reason, (name, said)
        return reason

    return line


@pytest.fixture(scope="session")
def language(tmp_path_factory):
    """A run of train.py on the same kind of text."""
    folder = tmp_path_factory.mktemp("language")
    (folder / "text.txt").write_text("".join(line.partition("\t")[2] for line in lines(300, 5)))
    how = ["-u", 8, "-b", 4, "-l", 6, "-e", 1, "--min-count", 1, "--tokens", "space", "-d", "cpu"]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        train.main([str(word) for word in (folder / "text.txt", "-o", folder / "run", *how)])
    return folder / "run"


@pytest.fixture(scope="session")
def tunes(tmp_path_factory):
    """Folders of tunes that come with the project, for two classes, and a run on them."""
    folder = tmp_path_factory.mktemp("tunes")
    for label, found in (("old", TUNES[:8]), ("new", TUNES[8:16])):
        (folder / "data" / label).mkdir(parents=True)
        for file in found:
            shutil.copy(file, folder / "data" / label)
    said = captured("train", folder / "data", "-o", folder / "run", "-e", 1, *SMALL, "--grid", 12, "--model", "bow")
    return folder, said
