"""The events of tracks, byte by byte: nothing is taken for granted, and each fault is mended and listed."""

from array import array
from typing import NamedTuple

import numpy

from tsuzuri.midi.file.runs import decode_messages, fill_running_status
from tsuzuri.midi.file.specs import (
    CHANNEL_STATUS,
    DATA_BYTES,
    END_OF_TRACK,
    EVENT,
    LARGEST_NUMBER,
    META,
    META_STATUS,
    NEXT_EVENT,
    OTHER_META,
    SMALL_BYTES,
    SYSTEM_DATA_BYTES,
)

MOST_PROBLEMS = 100  # listed one by one; those that follow are counted


class NotMidi(ValueError):  # noqa: N818 - a verdict on the bytes
    """The bytes are no MIDI file, or, read strictly, a faulty one; the message gives the offset and the reason."""


class Problem(NamedTuple):
    """A fault of a file: the offset of the byte, what is wrong there, and what was done about it."""

    offset: int
    wrong: str
    done: str


class Report:
    """Collects problems, up to a limit; raises the first one as ``NotMidi`` where reading is strict."""

    def __init__(self, strict):
        self.strict, self.listed, self.more = strict, [], 0

    def __call__(self, offset, wrong, done):
        if self.strict:
            raise NotMidi(f"offset {offset}: {wrong}")
        if len(self.listed) < MOST_PROBLEMS:
            self.listed.append(Problem(offset, wrong, done))
        else:
            self.more += 1

    def problems(self):
        """All listed problems, and as the last one the number of further ones."""
        if self.more:
            return [*self.listed, Problem(self.listed[-1].offset, f"{self.more} more problems", "mended likewise")]
        return self.listed


class CutOff(Exception):  # noqa: N818 - not an error: it ends a track
    """The track ends within an event."""


