"""Small files of a run that would unpack to much, and what is no file at all, are refused within a bounded memory."""

import io
import json
import os
import struct
import subprocess
import sys
import zipfile

import numpy
import pytest

from tests.conftest import ROOT
from tests.training.small_run import META, make_run, trained
from tsuzuri import npz, storage
from tsuzuri.errors import UserError
from tsuzuri.training.run import load_run

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes and limits of memory")
ROOM = 150_000_000  # bytes beyond what the modules take
OPEN = """
import os, resource, sys
os.environ["OPENBLAS_NUM_THREADS"] = "1"
from tsuzuri.errors import UserError
from tsuzuri.training.run import load_run
with open("/proc/self/statm") as about:
    taken = int(about.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (taken + int(sys.argv[1]),) * 2)
for path in sys.argv[2:]:
    try:
        run = load_run(path)
        run.load_best()
        run.load_checkpoint()
        print("fine")
    except UserError as error:
        print(error)
"""


def make(path):
    made = make_run(path)
    model, optimizer = trained(made)
    made.save_best(model)
    made.save_checkpoint(model, optimizer, META)
    return made


@pytest.fixture
def run(tmp_path):
    return make(tmp_path / "run")


def header(shape):
    stream = io.BytesIO()
    numpy.lib.format.write_array_header_1_0(stream, {"descr": "<f4", "fortran_order": False, "shape": shape})
    return stream.getvalue()


def large_member(path, name, size):
    """An .npz of a member of zeros, deflated."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open(name + ".npy", "w") as member:
        member.write(header((size // 4,)))
        member.write(bytes(size))


def overlapping(path, names, size):
    """An .npz whose members all are the same bytes, which unpack to ``size``."""
    large_member(path, names[0], size)
    with open(path, "rb") as stream:
        data = stream.read()
    at = data.index(b"PK\x01\x02")
    entry = data[at : data.index(b"PK\x05\x06")]
    entries = b""
    for name in names:
        name = name.encode() + b".npy"
        entries += entry[:28] + struct.pack("<H", len(name)) + entry[30:46] + name
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, len(names), len(names), len(entries), at, 0)
    with open(path, "wb") as stream:
        stream.write(data[:at] + entries + end)


def sparse(path, size):
    with open(path, "r+b") as stream:
        stream.truncate(size)


def more_words(run):
    with open(run.file("vocabulary.txt"), "ab") as stream:
        for n in range(40):
            stream.write(b"".join(b"%d\n" % i for i in range(n * 100_000, (n + 1) * 100_000)))


def replaced(name, put):
    """What puts something else in a file's place."""

    def replace(run):
        os.unlink(run.file(name))
        put(run.file(name))

    return replace


def moved(run):
    os.rename(run.file("model.npz"), run.path + ".npz")
    os.symlink(run.path + ".npz", run.file("model.npz"))


def saved_anew(save):
    """What saves the weights in another way."""

    def change(run):
        save(run.file("model.npz"), dict(numpy.load(run.file("model.npz"))))

    return change


def in_float64(arrays):
    """Weights in double precision, and what says whose they are as it is."""
    return {name: array if name == "run" else array.astype("d") for name, array in arrays.items()}


LARGE, MB = 1 << 28, 1 << 20
NAMES = ["l0/W", "l1_h/W", "l1_h/b"]
NO_FILE = "cannot be read: it is a device or a pipe, not a file"
CASES = [  # what is done to a run, and what is said of it, which ends so
    (
        lambda run: large_member(run.file("checkpoint.npz"), "meta", LARGE),
        f"checkpoint.npz: does not fit its run: meta has {LARGE + 128} bytes, at most 67108864 are expected",
    ),
    (
        lambda run: large_member(run.file("checkpoint.npz"), "more", LARGE),
        "checkpoint.npz: does not fit its run: more is not known",
    ),
    (
        lambda run: large_member(run.file("model.npz"), "l0/W", 100 * MB),
        f"model.npz: does not fit its run: l0/W has {100 * MB + 128} bytes, at most 520 are expected",
    ),
    (
        lambda run: overlapping(run.file("model.npz"), NAMES, 640),
        "model.npz: damaged, or no file of arrays: l1_h/W.npy overlaps l0/W.npy",
    ),
    (lambda run: overlapping(run.file("model.npz"), NAMES[:1] * 60, 640), "l0/W.npy is there twice"),
    (lambda run: sparse(run.file("model.npz"), 1 << 40), "model.npz: does not fit its run: it has 1099511627776 bytes"),
    (lambda run: sparse(run.file("run.json"), 2 << 30), "it has 2147483648 bytes, at most 67108864 are allowed"),
    (more_words, "vocabulary.txt: not a vocabulary (sizes.words is 13, but it has more)"),
    (
        lambda run: sparse(run.file("vocabulary.txt"), 3 << 30),
        "it has 3221225472 bytes, at most 67112192 are expected",
    ),
    *(
        (replaced(name, os.mkfifo), f"{name}: {NO_FILE}")
        for name in ("run.json", "vocabulary.txt", "model.npz", "checkpoint.npz")
    ),
    (replaced("model.npz", lambda path: os.symlink("/dev/zero", path)), f"model.npz: {NO_FILE}"),
    (replaced("vocabulary.txt", os.mkdir), "vocabulary.txt: cannot be read: Is a directory"),
    (moved, "fine"),
    (saved_anew(lambda path, arrays: numpy.savez_compressed(path, **arrays)), "fine"),  # as Chainer's save_npz does
    (saved_anew(lambda path, arrays: numpy.savez(path, **in_float64(arrays))), "fine"),
]


def test_what_a_process_with_little_memory_and_time_says(tmp_path):
    runs = [make(tmp_path / f"run{n}") for n in range(len(CASES))]
    for run, (change, _) in zip(runs, CASES, strict=True):
        change(run)
    command = [sys.executable, "-c", OPEN, str(ROOM), *(run.path for run in runs)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    for line, (_, said) in zip(done.stdout.splitlines(), CASES, strict=True):
        assert said in line


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (["epoch"], 10**400),
        (["window"], 10**400),
        (["start"], 2**63),
        (["history", 0, "words_per_second"], 10**400),
        (["patience", "stale"], 10**400),
    ],
)
def test_counters_that_nothing_counts_to(run, place, value):
    arrays = storage.load_npz(run.file("checkpoint.npz"))
    meta = json.loads(arrays["meta"].tobytes())
    inner = meta
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    arrays["meta"] = numpy.frombuffer(json.dumps(meta).encode(), numpy.uint8)
    storage.write_file(run.file("checkpoint.npz"), storage.encode_npz(arrays))
    with pytest.raises(UserError, match=r"must be a whole number, \d or more, at most 2\^63 - 1"):
        load_run(run.path).load_checkpoint()


def test_a_large_model_is_expected_by_its_sizes(tmp_path):
    shape = (4000, 3000)
    data = storage.encode_npz({"l0/W": numpy.ones(shape, "f")})
    found = npz.read_arrays(io.BytesIO(data), len(data), {"l0/W": 8 * shape[0] * shape[1]})
    assert found["l0/W"].shape == shape
    with pytest.raises(npz.UnfitError, match="l0/W has 48000128 bytes, at most 47000000 are expected"):
        npz.read_arrays(io.BytesIO(data), len(data), {"l0/W": 47_000_000, "l1/W": 8_000_000})
