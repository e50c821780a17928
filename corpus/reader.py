"""Files, zip archives and folders to documents: found, decoded, cleaned, and cut into pieces, one a line."""

import lzma
import os
import re
import zipfile
import zlib
from typing import NamedTuple

from corpus import aozora
from errors import UserError

SUFFIXES = (".txt", ".zip")
DEFLATE_LIMIT = 1032  # no deflate stream grows by more, so an archive that claims more lies about its length
UNPACKING = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, OSError, RuntimeError, ValueError, EOFError)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")


class Document(NamedTuple):
    """A text as pieces: ``name`` of its file, ``kind`` ("aozora" or "plain") and its lines that are not empty."""

    name: str
    kind: str
    pieces: list


class Skipped(NamedTuple):
    """A file that could not be read, and why."""

    name: str
    reason: str


def read(paths):
    """Yield a ``Document`` or a ``Skipped`` for each text under ``paths``, in sorted order within a folder.

    A file that was named itself and cannot be read raises ``UserError``; one from a folder or an archive is skipped.
    """
    for path in paths:
        if not os.path.exists(path):
            raise UserError(f"{path}: no such file or folder")
        for file in _files(path):
            for document in _documents(file):
                if isinstance(document, Skipped) and file == path and document.name == path:
                    raise UserError(f"{document.name}: {document.reason}")
                yield document


def _files(path):
    if not os.path.isdir(path):
        return [path]
    found = []
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        texts = (name for name in sorted(names) if name.lower().endswith(SUFFIXES) and not name.startswith("."))
        found += [os.path.join(folder, name) for name in texts]
    if not found:
        raise UserError(f"{path}: the folder holds no file that ends in {' or '.join(SUFFIXES)}")
    return found


def _documents(file):
    try:
        if zipfile.is_zipfile(file):
            yield from _archived(file)
        else:
            with open(file, "rb") as stream:
                yield _document(file, stream.read())
    except OSError as error:
        yield Skipped(file, f"cannot be read: {error.strerror or error}")
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        yield Skipped(file, f"is a damaged archive: {error}")


def _archived(file):
    with zipfile.ZipFile(file) as archive:
        texts = (member for member in archive.infolist() if member.filename.lower().endswith(".txt"))
        members = [member for member in texts if "__MACOSX" not in member.filename]
        if not members:
            yield Skipped(file, "the archive holds no file that ends in .txt")
        for member in members:
            name = f"{file}/{member.filename}"
            if member.file_size > DEFLATE_LIMIT * member.compress_size:
                yield Skipped(name, f"claims {member.file_size} bytes, more than {member.compress_size} packed can be")
                continue
            try:
                yield _document(name, archive.read(member))
            except UNPACKING as error:
                yield Skipped(name, f"cannot be unpacked: {error}")


def _document(name, data):
    try:
        text = decode(data)
    except ValueError as error:
        return Skipped(name, str(error))
    kind, lines = "plain", text.split("\n")
    if aozora.is_aozora(text):
        kind, lines = "aozora", aozora.clean(text).lines
    pieces = [line for line in lines if line.strip()]
    return Document(name, kind, pieces) if pieces else Skipped(name, "holds no text")


def decode(data):
    """Bytes to text with LF line ends: UTF-8 and UTF-16 by their marks, else UTF-8, else Shift_JIS (JIS X 0213).

    Raises ``ValueError`` with a reason for what is no text.
    """
    if not data:
        raise ValueError("is empty")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = {"utf-16": "UTF-16"}
    elif b"\0" in data:
        raise ValueError("is binary, not text (it holds zero bytes)")
    else:
        encodings = {"utf-8-sig": "UTF-8", "shift_jis_2004": "Shift_JIS"}
    for encoding in encodings:
        try:
            text = data.decode(encoding).removesuffix("\x1a")  # the end-of-file mark of old editors
        except UnicodeDecodeError:
            continue
        control = _CONTROL.search(text)
        if control:
            raise ValueError(f"is binary, not text (it holds the control character {ord(control[0]):#04x})")
        if encoding == "shift_jis_2004":  # the codec has the yen sign and the overline there, every writer the others
            text = text.translate({0xA5: "\\", 0x203E: "~"})
        return text.replace("\r\n", "\n").replace("\r", "\n")
    raise ValueError(f"is not text in {' or '.join(encodings.values())}")
