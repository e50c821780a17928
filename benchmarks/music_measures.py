"""What pieces of music are measured by: each a function of one piece, and how the values of many become one figure.

A ``Tune`` is a piece in steps of a twenty-fourth of a quarter note, which hold 32nds and triplets of sixteenths alike.
Four kinds of ``Measure`` are enough: a mean or a median of a number of each piece, a share (of the notes or bars of
all pieces those of which something holds), and a histogram, of which the distance to that of the real pieces counts.
"""

import collections
import itertools
import math
import statistics
import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy

from tsuzuri.midi import steps, timing
from tsuzuri.midi.keys import Key, estimate_key, pitch_time
from tsuzuri.midi.score import DRUMS, Note
from tsuzuri.sampling.suffixes import UNKNOWN, Suffixes

GRID = 24  # steps a quarter note
INTERVAL = 12  # semitones; larger ones are counted with the largest
DEGREES = ("1", "b2", "2", "b3", "3", "4", "#4", "5", "b6", "6", "b7", "7")


class Tune(NamedTuple):
    """A piece: ``notes`` with times in steps, ``bar`` steps a bar, the notes of each bar by their starts, its ``key``.

    ``copied``: how many notes the longest stretch has that stands in the corpus, in any key; None where not known.
    """

    notes: list[Note]
    bar: int
    bars: list[list[Note]]
    key: Key
    copied: int | None = None

    def pitched(self):
        """The notes that are not drums."""
        return [note for note in self.notes if note.channel != DRUMS]

    def voices(self):
        """The notes of each channel but the drums' by channel, in order of time."""
        voices = {}
        for note in self.pitched():
            voices.setdefault(note.channel, []).append(note)
        return dict(sorted(voices.items()))


class Measure(NamedTuple):
    """A row of the table: ``of`` gives of a ``Tune`` what its ``kind`` asks for.

    ``mean`` and ``median``: a number, or None where there is none; ``share``: (how many, of how many); ``histogram``: a
    ``Counter``.
    """

    name: str
    of: Callable[[Tune], Any]
    kind: str


def tune_of(piece):
    """The ``Tune`` of a ``PieceWords``, whose bars are all of its main meter."""
    score = piece.score()
    score = score.retimed(lambda tick: int(tick * GRID / score.division + 0.5))
    return make_tune(score.notes, timing.bar_length(*piece.meter, GRID))


