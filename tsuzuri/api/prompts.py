"""Files of prompts: a text to begin with on each line."""

from __future__ import annotations

from typing import NamedTuple

from tsuzuri.errors import UserError
from tsuzuri.text.archives import read_single
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
        raise UserError(f"{path}: {error}") from None
    return prompts_of_bytes(path, data)


def prompts_of_bytes(name: str, data: bytes) -> list[Prompt]:
    """The prompts in the bytes of a file that messages call ``name``; the rest is as in ``read_prompts``."""
    try:
        text = decode(data, AUTO)[0]
    except ValueError as error:
        raise UserError(f"{name}: {error}") from None
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    prompts = [Prompt(f"{name}, line {number}", line) for number, line in enumerate(lines, 1) if line.strip()]
    if not prompts:
        raise UserError(f"{name}: holds no prompt: must have a line that is not blank")
    return prompts
