"""What is to be scored, as the words that a run's model reads: a text, a file of text, music."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from tsuzuri.api.corpora import in_model_words
from tsuzuri.api.drawing import Note
from tsuzuri.api.text_generation import check_unicode
from tsuzuri.data.text_stream import TextStream, first_seen_ids
from tsuzuri.errors import UserError
from tsuzuri.midi.words import convert, wordfile
from tsuzuri.midi.words.collect import collect_pieces
from tsuzuri.midi.words.settings import Settings, settings_from_json
from tsuzuri.midi.words.sources import is_music_path
from tsuzuri.text.archives import read_stream, without_options
from tsuzuri.text.normalization import normalize_lines
from tsuzuri.text.reader import Document, Skipped, read_document, read_documents
from tsuzuri.text.settings import AUTO, TextSettings, text_settings_from_json
from tsuzuri.text.tokenizers import tokenizer_of_run
from tsuzuri.text.vocabulary import EOS, SPECIAL
from tsuzuri.training.run import Run

INPUT = "standard input"  # its name in messages


def words_of_file(run: Run, path: str, note: Note) -> list[str]:
    """The words of a file, or of all files of an archive or a folder, ``<eos>`` after each line or piece.

    They are those that a training of this run would read of it as ``--test``. ``note`` is told of what was left out.
    Raises ``UserError`` for what cannot be read, or is of the other kind than the run.
    """
    if run.about["kind"] == "music":
        own = _midi_settings(run)
        found = collect_pieces([path], own)
        for item in found.report["refused"]:
            note(f"refused  {item['name']}: {item['reason']}")
        return _ended(piece.words for piece in in_model_words(found.pieces, own))
    if os.path.isfile(path) and is_music_path(path):
        held = "words of MIDI" if path.endswith(wordfile.SUFFIX) else "a MIDI file"
        raise UserError(f"{path}: is {held}, and {run.path} was trained on text: must be a text")
    settings = _text_settings(run)
    return _text_words(run, _documents(path, settings, note), settings, note)


def words_of_bytes(run: Run, data: bytes, name: str = INPUT) -> list[str]:
    """The words of a file's bytes: text in any encoding, or a MIDI file; the rest is as in ``words_of_file``."""
    if run.about["kind"] == "music":
        try:
            own = _midi_settings(run)
            pieces = convert.convert_file(name, data, own).pieces
            return _ended(piece.words for piece in in_model_words(pieces, own))
        except ValueError as error:
            raise UserError(f"{name}: {error}") from None
    settings = _text_settings(run)
    document = read_document(name, data, settings)
    if isinstance(document, Skipped):
        raise UserError(f"{name}: {without_options(document.reason)}")
    return _text_words(run, [document], settings, lambda line: None)


def words_of_stream(run: Run, stream: BinaryIO, name: str = INPUT) -> list[str]:
    """The words of what comes through a stream, a text that may be packed or a MIDI file, as of ``words_of_bytes``."""
    if run.about["kind"] == "music":
        return words_of_bytes(run, stream.read(), name)
    try:
        return words_of_bytes(run, read_stream(stream, _text_settings(run).max_text), name)
    except ValueError as error:
        raise UserError(f"{name}: {without_options(str(error))}") from None


def words_of_text(run: Run, text: str) -> list[str]:
    """The words of a text, read as a file that holds it would be."""
    check_unicode(text)
    return words_of_bytes(run, text.encode(), "the text")


def _documents(path: str, settings: TextSettings, note: Note) -> Iterator[Document]:
    """The texts that are a file, or in it; raises ``UserError`` where there is none."""
    reasons = []
    found = False
    for document in _read(path, settings):
        if isinstance(document, Skipped):
            reasons.append(f"{document.name}: {without_options(document.reason)}")
            note(f"skipped  {reasons[-1]}")
        else:
            found = True
            yield document
    if not found:
        raise UserError(f"{path}: no text that can be read ({'; '.join(reasons[:3])})")


def _read(path: str, settings: TextSettings) -> Iterator[Document | Skipped]:
    """What is read of a path; raises ``UserError`` for one that cannot be read, without a word of foreign options."""
    try:
        yield from read_documents([path], settings)
    except UserError as error:
        raise UserError(without_options(str(error))) from None


def _text_words(run: Run, documents: Iterable[Document], settings: TextSettings, note: Note) -> list[str]:
    """The words of documents one after another, as a part of a corpus has them."""
    tokenizer = tokenizer_of_run(run.about, run.subwords)
    if tokenizer.dictionary != run.about["dictionary"]:
        note(f"note: {run.path} was tokenized with {run.about['dictionary']}, the one here is {tokenizer.dictionary}")
    index = first_seen_ids()
    stream = TextStream(tokenizer.split, index)
    for document in documents:
        stream.add_text(document.name, normalize_lines(document.pieces, settings.normalize), distinct=False)
    words = list(index)
    return [words[i] for i in stream.ids]


def _text_settings(run: Run) -> TextSettings:
    """Those of the run, but that a file may be in another encoding than its corpus."""
    return dataclasses.replace(text_settings_from_json(run.about["corpus"]["text"]), encoding=AUTO)


def _midi_settings(run: Run) -> Settings:
    """Those of the run, without the copies that only a training makes."""
    try:
        kept = settings_from_json(run.about["corpus"]["midi"])
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{run.file('run.json')}: damaged, or not a run of this program: {error}") from None
    return dataclasses.replace(kept, transpose=(0, 0), stretch=())


def _ended(pieces: Iterable[list[str]]) -> list[str]:
    """The words of pieces one after another, ``<eos>`` after each."""
    return [word for piece in pieces for word in [*piece, SPECIAL[EOS]]]
