"""Parts that have no channel of their own: each phrase of theirs is played on a channel that has fallen silent.

Before a phrase the channel gets the program and the controls of the phrase's part, and after it, when its own part goes
on, those of that part again.
"""

import bisect
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from tsuzuri.midi.pedal import RESET, hold_notes
from tsuzuri.midi.score import CONTROL, DRUMS, OFF, ON, is_silence, score_of_events

PRESSURE, PROGRAM, BEND = 0xD0, 0xC0, 0xE0
_BANK = (CONTROL, 0), (CONTROL, 32)
_PARAMETERS = [(CONTROL, number) for number in (98, 99, 100, 101, 6, 38)]  # whose order is their meaning
_BEND_RANGE = {(CONTROL, 101): 0, (CONTROL, 100): 0, (CONTROL, 6): 2, (CONTROL, 38): 0}  # the default: two semitones
_DEFAULTS = {(CONTROL, 7): 100, (CONTROL, 10): 64, (CONTROL, 11): 127, (CONTROL, 91): 40} | _BEND_RANGE
_UNTIL_RESET = [(BEND,), (PRESSURE,), *((CONTROL, number) for number in (1, 11, 64, 65, 66, 67))]


class Guest(NamedTuple):
    """A part without a channel: its name in remarks and its (tick, message) events in order of time."""

    name: str
    events: list


class _Phrase(NamedTuple):
    """Notes of a guest that sound without a break from ``start`` to ``end``."""

    start: int
    end: int
    guest: int
    notes: list


def share_channels(events: list, guests: Sequence[Guest], division: int) -> tuple[list, list[str]]:
    """The (tick, message) events of a piece with those of its guests, and remarks on what had no place.

    >>> share_channels([(0, b"\\x90\\x3c\\x40"), (9, b"\\x80\\x3c\\x00")], [], 480)[1]
    []
    """
    busy = _busy_times(events, division)
    phrases = sorted(phrase for k, guest in enumerate(guests) for phrase in _phrases(k, guest, division))
    placed, last, lost = defaultdict(list), {}, defaultdict(int)
    for phrase in phrases:
        wanted = [last.get(phrase.guest), *(channel for channel in range(16) if channel != DRUMS)]
        channel = next((c for c in wanted if c is not None and busy[c].take(phrase.start, phrase.end)), None)
        if channel is None:
            lost[phrase.guest] += len(phrase.notes)
        else:
            last[phrase.guest] = channel
            placed[channel].append(phrase)
    shared = [event for event in events if event[1][0] >= 0xF0 or event[1][0] & 0x0F not in placed]
    for channel, taken in placed.items():
        own = [event for event in events if event[1][0] < 0xF0 and event[1][0] & 0x0F == channel]
        shared += _in_turns(channel, own, taken, guests)
    shared.sort(key=lambda event: event[0])
    return shared, [_remark(guest, lost[k], last.get(k)) for k, guest in enumerate(guests)]


def _remark(guest, lost, channel):
    notes = sum(message[0] & 0xF0 == ON and message[2] > 0 for _, message in guest.events)
    if channel is None or lost:
        return f"{guest.name}: {lost} of {notes} notes left out: 15 instruments have all channels"
    return f"{guest.name}: played on channels that have fallen silent: 15 instruments have all channels"


class _Busy:
    """The times in which a channel sounds, as starts and ends that do not overlap."""

    def __init__(self):
        self.starts, self.ends = [], []

    def take(self, start, end):
        """Add a time where the channel is silent in it, and return whether it is."""
        i = bisect.bisect_right(self.ends, start)
        if i < len(self.starts) and self.starts[i] < end:
            return False
        self.starts.insert(i, start)
        self.ends.insert(i, end)
        return True


def _busy_times(events, division):
    """The ``_Busy`` of each channel that has the notes of ``events``, as long as pedals hold them."""
    busy = [_Busy() for _ in range(16)]
    for note in _sounding(events, division):
        times = busy[note.channel]
        if times.ends and times.ends[-1] >= note.start:
            times.ends[-1] = max(times.ends[-1], note.end)
        else:
            times.starts.append(note.start)
            times.ends.append(note.end)
    return busy


