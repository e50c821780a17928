"""Labeled texts in files to examples: lines of a label and a text, tables, a folder for each class, or a file for each.

Lines and tables are read as ``tsuzuri.data.tables`` says.
"""

import os
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from tsuzuri.data import tables
from tsuzuri.data.remarks import remarks_report
from tsuzuri.data.tables import Columns
from tsuzuri.errors import UserError
from tsuzuri.folders import subfolders, walk_files
from tsuzuri.midi.words.sources import MUSIC
from tsuzuri.text import encodings
from tsuzuri.text.archives import read_single
from tsuzuri.text.settings import AUTO, MAX_TEXT

FORMS = tuple(tables.FORMS)
MOST = 1000  # labels
SUFFIXES = (".txt", "")  # of files that are one text each; those of 20 newsgroups have none
ABOUT = ("readme", "license", "copying")  # files that are no examples, wherever they lie
JOINERS = "\u200c\u200d"  # characters that cannot be seen, and that words of Persian and Hindi are spelled with
LEFT_OUT = ("unsup",)  # of a folder's classes: the texts without a class of the Large Movie Review Dataset
PARTS = {"train": "train", "valid": "valid", "validation": "valid", "dev": "valid", "test": "test"}


class Example(NamedTuple):
    """A text, on one line, with its label, and ``where`` it was read: ``file:line``, or the file."""

    label: str
    text: str
    where: str


class LabeledTexts(NamedTuple):
    """``examples``, a list of ``Example``, and a report of the files that they are from.

    The report counts files, also by their form and encoding; blank lines; twice, the texts that are repeated; and torn,
    those of them with more than one label. Its list "skipped" has the name and the reason of each file of a folder that
    could not be read, and of each folder of a class some of whose files were left out by their names. Its "remarks" are
    the count of what was amiss in texts that were read, and the name and the remark of the first.
    """

    examples: list[Example]
    report: dict


def read_labeled(
    paths: Sequence[str],
    form: str = "auto",
    encoding: str = AUTO,
    columns: Columns = (None, None),
    least: int = 1,
    max_text: int = MAX_TEXT,
) -> LabeledTexts:
    """The ``LabeledTexts`` of files, and of folders that hold a folder for each class, in their order.

    ``form`` is one of ``FORMS`` or "auto", ``encoding`` a codec's name or "auto"; ``columns`` say where the label and
    the text are, by names or by numbers from 1. ``least`` is how many examples each class needs: 2 where one of them is
    to be held out, and 0 where nothing is trained on them and any labels will do. ``max_text`` is how many megabytes a
    file may unpack to. Raises ``UserError`` for a file that
    cannot be read, and for a table whose first line seems to name columns though nothing in it is known as a name.
    """
    collector = _Collector(encoding, max_text)
    for path in paths:
        if os.path.isdir(path):
            collector.add_folder(path)
        else:
            collector.add_table(path, form, columns)
    return collector.finish(" ".join(paths), least)


def read_pos_neg(
    pos: Sequence[str], neg: Sequence[str], encoding: str = AUTO, least: int = 1, max_text: int = MAX_TEXT
) -> LabeledTexts:
    """The ``LabeledTexts`` of two lists of paths, each line of their files an example of the class pos, or of neg.

    The rest is as in ``read_labeled``.
    """
    collector = _Collector(encoding, max_text)
    for label, paths in (("pos", pos), ("neg", neg)):
        for path in paths:
            collector.add_lines(path, label)
    return collector.finish(" ".join([*pos, *neg]), least)


def dataset_folders(root: str) -> dict[str, str]:
    """The folders of a dataset by the split they are for, train, valid or test; ``root`` is train where it has none.

    Raises ``UserError`` for a folder that cannot be listed.
    """
    folders = {PARTS[name]: os.path.join(root, name) for name in subfolders(root) if name in PARTS}
    folders = {part: path for part, path in folders.items() if subfolders(path)}
    return folders if "train" in folders else {"train": root}


