"""Files to read: made of hex or real ones, and how every one is checked."""

import struct

import numpy
import pytest

from tsuzuri.midi.file import smf
from tsuzuri.midi.file.walk import MOST_PROBLEMS

END = "00 ff 2f 00"


def unhex(text):
    """Bytes of commented hex."""
    return bytes.fromhex("".join(line.split("#")[0] for line in text.splitlines()))


def chunk(name, body, length=None):
    return name + struct.pack(">I", len(body) if length is None else length) + body


def midi(*tracks, format=None, count=None, division=96, length=None):
    """A file of tracks in hex; the first event is at byte 22. ``length`` is what the last track's chunk claims."""
    header = struct.pack(">HHH", min(len(tracks) - 1, 1) if format is None else format, count or len(tracks), division)
    bodies = [unhex(track) for track in tracks]
    chunks = [chunk(b"MTrk", body, length if body is bodies[-1] else None) for body in bodies]
    return b"".join([chunk(b"MThd", header), *chunks])


def hexed(track):
    return [f"{tick} {message.hex(' ')}" for tick, message in track.events()]


def same(one, other):
    return (
        len(one.tracks) == len(other.tracks)
        and (one.format, one.division) == (other.format, other.division)
        and all(
            numpy.array_equal(a.ticks, b.ticks)
            and numpy.array_equal(a.messages, b.messages)
            and a.payloads == b.payloads
            for a, b in zip(one.tracks, other.tracks, strict=True)
        )
    )


def check(data):
    """Read bytes as every input must be read: a sound ``File`` that is written and read again, or None for NotMidi."""
    try:
        file = smf.read_smf(data)
    except smf.NotMidi:
        with pytest.raises(smf.NotMidi, match=r"^offset \d+: [^\n]+$"):
            smf.read_smf_with(None, data)
        return None
    for track in file.tracks:
        n = len(track.ticks)
        assert track.ticks.dtype == numpy.int64
        assert track.messages.dtype == numpy.uint8
        assert track.messages.shape == (n, 3)
        assert (numpy.diff(track.ticks, prepend=0) >= 0).all()
        assert (track.messages[:, 0] >= 0x80).all()
        assert (track.messages[:, 1:] < 0x80).all()
        assert track.messages[-1].tolist() == [0xFF, 0x2F, 0]
        assert sorted(track.payloads) == numpy.flatnonzero(track.messages[:, 0] >= 0xF0).tolist()
    by_walk = smf.read_smf_with(None, data)
    assert by_walk.problems == file.problems
    assert same(by_walk, file)
    again = smf.read_smf(smf.write_smf(file))
    assert same(again, file)
    assert len(file.problems) <= MOST_PROBLEMS + 1
    return file


NOTE = "00 90 3c 40" + END
PLAIN = midi(NOTE)


def real_files(shared, rng=None, share=1):
    """Real files that are not empty: those of odd features, and a random share of the others."""
    paths = [path for path in sorted(shared.glob("midi_*/**/*.mid")) if path.stat().st_size]
    return [path for path in paths if share == 1 or "edge" in str(path) or rng.random() < share]
