"""Files that are whole or not there, and arrays and settings that are read without trust.

Writing goes to a temporary file beside the target, which is flushed, synced and renamed: a reader, a full disk or a
power cut finds the old file or the new one. Reading never unpickles, and takes memory only for what the file's own
length can account for. What JSON holds is held against a table of rules before it is used.
"""

import contextlib
import io
import os
import re
import reprlib
import tempfile
import time
import zipfile
from collections.abc import Callable
from typing import NamedTuple

import numpy

from tsuzuri.errors import UserError

DEFLATE_LIMIT = 1032  # no deflate stream grows by more, so an archive that claims more lies about its length
TEMPORARY = ".tmp-"
STALE = 3600  # seconds: no write takes so long, so an older temporary file is nobody's
UNBOUNDED = 1e30
OTHERS = object()  # as a key of a table of rules: keys that it does not name may be there too


def write_file(path, data):
    """Put ``data`` (bytes) at ``path`` in one step; raises ``UserError`` and leaves the old file where it cannot."""
    temporary = None
    try:
        if os.path.exists(path) and not os.path.isfile(path):  # a terminal or a pipe: there is nothing to replace
            with open(path, "wb") as stream:
                stream.write(data)
            return
        path = os.path.realpath(path)  # what a link leads to, not the link
        with tempfile.NamedTemporaryFile(dir=os.path.dirname(path) or ".", prefix=TEMPORARY, delete=False) as stream:
            temporary = stream.name
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
        _sync_folder(os.path.dirname(path) or ".")
    except BaseException as error:
        if temporary:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        if not isinstance(error, OSError):
            raise
        unchanged = " (what was there before is unchanged)" if os.path.isfile(path) else ""
        raise UserError(f"{path}: cannot be written: {error.strerror}{unchanged}") from None


def make_folder(path):
    """Make a folder, and those that it is in; raises ``UserError`` where it cannot."""
    try:
        os.makedirs(path or ".", exist_ok=True)
    except OSError as error:
        raise UserError(f"{path}: cannot be made: {error.strerror}") from None


def remove_stale_files(place):
    """Remove what a ``write`` left in a folder when it was killed, but nothing that another process may still write."""
    ours = re.compile(re.escape(TEMPORARY) + "[a-z0-9_]{8}")
    with contextlib.suppress(OSError), os.scandir(place) as entries:
        for entry in entries:
            alike = ours.fullmatch(entry.name) and entry.is_file(follow_symlinks=False)
            if alike and time.time() - entry.stat().st_mtime > STALE:
                os.unlink(entry.path)


def _umask():
    current = os.umask(0)
    os.umask(current)
    return current


def _sync_folder(folder):
    """Make the rename itself last, where the system can sync folders (Windows cannot)."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def encode_npz(arrays):
    """The bytes of an uncompressed .npz of arrays by name; the same arrays give the same bytes."""
    stream = io.BytesIO()
    numpy.savez(stream, **arrays)
    return stream.getvalue()


def load_npz(path):
    """The arrays of an .npz by name, however hostile the file; raises ``UserError`` for what is none."""
    try:
        with zipfile.ZipFile(path) as archive:
            size = os.path.getsize(path)
            return {info.filename.removesuffix(".npy"): _array(archive, info, size) for info in archive.infolist()}
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, zipfile.BadZipFile, zipfile.zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        raise UserError(f"{path}: damaged, or no file of arrays: {error}") from None


def _array(archive, info, size):
    packed, claimed = min(info.compress_size, size), info.file_size
    if claimed > packed * (DEFLATE_LIMIT if info.compress_type != zipfile.ZIP_STORED else 1):
        raise ValueError(f"{info.filename} claims {claimed} bytes, more than the file can hold")
    with archive.open(info) as stream:
        version = numpy.lib.format.read_magic(stream)
        if version not in ((1, 0), (2, 0)):
            raise ValueError(f"{info.filename} is an array of version {version}, not 1.0 or 2.0")
        header = "read_array_header_1_0" if version == (1, 0) else "read_array_header_2_0"
        try:
            shape, fortran, dtype = getattr(numpy.lib.format, header)(stream)
        except Exception as error:  # NumPy lets whatever its parser meets in a hostile header through
            raise ValueError(f"{info.filename} has a malformed header: {error}") from None
        if dtype.hasobject:
            raise ValueError(f"{info.filename} holds Python objects, which are never loaded")
        count = 1
        for length in shape:
            count *= length
        data = stream.read()
    if len(data) != count * dtype.itemsize or min(shape, default=0) < 0:
        raise ValueError(f"{info.filename} should hold {count} values of {dtype}, and has {len(data)} bytes")
    return numpy.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C").copy()


class Rule(NamedTuple):
    """What a value must be, in words, and whether one is: ``allowed`` follows "must be", ``holds(value)`` tells."""

    allowed: str
    holds: Callable


def whole(least, most=None):
    """From ``least`` to ``most``, if there is one; a truth value is no number."""
    allowed = f"{least} or more" if most is None else f"{least} to {most}"
    return Rule(f"a whole number, {allowed}", lambda v: type(v) is int and v >= least and (most is None or v <= most))


def number(least, most=UNBOUNDED, above=False):
    """From ``least``, or ``above`` it, to ``most``; NaN is neither."""

    def holds(value):
        return type(value) in (int, float) and (least < value if above else least <= value) and value <= most

    return Rule(f"a number {'above ' if above else 'from '}{least:g} to {most:g}", holds)


def one_of(*names):
    """One of these texts."""
    return Rule(f"one of {', '.join(names)}", lambda value: type(value) is str and value in names)


def optional(rule):
    """None, or as ``rule`` says."""
    return Rule(f"null or {rule.allowed}", lambda value: value is None or rule.holds(value))


TEXT = Rule("a text", lambda value: type(value) is str)
FLAG = Rule("true or false", lambda value: type(value) is bool)
FLOAT = Rule("a number with a point", lambda value: type(value) is float)  # NaN too
OBJECT = Rule("an object of any keys", lambda value: type(value) is dict)


def check(value, rule, name=""):
    """Raise ``ValueError`` that names the field, its value and what is allowed, unless ``value`` is as its rule says.

    ``rule`` is a ``Rule``, a list of one that holds for every item, or a dict of them by key.
    """
    if isinstance(rule, Rule):
        if not rule.holds(value):
            raise ValueError(f"{name} is {reprlib.repr(value)}, must be {rule.allowed}")
        return
    if type(value) is not type(rule):
        kind = "a list" if type(rule) is list else "an object"
        raise ValueError(f"{name or 'it'} is {reprlib.repr(value)}, must be {kind}")
    if type(rule) is list:
        for n, item in enumerate(value):
            check(item, rule[0], f"{name}[{n}]")
        return
    prefix = f"{name}." if name else ""
    known = sorted(rule.keys() - {OTHERS})
    for key in known:
        if key not in value:
            raise ValueError(f"{prefix}{key} is missing")
        check(value[key], rule[key], prefix + key)
    odd = sorted(value.keys() - known)
    if odd and OTHERS not in rule:
        raise ValueError(f"{prefix}{odd[0]} is not known")
