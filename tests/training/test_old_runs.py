"""Runs of older versions still load, write the same words from the same seed, and resume to the same bytes."""

import hashlib
import json
import pathlib
import shutil

import numpy
import pytest

from tsuzuri.cli import classify, generate, train
from tsuzuri.kernels import native

RUNS = pathlib.Path(__file__).parent / "runs"
STORED = RUNS / "format1"
EXPECTED = {
    (folder, kind): expected
    for folder in ("format1", "format2")
    for kind, expected in json.loads((RUNS / folder / "expected.json").read_text(encoding="utf-8")).items()
}
GENERATE = {
    "text": (generate.main, ["text", "--length", "40", "--seed", "7", "-d", "cpu"]),
    "music": (generate.main, ["music", "--words", "--length", "24", "--seed", "7", "-d", "cpu"]),
    "classes": (classify.main, ["predict", "classes", "corpus/letters.tsv", "-d", "cpu"]),
}
RESUME = {"text": (train.main, []), "music": (train.main, []), "classes": (classify.main, ["train"])}


@pytest.fixture
def stored(tmp_path, monkeypatch, folder):
    """The folder of runs of a format, copied and made the current one, under the kernels that they were made by."""
    if native.extension() is None:
        pytest.skip("the native kernels are not built here")
    monkeypatch.setattr(native, "level", lambda: "portable")
    shutil.copytree(RUNS / folder, tmp_path / "runs")
    monkeypatch.chdir(tmp_path / "runs")


def digest(path):
    """Of the names and bytes of an .npz's arrays but ``meta``, which holds speeds."""
    found = hashlib.sha256()
    with numpy.load(path) as arrays:
        for name in sorted(set(arrays.files) - {"meta"}):
            found.update(name.encode() + arrays[name].tobytes())
    return found.hexdigest()


@pytest.mark.parametrize(("folder", "kind"), EXPECTED)
def test_an_old_run_generates_the_same_words(stored, capsys, folder, kind):
    main, argv = GENERATE[kind]
    assert not main(argv)
    assert capsys.readouterr().out == EXPECTED[folder, kind]["written"]


@pytest.mark.parametrize(("folder", "kind"), EXPECTED)
def test_an_old_run_resumes_to_the_same_bytes(stored, folder, kind):
    main, argv = RESUME[kind]
    assert not main([*argv, "-o", kind, "--resume", "-d", "cpu"])
    assert digest(f"{kind}/model.npz") == EXPECTED[folder, kind]["model"]
    assert digest(f"{kind}/checkpoint.npz") == EXPECTED[folder, kind]["checkpoint"]
    with open(f"{kind}/log.jsonl", encoding="utf-8") as stream:
        history = [json.loads(line) for line in stream]
    assert len(history) == len(EXPECTED[folder, kind]["history"])
    for entry, expected in zip(history, EXPECTED[folder, kind]["history"], strict=True):
        assert entry.pop("words_per_second") > 0
        assert entry == pytest.approx(expected)
