"""Music as steps from note to note, by interval and time: a melody is the same in every key, and however loud.

A step leads from a note to the next one on its channel. It is told by three numbers: the semitones between them, or of
drums both keys; the ticks from one onset to the other; and for how many of these ticks the first note sounds. A run of
n notes is n - 1 steps. A note that still sounds when the next begins is held that long, so that a step is known as soon
as its second note is there.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy

from tsuzuri.midi.score import DRUMS, OFF, ON
from tsuzuri.midi.words.lengths import length_of

BREAK = -1  # in place of a step: the last note of its channel in its piece
LONGEST = (1 << 24) - 1  # ticks: what is longer counts as so long
_WAIT, _PITCH = 24, 48  # the lowest bits of these in a code
_NONE, _OFF, _ON = range(3)  # what an event is to a note
_FAR = 1 << 60  # ticks


class Events(NamedTuple):
    """Events of pieces as int64 arrays of one length: ticks that never decrease, what they are, and whose piece.

    ``length`` has the ticks of a note that is one event, 0 for any other.
    """

    tick: numpy.ndarray
    kind: numpy.ndarray
    channel: numpy.ndarray
    key: numpy.ndarray
    length: numpy.ndarray
    piece: numpy.ndarray


class Steps(NamedTuple):
    """Notes by piece, channel and time: the place of each among the events, and the code of its step, or ``BREAK``."""

    places: numpy.ndarray
    codes: numpy.ndarray


def events_of_piece(events: Sequence[tuple[int, bytes]]) -> Events:
    """The ``Events`` of one piece, (tick, message) in order of time."""
    rows = [(tick, *_about(message), 0) for tick, message in events]
    return Events(*numpy.array(rows, numpy.int64).reshape(-1, 6).T)


def events_of_ids(ids: numpy.ndarray, parsed: Iterable[tuple[int, bytes] | None], eos: int) -> Events:
    """The ``Events`` of pieces in ``ids``, each of which ends in ``eos``; ``parsed`` has the (delta, message) of an id.

    An id of which that is None takes no time.
    """
    rows = [(event[0], *_about(event[1])) if event else (0, _NONE, 0, 0, 0) for event in parsed]
    delta, kind, channel, key, length = numpy.array(rows, numpy.int64).T
    ends = ids == eos
    of_note = kind[ids], channel[ids], key[ids], length[ids]
    return Events(numpy.cumsum(delta[ids]), *of_note, numpy.cumsum(ends) - ends)


def _about(message):
    """What a message is to a note, its channel, its key, and its length where it has one."""
    kind = message[0] & 0xF0
    if kind not in (OFF, ON):
        return _NONE, 0, 0, 0
    return (_ON if kind == ON and message[2] else _OFF), message[0] & 0x0F, message[1], length_of(message)


def note_steps(events: Events) -> Steps:
    """The ``Steps`` of all notes."""
    tick, kind, channel, key, length, piece = events
    voice = piece * 16 + channel
    ends = numpy.where(length, tick + length, _note_ends(tick, kind, voice * 128 + key))
    notes = numpy.flatnonzero(kind == _ON)
    notes = notes[numpy.argsort(voice[notes], kind="stable")]
    first, second = notes[:-1], notes[1:]
    wait = tick[second] - tick[first]
    held = numpy.minimum(ends[first] - tick[first], wait)
    codes = _codes(channel[first] == DRUMS, key[first], key[second], wait, held)
    codes[voice[first] != voice[second]] = BREAK
    return Steps(notes, numpy.append(codes, BREAK)[: len(notes)])


def _note_ends(tick, kind, place):
    """For each event the tick at which its key, the same ``place``, is released, if that is the next it meets."""
    ends, rows = numpy.full(len(tick), _FAR), numpy.flatnonzero(kind)
    rows = rows[numpy.argsort(place[rows], kind="stable")]
    before, after = rows[:-1], rows[1:]
    released = (place[before] == place[after]) & (kind[after] == _OFF)
    ends[before[released]] = tick[after[released]]
    return ends


def _codes(drum, key, next_key, wait, held):
    """The codes of steps, int64: of drums nothing is held."""
    pitch = numpy.where(drum, 256 + 128 * key + next_key, 128 + next_key - key)
    held = numpy.where(drum, 0, numpy.minimum(held, LONGEST))
    return pitch << _PITCH | numpy.minimum(wait, LONGEST) << _WAIT | held


class LastNote:
    """The last note of a channel of a growing piece: its ``channel``, ``key`` and ``tick``, and where it ``ended``."""

    def __init__(self, channel: int, key: int, tick: int) -> None:
        self.channel, self.key, self.tick = channel, key, tick
        self.ended: int | None = None

    def code_to(self, key: int, tick: int) -> int:
        """The code of the step from it to the next note."""
        wait = tick - self.tick
        return int(_codes(self.channel == DRUMS, self.key, key, wait, self._held(wait)))

    def next_onset(self, code: int) -> tuple[int, int] | None:
        """The (key, tick) of the note to which a step with this code leads; None where it cannot begin here."""
        pitch, wait, held = code >> _PITCH, code >> _WAIT & LONGEST, code & LONGEST
        if self.channel == DRUMS:
            fits = pitch >= 256 and (pitch - 256) // 128 == self.key
            return (int((pitch - 256) % 128), int(self.tick + wait)) if fits else None
        if pitch >= 256 or held != self._held(wait):
            return None
        return int(self.key + pitch - 128), int(self.tick + wait)

    def _held(self, wait):
        return wait if self.ended is None else min(self.ended - self.tick, wait)
