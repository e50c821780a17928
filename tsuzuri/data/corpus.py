"""Documents to ids: tokenize, split into training, validation and test pieces, count the vocabulary, encode."""

import array
import hashlib
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy

from tsuzuri.data.remarks import remarks_report
from tsuzuri.errors import UserError
from tsuzuri.text import reader, vocabulary
from tsuzuri.text.settings import USUAL, TextSettings
from tsuzuri.text.tokenizers import Tokenizer, choose_tokenizer, get_tokenizer

END = vocabulary.SPECIAL[vocabulary.EOS]
SPLITS = ("train", "valid", "test")
HELD_OUT = 0.05  # of the pieces for validation, the last ones, and as many before them for test
LOOK_UP = 1024  # words
SAMPLE = 20_000  # characters that decide the tokenizer
Group = Sequence[Sequence[str]]  # pieces: an original and the copies made of it


class Corpus(NamedTuple):
    """What a model is trained on: three int32 arrays of ids, each piece ended by ``<eos>``, and how they were made."""

    train: numpy.ndarray
    valid: numpy.ndarray
    test: numpy.ndarray
    vocabulary: vocabulary.Vocabulary
    tokenizer: Tokenizer
    report: dict

    def fingerprint(self) -> str:
        """A digest of the ids: corpora with the same digest are the same to a model."""
        digest = hashlib.sha256()
        for ids in (self.train, self.valid, self.test):
            digest.update(numpy.ascontiguousarray(ids, "<i4").tobytes() + b"|")
        return digest.hexdigest()


class _Stream:
    """Pieces as they come, in ids of ``first_seen_ids``: four bytes a word, however long the text."""

    def __init__(self, split, index):
        self.split, self.index = split, index
        self.ids, self.ends = array.array("i"), []

    def add(self, pieces):
        """Append the words of each piece, and ``<eos>`` after them."""
        words = []  # looked up many at a time: MeCab's own tables would push the index out of the cache in between
        for piece in pieces:
            words += self.split(piece)
            words.append(END)
            self.ends.append(len(self.ids) + len(words))
            if len(words) >= LOOK_UP:
                self.ids.extend(map(self.index.__getitem__, words))
                words.clear()
        self.ids.extend(map(self.index.__getitem__, words))


def build_text_corpus(
    paths: Sequence[str],
    valid: Sequence[str] = (),
    test: Sequence[str] = (),
    settings: TextSettings = USUAL,
    size: int | None = None,
    least: int = 2,
    need: int = 2,
) -> Corpus:
    """The ``Corpus`` of the texts under ``paths``; ``valid`` and ``test`` name files of their own for these splits.

    ``settings`` say how they are read; ``size`` and ``least`` bound the vocabulary, which is counted on the
    training pieces alone, by its number of ids and by how often a word must be seen. ``need`` is the least number of
    training words. Raises ``UserError`` for a file that cannot be read and for a corpus that is too small.
    """
    texts = _Texts(settings)
    main = texts.read(paths)
    parts = _split(main, *(texts.read(sources) if sources else None for sources in (valid, test)))
    report = {"files": texts.files, "skipped": texts.skipped, "pieces": len(main.ends)}
    report["remarks"] = remarks_report(texts.remarks)
    return _corpus(parts, texts.index, texts.tokenizer, report, size, least, need, " ".join(paths))


def build_piece_corpus(
    groups: Sequence[Group],
    valid: Sequence[Group] | None = None,
    test: Sequence[Group] | None = None,
    size: int | None = None,
    least: int = 1,
    need: int = 2,
    name: str = "the corpus",
) -> Corpus:
    """The ``Corpus`` of pieces that are words already, such as music.

    Each of ``groups`` is a list of pieces, which are lists of words: an original and the copies made of it, which are
    trained on together with it, but never validated or tested on. ``valid`` and ``test`` are groups for these splits;
    without them pieces at equal distances are held out. The rest is as in ``build_text_corpus``; ``name`` stands in
    messages of errors.
    """
    groups, repeated = _distinct(groups)
    splits = _hold_out_pieces(groups, valid, test, name)
    index = first_seen_ids()
    parts = {}
    for split, pieces in splits.items():
        stream = _Stream(list, index)
        stream.add(pieces)
        parts[split] = numpy.frombuffer(stream.ids, numpy.intc)
    report = {"pieces": len(groups), "copies": sum(map(len, groups)) - len(groups), "twice": repeated}
    return _corpus(parts, index, get_tokenizer("midi"), report, size, least, need, name)


