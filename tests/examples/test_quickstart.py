"""The quick start: its notebook has the script's cells and what they show, and both run, from any folder."""

import json
import os
import re
import runpy
import subprocess
import sys

import pytest

from examples import make_notebook
from tests.conftest import ROOT

NOTEBOOK = ROOT / "examples" / "quickstart.ipynb"
SCRIPT = ROOT / "examples" / "quickstart.py"
MOST_BYTES = 3_000_000  # of the notebook
EPOCHS = re.compile("^EPOCHS = .*$", re.MULTILINE)
SHOWN = re.compile(r"base64,[\w+/=]+")  # a picture or a sound
ABSOLUTE = re.compile(r"(?<![\w.])/(?:home|root|tmp|work|usr|opt|var|content|Users)/|[A-Z]:\\")
FEW = {"stories": ("ame.txt", "toudai.txt"), "tunes": ("auld-lang-syne.mid", "clementine.mid", "frere-jacques.mid")}


def outputs_of(notebook):
    return [output for cell in notebook["cells"] for output in cell.get("outputs", ())]


def check_outputs(notebook, but_warnings=False):
    """A notebook ran to its end: text, curves, a piano roll with a player, and a matrix are shown, and no path."""
    counts = [cell["execution_count"] for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert counts == [*range(1, len(counts) + 1)]
    outputs = outputs_of(notebook)
    if but_warnings:
        outputs = [output for output in outputs if output.get("name") != "stderr"]
    assert {output["output_type"] for output in outputs} == {"stream", "execute_result"}
    assert {output.get("name", "stdout") for output in outputs} == {"stdout"}  # no warning
    shown = [output["data"] for output in outputs if "data" in output]
    assert sum("image/png" in data for data in shown) == 2  # the curves of the stories, and the confusion matrix
    pages = ["".join(data["text/html"]) for data in shown if "text/html" in data]
    assert ['<audio controls src="data:audio/wav;base64,' in page for page in pages] == [False, True]
    assert all('<img src="data:image/png;base64,' in page for page in pages)
    said = "".join("".join(output["text"]) for output in outputs if "text" in output)
    assert "灯台" in said
    assert "accuracy" in said
    assert not ABSOLUTE.search(SHOWN.sub("", json.dumps(outputs, ensure_ascii=False)))


def test_the_notebook_has_the_cells_of_the_script():
    found = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    wanted = make_notebook.cells_of(SCRIPT.read_text(encoding="utf-8"))
    assert [(cell["cell_type"], "".join(cell["source"])) for cell in found] == wanted, "make notebook makes it anew"


def test_the_notebook_keeps_its_outputs():
    check_outputs(json.loads(NOTEBOOK.read_text(encoding="utf-8")))
    assert NOTEBOOK.stat().st_size < MOST_BYTES


def test_cells_of_a_script():
    script = '"""What it is."""\n\n# %% [markdown]\n# # Title\n#\n# Text.\n\n# %%\nx = 1\n\nx  # %% not a cell\n'
    assert make_notebook.cells_of(script) == [("markdown", "# Title\n\nText."), ("code", "x = 1\n\nx  # %% not a cell")]


def make(script):
    """Make the notebook of a script, as ``make notebook`` does."""
    command = [sys.executable, "-m", "examples.make_notebook", str(script)]
    settings = os.environ | {"PYTHONPATH": str(ROOT)}  # for the kernel, which does not start here
    done = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return json.loads(script.with_suffix(".ipynb").read_text(encoding="utf-8"))


@pytest.fixture
def small(tmp_path):
    """A copy of the script that trains for one epoch, on a few files of the corpora."""
    script, count = EPOCHS.subn('EPOCHS = {"stories": 1, "tunes": 1, "letters": 1}', SCRIPT.read_text(encoding="utf-8"))
    assert count == 1
    for name, files in FEW.items():
        (tmp_path / "corpus" / name).mkdir(parents=True)
        for file in files:
            (tmp_path / "corpus" / name / file).symlink_to(ROOT / "corpus" / name / file)
    (tmp_path / "corpus" / "letters.tsv").symlink_to(ROOT / "corpus" / "letters.tsv")
    (tmp_path / "examples").mkdir()
    path = tmp_path / "examples" / "quickstart.py"
    path.write_text(script, encoding="utf-8")
    return path


def test_a_small_notebook_runs(small):
    check_outputs(make(small), but_warnings=True)  # of texts that are few
    saved = {path.name for path in (small.parent.parent / "runs" / "quickstart").iterdir()}
    assert saved == {"stories", "tunes", "letters", "tune.mid", "tune.wav", "tune.png"}


def test_a_small_script_runs_from_any_folder(small, tmp_path, monkeypatch, capsys):
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    monkeypatch.chdir(folder)
    runpy.run_path(str(small))
    assert "灯台" in capsys.readouterr().out
    assert list(folder.iterdir()) == []
    assert (tmp_path / "runs" / "quickstart" / "tune.mid").read_bytes().startswith(b"MThd")


@pytest.mark.slow
def test_the_whole_notebook_runs(tmp_path):
    (tmp_path / "corpus").symlink_to(ROOT / "corpus")
    (tmp_path / "examples").mkdir()
    script = tmp_path / "examples" / "quickstart.py"
    script.write_bytes(SCRIPT.read_bytes())
    check_outputs(make(script))


def test_the_first_cell_sets_up_on_colab_alone(tmp_path, monkeypatch):
    cell = next(source for kind, source in make_notebook.cells_of(SCRIPT.read_text(encoding="utf-8")) if kind == "code")
    calls = []

    def called(command, check):
        calls.append((*command[:4], os.environ.get("PIP_CONSTRAINT"), os.environ.get("PIP_BUILD_CONSTRAINT")))
        (tmp_path / "tsuzuri" / "examples").mkdir(parents=True, exist_ok=True)

    monkeypatch.setattr(subprocess, "run", called)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PIP_CONSTRAINT", "")
    monkeypatch.setenv("PIP_BUILD_CONSTRAINT", "")
    exec(cell, {})
    assert calls == []
    monkeypatch.setitem(sys.modules, "google.colab", sys)
    exec(cell, {})
    constraints = str(tmp_path / "tsuzuri" / "build-constraints.txt")
    assert calls == [
        ("git", "clone", "--depth", "1", "", ""),
        (sys.executable, "-m", "pip", "install", constraints, constraints),
    ]
    assert os.getcwd() == str(tmp_path / "tsuzuri" / "examples")
