"""A SoundFont's player is told every event in its time, and what cannot be rendered is refused."""

import struct
import sys

import numpy
import pytest

from tests.midi.sound.measures import QUARTER, RATE, between, cents, energy, piece, pitch
from tsuzuri.errors import UserError
from tsuzuri.midi.score import DRUMS
from tsuzuri.midi.sound import synth


@pytest.mark.parametrize("play", [synth.render_score, lambda score: synth.render_soundfont(score, "none.sf2")])
def test_what_cannot_be_rendered_is_refused(play, monkeypatch):
    monkeypatch.setitem(sys.modules, "tinysoundfont", Stub())
    monkeypatch.setattr(synth.Path, "read_bytes", lambda path: b"")
    with pytest.raises(UserError, match=r"2:31 hours: at most 2:00"):
        play(piece([(18_000 * QUARTER - 9, 18_000 * QUARTER, 0, 60, 90)]))


class Stub:
    """A tinysoundfont that writes down what it is told, and sounds a constant."""

    def __init__(self):
        self.messages, self.samples = [], 0

    def Synth(self, gain, rate):  # noqa: N802 (the package's name)
        return self

    def sfload(self, data):
        if data == b"bad":
            raise RuntimeError("load")

    def generate_simple(self, samples, buffer):
        assert len(buffer) == 8 * samples > 0
        numpy.frombuffer(buffer, "f")[:] = 0.25
        self.samples += samples

    def program_change(self, channel, program, drums):
        self.messages.append((self.samples, "program", channel, program, drums))
        if program == 99:
            raise RuntimeError("no such preset")

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args: self.messages.append((self.samples, name, *args))


@pytest.fixture
def stub(monkeypatch):
    stub = Stub()
    monkeypatch.setitem(sys.modules, "tinysoundfont", stub)
    return stub


def test_a_soundfonts_player_is_told_every_event_in_its_time(stub, tmp_path):
    (tmp_path / "a.sf2").write_bytes(b"good")
    others = (0, b"\xc1\x63"), (0, b"\xb1\x07\x50"), (QUARTER, b"\xe1\x01\x40")
    score = piece([(QUARTER, 2 * QUARTER, 1, 60, 90), (20 * QUARTER, 21 * QUARTER, DRUMS, 38, 80)], *others)
    samples = synth.render_soundfont(score, tmp_path / "a.sf2")
    half = RATE // 2
    assert [message[1:] for message in stub.messages[:16]] == [("program", c, 0, c == DRUMS) for c in range(16)]
    assert stub.messages[16:] == [
        (0, "program", 1, 99, False),
        (0, "control_change", 1, 7, 80),
        (half, "pitchbend", 1, 8193),
        (half, "noteon", 1, 60, 90),
        (2 * half, "noteoff", 1, 60),
        (20 * half, "noteon", DRUMS, 38, 80),
        (21 * half, "noteoff", DRUMS, 38),
    ]
    assert samples.shape == (21 * half + 2 * RATE, 2)
    assert samples.dtype == numpy.int16
    assert (samples == samples[0, 0]).all()


def test_what_is_wrong_with_a_soundfont_is_said(stub, tmp_path, monkeypatch):
    with pytest.raises(UserError, match=r"none\.sf2: no such file"):
        synth.render_soundfont(piece([]), tmp_path / "none.sf2")
    (tmp_path / "bad.sf2").write_bytes(b"bad")
    with pytest.raises(UserError, match=r"bad\.sf2: is not a SoundFont"):
        synth.render_soundfont(piece([]), tmp_path / "bad.sf2")
    monkeypatch.setitem(sys.modules, "tinysoundfont", None)
    with pytest.raises(UserError, match="pip install --no-deps tinysoundfont"):
        synth.render_soundfont(piece([]), tmp_path / "bad.sf2")


def chunk(name, *parts):
    data = b"".join(parts)
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def soundfont():
    """The bytes of a SoundFont with one instrument: a sine of 441 Hz at key 69, looped."""
    period = (numpy.sin(numpy.arange(1000) * 2 * numpy.pi / 100) * 20000).astype("<i2")
    modulator, end_of_bags = b"\0" * 10, struct.pack("<HH", 0, 0)
    bags = end_of_bags + struct.pack("<HH", 1, 0)
    preset = [struct.pack("<20sHHHIII", name, 0, 0, bag, 0, 0, 0) for name, bag in ((b"sine", 0), (b"EOP", 1))]
    instrument = [struct.pack("<20sH", name, bag) for name, bag in ((b"sine", 0), (b"EOI", 1))]
    sample = struct.pack("<20sIIIIIBbHH", b"sine", 0, 1000, 100, 900, 44100, 69, 0, 0, 1)
    return chunk(
        b"RIFF",
        b"sfbk",
        chunk(b"LIST", b"INFO", chunk(b"ifil", struct.pack("<HH", 2, 1)), chunk(b"INAM", b"test\0\0")),
        chunk(b"LIST", b"sdta", chunk(b"smpl", period.tobytes(), b"\0" * 92)),
        chunk(
            b"LIST",
            b"pdta",
            chunk(b"phdr", *preset),
            chunk(b"pbag", bags),
            chunk(b"pmod", modulator),
            chunk(b"pgen", struct.pack("<HH", 41, 0), b"\0" * 4),  # 41: the instrument
            chunk(b"inst", *instrument),
            chunk(b"ibag", struct.pack("<HHHH", 0, 0, 2, 0)),
            chunk(b"imod", modulator),
            chunk(b"igen", struct.pack("<HHHH", 54, 1, 53, 0), b"\0" * 4),  # 54: loop; 53: the sample
            chunk(b"shdr", sample, b"EOS".ljust(46, b"\0")),
        ),
    )


def test_a_real_soundfont_is_played(tmp_path):
    pytest.importorskip("tinysoundfont")
    path = tmp_path / "sine.sf2"
    path.write_bytes(soundfont())
    others = (0, b"\xc3\x28"), (0, b"\xb3\x40\x7f"), (9 * QUARTER, b"\xb3\x40\x00")
    score = piece(
        [(2 * QUARTER, 6 * QUARTER, 0, 69, 100), (7 * QUARTER, 8 * QUARTER, 3, 57, 100)], *others, end=9 * QUARTER
    )
    samples = synth.render_soundfont(score, path).astype("d")
    mono = samples.mean(axis=1)
    assert not between(samples, 0, 0.99).any()
    assert abs(cents(pitch(between(mono, 1.2, 2.8), 441), 441)) < 2
    assert 0.03 < samples.std() / 32768 < 0.4
    assert energy(between(samples, 4.1, 4.4)) > 0  # held by the pedal
    assert energy(between(samples, 4.8, 6)) == 0
