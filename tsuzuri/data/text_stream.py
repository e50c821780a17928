"""Texts as they come, in ids, and these cut into training, validation and test text."""

import array
import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy

from tsuzuri.data.duplicates import line_key, text_digest
from tsuzuri.errors import UserError
from tsuzuri.text import vocabulary

END = vocabulary.SPECIAL[vocabulary.EOS]
SPLITS = ("train", "valid", "test")
HELD_OUT = 0.05  # of the pieces for validation, the last ones, and as many before them for test
MOST_HELD_OUT = 0.1  # of the words of a text: where whole lines are more, it is cut within a line
MANY = 20  # texts: of more, whole ones are held out
LONG = 1000  # words: a text that has its own part in what is held out
NAMED = 3  # texts that are held out
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

    def bounds(self) -> numpy.ndarray:
        """Where the texts begin among the ids, and where the last one ends, int64: an empty line that parts two texts
        ends the one before it, so that a text begins with a word."""
        places = numpy.array([*(text.id for text in self.texts), len(self.ids)], "q")
        if len(places) > 2:
            inner = places[1:-1]
            inner += self.array()[inner] == vocabulary.EOS
        return places

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


class SplitText(NamedTuple):
    """What a split is made of: int32 ``ids``, where each document begins in them, int64, and the keys of its lines.

    ``names`` are those of the documents, as many as ``starts``, where they are known.
    """

    ids: numpy.ndarray
    starts: numpy.ndarray
    keys: numpy.ndarray
    names: Sequence[str] = ()


def split_text(
    main: TextStream, own: Mapping[str, TextStream], whole_lines: bool = False, spread: bool = True
) -> tuple[dict[str, SplitText], dict[str, Any]]:
    """The ``SplitText`` of each of ``SPLITS``, and a report on what was held out; ``own`` has streams of some of them.

    The others are held out of ``main``. Of one text it is the end: the last lines for validation, those before them for
    test. Where few lines hold the text, so that these would be more than ``MOST_HELD_OUT`` of its words, it is cut
    anywhere, unless ``whole_lines`` are asked for. Of several texts it is the end of each; of more than ``MANY`` it is
    every 20th text, from the place where that comes nearest to the share of words. Without ``spread`` it is the end of
    all, as in runs from before. Raises ``UserError`` for a text too small for that.
    """
    missing = [split for split in ("test", "valid") if split not in own]
    bounds = main.bounds()
    way, pieces = "end", None
    if spread and missing and len(bounds) > 2:
        way, pieces = "texts", _whole_texts(bounds, missing) if len(bounds) > MANY + 1 else None
        if pieces is None:
            way, pieces = "ends", _ends_of_texts(main, bounds, missing)
    if pieces is None:
        way, pieces = "end", _end_of_all(main, bounds, missing, whole_lines)
    parts = {split: _part(stream, itertools.pairwise(stream.bounds())) for split, stream in own.items()}
    parts |= {split: _part(main, pieces[split]) for split in ("train", *missing)}
    report: dict[str, Any] = {"way": way if missing else "files", "texts": len(bounds) - 1, "splits": missing}
    if way == "texts":
        report["names"] = {split: _names(main, bounds, pieces[split]) for split in missing}
    return {split: parts[split] for split in SPLITS}, report


def _part(stream, pieces):
    """The ``SplitText`` of a stream's pieces (start, stop), in their order, each a document or some of one."""
    pieces = [(int(start), int(stop)) for start, stop in pieces if start < stop]
    ids, ends, keys = stream.array(), numpy.frombuffer(stream.ends, "q"), numpy.frombuffer(stream.keys, "q")
    cut = [_ended(ids[start:stop]) for start, stop in pieces]
    starts = numpy.cumsum([0, *map(len, cut[:-1])])
    texts = numpy.searchsorted([text.id for text in stream.texts], [start for start, _ in pieces], side="right") - 1
    names = [stream.texts[n].name for n in texts]
    lines = [slice(*numpy.searchsorted(ends, piece, side="right")) for piece in pieces]
    if all(before[1] == after[0] for before, after in itertools.pairwise(pieces)):  # as one, without a copy
        whole = pieces[0][0], pieces[-1][1]
        return SplitText(_ended(ids[slice(*whole)]), starts, keys[lines[0].start : lines[-1].stop], names)
    return SplitText(numpy.concatenate(cut), starts, numpy.concatenate([keys[line] for line in lines]), names)


def _end_of_all(main, bounds, missing, whole_lines):
    """The pieces of each split where the end of the whole stream is held out, parted where documents begin."""
    cuts = _cuts(numpy.frombuffer(main.ends, "q"), len(missing), whole_lines)
    parted = numpy.union1d(bounds[bounds < cuts[-1]], [0, *cuts]).tolist()
    pieces = list(itertools.pairwise(parted))
    return {
        split: [piece for piece in pieces if start <= piece[0] < stop]
        for split, start, stop in zip(["train", *missing], [0, *cuts], cuts, strict=False)
    }


def _whole_texts(bounds, missing):
    """The pieces of each split where every 20th text is held out; None where that is not near to its share of words."""
    every, sizes = round(1 / HELD_OUT), numpy.diff(bounds)
    shares = [sizes[n::every].sum() / sizes.sum() for n in range(every)]
    held = {n: shares[n - len(missing) + 1 : n + 1] for n in range(len(missing) - 1, every)}
    best = min(held, key=lambda n: max(abs(share - HELD_OUT) for share in held[n]))
    if not all(HELD_OUT / 2 <= share <= MOST_HELD_OUT for share in held[best]):
        return None
    texts = list(itertools.pairwise(bounds.tolist()))
    places = {split: best - len(missing) + 1 + n for n, split in enumerate(missing)}
    train = [text for n, text in enumerate(texts) if n % every not in places.values()]
    return {"train": train} | {split: texts[place::every] for split, place in places.items()}


def _ends_of_texts(main, bounds, missing):
    """The pieces of each split where the end of every text is held out; None where texts are too few and too short.

    A line is held out where so many have been seen that another is due, so that short texts have their share together;
    a long text gives its share of words where its lines would be much more, or none.
    """
    ends, pieces = numpy.frombuffer(main.ends, "q"), {split: [] for split in ("train", *missing)}
    lines = numpy.searchsorted(ends, bounds, side="right")
    for start, stop, first, last in zip(bounds, bounds[1:], lines, lines[1:], strict=False):
        held = round(HELD_OUT * last) - round(HELD_OUT * first)
        cuts = [stop] * (len(missing) + 1)
        if held and last - first >= held * len(missing):
            places = [last - held * k for k in range(len(missing), 0, -1)]
            cuts = [int(ends[place - 1]) if place > first else start for place in places] + [stop]
        size = stop - start
        if size >= LONG and not 0 < numpy.diff(cuts).max(initial=0) <= MOST_HELD_OUT * size:
            cuts = [stop - round(HELD_OUT * size) * k for k in range(len(missing), -1, -1)]
        for split, piece in zip(pieces, itertools.pairwise([start, *cuts]), strict=True):
            pieces[split].append(piece)
    words = {split: sum(stop - start for start, stop in held) for split, held in pieces.items()}
    total = sum(words.values())
    balanced = all(0 < words[split] <= MOST_HELD_OUT * total for split in missing)
    return pieces if balanced else None


def _names(main, bounds, pieces):
    """How many texts some pieces are, and the names of the first."""
    texts = [main.texts[n].name for n in numpy.searchsorted(bounds, [start for start, _ in pieces])]
    return {"count": len(texts), "first": texts[:NAMED]}


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
