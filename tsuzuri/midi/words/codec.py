"""Events to words and back: ``delta_status_data``, all in hex, the delta time as MIDI's variable-length bytes.

``00_90_4050`` strikes key 0x40 of channel 1 at once with velocity 0x50, ``8360_80_4000`` releases it 480 ticks later; a
meta event is ``delta_ff_<type><payload>``, so that ``00_ff_5107a120`` is a tempo of 120 quarter notes a minute. A note
that is one word has its length after its onset, ``00_90_4050_8360`` (``lengths.py``).
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
from tsuzuri.midi.score import END, OFF, ON, Note, make_notes_legal, score_of_events
from tsuzuri.midi.timing import TICKS
from tsuzuri.midi.words.lengths import ONSET, add_length, length_of, with_lengths, without_lengths
from tsuzuri.midi.words.settings import BY_EVENT, BY_NOTE

_DELTA = r"((?:[89a-f][0-9a-f])*[0-7][0-9a-f])_"
_LENGTH = r"(?:_((?:[89a-f][0-9a-f])*[0-7][0-9a-f]))?"
_SHAPE = re.compile(_DELTA + r"([89a-f][0-9a-f])(?:_((?:[0-9a-f]{2})*))?" + _LENGTH)


class Fault(NamedTuple):
    """A faulty word: its index in the line, and the reason."""

    index: int
    reason: str


def encode_word(delta, message):
    """The word of an event ``delta`` ticks after the last; raises ``ValueError`` for a delta that MIDI cannot hold."""
    if not 0 <= delta <= LARGEST_NUMBER:
        raise ValueError(f"a rest of {delta} ticks is longer than MIDI's longest, {LARGEST_NUMBER}")
    word = f"{encode_variable_length(delta).hex()}_{message[:1].hex()}_{message[1:].hex()}"
    if length_of(message):
        word = f"{word[: -2 * len(message[ONSET:])]}_{message[ONSET:].hex()}"
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
    return delta, message if shape[4] is None else _lasting(message, _number(shape[4]))


def _lasting(message, ticks):
    """The message of a note that lasts so long; raises ``ValueError`` for what is no onset, and no length."""
    if message[0] & 0xF0 != ON or not message[2]:
        raise ValueError("has a length, which only an onset with a velocity in range 01..7f may have")
    if not 0 < ticks <= LARGEST_NUMBER:
        raise ValueError(f"has a length that is out of range: must be 1..{LARGEST_NUMBER} ticks")
    return add_length(message, ticks)


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


def kind_of_words(words: Iterable[str]) -> str:
    """The setting ``words`` that some words were made by: ``BY_NOTE`` where any note has its length."""
    return BY_NOTE if any(_has_length(word) for word in words) else BY_EVENT


def in_form(words: Iterable[str], form: str) -> list[str]:
    """Legal words with each note as one word or as two, as the setting ``words`` has it."""
    kept = list(words)
    other = _has_length if form == BY_EVENT else _is_by_event
    return encode_events(decode_events(kept, TICKS)[0], form) if any(map(other, kept)) else kept


def _has_length(word):
    return word.count("_") == 3


def _is_by_event(word):
    """Whether a word is the onset or the end of a note."""
    return not _has_length(word) and word.split("_")[1][:1] in ("8", "9")


def encode_events(events, form=BY_EVENT):
    """The words of events in order of time; of legal ones a note is one word where the ``form`` is ``BY_NOTE``."""
    words, last = [], 0
    events = with_lengths(events) if form == BY_NOTE else events
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
    line need not have ended. A note that is one word is two events, as any other.
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
        return without_lengths(events), []
    return _mended(events, division), sorted(faults)


def _mended(events, division):
    """The events made legal: of notes with a length the ends are known, whatever else ends or does not end."""
    notes = [
        Note(tick, tick + length_of(message), message[0] & 0x0F, message[1], message[2])
        for tick, message in events
        if length_of(message)
    ]
    end = max([*(tick for tick, _ in events), *(note.end for note in notes)], default=0)
    others = [event for event in events if not length_of(event[1])]
    score, _ = score_of_events([*others, (end, END)], division)
    return score._replace(notes=make_notes_legal(score.notes + notes)[0]).events()


class _Sounding(NamedTuple):
    """A note that sounds: its onset, the index of its word, and where it ends, None where that is not known yet."""

    tick: int
    index: int
    until: int | None


def _sequence_faults(events, unfinished):
    """Yield the faults in the sequence of words that are each legal by themselves."""
    sounding, ended, last = {}, False, 0
    for tick, message, i in events:
        kind, note = message[0] & 0xF0, (message[0] & 0x0F, message[1:2])
        name = f"key {message[1]} of channel {(message[0] & 0x0F) + 1}" if kind in (OFF, ON) else ""
        held = sounding.get(note) if name else None
        if held and held.until is not None and held.until <= tick:
            del sounding[note]
            held = None
        if ended:
            yield Fault(i, "follows the end of the track")
            ended = False
        if kind == ON and message[2]:
            if held:
                yield Fault(i, f"strikes {name}, which sounds already")
            until = tick + length_of(message) if length_of(message) else None
            sounding[note], last = _Sounding(tick, i, until), max(last, until or 0)
        elif held and held.until is not None:
            yield Fault(i, f"releases {name}, whose length says when it ends")
        elif name:
            if not held:
                yield Fault(i, f"releases {name}, which does not sound")
            elif sounding.pop(note).tick == tick:
                yield Fault(i, f"ends {name} where it begins")
        elif message == END and last > tick:
            yield Fault(i, "ends the track while a note lasts")
        ended = ended or message == END
    for (channel, key), held in () if unfinished else sounding.items():
        if held.until is None:
            yield Fault(held.index, f"strikes key {key[0]} of channel {channel + 1}, which never ends")
