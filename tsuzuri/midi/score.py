"""Notes with lengths: events paired into a score, and a score turned back into events.

An event is (tick, message): its time from the beginning, and its bytes from the status on, a meta event as status, type
and payload. A score is legal: no key of a channel sounds twice at once, every note ends, and no note has length 0.
"""

from collections import Counter, defaultdict, deque
from typing import NamedTuple

OFF, ON, META, END = 0x80, 0x90, 0xFF, b"\xff\x2f"
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
    lost = _lost_ends(events)
    notes, others, end = [], [], 0
    sounding = defaultdict(deque)  # of each key (start, velocity, whether it may be over)
    stray, shifted = {}, set()  # when a note-off of a key last ended nothing; the keys of which one has been lost
    mended = 0
    for i, (tick, message) in enumerate(events):
        kind, key = message[0] & 0xF0, (message[0] & 0x0F, message[1])
        end = max(end, tick)
        if kind == ON and message[2]:
            if sounding[key] and sounding[key][-1][2]:
                notes.append(_ended(sounding[key].pop(), key))
            sounding[key].append((tick, message[2], stray.get(key) == tick))
            if i in lost:
                shifted.add(key)
        elif kind in (OFF, ON):
            if not sounding[key]:
                stray[key] = tick
                mended += 1
            for _ in range(len(sounding[key]) if key in shifted else min(1, len(sounding[key]))):
                notes.append(_ended(sounding[key].popleft(), key, tick))
        elif not message.startswith(END):
            others.append((tick, message))
        if is_silence(message):
            notes += _silenced(sounding, key[0], tick)
            shifted = {other for other in shifted if other[0] != key[0]}
    for key, onsets in sounding.items():
        notes += [_ended(onset, key, None if onset[2] else end) for onset in onsets]
        mended += len(onsets)
    settled, changed = make_notes_legal(notes)
    return Score(settled, others, max([end, *(note.end for note in settled)]), division), mended + changed


def _ended(onset, key, tick=None):
    """The ``Note`` of a (start, velocity, …) onset that ends at a tick, or has no length, its note-off before it."""
    return Note(onset[0], onset[0] if tick is None else tick, *key, onset[1])


def is_silence(message):
    """Whether a message ends all notes of its channel, by MIDI 1.0's channel mode messages."""
    return message[0] & 0xF0 == CONTROL and message[1] in SILENCE


def _silenced(sounding, channel, tick):
    """The notes of a channel that a message ends; those struck at this very tick sound on, as they are meant to."""
    notes = []
    for key, onsets in sounding.items():
        while key[0] == channel and onsets and onsets[0][0] < tick:
            notes.append(_ended(onsets.popleft(), key, tick))
    return notes


def _lost_ends(events):
    """The indices of the onsets since which the note-offs of a key are too few: one of them has been lost.

    After such an onset a note of its key always sounds, to the end of the piece or to a message that ends all notes. A
    note-off that ends nothing does not count.
    """
    count, first, lost = Counter(), {}, set()
    for i, (_, message) in enumerate(events):
        kind, key = message[0] & 0xF0, (message[0] & 0x0F, message[1])
        if kind == ON and message[2]:
            if not count[key]:
                first[key] = i
            count[key] += 1
        elif kind in (OFF, ON):
            count[key] = max(0, count[key] - 1)
        elif is_silence(message):
            over = [other for other in count if other[0] == key[0]]
            lost.update(first[other] for other in over if count.pop(other))
    return lost | {first[key] for key in count if count[key]}


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
