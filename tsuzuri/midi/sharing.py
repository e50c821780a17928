"""Parts that have no channel of their own: each phrase of theirs is played on a channel that has fallen silent.

Before a phrase the channel gets the program and the controls of the phrase's part, and after it, when its own part goes
on, those of that part again. Where notes alone are kept a channel has one program: its own part's, or if that has no
notes the first one there.
"""

import bisect
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from tsuzuri.midi import names
from tsuzuri.midi.pedal import RESET, hold_notes
from tsuzuri.midi.score import CONTROL, DRUMS, OFF, ON, PROGRAM, is_silence, score_of_events

PRESSURE, BEND = 0xD0, 0xE0
_BANK = (CONTROL, 0), (CONTROL, 32)
_DATA, _DATA_FINE, _NRPN, _RPN_FINE, _RPN_COARSE = 6, 38, (98, 99), 100, 101  # controls
_RANGE = ("bend range",)  # in semitones and cents, as registered parameter 0 has it
_DEFAULTS = {(BEND,): b"\0\x40", _RANGE: b"\2\0", (CONTROL, 7): b"\x64", (CONTROL, 10): b"\x40"} | {
    (CONTROL, 11): b"\x7f",
    (CONTROL, 91): b"\x28",
}
MOST = 3  # programs that a remark names
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


def share_channels(
    events: list, guests: Sequence[Guest], division: int, with_programs: bool = True
) -> tuple[list, list[str]]:
    """The (tick, message) events of a piece with those of its guests, and remarks on what had no place.

    Unless its notes are kept ``with_programs``, the remarks say which of these are lost.

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
        if not any(_rank(message) == 3 for _, message in own):
            own = []  # settings of what never sounds
        shared += _in_turns(channel, own, taken, guests)
    shared.sort(key=lambda event: event[0])
    others = {} if with_programs else _as_others(shared, placed, guests)
    return shared, [_remark(guest, lost[k], last.get(k), others.get(k, "")) for k, guest in enumerate(guests)]


def _remark(guest, lost, channel, as_others):
    notes = sum(message[0] & 0xF0 == ON and message[2] > 0 for _, message in guest.events)
    if channel is None or lost:
        return f"{guest.name}: {lost} of {notes} notes left out: 15 instruments have all channels{as_others}"
    return f"{guest.name}: played on channels that have fallen silent: 15 instruments have all channels{as_others}"


def _as_others(shared, placed, guests):
    """By guest, what a remark says of notes that are heard by the first program of their channel, not by their own."""
    wrong = defaultdict(lambda: defaultdict(int))
    for channel, phrases in placed.items():
        kept = _program_at([event for event in shared if event[1][0] & 0x0F == channel], None)
        for phrase in phrases:
            own = _program_at(guests[phrase.guest].events, phrase.start)
            if own != kept:
                wrong[phrase.guest][own, kept] += len(phrase.notes)
    return {guest: f", {_heard_as(counts)} (--events channel keeps programs)" for guest, counts in wrong.items()}


def _heard_as(counts):
    heard = [
        f"{n} note{'s' * (n != 1)} of {names.PROGRAMS[own]} as {names.PROGRAMS[kept]}"
        for (own, kept), n in counts.items()
    ]
    return f"{', '.join(heard[:MOST])}{f' and {len(heard) - MOST} more' * (len(heard) > MOST)}"


def _program_at(events, tick):
    """The program of some events of a channel at a tick, or the first one where that is None; a piano without any."""
    programs = [m[1] for time, m in events if m[0] & 0xF0 == PROGRAM and (tick is None or time <= tick)]
    return next(iter(programs if tick is None else programs[::-1]), 0)


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
    out, state, moments = [], ChannelState(), []
    kept = [ChannelState() for _ in guests]
    for phrase in phrases:
        moments += [(note.start, 3, bytes([ON, note.key, note.velocity]), phrase.guest) for note in phrase.notes]
        moments += [(note.end, 0, bytes([OFF, note.key, 0]), phrase.guest) for note in phrase.notes]
    for k in {phrase.guest for phrase in phrases}:
        moments += [(tick, 2, m, k) for tick, m in guests[k].events if m[0] & 0xF0 not in (OFF, ON)]
    moments += [(tick, _rank(m), m, None) for tick, m in own]
    owner, host = None, ChannelState()
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


class ChannelState:
    """The settings of a channel: its program, controls, bend and its range, and pressure, those last changed last."""

    def __init__(self):
        self.values, self._parameter = {}, [127, 127]

    def take(self, message):
        """Take a channel message that is no note into account."""
        kind = message[0] & 0xF0
        if is_silence(message) or kind not in (CONTROL, PROGRAM, BEND, PRESSURE):
            return
        if kind != CONTROL:
            self._set((kind,), message[1:])
        elif message[1] == RESET:
            for key in _UNTIL_RESET:
                self.values.pop(key, None)
        elif message[1] in (_RPN_FINE, _RPN_COARSE):
            self._parameter[message[1] - _RPN_FINE] = message[2]
        elif message[1] in _NRPN:
            self._parameter = [127, 127]
        elif message[1] not in (_DATA, _DATA_FINE):
            self._set((kind, message[1]), message[2:])
        elif self._parameter == [0, 0]:
            semitones, cents = self.values.get(_RANGE, _default(_RANGE))
            self._set(_RANGE, bytes([message[2], cents] if message[1] == _DATA else [semitones, message[2]]))

    def _set(self, key, value):
        self.values.pop(key, None)
        self.values[key] = value

    def changes_to(self, other):
        """The messages, of channel 1, that make this state the ``other``; it is that one then."""
        wanted = {key: _default(key) for key in self.values} | other.values
        changed = [key for key in wanted if self.values.get(key, _default(key)) != wanted[key]]
        if any(key in _BANK for key in changed) and (PROGRAM,) not in changed:
            changed.append((PROGRAM,))  # by which a bank is taken
        self.values = dict(other.values)
        order = sorted(changed, key=lambda key: 0 if key in _BANK else 1 if key == (PROGRAM,) else 2)
        return [message for key in order for message in _messages(key, wanted.get(key, _default(key)))]


def _default(key):
    """What a channel has before it is told otherwise."""
    return _DEFAULTS.get(key, b"\0")


def _messages(key, value):
    """The messages, of channel 1, that set a value."""
    if key != _RANGE:
        return [bytes(key) + value]
    pairs = (_RPN_COARSE, 0), (_RPN_FINE, 0), (_DATA, value[0]), (_DATA_FINE, value[1])
    return [bytes([CONTROL, *pair]) for pair in pairs]
