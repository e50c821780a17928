"""Files, zip archives and folders to documents: found, decoded, cleaned, and cut into pieces, one a line."""

import codecs
import lzma
import os
import re
import zipfile
import zlib
from collections import Counter
from typing import NamedTuple

from tsuzuri.errors import UserError
from tsuzuri.storage import DEFLATE_LIMIT
from tsuzuri.text import aozora

SUFFIXES = (".txt", ".zip")
UNPACKING = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, OSError, RuntimeError, ValueError, EOFError)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_LINE_END = re.compile(r"\r\n?|\n")
_BEYOND = re.compile(r"[^\x00-\x7f]")
_TOGETHER = re.compile(r"[^\x00-\x7f\uff61-\uff9f]{2,}")
_ALONE = re.compile(r"(?<![^\x00-\x7f])[^\x00-\x7f][À-ÿ]?(?![^\x00-\x7f])")


class Document(NamedTuple):
    """A text as pieces: ``name`` of its file, ``kind`` ("aozora" or "plain") and its lines that are not empty."""

    name: str
    kind: str
    pieces: list


class Skipped(NamedTuple):
    """A file that could not be read, and why."""

    name: str
    reason: str


def read_documents(paths):
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
        text = decode_text(data)
    except ValueError as error:
        return Skipped(name, str(error))
    kind, lines = "plain", text.split("\n")
    if aozora.is_aozora(text):
        kind, lines = "aozora", aozora.clean_aozora(text).lines
    pieces = [line for line in lines if line.strip()]
    return Document(name, kind, pieces) if pieces else Skipped(name, "holds no text")


def decode_text(data):
    """Bytes to text with LF line ends: UTF-8 and UTF-16 by their marks, else UTF-8, else Shift_JIS (JIS X 0213).

    Raises ``ValueError`` with a reason for what is no text.
    """
    encodings = _encodings(data)
    for encoding in encodings:
        try:
            return _text(data, encoding)
        except UnicodeDecodeError:
            continue
    raise ValueError(f"is not text in {' or '.join(encodings.values())}")


def detect_and_decode(data, encoding="auto"):
    """Bytes to text with LF line ends, and the name of their encoding: as ``decode`` does, but Western bytes too.

    Nearly all bytes mean something in Windows' cp1252, and accented letters often do in Shift_JIS: each is taken only
    if what lies beyond ASCII stands as it does in such texts, together or alone. ``encoding`` may be a codec's name
    instead. Raises ``ValueError`` with a reason, and the first line at fault.
    """
    if not data:
        raise ValueError("is empty")
    encodings = {encoding: encoding} if encoding != "auto" else _encodings(data)
    if "utf-8-sig" in encodings:
        encodings |= {"cp1252": "cp1252"}
    faults = []
    for codec_name, name in encodings.items():
        try:
            text = _text(data, codec_name).removeprefix("\ufeff")
        except UnicodeDecodeError as fault:
            faults.append(fault)
            continue
        if encoding != "auto" or codec_name not in LIKELY or LIKELY[codec_name](text):
            return text, name
    before = faults[0].object[: faults[0].start].decode(faults[0].encoding, "ignore")
    line = len(_LINE_END.findall(before)) + 1
    mend = ": name its encoding" if encoding == "auto" else ""
    byte = faults[0].object[faults[0].start]
    raise ValueError(f"is not text in {' or '.join(encodings.values())} (byte {byte:#04x} in line {line}){mend}")


def codec_name(name):
    """The usual name of an encoding; raises ``UserError`` for one that Python does not know."""
    try:
        b"a".decode(name)
    except UnicodeDecodeError:
        pass  # two bytes or more are a character
    except (LookupError, ValueError):
        known = "auto, utf-8, utf-16, cp1252, shift_jis, euc_jp, gb18030, or another that Python knows"
        raise UserError(f"the encoding {name!r} is unknown, must be {known}") from None
    return codecs.lookup(name).name


def _encodings(data):
    """The codecs that may read some bytes, in this order, and the names that they go by."""
    if not data:
        raise ValueError("is empty")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return {"utf-16": "UTF-16"}
    if b"\0" in data:
        raise ValueError("is binary, not text (it holds zero bytes)")
    return {"utf-8-sig": "UTF-8", "shift_jis_2004": "Shift_JIS"}


def _text(data, encoding):
    text = data.decode(encoding).removesuffix("\x1a")  # the end-of-file mark of old editors
    control = _CONTROL.search(text)
    if control:
        raise ValueError(f"is binary, not text (it holds the control character {ord(control[0]):#04x})")
    if encoding == "shift_jis_2004":  # the codec has the yen sign and the overline there, every writer the others
        text = text.translate({0xA5: "\\", 0x203E: "~"})
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _is_japanese(text):
    """Whether most of what is beyond ASCII stands in runs and is common.

    Accented letters look like rare kanji, whose first bytes are 0xe0 and above, and Chinese like half-width kana.
    """
    together = Counter("".join(_TOGETHER.findall(text)))
    common = sum(times for c, times in together.items() if c.encode("shift_jis_2004") < b"\xe0")
    return 2 * common >= len(_BEYOND.findall(text))


def _is_western(text):
    """Whether most of what is beyond ASCII stands alone, or before a letter as in Größe; in damaged UTF-8 none does."""
    return 2 * sum(map(len, _ALONE.findall(text))) >= len(_BEYOND.findall(text))


LIKELY = {"shift_jis_2004": _is_japanese, "cp1252": _is_western}
