"""Notes with lengths: events paired into a score, and a score turned back into events.

An event is (tick, message): its time from the beginning, and its bytes from the status on, a meta event as status, type
and payload. A score is legal: no key of a channel sounds twice at once, every note ends, and no note has length 0.
"""

from collections import deque
from typing import NamedTuple

OFF, ON, PROGRAM, META, END = 0x80, 0x90, 0xC0, 0xFF, b"\xff\x2f"
TEMPO, METER, KEY = 0x51, 0x58, 0x59  # meta types
CONTROL = 0xB0
SILENCE = (120, *range(123, 128))  # controls that end the notes of a channel: all sound off, all notes off, the modes
DRUMS = 9  # channel 10 where channels are counted from 1


class Note(NamedTuple):
    """Times in ticks; channel 0..15, key 0..127, velocity 1..127."""

    start: int
    end: int
    channel: int
    key: int
    velocity: int


class Score(NamedTuple):
    """A piece: ``notes`` by start, channel and key; ``others``, every other event but the end of track, in their order;
    ``end``, the tick where the piece is over; ``division``, ticks a quarter note, or SMPTE's as in a file's header.
    """

    notes: list
    others: list
    end: int
    division: int

    def events(self):
        """All events in canonical order: at each tick meta events, note-offs, controls, note-ons. No end of track."""
        ranked = [(tick, 0 if message[0] == META else 2, i, message) for i, (tick, message) in enumerate(self.others)]
        for i, note in enumerate(self.notes):
            ranked.append((note.end, 1, i, bytes([OFF | note.channel, note.key, 0])))
            ranked.append((note.start, 3, i, bytes([ON | note.channel, note.key, note.velocity])))
        ranked.sort()
        return [(tick, message) for tick, _, _, message in ranked]

    def meta_events(self, kind):
        """The (tick, payload) of every meta event of type ``kind``."""
        return [(tick, message[2:]) for tick, message in self.others if message[0] == META and message[1] == kind]

    def retimed(self, at):
        """The score with each tick t moved to ``at(t)``, which must not decrease; no note gets shorter than a tick."""
        notes = [note._replace(start=at(note.start), end=at(note.end)) for note in self.notes]
        others = [(at(tick), message) for tick, message in self.others]
        settled, _ = make_notes_legal(notes)
        return self._replace(notes=settled, others=others, end=max([at(self.end), *(note.end for note in settled)]))


def score_of_events(events, division):
    """The ``Score`` of events in order of time, and the number of notes that had to be mended to make it legal.

    A note-off ends the oldest open note of its key, so that a tied note ends where it was meant to; one that ends
    nothing changes nothing. Where a note-off has been lost, each later one ends all open notes of its key, as it would
    shift them all. The messages ``SILENCE`` end the notes of their channel. A key struck while it sounds is ended and
    struck again; a note without an end lasts until the piece is over.
    """
    events = list(events)
    lost, pairs, others, end = _lost_ends(events), _Pairs(), [], 0
    for i, (tick, message) in enumerate(events):
        kind, channel = message[0] & 0xF0, message[0] & 0x0F
        end = max(end, tick)
        if kind == ON and message[2]:
            pairs.strike(channel, message[1], tick, message[2], i in lost)
        elif kind in (OFF, ON):
            pairs.release(channel, message[1], tick)
        elif not message.startswith(END):
            others.append((tick, message))
            if is_silence(message):
                pairs.silence(channel, tick)
    pairs.finish(end)
    settled, changed = make_notes_legal(pairs.notes)
    return Score(settled, others, max([end, *(note.end for note in settled)]), division), pairs.mended + changed


