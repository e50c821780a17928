"""Files, zip archives and folders to documents: decoded, cleaned, and cut into pieces, one a line."""

import codecs
import lzma
import os
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tsuzuri.errors import UserError, read_failure
from tsuzuri.folders import walk_files
from tsuzuri.storage import DEFLATE_LIMIT
from tsuzuri.text import aozora, gutenberg
from tsuzuri.text.paragraphs import arrange_lines
from tsuzuri.text.settings import DROP, USUAL, TextSettings

SUFFIXES = (".txt", ".zip")
KINDS = ("plain", "aozora", "gutenberg")
UNPACKING = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, OSError, RuntimeError, ValueError, EOFError)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_LINE_END = re.compile(r"\r\n?|\n")
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_RUN = re.compile(r"[^\x00-\x7f\uff61-\uff9f]{2,}")
_ALONE = re.compile(r"(?<![^\x00-\x7f])[^\x00-\x7f][À-ÿ]?(?![^\x00-\x7f])")


class Document(NamedTuple):
    """A text as pieces: ``name`` of its file, ``kind`` of ``KINDS``, and its lines, an empty one between paragraphs."""

    name: str
    kind: str
    pieces: list[str]


class Skipped(NamedTuple):
    """A file that could not be read, and why."""

    name: str
    reason: str


def read_documents(paths: Iterable[str], settings: TextSettings = USUAL) -> Iterator[Document | Skipped]:
    """Yield a ``Document`` or a ``Skipped`` for each text under ``paths``, those of a folder as ``walk_files`` does.

    Raises ``UserError`` for a path of ``paths`` that cannot be read; a file within a folder or an archive is skipped.
    """
    for path in paths:
        if not os.path.exists(path):
            raise UserError(f"{path}: no such file or folder")
        for file in _text_files(path):
            for document in _documents(file, settings):
                if isinstance(document, Skipped) and file == path and document.name == path:
                    raise UserError(f"{document.name}: {document.reason}")
                yield document


def _text_files(path):
    """A file itself, or the texts and archives of a folder by their names."""
    if not os.path.isdir(path):
        return [path]
    files = [file for file in walk_files(path) if file.lower().endswith(SUFFIXES)]
    if not files:
        raise UserError(f"{path}: the folder holds no file that ends in {' or '.join(SUFFIXES)}")
    return files


def _documents(file, settings):
    try:
        if zipfile.is_zipfile(file):
            yield from _archived(file, settings)
        else:
            with open(file, "rb") as stream:
                yield _document(file, stream.read(), settings)
    except OSError as error:
        yield Skipped(file, read_failure(error))
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        yield Skipped(file, f"is a damaged archive: {error}")


def _archived(file, settings):
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
                yield _document(name, archive.read(member), settings)
            except UNPACKING as error:
                yield Skipped(name, f"cannot be unpacked: {error}")


def _document(name, data, settings):
    try:
        text = decode_text(data)
    except ValueError as error:
        return Skipped(name, str(error))
    kind, lines = "plain", text.split("\n")
    if aozora.is_aozora(text):
        kind, lines = "aozora", aozora.clean_aozora(text).lines
    elif settings.lines != DROP and gutenberg.is_gutenberg(text):
        kind, lines = "gutenberg", gutenberg.book_lines(text)
    pieces = arrange_lines(lines, settings.lines)
    return Document(name, kind, pieces) if pieces else Skipped(name, "holds no text")


def decode_text(data: bytes) -> str:
    """The text of a file's bytes, with LF line ends: UTF-8 or UTF-16 by its mark, else UTF-8, else Shift_JIS.

    Shift_JIS is that of JIS X 0213. Raises ``ValueError`` with a reason for bytes that are not text.
    """
    encodings = _encodings(data)
    for encoding in encodings:
        try:
            return _text(data, encoding)
        except UnicodeDecodeError:
            continue
    raise ValueError(f"is not text in {' or '.join(encodings.values())}")


def detect_and_decode(data: bytes, encoding: str = "auto") -> tuple[str, str]:
    """The text of some bytes, with LF line ends, and the name of their encoding; tries cp1252 after ``decode_text``'s.

    Nearly all bytes mean something in Windows' cp1252, and accented letters often do in Shift_JIS. So each of the two
    is taken only if the characters beyond ASCII stand as they do in such texts: in runs in Japanese, alone in Western
    ones. ``encoding`` may be a codec's name instead of "auto". Raises ``ValueError`` with a reason and the first line
    that cannot be decoded.
    """
    if not data:
        raise ValueError("is empty")
    encodings = {encoding: encoding} if encoding != "auto" else _encodings(data)
    if "utf-8-sig" in encodings:
        encodings |= {"cp1252": "cp1252"}
    errors = []
    for codec, name in encodings.items():
        try:
            text = _text(data, codec).removeprefix("\ufeff")
        except UnicodeDecodeError as error:
            errors.append(error)
            continue
        if encoding != "auto" or codec not in LIKELY or LIKELY[codec](text):
            return text, name
    before = errors[0].object[: errors[0].start].decode(errors[0].encoding, "ignore")
    line = len(_LINE_END.findall(before)) + 1
    advice = ": name its encoding" if encoding == "auto" else ""
    byte = errors[0].object[errors[0].start]
    raise ValueError(f"is not text in {' or '.join(encodings.values())} (byte {byte:#04x} in line {line}){advice}")


def codec_name(name: str) -> str:
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
    """The codecs to try on some bytes, in this order, with their usual names; ``ValueError`` for what is not text."""
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
    if encoding == "shift_jis_2004":  # the codec reads a yen sign and an overline where all writers mean \ and ~
        text = text.translate({0xA5: "\\", 0x203E: "~"})
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _is_japanese(text):
    """Whether most of the characters beyond ASCII stand in runs and are common in Japanese.

    Accented letters look like rare kanji, whose first bytes are 0xe0 and above, and Chinese like half-width kana.
    """
    in_runs = Counter("".join(_RUN.findall(text)))
    common = sum(count for c, count in in_runs.items() if c.encode("shift_jis_2004") < b"\xe0")
    return 2 * common >= len(_BEYOND_ASCII.findall(text))


def _is_western(text):
    """Whether most characters beyond ASCII stand alone, or before a letter as in Größe; in damaged UTF-8 none does."""
    return 2 * sum(map(len, _ALONE.findall(text))) >= len(_BEYOND_ASCII.findall(text))


LIKELY = {"shift_jis_2004": _is_japanese, "cp1252": _is_western}  # codec: whether what it decoded looks right
