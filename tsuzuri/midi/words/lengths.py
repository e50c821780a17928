"""Notes with their lengths: one event and one word a note, in place of its onset and its end.

The message of such a note is that of its onset, and after it the note's length in ticks as MIDI's variable-length
bytes: ``90 40 50 83 60`` is key 0x40 for 480 ticks. Words are made of it, a MIDI file never is. In time it stands where
the note begins; where it ends nothing stands.
"""

import heapq
from collections.abc import Iterable, Mapping

from tsuzuri.midi.file.specs import LARGEST_NUMBER, encode_variable_length
from tsuzuri.midi.score import END, META, OFF, ON

ONSET = 3  # bytes of an onset, after which a length may stand

Event = tuple[int, bytes]  # tick, message
Key = tuple[int, int]  # channel, key


def add_length(message: bytes, ticks: int) -> bytes:
    """The message of a note that lasts so long, of its onset's; raises ``ValueError`` for what no number can hold."""
    if ticks > LARGEST_NUMBER:
        raise ValueError(f"a note of {ticks} ticks is longer than the longest that a word can have, {LARGEST_NUMBER}")
    return message[:ONSET] + encode_variable_length(ticks)


def length_of(message: bytes) -> int:
    """The ticks that a note lasts by its message, 0 for any other message."""
    if message[0] & 0xF0 != ON:
        return 0
    ticks = 0
    for byte in message[ONSET:]:
        ticks = ticks << 7 | byte & 0x7F
    return ticks


def with_lengths(events: Iterable[Event], ends: Mapping[Key, int] = {}) -> list[Event]:
    """Legal events, in which each note is one event; ``ends`` are the ticks where those end whose end is still to come.

    A note that ends nowhere stays an onset.
    """
    made: list[Event] = []
    places: dict[Key, int] = {}  # of the notes that sound
    for tick, message in events:
        kind = message[0] & 0xF0
        if kind == OFF or (kind == ON and not message[2]):
            _end(made, places, (message[0] & 0x0F, message[1]), tick)
            continue
        if kind == ON and not length_of(message):
            places[message[0] & 0x0F, message[1]] = len(made)
        made.append((tick, message))
    for key in places.keys() & ends.keys():
        _end(made, places, key, ends[key])
    return made


def _end(made, places, key, tick):
    """Give the note of a key its length, if it sounds."""
    if key in places:
        place = places.pop(key)
        start, message = made[place]
        made[place] = start, add_length(message, tick - start)


def without_lengths(events: Iterable[Event]) -> list[Event]:
    """The events, in which each note that has a length is its onset and its end: the inverse of ``with_lengths``.

    At one tick an end comes after meta events and before all others, as in a score.
    """
    made: list[Event] = []
    ends: list[tuple[int, int, bytes]] = []  # a heap: the tick, a number by which ends of one tick keep their order
    for n, (tick, message) in enumerate(events):
        is_early = message[0] == META and message != END
        while ends and (ends[0][0] < tick or (ends[0][0] == tick and not is_early)):
            end, _, last = heapq.heappop(ends)
            made.append((end, last))
        length = length_of(message)
        if length:
            heapq.heappush(ends, (tick + length, n, bytes([OFF | message[0] & 0x0F, message[1], 0])))
        made.append((tick, message[:ONSET] if length else message))
    return made + [(end, last) for end, _, last in sorted(ends)]
