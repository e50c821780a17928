"""Measures of pieces for several instruments: how many notes sound at once, how they agree, who enters when.

A voice is a channel; the bass is the one whose notes are lowest on average.
"""

import collections
import itertools
import math
import statistics

from benchmarks.music_measures import GRID, Measure
from tsuzuri.midi.score import DRUMS

CONSONANT = {0, 3, 4, 5, 7, 8, 9}  # semitones, octaves aside; the fourth is one between upper voices, where most are


def chords(tune):
    """Yield (steps, keys) of each stretch of time in which the same notes sound, drums aside; silence has none."""
    changes = collections.defaultdict(list)
    for note in tune.pitched():
        changes[note.start].append((note.key, 1))
        changes[note.end].append((note.key, -1))
    sounding = collections.Counter()
    for now, until in itertools.pairwise(sorted(changes)):
        for key, count in changes[now]:
            sounding[key] += count
        yield until - now, sorted(sounding.elements())


def at_once(tune):
    """The mean number of notes that sound, where any do (*polyphony* in MusPy, Dong et al. 2020)."""
    heard = [(time, len(keys)) for time, keys in chords(tune) if keys]
    return sum(time * count for time, count in heard) / sum(time for time, _ in heard) if heard else None


def several(tune):
    """The time in which two notes or more sound, of all (*polyphony rate* in MusPy)."""
    return sum(time for time, keys in chords(tune) if len(keys) > 1), max((note.end for note in tune.notes), default=0)


def consonance(tune):
    """The time that pairs of notes sound together in consonances, of that of all pairs."""
    times = collections.Counter()
    for time, keys in chords(tune):
        for low, high in itertools.combinations(keys, 2):
            times[(high - low) % 12 in CONSONANT] += time
    return times[True], times.total()


def empty_beats(tune):
    """The quarter notes in which a voice does not sound, of those of all voices (*empty beat rate* in MusPy)."""
    beats = math.ceil(max((note.end for note in tune.notes), default=0) / GRID)
    voices = tune.voices().values()
    filled = [{n for note in voice for n in range(note.start // GRID, math.ceil(note.end / GRID))} for voice in voices]
    return beats * len(filled) - sum(map(len, filled)), beats * len(filled)


def together(tune):
    """The times at which two voices or more begin notes, of all at which any does, in pieces of several voices."""
    if len(tune.voices()) < 2:
        return 0, 0
    begins = collections.defaultdict(set)
    for note in tune.pitched():
        begins[note.start].add(note.channel)
    return sum(len(voices) > 1 for voices in begins.values()), len(begins)


def bass_on_first(tune):
    """The bars on whose first beat the bass strikes, of those in which it strikes at all."""
    voices = tune.voices().values()
    if len(voices) < 2:
        return 0, 0
    bass = min(voices, key=lambda voice: statistics.fmean(note.key for note in voice))
    bars = {note.start // tune.bar for note in bass}
    return len({note.start // tune.bar for note in bass if note.start % tune.bar == 0}), len(bars)


def steady_drums(tune):
    """How alike the drums of neighboring bars are on average: the share of strokes that one has of the other (Dice)."""
    marks = [{(note.start % tune.bar, note.key) for note in bar if note.channel == DRUMS} for bar in tune.bars]
    pairs = [(before, bar) for before, bar in itertools.pairwise(marks) if before and bar]
    return statistics.fmean(2 * len(a & b) / (len(a) + len(b)) for a, b in pairs) if pairs else None


VOICES = (
    Measure("voices, mean", lambda tune: len(tune.voices()), "mean"),
    Measure("notes at once", at_once, "mean"),
    Measure("time with two notes or more", several, "share"),
    Measure("pairs of notes that are consonant", consonance, "share"),
    Measure("empty beats by voice", empty_beats, "share"),
    Measure("onsets of two voices or more", together, "share"),
    Measure("bars with the bass on their first beat", bass_on_first, "share"),
    Measure("drums as in the bar before", steady_drums, "mean"),
)
