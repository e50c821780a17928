"""A tone alone: its pitch, its ends, its brightness, and that nothing in it jumps."""

import numpy
import pytest

from tests.midi.sound.measures import QUARTER, RATE, between, cents, piece, pitch
from tsuzuri.midi.sound import synth, timbres, tones

STEADY = ((0, 0.0),)  # a pitch that does not bend


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


def test_a_loud_note_is_brighter():
    def brightness(strength):
        spectrum = abs(numpy.fft.rfft(tone("brass", 60, 1.0, strength=strength))) ** 2
        f = numpy.fft.rfftfreq(int((1.0 + timbres.TIMBRES["brass"].release) * RATE), 1 / RATE)
        return (spectrum * f).sum() / spectrum.sum()

    assert brightness(0.95) > 1.3 * brightness(0.3)


def test_a_bent_tone_has_no_jump_in_its_wave():
    bends = tuple((0.1 + 0.01 * k, 0.2 * k) for k in range(10))
    straight, bent = tone("flute", 60), tone("flute", 60, bends=((0, 0.0), *bends))
    assert abs(numpy.diff(bent)).max() < 1.3 * abs(numpy.diff(straight)).max()
