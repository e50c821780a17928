"""Labeled words to what a classifier learns from: split by class, counted, encoded, cut."""

import hashlib
from collections import Counter
from typing import NamedTuple

import numpy

from tsuzuri.data import splits
from tsuzuri.data.corpus import SPLITS, first_seen_ids
from tsuzuri.errors import UserError
from tsuzuri.text import vocabulary


class Examples(NamedTuple):
    """``sequences`` of ids, int32 arrays, and the class (int32) of each."""

    sequences: list
    labels: numpy.ndarray

    def __len__(self):
        return len(self.sequences)


class Dataset(NamedTuple):
    """What a classifier is trained on: examples, the classes by their numbers, and how they were made."""

    train: Examples
    valid: Examples
    test: Examples
    classes: list
    vocabulary: vocabulary.Vocabulary
    report: dict

    def fingerprint(self):
        """A digest of the ids and classes: two corpora are the same to a classifier where it is."""
        digest = hashlib.sha256()
        for examples in (self.train, self.valid, self.test):
            digest.update(numpy.array([len(ids) for ids in examples.sequences], "<i8").tobytes())
            for ids in examples.sequences:
                digest.update(ids.astype("<i4").tobytes())
            digest.update(examples.labels.astype("<i4").tobytes() + b"|")
        digest.update("\n".join(self.classes).encode())
        return digest.hexdigest()


def build_dataset(main, valid, test, *, held, seed, size=None, least=2, known=(), maxlen=None, truncate=None):
    """``Data`` of (label, words) pairs: ``main`` to train on, ``valid`` and ``test``, or shares of ``main`` for None.

    ``held`` are the shares held out for validation and for test, each class by its own; ``seed`` picks them. The
    vocabulary is counted on the training part: words seen ``least`` times, at most ``size`` ids; the words ``known``
    to a model that is gone on from come before them, and beyond that number. Pieces of more than ``maxlen`` words are
    left out of training and validation, or all cut to it, at their beginning (``truncate`` "pre") or end ("post").

    Raises ``UserError`` for a single class, and for a label that ``main`` has not.
    """
    index = first_seen_ids()
    labels, sequences = _by_sight(main, index)
    classes = sorted(set(labels))
    if len(classes) < 2:
        raise UserError(f"one class only, {classes[0]!r}: at least two are needed")
    number = {name: n for n, name in enumerate(classes)}
    labels = _numbers(labels, number)
    given = {"valid": valid, "test": test}
    own = {name: _own(pairs, index, number, f"--{name}: ") for name, pairs in given.items() if pairs is not None}
    shares = dict(zip(("valid", "test"), held, strict=True)) | dict.fromkeys(own, 0)
    places = _split(labels, sequences, shares, seed)
    parts = {name: Examples([sequences[n] for n in where], labels[where]) for name, where in places.items()} | own
    report = {}
    for name in SPLITS:
        if truncate or name != "test":
            parts[name], report[f"left_out_{name}"] = _cut(parts[name], maxlen, truncate)
    for name, use in (("train", "train"), ("valid", "validate")):
        if not len(parts[name]):
            short = f" of at most --maxlen {maxlen} words" if maxlen else ""
            raise UserError(
                f"too small: {sum(map(len, places.values()))} examples, and none{short} is left to {use} on"
            )
    taught = set(parts["train"].labels.tolist())
    for n, name in enumerate(classes):
        if n not in taught:
            raise UserError(
                f"--maxlen {maxlen}: leaves no example of {name!r} to train on (--truncate cuts them instead)"
            )
    report["shared"] = _shared(parts)
    words, final = _vocabulary(list(index), parts["train"], size, least, known)
    encoded = {name: Examples([final[ids] for ids in parts[name].sequences], parts[name].labels) for name in SPLITS}
    seen = final[len(vocabulary.SPECIAL) :]
    report |= _counts(encoded, classes)
    report |= {"vocabulary": len(words), "distinct": len(seen), "kept": int((seen != vocabulary.UNK).sum())}
    return Dataset(*(encoded[name] for name in SPLITS), classes, words, report)


def _by_sight(pairs, index):
    """Labels, and words as ids by first sight: four bytes a word, however many."""
    labels, sequences = [], []
    for label, words in pairs:
        labels.append(label)
        sequences.append(numpy.fromiter(map(index.__getitem__, words), numpy.int32))
    return labels, sequences


def _split(labels, sequences, shares, seed):
    """The places of each split's examples; identical pieces stay together."""
    rng = numpy.random.default_rng([seed, 2])
    same = [ids.tobytes() for ids in sequences]
    left, places = numpy.arange(len(labels)), {}
    for name in ("test", "valid"):
        fraction = shares[name] * len(labels) / max(1, len(left))
        kept, held = splits.hold_out(labels[left].tolist(), fraction, rng, [same[n] for n in left])
        if not shares[name]:
            kept, held = numpy.arange(len(left)), numpy.arange(0)
        left, places[name] = left[kept], left[held]
    return {"train": left} | places


