"""Texts that were given as strings, as a file that their run keeps, so that a training can go on with them."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from tsuzuri.api.arguments import as_list
from tsuzuri.data.labeled import label_fault
from tsuzuri.errors import UserError
from tsuzuri.storage import write_file
from tsuzuri.text.encodings import decode

TEXTS = "texts.zip"  # in a language model's run
EXAMPLES = "examples.csv"  # in a classifier's
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the time of every file in the archive: the same texts make the same bytes


def encode_texts(texts: Iterable[str]) -> bytes:
    """The bytes of an archive with a file for each text; raises ``UserError`` for what is none.

    >>> len(encode_texts(["one", "two"])) > 0
    True
    """
    listed = [texts] if isinstance(texts, str) else as_list(texts, "texts", "a list of strings")
    encoded = [_encode(text, f"texts[{n}]") for n, text in enumerate(listed)]
    if not b"".join(encoded).strip():
        raise UserError("texts: hold no text: must be one string or more")
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for n, data in enumerate(encoded, 1):
            archive.writestr(zipfile.ZipInfo(f"text-{n:06d}.txt", LONG_AGO), data, archive.compression)
    return stream.getvalue()


def encode_pairs(examples: Iterable[tuple[str, str]]) -> bytes:
    """The bytes of a table of (label, text) pairs.

    Raises ``UserError`` for what is no such pair, and for a label that would be another one once it was read.

    >>> encode_pairs([("good", "a fine day")]).decode()
    'label,text\\ngood,a fine day\\n'
    """
    stream = io.StringIO(newline="")
    table = csv.writer(stream, lineterminator="\n")
    table.writerow(("label", "text"))
    for n, pair in enumerate(examples):
        name = f"examples[{n}]"
        try:
            label, text = as_list(pair, name, "")  # a text of two letters is no pair, nor is a dict
        except (UserError, ValueError):
            raise UserError(f"{name}: is {_shown(pair)}, must be a (label, text) pair of strings") from None
        for value in (label, text):
            _encode(value, name)
        if not text.strip():
            raise UserError(f"{name}: has no text, but the label {_shown(label)}")
        fault = label_fault(label)
        if fault:
            raise UserError(f"{name}: the label {_shown(label)} {fault}")
        table.writerow((label, text))
    return stream.getvalue().encode()


def _encode(text: object, name: str) -> bytes:
    if not isinstance(text, str):
        raise UserError(f"{name}: is {_shown(text)}, must be a string")
    try:
        data = text.encode()
        if data:
            decode(data, "utf-8")  # refuses now what it will not read, by the place in the list
    except UnicodeEncodeError as error:
        raise UserError(f"{name}: holds half a character at {error.start}, must be text that UTF-8 can hold") from None
    except ValueError as error:
        raise UserError(f"{name}: {error}") from None
    return data


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:39] + "…"


class NamedInputs(NamedTuple):
    """Strings as files: the ``options`` that name them, and their bytes by the names that a run keeps them under."""

    options: dict[str, Any]
    files: dict[str, bytes]


@contextlib.contextmanager
def texts_as_file(texts: Iterable[str]) -> Iterator[NamedInputs]:
    """Texts as the corpus of train.py, in a file that is there as long as the context is."""
    with _as_file(TEXTS, encode_texts(texts)) as inputs:
        yield inputs


@contextlib.contextmanager
def examples_as_file(examples: Iterable[tuple[str, str]]) -> Iterator[NamedInputs]:
    """(label, text) pairs as the examples of classify.py, in a file that is there as long as the context is."""
    with _as_file(EXAMPLES, encode_pairs(examples)) as inputs:
        inputs.options.update(form="csv", encoding="utf-8", label_column="label", text_column="text")
        yield inputs


@contextlib.contextmanager
def _as_file(name: str, data: bytes) -> Iterator[NamedInputs]:
    with tempfile.TemporaryDirectory(prefix="tsuzuri-") as folder:
        path = os.path.join(folder, name)
        write_file(path, data)
        try:
            yield NamedInputs({"corpus": [path]}, {name: data})
        except UserError as error:  # the file is gone when the message is read
            raise UserError(str(error).replace(path, name)) from None


def paths_or_pairs(examples: Any) -> tuple[list[Any], list[Any] | None]:
    """Files and folders of examples, a list; or pairs of a label and a text, a list or None."""
    if examples is None:
        return [], None
    if isinstance(examples, str | os.PathLike):
        return [examples], None
    items = as_list(examples, "examples", "(label, text) pairs, or files and folders")
    if all(isinstance(item, str | os.PathLike) for item in items):
        return items, None
    return [], items