def class_files(folder: str, suffixes: Sequence[str] = SUFFIXES) -> dict[str, list[str]]:
    """The files of each class: a dict of a label and its paths for each folder in ``folder`` with files that end so.

    Folders and paths are sorted. Hidden files are no examples, nor are those of ``ABOUT``; nor is ``LEFT_OUT`` a class.
    Raises ``UserError`` for a folder without classes, for one whose classes are a level below, and for a name that
    cannot be printed.
    """
    paths = {}
    for _, label, files, _ in _class_folders(folder, suffixes):
        if files:
            paths.setdefault(label, []).extend(files)
    return paths


def _class_folders(folder, suffixes):
    """(path, label, files, number of files left out) of each folder in ``folder``; label is None where files is empty.

    Raises ``UserError`` as ``class_files`` does.
    """
    parts = dataset_folders(folder)
    if parts["train"] != folder:
        raise UserError(f"{folder}: its folders are no classes but {' and '.join(parts)}: name one of them")
    classes = []
    for name in subfolders(folder):
        path = os.path.join(folder, name)
        files, left_out = _example_files(path, suffixes) if name not in LEFT_OUT else ([], 0)
        classes.append((path, _label(name, folder) if files else None, files, left_out))
    if not any(files for _, _, files, _ in classes):
        allowed = " or ".join(suffix or "has no ending" for suffix in suffixes)
        allowed += f", or for tunes in {' or '.join(MUSIC)}" * (suffixes == SUFFIXES)
        raise UserError(f"{folder}: must hold a folder for each class with files in it, whose name ends in {allowed}")
    return classes


def check_classes(examples: Sequence[Example], name: str, least: int = 1) -> None:
    """Raise ``UserError`` if no classifier can be trained on ``examples``.

    ``name`` stands in the message; ``least`` is as in ``read_labeled``.
    """
    where = {example.label: example.where for example in reversed(examples)}
    counts = Counter(example.label for example in examples)
    if len(counts) == 1:
        raise UserError(f"{name}: has one class only, {next(iter(counts))!r}: at least two are needed")
    if len(counts) > MOST or len(counts) == len(examples):
        raise UserError(
            f"{name}: has {len(counts):,} labels in {len(examples):,} examples, such as {next(iter(counts))[:40]!r}: "
            f"must be fewer, and at most {MOST:,} "
            "(are they the texts? name the columns by --label-column and --text-column)"
        )
    rarest = min(counts, key=counts.get)
    if counts[rarest] < least:
        count = "a single example" if counts[rarest] == 1 else f"{counts[rarest]} examples"
        raise UserError(f"{where[rarest]}: the class {rarest[:40]!r} has {count}, at least {least} are needed")


