"""Labeled words to the dataset of a classifier: split by class, cut to a length, counted, encoded."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy

from tsuzuri.data import splits
from tsuzuri.data.corpus import SPLITS, first_seen_ids
from tsuzuri.data.preprocessing import Preprocessor
from tsuzuri.data.remarks import remark_lines, remarks_report
from tsuzuri.errors import UserError
from tsuzuri.midi.words import collect
from tsuzuri.midi.words import report as music_report
from tsuzuri.text import vocabulary

Pair = tuple[str, Sequence[str]]  # a label and the words that it belongs to


class Examples(NamedTuple):
    """``sequences`` of ids, int32 arrays, and the class (int32) of each."""

    sequences: list[numpy.ndarray]
    labels: numpy.ndarray

    def __len__(self) -> int:
        return len(self.sequences)


class Dataset(NamedTuple):
    """What a classifier is trained on: the examples of each split, the names of the classes, and a report."""

    train: Examples
    valid: Examples
    test: Examples
    classes: list[str]
    vocabulary: vocabulary.Vocabulary
    report: dict

    def fingerprint(self) -> str:
        """A digest of ids and classes: datasets with the same digest are the same to a classifier."""
        digest = hashlib.sha256()
        for examples in (self.train, self.valid, self.test):
            digest.update(numpy.array([len(ids) for ids in examples.sequences], "<i8").tobytes())
            for ids in examples.sequences:
                digest.update(ids.astype("<i4").tobytes())
            digest.update(examples.labels.astype("<i4").tobytes() + b"|")
        digest.update("\n".join(self.classes).encode())
        return digest.hexdigest()


def build_dataset(
    main: Iterable[Pair],
    valid: Iterable[Pair] | None,
    test: Iterable[Pair] | None,
    *,
    held: tuple[float, float],
    seed: int,
    size: int | None = None,
    least: int = 2,
    known: Sequence[str] = (),
    maxlen: int | None = None,
    truncate: str | None = None,
) -> Dataset:
    """The ``Dataset`` of (label, words) pairs: ``main`` to train on, ``valid`` and ``test``, or None to hold these out.

    ``held`` are the shares of ``main`` held out for validation and for test, of each class the same; ``seed`` picks the
    examples. The vocabulary is counted on the training part: words seen ``least`` times, at most ``size`` ids; the
    words ``known`` to a model that is trained further come before them, and beyond that number. Examples of more than
    ``maxlen`` words are left out of training and validation, or all are cut to it, at their beginning (``truncate``
    "pre") or their end ("post").

    Raises ``UserError`` for a single class, for a label that ``main`` does not have, and where no example is left to
    train or validate on.
    """
    index = first_seen_ids()
    whole, own, classes = _index_parts(main, {"valid": valid, "test": test}, index)
    parts, report = _hold_out_examples(whole, own, held, seed), {}
    for name in SPLITS:
        if truncate or name != "test":
            parts[name], report[f"left_out_{name}"] = _limit_length(parts[name], maxlen, truncate)
    _check_sizes(parts, classes, len(whole), maxlen)
    report["shared"] = _shared(parts)
    words, final_ids = _vocabulary(list(index), parts["train"], size, least, known)
    encoded = {name: Examples([final_ids[ids] for ids in parts[name].sequences], parts[name].labels) for name in SPLITS}
    seen = final_ids[len(vocabulary.SPECIAL) :]
    report |= _counts(encoded, classes)
    report |= {"vocabulary": len(words), "distinct": len(seen), "kept": int((seen != vocabulary.UNK).sum())}
    return Dataset(*(encoded[name] for name in SPLITS), classes, words, report)


def _index_parts(main, separate, index):
    """The ``Examples`` of ``main`` and of ``separate`` splits that are not None, in ids of ``index``; the classes."""
    labels, sequences = _index_words(main, index)
    classes = sorted(set(labels))
    if len(classes) < 2:
        raise UserError(f"one class only, {classes[0]!r}: at least two are needed")
    whole, own = Examples(sequences, _class_numbers(labels, classes)), {}
    for name, pairs in separate.items():
        if pairs is not None:
            labels, sequences = _index_words(pairs, index)
            own[name] = Examples(sequences, _class_numbers(labels, classes, f"--{name}: "))
    return whole, own, classes


def _index_words(pairs, index):
    """The labels, and the words as ids of ``index``, int32 arrays: four bytes a word, however many."""
    labels, sequences = [], []
    for label, words in pairs:
        labels.append(label)
        sequences.append(numpy.fromiter(map(index.__getitem__, words), numpy.int32))
    return labels, sequences


def _class_numbers(labels, classes, prefix=""):
    """The number of each label's class, int32; raises ``UserError`` for a label that is none of ``classes``."""
    numbers = {name: n for n, name in enumerate(classes)}
    foreign = sorted(set(labels) - numbers.keys())
    if foreign:
        raise UserError(
            f"{prefix}the class {foreign[0]!r} is not among those that are trained on: {', '.join(classes)}"
        )
    return numpy.array([numbers[label] for label in labels], numpy.int32)


def _hold_out_examples(whole, own, held, seed):
    """The ``Examples`` of each split, those in ``own`` as they are; identical ones stay together."""
    rng = numpy.random.default_rng([seed, 2])
    shares = dict(zip(("valid", "test"), held, strict=True)) | dict.fromkeys(own, 0)
    contents = [ids.tobytes() for ids in whole.sequences]
    left, places = numpy.arange(len(whole)), {}
    for name in ("test", "valid"):
        fraction = shares[name] * len(whole) / max(1, len(left))
        kept, out = splits.hold_out(whole.labels[left].tolist(), fraction, rng, [contents[n] for n in left])
        if not shares[name]:
            kept, out = numpy.arange(len(left)), numpy.arange(0)
        left, places[name] = left[kept], left[out]
    places["train"] = left
    return {name: Examples([whole.sequences[n] for n in at], whole.labels[at]) for name, at in places.items()} | own


