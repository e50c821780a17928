"""Files of prompts: a text to begin with on each line."""

from __future__ import annotations

from typing import NamedTuple

from tsuzuri import storage
from tsuzuri.errors import UserError, read_failure
from tsuzuri.text.encodings import decode
from tsuzuri.text.settings import AUTO


class Prompt(NamedTuple):
    """A text to begin with, and how messages name the place that it is from, or nothing."""

    place: str
    text: str


def read_prompts(path: str) -> list[Prompt]:
    """The prompts of a file, one a line; blank lines are passed over. Raises ``UserError`` where there is none."""
    try:
        with storage.open_regular(path) as stream:
            data = stream.read()
    except OSError as error:
        raise UserError(f"{path}: {read_failure(error)}") from None
    try:
        text = decode(data, AUTO)[0]
    except ValueError as error:
        raise UserError(f"{path}: {error}") from None
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    prompts = [Prompt(f"{path}, line {number}", line) for number, line in enumerate(lines, 1) if line.strip()]
    if not prompts:
        raise UserError(f"{path}: holds no prompt: must have a line that is not blank")
    return prompts
