"""A score as sound: a small synthesizer in NumPy, or the instruments of a SoundFont."""

import contextlib
import functools
import math
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

import numpy

from tsuzuri.errors import UserError, read_failure
from tsuzuri.midi import timing
from tsuzuri.midi.score import DRUMS, OFF, ON, Score
from tsuzuri.midi.sound import timbres, tones
from tsuzuri.midi.sound.performance import BEND, CONTROL, PROGRAM, held_notes, score_parts

RATE = 44100
RATES = 8000, 96_000  # the range of sampling rates
SOFTWARE = b"Tsuzuri"  # in a file, by which it is known as made here
LONGEST = 2 * 60 * 60  # seconds
TAIL = 2.0  # seconds after a SoundFont's last event
LOUDNESS = 0.12  # root mean square of a piece over full scale: -18 dB
KNEE, CEILING, OVER = 0.7, 0.97, 1.2  # the level where the limiter begins, its ceiling, the highest peak it gets
ROOM, WET = 1.1, 0.06  # seconds of reverberation, and its level
_TRANSFORM = 1 << 18  # samples of a Fourier transform
_STRENGTHS = 8  # levels of brightness that velocities are sorted into, so that tones repeat
_CACHED, _REPEATING = 128, 1 << 17  # number of tones kept, and the most samples of a tone that is likely to repeat
_SPREAD = 40  # keys from middle C to the edge of the keyboard's half of the stage
_WIDTH = 0.25  # of the stage, to each side


def render_score(score: Score, rate: int = RATE) -> numpy.ndarray:
    """The sound of a score, int16 (n, 2), at about the same loudness for any piece, to the end of the reverberation.

    Notes are mixed some seconds at a time, so that the memory beside the result does not grow with the length. Raises
    ``UserError`` for a piece of more than two hours and for a sampling rate out of ``RATES``.
    """
    return _in_memory(_score_sound(score, rate))


def render_soundfont(score: Score, path: str, rate: int = RATE) -> numpy.ndarray:
    """The sound of a score on the instruments of a SoundFont (.sf2, .sf3), int16 (n, 2), as loud as ``render_score``'s.

    The package tinysoundfont plays them: it has the MIT license and an engine of its own, and needs no program or
    library of the system, as FluidSynth would. It depends on PyAudio, which must often be compiled, but only for live
    playback: hence the ``--no-deps`` below. Raises ``UserError`` where the package is missing, for a file that is no
    SoundFont, and as ``render_score`` does.
    """
    return _in_memory(_soundfont_sound(score, path, rate))


def write_wav(stream: IO[bytes], score: Score, rate: int = RATE, soundfont: str | None = None) -> None:
    """Write a WAV file of what ``render_score``, or ``render_soundfont``, returns, into an empty file.

    The sound is made in the file itself, which can be read and sought in: the memory does not grow with its length.
    Raises ``UserError`` as these do.
    """
    sound = _score_sound(score, rate) if soundfont is None else _soundfont_sound(score, soundfont, rate)
    header = _wav_header(sound.length, 2, rate)
    stream.write(header)

    def place(at):
        stream.seek(len(header) + 4 * at)

    def put(at, samples):
        place(at)
        stream.write(samples.astype("<i2").tobytes())

    def get(at, count):
        place(at)
        return numpy.frombuffer(stream.read(4 * count), "<i2").reshape(count, 2)

    _master(sound, put, get)


def encode_wav(samples: numpy.ndarray, rate: int = RATE) -> bytes:
    """The bytes of a WAV file of int16 samples (n, channels)."""
    return _wav_header(*samples.shape, rate) + samples.astype("<i2").tobytes()


class _Sound(NamedTuple):
    """A sound to be made: ``blocks`` (2, ``step`` or less), float32, of ``length`` samples in all."""

    blocks: Iterator[numpy.ndarray]
    length: int
    step: int


def _score_sound(score, rate):
    _check_rate(rate)
    parts = score_parts(score, rate)
    room = _room(rate)
    length = max((part.last for part in parts), default=0) + room.shape[1]
    _check_length(length / rate)
    step = _TRANSFORM - room.shape[1]
    return _Sound(_blocks(parts, length, step, room, rate), length, step)


def _soundfont_sound(score, path, rate):
    _check_rate(rate)
    try:
        import tinysoundfont
    except ImportError:
        raise UserError("a SoundFont needs the package tinysoundfont: pip install --no-deps tinysoundfont") from None
    player = tinysoundfont.Synth(-20, rate)  # decibels: room for many notes at once
    try:
        player.sfload(Path(path).read_bytes())
    except OSError as error:
        raise UserError(f"{path}: {read_failure(error)}") from None
    except RuntimeError:  # what the package raises
        raise UserError(f"{path}: is not a SoundFont (.sf2 or .sf3)") from None
    events = _messages(score, rate)
    length = (events[-1][0] if events else 0) + int(TAIL * rate)
    _check_length(length / rate)
    return _Sound(_played(player, events, length), length, _TRANSFORM)


