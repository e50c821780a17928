"""Where music is read from: files, folders, and zip archives of MIDI files; and what in them is left out."""

import contextlib
import os
import re
import zipfile
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from tsuzuri import storage
from tsuzuri.errors import UserError, read_failure
from tsuzuri.folders import walk_files
from tsuzuri.midi.words.wordfile import SUFFIX
from tsuzuri.text.archives import MEGABYTE, UNPACKING, check_overlaps, read_member
from tsuzuri.text.formats import ZIP

MIDI = (".mid", ".midi", ".smf", ".kar", ".rmi")
MUSIC = (*MIDI, SUFFIX)
TEXTS = (".txt", ".zip")  # the files of a folder of texts
NAMED = (*TEXTS, ".md")  # that are said to be left out of a folder of tunes
MOST = 500  # megabytes that an archive may unpack to
FEW = 4  # tunes, or more, for each text beside them: then the texts are about the tunes
_MAGIC = (b"MThd", b"RIFF")
_ABOUT = re.compile(
    r"[^a-z]*(read.?me|licen[sc]e|copy(ing|right)|credits|authors|about|info|index|contents|changelog)(?![a-z])", re.I
)  # the names of texts about what they lie beside


class MusicFile(NamedTuple):
    """A file of music: what its piece is called, its ``path`` in messages, and the ``archive`` that it is in, or ""."""

    name: str
    path: str
    archive: str = ""

    def read(self) -> bytes:
        """Its bytes; raises ``OSError``, and ``ValueError`` with a reason for what an archive cannot give."""
        if not self.archive:
            with storage.open_regular(self.path) as stream:
                return stream.read()
        try:
            with zipfile.ZipFile(self.archive) as archive:
                return read_member(archive, archive.getinfo(self.path[len(self.archive) + 1 :]))
        except (KeyError, *UNPACKING) as error:
            raise ValueError(f"cannot be unpacked: {error}") from None

    def file(self) -> str:
        """The file that holds it: itself, or its archive."""
        return self.archive or self.path


class Found(NamedTuple):
    """The ``MusicFile`` of each file of music, and (path, reason) of what was left out beside them."""

    files: list[MusicFile]
    left_out: list[tuple[str, str]]


def find_music(paths: Iterable[str | MusicFile], suffixes: Collection[str] = MUSIC) -> Found:
    """The music among ``paths``, in folders by the files' endings ``suffixes``, and in archives; each file once.

    What is a ``MusicFile`` already is taken as it is. Raises ``UserError`` for a path that does not exist, and for a
    folder or an archive without music.
    """
    files, left_out = {}, []
    for path in paths:
        for music in _files_of(path, tuple(suffixes), left_out):
            files.setdefault((os.path.realpath(music.file()), music.archive and music.path), music)
    return Found(list(files.values()), left_out)


def _files_of(path, suffixes, left_out):
    """The ``MusicFile`` of each file of music that a path leads to."""
    if isinstance(path, MusicFile):
        return [path]
    if not os.path.exists(path):
        raise UserError(f"{path}: no such file or folder")
    if not os.path.isdir(path):
        return _archived(path, os.path.basename(path), left_out) if is_zip(path) else [_file(path)]
    files, odd = [], []
    for file in sorted(walk_files(path, odd)):
        name = os.path.relpath(file, path)
        if file.lower().endswith(suffixes):
            files.append(MusicFile(name, file))
        elif is_music_archive(file):
            files += _archived(file, name, odd)
        elif file.lower().endswith(NAMED):
            odd.append((file, "is no MIDI"))
    if not files:
        why = "".join(f"; {name}: {reason}" for name, reason in odd[:3])
        raise UserError(f"{path}: the folder holds no file that ends in {', '.join(suffixes)}{why}")
    left_out += odd
    return files


def _file(path):
    return MusicFile(os.path.basename(path), path)


def _archived(path, name, left_out):
    """The MIDI files of an archive; raises ``UserError`` where it holds none, or is damaged."""
    try:
        with zipfile.ZipFile(path) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir() and not _is_hidden(info.filename)]
            check_overlaps(archive)
            members = [info for info in infos if info.filename.lower().endswith(MIDI)]
            if sum(info.file_size for info in members) > MOST * MEGABYTE:
                raise UserError(f"{path}: holds more than {MOST} MB of MIDI: unpack it")
    except OSError as error:
        raise UserError(f"{path}: {read_failure(error)}") from None
    except ValueError as error:
        raise UserError(f"{path}: {error}") from None
    except UNPACKING as error:
        raise UserError(f"{path}: is a damaged archive, or one that was cut short: {error}") from None
    if not members:
        raise UserError(f"{path}: the archive holds no file that ends in {', '.join(MIDI)}")
    others = [info.filename for info in infos if info not in members]
    left_out += [(f"{path}/{other}", "is no MIDI") for other in others if other.lower().endswith(NAMED)]
    names = sorted(info.filename for info in members)
    return [MusicFile(os.path.join(name, member), f"{path}/{member}", path) for member in names]


def _is_hidden(name):
    return name.startswith("__MACOSX") or os.path.basename(name).startswith(".")


def is_zip(path: str) -> bool:
    """Whether a file begins as a zip archive."""
    return _beginning(path).startswith(ZIP)


def _beginning(path):
    """The first bytes of a file, b"" of what is none: a pipe would lose its beginning."""
    if os.path.isfile(path):
        with contextlib.suppress(OSError), open(path, "rb") as stream:
            return stream.read(4)
    return b""


def is_music_archive(path: str) -> bool:
    """Whether a file is a zip archive with more MIDI files than texts."""
    if not is_zip(path):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name.lower() for name in archive.namelist() if not _is_hidden(name)]
    except (OSError, *UNPACKING):
        return False
    texts = sum(name.endswith(".txt") and not _ABOUT.match(os.path.basename(name)) for name in names)
    return sum(name.endswith(MIDI) for name in names) > texts


def is_music_path(path: str) -> bool:
    """Whether a file is a MIDI file, an archive of these or a file of words, by its name or its first bytes."""
    if path.lower().endswith(MUSIC):
        return True
    return _beginning(path) in _MAGIC or is_music_archive(path)


def split_by_kind(paths: Sequence[str]) -> tuple[list[str], list[str]]:
    """Two lists of the files under ``paths``: music, and texts or archives of texts.

    What lies among tunes and is about them, such as a README.txt, is neither.
    """
    music, texts = [], []
    for path in paths:
        if not os.path.isdir(path):
            (music if is_music_path(path) else texts).append(path)
    if music:  # as where a shell names all files of a folder
        texts = [path for path in texts if not _ABOUT.match(os.path.basename(path))]
    for path in filter(os.path.isdir, paths):
        files = sorted(walk_files(path))
        tunes = [file for file in files if file.lower().endswith(MUSIC) or is_music_archive(file)]
        others = [file for file in files if file not in {*tunes} and file.lower().endswith(TEXTS)]
        music += tunes
        texts += _no_notes(others, tunes)
    return music, texts


def _no_notes(texts, tunes) -> Iterator[str]:
    """The texts that are not about the tunes of their folder: by their names, or as there are few of them."""
    tunes_in, texts_in = (Counter(map(os.path.dirname, files)) for files in (tunes, texts))
    for text in texts:
        folder = os.path.dirname(text)
        is_about = tunes and _ABOUT.match(os.path.basename(text))
        if not is_about and tunes_in[folder] < FEW * texts_in[folder]:
            yield text