class _Pairs:
    """Onsets and note-offs, which become ``notes``; ``mended`` are the faults met.

    Of each channel there are the keys that sound, with the onsets of each as (tick, velocity, whether a note-off of
    this tick ended nothing); and the keys that have lost a note-off.
    """

    def __init__(self):
        self.notes, self.mended = [], 0
        self._sounding, self._shifted = [{} for _ in range(16)], [set() for _ in range(16)]
        self._stray = {}  # when a note-off of a (channel, key) last ended nothing

    def strike(self, channel, key, tick, velocity, has_lost):
        """Take an onset; ``has_lost``: since it note-offs of its key are too few."""
        onsets = self._sounding[channel].setdefault(key, deque())
        if onsets and onsets[-1][2]:  # its note-off stood before it: it has no length
            start, loudness, _ = onsets.pop()
            self.notes.append(Note(start, start, channel, key, loudness))
        onsets.append((tick, velocity, self._stray.get((channel, key)) == tick))
        if has_lost:
            self._shifted[channel].add(key)

    def release(self, channel, key, tick):
        """Take a note-off."""
        onsets = self._sounding[channel].get(key)
        if not onsets:
            self._stray[channel, key] = tick
            self.mended += 1
            return
        for _ in range(len(onsets) if key in self._shifted[channel] else 1):
            start, velocity, _ = onsets.popleft()
            self.notes.append(Note(start, tick, channel, key, velocity))

    def silence(self, channel, tick):
        """End the notes of a channel, but for those struck at this very tick, which are meant to sound."""
        self._shifted[channel].clear()
        sounding, self._sounding[channel] = self._sounding[channel], {}
        for key, onsets in sounding.items():
            while onsets and onsets[0][0] < tick:
                start, velocity, _ = onsets.popleft()
                self.notes.append(Note(start, tick, channel, key, velocity))
            if onsets:
                self._sounding[channel][key] = onsets

    def finish(self, end):
        """End what still sounds where the piece ends at ``end``."""
        for channel, sounding in enumerate(self._sounding):
            for key, onsets in sounding.items():
                self.mended += len(onsets)
                for start, velocity, has_ended in onsets:
                    self.notes.append(Note(start, start if has_ended else end, channel, key, velocity))


def is_silence(message):
    """Whether a message ends all notes of its channel, by MIDI 1.0's channel mode messages."""
    return message[1] in SILENCE and message[0] & 0xF0 == CONTROL


def _lost_ends(events):
    """The indices of the onsets since which the note-offs of a key are too few: one of them has been lost.

    After such an onset a note of its key always sounds, to the end of the piece or to a message that ends all notes. A
    note-off that ends nothing does not count.
    """
    counts, lost = [{} for _ in range(16)], set()  # of each channel, by key: open notes, and the index of the first
    for i, (_, message) in enumerate(events):
        kind, channel = message[0] & 0xF0, message[0] & 0x0F
        if kind == ON and message[2]:
            count, first = counts[channel].get(message[1], (0, i))
            counts[channel][message[1]] = count + 1, first if count else i
        elif kind in (OFF, ON):
            count, first = counts[channel].get(message[1], (0, i))
            counts[channel][message[1]] = max(0, count - 1), first
        elif is_silence(message):
            lost.update(first for count, first in counts[channel].values() if count)
            counts[channel].clear()
    return lost.union(first for channel in counts for count, first in channel.values() if count)


def make_notes_legal(notes):
    """Legal notes in order, and the number of notes changed: each lasts a tick at least, and keys sound once at a time.

    Two notes of a key that start together become one, as long as the longer and as loud as the louder.
    """
    last, settled, changed = {}, [], 0
    for note in sorted(notes):
        if note.end <= note.start:
            note = note._replace(end=note.start + 1)
            changed += 1
        key = note.channel, note.key
        i = last.get(key)
        if i is not None and settled[i].start == note.start:
            settled[i] = note._replace(velocity=max(settled[i].velocity, note.velocity))  # sorted: the later is longer
            changed += 1
            continue
        if i is not None and settled[i].end > note.start:
            settled[i] = settled[i]._replace(end=note.start)
            changed += 1
        last[key] = len(settled)
        settled.append(note)
    settled.sort(key=lambda note: (note.start, note.channel, note.key))
    return settled, changed
