"""Files are written in one step or not at all, and read without trust."""

import io
import os
import pickle
import struct
import zipfile

import numpy
import pytest

from tsuzuri import storage
from tsuzuri.errors import UserError


def test_write_replaces_in_one_step(tmp_path):
    path = tmp_path / "a"
    storage.write_file(str(path), b"old")
    storage.write_file(str(path), b"new")
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["a"]
    assert path.stat().st_mode & 0o777 == 0o666 & ~storage._umask()


@pytest.mark.parametrize("broken", ["fsync", "replace"])
def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch, broken):
    path = tmp_path / "a"
    storage.write_file(str(path), b"old")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storage.os, broken, fail)
    with pytest.raises(UserError, match=r"a: cannot be written: No space left on device \(what was there before is un"):
        storage.write_file(str(path), b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


def test_what_is_written_piece_by_piece_is_whole_or_not_there(tmp_path):
    def half(stream):
        stream.write(b"half")
        raise UserError("no more")

    def whole(stream):
        stream.write(b"once ")
        stream.seek(0)
        assert stream.read() == b"once "
        stream.write(b"upon")

    path = tmp_path / "a"
    storage.write_file(str(path), whole)
    with pytest.raises(UserError, match="no more"):
        storage.write_file(str(path), half)
    assert path.read_bytes() == b"once upon"
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_what_is_written_piece_by_piece_goes_into_a_pipe_too(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    storage.write_file(
        str(tmp_path / "pipe"), lambda stream: (stream.write(b"..c"), stream.seek(0), stream.write(b"ab"))
    )
    assert os.read(reader, 10) == b"abc"
    os.close(reader)


def test_write_into_no_folder(tmp_path):
    with pytest.raises(UserError, match="No such file or directory"):
        storage.write_file(str(tmp_path / "none" / "a"), b"")


def test_npz_round_trip_and_same_bytes(tmp_path, rng):
    arrays = {"a/b": rng.normal(size=(3, 4)).astype("f"), "c": numpy.array(7), "d": numpy.zeros((0, 2), "i")}
    arrays["e"] = numpy.asfortranarray(arrays["a/b"])
    data = storage.encode_npz(arrays)
    assert storage.encode_npz(arrays) == data
    storage.write_file(str(tmp_path / "x.npz"), data)
    back = storage.load_npz(str(tmp_path / "x.npz"))
    with numpy.load(tmp_path / "x.npz") as plain:  # anyone's NumPy reads it
        for name, array in arrays.items():
            assert back[name].dtype == array.dtype
            assert numpy.array_equal(back[name], array)
            assert numpy.array_equal(plain[name], array)


class Hostile:
    def __reduce__(self):
        return (os.system, ("touch pwned",))


def member(path, data, compress=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compress) as archive:
        archive.writestr("w.npy", data)
    return str(path)


def header(text):
    text = text.encode() + b" " * (-(len(text) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "magic string"),
        (b"junk" * 40, "magic string"),
        (
            header("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,)}") + b"\0" * 64,
            "should hold 10000",
        ),
        (header("{'descr': '<f4', 'fortran_order': False, 'shape': (4,)}") + b"\0" * 15, "has 15 bytes"),
        (header("{'descr': '<f4', 'fortran_order': False, 'shape': (-1, -4)}") + b"\0" * 16, "-1 is no length"),
        (header("{'descr': '<f4', 'fortran_order': False, 'shape': (True,)}") + b"\0" * 4, "True is no length"),
        (header("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}") + pickle.dumps(Hostile()), "Python objects"),
        (header("__import__('os').system('touch pwned')"), "malformed node"),
    ],
)
def test_hostile_arrays(tmp_path, monkeypatch, data, reason):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=reason):
        storage.load_npz(member(tmp_path / "x.npz", data))
    assert os.listdir(tmp_path) == ["x.npz"]


def test_a_pickle_in_an_npz_is_not_loaded(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    stream = io.BytesIO()
    numpy.savez(stream, w=numpy.array([Hostile()], object))
    (tmp_path / "x.npz").write_bytes(stream.getvalue())
    (tmp_path / "y.npz").write_bytes(pickle.dumps(Hostile()))
    for name in ("x.npz", "y.npz"):
        with pytest.raises(UserError, match=name):
            storage.load_npz(str(tmp_path / name))
    assert sorted(os.listdir(tmp_path)) == ["x.npz", "y.npz"]


def test_a_claim_beyond_the_file_is_refused_before_memory_is_taken(tmp_path):
    path = member(tmp_path / "x.npz", header("{'descr': '<f4', 'fortran_order': False, 'shape': (4,)}") + b"\0" * 16)
    data = bytearray((tmp_path / "x.npz").read_bytes())
    entry = data.index(b"PK\x01\x02")
    data[entry + 20 : entry + 28] = struct.pack("<II", 4_000_000_000, 4_000_000_000)
    (tmp_path / "x.npz").write_bytes(data)
    with pytest.raises(UserError, match="claims 4000000000 bytes, more than the file can hold"):
        storage.load_npz(path)


@pytest.mark.parametrize("position", range(0, 1000, 37))
def test_a_damaged_file_is_named_or_read_the_same(tmp_path, position):
    arrays = {"a": numpy.arange(40, dtype="f"), "b": numpy.arange(60, dtype="i")}
    data = bytearray(storage.encode_npz(arrays))
    data[position % len(data)] ^= 0x5A
    (tmp_path / "x.npz").write_bytes(data)
    try:
        back = storage.load_npz(str(tmp_path / "x.npz"))
    except UserError:
        return
    assert all(numpy.array_equal(back[name], arrays[name]) for name in back)  # a byte without meaning, such as a date


def test_a_temporary_file_that_another_process_clears_away_is_written_again(tmp_path, monkeypatch):
    replace, taken = os.replace, []

    def cleared(source, target):
        if not taken:
            taken.append(source)
            os.unlink(source)
        replace(source, target)

    monkeypatch.setattr(storage.os, "replace", cleared)
    storage.write_file(str(tmp_path / "a"), b"whole")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"whole"}
