"""Files of word vectors, read row by row: GloVe's, word2vec's (text and binary), and fastText's ``.vec``.

A text file has a word and its numbers on each line. Word2vec and fastText (``.vec``) put a line of two whole numbers
before them, how many words and how many numbers each; GloVe does not. In a binary file of word2vec the line is there
too, and then each word, a space and its numbers as float32, little-endian, with or without a line end after them. All
may be packed by gzip, or lie alone in a zip archive. The format is recognized by the bytes, never by the file's name.

A file is read once, from front to back, through a buffer of ``CHUNK`` bytes, however large it is. Of words that are not
wanted, the numbers are counted, and in a text their characters checked, but they are not converted. A text that was cut
within its last number may pass for one without a last line end: it is refused only where no number can end so.
"""

import contextlib
import gzip
import io
import os
import re
import zipfile
from collections.abc import Iterator
from typing import NamedTuple

import numpy

from tsuzuri.errors import UserError, read_failure
from tsuzuri.text.archives import UNPACKING

GLOVE, TEXT, BINARY = FORMS = "GloVe text", "word2vec or fastText text", "word2vec binary"
MOST_NUMBERS = 10_000  # a word: far above what anyone trains
MOST_DIGITS = 18  # of how many words there are: Python refuses to read thousands
LARGEST = 1e30  # of a number, so that sums of squares and what is drawn stay far from the end of float32
LONGEST_WORD = 4096  # bytes
CHUNK = 1 << 20  # bytes read at once, and of the longest line: it holds the longest row
_BOM = b"\xef\xbb\xbf"
_GZIP, _ZIP, _FASTTEXT_MODEL = b"\x1f\x8b", b"PK\x03\x04", b"\xba\x16\x4f\x2f"
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")
_IN_NUMBERS = b"0123456789+-.eE"
_INSIDE = tuple(b"+ - . e E".split())  # what stands in a number but does not end one


@contextlib.contextmanager
def open_vectors(path: str | os.PathLike) -> Iterator[io.BufferedReader]:
    """A buffered stream of a file's bytes, unpacked; while it is open, any error of reading becomes a ``UserError``."""
    if not os.path.isfile(path):
        raise UserError(f"{path}: {'not a file' if os.path.exists(path) else 'no such file'}")
    try:
        with contextlib.ExitStack() as stack:
            stream = stack.enter_context(open(path, "rb", CHUNK))
            if stream.peek().startswith(_GZIP):
                stream = io.BufferedReader(stack.enter_context(gzip.GzipFile(fileobj=stream)), CHUNK)
            elif stream.peek().startswith(_ZIP):
                member = _only_member(stack.enter_context(zipfile.ZipFile(stream)))
                stream = io.BufferedReader(stack.enter_context(member), CHUNK)
            yield stream
    except ValueError as error:
        raise UserError(f"{path}: {error}") from None
    except UNPACKING as error:
        raise UserError(f"{path}: {read_failure(error)}") from None


def _only_member(archive):
    """The one file of an archive, opened; raises ``ValueError`` if there are none or more."""
    names = [info.filename for info in archive.infolist() if not info.is_dir()]
    if len(names) != 1:
        held = ", ".join(names[:5]) or "none"
        raise ValueError(f"an archive of vectors must hold one file, and it holds {len(names)} ({held}): unpack it")
    return archive.open(names[0])


class VectorLayout(NamedTuple):
    """What the beginning of a file says of the rest.

    ``form``, one of ``FORMS``; ``width``, the numbers of each word; ``claimed``, how many words there are, None if it
    does not say; and the byte ``start`` at which they begin, and the number of the ``line`` before them.
    """

    form: str
    width: int
    claimed: int | None
    start: int
    line: int


def detect_layout(head: bytes) -> VectorLayout:
    """The ``VectorLayout`` of a file that begins with ``head``, all of it or ``CHUNK`` bytes; raises ``ValueError``."""
    if not head:
        raise ValueError("is empty")
    if head.startswith(_FASTTEXT_MODEL):
        raise ValueError("is a model of fastText: its vectors are in the file beside it that ends in .vec")
    start = len(_BOM) if head.startswith(_BOM) else 0
    end = head.find(b"\n", start) + 1 or len(head)
    fields = head[start:end].split()
    if len(fields) == 2 and all(map(bytes.isdigit, fields)):
        claimed, width = map(int, fields) if max(map(len, fields)) <= MOST_DIGITS else (0, 0)
        if claimed < 1 or not 1 <= width <= MOST_NUMBERS:
            sizes = " words of ".join(field[:40].decode() for field in fields)
            allowed = f"must be 1 or more words of 1 to {MOST_NUMBERS} numbers, in at most {MOST_DIGITS} digits each"
            raise ValueError(f"line 1 says {sizes} numbers, {allowed}")
        return VectorLayout(TEXT if _is_text(head[end:], width) else BINARY, width, claimed, end, 1)
    width = _numbers_at_end(fields)
    if not 1 <= width <= MOST_NUMBERS:
        allowed = f"must be a word and 1 to {MOST_NUMBERS} numbers, or how many words and numbers there are"
        raise ValueError(f"not a file of word vectors: line 1 ends in {width} numbers, {allowed}")
    return VectorLayout(GLOVE, width, None, start, 0)


