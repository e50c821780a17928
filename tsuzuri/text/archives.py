"""Files and archives to the bytes of the texts in them: zip, gzip, bzip2, xz, pipes; never more than was allowed."""

import io
import lzma
import os
import re
import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import BinaryIO, NamedTuple

from tsuzuri.errors import UserError, read_failure
from tsuzuri.storage import DEFLATE_LIMIT
from tsuzuri.text.encodings import decode
from tsuzuri.text.epub import book_text
from tsuzuri.text.formats import HEAD, PACKED, ZIP, format_fault, is_epub, office_name

MEGABYTE = 1_000_000
HEADER = 30  # bytes before a member's name, at least
CHUNK = 1 << 20
MOSTLY = 0.8  # zero bytes; UTF-32 has three of four
_DECLARED = re.compile(rb"""(?:\xef\xbb\xbf)?\s*<\?xml[^>]*encoding=["']([A-Za-z0-9._-]+)["']""")
INSTEAD = {": --encoding NAME tells which": ": must be in UTF-8", ": --max-text allows more": ": must be smaller"}
UNPACKING = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, OSError, RuntimeError, ValueError, EOFError)
Ended = (zlib.error, lzma.LZMAError, EOFError, OSError)


class Content(NamedTuple):
    """A text's ``name``, and its ``data``; ``fault``, why there is none, in words that follow the name."""

    name: str
    data: bytes = b""
    fault: str | None = None


def too_much(limit: int) -> str:
    """Why something is refused that unpacks to more than ``limit`` megabytes."""
    return f"holds more than {limit:,} MB: --max-text allows more"


def without_options(reason: str) -> str:
    """A reason why a text cannot be read, for commands that have neither --encoding nor --max-text.

    >>> without_options("a.txt: holds more than 1,024 MB: --max-text allows more")
    'a.txt: holds more than 1,024 MB: must be smaller'
    """
    for hint, instead in INSTEAD.items():
        reason = reason.replace(hint, instead)
    return reason


def open_source(path: str) -> BinaryIO:
    """A file, or a pipe read to where it must be, as a stream; raises ``ValueError`` for a device, and ``OSError``."""
    mode = os.stat(path).st_mode
    if stat.S_ISBLK(mode) or (stat.S_ISCHR(mode) and not _is_terminal(path)):
        raise ValueError("is a device: must be a file or a pipe")
    return open(path, "rb")


def _is_terminal(path):
    with open(path, "rb") as stream:
        return stream.isatty() or os.path.realpath(path) == os.devnull


def read_source(path: str, limit: int) -> io.BytesIO | BinaryIO:
    """A stream that can be read more than once: the file, or what came through a pipe, which is read to its end.

    ``limit`` is in megabytes. Raises ``ValueError`` with a reason for a device and for a pipe that brings more.
    """
    stream = open_source(path)
    if stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
        return stream
    with stream:
        return io.BytesIO(_limited(stream, limit))


def _limited(stream, limit):
    """All bytes of a stream, in pieces of a ``CHUNK``; ``ValueError`` for more than ``limit`` megabytes of them."""
    chunks, size = [], 0
    while chunk := stream.read(CHUNK):
        chunks.append(chunk)
        size += len(chunk)
        if size > limit * MEGABYTE:
            raise ValueError(too_much(limit))
        if len(chunks) == 1:
            _check_first(chunk)
    return b"".join(chunks)


def _check_first(chunk):
    """Raise ``ValueError`` for the first bytes of what is no text, before more of them are unpacked."""
    if fault := format_fault(chunk):
        raise ValueError(fault)
    if chunk.count(0) > MOSTLY * len(chunk) and not chunk.startswith((*PACKED, *ZIP)):  # packed, little is left of much
        raise ValueError("is binary, not text (it is mostly zero bytes)")


def read_single(path: str, limit: int) -> bytes:
    """The bytes of a file or pipe that is one text, unpacked where it is packed by gzip, bzip2 or xz.

    ``limit`` is in megabytes. Raises ``ValueError`` with a reason for what is no text by its first bytes, for what
    unpacks to more, and for what cannot be read.
    """
    try:
        with read_source(path, limit) as stream:
            return _single(stream, limit)
    except OSError as error:
        raise ValueError(read_failure(error)) from None


def read_stream(stream: BinaryIO, limit: int) -> bytes:
    """The bytes of one text from a stream that can be read only once, as ``read_single`` has them of a file."""
    try:
        return _single(io.BytesIO(_limited(stream, limit)), limit)
    except OSError as error:
        raise ValueError(read_failure(error)) from None


def _single(stream, limit):
    head = stream.read(HEAD)
    stream.seek(0)
    if head.startswith(ZIP):
        raise ValueError("is a zip archive, not plain text: unpack it")
    return _unpacked(stream, head, limit)


def _unpacked(stream, head, limit):
    """The bytes of a stream whose first are ``head``, unpacked; raises ``ValueError`` as ``read_single`` does."""
    if fault := format_fault(head):
        raise ValueError(fault)
    opener = next((opener for mark, opener in PACKED.items() if head.startswith(mark)), None)
    if not opener:
        return stream.read()
    try:
        with opener(stream) as unpacked:
            data = _limited(unpacked, limit)
    except Ended as error:
        raise ValueError(f"is packed, and cut short or damaged: {error}") from None
    if data.startswith((*PACKED, *ZIP)):
        raise ValueError("holds another archive: unpack it")
    return data