def make_tune(notes, bar):
    """The ``Tune`` of notes in order of time."""
    bars = [[] for _ in range(math.ceil(max((note.end for note in notes), default=0) / bar))]
    for note in notes:
        bars[note.start // bar].append(note)
    return Tune(notes, bar, bars, estimate_key(pitch_time(notes)))


def with_copies(tunes, pieces, corpus):
    """The tunes of ``pieces`` that say how long a stretch of them is copied from ``corpus``, pieces too."""
    known, found = _steps(corpus), [_steps([piece]) for piece in pieces]
    alphabet, numbers = numpy.unique(known, return_inverse=True)
    ids = {code: n for n, code in enumerate(alphabet.tolist()) if code != steps.BREAK}
    suffixes = Suffixes(numbers)

    def longest(codes):
        own = numpy.array([ids.get(code, UNKNOWN) for code in codes.tolist()], numpy.int64)
        return int(suffixes.longest_matches(own).max(initial=0)) + 1  # n steps are n + 1 notes

    return [tune._replace(copied=longest(codes)) for tune, codes in zip(tunes, found, strict=True)]


def _steps(pieces):
    """The codes of all steps from note to note; see ``tsuzuri.midi.steps``."""
    codes = [steps.note_steps(steps.events_of_piece(piece.score().events())).codes for piece in pieces]
    return numpy.concatenate(codes) if codes else numpy.zeros(0, numpy.int64)


# ---- of a tune


def degrees(tune):
    """Notes on each degree over the tonic."""
    return collections.Counter(DEGREES[(note.key - tune.key.tonic) % 12] for note in tune.pitched())


def pitch_classes(tune):
    """Notes of each pitch class."""
    return collections.Counter(note.key % 12 for note in tune.pitched())


def intervals(tune):
    """Semitones from each note to the next of its voice."""
    return collections.Counter(
        max(-INTERVAL, min(INTERVAL, after.key - before.key))
        for voice in tune.voices().values()
        for before, after in itertools.pairwise(voice)
    )


def lengths(tune):
    """Quarter notes that each note lasts."""
    return collections.Counter(round((note.end - note.start) / GRID, 3) for note in tune.pitched())


def onsets(tune):
    """Quarter notes from the beginning of its bar to each note."""
    return collections.Counter(round(note.start % tune.bar / GRID, 3) for note in tune.notes)


def entropy(counts):
    """Bits of a histogram's shares."""
    whole = sum(counts.values())
    return -math.fsum(count / whole * math.log2(count / whole) for count in counts.values() if count)


def pitch_class_entropy(bars):
    """Of a tune: the mean entropy of pitch classes within so many bars (Wu and Yang 2020, *The Jazz Transformer*)."""

    def of(tune):
        counts = collections.defaultdict(collections.Counter)
        for note in tune.pitched():
            counts[note.start // tune.bar // bars][note.key % 12] += 1
        return statistics.fmean(map(entropy, counts.values())) if counts else None

    return of


def compression(tune):
    """Bytes of the notes (key, steps since the note before, length) over those that zlib makes of them."""
    raw = bytearray()
    for before, note in zip([Note(0, 0, 0, 0, 0), *tune.notes], tune.notes, strict=False):
        raw += bytes([note.key, min(255, note.start - before.start), min(255, note.end - note.start)])
    return len(raw) / len(zlib.compress(raw, 9)) if raw else None


def ends_on_tonic(tune):
    """Whether the lowest note of those that begin last is the tonic."""
    last = max(tune.pitched(), key=lambda note: (note.start, -note.key), default=None)
    return (last.key % 12 == tune.key.tonic, 1) if last else (0, 0)


BASIC = (
    Measure("notes, median", lambda tune: len(tune.notes), "median"),
    Measure("bars, median", lambda tune: len(tune.bars), "median"),
    Measure("pitch classes", pitch_classes, "histogram"),
    Measure("degrees over the tonic", degrees, "histogram"),
    Measure("intervals", intervals, "histogram"),
    Measure("lengths", lengths, "histogram"),
    Measure("onsets in the bar", onsets, "histogram"),
    Measure("entropy of pitch classes in a bar", pitch_class_entropy(1), "mean"),
    Measure("entropy of pitch classes in 4 bars", pitch_class_entropy(4), "mean"),
    Measure("compression by zlib, times", compression, "mean"),
    Measure("ends on the tonic", ends_on_tonic, "share"),
    Measure("in minor", lambda tune: (tune.key.minor, 1), "share"),
    Measure("longest stretch copied, notes, median", lambda tune: tune.copied, "median"),
)


# ---- of many


def figure(kind, values, reference=None):
    """What the ``values`` of pieces are together; of histograms the distance to the ``reference``, that of others."""
    if kind == "histogram":
        return distance(histogram(values), reference)
    if kind == "share":
        some, every = (sum(each) for each in zip(*values, strict=True))
        return some / every if every else math.nan
    known = [value for value in values if value is not None]
    return float(statistics.fmean(known) if kind == "mean" else statistics.median(known)) if known else math.nan


def histogram(values):
    """The shares of all labels of several ``Counter``."""
    counts = sum(values, collections.Counter())
    return {label: count / counts.total() for label, count in counts.items()}


def distance(made, real):
    """Half the sum of absolute differences of two histograms: 0 where they are the same, 1 with nothing in common."""
    return math.fsum(abs(made.get(label, 0) - real.get(label, 0)) for label in {*made, *real}) / 2