def row_reader(layout: VectorLayout, stream: io.BufferedReader):
    """An iterable of (word, row) pairs, both bytes, of a stream at its beginning; its ``numbers(row)`` are (D,).

    Iterating raises ``ValueError``, with the line or the byte, for a row that is damaged, and ``numbers`` does for one
    that holds other than finite numbers of at most ``LARGEST``.
    """
    stream.read(layout.start)
    return (_BinaryRows if layout.form == BINARY else _TextRows)(layout, stream)


def _is_text(body, width):
    """Whether rows are text: the first ends in ``width`` numbers, or no control character is near, as floats have."""
    first = body.partition(b"\n")[0].split()
    return _numbers_at_end(first) >= width or not _CONTROL.search(body, 0, LONGEST_WORD)


def _numbers_at_end(fields):
    """How many of a line's fields after the first, from the last backwards, are numbers."""
    count = 0
    for field in reversed(fields[1:]):
        if not _is_number(field):
            break
        count += 1
    return count


def _is_number(field):
    try:
        float(field)
    except ValueError:
        return False
    return True


class _TextRows:
    """The rows of a text: iterating gives each word and its whole line, in bytes; ``numbers`` converts the latter."""

    def __init__(self, layout, stream):
        self._width, self._stream, self._line = layout.width, stream, layout.line

    def __iter__(self):
        spaces, line = b" " * self._width, b""
        for line in iter(lambda: self._stream.readline(CHUNK), b""):
            self._line += 1
            row = line.rstrip()  # of a CR too, and of the space that fastText puts behind the last number
            first = row.find(b" ")
            if row[first:].translate(None, _IN_NUMBERS) == spaces and b"  " not in row:
                yield row[:first], row
            elif row:
                yield self._irregular_word(row), row
        if line.endswith(_INSIDE):
            raise ValueError(f"line {self._line} ends in {_shown(line.split()[-1])}: the file was cut short")

    def _irregular_word(self, line):
        """The word of a line with tabs or more spaces between its numbers, spaces in the word, or damaged numbers."""
        fields = line.split()
        beyond = len(fields) - 1 - self._width
        if beyond < 0 or (beyond > 0 and _is_number(fields[beyond])):
            count = _numbers_at_end(fields)
            raise ValueError(f"line {self._line} ends in {count} numbers, must be {self._width}, as line 1 has it")
        if b"".join(fields[beyond + 1 :]).translate(None, _IN_NUMBERS):
            self.numbers(line)
        return b" ".join(fields[: beyond + 1])

    def numbers(self, line):
        """The numbers (D,) float64 at the end of a line."""
        fields = line.split()[-self._width :]
        try:
            values = numpy.array(list(map(float, fields)))
        except ValueError:
            wrong = next(field for field in fields if not _is_number(field))
            raise ValueError(f"line {self._line} has {_shown(wrong)} where a number must be") from None
        return _checked(values, f"line {self._line}")


class _BinaryRows:
    """The rows of a binary file: iterating gives each word and its numbers, in bytes; ``numbers`` converts these."""

    def __init__(self, layout, stream):
        self._layout, self._stream, self._at = layout, stream, layout.start

    def __iter__(self):
        claimed, size = self._layout.claimed, 4 * self._layout.width
        buffer, start, base = b"", 0, self._at
        for n in range(claimed):
            space = buffer.find(b" ", start, start + LONGEST_WORD)
            if space < 0 or len(buffer) <= space + size:
                base += start
                buffer, start = buffer[start:] + self._stream.read(CHUNK), 0
                space = buffer.find(b" ", 0, LONGEST_WORD)
                if space < 0 and len(buffer) >= LONGEST_WORD:
                    raise ValueError(f"byte {base} should begin a word, and no space ends it in {LONGEST_WORD} bytes")
                if space < 0 or len(buffer) <= space + size:
                    place = f"in word {n + 1:,} of the {claimed:,} that line 1 says"
                    raise ValueError(f"ends at byte {base + len(buffer)}, {place}")
            self._at = base + space + 1
            yield buffer[start:space].lstrip(b"\n"), buffer[space + 1 : space + 1 + size]
            start = space + 1 + size
        if (buffer[start:] + self._stream.read(CHUNK)).strip():
            raise ValueError(f"goes on at byte {base + start}, after the {claimed:,} words that line 1 says")

    def numbers(self, row):
        """The numbers (D,) float32 of the row that was read last."""
        return _checked(numpy.frombuffer(row, "<f4"), f"byte {self._at}")


def _checked(values, where):
    """``values`` if all are finite and at most ``LARGEST``; ``where`` they stand is for the message of the error."""
    valid = abs(values) <= LARGEST  # false for NaN
    if not valid.all():
        raise ValueError(f"{where} has the number {values[~valid][0]:g}, must be from {-LARGEST:g} to {LARGEST:g}")
    return values


def _shown(field):
    return repr(field[:40].decode(errors="replace"))
