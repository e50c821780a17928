"""docs/python.md: its Python runs, block after block in one folder, and its table has every public name.

Trainings are small: one epoch (two where one is resumed) of eight units.
"""

import inspect
import re

import pytest

import tsuzuri
from tests.conftest import ROOT
from tsuzuri.api.trained_run import TrainedRun

PAGE = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| `(\w+)` \| (.*)", re.MULTILINE)
OF_ALL_RUNS = re.compile(r"^Every run also has (.*?)\.", re.MULTILINE)
NAME = re.compile(r"`(?:\w+\.)?(\w+)`")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The working folder, with the files that the page names."""
    (tmp_path / "novel.txt").symlink_to(ROOT / "corpus" / "stories" / "toudai.txt")
    (tmp_path / "intro.mid").symlink_to(ROOT / "corpus" / "tunes" / "clementine.mid")
    letters = (ROOT / "corpus" / "letters.tsv").read_text(encoding="utf-8").splitlines(keepends=True)
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "letters.tsv").write_text("".join(letters[:150]), encoding="utf-8")
    (tmp_path / "midi").symlink_to(ROOT / "corpus" / "tunes")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def _small(monkeypatch):
    train, train_classifier, resume = tsuzuri.train, tsuzuri.train_classifier, tsuzuri.resume

    def small(function):
        def call(*args, **options):
            few = 1 if options.get("epoch") != 0 else 0  # which the page shows to be refused
            return function(*args, **options | {"epoch": few, "unit": 8, "device": "cpu"})

        return call

    monkeypatch.setattr(tsuzuri, "train", small(train))
    monkeypatch.setattr(tsuzuri, "train_classifier", small(train_classifier))
    monkeypatch.setattr(tsuzuri, "resume", lambda path, **options: resume(path, **options | {"epoch": 2}))


@pytest.mark.usefixtures("_small")
def test_what_it_shows_runs(folder, capsys):
    names = {}
    for number, block in enumerate(BLOCK.findall(PAGE), 1):
        exec(compile(block, f"block {number} of docs/python.md", "exec"), names)
    made = {path.name for path in folder.iterdir()}
    assert {"tune.mid", "tune.wav", "flute.mid", "curves.png", "confusion.png", "runs"} <= made
    assert len([*(folder / "out").iterdir()]) == 2
    assert names["letters"].history[-1]["epoch"] == 2
    (message,) = re.findall(r"print\(error\)  # (.*)", PAGE)
    assert f"{message}\n" in capsys.readouterr().out


def test_its_table_has_every_public_name():
    assert sorted(name for name, _ in ROW.findall(PAGE)) == sorted(tsuzuri.__all__)


def members(kind):
    """The public names that a class has of its own, or from a class of ours."""
    own = {name for base in kind.__mro__ if base.__module__.startswith("tsuzuri.") for name in vars(base)}
    return {name for name in own | {*vars(kind).get("__dataclass_fields__", ())} if not name.startswith("_")}


CLASSES = [row for row in ROW.findall(PAGE) if inspect.isclass(getattr(tsuzuri, row[0], None))]


@pytest.mark.parametrize(("name", "text"), CLASSES, ids=lambda value: value[:9])
def test_its_table_has_every_public_method(name, text):
    kind, named = getattr(tsuzuri, name), {*NAME.findall(text)}
    if issubclass(kind, TrainedRun):
        named |= {*NAME.findall(OF_ALL_RUNS.search(PAGE)[1])}
        assert named == members(kind)
    assert named >= members(kind)
