"""Sound: pitch, length, loudness, place and cleanliness by numbers; the same bytes each time; a SoundFont."""

import io
import struct
import sys
import tracemalloc
import wave

import numpy
import pytest

from tsuzuri.errors import UserError
from tsuzuri.midi.score import DRUMS, Note, Score
from tsuzuri.midi.sound import synth, timbres, tones
from tsuzuri.midi.sound.performance import Channel, Curve

RATE = 44100
QUARTER = 480  # half a second where no tempo is given
STEADY = ((0, 0.0),)  # a pitch that does not bend


def piece(notes, *others, end=None):
    """A score of (start, end, channel, key, velocity) in ticks, its end that of the last note."""
    notes = sorted(Note(*note) for note in notes)
    last = max((note.end for note in notes), default=0)
    return Score(notes, list(others), last if end is None else end, QUARTER)


def seconds(tick):
    return tick / QUARTER / 2


def energy(samples):
    return float(numpy.square(samples.astype("d")).sum())


def between(samples, first, last):
    return samples[int(first * RATE) : int(last * RATE)]


def pitch(samples, near):
    """The middle of the peaks within half a semitone of a frequency, in Hz; a vibrato is even to both its sides."""
    size = 1 << len(samples).bit_length()
    peaks = abs(numpy.fft.rfft(samples * numpy.hanning(len(samples)), size)) ** 4  # noise does not count so
    f = numpy.fft.rfftfreq(size, 1 / RATE)
    peaks *= abs(numpy.log2(numpy.maximum(f, 1) / near)) < 1 / 24
    return (f * peaks).sum() / peaks.sum()


def cents(measured, wanted):
    return 1200 * numpy.log2(measured / wanted)


def tone(name, key, hold=2.0, first=0, last=None, bends=STEADY, strength=0.7):
    timbre = timbres.TIMBRES[name]
    last = int(tones.tone_seconds(timbre, key, hold) * RATE) if last is None else last
    return tones.render_tone(timbre, key, bends, strength, hold, first, last, RATE, tones.make_noise(RATE))


PITCHED = [name for name in timbres.TIMBRES if name != "noise"]


@pytest.mark.parametrize("name", PITCHED)
def test_a_tone_has_its_pitch_within_two_cents(rng, name):
    for key in (69, int(rng.integers(45, 70))):
        wanted = 440 * 2 ** ((key - 69) / 12)
        hold = 14.0 if 0 < timbres.TIMBRES[name].voices[0][0] < 4 else 4.0  # a slow vibrato needs time to be even
        assert abs(cents(pitch(tone(name, key, hold), wanted), wanted)) < 2


def test_a_is_440():
    assert tones.key_frequency(69) == 440
    mix = synth.render_score(piece([(0, 8 * QUARTER, 0, 69, 90)], (0, b"\xc0\x13"))).astype("d")
    assert abs(cents(pitch(between(mix.mean(axis=1), 0.3, 3.5), 440), 440)) < 2


@pytest.mark.parametrize("name", timbres.TIMBRES)
def test_a_tone_begins_and_ends_in_silence_and_never_jumps(rng, name):
    for hold in (0.001, 0.02, 0.7):
        key = int(rng.integers(21, 100))
        samples = tone(name, key, hold).astype("d")
        peak = abs(samples).max()
        assert abs(samples[0]) < 1e-4
        assert abs(samples[-8:]).max() < 1e-4
        assert numpy.isfinite(samples).all()
        assert peak < 1.5
    low = tone(name, 33, 0.7).astype("d")  # a slow wave: what jumps is a click
    assert abs(numpy.diff(low)).max() < 0.35 * abs(low).max()


@pytest.mark.parametrize("name", ["piano", "organ", "choir", "noise", "hit"])
def test_a_stretch_of_a_tone_is_the_tones_own(rng, name):
    whole = tone(name, 50, 1.0)
    first, last = sorted(int(i) for i in rng.integers(1, len(whole), 2))
    assert abs(whole[first : last + 1] - tone(name, 50, 1.0, first, last + 1)).max() < 2e-4


def test_harmonics_by_recurrence_are_sums_of_sines(rng):
    turns, amplitudes = rng.uniform(0, 1000, 5000), rng.standard_normal(16).tolist()
    plain = sum(a * numpy.sin(2 * numpy.pi * k * turns) for k, a in enumerate(amplitudes, 1))
    assert abs(tones._harmonics(turns, amplitudes) - plain).max() < 2e-3


