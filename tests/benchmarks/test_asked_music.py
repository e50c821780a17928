"""How many tunes are in the key and the meter that were asked for: counted by their notes, not by what they say."""

import numpy
import pytest

import tsuzuri
from benchmarks import asked_music
from tests.midi.test_keys import melody
from tsuzuri.api.piece import Piece
from tsuzuri.midi.keys import read_key
from tsuzuri.midi.score import Note

MAJOR, MINOR = (0, 2, 4, 5, 7, 9, 7, 4, 0), (0, 2, 3, 5, 7, 8, 7, 3, 5)


class Run:
    """It writes one tune of two in the key, the other a tone too high; those in minor end on the fourth."""

    def generate_many(self, count, key, **_):
        tonic, steps = read_key(key).tonic, MINOR if key.endswith("m") else MAJOR
        for n in range(count):
            notes = melody([60 + tonic + 2 * (n % 2) + step for step in steps])
            yield Piece.from_words([f"00_ff_59{read_key(key).payload().hex()}", *words_of(notes)])


def words_of(notes):
    return [f"{delta}_{kind}_{note.key:02x}{last}" for note in notes for delta, kind, last in KINDS]


KINDS = (("00", "90", "50"), ("8360", "80", "00"))


def test_rows_of_keys(monkeypatch, capsys):
    monkeypatch.setattr(tsuzuri, "load", lambda *_: Run())
    monkeypatch.setattr(asked_music, "METERS", ())
    monkeypatch.setattr(asked_music, "real_tunes", lambda _: ([], 0))
    asked_music.main(["run", "--count", "10"])
    rows = [line.split("|")[1:-1] for line in capsys.readouterr().out.splitlines()[2:10]]
    assert [row[0].strip() for row in rows] == list(asked_music.KEYS)
    for name, *counts in ([cell.strip() for cell in row] for row in rows):
        assert counts == ["10", "5", "10", "0" if name.endswith("m") else "5"]


def test_beats_are_told_by_where_in_them_notes_begin():
    jigs, reels = [0, 4, 6, 18, 22, 24], [0, 6, 9, 12, 18, 21]  # twelfths of a quarter note
    real = [((6, 8), at(jigs), 12), ((2, 4), at(reels), 12)] * 5
    learned = asked_music.likelihoods(real)
    assert asked_music.sounds_compound(at(jigs), 12, learned)
    assert not asked_music.sounds_compound(at(reels), 12, learned)
    assert numpy.exp(learned[False]).mean() == pytest.approx(1)


def at(starts):
    return [Note(start, start + 1, 0, 60, 80) for start in starts]


@pytest.mark.parametrize(
    ("meter", "compound"), [((6, 8), True), ((9, 8), True), ((3, 4), False), ((2, 4), False), ((4, 8), False)]
)
def test_which_meters_have_dotted_beats(meter, compound):
    assert asked_music.is_compound(*meter) == compound
