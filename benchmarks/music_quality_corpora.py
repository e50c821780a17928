"""The pieces of the quality benchmark of music: which of a folder's files are to train, validate and test on.

A folder with folders ``train``, ``valid`` and ``test`` has a published split. Of any other, pieces at equal distances
are held out as by train.py, here and not there, so that they are the same whatever words train.py makes of them.
"""

from pathlib import Path
from typing import NamedTuple

from benchmarks.quality_corpora import HELD_OUT, SPLITS
from tsuzuri.api import corpora
from tsuzuri.errors import UserError
from tsuzuri.midi.words import collect, settings
from tsuzuri.options.command_line import read_command_line
from tsuzuri.options.resolve import defaults
from tsuzuri.options.train import TABLES


class Pieces(NamedTuple):
    """``paths`` by split, and the ``notes`` of what is held out, all of them, whether the words are known or not."""

    paths: dict[str, list[str]]
    notes: dict[str, int]

    def arguments(self) -> list[str]:
        """Those of train.py."""
        train, valid, test = (self.paths[split] for split in SPLITS)
        return [*train, "--valid", *valid, "--test", *test]


def read_pieces(place: Path, options: list[str]) -> Pieces:
    """The ``Pieces`` of a folder, of which train.py with these options makes words; raises ``UserError``."""
    if not place.is_dir():
        raise UserError(f"{place}: there is no such folder")
    made_by = _settings([str(place), *options])
    if all((place / split).is_dir() for split in SPLITS):
        paths = {split: [str(place / split)] for split in SPLITS}
        return Pieces(paths, {split: _notes(_originals(paths[split], made_by)) for split in SPLITS[1:]})
    split = hold_out(_distinct(_originals([str(place)], made_by)))
    paths = {name: [path for path, _ in pieces] for name, pieces in split.items()}
    return Pieces(paths, {name: _notes(split[name]) for name in SPLITS[1:]})


def hold_out(pieces: list) -> dict[str, list]:
    """What train.py holds out: pieces at equal distances validate, and those before them are tested on."""
    held = max(1, round(HELD_OUT * len(pieces)))
    if len(pieces) < 3:
        raise UserError(f"{len(pieces)} different pieces, at least 3 are needed")
    valid = [round((n + 0.5) * len(pieces) / held) for n in range(held)]
    test = [n - 1 for n in valid]
    out = {"valid": [pieces[n] for n in valid], "test": [pieces[n] for n in test]}
    return {"train": [piece for n, piece in enumerate(pieces) if n not in {*valid, *test}]} | out


def _settings(arguments):
    """The settings by which train.py makes words with these arguments."""
    given = read_command_line(TABLES, arguments)
    source = corpora.corpus_source(defaults(TABLES) | given, given.keys())
    if source["kind"] != "music":
        raise UserError(f"{arguments[0]}: holds text, must hold MIDI files")
    return settings.settings_from_json(source["midi"])


def _originals(paths, made_by):
    """(path, words) of the pieces under some paths, without copies of them."""
    found = collect.collect_pieces(paths, made_by)
    learned = corpora.in_model_words(found.pieces, found.settings)
    pieces = [(path, tuple(piece.words)) for path, piece in zip(found.paths, learned, strict=True) if piece.of is None]
    for n, (path, _) in enumerate(pieces):
        if not Path(path).is_file() or (n and pieces[n - 1][0] == path):
            raise UserError(f"{path}: is in an archive or holds several pieces, must be a file of its own for each")
    return pieces


def _distinct(pieces):
    """The first of the pieces that have the same words."""
    first = {words: path for path, words in reversed(pieces)}
    return [(path, words) for words, path in reversed(first.items())]


def _notes(pieces):
    return sum(collect.is_note_on(word) for _, words in pieces for word in words)
