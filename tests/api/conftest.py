"""Small runs of each kind, trained once, and pieces of music, for the tests of the Python API."""

import shutil

import pytest

import tsuzuri
from tests.api.midi_messages import TUNE
from tests.conftest import ROOT
from tsuzuri.api.midi_files import read_midi
from tsuzuri.training import plots

TEXT = "".join(f"{a} {b} {a} .\n" for a in "abc" for b in "defgh")
SMALL = {"tokens": "space", "unit": 5, "batchsize": 3, "bproplen": 6, "epoch": 3, "min_count": 1, "device": "cpu"}
PAIRS = [(label, f"{a} {b}") for label, a in (("good", "fine day"), ("bad", "poor night")) for b in "abcdefghij"]
SORTING = {"tokens": "space", "unit": 4, "epoch": 3, "batchsize": 4, "min_count": 1, "lr": 0.05}
TUNES = sorted((ROOT / "tests" / "training" / "runs" / "format1" / "corpus" / "tunes").glob("*.mid"))
CURVES = {"plot_loss_curves": plots.plot_loss_curves, "plot_error_curves": plots.plot_error_curves}


def leave_out_pictures(patch):
    """A training draws its curves after each epoch, which takes longer than such an epoch."""
    for name in CURVES:
        patch.setattr(plots, name, lambda *_: b"picture")


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch):
    leave_out_pictures(monkeypatch)


@pytest.fixture
def pictures(no_pictures, monkeypatch):
    """The real pictures."""
    for name, draw in CURVES.items():
        monkeypatch.setattr(plots, name, draw)


@pytest.fixture(scope="session")
def text_run(tmp_path_factory):
    """A run of three epochs straight through, from strings."""
    with pytest.MonkeyPatch.context() as patch:
        leave_out_pictures(patch)
        return tsuzuri.train(texts=[TEXT], out=tmp_path_factory.mktemp("text") / "run", **SMALL)


@pytest.fixture(scope="session")
def music_run(tmp_path_factory):
    """A run of a little music."""
    with pytest.MonkeyPatch.context() as patch:
        leave_out_pictures(patch)
        options = {"unit": 8, "epoch": 1, "batchsize": 2, "bproplen": 10, "sample_every": 0, "device": "cpu"}
        return tsuzuri.train(TUNES, tmp_path_factory.mktemp("music") / "run", **options)


@pytest.fixture(scope="session")
def classifier(tmp_path_factory):
    """A classifier of (label, text) pairs."""
    with pytest.MonkeyPatch.context() as patch:
        leave_out_pictures(patch)
        return tsuzuri.train_classifier(PAIRS, tmp_path_factory.mktemp("classes") / "run", **SORTING)


@pytest.fixture(scope="session")
def tune_classifier(tmp_path_factory):
    """A classifier of tunes in two folders, and the folder of these."""
    folder = tmp_path_factory.mktemp("tunes")
    for n, path in enumerate(TUNES):
        (folder / "corpus" / "ab"[n % 2]).mkdir(parents=True, exist_ok=True)
        shutil.copy(path, folder / "corpus" / "ab"[n % 2])
    with pytest.MonkeyPatch.context() as patch:
        leave_out_pictures(patch)
        options = {"unit": 4, "epoch": 1, "valid_fraction": 0.5, "test_fraction": 0}
        return tsuzuri.train_classifier(folder / "corpus", folder / "run", **options)


@pytest.fixture(scope="session")
def tune():
    return read_midi(TUNE)


@pytest.fixture
def duet(tmp_path):
    """The path of a file with a flute of two notes, a piano of one with its pedal, and a change of tempo."""
    import mido  # which a machine with a GPU need not have

    file = mido.MidiFile(ticks_per_beat=96)
    meta, flute, piano = (file.add_track() for _ in range(3))
    meta += [
        mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(100)),
        mido.MetaMessage("time_signature", numerator=3, denominator=4),
        mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(50), time=240),
    ]
    flute += [
        mido.Message("program_change", program=73),
        mido.Message("note_on", note=60, velocity=80),
        mido.Message("note_off", note=60, time=96),
        mido.Message("note_on", note=64, velocity=96),
        mido.Message("note_off", note=64, time=192),
    ]
    piano += [
        mido.Message("control_change", channel=1, control=64, value=127),
        mido.Message("note_on", channel=1, note=48, velocity=70),
        mido.Message("note_off", channel=1, note=48, time=288),
    ]
    file.save(tmp_path / "duet.mid")
    return str(tmp_path / "duet.mid")