class _Collector:
    """Collects examples from files and folders, and what the report says of them."""

    def __init__(self, encoding, max_text):
        self.encoding, self.max_text = encoding if encoding == AUTO else encodings.codec_name(encoding), max_text
        self.examples, self.skipped, self.blank, self.remarks = [], [], 0, []
        self.forms, self.encodings = Counter(), Counter()
        self.first_labels = Counter()  # of the first lines of tables, which may be headers

    def _text(self, path):
        """The text of a file; raises ``ValueError`` with a reason why there is none."""
        decoded = encodings.decode(read_single(path, self.max_text), self.encoding)
        if not decoded.text.strip():
            raise ValueError("holds no text")
        self.encodings[decoded.encoding] += 1
        self.remarks += [(path, remark) for remark in decoded.remarks]
        return decoded.text

    def add_lines(self, path, label):
        """Take each line of a file as an example of one class."""
        lines = list(tables.numbered_lines(self._text_of_named(path)))
        self._add_rows(path, "lines", [(n, (label, line)) if line.strip() else (n, None) for n, line in lines])

    def add_table(self, path, form, columns):
        """Take the lines of a file that hold a label and a text each."""
        text = self._text_of_named(path)
        form = tables.guess_form(path, text) if form == "auto" else form
        start = len(self.examples)
        self._add_rows(path, form, tables.labeled_lines(path, text, form, columns))
        if form != "space" and len(self.examples) - start > 2 and self.examples[start].where == f"{path}:1":
            self.first_labels[self.examples[start].label] += 1

    def add_folder(self, path):
        """Take each file in the folder of a class as an example of it."""
        for folder, label, files, left_out in _class_folders(path, SUFFIXES):
            if not files:
                reason = f"holds no file that ends in {SUFFIXES[0]}"
                self._skip(folder, "is not a class" if os.path.basename(folder) in LEFT_OUT else reason)
            elif left_out:
                names = f"must end in {SUFFIXES[0]} and not be {', '.join(ABOUT)}"
                self._skip(folder, f"{left_out:,} of its files by their names, which {names}")
            for file in files:
                try:
                    self.examples.append(Example(label, _one_line(self._text(file)), file))
                except ValueError as error:
                    self._skip(file, str(error))
                else:
                    self.forms["folder"] += 1

    def finish(self, name, least):
        """The ``LabeledTexts``; raises ``UserError`` if there are none, or, with ``least``, too few to train on."""
        if not self.examples:
            reasons = "; ".join(f"{item['name']} {item['reason']}" for item in self.skipped[:3])
            raise UserError(f"{name}: holds no example{reasons and f' ({reasons})'}")
        if least:
            self._refuse_headers()
            check_classes(self.examples, name, least)
        counts, labels = Counter(example.text for example in self.examples), {}
        for example in self.examples:
            labels.setdefault(example.text, set()).add(example.label)
        report = {
            "files": self.forms.total(),
            "form": dict(self.forms),
            "encoding": dict(self.encodings),
            "blank": self.blank,
            "skipped": self.skipped,
            "remarks": remarks_report(self.remarks),
            "twice": sum(n > 1 for n in counts.values()),
            "torn": sum(len(names) > 1 for names in labels.values()),
        }
        return LabeledTexts(self.examples, report)

    def _text_of_named(self, path):
        """The text of a file that the user named; raises ``UserError`` if it cannot be read."""
        try:
            return self._text(path)
        except ValueError as error:
            raise UserError(f"{path}: {error}") from None

    def _add_rows(self, path, form, rows):
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
        """Raise ``UserError`` for a label that only first lines have, while each other one has several examples."""
        counts = Counter(example.label for example in self.examples)
        names = [label for label, count in self.first_labels.items() if counts[label] == count]
        rest = [count for label, count in counts.items() if label not in names]
        if names and min(rest, default=0) > 1:
            where = next(example.where for example in self.examples if example.label == names[0])
            raise UserError(
                f"{where}: {names[0][:40]!r} is the label of no other line: if it names a column, say "
                f"--label-column {names[0][:40]!r}, and else move this line further down"
            )

    def _skip(self, path, reason):
        self.skipped.append({"name": path, "reason": reason})


def _label(text, where):
    """A label with single spaces; raises ``UserError`` if it is empty, or cannot be shown on a terminal."""
    label = " ".join(text.strip().removeprefix(tables.MARK).split())
    hidden = next((c for c in label if not c.isprintable() and c not in JOINERS), None)
    if hidden is not None:
        reason = "is not UTF-8" if "\ud800" <= hidden <= "\udfff" else f"cannot be printed, for its U+{ord(hidden):04X}"
        raise UserError(f"{where}: the label {label[:40]!r} {reason}")
    if not label:
        raise UserError(f"{where}: has no label")
    return label


def label_fault(label: str) -> str | None:
    """Why a label cannot be told from what is read of it, in words that follow it; None where it can.

    >>> label_fault(" good")
    "would be read as 'good'"
    """
    try:
        read = _label(label, "")
    except UserError as error:
        return "is empty" if not label.strip() else str(error).rpartition(f"{label.strip()[:40]!r} ")[2]
    return None if read == label else f"would be read as {read[:40]!r}"


def _one_line(text):
    return text.replace("\n", " ").strip()


def _example_files(folder, suffixes):
    """The sorted paths of the files of a class that are examples, and how many others are beside them."""
    paths, left_out = [], 0
    for path in walk_files(folder):
        stem, suffix = os.path.splitext(os.path.basename(path).lower())
        if suffix in suffixes and stem not in ABOUT:
            paths.append(path)
        else:
            left_out += 1
    return sorted(paths), left_out