def _wav_header(length, channels, rate):
    """What a WAV file begins with, of int16 samples (``length``, ``channels``)."""
    size, frame = 2 * length * channels, 2 * channels
    form = struct.pack("<4sLHHLLHH", b"fmt ", 16, 1, channels, rate, rate * frame, frame, 16)
    made_by = struct.pack("<4sL4s4sL8s", b"LIST", 20, b"INFO", b"ISFT", 8, SOFTWARE)
    body = b"WAVE" + form + made_by + struct.pack("<4sL", b"data", size)
    return struct.pack("<4sL", b"RIFF", len(body) + size) + body


def _check_rate(rate):
    if not RATES[0] <= rate <= RATES[1]:
        raise UserError(f"sampling rate {rate}: must be in range {RATES[0]}..{RATES[1]}")


def _check_length(seconds):
    if seconds > LONGEST:
        minutes = math.ceil(seconds / 60)
        lasts = f"{minutes // 60}:{minutes % 60:02} hours"
        raise UserError(f"the piece lasts {lasts}: at most {LONGEST // 3600}:00 can be made into sound")


def _in_memory(sound):
    samples = numpy.empty((sound.length, 2), numpy.int16)

    def put(at, block):
        samples[at : at + len(block)] = block

    _master(sound, put, lambda at, count: samples[at : at + count])
    return samples


def _master(sound, put, get):
    """``put(at, samples)`` the int16 (n, 2) of a sound's blocks, with one gain, which depends on loudness and peak.

    Each block is kept in 16 bits at a scale of its own until that gain is known, so that the whole piece is never in
    memory as floats: ``get(at, count)`` returns what was put.
    """
    scales, power = [], 0.0
    for at, block in zip(range(0, sound.length, sound.step), sound.blocks, strict=True):
        scales.append(float(abs(block).max()))
        power += float(numpy.einsum("cn,cn->", block, block))
        put(at, numpy.rint(block * (32767 / (scales[-1] or 1))).T.astype(numpy.int16))
    gain = min(LOUDNESS / math.sqrt(power / (2 * sound.length) or 1), OVER / (max(scales) or 1))
    for at, scale in zip(range(0, sound.length, sound.step), scales, strict=True):
        block = get(at, min(sound.step, sound.length - at))
        limited = _limited(block * numpy.float32(gain * scale / 32767))
        put(at, numpy.rint(32767 * limited).astype(numpy.int16))


def _blocks(parts, length, step, room, rate):
    """Yield the mix in blocks, float32 (2, at most ``step``)."""
    tone = _tones(rate)
    transform = numpy.fft.rfft(room, _TRANSFORM)  # (2, f)
    tail = numpy.zeros((2, room.shape[1]), "f")  # of the reverberation, reaching into the next block
    waiting, playing = iter(parts), []
    part = next(waiting, None)
    for at in range(0, length, step):
        until = min(at + step, length)
        while part and part.first < until:
            playing.append(part)
            part = next(waiting, None)
        mix = numpy.zeros((2, until - at), "f")
        for playing_part in playing:
            _add(mix, playing_part, at, until, tone, rate)
        playing = [played for played in playing if played.last > until]
        wet = numpy.fft.irfft(numpy.fft.rfft(mix.sum(axis=0), _TRANSFORM) * transform).astype("f")
        wet[:, : tail.shape[1]] += tail
        mix += wet[:, : until - at]
        tail = wet[:, until - at : until - at + tail.shape[1]]
        yield mix