class _Texts:
    """Reads texts into streams that share an index and a tokenizer, which the first text decides unless it is named."""

    def __init__(self, settings):
        self.settings, self.index, self.tokenizer = settings, first_seen_ids(), None
        if settings.tokens != "auto":
            self.tokenizer = get_tokenizer(settings.tokens, settings)
        self.files, self.skipped, self.remarks = {"aozora": 0, "plain": 0}, [], []

    def read(self, sources):
        """The ``_Stream`` of all texts under some paths."""
        stream = None
        for document in reader.read_documents(sources, self.settings):
            if isinstance(document, reader.Skipped):
                self.skipped.append(document._asdict())
                continue
            self.tokenizer = self.tokenizer or get_tokenizer(
                choose_tokenizer("\n".join(document.pieces)[:SAMPLE]), self.settings
            )
            stream = stream or _Stream(self.tokenizer.split, self.index)
            self.files[document.kind] += 1
            self.remarks += [(document.name, remark) for remark in document.remarks]
            stream.add(document.pieces)
        if stream is None:
            reasons = "; ".join(f"{item['name']} {item['reason']}" for item in self.skipped[:3])
            raise UserError(f"{' '.join(sources)}: no text that can be read ({reasons})")
        return stream


def first_seen_ids() -> defaultdict[str, int]:
    """A mapping that gives words their ids in order of first appearance: looking up a new word assigns the next id."""
    index = defaultdict()
    index.default_factory = index.__len__
    for special in vocabulary.SPECIAL:
        index[special]
    return index


def _corpus(parts, index, tokenizer, report, size, least, need, name):
    """Count the vocabulary on the training part, and translate all parts from ids of ``index`` into its ids."""
    if len(parts["train"]) < need:
        raise UserError(
            f"{name}: too small: {len(parts['train'])} words to train on, at least {need} are needed "
            "(add some, or lower --batchsize or --bproplen)"
        )
    words = list(index)
    counts = numpy.bincount(parts["train"], minlength=len(words))
    vocab = vocabulary.build_vocabulary({w: int(n) for w, n in zip(words, counts, strict=True) if n}, least, size)
    final_ids = vocab.encode(words)
    encoded = {split: final_ids[ids] for split, ids in parts.items()}
    report |= {
        "words": {split: len(ids) for split, ids in encoded.items()},
        "distinct": int((counts > 0).sum()),
        "singletons": int((counts == 1).sum()),
        "vocabulary": len(vocab),
        "unknown": {split: float((ids == vocabulary.UNK).mean()) for split, ids in encoded.items()},
    }
    return Corpus(*(encoded[split] for split in SPLITS), vocab, tokenizer, report)


def _distinct(groups):
    """The groups whose originals differ, so that none is both trained and tested on, and how many were left out."""
    first = {tuple(group[0]): group for group in reversed(groups)}
    kept = list(reversed(first.values()))
    return kept, len(groups) - len(kept)


def _hold_out_pieces(groups, valid, test, name):
    """The pieces of each split, training first; splits without pieces of their own are held out of ``groups``."""
    own = {split: groups for split, groups in (("valid", valid), ("test", test)) if groups is not None}
    own = {split: [group[0] for group in groups] for split, groups in own.items()}
    evaluated = {tuple(piece) for pieces in own.values() for piece in pieces}
    groups = [group for group in groups if tuple(group[0]) not in evaluated]
    if not groups:
        raise UserError(f"{name}: no piece is left to train on")
    missing = [split for split in ("valid", "test") if split not in own]
    return (_hold_out_ends if len(groups) < 3 else _hold_out_whole)(groups, missing) | own


def _hold_out_whole(groups, missing):
    """Hold out pieces at equal distances for the ``missing`` splits, and leave their copies out of training."""
    held = max(1, round(HELD_OUT * len(groups)))
    places = [round((i + 0.5) * len(groups) / held) for i in range(held)]
    splits = {split: [groups[place - shift][0] for place in places] for shift, split in enumerate(missing)}
    out = {place - shift for place in places for shift in range(len(missing))}
    return {"train": [piece for i, group in enumerate(groups) if i not in out for piece in group]} | splits


def _hold_out_ends(groups, missing):
    """Hold out the ends of one or two pieces, of which none can be spared; training leaves out those of copies too."""
    stop = 1 - HELD_OUT * len(missing)
    splits = {"train": [_between(piece, 0, stop) for group in groups for piece in group]}
    for split in reversed(missing):
        splits[split] = [_between(group[0], stop, stop + HELD_OUT) for group in groups]
        stop += HELD_OUT
    return splits


def _between(piece, start, stop):
    """The words of a piece from one share of its length to another."""
    return piece[round(start * len(piece)) : round(stop * len(piece))]


def _split(main, valid, test):
    """The ids of each split: the last pieces for validation, those before them for test, or streams of their own."""
    ids, ends = numpy.frombuffer(main.ids, numpy.intc), main.ends
    held = max(1, round(HELD_OUT * len(ends)))
    bounds = {name: held for name, own in (("test", test), ("valid", valid)) if own is None}
    if len(ends) <= sum(bounds.values()):
        raise UserError(
            f"too small: {len(ends)} pieces (lines that are not empty), of which {' and '.join(bounds)} "
            f"take {held} each, and none is left to train on (add text, or name --valid and --test files)"
        )
    parts, stop = {}, len(ends)
    for name, own in (("valid", valid), ("test", test)):
        if own is not None:
            parts[name] = numpy.frombuffer(own.ids, numpy.intc)
        else:
            parts[name] = ids[ends[stop - held - 1] : ends[stop - 1]]
            stop -= held
    return {"train": ids[: ends[stop - 1]], **parts}
