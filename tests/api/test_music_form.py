"""The form of new pieces: a run keeps the forms of its own, and takes them unless it is asked not to."""

import json
import os

import mido
import pytest

import tsuzuri
from tests.api.conftest import leave_out_pictures
from tests.api.test_music_opening import tune
from tsuzuri.midi import timing
from tsuzuri.midi.forms import form_of
from tsuzuri.midi.words import codec

PARTS = ((60, 64, 67, 64, 62, 65, 69, 62), (71, 72, 74, 76, 77, 76, 74, 72))  # of two bars


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of tunes of eight bars, which hears little of them, and ends where a tune of its does."""
    folder = tmp_path_factory.mktemp("forms")
    for n in range(6):
        file = tune("C", (4, 4), times=0)
        track = file.tracks[0]
        for part in (0, 0, 1, 0):
            for step in PARTS[part]:
                for kind, time in (("note_on", 0), ("note_off", 480)):
                    track.append(mido.Message(kind, note=step + n, velocity=70, time=time))
        file.save(folder / f"{n}.mid")
    with pytest.MonkeyPatch.context() as patch:
        leave_out_pictures(patch)
        options = {"unit": 8, "epoch": 1, "batchsize": 2, "bproplen": 10, "sample_every": 0, "device": "cpu"}
        return tsuzuri.train([folder], folder.parent / "run", recipe="plain", **options)


def form(piece):
    events, _ = codec.decode_events(piece.words, timing.TICKS)
    return form_of(events, 4 * timing.TICKS).repeats


def test_a_run_keeps_the_forms_of_its_pieces(run):
    forms = run.about["corpus"]["report"]["midi"]["forms"]
    assert forms == {"1920": [[[[-1, 4], [0, 4], [-1, 4], [4, 4]], [480, 2, 480], 2]] * len(forms["1920"])}


def test_pieces_have_the_form_of_their_corpus(run):
    for piece in run.generate_many(4, seed=0):
        assert [n for n, source in enumerate(form(piece)) if source is not None][:4] == [2, 3, 6, 7]
        assert piece.bars == 8


def test_form_off_lets_them_be_and_so_does_a_run_of_an_older_version(run, tmp_path):
    free = [piece.words for piece in run.generate_many(4, seed=0, form=False)]
    assert free != [piece.words for piece in run.generate_many(4, seed=0)]
    path = os.path.join(run.path, "run.json")
    with open(path, encoding="utf-8") as stream:
        saved = stream.read()
    about = json.loads(saved)
    del about["corpus"]["report"]["midi"]["forms"]
    try:
        with open(path, "w", encoding="utf-8") as stream:
            json.dump(about, stream)
        old = tsuzuri.load(run.path)
        assert [piece.words for piece in old.generate_many(4, seed=0)] == free
        assert [form(piece)[2:4] for piece in old.generate_many(2, seed=0, form=True)] == [(0, 1)] * 2
    finally:
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(saved)


def test_bars_that_are_asked_for_come_again_too(run):
    for piece in run.generate_many(2, seed=0, bars=4):
        assert form(piece)[2:4] == (0, 1)
        assert piece.bars == 4
