"""Tones and drum strokes as samples, by sums of sines and noise.

A tone is a function of time alone, so any stretch of it can be made without the rest: a long note costs no memory.
"""

import math

import numpy

from tsuzuri.midi.sound import timbres

A4, A4_KEY = 440.0, 69
SOFTEST = 1e-3  # -60 dB: a tone is over when it has decayed this far
_TOP = 0.42  # of the sampling rate: there are no partials above it
_NOISE, _BREATH = 1 << 17, 2500  # samples of noise, which then repeats; the frequency in Hz above which it falls off
_ONSET = 0.3  # seconds in which a vibrato builds up
_SHORTEST_ATTACK = 0.003  # seconds: a shorter one clicks


def key_frequency(key):
    """The frequency of a key, an integer or not, in equal temperament; 69 is 440 Hz."""
    return A4 * 2 ** ((key - A4_KEY) / 12)


def make_noise(rate):
    """Breath-like noise of mean 0, float32 (2**17,), always the same; it repeats without a seam."""
    spectrum = numpy.fft.rfft(numpy.random.default_rng(0).standard_normal(_NOISE))
    spectrum[0] = 0
    samples = numpy.fft.irfft(spectrum / (1 + (numpy.fft.rfftfreq(_NOISE, 1 / rate) / _BREATH) ** 2), _NOISE)
    return (samples / samples.std()).astype("f")


def tone_seconds(timbre, key, hold):
    """The seconds from the onset to silence of a key that is held for ``hold`` seconds."""
    return _ringing(timbre, key, hold) + timbre.release


def _ringing(timbre, key, hold):
    return min(hold, _fall(timbre, key)) if timbre.fall else hold


def _fall(timbre, key):
    return timbre.fall * 2 ** ((60 - key) / 24)  # low strings ring longer: twice as long two octaves down


def render_tone(timbre, key, bends, strength, hold, first, last, rate, hiss):
    """Samples ``first`` to ``last`` of a tone, float32 (last - first,), at about 0.3 of full scale.

    ``bends`` are (second, semitones above the key), each until the next, from second 0 on; ``strength`` 0..1 is the
    brightness, ``hold`` the seconds until the key is released, ``hiss`` the noise of ``make_noise(rate)``.
    """
    t = numpy.arange(first, last) / rate
    frequency = key_frequency(key + bends[0][1])
    turns = _bent(t, key, bends) if len(bends) > 1 else t * frequency
    amplitudes = _amplitudes(timbre, frequency, strength, rate)
    wave = numpy.zeros(len(t), "f")
    for i, (speed, cents) in enumerate(timbre.voices):
        moved = turns
        if cents:
            width = frequency * (2 ** (cents / 1200) - 1) / (2 * math.pi * speed)  # turns to each side
            sway = numpy.sin((t * (2 * math.pi * speed) + 2 * i).astype("f")) * numpy.float32(width)
            growing = numpy.searchsorted(t, _ONSET)
            sway[:growing] *= t[:growing] / _ONSET
            moved = turns + sway
        if timbre.fall:
            _add_falling(wave, moved, amplitudes, timbre, _fall(timbre, key), first, rate)
        else:
            wave += _harmonics(moved, amplitudes)
    wave *= 0.3 * timbre.gain / math.sqrt(len(timbre.voices) * sum(a * a for a in amplitudes) or 1)
    if timbre.breath or timbre.knock:
        level = timbre.breath + timbre.knock * numpy.exp(-t * 120)
        wave += 0.3 * level.astype("f") * numpy.take(hiss, numpy.arange(first, last) + 7919 * key, mode="wrap")
    return _shape(wave, t, timbre, _ringing(timbre, key, hold))


def _bent(t, key, bends):
    """The phase in turns: its speed changes at each bend, but it never jumps."""
    times, semitones = numpy.array(bends).T
    speeds = key_frequency(key + semitones)
    turns = numpy.concatenate([[0], numpy.cumsum(numpy.diff(times) * speeds[:-1])])
    at = numpy.searchsorted(times, t, side="right") - 1
    return turns[at] + (t - times[at]) * speeds[at]


