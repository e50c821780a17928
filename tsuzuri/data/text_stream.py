"""Texts as they come, in ids, and these cut into training, validation and test text."""

import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy

from tsuzuri.data.duplicates import line_key, text_digest
from tsuzuri.errors import UserError
from tsuzuri.text import vocabulary

END = vocabulary.SPECIAL[vocabulary.EOS]
SPLITS = ("train", "valid", "test")
HELD_OUT = 0.05  # of the pieces for validation, the last ones, and as many before them for test
MOST_HELD_OUT = 0.1  # of the words of a text: where whole lines are more, it is cut within a line
LOOK_UP = 1024  # words


class StreamedText(NamedTuple):
    """A text of a stream: its name, its digest or None, where it begins among ids and lines, its paragraphs."""

    name: str
    digest: bytes | None
    id: int
    line: int
    paragraphs: int


class TextStream:
    """Pieces as they come, in ids of ``first_seen_ids``: some 4 bytes a word and 16 a line, however long the text.

    ``ends`` are where lines that are not empty end. An empty piece is an ``<eos>`` alone, the end of a paragraph; it
    stands before the line that follows it.
    """

    def __init__(self, split: Callable[[str], list[str]], index: Mapping[str, int]) -> None:
        self.split, self.index = split, index
        self.ids, self.ends, self.keys = array.array("i"), array.array("q"), array.array("q")
        self.texts: list[StreamedText] = []
        self._names: dict[bytes, str] = {}
        self._parted = False

    def array(self) -> numpy.ndarray:
        """The ids, int32, in the stream's own memory."""
        return numpy.frombuffer(self.ids, numpy.intc)

    def add(self, pieces: Iterable[Sequence[str]]) -> None:
        """Append the words of each piece, and ``<eos>`` after them."""
        words: list[str] = []  # looked up many at a time: MeCab's own tables would push the index out of the cache
        for piece in pieces:
            words += self.split(piece)
            words.append(END)
            if piece:
                self.ends.append(len(self.ids) + len(words))
            if len(words) >= LOOK_UP:
                self.ids.extend(map(self.index.__getitem__, words))
                words.clear()
        self.ids.extend(map(self.index.__getitem__, words))

    def add_text(self, name: str, pieces: Sequence[str], distinct: bool = True) -> str | None:
        """Append a text; or return the name of the same one that is here already, unless they need not be ``distinct``.

        A text that has paragraphs is one itself: an empty line parts it from what is before and after it.
        """
        digest = text_digest(pieces) if distinct else None
        if digest in self._names:
            return self._names[digest]
        if digest is not None:
            self._names[digest] = name
        lines = len(pieces) - pieces.count("")
        paragraphs = len(pieces) - lines + 1 if lines < len(pieces) else lines
        self.texts.append(StreamedText(name, digest, len(self.ids), len(self.ends), paragraphs))
        if self.ids and (lines < len(pieces) or self._parted):
            self.ids.append(vocabulary.EOS)
        self._parted = lines < len(pieces)
        self.add(pieces)
        self.keys.extend(line_key(piece) for piece in pieces if piece)
        return None

    def leave_out(self, others: Iterable["TextStream"]) -> list[dict[str, str]]:
        """Take out the texts that ``others`` hold too; returns their names, each with that of the other."""
        names = {digest: name for other in others for digest, name in other._names.items()}
        starts = [*((text.id, text.line) for text in self.texts), (len(self.ids), len(self.ends))]
        kept, out = TextStream(self.split, self.index), []
        for text, (start, first), (stop, last) in zip(self.texts, starts, starts[1:], strict=False):
            if text.digest in names:
                out.append({"name": text.name, "same_as": names[text.digest]})
                continue
            start += not kept.ids and self.ids[start] == vocabulary.EOS  # no empty line at the beginning
            shift = len(kept.ids) - start
            kept.texts.append(text._replace(id=len(kept.ids), line=len(kept.ends)))
            kept.ids.extend(self.ids[start:stop])
            kept.ends.extend(end + shift for end in self.ends[first:last])
            kept.keys.extend(self.keys[first:last])
        if out:
            self.ids, self.ends, self.keys, self.texts = kept.ids, kept.ends, kept.keys, kept.texts
        return out


def first_seen_ids() -> defaultdict[str, int]:
    """A mapping that gives words their ids in order of first appearance: looking up a new word assigns the next id."""
    index: defaultdict[str, int] = defaultdict()
    index.default_factory = index.__len__
    for special in vocabulary.SPECIAL:
        index[special]
    return index


def split_text(
    main: TextStream, own: Mapping[str, TextStream], whole_lines: bool = False
) -> tuple[dict[str, numpy.ndarray], dict[str, numpy.ndarray]]:
    """The ids of each of ``SPLITS``, and the keys of its lines; ``own`` are streams of splits that have their own.

    The others are of the end of ``main``: the last lines for validation, those before them for test. Where few lines
    hold the text, so that these would be more than ``MOST_HELD_OUT`` of its words, it is cut anywhere, unless
    ``whole_lines`` are asked for. Raises ``UserError`` for a text too small for that.
    """
    ids, ends, keys = main.array(), numpy.frombuffer(main.ends, "q"), numpy.frombuffer(main.keys, "q")
    missing = [split for split in ("test", "valid") if split not in own]
    cuts = _cuts(ends, len(missing), whole_lines)
    parts = {split: stream.array() for split, stream in own.items()}
    lines = {split: numpy.frombuffer(stream.keys, "q") for split, stream in own.items()}
    for split, start, stop in zip(["train", *missing], [0, *cuts], cuts, strict=False):
        parts[split] = _ended(ids[start:stop])
        first, last = numpy.searchsorted(ends, (start, stop), side="right")
        lines[split] = keys[first:last]
    return {split: parts[split] for split in SPLITS}, lines


def _cuts(ends, count, whole_lines):
    """Where training text ends, and each of ``count`` parts after it."""
    held = max(1, round(HELD_OUT * len(ends)))
    if len(ends) > held * count:
        cuts = [int(ends[len(ends) - held * k - 1]) for k in range(count, -1, -1)]
        if whole_lines or numpy.diff(cuts).max(initial=0) <= MOST_HELD_OUT * cuts[-1]:
            return cuts
    words = int(ends[-1])
    held = max(1, round(HELD_OUT * words))
    if words <= held * count:
        raise UserError(f"too small: {words} words, of which {count} parts are held out: add text")
    return [words - held * k for k in range(count, -1, -1)]


def _ended(ids):
    """Ids that end in ``<eos>``, as a model is to find the end of a text."""
    return ids if ids[-1] == vocabulary.EOS else numpy.append(ids, numpy.intc(vocabulary.EOS))