def test_every_program_has_a_timbre_and_every_drum_a_sound():
    assert {timbres.timbre_of_program(program) for program in range(128)} == set(timbres.TIMBRES)
    assert sorted(timbres.DRUM_SOUNDS) == list(range(35, 82))
    for key in range(128):
        stroke = tones.render_drum(key, RATE)
        assert len(stroke) == tones.drum_length(key, RATE)
        assert abs(stroke[[0, -1]]).max() < 1e-4
        assert 0.02 < abs(stroke).max() < 2
        assert abs(stroke.mean()) < 2e-3


def test_no_partial_is_above_what_the_rate_can_carry():
    spectrum = abs(numpy.fft.rfft(tone("saw", 120, 1.0) * numpy.hanning(int(1.08 * RATE))))
    f = numpy.fft.rfftfreq(int(1.08 * RATE), 1 / RATE)
    assert spectrum[(f < 8000)].max() < spectrum.max() * 1e-3  # what is above folds down below the fundamental


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


def test_velocity_and_volume_make_louder():
    loud, soft = (0, QUARTER, 0, 60, 110), (4 * QUARTER, 5 * QUARTER, 0, 60, 50)
    samples = synth.render_score(piece([loud, soft]))
    assert energy(between(samples, 0, 0.6)) > 4 * energy(between(samples, 2, 2.6))
    for control in (7, 11):
        less = (3 * QUARTER, bytes([0xB0, control, 50]))
        samples = synth.render_score(piece([loud, (4 * QUARTER, 5 * QUARTER, 0, 60, 110)], less))
        assert energy(between(samples, 0, 0.6)) > 4 * energy(between(samples, 2, 2.6))


def test_a_loud_note_is_brighter():
    def brightness(strength):
        spectrum = abs(numpy.fft.rfft(tone("brass", 60, 1.0, strength=strength))) ** 2
        f = numpy.fft.rfftfreq(int((1.0 + timbres.TIMBRES["brass"].release) * RATE), 1 / RATE)
        return (spectrum * f).sum() / spectrum.sum()

    assert brightness(0.95) > 1.3 * brightness(0.3)


def test_expression_swells_within_a_note_without_a_click():
    swell = [(k * 40, bytes([0xB0, 11, 10 + 4 * k])) for k in range(24)]
    samples = synth.render_score(piece([(0, 2 * QUARTER, 0, 40, 90)], (0, b"\xc0\x10"), *swell)).astype("d")
    assert energy(between(samples, 0.7, 0.95)) > 10 * energy(between(samples, 0.1, 0.35))
    assert abs(numpy.diff(samples, axis=0)).max() < 0.25 * abs(samples).max()


@pytest.mark.parametrize("channel", [0, DRUMS])
def test_pan_goes_left_and_right(channel):
    def sides(value):
        samples = synth.render_score(
            piece([(0, 2 * QUARTER, channel, 38, 90)], (0, bytes([0xB0 | channel, 10, value])))
        )
        return energy(samples[:, 0]) / energy(samples[:, 1])

    assert sides(0) > 8
    assert sides(127) < 1 / 8
    assert 1 / 3 < sides(64) < 3


def test_high_and_low_notes_stand_apart_but_near_the_middle():
    low = synth.render_score(piece([(0, QUARTER, 0, 36, 90)]))
    high = synth.render_score(piece([(0, QUARTER, 0, 84, 90)]))
    assert energy(low[:, 0]) > 1.2 * energy(low[:, 1])
    assert energy(high[:, 1]) > 1.2 * energy(high[:, 0])


