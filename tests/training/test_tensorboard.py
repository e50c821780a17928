"""Events for TensorBoard, read back: what is in them, what a resumed training adds, and what a new run removes."""

import errno
import importlib.util
import json
import math
import os

import pytest
from tensorboardX.proto.event_pb2 import Event as Record
from tensorboardX.record_writer import RecordWriter

from tests.cli import run_command
from tests.conftest import refused
from tsuzuri import storage
from tsuzuri.errors import UserError
from tsuzuri.training import tensorboard
from tsuzuri.training.log import Event

pytestmark = pytest.mark.usefixtures("no_pictures")
SMALL = ["--tokens", "space", "-u", "5", "-b", "3", "-l", "6", "--min-count", "1", "-d", "cpu"]


@pytest.fixture
def no_pictures(monkeypatch):
    monkeypatch.setattr("tsuzuri.training.plots.plot_loss_curves", lambda *_: b"picture")


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text("".join(f"{a} {b} {a} .\n" for a in "abc" for b in "defgh"))
    return path


def records(folder):
    """All records of a folder's event files, in the order of these; a record is framed by lengths and checksums."""
    found = []
    for path in sorted(folder.glob(f"{tensorboard.EVENTS}*"), key=lambda path: path.stat().st_mtime_ns):
        data = path.read_bytes()
        while data:
            length = int.from_bytes(data[:8], "little")
            found.append(Record.FromString(data[12 : 12 + length]))
            data = data[16 + length :]
    return found


def scalars(folder):
    """tag: {step: value}."""
    found = {}
    for record in records(folder):
        for value in record.summary.value:
            if value.WhichOneof("value") == "simple_value":
                found.setdefault(value.tag, {})[record.step] = value.simple_value
    return found


def history(out):
    return [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]


def test_a_training_and_its_resumption_are_one_curve(corpus, tmp_path):
    out = tmp_path / "run"
    done = run_command("train.py", corpus, "-o", out, "-e", 2, "--tensorboard", *SMALL)
    assert done.returncode == 0, done.stderr
    assert "loss.png, tensorboard\n" in done.stderr
    assert run_command("train.py", "-o", out, "--resume", "-e", 3, "--tensorboard", "-d", "cpu").returncode == 0
    assert len([*(out / "tensorboard").iterdir()]) == 2
    found, entries = scalars(out / "tensorboard"), history(out)
    for name, tag in tensorboard.TAGS.items():
        wanted = {entry["epoch"]: entry[name] for entry in entries if name in entry}
        assert found.get(tag, {}) == pytest.approx(wanted), tag
    assert found["perplexity/valid"] == pytest.approx({e["epoch"]: math.exp(e["valid_loss"]) for e in entries})
    texts = [value for record in records(out / "tensorboard") for value in record.summary.value if value.tensor.dtype]
    assert {text.tag.partition("/")[0] for text in texts} == {"sample", "test"}
    tested = [text.tensor.string_val[0].decode() for text in texts if text.tag.startswith("test")]
    assert "perplexity" in tested[-1]
    starts = [record.step for record in records(out / "tensorboard") if record.HasField("session_log")]
    assert 3 in starts  # what another file says of epoch 3 or later is void


def test_a_new_run_in_the_place_of_another_begins_anew(corpus, tmp_path):
    out = tmp_path / "run"
    run_command("train.py", corpus, "-o", out, "-e", 2, "--tensorboard", *SMALL)
    (out / "tensorboard" / "notes.txt").write_text("mine")
    assert run_command("train.py", corpus, "-o", out, "-e", 1, "--force", *SMALL).returncode == 0
    assert [path.name for path in (out / "tensorboard").iterdir()] == ["notes.txt"]
    (out / "tensorboard" / "notes.txt").unlink()
    run_command("train.py", corpus, "-o", out, "-e", 1, "--force", "--tensorboard", *SMALL)
    assert [*scalars(out / "tensorboard")["loss/train"]] == [1]
    run_command("train.py", corpus, "-o", out, "-e", 1, "--force", *SMALL)
    assert not (out / "tensorboard").exists()


