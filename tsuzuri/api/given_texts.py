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

from tsuzuri.errors import UserError
from tsuzuri.storage import write_file

TEXTS = "texts.zip"  # in a language model's run
EXAMPLES = "examples.csv"  # in a classifier's
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the time of every file in the archive: the same texts make the same bytes


def encode_texts(texts: Iterable[str]) -> bytes:
    """The bytes of an archive with a file for each text; raises ``UserError`` for what is none.

    >>> len(encode_texts(["one", "two"])) > 0
    True
    """
    if isinstance(texts, str):
        texts = [texts]
    stream = io.BytesIO()
    count = 0
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for count, text in enumerate(texts, 1):
            name = f"text-{count:06d}.txt"
            archive.writestr(zipfile.ZipInfo(name, LONG_AGO), _encode(text, f"texts[{count - 1}]"), archive.compression)
    if not count:
        raise UserError("texts: are none: must be one string or more")
    return stream.getvalue()


def encode_pairs(examples: Iterable[tuple[str, str]]) -> bytes:
    """The bytes of a table of (label, text) pairs; raises ``UserError`` for what is no such pair.

    >>> encode_pairs([("good", "a fine day")]).decode()
    'label,text\\ngood,a fine day\\n'
    """
    stream = io.StringIO(newline="")
    table = csv.writer(stream, lineterminator="\n")
    table.writerow(("label", "text"))
    for n, pair in enumerate(examples):
        name = f"examples[{n}]"
        try:
            label, text = pair
        except (TypeError, ValueError):
            raise UserError(f"{name}: is {_shown(pair)}, must be a (label, text) pair of strings") from None
        for value in (label, text):
            _encode(value, name)
        table.writerow((label, text))
    return stream.getvalue().encode()


def _encode(text: object, name: str) -> bytes:
    if not isinstance(text, str):
        raise UserError(f"{name}: is {_shown(text)}, must be a string")
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise UserError(f"{name}: holds half a character at {error.start}, must be text that UTF-8 can hold") from None


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
        inputs.options.update(form="csv", label_column="label", text_column="text")
        yield inputs


@contextlib.contextmanager
def _as_file(name: str, data: bytes) -> Iterator[NamedInputs]:
    with tempfile.TemporaryDirectory(prefix="tsuzuri-") as folder:
        path = os.path.join(folder, name)
        write_file(path, data)
        yield NamedInputs({"corpus": [path]}, {name: data})


def paths_or_pairs(examples: Any) -> tuple[list[Any], list[Any] | None]:
    """Files and folders of examples, a list; or pairs of a label and a text, a list or None."""
    if isinstance(examples, str | os.PathLike):
        return [examples], None
    items = [*examples]
    if all(isinstance(item, str | os.PathLike) for item in items):
        return items, None
    return [], items
