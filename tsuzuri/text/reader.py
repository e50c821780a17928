"""Files, archives, folders and pipes to documents: decoded, cleaned, and cut into pieces, one a line."""

import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tsuzuri.errors import UserError
from tsuzuri.folders import walk_files
from tsuzuri.text import aozora, gutenberg
from tsuzuri.text.archives import passed_over, texts_in
from tsuzuri.text.encodings import codec_name, decode
from tsuzuri.text.paragraphs import arrange_lines
from tsuzuri.text.settings import AUTO, DROP, USUAL, TextSettings

SUFFIXES = (".txt", ".zip", ".epub", ".txt.gz", ".txt.bz2", ".txt.xz")  # of the files of a folder that are read
EXPECTED = ("utf", "shift_jis", "cp932", "ascii", "iso2022")  # encodings that need no mention
PIPE = "/fd/"  # in the names of pipes that a shell makes
FIRST_SUFFIXES = (".txt", ".zip")  # the same in the first version
KINDS = ("plain", "aozora", "gutenberg")


class Document(NamedTuple):
    """A text as pieces: ``name`` of its file, ``kind`` of ``KINDS``, and its lines, an empty one between paragraphs.

    ``remarks`` say what was replaced or left out in it, and where.
    """

    name: str
    kind: str
    pieces: list[str]
    remarks: tuple[str, ...] = ()


class Skipped(NamedTuple):
    """A file that could not be read, and why; or a folder or an archive, and which of its files were passed over."""

    name: str
    reason: str


def read_documents(paths: Iterable[str], settings: TextSettings = USUAL) -> Iterator[Document | Skipped]:
    """Yield a ``Document`` or a ``Skipped`` for each text under ``paths``, those of a folder as ``walk_files`` does.

    Raises ``UserError`` for a path of ``paths`` that cannot be read; a file within a folder or an archive is skipped.
    """
    encoding = AUTO if settings.encoding == AUTO else codec_name(settings.encoding)
    for path in paths:
        if not os.path.exists(path):
            pipe = PIPE in path and " (a pipe can be read only once: name a file with what came through it)"
            raise UserError(f"{path}: no such file or folder{pipe or ''}")
        if os.path.isdir(path):
            yield from _of_folder(path, encoding, settings)
            continue
        for n, document in enumerate(_documents(path, encoding, settings)):
            if isinstance(document, Skipped) and document.name == path and n == 0:
                raise UserError(f"{path}: {document.reason}")
            yield document


def read_document(name: str, data: bytes, settings: TextSettings = USUAL) -> Document | Skipped:
    """The text of a file's bytes, or why there is none; ``name`` stands in messages."""
    return _document(name, data, AUTO if settings.encoding == AUTO else codec_name(settings.encoding), settings)


def _of_folder(path, encoding, settings):
    """The documents of a folder's texts and archives by their names, and what was passed over in it."""
    suffixes = FIRST_SUFFIXES if settings.lines == DROP else SUFFIXES
    odd, files, others = [], [], []
    for file in walk_files(path, odd):
        (files if file.lower().endswith(suffixes) else others).append(file)
    if not files:
        rest = [passed_over(others, "passed over ", ": name them to read them"), *map(": ".join, odd[:1])]
        rest = "".join(f"; {about}" for about in rest if about)
        raise UserError(f"{path}: the folder holds no file that ends in {' or '.join(suffixes[:3])}{rest}")
    for file in files:
        yield from _documents(file, encoding, settings)
    if others:
        yield Skipped(path, passed_over(others, "passed over ", ": name them to read them"))
    yield from (Skipped(name, reason) for name, reason in odd)


def _documents(file, encoding, settings):
    for text in texts_in(file, settings.max_text):
        yield Skipped(text.name, text.fault) if text.fault else _document(text.name, text.data, encoding, settings)


def _document(name, data, encoding, settings):
    try:
        text, codec, remarks = decoded = decode(data, encoding)
    except ValueError as error:
        return Skipped(name, str(error))
    if encoding == AUTO and not codec.startswith(EXPECTED):
        remarks = (f"taken for {decoded.encoding} (--encoding tells otherwise)", *remarks)
    kind, lines = "plain", text.split("\n")
    if aozora.is_aozora(text):
        kind, lines = "aozora", aozora.clean_aozora(text).lines
    elif settings.lines != DROP and gutenberg.is_gutenberg(text):
        kind, lines = "gutenberg", gutenberg.book_lines(text)
    pieces = arrange_lines(lines, settings.lines)
    return Document(name, kind, pieces, remarks) if pieces else Skipped(name, "holds no text")
