"""train.py on what comes through a pipe, and what it says of texts that are not quite right."""

import gzip
import json
import subprocess
import sys

import pytest

from tests.cli.text import SMALL, train
from tests.conftest import ROOT

LINES = [f"the cat number {n} sat on mat {n % 7}" for n in range(400)]
OPTIONS = [*SMALL, "-e", "1", "--sample-every", "0"]


def piped(data, *args):
    command = [sys.executable, ROOT / "train.py", "/dev/stdin", *map(str, args)]
    return subprocess.run(command, input=data, capture_output=True, timeout=300)


@pytest.mark.skipif(sys.platform == "win32", reason="no /dev/stdin")
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_every_line_of_a_pipe_is_read(tmp_path, pack):
    data = "".join(line + "\n" for line in LINES).encode()
    (tmp_path / "a.txt").write_bytes(data)
    process = piped(pack(data), "-o", tmp_path / "piped", *OPTIONS)
    assert process.returncode == 0, process.stderr
    assert train(tmp_path / "a.txt", "-o", tmp_path / "plain", *OPTIONS).returncode == 0
    corpora = [json.loads((tmp_path / name / "run.json").read_text())["corpus"] for name in ("piped", "plain")]
    assert corpora[0]["fingerprint"] == corpora[1]["fingerprint"]


def test_what_was_amiss_is_said(tmp_path):
    text = "\n".join(LINES[:200]) + "\nwith a \x08 in it\n"
    (tmp_path / "a.txt").write_text(text)
    (tmp_path / "b.md").write_text("x")
    process = train(tmp_path, "-o", tmp_path / "run", *OPTIONS)
    said = process.stdout + process.stderr
    assert f"note     {tmp_path / 'a.txt'}: 1 control character left out in line 201" in said
    assert f"skipped  {tmp_path}: passed over 1 .md: name them to read them" in said
    report = json.loads((tmp_path / "run" / "run.json").read_text())["corpus"]["report"]
    assert report["remarks"]["count"] == 1
    again = train(tmp_path, "-o", tmp_path / "other", *OPTIONS)  # beside a run
    assert f"skipped  {tmp_path / 'run'}: holds a run: passed over" in again.stdout + again.stderr


def test_a_named_encoding_is_taken(tmp_path):
    text = "Die Größe der schönen Straße\n" * 60
    (tmp_path / "a.txt").write_bytes(text.encode("cp1252"))
    for name, encoding in (("auto", "auto"), ("named", "cp1252")):
        assert train(tmp_path / "a.txt", "-o", tmp_path / name, "--encoding", encoding, *OPTIONS).returncode == 0
        assert "Größe" in (tmp_path / name / "vocabulary.txt").read_text(encoding="utf-8")
    refused = train(tmp_path / "a.txt", "-o", tmp_path / "c", "--encoding", "utf-8", *OPTIONS)
    assert refused.returncode == 2
    assert "a.txt: is not text in UTF-8 (byte 0xf6 in line 1)" in refused.stderr
