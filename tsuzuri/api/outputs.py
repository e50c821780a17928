"""Where a file goes that was asked for by a path: the endings that are allowed, folders made, the file whole."""

from __future__ import annotations

import os
from collections.abc import Collection

from tsuzuri import overwriting, storage
from tsuzuri.api.arguments import path_text
from tsuzuri.errors import UserError

OTHER = ": must be another file"  # where a name that the program makes is taken
Path = str | os.PathLike[str]


def path_with_suffix(path: Path, allowed: Collection[str]) -> tuple[str, str]:
    """A path as text, and its ending in lower case; raises ``UserError`` unless the ending is one that is allowed.

    >>> path_with_suffix("tunes/One.MID", [".mid", ".wav"])
    ('tunes/One.MID', '.mid')
    """
    text = path_text(path)
    suffix = os.path.splitext(text)[1].lower()
    if suffix not in allowed:
        raise UserError(f"{text}: ends in {suffix or 'no suffix'}, must end in {', '.join(allowed)}")
    return text, suffix


def save_file(path: str, data: storage.Content) -> None:
    """Put content into a file in one step, and make the folders that it is in.

    Raises ``UserError``, also for a file of a run, which it would damage.
    """
    overwriting.check_named(path)
    storage.make_folder(os.path.dirname(path))
    storage.write_file(path, data)
