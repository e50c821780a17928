"""Events to words and back: ``delta_status_data``, all in hex, the delta time as MIDI's variable-length bytes.

``00_90_4050`` strikes key 0x40 of channel 1 at once with velocity 0x50, ``8360_80_4000`` releases it 480 ticks later; a
meta event is ``delta_ff_<type><payload>``, so that ``00_ff_5107a120`` is a tempo of 120 quarter notes a minute.
"""

import re
import sys
from collections.abc import Iterable
from typing import NamedTuple

from tsuzuri.midi.file.specs import (
    DATA_BYTES,
    LARGEST_NUMBER,
    META,
    META_STATUS,
    OTHER_META,
    WITH_PAYLOAD,
    encode_variable_length,
)
from tsuzuri.midi.score import END, OFF, ON, score_of_events

_DELTA = r"((?:[89a-f][0-9a-f])*[0-7][0-9a-f])_"
_SHAPE = re.compile(_DELTA + r"([89a-f][0-9a-f])(?:_((?:[0-9a-f]{2})*))?")


class Fault(NamedTuple):
    """A faulty word: its index in the line, and the reason."""

    index: int
    reason: str


def encode_word(delta, message):
    """The word of an event ``delta`` ticks after the last; raises ``ValueError`` for a delta that MIDI cannot hold."""
    if not 0 <= delta <= LARGEST_NUMBER:
        raise ValueError(f"a rest of {delta} ticks is longer than MIDI's longest, {LARGEST_NUMBER}")
    word = f"{encode_variable_length(delta).hex()}_{message[:1].hex()}_{message[1:].hex()}"
    return sys.intern(word)  # a corpus has each word many times: one copy in memory is enough


def decode_word(text: str) -> tuple[int, bytes]:
    """The (delta, message) of a word; raises ``ValueError`` with the reason for a text that is no word."""
    shape = _SHAPE.fullmatch(text.lower())
    if not shape:
        raise ValueError("is not delta_status_data in hex, such as 00_90_4050")
    delta = _number(shape[1])
    if delta > LARGEST_NUMBER:
        raise ValueError(f"has a delta of more ticks than {LARGEST_NUMBER}")
    message = bytes.fromhex(shape[2] + (shape[3] or ""))
    reason = _message_fault(message)
    if reason:
        raise ValueError(reason)
    return delta, message


def _number(variable):
    """The number that variable-length bytes in hex stand for, or any above ``LARGEST_NUMBER`` where it is larger."""
    number = 0
    for byte in bytes.fromhex(variable):
        number = number << 7 | byte & 0x7F
        if number > LARGEST_NUMBER:  # here, since a number of many digits takes a time that goes with their square
            break
    return number


def _message_fault(message):
    """The reason why a message is not legal, or None."""
    status, data = message[0], message[1:]
    if status == META_STATUS:
        return _meta_fault(data)
    if status in WITH_PAYLOAD:
        return None
    length = DATA_BYTES[status >> 4]
    if not length:
        return f"has the status {status:02x}, which no file may hold"
    if len(data) != length:
        return f"has {len(data)} data bytes, status {status:02x} needs {length}"
    return None if max(data) <= 127 else f"has the data byte {max(data):02x}, must be in range 00..7f"


def _meta_fault(data):
    if not data or data[0] > 127:
        return "has no meta type 00..7f"
    meta, payload = META.get(data[0], OTHER_META), data[1:]
    if meta.lengths and len(payload) not in meta.lengths:
        return f"has {len(payload)} bytes of {meta.name}, {' or '.join(map(str, meta.lengths))} are needed"
    return None if meta.allows(payload) else f"has an impossible {meta.name}"


def encode_events(events):
    """The words of events in order of time."""
    words, last = [], 0
    for tick, message in events:
        words.append(encode_word(tick - last, message))
        last = tick
    return words


def decode_events(
    words: Iterable[str], division: int, unfinished: bool = False
) -> tuple[list[tuple[int, bytes]], list[Fault]]:
    """The (tick, message) events of a line of words, always legal, and the ``Fault`` of each word that was not.

    The events of faultless words are just theirs. Otherwise a text that is no word is left out, its delta, if any,
    added to the next word, and the notes are made legal by ``score.score_of_events``. The notes of an ``unfinished``
    line need not have ended.
    """
    events, faults, tick = [], [], 0
    for i, text in enumerate(words):
        try:
            delta, message = decode_word(text)
        except ValueError as error:
            faults.append(Fault(i, str(error)))
            match = re.match(_DELTA, text.lower())
            delta = _number(match[1]) if match else 0
            tick += delta if delta <= LARGEST_NUMBER else 0
            continue
        tick += delta
        events.append((tick, message, i))
    faults += _sequence_faults(events, unfinished)
    events = [(tick, message) for tick, message, _ in events]
    if not faults:
        return events, []
    score, _ = score_of_events(events, division)
    return score.events(), sorted(faults)


def _sequence_faults(events, unfinished):
    """Yield the faults in the sequence of words that are each legal by themselves."""
    sounding, ended = {}, False
    for tick, message, i in events:
        kind, note = message[0] & 0xF0, (message[0] & 0x0F, message[1:2])
        name = f"key {message[1]} of channel {(message[0] & 0x0F) + 1}" if kind in (OFF, ON) else ""
        if ended:
            yield Fault(i, "follows the end of the track")
            ended = False
        if kind == ON and message[2]:
            if note in sounding:
                yield Fault(i, f"strikes {name}, which sounds already")
            sounding[note] = tick, i
        elif kind in (OFF, ON):
            if note not in sounding:
                yield Fault(i, f"releases {name}, which does not sound")
            elif sounding.pop(note)[0] == tick:
                yield Fault(i, f"ends {name} where it begins")
        ended = ended or message == END
    for (channel, key), (_, i) in () if unfinished else sounding.items():
        yield Fault(i, f"strikes key {key[0]} of channel {channel + 1}, which never ends")
