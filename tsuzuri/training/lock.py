"""The lock of a run: one training at a time, for as long as it lives.

It is a file in the run's folder that the operating system locks, through the library filelock: it is free again when
its holder ends, however that happens. Where there is no folder yet, one beside its place is locked, and becomes the run
by being renamed; of two trainings that begin together one gets it.
"""

import contextlib
import errno
import hashlib
import os
import shutil
import socket

import filelock

from tsuzuri.errors import UserError
from tsuzuri.storage import TEMPORARY

NAME = ".lock"
WAIT = 0.5  # seconds: whoever opens a run may hold its lock for a moment, to clear away what a crash left
HOLDER = 1  # where in the file the holder's name begins: Windows lets nobody read the byte that is locked
ATTEMPTS = 20
UNSUPPORTED = {errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOLCK, errno.EINVAL}  # by file systems


class RunLock:
    """The lock of the run at ``path``, held from ``acquire`` to ``release``.

    ``folder`` is where the run's files are written: the run directory, or one beside its place until ``publish`` puts
    it there. ``note`` says, for people, that the file system has no locks; then nothing is held.
    """

    def __init__(self, path):
        self.path, self.place = path, os.path.realpath(path)
        self.folder, self.note, self._held, self._made = self.place, None, None, []

    def acquire(self, wait=WAIT):
        """Take the lock, within so many seconds; raises ``UserError``, which names the training that holds it."""
        for _ in range(ATTEMPTS):
            self._choose_folder()
            held = filelock.FileLock(
                self._file(), timeout=wait, poll_interval=0.02, thread_local=False, fallback_to_soft=False
            )
            try:
                held.acquire()
            except filelock.Timeout:
                raise UserError(f"{self.path}: {self._holder()} is training it: one at a time") from None
            except FileNotFoundError:  # the folder went away meanwhile
                continue
            except (NotImplementedError, OSError) as error:
                self._refused(error)
                return self
            if self.folder == self.place or (os.path.exists(self._file()) and not os.path.lexists(self.place)):
                self._held = held
                self._name_holder()
                return self
            held.release()  # what was locked has become the run of another training meanwhile
        raise UserError(f"{self.path}: comes and goes by another program: must be left alone")

    def _choose_folder(self):
        self.folder = self.place
        if os.path.isdir(self.place):
            return
        self.folder = staging_folder(self.place)
        try:
            self._make(self.folder)
        except OSError as error:
            self._remove_made()
            raise UserError(f"{self.path}: cannot be made: {error.strerror}") from None

    def _make(self, folder):
        """Make a folder and those that it is in, and remember which were made, to take them back."""
        parent = os.path.dirname(folder)
        if not os.path.isdir(parent):
            self._make(parent)
        with contextlib.suppress(FileExistsError):
            os.mkdir(folder)
            self._made.append(folder)

    def _refused(self, error):
        """The file system's own answer: it has no locks, or nothing can be written."""
        if not isinstance(error, NotImplementedError) and error.errno not in UNSUPPORTED:
            raise UserError(f"{self.path}: cannot be locked: {error.strerror or error}") from None
        self.note = f"note     {self.path}: its file system has no locks: see to it that no second training writes here"

    def _file(self):
        return os.path.join(self.folder, NAME)

    def _name_holder(self):
        """For the message of who is refused; to hold the lock is enough where it cannot be written."""
        with contextlib.suppress(OSError), open(self._file(), "r+b", buffering=0) as stream:
            stream.truncate(HOLDER)
            stream.seek(HOLDER)
            stream.write(f"{os.getpid()} {socket.gethostname()}".encode())

    def _holder(self):
        """Who holds the lock, in words, as far as it says."""
        try:
            with open(self._file(), "rb", buffering=0) as stream:
                stream.seek(HOLDER)
                number, _, host = stream.read(300).decode().partition(" ")
            return f"process {int(number)} on {host}" if host.isprintable() and host else "another process"
        except (OSError, ValueError):
            return "another process"

    @property
    def is_new(self):
        """Whether the run's folder is yet to be put in its place."""
        return self.folder != self.place

    def publish(self):
        """Rename the folder to its place; raises ``OSError`` where there is something by now."""
        windows = os.name == "nt"  # which renames no folder of which a file is open
        if windows and self._held:
            self._held.release()
        os.rename(self.folder, self.place)
        self.folder, self._made = self.place, []
        if windows and self._held:
            self.acquire()

    def release(self):
        """Let the lock go, and take back a folder that did not become a run."""
        held, self._held = self._held, None
        if os.name == "nt" and held:  # which removes no file that is open
            held.release()
        if self.is_new:
            if held or self.note:
                shutil.rmtree(self.folder, ignore_errors=True)
            self._remove_made()
        elif held:
            with contextlib.suppress(OSError):
                os.unlink(self._file())  # while it is held: who has it open by now sees that it is gone
        if held:
            held.release()

    def _remove_made(self):
        for folder in reversed(self._made):
            with contextlib.suppress(OSError):  # others may have put something there
                os.rmdir(folder)
        self._made = []

    def __enter__(self):
        return self.acquire()

    def __exit__(self, *_):
        self.release()


def staging_folder(place):
    """Where a new run is made: beside its place, by a name that every training of that place finds."""
    parent, name = os.path.split(place)
    return os.path.join(parent, TEMPORARY + hashlib.sha256(os.fsencode(name)).hexdigest()[:16])
