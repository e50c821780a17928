"""The Python API on a run whose words are notes with their lengths."""

import os

import numpy
import pytest

import tsuzuri
from tests.api.conftest import TUNES, leave_out_pictures
from tsuzuri.midi.words import codec
from tsuzuri.midi.words.settings import BY_NOTE

pytestmark = pytest.mark.filterwarnings("ignore:the model does not know")
FORMS = {"events": "00_90_3c50 8360_80_3c00 00_90_4050 8360_80_4000", "notes": "00_90_3c50_8360 8360_90_4050_8360"}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        leave_out_pictures(patch)
        options = {"unit": 8, "epoch": 1, "batchsize": 2, "bproplen": 10, "sample_every": 0, "device": "cpu"}
        return tsuzuri.train(TUNES, tmp_path_factory.mktemp("notes") / "run", words="notes", **options)


@pytest.mark.parametrize("prime", ["", FORMS["notes"], FORMS["events"], "piece"])
@pytest.mark.parametrize("seed", range(3))
def test_words_come_one_by_one_as_they_are_in_the_piece(run, prime, seed):
    prime = tsuzuri.read_midi(TUNES[0]) if prime == "piece" else prime
    options = {"bars": 4, "seed": seed, "temperature": 2.0, "unk": "nearest"}
    piece = run.generate(prime, **options)
    assert list(run.stream(prime, **options)) == piece.words
    assert codec.in_form(piece.words, BY_NOTE) == piece.words
    assert tsuzuri.Piece.from_words(piece.words).notes == piece.notes


def test_what_is_new_begins_after_a_piece_that_is_begun_with(run):
    intro = tsuzuri.read_midi(TUNES[0])
    end = max(note.start + note.length for note in intro.notes)
    tune = run.generate(intro, bars=2, seed=1)
    new = tune.notes[len(intro.notes) :]
    assert new
    assert min(note.start for note in new) >= end - 1 / 24
    assert run.novelty(tune, intro).count == len(new)


def test_a_piece_keeps_to_the_limit(run):
    free = [run.novelty(run.generate(bars=8, temperature=0.5, seed=seed)).longest for seed in range(6)]
    for seed in range(6):
        tune = run.generate(bars=8, temperature=0.5, seed=seed, max_copy=2)
        found = run.novelty(tune)
        assert found.longest is None or found.longest.length <= 2
        prime = "00_90_4350_8360"
        assert run.novelty(run.generate(prime, bars=1, seed=seed, temperature=2.0, unk="nearest"), prime).count >= 0
    assert max(copy.length for copy in free if copy) > 2


def test_a_transposed_copy_is_found_as_where_notes_are_two_words(run, music_run):
    piece = tsuzuri.read_midi(TUNES[0])
    found = [each.novelty(piece).longest for each in (run, music_run)]
    assert found[0] == found[1]
    assert found[0].source == os.path.basename(TUNES[0])


def test_files_of_either_kind_are_scored_as_the_midi_that_they_are_of(run, tmp_path):
    piece = run.generate(bars=4, seed=1, temperature=2.0)
    piece.save(tmp_path / "notes.words")
    assert tsuzuri.read_midi(tmp_path / "notes.words").words == piece.words
    by_event = tmp_path / "events.words"
    by_event.write_text(" ".join(codec.in_form(piece.words, "events")) + "\n")
    scores = [run.score(path) for path in (piece, tmp_path / "notes.words", by_event)]
    assert scores[0].notes == len(piece.notes)
    numpy.testing.assert_allclose([score.bits_per_note for score in scores], scores[0].bits_per_note)


def test_a_file_is_read_in_either_form():
    pieces = [tsuzuri.read_midi(TUNES[0], words=form) for form in FORMS]
    assert pieces[0] == pieces[1]
    assert codec.in_form(pieces[0].words, BY_NOTE) == pieces[1].words
    assert tsuzuri.Piece.from_words(FORMS["notes"]).notes == tsuzuri.Piece.from_words(FORMS["events"]).notes
    with pytest.raises(tsuzuri.UserError, match=r"words\[1\]: '60_90_3c50_60' strikes key 60 of channel 1, which"):
        tsuzuri.Piece.from_words("00_90_3c50_8360 60_90_3c50_60")
    with pytest.raises(tsuzuri.UserError, match="words: bars is unknown: must be one of events, notes"):
        tsuzuri.read_midi(TUNES[0], words="bars")
