"""Files that are whole or not there, and arrays that are read without trust.

Writing goes to a temporary file beside the target, which is flushed, synced and renamed: a reader, a full disk or a
power cut finds the old file or the new one. Reading takes regular files only, never unpickles, and takes memory only
for what is expected of a file, or for what its own length can account for.
"""

import contextlib
import errno
import io
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Mapping
from typing import IO

import numpy

from tsuzuri import npz
from tsuzuri.errors import UserError, read_failure

DEFLATE_LIMIT = npz.DEFLATE_LIMIT
TEMPORARY = ".tmp-"
Content = bytes | Callable[[IO[bytes]], object]
STALE = 3600  # seconds: no write takes so long, so an older temporary file is nobody's


def write_file(path: str | os.PathLike, data: Content) -> None:
    """Put ``data`` at ``path`` in one step; raises ``UserError`` and leaves the old file where it cannot.

    ``data`` are bytes, or a function that writes them into the open file that it is given, which it may read and seek
    in: for what need not be in memory at once.
    """
    if os.path.exists(path) and not os.path.isfile(path):  # a terminal or a pipe: there is nothing to replace
        with _user_errors(path), open(path, "wb") as stream, tempfile.TemporaryFile() as whole:
            _put(whole, data)
            whole.seek(0)
            shutil.copyfileobj(whole, stream)
        return
    path = os.path.realpath(path)  # what a link leads to, not the link
    with _user_errors(path):
        try:
            _replace_file(path, data)
        except FileNotFoundError:  # another process took the temporary file for one that a crash had left
            _replace_file(path, data)


def _replace_file(path, data):
    with _temporary_file(path, data) as temporary:
        os.replace(temporary, path)
    sync_folder(os.path.dirname(path) or ".")


def write_synced(path, data):
    """Write a new file and see it onto the disk; raises ``OSError``."""
    with open(path, "xb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


@contextlib.contextmanager
def _temporary_file(path, data):
    """The name of a file beside ``path`` that holds ``data``, and is removed if it is there in the end."""
    name = None
    try:
        with tempfile.NamedTemporaryFile(dir=os.path.dirname(path) or ".", prefix=TEMPORARY, delete=False) as stream:
            name = stream.name
            _put(stream, data)
            stream.flush()
            os.fsync(stream.fileno())
        with contextlib.suppress(FileNotFoundError):  # see ``write_file``
            os.chmod(name, 0o666 & ~_umask())
        yield name
    finally:
        if name:
            with contextlib.suppress(OSError):
                os.unlink(name)


def _put(stream, data):
    if callable(data):
        data(stream)
    else:
        stream.write(data)


@contextlib.contextmanager
def _user_errors(path):
    try:
        yield
    except OSError as error:
        unchanged = " (what was there before is unchanged)" if os.path.isfile(path) else ""
        raise UserError(f"{path}: cannot be written: {error.strerror}{unchanged}") from None


def make_folder(path: str | os.PathLike) -> None:
    """Make a folder, and those that it is in; raises ``UserError`` where it cannot."""
    try:
        os.makedirs(path or ".", exist_ok=True)
    except OSError as error:
        raise UserError(f"{path}: cannot be made: {error.strerror}") from None


def check_folder(path: str) -> None:
    """Raise ``UserError`` for a folder that is not there and cannot be made, or that cannot be written to.

    Nothing is made yet: this is for what hours of work will end in.
    """
    if os.path.exists(path) and not os.path.isdir(path):
        raise UserError(f"{path}: is a file: must be a folder")
    _check_place(path, path, "made")


def check_file(path: str) -> None:
    """Raise ``UserError`` for a file that cannot be written, or whose folder cannot be made; nothing is changed."""
    if os.path.isdir(path) or not os.path.basename(path):
        raise UserError(f"{path}: is a folder: must be a file")
    if not os.path.exists(path) or os.path.isfile(path):  # else a terminal or a pipe, which is written as it is
        _check_place(path, os.path.dirname(os.path.realpath(path)), "written")


def _check_place(path, folder, verb):
    """Raise ``UserError``, which names ``path``, where nothing can be put into ``folder`` once it is made."""
    there, missing = os.path.abspath(folder), [os.path.basename(path)]
    try:
        while not _exists(there):
            missing.append(os.path.basename(there))
            there = os.path.dirname(there)
        for name in missing:
            _exists(os.path.join(there, name))  # raises for a name that is too long
        with tempfile.TemporaryFile(dir=there):  # by an attempt, since permissions do not say all
            pass
    except OSError as error:
        raise UserError(f"{path}: cannot be {verb}: {error.strerror or error}") from None


def _exists(path):
    """Whether there is anything; raises ``OSError`` where it cannot be, as within a file."""
    try:
        os.stat(path)
    except FileNotFoundError:
        return False
    return True


def _umask():
    current = os.umask(0)
    os.umask(current)
    return current


def sync_folder(folder):
    """Make the rename itself last, where the system can sync folders (Windows cannot)."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def open_regular(path: str | os.PathLike) -> IO[bytes]:
    """A file open for reading; raises ``OSError`` for what is none: a folder, a device, a pipe that is waited for.

    What a run holds may come from anywhere, and a link of it lead anywhere.
    """
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    kind = os.fstat(handle).st_mode
    if not stat.S_ISREG(kind):
        os.close(handle)
        number = errno.EISDIR if stat.S_ISDIR(kind) else errno.EINVAL
        raise OSError(number, os.strerror(number) if stat.S_ISDIR(kind) else "it is a device or a pipe, not a file")
    return os.fdopen(handle, "rb")


def read_regular(path: str | os.PathLike, most: int) -> bytes:
    """The bytes of a file, ``most`` of them at most; raises ``OSError`` as ``open_regular`` does, and for a longer one.

    Of a longer one nothing is read.
    """
    with open_regular(path) as stream:
        size = os.fstat(stream.fileno()).st_size
        if size > most:
            raise OSError(errno.EFBIG, f"it has {size} bytes, at most {most} are allowed")
        return stream.read(most)


def encode_npz(arrays: Mapping[str, numpy.ndarray]) -> bytes:
    """The bytes of an uncompressed .npz of arrays by name; the same arrays give the same bytes."""
    stream = io.BytesIO()
    numpy.savez(stream, **arrays)
    return stream.getvalue()


def load_npz(path: str | os.PathLike, most: Mapping[str, int] | None = None) -> dict[str, numpy.ndarray]:
    """The arrays of an .npz by name, however hostile the file; raises ``UserError`` for what is none.

    ``most`` names those that may be there, with the most bytes that each may take: a file with more or with others is
    refused before anything is unpacked.
    """
    try:
        with open_regular(path) as stream:
            return npz.read_arrays(stream, os.fstat(stream.fileno()).st_size, most)
    except OSError as error:
        raise UserError(f"{path}: {read_failure(error)}") from None
    except npz.UnfitError as error:
        raise UserError(f"{path}: does not fit its run: {error}") from None
    except npz.DAMAGES as error:
        raise UserError(f"{path}: damaged, or no file of arrays: {error}") from None
