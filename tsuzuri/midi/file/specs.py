"""The messages of a Standard MIDI File as tables: data bytes, kinds of meta events, patterns of sound events."""

import re
from typing import NamedTuple

LARGEST_NUMBER = 0x0FFFFFFF  # of variable length, in four bytes
END_OF_TRACK = 0x2F
META_STATUS = 0xFF
WITH_PAYLOAD = (0xF0, 0xF7, META_STATUS)  # sysex, escape and meta event
FORMATS = (0, 1, 2)
FRAME_RATES = (24, 25, 29, 30)  # SMPTE frames a second; 29 is for 30 drop-frame

DATA_BYTES = (0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 2, 2, 1, 1, 2, 0)  # of a channel message, by its status >> 4
SYSTEM_DATA_BYTES = {0xF1: 1, 0xF2: 2, 0xF3: 1}  # of messages that have no place in a file; the others have none


class Meta(NamedTuple):
    """A kind of meta event: its legal lengths, () for any; the range of each byte; its least value as a number."""

    name: str
    lengths: tuple = ()
    values: tuple = ()
    least: int = 0

    def allows(self, payload):
        """Whether a payload is legal."""
        return (
            (not self.lengths or len(payload) in self.lengths)
            and all(byte in allowed for byte, allowed in zip(payload, self.values, strict=False))
            and (not self.least or int.from_bytes(payload, "big") >= self.least)
        )


META = {
    0x00: Meta("sequence number", (0, 2)),
    0x01: Meta("text"),
    0x02: Meta("copyright"),
    0x03: Meta("track name"),
    0x04: Meta("instrument name"),
    0x05: Meta("lyric"),
    0x06: Meta("marker"),
    0x07: Meta("cue point"),
    0x08: Meta("program name"),
    0x09: Meta("device name"),
    0x20: Meta("channel prefix", (1,), (range(16),)),
    0x21: Meta("port", (1,)),
    END_OF_TRACK: Meta("end of track", (0,)),
    0x51: Meta("tempo", (3,), least=1),
    0x54: Meta("SMPTE offset", (5,), (range(128), range(60), range(60), range(30), range(100))),
    0x58: Meta("time signature", (4,), (range(1, 256), range(8))),
    0x59: Meta("key signature", (2,), ((*range(8), *range(256 - 7, 256)), range(2))),
    0x7F: Meta("sequencer's own event"),
}
OTHER_META = Meta("meta event")


def encode_variable_length(number):
    """The variable-length bytes of a number: seven bits each, all but the last with the high bit set."""
    groups = [number & 0x7F]
    while number := number >> 7:
        groups.append(number & 0x7F | 0x80)
    return bytes(reversed(groups))


_DELTA = rb"[\x80-\xff]{0,3}[\x00-\x7f]"
_SINGLE = rb"[\xc0-\xdf][\x00-\x7f]"
_DOUBLE = rb"[\x80-\xbf\xe0-\xef][\x00-\x7f]{2}"
_OTHER = rb"\xff[" + re.escape(bytes(META)) + rb"][\x00-\x7f]|\xf0[\x00-\x7f]"
_EVENT = b"|".join([_DOUBLE, _SINGLE, _OTHER])
NEXT_EVENT = {  # with its status or under running status, by the number of data bytes of that
    count: re.compile(_DELTA + b"(?:" + _EVENT + rb"|[\x00-\x7f]{%d})" % count) for count in (1, 2)
}
# Among broken bytes only this is surely an event: it has a status, and a delta time of two bytes at most.
EVENT = re.compile(rb"[\x80-\xef]?[\x00-\x7f](?:" + _EVENT + b")")
CHANNEL_STATUS = re.compile(_DELTA + rb"[\x80-\xef]")
SMALL_BYTES = re.compile(rb"[\x00-\x7f]*")