def _own(pairs, index, number, name):
    labels, sequences = _by_sight(pairs, index)
    return Examples(sequences, _numbers(labels, number, name))


def _numbers(labels, number, name=""):
    foreign = sorted(set(labels) - number.keys())
    if foreign:
        raise UserError(f"{name}the class {foreign[0]!r} is not among those that are trained on: {', '.join(number)}")
    return numpy.array([number[label] for label in labels], numpy.int32)


def encode_examples(pairs, words, classes, bounds):
    """``Examples`` of (label, words) pairs for a trained classifier: its vocabulary, its classes and its ``bounds``."""
    labels, sequences = [], []
    for label, spoken in pairs:
        labels.append(label)
        sequences.append(words.encode(spoken))
    part = Examples(sequences, _numbers(labels, {name: n for n, name in enumerate(classes)}))
    return _cut(part, bounds["maxlen"], bounds["truncate"])[0] if bounds["truncate"] else part


def _shared(parts):
    """How many examples of validation and test are in training too, word for word."""
    train = {ids.tobytes() for ids in parts["train"].sequences}
    return {name: sum(ids.tobytes() in train for ids in parts[name].sequences) for name in ("valid", "test")}


def _cut(part, maxlen, truncate):
    """The examples held to ``maxlen``, and how many were left out."""
    if maxlen is None:
        return part, 0
    if truncate:
        return Examples([truncated(ids, maxlen, truncate) for ids in part.sequences], part.labels), 0
    short = [n for n, ids in enumerate(part.sequences) if len(ids) <= maxlen]
    return Examples([part.sequences[n] for n in short], part.labels[short]), len(part) - len(short)


def truncated(words, maxlen, truncate):
    """The last ``maxlen`` words, the beginning being cut off ("pre"), or the first ("post"), as Keras has it."""
    return words[-maxlen:] if truncate == "pre" else words[:maxlen]


def _vocabulary(words, train, size, least, known):
    """The vocabulary, and the id in it of each id by first sight, an array."""
    times = numpy.bincount(numpy.concatenate(train.sequences), minlength=len(words))
    counted = vocabulary.build_vocabulary({w: int(n) for w, n in zip(words, times, strict=True) if n}, least, size)
    if known:
        counted = vocabulary.Vocabulary(dict.fromkeys([*vocabulary.SPECIAL, *known, *counted.words]))
    return counted, counted.encode(words)


def _counts(parts, classes):
    filled = {name: part for name, part in parts.items() if len(part)}
    times = {name: Counter(part.labels.tolist()) for name, part in filled.items()}
    return {
        "classes": {name: [times[name][n] for n in range(len(classes))] for name in filled},
        "words": {name: sum(map(len, part.sequences)) for name, part in filled.items()},
        "longest": max(len(ids) for ids in parts["train"].sequences),
        "unknown": {
            name: float((numpy.concatenate(part.sequences) == vocabulary.UNK).mean()) for name, part in filled.items()
        },
    }


def dataset_summary(data, tokenizer):
    """What was read, in lines for people."""
    r = data.report
    for part, found in r["read"].items():
        if isinstance(found, dict):
            forms = ", ".join(found["form"])
            twice = f"{found['twice']} texts twice, {found['torn']} of them with two labels"
            yield f"read     {part}: {found['files']} files ({forms}; {', '.join(found['encoding'])}), {twice}"
            skipped = found["skipped"]
        else:
            yield f"read     {part}: {sum(music['files'] for music in found)} files of music"
            skipped = [item for music in found for item in music["refused"]]
        yield from (f"skipped  {item['name']}: {item['reason']}" for item in skipped)
    for part, counts in r["classes"].items():
        shares = ", ".join(f"{name} {count:,}" for name, count in zip(data.classes, counts, strict=True))
        words = f"{r['words'][part]:,} words ({r['unknown'][part]:.1%} unknown)"
        yield f"{part:8} {sum(counts):,} examples ({shares}), {words}"
    for part in ("train", "valid"):
        if r[f"left_out_{part}"]:
            yield f"left out {r[f'left_out_{part}']:,} of {part} that are longer than --maxlen"
    for part, count in r["shared"].items():
        if count:
            yield f"note     {count:,} of {part} are in train too, word for word: they are no test of what was learned"
    others = r["vocabulary"] - len(vocabulary.SPECIAL) - r["kept"]
    also = f", {others:,} others of what it begins with" if others else ""
    known = f"{r['kept']:,} of {r['distinct']:,} distinct words{also}"
    yield f"ids      {known}, and <unk>; by {tokenizer.name} {tokenizer.dictionary}".rstrip()
