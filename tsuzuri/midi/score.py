"""Notes with lengths: events paired into a score, and a score turned back into events.

An event is (tick, message): its time from the beginning, and its bytes from the status on, a meta event as status, type
and payload. A score is legal: no key of a channel sounds twice at once, every note ends, and no note has length 0.
"""

from collections import Counter, defaultdict, deque
from typing import NamedTuple

OFF, ON, META, END = 0x80, 0x90, 0xFF, b"\xff\x2f"
TEMPO, METER, KEY = 0x51, 0x58, 0x59  # meta types
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

    A note-off ends the oldest open note of its key, so that a tied note ends where it was meant to. Where a key has
    fewer note-offs than onsets, each ends all its open notes, as a lost one would shift all later ones. A key struck
    while it sounds is ended and struck again; a note without an end lasts until the piece is over.
    """
    events = list(events)
    lacking = _keys_lacking_ends(events)
    notes, others, end = [], [], 0
    sounding = defaultdict(deque)
    mended = 0
    for tick, message in events:
        kind, channel = message[0] & 0xF0, message[0] & 0x0F
        end = max(end, tick)
        if kind == ON and message[2]:
            sounding[channel, message[1]].append((tick, message[2]))
        elif kind in (OFF, ON):
            key = channel, message[1]
            mended += not sounding[key]
            ended = len(sounding[key]) if key in lacking else min(1, len(sounding[key]))
            for start, velocity in [sounding[key].popleft() for _ in range(ended)]:
                notes.append(Note(start, tick, *key, velocity))
        elif not message.startswith(END):
            others.append((tick, message))
    for (channel, key), onsets in sounding.items():
        notes += [Note(start, end, channel, key, velocity) for start, velocity in onsets]
        mended += len(onsets)
    settled, changed = make_notes_legal(notes)
    return Score(settled, others, max([end, *(note.end for note in settled)]), division), mended + changed


def _keys_lacking_ends(events):
    """The (channel, key) pairs that have more onsets than note-offs."""
    balance = Counter()
    for _, message in events:
        if message[0] & 0xF0 in (OFF, ON):
            strikes = message[0] & 0xF0 == ON and message[2] > 0
            balance[message[0] & 0x0F, message[1]] += 1 if strikes else -1
    return {key for key, excess in balance.items() if excess > 0}


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
