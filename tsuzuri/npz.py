"""Arrays of an .npz, read without trust: nothing is unpickled, and nothing unpacked that was not expected.

What an archive claims is compared with what may be there before a byte is unpacked, and what it holds with the claim.
"""

import zipfile
from collections.abc import Mapping
from typing import IO

import numpy

DEFLATE_LIMIT = 1032  # no deflate stream grows by more, so an archive that claims more lies about its length
HEADER = 10_240  # bytes of an array's header, at most: NumPy reads no longer one
ENTRY = 30  # bytes, at least, that an archive says of a member before the member itself
DAMAGES = (ValueError, zipfile.BadZipFile, zipfile.zlib.error, EOFError, RuntimeError, NotImplementedError)


class UnfitError(Exception):
    """An array that is not expected, or is larger than it may be."""


def read_arrays(stream: IO[bytes], size: int, most: Mapping[str, int] | None = None) -> dict[str, numpy.ndarray]:
    """The arrays by name of an .npz of ``size`` bytes, however hostile.

    ``most`` names those that may be there, with the most bytes that each may take. Raises ``UnfitError`` for others,
    and one of ``DAMAGES`` for what is no .npz.
    """
    if most is not None and size > (allowed := sum(most.values()) + 2 * HEADER * (len(most) + 1)):
        raise UnfitError(f"it has {size} bytes, at most {allowed} are expected")
    with zipfile.ZipFile(stream) as archive:
        members = archive.infolist()
        _check_places(members, size)
        for info in members:
            _check_claim(info, most)
        return {_name(info): _array(archive, info) for info in members}


def _name(info):
    return info.filename.removesuffix(".npy")


def _check_places(members, size):
    """Raise ``ValueError`` where members overlap, as those do that unpack to more than the file can hold."""
    names, end, before = set(), 0, None
    for info in sorted(members, key=lambda info: info.header_offset):
        if _name(info) in names:
            raise ValueError(f"{info.filename} is there twice")
        if info.header_offset < end:
            raise ValueError(f"{info.filename} overlaps {before.filename}")
        names.add(_name(info))
        end, before = info.header_offset + ENTRY + info.compress_size, info
    if end > size:
        raise ValueError(f"{before.filename} claims {before.file_size} bytes, more than the file can hold")


def _check_claim(info, most):
    """Raise for a member that claims more than can be there, or more than may."""
    claimed = info.file_size
    if claimed > info.compress_size * (DEFLATE_LIMIT if info.compress_type != zipfile.ZIP_STORED else 1):
        raise ValueError(f"{info.filename} claims {claimed} bytes, more than the file can hold")
    if most is None:
        return
    if _name(info) not in most:
        raise UnfitError(f"{_name(info)} is not known")
    if claimed > most[_name(info)] + HEADER:
        raise UnfitError(f"{_name(info)} has {claimed} bytes, at most {most[_name(info)]} are expected")


def _array(archive, info):
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
            if type(length) is not int or length < 0:  # NumPy lets truth values through
                raise ValueError(f"{info.filename} has a malformed header: {length!r} is no length")
            count *= length
        data = stream.read()
    if len(data) != count * dtype.itemsize:
        raise ValueError(f"{info.filename} should hold {count} values of {dtype}, and has {len(data)} bytes")
    return numpy.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C").copy()
