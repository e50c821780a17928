"""Labeled data to examples: lines of a label and a text, tables, a folder for each class, or a file for each.

Lines and tables are as ``corpus.tables`` has them.
"""

import os
from collections import Counter
from typing import NamedTuple

from tsuzuri.data import tables
from tsuzuri.errors import UserError
from tsuzuri.text import reader

FORMS = tuple(tables.FORMS)
MOST = 1000  # labels
SUFFIXES = (".txt", "")  # of files that are one text each; those of 20 newsgroups have none
ABOUT = ("readme", "license", "copying")  # files that are no examples, wherever they lie
JOINERS = "\u200c\u200d"  # characters that cannot be seen, and that words of Persian and Hindi are spelled with
LEFT_OUT = ("unsup",)  # of a folder's classes: the texts without a class of the Large Movie Review Dataset
PARTS = {"train": "train", "valid": "valid", "validation": "valid", "dev": "valid", "test": "test"}


class Example(NamedTuple):
    """A text, on one line, with its label; ``where`` it was read: ``file:line``, or the file."""

    label: str
    text: str
    where: str


class LabeledTexts(NamedTuple):
    """``examples``, a list of ``Example``, and the report of what they are.

    files, form and encoding (how many files are of each), blank (lines without anything), skipped (name and reason of
    what was left out of a folder; of files left out by their names, the folder of the class and how many), twice (texts
    that are there more than once), torn (those of them with two labels).
    """

    examples: list
    report: dict


def read_labeled(paths, form="auto", encoding="auto", columns=(None, None), least=1):
    """The ``Labeled`` examples of files and of folders with a folder for each class, in their order.

    ``form`` is one of ``FORMS`` or "auto", ``encoding`` a codec's name or "auto", ``columns`` say where the label and
    the text are, by names or by numbers from 1. ``least`` is how many examples each class needs: 2 where one of them is
    to be held out, and 0 where nothing is learned from them and any labels will do. Raises ``UserError`` for what
    cannot be read, and for a table whose first line seems to name columns though nothing in it is known as a name.
    """
    found = _Found(encoding)
    for path in paths:
        if os.path.isdir(path):
            found.folder(path)
        else:
            found.table(path, form, columns)
    return found.finish(" ".join(paths), least)


def read_pos_neg(pos, neg, encoding="auto", least=1):
    """The ``Labeled`` lines of the files ``pos`` and ``neg``, two lists of paths, as examples of two classes."""
    found = _Found(encoding)
    for label, paths in (("pos", pos), ("neg", neg)):
        for path in paths:
            found.lines(path, label)
    return found.finish(" ".join([*pos, *neg]), least)


def dataset_folders(root):
    """The folders of a data set by what they are for, train, valid or test; ``root`` is train where it has no such."""
    found = {PARTS[name]: os.path.join(root, name) for name in _subfolders(root) if name in PARTS}
    found = {part: path for part, path in found.items() if _subfolders(path)}
    return found if "train" in found else {"train": root}


def class_files(folder, suffixes=SUFFIXES):
    """label: sorted paths of its files that end so, for each folder in ``folder``, in sorted order, that holds any.

    Hidden files are no examples, nor those of ``ABOUT``, nor is ``LEFT_OUT`` a class. Raises ``UserError`` for a folder
    without classes, for one whose classes are a level below, and for a name that cannot be printed.
    """
    found = {}
    for _, label, files, _ in _class_folders(folder, suffixes):
        if files:
            found.setdefault(label, []).extend(files)
    return found


def _class_folders(folder, suffixes):
    """(path, label, files, the number of others) for each folder in ``folder``; label is None where files is empty.

    Raises what ``classes`` raises.
    """
    parts = dataset_folders(folder)
    if parts["train"] != folder:
        raise UserError(f"{folder}: its folders are no classes but {' and '.join(parts)}: name one of them")
    found = []
    for name in _subfolders(folder):
        place = os.path.join(folder, name)
        files, others = _files(place, suffixes) if name not in LEFT_OUT else ([], 0)
        found.append((place, _label(name, folder) if files else None, files, others))
    if not any(files for _, _, files, _ in found):
        allowed = " or ".join(suffix or "has no ending" for suffix in suffixes)
        raise UserError(f"{folder}: must hold a folder for each class with files in it, whose name ends in {allowed}")
    return found


def check_classes(examples, name, least=1):
    """Raise ``UserError`` if no classifier can be made of the ``examples`` of ``name``; ``least`` is as in ``read``."""
    where = {example.label: example.where for example in reversed(examples)}
    counts = Counter(example.label for example in examples)
    if len(counts) == 1:
        raise UserError(f"{name}: has one class only, {next(iter(counts))!r}: at least two are needed")
    if len(counts) > MOST or len(counts) == len(examples):
        raise UserError(
            f"{name}: has {len(counts):,} labels in {len(examples):,} examples, such as {next(iter(counts))[:40]!r}: "
            f"must be fewer, and at most {MOST:,} (are they the texts? --label-column and --text-column tell)"
        )
    rarest = min(counts, key=counts.get)
    if counts[rarest] < least:
        count = "a single example" if counts[rarest] == 1 else f"{counts[rarest]} examples"
        raise UserError(f"{where[rarest]}: the class {rarest[:40]!r} has {count}, at least {least} are needed")