class TrackWalker:
    """Reads one track after the other.

    Each event of the walk has an entry in three arrays: ``places``, its index in the file; ``deltas``, in ticks;
    ``rows``, three bytes (status, data, data). ``payloads`` has one entry for each meta event, sysex and escape.
    ``event_cuts`` and ``payload_cuts`` are the numbers of events and payloads at the end of each track. ``runs``, a
    ``MessageRuns`` or None, finds the plain messages; ``plain`` holds their bytes, and three zeros for each event of
    the walk.
    """

    def __init__(self, data, report, runs=None):
        self.data, self.report, self.runs = data, report, runs
        self.places, self.deltas, self.rows, self.payloads = array("q"), array("q"), bytearray(), []
        self.plain, self.events = bytearray(), 0
        self.event_cuts, self.payload_cuts = array("q"), array("q")
        self.at = self.end = 0

    def read_track(self, begin, end):
        """Read a track; returns the offset after its end of track, or None if it has none."""
        self.at, self.end = begin, end
        self.status, self.count = 0, 0  # running status, 0 for that of the event before; its data bytes, 0 for none
        self.interrupted = ""  # the kind of event after which running status should have ended
        self.carried = 0  # ticks that belong to the next event
        self.finished = None
        while self.at < self.end and self.finished is None:
            if self.runs and not self.carried and self.read_run():
                continue
            self.read_event()
        if self.finished is None:
            self.report(self.end, "no end of track", "added")
            self.carried = 0
            self.payloads.append(b"")
            self.emit(self.end, META_STATUS, END_OF_TRACK, 0)
        self.event_cuts.append(self.events)
        self.payload_cuts.append(len(self.payloads))
        return self.finished

    def arrays(self):
        """(deltas (n,), rows (n, 3)) of all events; to be called once, at the end, as it frees the collected data."""
        self.runs = None
        deltas, rows = decode_messages(self.plain)
        places = numpy.frombuffer(self.places, numpy.int64)
        deltas[places] = numpy.frombuffer(self.deltas, numpy.int64)
        rows[places] = numpy.frombuffer(self.rows, numpy.uint8).reshape(-1, 3)
        rows[:, 0] = fill_running_status(rows[:, 0])
        self.plain = self.places = self.deltas = self.rows = None
        return deltas, rows

    def read_run(self):
        """Read a run of plain messages from here; returns whether there was one."""
        if not CHANNEL_STATUS.match(self.data, self.at, self.end):
            if not self.count or self.interrupted:
                return False
            if self.count == 1:
                return self.read_single_byte_run()
        end, events = self.runs.find_run(self.at, self.end)
        if not events:
            return False
        self.plain += self.data[self.at : end]
        self.at, self.status, self.interrupted = end, 0, ""
        self.count = 1 if 0xC0 <= self.data[end - 2] < 0xE0 else 2
        self.events += events
        return True

    def read_single_byte_run(self):
        """Read a run of messages of one data byte under running status, with deltas of one byte; whether it did."""
        events = (SMALL_BYTES.match(self.data, self.at, self.end).end() - self.at) // 2
        spread = bytearray(3 * events)
        spread[0::3], spread[1::3] = (self.data[self.at + k : self.at + 2 * events : 2] for k in (0, 1))
        self.plain += spread
        self.at += 2 * events
        self.events += events
        return events > 0

    def read_event(self):
        """Read one event, or skip bytes that are none."""
        start = self.at
        try:
            self.carried += self.read_number()
            self.need(1)
            status = self.data[self.at]
            if status < 0x80:
                self.read_running(start)
            elif status < 0xF0:
                self.at += 1
                self.status, self.count, self.interrupted = status, DATA_BYTES[status >> 4], ""
                self.read_channel_message(start)
            elif status == META_STATUS:
                self.read_meta(start)
            elif status in (0xF0, 0xF7):
                self.at += 1
                self.payloads.append(self.read_payload())
                self.emit(start, status, 0, 0)
                self.interrupted = "a sysex"
            else:
                self.skip_system_message(status)
        except CutOff:
            self.report(start, "an event is cut off", "left out")
            self.at = self.end

    def emit(self, start, *row):
        """Add the event that begins at ``start``; its delta is ``carried``."""
        if self.carried > LARGEST_NUMBER:
            self.report(start, f"{self.carried} ticks after the event before", f"read as {LARGEST_NUMBER}")
            self.carried = LARGEST_NUMBER
        self.places.append(self.events)
        self.deltas.append(self.carried)
        self.rows += bytes(row)
        self.plain += b"\0\0\0"
        self.events += 1
        self.carried = 0

    def need(self, count):
        """Raise ``CutOff`` unless the track has ``count`` more bytes."""
        if self.at + count > self.end:
            raise CutOff

    def read_number(self):
        """Read a number of variable length."""
        value, start, at, data, end = 0, self.at, self.at, self.data, self.end
        while at < end:
            byte = data[at]
            at += 1
            value = (value << 7 | byte & 0x7F) & LARGEST_NUMBER
            if byte < 0x80:
                self.at = at
                return value if at - start <= 4 else self.cut_overlong(start, value)
        raise CutOff

    def cut_overlong(self, start, value):
        """The value of a number of more than four bytes, 0 unless its extra bytes are zeros."""
        if self.data[start : self.at - 4].strip(b"\x80"):
            value = 0
        self.report(start, f"a number of {self.at - start} bytes", f"read as {value}")
        return value

    def read_running(self, start):
        """Read a channel message under running status."""
        if not self.count:
            self.report(self.at, "data without a status", "skipped to the next event")
            self.skip_to_event()
            return
        if self.interrupted:
            self.report(self.at, f"running status after {self.interrupted}", "kept")
            self.interrupted = ""
        self.read_channel_message(start)

    def read_channel_message(self, start):
        """Read the data bytes of a channel message."""
        count = self.count
        self.need(count)
        data = self.data[self.at : self.at + count]
        if max(data) > 0x7F:
            after = self.at + count
            # A velocity of 200 is a slip of the writing program, if a legal event follows; else these are no data.
            if after < self.end and not NEXT_EVENT[count].match(self.data, after, self.end):
                self.report(self.at, f"data bytes {data.hex(' ')}", "skipped to the next event")
                self.skip_to_event()
                return
            self.report(self.at, f"data bytes {data.hex(' ')}", "read as 127 at most")
            data = bytes(min(byte, 0x7F) for byte in data)
        self.at += count
        self.emit(start, self.status, data[0], data[1] if count == 2 else 0)

    def skip_to_event(self):
        """Go on at the next event that has its status."""
        match = EVENT.search(self.data, self.at, self.end)
        self.at = match.start() if match else self.end

    def skip_system_message(self, status):
        """Skip a system message and its data bytes."""
        self.report(self.at, f"status {status:02x} in a track", "skipped")
        after = min(self.at + 1 + SYSTEM_DATA_BYTES.get(status, 0), self.end)
        self.at += 1
        while self.at < after and self.data[self.at] < 0x80:
            self.at += 1

    def read_meta(self, start):
        """Read a meta event."""
        self.need(2)
        kind = self.data[self.at + 1]
        if kind > 0x7F:
            self.report(self.at, f"meta event of type {kind:02x}", "skipped to the next event")
            self.at += 1
            self.skip_to_event()
            return
        self.at += 2
        known, at = META.get(kind, OTHER_META), self.at
        payload = self.legal_payload(at, known, self.read_payload(known.lengths))
        self.interrupted = "a meta event"
        if payload is not None:
            self.payloads.append(payload)
            self.emit(start, META_STATUS, kind, 0)
        if kind == END_OF_TRACK:
            self.finished = self.at

    def read_payload(self, lengths=()):
        """Read length and bytes of a sysex, an escape, or a meta event whose legal lengths are ``lengths``."""
        at, length = self.at, self.read_number()
        left = self.end - self.at
        if length > left:
            likely = self.likely_length(lengths)
            self.report(at, f"length {length} where {left} bytes are left", f"read as {likely}")
            length = likely
        self.at += length
        return self.data[self.at - length : self.at]

    def likely_length(self, lengths):
        """The length of a payload whose own length leads beyond the track: it ends at the next event."""
        legal = self.at + max(lengths, default=0)
        if lengths and EVENT.match(self.data, legal, self.end):
            return legal - self.at
        match = EVENT.search(self.data, self.at, self.end)
        return (match.start() if match else self.end) - self.at

    def legal_payload(self, at, known, payload):
        """The payload of a meta event, cut to a legal length; None if it cannot be made legal."""
        if known.lengths and len(payload) not in known.lengths:
            length = max((length for length in known.lengths if length < len(payload)), default=None)
            done = "left out" if length is None else f"cut to {length}"
            self.report(at, f"{known.name} of {len(payload)} bytes", done)
            if length is None:
                return None
            payload = payload[:length]
        if not known.allows(payload):
            self.report(at + 1, f"{known.name} {payload.hex(' ')}", "left out")
            return None
        return payload
