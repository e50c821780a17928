"""A whole piece: how long it lasts, its level and its limits, the same bytes each time, and a file of it."""

import functools
import io
import tracemalloc
import wave

import numpy
import pytest

from tests.midi.sound.measures import QUARTER, RATE, piece
from tsuzuri import storage
from tsuzuri.errors import UserError
from tsuzuri.midi.score import DRUMS
from tsuzuri.midi.sound import synth, timbres


def seconds(tick):
    return tick / QUARTER / 2


def test_no_notes_are_a_short_silence():
    samples = synth.render_score(piece([]))
    assert samples.dtype == numpy.int16
    assert 0 < len(samples) < 2 * RATE
    assert not samples.any()


def test_it_lasts_until_the_last_note_has_died_away():
    organ = (0, b"\xc0\x10")
    samples = synth.render_score(piece([(0, QUARTER, 0, 60, 90), (QUARTER, 3 * QUARTER, 0, 64, 90)], organ))
    wanted = seconds(3 * QUARTER) + timbres.TIMBRES["organ"].release + synth.ROOM
    assert abs(len(samples) / RATE - wanted) < 0.01
    sound = numpy.flatnonzero(abs(samples).max(axis=1) > 300)
    assert seconds(3 * QUARTER) - 0.05 < sound[-1] / RATE < wanted


def test_tempo_changes_move_notes():
    slower = (2 * QUARTER, b"\xff\x51\x0f\x42\x40")  # 60 a minute from the third quarter on
    samples = synth.render_score(piece([(4 * QUARTER, 5 * QUARTER, 0, 60, 90)], slower))
    assert abs(numpy.flatnonzero(abs(samples).max(axis=1) > 500)[0] / RATE - 3.0) < 0.05


@pytest.mark.parametrize("rate", [8000, 22050, 44100])
def test_64_loudest_notes_do_not_clip(rate):
    notes = [(0, 2 * QUARTER, i % 4, 40 + i // 2, 127) for i in range(64)]
    drums = [(0, QUARTER, DRUMS, key, 127) for key in range(35, 81)]
    samples = synth.render_score(piece(notes + drums, *((0, bytes([0xB0 | c, 7, 127])) for c in range(16))), rate)
    assert abs(samples.astype(int)).max() <= synth.CEILING * 32767 + 1


def test_the_limiter_leaves_the_soft_alone_and_keeps_order():
    x = numpy.linspace(-3, 3, 6001).astype("f")
    y = synth._limited(x)
    inside = abs(x) <= synth.KNEE
    assert (y[inside] == x[inside]).all()
    assert (numpy.diff(y) >= 0).all()
    assert abs(y).max() <= synth.CEILING
    assert abs(numpy.diff(y)).max() < 0.0011  # no edge where it begins


@pytest.fixture
def tune(rng):
    """Some seconds of notes on several channels, with drums."""
    starts = rng.integers(0, 8 * QUARTER, 60)
    return piece(
        [
            (int(start), int(start + rng.integers(60, 900)), int(channel), int(rng.integers(36, 90)), int(velocity))
            for start, channel, velocity in zip(starts, rng.integers(0, 12, 60), rng.integers(20, 127, 60), strict=True)
        ],
        *((0, bytes([0xC0 | channel, int(rng.integers(0, 128))])) for channel in range(12)),
    )


def test_a_piece_is_as_loud_as_another_has_no_offset_and_is_the_same_again(tune):
    samples = synth.render_score(tune)
    level = samples.astype("d") / 32768
    assert 0.03 < level.std() < 0.2
    assert abs(level.mean(axis=0)).max() < 2e-3
    assert abs(level).max() < synth.CEILING
    assert synth.render_score(tune).tobytes() == samples.tobytes()


def test_blocks_leave_no_seam(tune, monkeypatch):
    whole = synth.render_score(tune).astype(int)
    monkeypatch.setattr(synth, "_TRANSFORM", 1 << 16)
    assert abs(synth.render_score(tune).astype(int) - whole).max() <= 4


def test_a_long_piece_takes_little_beside_its_result():
    long = piece([(0, 2400 * QUARTER, 0, 60, 90), (100 * QUARTER, 2300 * QUARTER, 1, 50, 90)], (0, b"\xc0\x10"))
    tracemalloc.start()
    samples = synth.render_score(long, 8000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(samples) >= 1200 * 8000
    assert peak < samples.nbytes + 60e6  # the mix in floats would take 77 MB


def test_a_sampling_rate_out_of_range_is_refused():
    for rate in (0, 7999, 96_001):
        with pytest.raises(UserError, match=rf"{rate}: must be in range 8000\.\.96000"):
            synth.render_score(piece([]), rate)


def test_the_wav_file_is_read_back(tune):
    samples = synth.render_score(tune, 8000)
    with wave.open(io.BytesIO(synth.encode_wav(samples, 8000))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, 8000)
        assert file.getnframes() == len(samples)
        assert file.readframes(len(samples)) == samples.astype("<i2").tobytes()


@pytest.mark.parametrize("place", ["memory", "disk"])
def test_a_file_that_is_made_in_place_has_the_same_bytes(tune, tmp_path, place, monkeypatch):
    monkeypatch.setattr(synth, "_TRANSFORM", 1 << 16)  # some blocks
    with io.BytesIO() if place == "memory" else open(tmp_path / "a", "w+b") as stream:
        synth.write_wav(stream, tune, 22050)
        stream.seek(0)
        assert stream.read() == synth.encode_wav(synth.render_score(tune, 22050), 22050)


def test_a_long_file_takes_little_memory(tmp_path):
    long = piece([(0, 3600 * QUARTER, 0, 60, 90), (100 * QUARTER, 2300 * QUARTER, 1, 50, 90)], (0, b"\xc0\x10"))
    tracemalloc.start()
    storage.write_file(str(tmp_path / "long.wav"), functools.partial(synth.write_wav, score=long, rate=16000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (tmp_path / "long.wav").stat().st_size > 1800 * 16000 * 4  # 115 MB
    assert peak < 40e6


def test_a_piece_that_is_too_long_leaves_no_file(tmp_path):
    hours = piece([(3 * 7200 * QUARTER, 3 * 7201 * QUARTER, 0, 60, 90)])
    with pytest.raises(UserError, match="at most 2:00 can be made into sound"):
        storage.write_file(str(tmp_path / "long.wav"), functools.partial(synth.write_wav, score=hours))
    assert not list(tmp_path.iterdir())
