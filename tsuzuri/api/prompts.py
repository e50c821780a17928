"""Files of prompts: a text to begin with on each line."""

from __future__ import annotations

from typing import BinaryIO, NamedTuple

from tsuzuri.errors import UserError
from tsuzuri.text.archives import read_single, read_stream, without_options
from tsuzuri.text.encodings import decode
from tsuzuri.text.settings import AUTO, MAX_TEXT


class Prompt(NamedTuple):
    """A text to begin with, and how messages name the place that it is from, or nothing."""

    place: str
    text: str


def read_prompts(path: str) -> list[Prompt]:
    """The prompts of a file or a pipe, one a line; blank lines are passed over.

    Raises ``UserError`` where there is none, and for what is no text.
    """
    try:
        data = read_single(path, MAX_TEXT)
    except ValueError as error:
        raise UserError(f"{path}: {without_options(str(error))}") from None
    return _prompts_of_bytes(path, data)


def read_prompts_of_stream(name: str, stream: BinaryIO) -> list[Prompt]:
    """The prompts of a stream that messages call ``name``; the rest is as in ``read_prompts``."""
    try:
        data = read_stream(stream, MAX_TEXT)
    except ValueError as error:
        raise UserError(f"{name}: {without_options(str(error))}") from None
    return _prompts_of_bytes(name, data)


def _prompts_of_bytes(name: str, data: bytes) -> list[Prompt]:
    try:
        text = decode(data, AUTO)[0]
    except ValueError as error:
        raise UserError(f"{name}: {without_options(str(error))}") from None
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    prompts = [Prompt(f"{name}, line {number}", line) for number, line in enumerate(lines, 1) if line.strip()]
    if not prompts:
        raise UserError(f"{name}: holds no prompt: must have a line that is not blank")
    return prompts
