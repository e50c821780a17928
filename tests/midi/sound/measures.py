"""Pieces to be played, and what is measured in their sound: pitch, loudness, a stretch of time."""

import numpy

from tsuzuri.midi.score import Note, Score

RATE = 44100
QUARTER = 480  # half a second where no tempo is given


def piece(notes, *others, end=None):
    """A score of (start, end, channel, key, velocity) in ticks, its end that of the last note."""
    notes = sorted(Note(*note) for note in notes)
    last = max((note.end for note in notes), default=0)
    return Score(notes, list(others), last if end is None else end, QUARTER)


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