def encode_examples(
    pairs: Iterable[Pair], words: vocabulary.Vocabulary, classes: Sequence[str], bounds: dict
) -> Examples:
    """The ``Examples`` of (label, words) pairs for a trained classifier.

    ``words`` is its vocabulary, ``classes`` the names of its classes, and ``bounds`` its "maxlen" and "truncate".
    Raises ``UserError`` for a label that is none of its classes.
    """
    labels, sequences = [], []
    for label, text in pairs:
        labels.append(label)
        sequences.append(words.encode(text))
    part = Examples(sequences, _class_numbers(labels, classes))
    return _limit_length(part, bounds["maxlen"], bounds["truncate"])[0] if bounds["truncate"] else part


def _limit_length(part, maxlen, truncate):
    """The examples of at most ``maxlen`` words, or all cut to it; and how many were left out."""
    if maxlen is None:
        return part, 0
    if truncate:
        return Examples([truncated(ids, maxlen, truncate) for ids in part.sequences], part.labels), 0
    short = [n for n, ids in enumerate(part.sequences) if len(ids) <= maxlen]
    return Examples([part.sequences[n] for n in short], part.labels[short]), len(part) - len(short)


def truncated(words: Sequence, maxlen: int, truncate: str) -> Sequence:
    """The last ``maxlen`` words, the beginning being cut off ("pre"), or the first ("post"), as Keras has it.

    >>> truncated([1, 2, 3], 2, "pre")
    [2, 3]
    """
    return words[-maxlen:] if truncate == "pre" else words[:maxlen]


def _check_sizes(parts, classes, total, maxlen):
    """Raise ``UserError`` if no example is left to train or validate on, or none of a class to train on."""
    for name, use in (("train", "train"), ("valid", "validate")):
        if not len(parts[name]):
            short = f" of at most --maxlen {maxlen} words" if maxlen else ""
            raise UserError(f"too small: {total} examples, and none{short} is left to {use} on")
    trained = set(parts["train"].labels.tolist())
    for n, name in enumerate(classes):
        if n not in trained:
            raise UserError(
                f"--maxlen {maxlen}: leaves no example of {name!r} to train on (--truncate cuts them instead)"
            )


def _shared(parts):
    """How many examples of validation and test are in training too, word for word."""
    train = {ids.tobytes() for ids in parts["train"].sequences}
    return {name: sum(ids.tobytes() in train for ids in parts[name].sequences) for name in ("valid", "test")}


def _vocabulary(words, train, size, least, known):
    """The vocabulary, and in it the id of each of ``words``, which are in order of ``first_seen_ids``."""
    counts = numpy.bincount(numpy.concatenate(train.sequences), minlength=len(words))
    counted = vocabulary.build_vocabulary({w: int(n) for w, n in zip(words, counts, strict=True) if n}, least, size)
    if known:
        counted = vocabulary.Vocabulary(dict.fromkeys([*vocabulary.SPECIAL, *known, *counted.words]))
    return counted, counted.encode(words)


def _counts(parts, classes):
    """What the report says of the examples' classes and words."""
    filled = {name: part for name, part in parts.items() if len(part)}
    counts = {name: Counter(part.labels.tolist()) for name, part in filled.items()}
    return {
        "classes": {name: [counts[name][n] for n in range(len(classes))] for name in filled},
        "words": {name: sum(map(len, part.sequences)) for name, part in filled.items()},
        "longest": max(len(ids) for ids in parts["train"].sequences),
        "unknown": {
            name: float((numpy.concatenate(part.sequences) == vocabulary.UNK).mean()) for name, part in filled.items()
        },
    }


def dataset_summary(data: Dataset, words: Preprocessor) -> Iterator[str]:
    """Yield what was read, in lines for people; "read" in ``data.report`` is the report of ``read_labeled_words``.

    ``words`` is what made words of the examples.
    """
    r, tokenizer = data.report, words.tokenizer
    for part, files in r["read"].items():
        if isinstance(files, dict):
            forms = ", ".join(files["form"])
            copies = f"{files['twice']} texts twice, {files['torn']} of them with two labels"
            read = f"{files['files']} file{'s' * (files['files'] != 1)}"
            yield f"read     {part}: {read} ({forms}; {', '.join(files['encoding'])}), {copies}"
            skipped, noted = files["skipped"], files["remarks"]
        else:
            count = sum(music["files"] for music in files)
            yield f"read     {part}: {count} file{'s' * (count != 1)} of music"
            skipped, noted = [item for music in files for item in music["refused"]], remarks_report([])
        yield from (f"skipped  {item['name']}: {item['reason']}" for item in skipped)
        if words.midi and not isinstance(files, dict):
            yield from _music_lines(files, words.midi)
        yield from remark_lines(noted)
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
    inherited = r["vocabulary"] - len(vocabulary.SPECIAL) - r["kept"]
    more = f", {inherited:,} others of what it begins with" if inherited else ""
    kept = f"{r['kept']:,} of {r['distinct']:,} distinct words{more}"
    yield f"ids      {kept}, and <unk>; by {tokenizer.name} {tokenizer.dictionary}".rstrip()


def _music_lines(reports, settings):
    """What was taken of the files of all classes and what left out, as train.py says it."""
    beside = [(item["name"], item["reason"]) for report in reports for item in report["left_out"]]
    counts = music_report.added_counts(reports)
    yield from collect.left_out_lines(beside)
    yield from music_report.parts_lines(counts, settings)
    yield from music_report.keys_lines(counts, settings)
