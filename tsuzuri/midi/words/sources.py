"""Where music is read from: files, folders, and zip archives of MIDI files; and what in them is left out."""

import contextlib
import os
import re
import zipfile
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from tsuzuri import storage
from tsuzuri.errors import UserError, read_failure
from tsuzuri.folders import walk_files
from tsuzuri.midi.words.wordfile import SUFFIX
from tsuzuri.text.archives import MEGABYTE, UNPACKING, check_overlaps, passed_over, read_member
from tsuzuri.text.formats import ZIP
from tsuzuri.text.reader import SUFFIXES as TEXTS

MIDI = (".mid", ".midi", ".smf", ".kar", ".rmi")
MUSIC = (*MIDI, SUFFIX)
NAMED = (*TEXTS, ".md")  # that are said to be left out of a folder of tunes
NO_MIDI = "is no MIDI"
MOST = 500  # megabytes that an archive may unpack to
FEW = 4  # tunes, or more, for each text that lies beside tunes: then the texts are about the tunes
FAR_FEWER = 100  # tunes for each text that is named, or in a folder without tunes: who names it may mean to learn it
_MAGIC = (b"MThd", b"RIFF")
_ABOUT = re.compile(  # the names of texts about what they lie beside
    r"[^a-z]*(read.?me|licen[sc]e|copy(ing|right)|credits|authors|sources|about|info|index|contents|changelog)(?![a-z])"
    r"|.*[-_. ](read.?me|licen[sc]e|copy(ing|right)|credits)(\.[a-z0-9.]*)?$",
    re.I,
)


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

    What is a ``MusicFile`` already is taken as it is. A folder of texts is left out where there is music elsewhere.
    Raises ``UserError`` for a path that does not exist, and for any other folder or archive without music.
    """
    files, left_out = {}, []
    for path in paths:
        for music in _files_of(path, tuple(suffixes), left_out):
            files.setdefault((os.path.realpath(music.file()), music.archive and music.path), music)
    if left_out and not files:
        raise UserError(": ".join(left_out[0]))
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
        elif _is_named(file):
            odd.append((file, NO_MIDI))
    if not files:
        why = "".join(f"; {name}: {reason}" for name, reason in odd[:3])
        reason = f"the folder holds no file that ends in {', '.join(suffixes)}{why}"
        if all(reason != NO_MIDI for _, reason in odd):
            raise UserError(f"{path}: {reason}")
        odd = [(path, reason)]
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
    left_out += [(f"{path}/{other}", NO_MIDI) for other in others if _is_named(other)]
    names = sorted(info.filename for info in members)
    return [MusicFile(os.path.join(name, member), f"{path}/{member}", path) for member in names]


def _is_named(name):
    """Whether a file is named in a report where it is left out: a text, or one about tunes by its name."""
    return name.lower().endswith(NAMED) or _ABOUT.match(os.path.basename(name)) is not None


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
    tunes, texts = _members(path)
    return tunes > texts


def _members(path):
    """How many MIDI files, and texts that are not about them by their names, an archive holds; 0 of what is none."""
    if not is_zip(path):
        return 0, 0
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name.lower() for name in archive.namelist() if not _is_hidden(name)]
    except (OSError, *UNPACKING):
        return 0, 0
    texts = sum(name.endswith(".txt") and not _ABOUT.match(os.path.basename(name)) for name in names)
    return sum(name.endswith(MIDI) for name in names), texts


def is_music_path(path: str) -> bool:
    """Whether a file is a MIDI file, an archive of these or a file of words, by its name or its first bytes."""
    if path.lower().endswith(MUSIC):
        return True
    return _beginning(path) in _MAGIC or is_music_archive(path)


def split_by_kind(paths: Sequence[str]) -> tuple[list[str], list[str]]:
    """Two lists of the files under ``paths``: music, and texts or archives of texts.

    Texts about tunes are neither: by their names, such as README.txt, or as there are few of them, ``FEW`` tunes for
    each of those in a folder that has tunes in it or below it, ``FAR_FEWER`` for each of the others.
    """
    music, beside, others = [], [], []
    for path in paths:
        if not os.path.isdir(path):
            (music if is_music_path(path) else others).append(path)
    for path in filter(os.path.isdir, paths):
        files = sorted(walk_files(path))
        tunes = [file for file in files if file.lower().endswith(MUSIC) or is_music_archive(file)]
        places = _folders_with(tunes, path)
        music += tunes
        for text in files:
            if text.lower().endswith(TEXTS) and text not in {*tunes}:
                (beside if _folder_in(path, text) in places else others).append(text)
    if not music:
        return [], others
    count = sum(_members(tune)[0] if is_music_archive(tune) else 1 for tune in music)
    return music, [*_not_about_tunes(others, count, FAR_FEWER), *_not_about_tunes(beside, count, FEW)]


def texts_among_tunes(folder: str) -> list[tuple[str, str]]:
    """(path, reason) of each file under a folder of which only the tunes' own files are read, and that is named."""
    files = [file for file in walk_files(folder) if _is_named(file) and not file.lower().endswith(MUSIC)]
    return [(file, "is an archive: unpack it" if is_music_archive(file) else NO_MIDI) for file in files]


def nothing_to_learn(folders: Sequence[str]) -> str:
    """What is wrong with folders that hold neither music nor texts, by ``split_by_kind``."""
    odd: list[tuple[str, str]] = []
    others = [file for folder in folders for file in walk_files(folder, odd)]
    more = [passed_over(others, "passed over "), *map(": ".join, odd[:1])]
    held = f"neither text nor music: no file that ends in {', '.join((*TEXTS[:3], *MUSIC))}"
    each = "the folder holds" if len(folders) == 1 else "the folders hold"
    return "; ".join([f"{' '.join(folders)}: {each} {held}", *filter(None, more)])


def _folders_with(files, path):
    """The folders in a path, as seen from it, that files of it are in or below."""
    folders = set()
    for file in files:
        folder = _folder_in(path, file)
        while folder not in folders:
            folders.add(folder)
            folder = os.path.dirname(folder)
    return folders


def _folder_in(path, file):
    return os.path.dirname(os.path.relpath(file, path))


def _not_about_tunes(texts, tunes, enough):
    """The texts that are not about so many tunes by their names; none where there are ``enough`` tunes for each."""
    texts = [text for text in texts if not _ABOUT.match(os.path.basename(text))]
    return [] if tunes >= enough * len(texts) else texts
