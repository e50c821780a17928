"""How many tunes are in the key that was asked for: counted by their notes, not by what they say."""

import tsuzuri
from benchmarks import asked_music
from tests.midi.test_keys import melody
from tsuzuri.api.piece import Piece
from tsuzuri.midi.keys import read_key

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
    asked_music.main(["run", "--count", "10"])
    rows = [line.split("|")[1:-1] for line in capsys.readouterr().out.splitlines()[2:]]
    assert [row[0].strip() for row in rows] == list(asked_music.KEYS)
    for name, *counts in ([cell.strip() for cell in row] for row in rows):
        assert counts == ["10", "5", "10", "0" if name.endswith("m") else "5"]
