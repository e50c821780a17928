"""Runs of older versions still load, write the same words from the same seed, and resume to the same bytes."""

import hashlib
import json
import pathlib
import shutil

import numpy
import pytest

from tsuzuri.cli import classify, generate, train
from tsuzuri.kernels import native
from tsuzuri.training.schemas import VALID_BITS

RUNS = pathlib.Path(__file__).parent / "runs"
STORED = RUNS / "format1"  # for other tests too
FORMATS = "format1", "format2", "format2-files"
EXPECTED = {name: json.loads((RUNS / name / "expected.json").read_text(encoding="utf-8")) for name in FORMATS}
CASES = [(name, kind) for name in FORMATS for kind in EXPECTED[name]]
GENERATE = {
    "text": (generate.main, ["text", "--length", "40", "--seed", "7", "-d", "cpu"]),
    "music": (generate.main, ["music", "--words", "--length", "24", "--seed", "7", "-d", "cpu"]),
    "classes": (classify.main, ["predict", "classes", "corpus/letters.tsv", "-d", "cpu"]),
}
RESUME = {"text": (train.main, []), "music": (train.main, []), "classes": (classify.main, ["train"])}


@pytest.fixture
def stored(tmp_path, monkeypatch, name):
    """The folder of a format's runs, copied and made the current one, under the kernels that they were made by."""
    if native.extension() is None:
        pytest.skip("the native kernels are not built here")
    monkeypatch.setattr(native, "level", lambda: "portable")
    shutil.copytree(RUNS / name, tmp_path / "runs")
    monkeypatch.chdir(tmp_path / "runs")


def digest(path):
    """Of the names and bytes of an .npz's arrays but ``meta``, which holds speeds."""
    found = hashlib.sha256()
    with numpy.load(path) as arrays:
        for name in sorted(set(arrays.files) - {"meta"}):
            found.update(name.encode() + arrays[name].tobytes())
    return found.hexdigest()


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_an_old_run_generates_the_same_words(stored, capsys, name, kind):
    main, argv = GENERATE[kind]
    assert not main(argv)
    assert capsys.readouterr().out == EXPECTED[name][kind]["written"]


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_an_old_run_resumes_to_the_same_bytes(stored, name, kind):
    main, argv = RESUME[kind]
    assert not main([*argv, "-o", kind, "--resume", "-d", "cpu"])
    assert digest(f"{kind}/model.npz") == EXPECTED[name][kind]["model"]
    assert digest(f"{kind}/checkpoint.npz") == EXPECTED[name][kind]["checkpoint"]
    with open(f"{kind}/log.jsonl", encoding="utf-8") as stream:
        history = [json.loads(line) for line in stream]
    assert len(history) == len(EXPECTED[name][kind]["history"])
    for entry, expected in zip(history, EXPECTED[name][kind]["history"], strict=True):
        assert entry.pop("words_per_second") > 0
        assert entry.pop(VALID_BITS, 1) > 0  # which epochs from before have not
        assert entry == pytest.approx(expected)
