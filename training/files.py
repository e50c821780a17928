"""Files that are whole or not there, and arrays that are read without trust.

Writing goes to a temporary file beside the target, which is flushed, synced and renamed: a reader, a full disk or a
power cut finds the old file or the new one. Reading never unpickles, and takes memory only for what the file's own
length can account for.
"""

import contextlib
import io
import os
import tempfile
import zipfile

import numpy

from errors import UserError

DEFLATE_LIMIT = 1032  # no deflate stream grows by more


def write(path, data):
    """Put ``data`` (bytes) at ``path`` in one step; raises ``UserError`` and leaves the old file where it cannot."""
    temporary = None
    try:
        with tempfile.NamedTemporaryFile(dir=os.path.dirname(path) or ".", prefix=".tmp-", delete=False) as stream:
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
        raise UserError(f"{path}: cannot be written: {error.strerror} (what was there before is unchanged)") from None


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


def npz(arrays):
    """The bytes of an uncompressed .npz of arrays by name; the same arrays give the same bytes."""
    stream = io.BytesIO()
    numpy.savez(stream, **arrays)
    return stream.getvalue()


def read_npz(path):
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