class _Found:
    """Examples as they come, and what the report says of them."""

    def __init__(self, encoding):
        self.encoding = encoding if encoding == "auto" else reader.codec_name(encoding)
        self.examples, self.skipped, self.blank = [], [], 0
        self.forms, self.encodings, self.first = Counter(), Counter(), Counter()

    def text(self, path):
        """The text of a file; raises ``ValueError`` with a reason why there is none."""
        try:
            with open(path, "rb") as stream:
                text, encoding = reader.detect_and_decode(stream.read(), self.encoding)
        except OSError as error:
            raise ValueError(f"cannot be read: {error.strerror or error}") from None
        if not text.strip():
            raise ValueError("holds no text")
        self.encodings[encoding] += 1
        return text

    def lines(self, path, label):
        """Take each line as an example of one label."""
        lines = list(tables.numbered_lines(self._named(path)))
        self._rows(path, "lines", [(n, (label, line)) if line.strip() else (n, None) for n, line in lines])

    def table(self, path, form, columns):
        """Take the lines of a file that hold a label and a text each."""
        text = self._named(path)
        form = tables.guess_form(path, text) if form == "auto" else form
        start = len(self.examples)
        self._rows(path, form, tables.labeled_lines(path, text, form, columns))
        if form != "space" and len(self.examples) - start > 2 and self.examples[start].where == f"{path}:1":
            self.first[self.examples[start].label] += 1

    def folder(self, path):
        """Take each file in the folder of a class as an example of it."""
        for place, label, files, others in _class_folders(path, SUFFIXES):
            if not files:
                reason = f"holds no file that ends in {SUFFIXES[0]}"
                self._skip(place, "is not a class" if os.path.basename(place) in LEFT_OUT else reason)
            elif others:
                names = f"must end in {SUFFIXES[0]} and not be {', '.join(ABOUT)}"
                self._skip(place, f"{others:,} of its files by their names, which {names}")
            for file in files:
                try:
                    self.examples.append(Example(label, _one_line(self.text(file)), file))
                except ValueError as error:
                    self._skip(file, str(error))
                else:
                    self.forms["folder"] += 1

    def finish(self, name, least):
        """All as ``Labeled``, if a classifier can be made of it."""
        if not self.examples:
            reasons = "; ".join(f"{item['name']} {item['reason']}" for item in self.skipped[:3])
            raise UserError(f"{name}: holds no example{reasons and f' ({reasons})'}")
        if least:
            self._refuse_headers()
            check_classes(self.examples, name, least)
        times, labels = Counter(), {}
        for example in self.examples:
            times[example.text] += 1
            labels.setdefault(example.text, set()).add(example.label)
        report = {
            "files": self.forms.total(),
            "form": dict(self.forms),
            "encoding": dict(self.encodings),
            "blank": self.blank,
            "skipped": self.skipped,
            "twice": sum(n > 1 for n in times.values()),
            "torn": sum(len(names) > 1 for names in labels.values()),
        }
        return LabeledTexts(self.examples, report)

    def _named(self, path):
        """The text of a file that was named itself, which must be there."""
        try:
            return self.text(path)
        except ValueError as error:
            raise UserError(f"{path}: {error}") from None

    def _rows(self, path, form, rows):
        """Take the labels and texts of a file's lines, and count the blank ones."""
        for n, pair in rows:
            if pair is None:
                self.blank += 1
                continue
            label, text = _label(pair[0], f"{path}:{n}"), _one_line(pair[1])
            if not text:
                raise UserError(f"{path}:{n}: has no text, but the label {label[:40]!r}")
            self.examples.append(Example(label, text, f"{path}:{n}"))
        self.forms[form] += 1

    def _refuse_headers(self):
        """Raise ``UserError`` for a label that only first lines have, while each of the others has two examples."""
        counts = Counter(example.label for example in self.examples)
        names = [label for label, times in self.first.items() if counts[label] == times]
        others = [times for label, times in counts.items() if label not in names]
        if names and min(others, default=0) > 1:
            where = next(example.where for example in self.examples if example.label == names[0])
            raise UserError(
                f"{where}: {names[0][:40]!r} is the label of no other line: if it names a column, say "
                f"--label-column {names[0][:40]!r}, and else move this line further down"
            )

    def _skip(self, path, reason):
        self.skipped.append({"name": path, "reason": reason})


def _label(text, where):
    """A label with single spaces; raises ``UserError`` if there is none, or it is not to be shown on a terminal."""
    label = " ".join(text.strip().removeprefix(tables.MARK).split())
    hidden = next((c for c in label if not c.isprintable() and c not in JOINERS), None)
    if hidden is not None:
        reason = "is not UTF-8" if "\ud800" <= hidden <= "\udfff" else f"cannot be printed, for its U+{ord(hidden):04X}"
        raise UserError(f"{where}: the label {label[:40]!r} {reason}")
    if not label:
        raise UserError(f"{where}: has no label")
    return label


def _one_line(text):
    return text.replace("\n", " ").strip()


def _subfolders(folder):
    try:
        return sorted(item.name for item in os.scandir(folder) if item.is_dir() and not item.name.startswith("."))
    except OSError as error:
        raise UserError(f"{folder}: {error.strerror or error}") from None


def _files(folder, suffixes):
    """The sorted paths of a class's examples, and how many other files are beside them, but hidden ones."""
    found, others = [], 0
    for place, inner, names in os.walk(folder):
        inner[:] = [name for name in inner if not name.startswith(".")]
        for name in names:
            stem, suffix = os.path.splitext(name.lower())
            if suffix in suffixes and stem not in ABOUT and not name.startswith("."):
                found.append(os.path.join(place, name))
            else:
                others += not name.startswith(".")
    return sorted(found), others
