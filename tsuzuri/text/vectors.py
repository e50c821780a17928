"""Pretrained word vectors: files of GloVe, word2vec and fastText to a row for every word of a vocabulary.

A text file has a word and its numbers on each line. Word2vec and fastText (``.vec``) put a line of two whole numbers
before them, how many words and how many numbers each; GloVe does not. In a binary file of word2vec the line is there
too, and then each word, a space and its numbers as float32, little-endian, with or without a line end after them. All
may be packed by gzip, or lie alone in a zip archive. What a file is shows in its bytes; its name is not asked.

A file is read once, from front to back: memory is taken for the vocabulary's rows and a buffer, however large it is.
Of words that are not wanted, numbers are counted, and in a text their characters looked at, but they are not read.
A text that was cut within its last number may pass for one without a last line end: only where a number cannot end so
is it told.
"""

import contextlib
import gzip
import io
import os
import re
import zipfile
from collections import defaultdict
from typing import NamedTuple

import numpy

from tsuzuri.errors import UserError
from tsuzuri.text.reader import UNPACKING
from tsuzuri.text.vocabulary import EOS, SPECIAL

GLOVE, TEXT, BINARY = FORMS = "GloVe text", "word2vec or fastText text", "word2vec binary"
STANDING_FOR = {"<eos>": "</s>", "<unk>": "UNK"}  # what others call them
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


class Vectors(NamedTuple):
    """``rows`` (V, D) float32, one for every id; ``found`` (V,) bool, which of them the file has; its ``form``, one of
    ``FORMS``; and ``total``, how many words it holds.
    """

    rows: numpy.ndarray
    found: numpy.ndarray
    form: str
    total: int


def load_vectors(path, vocabulary, rng):
    """The ``Vectors`` of a vocabulary from a file. Of a word that is there twice the first row counts.

    A word that is not there takes the row of its lower-case form, and ``<eos>`` and ``<unk>`` those of ``</s>`` and
    ``UNK``. Rows that are still missing are drawn by ``rng``, as ``filled`` says.

    Raises ``UserError`` for a file that cannot be read or is damaged, with the line or the byte (of what is unpacked,
    from 0) where that shows, and for one that holds no word of the vocabulary.
    """
    with _opened(path) as stream:
        layout = _layout(stream.peek())
        rows, found, total = _pick(layout, stream, vocabulary.words)
    if not found.any():
        some = ", ".join(repr(word) for word in vocabulary.words[len(SPECIAL) :][:3])
        raise UserError(f"{path}: none of its {total:,} words is one of the text, such as {some}: of another language?")
    return Vectors(fill_missing_rows(rows, found, rng), found, layout.form, total)


def fill_missing_rows(rows, found, rng):
    """``rows`` (V, D) after those that are not ``found``, (V,) bool, were drawn by ``rng``, in place, like the others.

    Each number is from a normal distribution with its mean and variance in the rows that were found, of which there
    must be some. One mean for all would not do: in GloVe's vectors some numbers are far from 0 in every word. Rows that
    do not differ, as one alone, have no variance: that of all their numbers together takes its place.
    """
    known = rows[found]
    spread, mean = known.std(axis=0, dtype="d"), known.mean(axis=0, dtype="d")
    if not spread.any():
        spread = known.std(dtype="d")
    rows[~found] = rng.standard_normal((len(rows) - len(known), rows.shape[1])) * spread + mean
    return rows


def vector_width(path):
    """How many numbers a word has in a file, by its beginning alone; raises ``UserError`` as ``read`` does."""
    with _opened(path) as stream:
        return _layout(stream.peek()).width


def vectors_report(path, vectors, ids):
    """What a run keeps of where its vectors are from, and how much of a text they know.

    ``ids`` are the text's. ``found`` of so many words were in the file, not counting ``<eos>`` and ``<unk>``, and with
    their repetitions they are a ``share`` of the text but its line ends.
    """
    known = vectors.found.copy()
    known[: len(SPECIAL)] = False
    times = numpy.bincount(ids, minlength=len(known))
    times[EOS] = 0
    return {
        "file": os.path.abspath(path),
        "form": vectors.form,
        "total": vectors.total,
        "width": vectors.rows.shape[1],
        "found": int(known.sum()),
        "of": len(known) - len(SPECIAL),
        "share": float(times[known].sum() / max(1, times.sum())),
    }


def vectors_summary(about):
    """A ``report`` in words."""
    part = about["found"] / max(1, about["of"])
    held = f"{about['total']:,} of {about['width']} numbers ({about['form']})"
    found = f"{about['found']:,} of {about['of']:,} words found ({part:.1%}; {about['share']:.1%} of the text)"
    return f"{held}: {found}, the others drawn like them"


