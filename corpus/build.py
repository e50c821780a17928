"""Documents to ids: tokenise, split into training, validation and test pieces, count the vocabulary, encode."""

import array
import hashlib
from collections import defaultdict
from typing import NamedTuple

import numpy

from corpus import reader, vocabulary
from corpus.tokenise import choose, tokeniser
from errors import UserError

END = vocabulary.SPECIAL[vocabulary.EOS]
SPLITS = ("train", "valid", "test")
HELD_OUT = 0.05  # of the pieces for validation, the last ones, and as many before them for test
LOOK_UP = 1024  # words
SAMPLE = 20_000  # characters that decide the tokeniser


class Corpus(NamedTuple):
    """What a model is trained on: three int32 arrays of ids, each piece ended by ``<eos>``, and how they were made."""

    train: numpy.ndarray
    valid: numpy.ndarray
    test: numpy.ndarray
    vocabulary: vocabulary.Vocabulary
    tokeniser: object
    report: dict

    def fingerprint(self):
        """A digest of the ids: two corpora are the same to a model where it is."""
        digest = hashlib.sha256()
        for ids in (self.train, self.valid, self.test):
            digest.update(numpy.ascontiguousarray(ids, "<i4").tobytes() + b"|")
        return digest.hexdigest()


class _Stream:
    """Pieces as they come, in ids by first sight: four bytes a word, however long the text."""

    def __init__(self, split, index):
        self.split, self.index = split, index
        self.ids, self.ends = array.array("i"), []

    def add(self, pieces):
        words = []  # looked up many at a time: MeCab's own tables would push the index out of the cache in between
        for piece in pieces:
            words += self.split(piece)
            words.append(END)
            self.ends.append(len(self.ids) + len(words))
            if len(words) >= LOOK_UP:
                self.ids.extend(map(self.index.__getitem__, words))
                words.clear()
        self.ids.extend(map(self.index.__getitem__, words))


def build(paths, valid=(), test=(), tokens="auto", size=None, least=2, need=2):
    """Read ``paths`` into a ``Corpus``; ``valid`` and ``test`` name files of their own for these splits.

    ``tokens`` is a tokeniser's name or "auto"; ``size`` and ``least`` bound the vocabulary, which is counted on the
    training pieces alone, by its number of ids and by how often a word must be seen. ``need`` is the least number of
    training words. Raises ``UserError`` for what cannot be read and for a corpus that is too small.
    """
    index = defaultdict()
    index.default_factory = index.__len__
    for special in vocabulary.SPECIAL:
        index[special]
    skipped, files = [], {"aozora": 0, "plain": 0}

    def read(sources):
        nonlocal tokens
        stream = None
        for document in reader.read(sources):
            if isinstance(document, reader.Skipped):
                skipped.append(document._asdict())
                continue
            if tokens == "auto":
                tokens = choose("\n".join(document.pieces)[:SAMPLE])
            stream = stream or _Stream(splitter(), index)
            files[document.kind] += 1
            stream.add(document.pieces)
        if stream is None:
            reasons = "; ".join(f"{item['name']} {item['reason']}" for item in skipped[:3])
            raise UserError(f"{' '.join(sources)}: no text that can be read ({reasons})")
        return stream

    chosen = {}

    def splitter():
        if tokens not in chosen:
            chosen[tokens] = tokeniser(tokens)
        return chosen[tokens].split

    main = read(paths)
    parts = _split(main, *(read(sources) if sources else None for sources in (valid, test)))
    if len(parts["train"]) < need:
        raise UserError(
            f"{' '.join(paths)}: too small: {len(parts['train'])} words to train on, at least {need} are needed "
            "(add text, or lower --batchsize or --bproplen)"
        )
    words = list(index)
    times = numpy.bincount(parts["train"], minlength=len(words))
    vocab = vocabulary.count({w: int(n) for w, n in zip(words, times, strict=True) if n}, least, size)
    final = vocab.encode(words)
    encoded = {name: final[ids] for name, ids in parts.items()}
    report = {
        "files": files,
        "skipped": skipped,
        "pieces": len(main.ends),
        "words": {name: len(ids) for name, ids in encoded.items()},
        "distinct": int((times > 0).sum()),
        "singletons": int((times == 1).sum()),
        "vocabulary": len(vocab),
        "unknown": {name: float((ids == vocabulary.UNK).mean()) for name, ids in encoded.items()},
    }
    return Corpus(*(encoded[name] for name in SPLITS), vocab, chosen[tokens], report)


def _split(main, valid, test):
    """Ids of the three splits: the last pieces for validation, those before them for test, or streams of their own."""
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
