"""The files of a folder, in a fixed order, hidden ones left out.

A file or a folder is hidden whose name begins with a dot; a hidden folder is not entered, nor is one that is a symbolic
link, which could lead round in a circle.
"""

import os
from collections.abc import Iterator

from tsuzuri.errors import UserError


def walk_files(folder: str | os.PathLike) -> Iterator[str]:
    """Yield the path of every file in a folder and in the folders within it.

    The order is that of names: a folder's own files first, then its folders one after another, each in the same way.
    So ``z.txt`` comes before ``a/b.txt``; whoever wants the order of whole paths sorts them. A folder that cannot be
    listed holds nothing.
    """
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (os.path.join(place, name) for name in sorted(names) if not name.startswith("."))


def subfolders(folder: str | os.PathLike) -> list[str]:
    """The names of the folders in a folder, sorted; a symbolic link to a folder is one of them.

    Raises ``UserError`` for a folder that cannot be listed.
    """
    try:
        with os.scandir(folder) as items:
            return sorted(item.name for item in items if item.is_dir() and not item.name.startswith("."))
    except FileNotFoundError:
        raise UserError(f"{folder}: no such folder") from None
    except OSError as error:
        raise UserError(f"{folder}: {error.strerror or error}") from None
