"""Which files that are there may be written over.

A file that the user names is theirs to replace, unless it is what is read, or belongs to a run. A file whose name the
program makes, such as the picture beside a tune, replaces none but one that this program made, unless it is forced to.
"""

import json
import os
from collections.abc import Iterable

from tsuzuri.errors import UserError
from tsuzuri.folders import walk_files

RUN_FILES = frozenset(
    (
        *("run.json", "vocabulary.txt", "model.npz", "checkpoint.npz", "log.jsonl", "loss.png", "texts.zip"),
        *("sample.mid", "error.png", "confusion.png", "examples.csv", "subwords.model", "corpus.npz"),
    )
)
SOFTWARE = "Tsuzuri"  # in a picture or a sound of ours
PICTURE_START = 1 << 12  # bytes, within which one says what software made it
DESCRIPTION_MOST = 1 << 28  # bytes of a description of words that is looked into


def check_named(path: str, inputs: Iterable[str] = (), own: Iterable[str] = ()) -> None:
    """Raise ``UserError`` where ``path`` is a file that is read, or one that a run needs, but for the names ``own``.

    ``inputs`` are files, and folders of which all files are read. Two paths are of one file where the system says so:
    by links, in another spelling, in capitals where these do not matter.
    """
    _check_run(path, own)
    try:
        status = os.stat(path)
    except OSError:  # there is nothing to lose
        return
    for read in _files(inputs):
        if _is(read, status):
            raise UserError(f"{path}: is {'what' if read == path else f'{read}, which'} is read: must be another file")


def check_made(
    paths: Iterable[str], inputs: Iterable[str] = (), named: str | None = None, force: bool = False, way: str = ""
) -> None:
    """Raise ``UserError`` where a name that the program makes is that of a file which it must not replace.

    ``named`` is the file that the user named, beside which they are. ``force`` lets all go that are not read; ``way``
    says in a message what does otherwise.
    """
    read = list(_files(inputs))
    for path in paths:
        check_named(path, read)
        if named is not None and os.path.realpath(path) == os.path.realpath(named):
            raise UserError(f"{path}: would be written twice: must be another file")
        if os.path.isdir(path):
            raise UserError(f"{path}: cannot be written: it is a folder")
        free = not os.path.lexists(path) or force or (os.path.exists(path) and not os.path.isfile(path))
        if not (free or made_here(path)):
            raise UserError(f"{path}: is there already{way or ': --force replaces it'}")


def run_files(folder: str, but: Iterable[str] = ()) -> list[str]:
    """The paths of the files of a run, but for some by their names, whether they are there or not."""
    return [os.path.join(folder, name) for name in sorted(RUN_FILES - {*but})]


def made_here(path: str) -> bool:
    """Whether a file is a picture, a sound or a description of words that this program wrote."""
    try:
        with open(path, "rb") as stream:
            if path.lower().endswith(".png"):
                return f"tEXtSoftware\0{SOFTWARE}".encode() in stream.read(PICTURE_START)
            if path.lower().endswith(".wav"):
                return b"ISFT\x08\0\0\0" + SOFTWARE.encode() in stream.read(PICTURE_START)
            if path.lower().endswith(".json") and os.fstat(stream.fileno()).st_size <= DESCRIPTION_MOST:
                held = json.load(stream)
                return isinstance(held, dict) and {"format", "settings", "report", "pieces"} == held.keys()
    except (OSError, ValueError, RecursionError):
        pass
    return False


def _check_run(path, own):
    folder, name = os.path.split(os.path.realpath(path))
    if name.lower() in RUN_FILES - {*own} and os.path.isfile(os.path.join(folder, "run.json")):
        raise UserError(f"{path}: is a file of the run in {os.path.dirname(path) or '.'}: must be another file")


def _files(paths):
    """The files themselves, and those of folders."""
    for path in paths:
        if os.path.isdir(path):
            yield from walk_files(path)
        else:
            yield path


def _is(path, status):
    try:
        return os.path.samestat(os.stat(path), status)
    except OSError:
        return False