def _amplitudes(timbre, frequency, strength, rate):
    """The amplitudes of the partials at a strength, without those too high for the sampling rate."""
    ratios = timbre.ratios or range(1, len(timbre.amplitudes) + 1)
    return [
        amplitude * ratio ** (-timbre.dark * (1 - strength))
        for ratio, amplitude in zip(ratios, timbre.amplitudes, strict=True)
        if ratio == 1 or ratio * frequency < _TOP * rate
    ]


def _harmonics(turns, amplitudes):
    """The sum of a_k sin(k x) by Clenshaw's recurrence: one sine and one cosine for all of them."""
    x = (2 * numpy.pi * (turns - numpy.floor(turns))).astype("f")
    double = 2 * numpy.cos(x)
    before, now = numpy.zeros_like(x), numpy.zeros_like(x)
    for amplitude in reversed(amplitudes):
        before *= -1
        before += double * now
        before += numpy.float32(amplitude)
        before, now = now, before
    return now * numpy.sin(x)


def _add_falling(wave, turns, amplitudes, timbre, fall, first, rate):
    """Add partials that each decay at a speed of their own, each only as long as it is audible."""
    ratios = timbre.ratios or range(1, len(amplitudes) + 1)
    for ratio, amplitude in zip(ratios, amplitudes, strict=False):
        speed = -math.log(SOFTEST) / fall * (1 + timbre.damping * (ratio - 1))
        audible = max(0, int((math.log(max(amplitude, SOFTEST) / SOFTEST) + 1) / speed * rate) - first)
        t = numpy.arange(first, first + min(audible, len(wave)), dtype="f") / numpy.float32(rate)
        x = turns[: len(t)] * ratio
        x -= numpy.floor(x)
        wave[: len(t)] += (
            numpy.float32(amplitude)
            * numpy.exp(t * numpy.float32(-speed))
            * numpy.sin((x * (2 * numpy.pi)).astype("f"))
        )


def _shape(wave, t, timbre, hold):
    """Apply the envelope in place: attack, decay to the sustained level, release once the key is let go."""
    attack = max(_SHORTEST_ATTACK, min(timbre.attack, hold / 2))
    rising = numpy.searchsorted(t, attack)
    wave[:rising] *= 0.5 - 0.5 * numpy.cos(numpy.pi / attack * t[:rising])
    if not timbre.fall and timbre.sustain < 1:
        wave *= timbre.sustain + (1 - timbre.sustain) * numpy.exp(-4 * t.astype("f"))
    released = numpy.searchsorted(t, hold)
    wave[released:] *= numpy.maximum(0, 1 - (t[released:] - hold) / timbre.release) ** 3
    return wave


def drum_length(key, rate):
    """The number of samples of a stroke on a drum."""
    sound = timbres.drum_of_key(key)
    return int(max(sound.ring if sound.tones else 0, sound.hiss if sound.noise else 0) * rate)


def render_drum(key, rate):
    """The samples of a stroke on a drum, float32 (n,)."""
    sound = timbres.drum_of_key(key)
    t = numpy.arange(drum_length(key, rate)) / rate
    wave = numpy.zeros(len(t))
    for frequency, amplitude in sound.tones:
        # from drop times the frequency down to it within some hundredths of a second; the integral of that
        turns = frequency * (t + (sound.drop - 1) * 0.02 * (1 - numpy.exp(-t / 0.02)))
        wave += 0.4 * amplitude * SOFTEST ** (t / sound.ring) * numpy.sin(2 * numpy.pi * turns)
    if sound.noise:
        spectrum = numpy.fft.rfft(numpy.random.default_rng(key).standard_normal(len(t)))
        f = numpy.fft.rfftfreq(len(t), 1 / rate)
        spectrum *= 1 / numpy.sqrt(1 + (sound.low / numpy.maximum(f, 1)) ** 8) / numpy.sqrt(1 + (f / sound.high) ** 4)
        wave += sound.noise * SOFTEST ** (t / sound.hiss) * numpy.fft.irfft(spectrum, len(t))
    wave -= wave.mean() * numpy.hanning(len(t)) * 2  # no offset, and none at the ends
    edge = int(_SHORTEST_ATTACK / 6 * rate)
    wave[:edge] *= numpy.linspace(0, 1, edge)
    wave[-edge:] *= numpy.linspace(1, 0, edge)
    return wave.astype("f")