def test_the_pedal_holds_a_note_until_it_is_lifted_or_struck_again():
    notes = [(0, QUARTER // 2, 0, 60, 90), (8 * QUARTER, 9 * QUARTER, 0, 20, 1)]

    def lasts(*others):
        samples = synth.render_score(piece(notes, (0, b"\xc0\x10"), *others))
        audible = numpy.flatnonzero(abs(samples).max(axis=1) > abs(samples.astype(int)).max() / 4)
        return audible[-1] / RATE

    down, up = (0, b"\xb0\x40\x7f"), (4 * QUARTER, b"\xb0\x40\x00")
    assert lasts() < 0.5
    assert 1.9 < lasts(down, up) < 2.2
    assert 1.9 < lasts(down, (4 * QUARTER, b"\xb0\x79\x00")) < 2.2  # all controls reset
    assert lasts(down) > 3.9
    notes.append((2 * QUARTER, 2 * QUARTER + 9, 0, 60, 1))
    assert lasts(down, up) < 1.2


@pytest.mark.parametrize(("value", "semitones"), [(16383, 2), (0, -2), (12288, 1)])
def test_a_note_is_bent_from_its_start(value, semitones):
    bend = (0, bytes([0xE0, value & 127, value >> 7]))
    samples = synth.render_score(piece([(0, 8 * QUARTER, 0, 69, 90)], (0, b"\xc0\x10"), bend)).astype("d").mean(axis=1)
    wanted = 440 * 2 ** (semitones / 12)
    assert abs(cents(pitch(between(samples, 0.3, 3.5), wanted), wanted)) < 2


def test_a_bend_moves_a_sounding_note_as_far_as_its_range_says():
    range_7 = [(0, bytes([0xB0, *pair])) for pair in ((101, 0), (100, 0), (6, 7))]
    bend = (8 * QUARTER, b"\xe0\x7f\x7f")
    score = piece([(0, 16 * QUARTER, 0, 57, 90)], (0, b"\xc0\x10"), *range_7, bend)
    samples = synth.render_score(score).astype("d").mean(axis=1)
    assert abs(cents(pitch(between(samples, 0.3, 3.8), 220), 220)) < 2
    fifth = 220 * 2 ** (7 / 12)
    assert abs(cents(pitch(between(samples, 4.3, 7.8), fifth), fifth)) < 2


def test_a_bent_tone_has_no_jump_in_its_wave():
    bends = tuple((0.1 + 0.01 * k, 0.2 * k) for k in range(10))
    straight, bent = tone("flute", 60), tone("flute", 60, bends=((0, 0.0), *bends))
    assert abs(numpy.diff(bent)).max() < 1.3 * abs(numpy.diff(straight)).max()


def test_drums_know_neither_pitch_nor_length():
    def kick(*others, length=QUARTER):
        return synth.render_score(piece([(0, length, DRUMS, 36, 100)], *others))

    plain = kick()
    assert (plain == kick(length=4 * QUARTER)).all()
    assert (plain == kick((0, b"\xe9\x7f\x7f"), (0, b"\xc9\x28"), (0, b"\xb9\x40\x7f"))).all()
    mono = plain.astype("d").mean(axis=1)
    assert abs(cents(pitch(between(mono, 0.1, 0.5), 54), 54)) < 100
    assert cents(440 * 2 ** ((36 - 69) / 12), 54) > 300  # where the key would be


def test_curves_ramp_between_steps(rng):
    curve = Curve(1.0)
    for time in sorted(rng.integers(1, 20_000, 30).tolist()):
        curve.move(time, float(rng.random()))
    values = curve.samples(0, 21_000, RATE)
    assert abs(numpy.diff(values)).max() < 0.5  # even where two steps are some samples apart
    for at in rng.integers(0, 20_999, 500).tolist():  # what comes after a block does not change with its border
        assert curve.samples(at, at + 1, RATE) == pytest.approx(values[at], rel=1e-5)
    assert curve.samples(20_500, 21_000, RATE) == curve.values[-1]
    assert Curve(3).samples(5, 9, RATE) == 3


def test_messages_without_a_meaning_are_passed_over():
    channel = Channel()
    for message in (b"\xa0\x40\x40", b"\xd0\x40", b"\xb0\x01\x40", b"\xb0\x06\x40"):
        channel.apply(5, message)
    channel.apply(9, b"\xe0\x7f\x7f")
    assert channel.bend.at(9) == pytest.approx(2, abs=1e-3)


def test_a_long_piece_takes_little_beside_its_result():
    long = piece([(0, 2400 * QUARTER, 0, 60, 90), (100 * QUARTER, 2300 * QUARTER, 1, 50, 90)], (0, b"\xc0\x10"))
    tracemalloc.start()
    samples = synth.render_score(long, 8000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(samples) >= 1200 * 8000
    assert peak < samples.nbytes + 60e6  # the mix in floats would take 77 MB


@pytest.mark.parametrize("play", [synth.render_score, lambda score: synth.render_soundfont(score, "none.sf2")])
def test_what_cannot_be_rendered_is_refused(play, monkeypatch):
    monkeypatch.setitem(sys.modules, "tinysoundfont", Stub())
    monkeypatch.setattr(synth.Path, "read_bytes", lambda path: b"")
    with pytest.raises(UserError, match=r"2\.5 hours: at most 2"):
        play(piece([(18_000 * QUARTER - 9, 18_000 * QUARTER, 0, 60, 90)]))


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
    with pytest.raises(UserError, match=r"none\.sf2: No such file"):
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
