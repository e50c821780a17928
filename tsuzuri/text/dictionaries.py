"""MeCab's dictionaries: those of packages, of a folder, and of one's own words; the only place that calls MeCab."""

import contextlib
import hashlib
import importlib
import importlib.metadata
import io
import os
import shlex
from typing import Any

from tsuzuri.errors import UserError, lacks_memory, read_failure
from tsuzuri.text.settings import IPADIC, PACKAGED, UNIDIC, UNIDIC_LITE, TextSettings

INSTALL = {
    UNIDIC_LITE: "python -m pip install mecab-python3 unidic-lite",
    IPADIC: "python -m pip install ipadic",
    UNIDIC: "python -m pip install unidic && python -m unidic download",
}
SYSTEM, USER = 0, 1  # kinds of a dictionary
_MAGIC = 0xEF718F77  # a dictionary's first four bytes are its length, xor this
_HEADER, _CHARSET = 72, slice(40, 72)
_ENDS = 1 << 20  # bytes at both ends of a file of some hundred megabytes, which tell it from another


def open_tagger(settings: TextSettings, made: str = "") -> tuple[Any, str]:
    """MeCab's tagger with the dictionaries that ``settings`` name, and the names and versions of these.

    ``made`` is what a run says of the dictionaries that it was made with. Raises ``UserError`` where MeCab or a
    dictionary is missing, is none, or is not in UTF-8.
    """
    try:
        import MeCab
    except ImportError as error:
        if lacks_memory(error):
            raise UserError(f"not enough memory to load MeCab: {error}") from None
        raise UserError(
            f"MeCab is not installed ({error}): run '{INSTALL[UNIDIC_LITE]}', or train with --tokens char"
        ) from None
    needed = f"; the run was made with {made}" if made else ""
    folder, name = _system(settings.dictionary, needed)
    options = f"-r {os.devnull} -d {shlex.quote(folder)} -Owakati"
    if settings.user_dictionary:
        own = settings.user_dictionary
        _check(own, USER, needed)
        options += f" -u {shlex.quote(own)}"
        name += f" and {os.path.basename(own)} {_digest(own)}"
    try:
        with contextlib.redirect_stderr(io.StringIO()):  # MeCab's package prints a page of advice
            return MeCab.Tagger(options), name
    except RuntimeError as error:
        size = sum(entry.stat().st_size for entry in os.scandir(folder))
        if lacks_memory(error, size):
            raise UserError(f"not enough memory for MeCab's dictionary, which takes {size >> 20} MB") from None
        cause = f" with {settings.user_dictionary} (compiled for another?)" if settings.user_dictionary else ""
        advice = INSTALL.get(settings.dictionary)
        remedy = f": run '{advice}', or train with --tokens char" if advice else ""
        raise UserError(f"MeCab cannot open its dictionary in {folder}{cause}{remedy}{needed}") from None


def _system(dictionary, needed):
    """The folder of a system dictionary, and its name and version."""
    if dictionary not in PACKAGED:
        path = os.path.join(dictionary, "sys.dic")
        if not os.path.isfile(path):
            packages = ", ".join(PACKAGED)
            reason = "holds no sys.dic" if os.path.isdir(dictionary) else "no such folder"
            raise UserError(f"{dictionary}: {reason}: must be {packages}, or a folder of MeCab's dictionary{needed}")
        _check(path, SYSTEM, needed)
        return dictionary, f"{os.path.basename(os.path.normpath(dictionary))} {_digest(path)}"
    try:
        folder = importlib.import_module(dictionary.replace("-", "_")).DICDIR
    except ImportError as error:
        advice = f"run '{INSTALL[dictionary]}', or train with --tokens char"
        raise UserError(f"MeCab's dictionary {dictionary} is not installed ({error}): {advice}{needed}") from None
    if dictionary == UNIDIC and not os.path.isfile(os.path.join(folder, "sys.dic")):
        raise UserError(f"MeCab's dictionary {dictionary} is not there yet: run 'python -m unidic download'{needed}")
    return folder, f"{dictionary} {importlib.metadata.version(dictionary)}"


def _check(path, kind, needed):
    """Raise ``UserError`` for a file that is no compiled dictionary of this kind in UTF-8."""
    try:
        size = os.path.getsize(path)
        with open(path, "rb") as stream:
            header = stream.read(_HEADER)
    except OSError as error:
        raise UserError(f"{path}: {read_failure(error)}{needed}") from None
    if len(header) < _HEADER or int.from_bytes(header[:4], "little") ^ _MAGIC != size:
        remedy = "; mecab-dict-index -u makes one of a CSV file" if kind == USER else ""
        raise UserError(f"{path}: is no compiled dictionary of MeCab{remedy}")
    if int.from_bytes(header[8:12], "little") != kind:
        wanted = "of one's own words (mecab-dict-index -u)" if kind == USER else "a whole one (sys.dic)"
        raise UserError(f"{path}: is another kind of MeCab's dictionaries, must be {wanted}")
    charset = header[_CHARSET].split(b"\0")[0].decode("ascii", "replace")
    if charset.lower().replace("-", "").replace("_", "") != "utf8":
        remedy = "compile it with mecab-dict-index -t utf-8"
        raise UserError(f"{path}: is a dictionary in {charset!r}, must be one in UTF-8 ({remedy})")


def _digest(path):
    """A few digits that tell a dictionary from another version of it."""
    size = os.path.getsize(path)
    digest = hashlib.sha256(str(size).encode())
    with open(path, "rb") as stream:
        digest.update(stream.read(_ENDS))
        stream.seek(max(0, size - _ENDS))
        digest.update(stream.read())
    return digest.hexdigest()[:8]
