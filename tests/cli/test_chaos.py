"""Whatever happens to a training, it ends in the bytes of an undisturbed one.

It is killed at random moments and within its saves, its disk is full, and others want its run. ``-m slow`` does more of
it, and fills a real disk.
"""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest

import tsuzuri
from tests.cli import run_command
from tests.cli.classifier import same_runs
from tests.cli.test_moved_corpora import LETTERS, TEXT, fine, going_on
from tests.conftest import ROOT, refused

pytestmark = pytest.mark.usefixtures("no_pictures")

SMALL = {
    "text": ["train.py", "--tokens", "space", "-u", 6, "-b", 3, "-l", 6, "--min-count", 1, "--sample-every", 0],
    "music": ["train.py", "-u", 8, "-b", 2, "-l", 8, "--grid", 12, "--sample-every", 0],
    "classes": ["classify.py", "train", "-u", 4, "-b", 8, "--valid-freq", 3],
}
EPOCHS = 3
CALLS = 150  # about as many changes of the disk does a whole training make
FEWEST_CALLS = 30  # and it makes more than this in any case
# A command whose process is killed, or its disk full, from the Nth change of the disk on; half of a file is written.
# Or it waits in the Nth batch, as one that takes long.
DRIVER = """
import contextlib, os, signal, sys, time
from tests.cli import MAINS
from tsuzuri.cli import options
from tsuzuri.training import learner, plots, trainer

end, left = sys.argv[1], [int(sys.argv[2])]
plots.plot_loss_curves = plots.plot_error_curves = lambda *_: b"picture"
trainer.CHECKPOINT_SECONDS = 0.03

def counted(name, function):
    def call(*args, **settings):
        left[0] -= 1
        if left[0] < 0 and end == "kill":
            if name == "fsync":
                with contextlib.suppress(OSError):
                    os.ftruncate(args[0], os.fstat(args[0]).st_size // 2)
            os.kill(os.getpid(), signal.SIGKILL)
        if left[0] < 0 and name == "fsync":
            raise OSError(28, "No space left on device")
        return function(*args, **settings)
    return call

learn = learner.Learner.learn

def waiting(self, batch):
    left[0] -= 1
    if left[0] < 0:
        print("waiting", file=sys.stderr, flush=True)
        time.sleep(60)
    learn(self, batch)

if end == "wait":
    learner.Learner.learn = waiting
else:
    for name in ("fsync", "replace", "rename", "mkdir", "unlink", "rmdir"):
        setattr(os, name, counted(name, getattr(os, name)))
sys.argv = sys.argv[3:]
options.run(MAINS[os.path.basename(sys.argv[0])])
"""


@pytest.fixture(params=SMALL)
def training(request, tmp_path):
    """The words that train on a small corpus, and an undisturbed run of theirs."""
    kind, corpus = request.param, tmp_path / "corpus.tsv"
    if kind == "music":
        corpus = tmp_path / "tunes"
        corpus.mkdir()
        for tune in sorted((ROOT / "corpus" / "tunes").glob("*.mid"))[:6]:
            shutil.copy(tune, corpus)
    else:
        corpus.write_text(TEXT if kind == "text" else LETTERS)
    command = [*SMALL[kind], corpus, "-e", EPOCHS, "-d", "cpu"]
    fine(*command, "-o", tmp_path / "straight")
    return command, tmp_path / "straight"


def begin(end, calls, *command):
    words = [sys.executable, "-c", DRIVER, end, calls, *command]
    return subprocess.Popen(
        [str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    )


def next_command(command, run):
    """What a person does after a crash: go on where there is a run, else begin again."""
    if not run.exists():
        return [*command, "-o", run]
    assert tsuzuri.load(run).kind in SMALL  # which is whole
    return going_on(command, run)


def disturb(command, run, generator):
    """One disturbance of a random kind; whether the training came to its end in spite of it."""
    kind = generator.choice(["kill within a save", "kill at any time", "full disk", "a second training"])
    if kind in ("kill within a save", "full disk"):
        end = "kill" if kind == "kill within a save" else "full"
        process = begin(end, generator.randrange(CALLS), *next_command(command, run))
        error = process.communicate(timeout=120)[1]
        assert process.returncode in (0, -signal.SIGKILL if end == "kill" else 2), error
        assert "Traceback" not in error
        return process.returncode == 0
    second = kind == "a second training"
    calls = generator.randrange(5) if second else 10**9
    process = begin("wait" if second else "kill", calls, *next_command(command, run))
    try:
        if not second:
            time.sleep(generator.uniform(0, 3))
        elif "waiting\n" in process.stderr:  # else it came to its end before
            line = refused(run_command(*command, "-o", run, "--force", "--seed", 9))
            assert line.startswith(f"{run}: process {process.pid} on ")
            assert tsuzuri.load(run).kind in SMALL
    finally:
        process.kill()
        process.communicate()
    return False


def ended_as(straight, command, run):
    fine(*next_command(command, run))
    same_runs(straight, run)
    assert not [name for name in os.listdir(run) if name.startswith(".")]
    assert not [name for name in os.listdir(run.parent) if name.startswith(".")]


@pytest.mark.parametrize(("end", "status"), [("kill", -signal.SIGKILL), ("full", 2)])
def test_a_training_disturbed_once_within_a_save_ends_in_the_same_bytes(training, tmp_path, end, status):
    command, straight = training
    calls, run = random.randrange(FEWEST_CALLS), tmp_path / "runs" / "run"
    print("disturbed at call", calls)
    process = begin(end, calls, *command, "-o", run)
    error = process.communicate(timeout=120)[1]
    assert process.returncode == status, error
    ended_as(straight, command, run)


@pytest.mark.slow
@pytest.mark.parametrize("round_", range(34))  # of three kinds: a hundred and two
def test_a_training_disturbed_again_and_again_ends_in_the_same_bytes(training, tmp_path, round_):
    command, straight = training
    seed, run = int.from_bytes(os.urandom(4), "little"), tmp_path / "runs" / "run"
    print("random seed", seed)
    generator = random.Random(seed)
    for _ in range(generator.randint(2, 6)):
        if disturb(command, run, generator):
            break
    ended_as(straight, command, run)


def fill(path, free):
    """Write to a disk until it is full, but for so many pages."""
    with contextlib.suppress(OSError), open(path, "wb", buffering=0) as stream:
        while stream.write(bytes(4096)) == 4096:
            pass
    os.truncate(path, path.stat().st_size // 4096 * 4096 - 4096 * free)


@pytest.mark.slow
def test_a_disk_that_is_full_harms_nothing(training, tmp_path):
    command, straight = training
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", disk]).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        run = disk / "run"
        for free in (1, 8, 16, 24, 40):  # pages of the disk
            fill(disk / "filler", free)
            done = run_command(*next_command(command, run))
            assert done.returncode == 0 or "No space left on device" in refused(done)
            os.unlink(disk / "filler")
        ended_as(straight, command, run)
    finally:
        subprocess.run(["umount", disk], check=True)
