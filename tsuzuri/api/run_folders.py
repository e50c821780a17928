"""Folders that hold a run, and the one that a mistyped path may stand for."""

import glob
import os

from tsuzuri.options.resolve import nearest_spelling

LOOKED_AT = ("*", os.path.join("*", "*"))  # below the current folder: runs are mostly in runs/


def is_run(path: str) -> bool:
    """Whether a folder holds a run, by its run.json."""
    return os.path.isfile(os.path.join(path, "run.json"))


def nearest_run(path: str) -> str | None:
    """The run directory whose last name is most like that of ``path``, beside it or below the current folder; or None.

    >>> nearest_run("runs/nvel")  # doctest: +SKIP
    'runs/novel'
    """
    patterns = [os.path.join(glob.escape(os.path.dirname(path)), "*"), *LOOKED_AT]
    runs = [folder for pattern in patterns for folder in sorted(glob.glob(pattern)) if is_run(folder)]
    by_name = {os.path.basename(folder): folder for folder in reversed(runs)}
    name = nearest_spelling(os.path.basename(os.path.normpath(path)), by_name)
    return by_name[name] if name else None
