"""A run's files put in place all together: after a crash at any moment there is the old run or the new one, whole.

All new files are first written into a folder of their own, whose renaming decides. A new run's folder becomes the run
itself. Where a folder is there already, the new files' is within it, and once it has its last name the new run counts:
the old files are removed and the new ones moved up, now or when the run is opened next.
"""

import contextlib
import json
import os
import re
import shutil
import time

from tsuzuri.errors import UserError
from tsuzuri.storage import STALE, TEMPORARY, read_regular, sync_folder, write_synced
from tsuzuri.training import expected
from tsuzuri.training.identity import digest
from tsuzuri.training.lock import NAME, RunLock
from tsuzuri.training.schemas import RUN_FILES
from tsuzuri.training.tensorboard import remove_events

PARTIAL = TEMPORARY + "tsuzuri-new"  # as long as not all files are in it
WHOLE = ".tsuzuri-new"  # all are: from here on the new run is the run
MOVING = ".tsuzuri-new-moving"  # and none of the old ones is left
PATIENCE = 10  # seconds: a new run is moved up in much less
OURS = re.compile(re.escape(TEMPORARY) + "[a-z0-9_]{8}")  # the names of tempfile


def put_files(lock, contents):
    """Put the files of a new run, ``contents`` being their bytes by name, where ``lock`` is held.

    All that an old run may have goes. Raises ``UserError``, and leaves the folder as it was.
    """
    for name in RUN_FILES:
        path = os.path.join(lock.path, name)
        if os.path.isdir(path):
            raise UserError(f"{path}: cannot be replaced: it is a folder")
    for name in (WHOLE, MOVING):  # what a crash left there was finished when the lock was taken: this is nobody's run
        path = os.path.join(lock.path, name)
        if os.path.lexists(path):
            raise UserError(f"{path}: is in the way of a new run: must be moved elsewhere")
    folder = lock.folder if lock.is_new else os.path.join(lock.folder, PARTIAL)
    try:
        _empty(folder)
        for name, data in contents.items():
            write_synced(os.path.join(folder, name), data)
        sync_folder(folder)
        _commit(lock, folder)
    except OSError as error:
        if not lock.is_new:
            _remove_folder(folder)
        raise UserError(f"{lock.path}: cannot be written: {error.strerror or error}") from None
    if folder != lock.folder:
        _move_up(lock.folder)


def _empty(folder):
    """Make a folder, or remove what is in it but for the lock: a training that was killed may have begun."""
    os.makedirs(folder, exist_ok=True)
    for name in os.listdir(folder):
        if name != NAME:
            os.unlink(os.path.join(folder, name))


def _commit(lock, folder):
    """The one step before which there is the old run and after which there is the new one."""
    if lock.is_new:
        lock.publish()
    else:
        os.rename(folder, os.path.join(lock.folder, WHOLE))
    sync_folder(os.path.dirname(lock.folder) if folder == lock.folder else lock.folder)


def _move_up(folder):
    """Finish putting a new run into its folder, wherever that was broken off; nothing where there is none to finish."""
    whole, moving = os.path.join(folder, WHOLE), os.path.join(folder, MOVING)
    if _holds_new_run(folder, whole) and not os.path.isdir(moving):
        if os.path.exists(os.path.join(folder, RUN_FILES[-1])):  # else they are of no run of ours
            remove_events(folder)
        for name in RUN_FILES:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(folder, name))
        sync_folder(folder)
        os.rename(whole, moving)
    if _holds_rest(folder, moving):
        for name in sorted(os.listdir(moving), key=lambda name: (name == RUN_FILES[-1], name)):
            os.replace(os.path.join(moving, name), os.path.join(folder, name))
        sync_folder(folder)
        os.rmdir(moving)


def _is_between(folder):
    """Whether a folder is on its way from an old run to a new one."""
    whole, moving = os.path.join(folder, WHOLE), os.path.join(folder, MOVING)
    return _holds_new_run(folder, whole) or _holds_rest(folder, moving)


def _holds_new_run(folder, whole):
    """Whether all files of a new run are in ``whole``: for a folder that only looks like it no old file may go."""
    return _holds_rest(folder, whole) and {"vocabulary.txt", "checkpoint.npz"} <= {*os.listdir(whole)}


def _holds_rest(folder, rest):
    """Whether ``rest`` holds nothing but files of a run whose others, moved up already, are in ``folder``."""
    try:
        names = os.listdir(rest)
        if not names:
            return rest.endswith(MOVING)  # all are moved up
        about = json.loads(read_regular(os.path.join(rest, "run.json"), expected.ABOUT))
        place = rest if "vocabulary.txt" in names else folder
        most = os.path.getsize(os.path.join(place, "vocabulary.txt"))
        words = read_regular(os.path.join(place, "vocabulary.txt"), most)
        return {*names} <= {*RUN_FILES} and about["vocabulary"] == digest(words)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False


def _leftovers(folder, younger=True):
    """The paths of what writes that were broken off left in a folder; without the younger ones what nobody can want."""
    found = []
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            file = OURS.fullmatch(entry.name) and entry.is_file(follow_symlinks=False)
            if file or (entry.name == PARTIAL and entry.is_dir(follow_symlinks=False)):
                with contextlib.suppress(OSError):
                    if younger or time.time() - entry.stat(follow_symlinks=False).st_mtime > STALE:
                        found.append(entry.path)
    return found


def settle_run(path, lock=None):
    """Finish or clear away what a training that was killed left in a folder, unless another one is at work there.

    A training calls it with the ``lock`` that it holds. Raises ``UserError`` where a new run stays half in place.
    """
    until = time.monotonic() + PATIENCE
    while _is_between(path) or _leftovers(path):
        try:
            with contextlib.nullcontext(lock) if lock else RunLock(path) as held:
                _settle(path, locked=not held.note)
                return
        except UserError:  # a training is at work, or nothing can be written here
            if not _is_between(path):
                return
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


def _settle(path, locked):
    try:
        _move_up(path)
    except OSError as error:
        raise UserError(f"{path}: a new run was not put in place to the end, and cannot be: {error.strerror}") from None
    for left in _leftovers(path, younger=locked):
        with contextlib.suppress(OSError):
            shutil.rmtree(left) if os.path.isdir(left) else os.unlink(left)


def _remove_folder(folder):
    shutil.rmtree(folder, ignore_errors=True)