def texts_in(path: str, limit: int) -> Iterator[Content]:
    """Yield the texts of a file, a pipe or an archive as ``Content``, each as it is unpacked, in their order.

    ``limit`` is how many megabytes an archive may unpack to. What is passed over within an archive is told by a
    ``Content`` of the archive's own name.
    """
    try:
        with read_source(path, limit) as stream:
            head = stream.read(HEAD)
            stream.seek(0)
            if head.startswith(ZIP) or zipfile.is_zipfile(stream):
                yield from _archived(path, stream, limit)
            else:
                stream.seek(0)
                yield Content(path, _unpacked(stream, head, limit))
    except OSError as error:
        yield Content(path, fault=read_failure(error))
    except (zipfile.BadZipFile, NotImplementedError) as error:
        yield Content(path, fault=f"is a damaged archive, or one that was cut short: {error}")
    except ValueError as error:
        yield Content(path, fault=str(error))


def _archived(path, stream, limit):
    with zipfile.ZipFile(stream) as archive:
        infos = [info for info in archive.infolist() if not info.is_dir() and not _is_hidden(info.filename)]
        names = [info.filename for info in infos]
        mimetype = _mimetype(archive, names)
        if office := office_name(names, mimetype):
            raise ValueError(f"is {office}, not plain text: save it as plain text (.txt)")
        check_overlaps(archive)
        if is_epub(names, mimetype):
            yield Content(path, book_text(_reader_of_pages(archive, limit)).encode())
            return
        members = [info for info in infos if info.filename.lower().endswith(".txt")]
        members = members or (infos if len(infos) == 1 else [])  # such as enwik8.zip
        if not members:
            raise ValueError(f"the archive holds no file that ends in .txt{passed_over(names, ': it holds ')}")
        check_sizes(members, limit)
        yield from (_member(path, archive, info) for info in members)
        rest = {info.filename for info in infos} - {info.filename for info in members}
        if rest:
            yield Content(path, fault=passed_over(rest, "passed over "))


def _member(path, archive, info):
    name = f"{path}/{info.filename}"
    try:
        data = read_member(archive, info)
    except UNPACKING as error:
        return Content(name, fault=f"cannot be unpacked: {error}")
    fault = format_fault(data)
    if not fault and data.startswith((*PACKED, *ZIP)):
        fault = "is an archive within an archive: unpack it"
    return Content(name, data, fault)


def _reader_of_pages(archive, limit):
    """A function from a file's name in an EPUB to its text; they are no more than ``limit`` megabytes together."""
    taken = []

    def read(name):
        try:
            info = archive.getinfo(name)
        except KeyError:
            raise ValueError(f"is an EPUB that is damaged: it lacks {name}") from None
        taken.append(info)
        check_sizes(taken, limit)
        try:
            data = read_member(archive, info)
        except UNPACKING as error:
            raise ValueError(f"is an EPUB, and its {name} cannot be unpacked: {error}") from None
        declared = _DECLARED.match(data)
        try:
            return decode(data, declared[1].decode() if declared and not declared[1].isdigit() else "utf-8").text
        except (ValueError, LookupError, UserError) as error:
            raise ValueError(f"is an EPUB, and its {name} {error} (is it protected?)") from None

    return read


def read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """The bytes of a member, which are never more than it claims; raises what is in ``UNPACKING``."""
    if _lies(info):
        raise ValueError(f"claims {info.file_size} bytes, more than {info.compress_size} packed can be")
    with archive.open(info) as stream:
        data = stream.read(info.file_size)
        if stream.read(1):
            raise ValueError("holds more than it claims")
    return data


def _mimetype(archive, names):
    """What a member "mimetype" says the archive is."""
    try:
        with archive.open("mimetype") as stream:
            return stream.read(100).decode("ascii", "replace") if "mimetype" in names else ""
    except (KeyError, *UNPACKING):
        return ""


def _lies(info):
    """Whether a member claims more than its packed bytes can be; bzip2 and LZMA know no such bound."""
    return info.compress_type == zipfile.ZIP_DEFLATED and info.file_size > DEFLATE_LIMIT * info.compress_size


def _is_hidden(name):
    return "__MACOSX" in name or os.path.basename(name).startswith(".")


def check_overlaps(archive: zipfile.ZipFile) -> None:
    """Raise ``ValueError`` where the members of an archive share bytes, by which a small file unpacks to much."""
    infos = sorted(archive.infolist(), key=lambda info: info.header_offset)
    starts = [info.header_offset for info in infos[1:]] + [archive.start_dir]
    for info, stop in zip(infos, starts, strict=True):
        if info.header_offset + HEADER + info.compress_size > stop:
            raise ValueError(f"is a damaged archive: {info.filename!r} overlaps what follows it")


def check_sizes(infos: Iterable[zipfile.ZipInfo], limit: int) -> None:
    """Raise ``ValueError`` where members claim to be more than ``limit`` megabytes together."""
    if sum(info.file_size for info in infos if not _lies(info)) > limit * MEGABYTE:
        raise ValueError(too_much(limit))


def passed_over(names: Iterable[str], before: str, after: str = "") -> str:
    """Names of files counted by their endings, between other words, the most frequent first; "" where there are none.

    >>> passed_over(["a.md", "b.md", "c.pdf", "README"], "passed over ")
    'passed over 2 .md, 1 .pdf, 1 without an ending'
    """
    counts = Counter(os.path.splitext(name)[1].lower() or "without an ending" for name in names)
    if not counts:
        return ""
    shown = [f"{count:,} {ending}" for ending, count in counts.most_common(6)]
    more = counts.total() - sum(count for _, count in counts.most_common(6))
    return before + ", ".join([*shown, *([f"{more:,} others"] if more else [])]) + after