def test_without_the_package_one_line_says_what_to_install(corpus, tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    line = refused(run_command("train.py", corpus, "-o", tmp_path / "run", "--tensorboard", *SMALL))
    assert "--tensorboard: the package tensorboardX is not installed" in line
    assert "extra tensorboard" in line
    assert not (tmp_path / "run").exists()


def test_a_file_in_the_place_of_the_folder_is_refused(corpus, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "tensorboard").write_text("")
    line = refused(run_command("train.py", corpus, "-o", tmp_path / "run", "--tensorboard", *SMALL))
    assert line == f"--tensorboard: {tmp_path / 'run' / 'tensorboard'} is no folder: must be one, or not there"


def test_a_classifier_is_told_by_its_updates(tmp_path):
    told = []
    files = tensorboard.EventFiles(str(tmp_path), told.append, resumed=False)
    entry = {"updates": 40, "epochs": 2.0, "train_loss": 0.5, "valid_loss": 0.75, "train_error": 0.25}
    events = [Event("batch"), Event("epoch", entry=entry | {"valid_error": 0.5, "test_error": None}), Event("end")]
    for event in events:
        files(event)
    assert told == events
    found = {"loss/train": 0.5, "loss/valid": 0.75, "error/train": 0.25, "error/valid": 0.5}
    assert scalars(tmp_path / "tensorboard") == {tag: {40: value} for tag, value in found.items()}


def fill_disk(monkeypatch, name, number):
    """Let a method of tensorboardX's files fail from its call of that number on; returns the calls, one each."""
    calls, before = [], getattr(RecordWriter, name)

    def full(self, *args):
        calls.append(name)
        if len(calls) >= number:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return before(self, *args)

    monkeypatch.setattr(RecordWriter, name, full)
    return calls


def test_a_full_disk_loses_events_and_no_training(corpus, tmp_path, monkeypatch):
    wanted = run_command("train.py", corpus, "-o", tmp_path / "plain", "-e", 3, *SMALL)
    calls = fill_disk(monkeypatch, "flush", 2)
    done = run_command("train.py", corpus, "-o", tmp_path / "run", "-e", 3, "--tensorboard", *SMALL)
    assert (done.returncode, wanted.returncode, len(calls)) == (0, 0, 2), done.stderr
    (line,) = (line for line in (done.stdout + done.stderr).splitlines() if "No space left on device" in line)
    assert line.startswith(f"warning  {tmp_path / 'run' / 'tensorboard' / tensorboard.EVENTS}")
    assert line.endswith("; the training goes on without events for TensorBoard")
    assert (tmp_path / "run" / "model.npz").read_bytes() == (tmp_path / "plain" / "model.npz").read_bytes()


@pytest.mark.parametrize(("name", "number"), [("flush", 1), ("flush", 2), ("write", 1), ("close", 1)])
def test_it_is_told_once_that_no_more_is_written(tmp_path, monkeypatch, name, number):
    told = []
    fill_disk(monkeypatch, name, number)
    files = tensorboard.EventFiles(str(tmp_path), told.append, resumed=False)
    epochs = [Event("epoch", entry={"epoch": n, "train_loss": 0.5, "valid_loss": 0.75}) for n in (1, 2, 3)]
    for event in (*epochs, Event("sample", "sample   a"), Event("end")):
        files(event)
    assert sorted(event.kind for event in told) == ["end", *["epoch"] * 3, "sample", "warning"]


def test_a_folder_that_cannot_be_made_or_written_is_refused_first(corpus, tmp_path, monkeypatch):
    check = storage.check_folder

    def forbidden(path):
        if path.endswith("tensorboard"):
            raise UserError(f"{path}: cannot be made: Permission denied")
        check(path)

    monkeypatch.setattr(storage, "check_folder", forbidden)
    line = refused(run_command("train.py", corpus, "-o", tmp_path / "run", "--tensorboard", *SMALL))
    assert line == f"--tensorboard: {tmp_path / 'run' / 'tensorboard'}: cannot be made: Permission denied"
    assert not (tmp_path / "run" / "run.json").exists()


def test_a_folder_that_goes_away_is_warned_of_in_python_once(tmp_path):
    told = []
    files = tensorboard.EventFiles(str(tmp_path / "file"), told.append, resumed=False)
    (tmp_path / "file").write_text("")  # so no folder can be made in it
    entry = {"epoch": 1, "train_loss": 0.5, "valid_loss": 0.75}
    for _ in range(2):
        files(Event("epoch", "epoch", entry=entry))
    assert [event.kind for event in told] == ["warning", "epoch", "epoch"]
    assert told[0].text.startswith(f"warning  {tmp_path / 'file' / 'tensorboard'}: cannot be written: Not a directory")
