"""Files of words: ``music.words`` has one piece a line, ``music.words.json`` beside it what the words do not say."""

import collections
import dataclasses
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tsuzuri import overwriting, storage
from tsuzuri.errors import UserError, read_failure
from tsuzuri.midi import timing
from tsuzuri.midi.timing import is_meter
from tsuzuri.midi.words import codec
from tsuzuri.midi.words.convert import PieceWords, is_program
from tsuzuri.midi.words.settings import EVENTS, Settings, settings_from_json

FORMAT = 1
SUFFIX = ".words"
LONGEST = 40  # characters of a word that a message shows


def dump_words(settings: Settings, pieces: Sequence[PieceWords], report: Mapping[str, Any]) -> tuple[bytes, bytes]:
    """The bytes of a file of words, and those of the description beside it."""
    lines = "".join(" ".join(piece.words) + "\n" for piece in pieces)
    description = {
        "format": FORMAT,
        "settings": dataclasses.asdict(settings),
        "report": report,
        "pieces": [{name: value for name, value in piece._asdict().items() if name != "words"} for piece in pieces],
    }
    return lines.encode(), _json_bytes(description)


def _json_bytes(about):
    """JSON in UTF-8; a file name that is not UTF-8 is escaped, as JSON allows."""
    return json.dumps(about, ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace") + b"\n"


def write_word_file(path: str, settings: Settings, pieces: Sequence[PieceWords], report: Mapping[str, Any]) -> None:
    """Write a file of words and its description beside it, where ``path`` is a file and no pipe or terminal."""
    words, description = dump_words(settings, pieces, report)
    storage.check_file(path + ".json")  # whose name may be too long where that of the words is not
    storage.write_file(path, words)
    if os.path.isfile(path):
        storage.write_file(path + ".json", description)


def check_replaced_words(path: str, inputs: Sequence[str], force: bool, way: str = "") -> None:
    """Raise ``UserError`` where a file of words, or the description beside it, must not be written.

    ``inputs`` are files that are read; see ``tsuzuri.overwriting``, also for ``way``.
    """
    overwriting.check_named(path, inputs)
    if os.path.isfile(path) or not os.path.exists(path):
        overwriting.check_made([path + ".json"], inputs, path, force, way)


def load_words(path: str) -> tuple[Settings, list[PieceWords]]:
    """The ``Settings`` and the list of ``PieceWords`` of a file of words; one typed by hand needs no description.

    Raises ``UserError`` for a file that is not text, holds no words, or does not fit its description.
    """
    numbered = piece_lines(path)
    _check_words(path, numbered)
    lines = [text.split() for _, text in numbered]
    if not os.path.exists(path + ".json"):
        name = os.path.basename(path).removesuffix(SUFFIX)
        names = [name] if len(lines) == 1 else [f"{name}-{n}" for n in range(1, len(lines) + 1)]
        context = timing.TICKS, timing.MICROSECONDS, (4, 4)
        pieces = [PieceWords(name, words, *context) for name, words in zip(names, lines, strict=True)]
        form = codec.kind_of_words(word for words in lines for word in words)
        return Settings(events=kind_of_events(lines), words=form), pieces
    settings, described = _description(path + ".json")
    if len(lines) != len(described):
        raise UserError(
            f"{path}: {len(lines)} lines, but {path}.json describes {len(described)} pieces "
            "(remove it to read the words by themselves, at 480 ticks a quarter note)"
        )
    return settings, [PieceWords(words=words, **piece) for words, piece in zip(lines, described, strict=True)]


def piece_lines(path):
    """The (number from 1, text) of each line that is not empty; raises ``UserError`` where there is none."""
    try:
        with open(path, encoding="utf-8-sig") as stream:
            lines = [(n, text) for n, text in enumerate(stream.read().split("\n"), 1) if text.strip()]
    except OSError as error:
        raise UserError(f"{path}: {read_failure(error)}") from None
    except ValueError:
        raise UserError(f"{path}: cannot be read: not UTF-8 text") from None
    if not lines:
        raise UserError(f"{path}: holds no words")
    return lines


def _check_words(path, numbered):
    """Raise ``UserError`` for a file of which less than half are words of MIDI: prose, most likely."""
    counts = collections.Counter(word for _, text in numbered for word in text.split())
    wrong = {word for word in counts if not _is_word(word)}
    if 2 * sum(counts[word] for word in wrong) > sum(counts.values()):
        number, word = next((n, word) for n, text in numbered for word in text.split() if word in wrong)
        held = f"line {number} has {cut_word(word)!r}, where words such as 00_90_4050 must be"
        raise UserError(f"{path}: is not a file of words: {held} (read_midi.py writes them)")


def cut_word(word: str) -> str:
    """A word as a message shows it: cut where it is long."""
    return word if len(word) <= LONGEST else word[: LONGEST - 1] + "…"


def _is_word(text):
    try:
        codec.decode_word(text)
    except ValueError:
        return False
    return True


def kind_of_events(lines: Iterable[Iterable[str]]) -> str:
    """The setting ``events`` that lists of words need: the least of ``EVENTS`` that has all of them."""
    statuses = {word.split("_")[1][:1] for line in lines for word in line if word.count("_")}
    return EVENTS[2 if "f" in statuses else 1 if statuses - {"8", "9"} else 0]


def _description(path):
    try:
        with storage.open_regular(path) as stream:  # nobody named it
            about = json.load(stream)
        if about["format"] != FORMAT:
            raise ValueError(f"of format {about['format']!r}, not {FORMAT}")
        pieces = [_piece(piece) for piece in about["pieces"]]
        return settings_from_json(about["settings"]), pieces
    except OSError as error:
        raise UserError(f"{path}: {read_failure(error)}") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(f"{path}: damaged, or no description of words: {error}") from None


def _piece(about):
    name, division, tempo = about["name"], about["division"], about["tempo"]
    if not isinstance(name, str) or not isinstance(about["of"], str | None):
        raise ValueError(f"a piece has the name {name!r}")
    if type(division) is not int or not -(1 << 15) <= division < 1 << 15 or not division:
        raise ValueError(f"the piece {name!r} has the division {division!r}")
    if type(tempo) is not int or not 0 < tempo < 1 << 24:
        raise ValueError(f"the piece {name!r} has the tempo {tempo!r}")
    if not is_meter(*about["meter"]):
        raise ValueError(f"the piece {name!r} has the meter {about['meter']!r}")
    if not all(is_program(*pair) for pair in about["programs"]):
        raise ValueError(f"the piece {name!r} has the programs {about['programs']!r}")
    context = {"meter": tuple(about["meter"]), "programs": tuple(map(tuple, about["programs"]))}
    return context | {"name": name, "division": division, "tempo": tempo, "of": about["of"]}
