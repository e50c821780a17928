"""The files of a folder, in a fixed order, hidden ones left out.

A file or a folder is hidden whose name begins with a dot; a hidden folder is not entered, nor is one that is a symbolic
link, which could lead round in a circle. A folder that holds a run is passed over, as its vocabulary is no text, and so
are pipes and devices, which have no end.
"""

import os
import stat
from collections.abc import Iterator

from tsuzuri.errors import UserError

RUN = {"run.json", "vocabulary.txt"}  # what a folder holds that is a run


def walk_files(folder: str | os.PathLike, passed_over: list[tuple[str, str]] | None = None) -> Iterator[str]:
    """Yield the path of every file in a folder and in the folders within it.

    The order is that of names: a folder's own files first, then its folders one after another, each in the same way.
    So ``z.txt`` comes before ``a/b.txt``; whoever wants the order of whole paths sorts them. To ``passed_over`` is
    added (path, reason) of each folder that cannot be listed or holds a run, and of each name that is neither a file
    nor a folder.
    """
    passed_over = [] if passed_over is None else passed_over

    def pass_over(error):
        passed_over.append((error.filename, f"cannot be read: {error.strerror}: passed over"))

    for place, folders, names in os.walk(folder, onerror=pass_over):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        if {*names} >= RUN:
            passed_over.append((place, "holds a run: passed over"))
            folders.clear()
            continue
        for name in sorted(names):
            path = os.path.join(place, name)
            if not name.startswith(".") and _may_be_read(path, passed_over):
                yield path


def _may_be_read(path, passed_over):
    """Whether a path leads to a file, or to nothing, which is for the reader to say; all else is passed over."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return True
    if not stat.S_ISREG(mode):
        passed_over.append((path, "is a pipe, a socket or a device: passed over"))
    return stat.S_ISREG(mode)


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
