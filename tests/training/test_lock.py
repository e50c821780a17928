"""One training at a time on a run, in whatever process or thread, and nothing left behind."""

import errno
import os
import signal
import subprocess
import sys
import threading

import filelock
import pytest

from tests.training.small_run import make_run
from tsuzuri.errors import UserError
from tsuzuri.training.lock import NAME, RunLock
from tsuzuri.training.run import load_run

HOLD = "import sys, time\nfrom tsuzuri.training.lock import RunLock\nlock = RunLock(sys.argv[1]).acquire()\n"


def holder(path):
    """A process that holds a run's lock until it is killed."""
    code = f"{HOLD}print('held', flush=True)\ntime.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    return process


@pytest.mark.parametrize("there", [True, False])
def test_the_second_is_refused_by_the_process_until_that_is_killed(tmp_path, there):
    place = tmp_path / "run"
    if there:
        make_run(place)
    process = holder(place)
    try:
        with pytest.raises(UserError, match=rf"run: process {process.pid} on \S+ is training it: one at a time$"):
            RunLock(str(place)).acquire(wait=0)
        if there:
            assert load_run(str(place)).about["kind"] == "text"  # reading needs no lock
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    with RunLock(str(place)) as lock:
        assert lock.is_new is not there
    assert os.listdir(tmp_path) == (["run"] if there else [])
    assert not (place / NAME).exists()


def test_a_second_thread_is_refused_and_a_third_may_release(tmp_path):
    lock, refusals = RunLock(str(tmp_path)).acquire(), []

    def second():
        try:
            RunLock(str(tmp_path)).acquire(wait=0)
        except UserError as error:
            refusals.append(str(error))

    for work in (second, lock.release):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert len(refusals) == 1
    assert f"process {os.getpid()} on " in refusals[0]
    with RunLock(str(tmp_path)):
        pass


def test_of_many_at_once_one_gets_a_folder_that_is_not_there(tmp_path):
    place, barrier, won, lost = str(tmp_path / "new" / "run"), threading.Barrier(8), [], []

    def race():
        barrier.wait()
        try:
            won.append(RunLock(place).acquire(wait=0))
        except UserError as error:
            lost.append(str(error))

    threads = [threading.Thread(target=race) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), len(lost)) == (1, 7)
    won[0].release()
    RunLock(place).acquire().release()


def test_folders_that_were_made_for_nothing_are_taken_back(tmp_path):
    (tmp_path / "a").mkdir()
    with RunLock(str(tmp_path / "a" / "b" / "c" / "run")):
        assert os.listdir(tmp_path / "a") == ["b"]
    assert os.listdir(tmp_path / "a") == []


@pytest.mark.parametrize("error", [NotImplementedError("no flock"), OSError(errno.EOPNOTSUPP, "not supported")])
@pytest.mark.parametrize("there", [True, False])
def test_a_file_system_without_locks_is_a_note(tmp_path, monkeypatch, error, there):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(filelock.FileLock, "acquire", fail)
    if there:
        (tmp_path / "run").mkdir()
    with RunLock(str(tmp_path / "run")) as lock:
        assert lock.note.startswith(f"note     {tmp_path / 'run'}: its file system has no locks: ")
    assert os.listdir(tmp_path) == (["run"] if there else [])


def test_what_else_goes_wrong_is_one_line(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(filelock.FileLock, "acquire", fail)
    with pytest.raises(UserError, match=r"cannot be locked: Read-only file system$"):
        RunLock(str(tmp_path)).acquire()


def test_a_holder_who_says_nothing_readable_is_another_process(tmp_path):
    with RunLock(str(tmp_path)):
        for text in (b"", b"\0x", b"\0" + b"12 \x1b[31m", b"\0\xff\xff"):
            (tmp_path / NAME).write_bytes(text)
            with pytest.raises(UserError, match="another process is training it"):
                RunLock(str(tmp_path)).acquire(wait=0)