@contextlib.contextmanager
def _opened(path):
    """A buffered stream of a file's bytes, unpacked. While it is open, errors of reading become ``UserError``."""
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
        raise UserError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _only_member(archive):
    names = [info.filename for info in archive.infolist() if not info.is_dir()]
    if len(names) != 1:
        held = ", ".join(names[:5]) or "none"
        raise ValueError(f"an archive of vectors must hold one file, and it holds {len(names)} ({held}): unpack it")
    return archive.open(names[0])


class _Layout(NamedTuple):
    """What the beginning of a file says: its form, numbers a word, how many words (None if it does not say), and the
    byte and the line at which they begin.
    """

    form: str
    width: int
    claimed: int | None
    start: int
    line: int


def _layout(head):
    """The ``_Layout`` of a file that begins with ``head``, all of it or ``CHUNK`` bytes."""
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
            said = " words of ".join(field[:40].decode() for field in fields)
            allowed = f"must be 1 or more words of 1 to {MOST_NUMBERS} numbers, in at most {MOST_DIGITS} digits each"
            raise ValueError(f"line 1 says {said} numbers, {allowed}")
        return _Layout(TEXT if _is_text(head[end:], width) else BINARY, width, claimed, end, 1)
    width = _numbers_at_end(fields)
    if not 1 <= width <= MOST_NUMBERS:
        allowed = f"must be a word and 1 to {MOST_NUMBERS} numbers, or how many words and numbers there are"
        raise ValueError(f"not a file of word vectors: line 1 ends in {width} numbers, {allowed}")
    return _Layout(GLOVE, width, None, start, 0)


def _is_text(body, width):
    """Whether rows are text: the first ends in so many numbers, or there are no control characters, as floats have."""
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


def _pick(layout, stream, words):
    """The rows of a vocabulary's words (V, D), zeros where the file has none; which it has, (V,) bool; and how many
    rows it holds in all.
    """
    stream.read(layout.start)
    reader = (_BinaryRows if layout.form == BINARY else _TextRows)(layout, stream)
    places = _places(words)
    rows = numpy.zeros((len(words), layout.width), "f")
    ranks = numpy.full(len(words), len(words))
    total = 0
    for word, row in reader:
        total += 1
        for rank, i in places.get(word, ()):
            if rank < ranks[i]:
                rows[i], ranks[i] = reader.numbers(row), rank
    if layout.claimed not in (None, total):
        raise ValueError(f"line 1 says {layout.claimed:,} words, and the file holds {total:,}")
    return rows, ranks < len(words), total


def _places(words):
    """Where a word of the file goes, by its bytes: (rank, id) pairs. Of two words for one id the lower rank counts."""
    places = defaultdict(list)
    for i, word in enumerate(words):
        for rank, name in enumerate((word, STANDING_FOR.get(word, word.lower()))):
            places[name.encode()].append((rank, i))
    return dict(places)


class _TextRows:
    """The rows of a text: iterating gives each word and its line, in bytes; ``numbers`` reads the latter."""

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
                yield self._odd_word(row), row
        if line.endswith(_INSIDE):
            raise ValueError(f"line {self._line} ends in {_shown(line.split()[-1])}: the file was cut short")

    def _odd_word(self, line):
        """The word of a line that has other than one space before each number, such as tabs, or spaces in the word
        itself; or other characters than numbers have.
        """
        fields = line.split()
        beyond = len(fields) - 1 - self._width
        if beyond < 0 or (beyond > 0 and _is_number(fields[beyond])):
            held = _numbers_at_end(fields)
            raise ValueError(f"line {self._line} ends in {held} numbers, must be {self._width}, as line 1 has it")
        if b"".join(fields[beyond + 1 :]).translate(None, _IN_NUMBERS):
            self.numbers(line)
        return b" ".join(fields[: beyond + 1])

    def numbers(self, line):
        fields = line.split()[-self._width :]
        try:
            values = numpy.array(list(map(float, fields)))
        except ValueError:
            wrong = next(field for field in fields if not _is_number(field))
            raise ValueError(f"line {self._line} has {_shown(wrong)} where a number must be") from None
        return _checked(values, f"line {self._line}")


class _BinaryRows:
    """The rows of a binary file: iterating gives each word and its numbers, in bytes; ``numbers`` reads these."""

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
        return _checked(numpy.frombuffer(row, "<f4"), f"byte {self._at}")


def _checked(values, where):
    """``values`` if all are numbers that a model can take; ``where`` they are is for the complaint."""
    good = abs(values) <= LARGEST  # no NaN is
    if not good.all():
        raise ValueError(f"{where} has the number {values[~good][0]:g}, must be from {-LARGEST:g} to {LARGEST:g}")
    return values


def _shown(field):
    return repr(field[:40].decode(errors="replace"))