def _sounding(events, division):
    return hold_notes(score_of_events(events, division)[0])[0].notes


def _phrases(k, guest, division):
    """Yield the ``_Phrase`` of the guest of number ``k``, in order of time."""
    notes, end = [], 0
    for note in _sounding(guest.events, division):
        if notes and note.start > end:
            yield _Phrase(notes[0].start, end, k, notes)
            notes = []
        notes.append(note)
        end = max(end, note.end) if len(notes) > 1 else note.end
    if notes:
        yield _Phrase(notes[0].start, end, k, notes)


def _in_turns(channel, own, phrases, guests):
    """The events of a channel that its own part and phrases of guests use in turns."""
    out, state, moments = [], State(), []
    kept = [State() for _ in guests]
    for phrase in phrases:
        moments += [(note.start, 3, bytes([ON, note.key, note.velocity]), phrase.guest) for note in phrase.notes]
        moments += [(note.end, 0, bytes([OFF, note.key, 0]), phrase.guest) for note in phrase.notes]
    for k in {phrase.guest for phrase in phrases}:
        moments += [(tick, 2, m, k) for tick, m in guests[k].events if m[0] & 0xF0 not in (OFF, ON)]
    moments += [(tick, _rank(m), m, None) for tick, m in own]
    owner, host = None, State()
    for tick, _, message, who in sorted(moments, key=lambda moment: moment[:2]):
        mine = host if who is None else kept[who]
        if message[0] & 0xF0 == ON and message[2] and who != owner:
            out += [(tick, each) for each in state.changes_to(mine)]
            owner = who
        if message[0] & 0xF0 in (OFF, ON):
            out.append((tick, message))
            continue
        mine.take(message)
        if who == owner and not (who is not None and message[1] in (64, RESET)):  # its notes are as long as it is held
            state.take(message)
            out.append((tick, message))
    return [(tick, bytes([message[0] & 0xF0 | channel]) + message[1:]) for tick, message in out]


def _rank(message):
    """The place of a message among those of its tick, as in ``Score.events``."""
    kind = message[0] & 0xF0
    return 3 if kind == ON and message[2] else 0 if kind in (OFF, ON) else 2


class State:
    """The settings of a channel: its program, controls, bend and pressure, those last changed last."""

    def __init__(self):
        self.values = {}

    def take(self, message):
        """Take a channel message that is no note into account."""
        kind = message[0] & 0xF0
        if is_silence(message) or kind not in (CONTROL, PROGRAM, BEND, PRESSURE):
            return
        if kind == CONTROL and message[1] == RESET:
            for key in _UNTIL_RESET:
                self.values.pop(key, None)
            return
        key = (kind, message[1]) if kind == CONTROL else (kind,)
        self.values.pop(key, None)
        self.values[key] = message[2:] if kind == CONTROL else message[1:]

    def changes_to(self, other):
        """The messages, of channel 1, that make this state the ``other``; it is that one then."""
        wanted = {key: _default(key) for key in self.values if key not in other.values} | other.values
        changed = [key for key in wanted if self.values.get(key, _default(key)) != wanted[key]]
        if any(key in _PARAMETERS for key in changed):
            wanted = {key: bytes([value]) for key, value in _BEND_RANGE.items() if key not in other.values} | wanted
            changed = [key for key in changed if key not in _PARAMETERS] + [key for key in wanted if key in _PARAMETERS]
        if any(key in _BANK for key in changed) and (PROGRAM,) not in changed:
            changed.append((PROGRAM,))
        self.values = dict(other.values)
        order = sorted(changed, key=lambda key: 0 if key in _BANK else 1 if key == (PROGRAM,) else 2)
        return [_message(key, wanted.get(key, _default(key))) for key in order]


def _default(key):
    """What a channel has before it is told otherwise."""
    return b"\x00\x40" if key == (BEND,) else bytes([_DEFAULTS.get(key, 0)])


def _message(key, value):
    return bytes(key) + value