def _tones(rate):
    """A function that makes a stretch of a part's tone, and caches the latest ones, as notes repeat."""
    hiss = tones.make_noise(rate)

    @functools.lru_cache(_CACHED)
    def cached(timbre, key, bends, strength, hold, first, last):
        if timbre is None:
            return tones.render_drum(key, rate)
        return tones.render_tone(timbre, key, bends, strength, hold, first, last, rate, hiss)

    def tone(part, first, last):  # samples of the part, counted from its own first one
        if part.timbre is None:
            return cached(None, part.key, (), 0, 0, 0, 0)[first:last]
        bends = part.bends(rate)
        strength = (part.velocity * _STRENGTHS // 128 + 0.5) / _STRENGTHS
        repeats = len(bends) == 1 and part.last - part.first <= _REPEATING
        make = cached if repeats else cached.__wrapped__
        return make(part.timbre, part.key, bends, strength, part.hold, first, last)

    return tone


def _add(mix, part, at, until, tone, rate):
    """Add the stretch of a part from sample ``at`` to ``until`` to the mix."""
    first, last = max(at, part.first), min(until, part.last)
    channel = part.channel
    # General MIDI asks for 40 log10(value / 127) dB of volume and expression; velocity is a little less steep
    level = (part.velocity / 127) ** 1.7 * (
        channel.volume.samples(first, last, rate) * channel.expression.samples(first, last, rate) / 127**2
    ) ** 2
    pan = channel.pan.samples(first, last, rate) / 64 - 1  # -1 left to 1 right
    place = timbres.drum_of_key(part.key).pan if part.timbre is None else (part.key - 60) / _SPREAD * _WIDTH
    angle = (1 + numpy.clip(pan + place * (1 - abs(pan)), -1, 1)) * (math.pi / 4)
    samples = tone(part, first - part.first, last - part.first)
    mix[0, first - at : last - at] += samples * (level * numpy.cos(angle)).astype("f")
    mix[1, first - at : last - at] += samples * (level * numpy.sin(angle)).astype("f")


def _room(rate):
    """The impulse response of a room, float32 (2, n): noise that decays, its highs first, different on each side."""
    length = int(ROOM * rate)
    rng = numpy.random.default_rng(1)
    t = numpy.arange(length) / length
    bright, dull = rng.standard_normal((2, 2, length))
    spectrum = numpy.fft.rfft(dull)
    f = numpy.fft.rfftfreq(length, 1 / rate)
    dull = numpy.fft.irfft(spectrum / (1 + (f / 1500) ** 2) / (1 + (200 / numpy.maximum(f, 1)) ** 2), length)
    sound = bright * tones.SOFTEST ** (3 * t) * 0.3 + dull * tones.SOFTEST**t
    sound *= numpy.minimum(1, numpy.arange(length) / (0.01 * rate)) * (1 - t)
    sound -= sound.mean(axis=1, keepdims=True)  # so that it adds no offset
    return (WET * sound / numpy.sqrt(numpy.square(sound).sum(axis=1, keepdims=True))).astype("f")


def _limited(samples):
    """Samples limited to -CEILING..CEILING: unchanged up to KNEE, more and more compressed above."""
    if abs(samples).max(initial=0) <= KNEE:
        return samples
    over = numpy.maximum(abs(samples) - KNEE, 0)
    room = CEILING - KNEE
    return numpy.copysign(numpy.minimum(abs(samples), KNEE) + room * numpy.tanh(over / room), samples)


def _messages(score, rate):
    """The (sample, channel message) of a score in order; note-offs wait for the pedal, as tinysoundfont ignores it."""
    tempo_map = timing.tempo_map_of(score)
    ranked = [
        (round(tempo_map.seconds(tick) * rate), 1, message) for tick, message in score.others if message[0] < 0xF0
    ]
    for note, _, first, release in held_notes(score, rate):
        ranked.append((first, 2, bytes([ON | note.channel, note.key, note.velocity])))
        ranked.append((release, 0, bytes([OFF | note.channel, note.key, 0])))
    ranked.sort(key=lambda event: event[:2])
    return [(time, message) for time, _, message in ranked]


def _played(player, events, length):
    """Yield the sound of (sample, message) events by tinysoundfont, float32 (2, at most _TRANSFORM) at a time."""
    for channel in range(16):
        _send(player, bytes([PROGRAM | channel, 0]))
    waiting = iter(events)
    time, message = next(waiting, (math.inf, b""))
    for at in range(0, length, _TRANSFORM):
        size = min(_TRANSFORM, length - at)
        block = numpy.zeros((size, 2), "f")
        done = 0
        while done < size:
            while time <= at + done:
                _send(player, message)
                time, message = next(waiting, (math.inf, b""))
            until = min(size, time - at)
            player.generate_simple(until - done, memoryview(block[done:until]).cast("B"))
            done = until
        yield block.T


def _send(player, message):
    kind, channel, data = message[0] & 0xF0, message[0] & 0x0F, message[1:]
    if kind == ON:
        player.noteon(channel, *data)
    elif kind == OFF:
        player.noteoff(channel, data[0])
    elif kind == CONTROL:
        player.control_change(channel, *data)
    elif kind == BEND:
        player.pitchbend(channel, data[1] << 7 | data[0])
    elif kind == PROGRAM:
        with contextlib.suppress(RuntimeError):  # not in this SoundFont: the channel keeps its instrument
            player.program_change(channel, data[0], channel == DRUMS)
