"""The events of tracks, byte after byte: nothing is taken for granted, what is wrong is mended and listed."""

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

MOST_PROBLEMS = 100  # listed one by one; what follows is counted


class NotMidi(ValueError):  # noqa: N818 - a verdict, named for what it says
    """The bytes are no MIDI file, or, read strictly, no faultless one; says at which byte and why."""


class Problem(NamedTuple):
    """What was wrong at which byte of the file, and what was done."""

    offset: int
    wrong: str
    done: str


class Report:
    """Takes problems down, up to a limit; raises the first one where reading is strict."""

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
        """All that was listed, and as the last one how many more there were."""
        if self.more:
            return [*self.listed, Problem(self.listed[-1].offset, f"{self.more} more problems", "mended likewise")]
        return self.listed


class CutOff(Exception):  # noqa: N818 - no error: it ends a track
    """The track ends within an event."""


class TrackWalker:
    """Walks through one track after the other.

    What it reads has three parts, each with an entry an event: ``places`` the event's index in the file, ``deltas`` in
    ticks, ``rows`` three bytes (status, data, data). ``payloads`` has one for each meta event, sysex and escape.
    ``event_cuts`` and ``payload_cuts`` have how many there were when each track ended. Where ``runs`` are given, they
    find the plain messages, and ``plain`` holds the bytes of these, with three zeros for each event of the walk.
    """

    def __init__(self, data, report, runs=None):
        self.data, self.report, self.runs = data, report, runs
        self.places, self.deltas, self.rows, self.payloads = array("q"), array("q"), bytearray(), []
        self.plain, self.events = bytearray(), 0
        self.event_cuts, self.payload_cuts = array("q"), array("q")
        self.at = self.end = 0

    def track(self, begin, end):
        """Read a track; returns where its end of track ended, or None if it has none."""
        self.at, self.end = begin, end
        self.status, self.count = 0, 0  # running status, 0 for that of the event before; its data bytes, 0 for none
        self.interrupted = ""  # by what, if running status should have ended
        self.carried = 0  # ticks that belong to the next event
        self.finished = None
        while self.at < self.end and self.finished is None:
            if self.runs and not self.carried and self.run_ahead():
                continue
            self.event()
        if self.finished is None:
            self.report(self.end, "no end of track", "added")
            self.carried = 0
            self.payloads.append(b"")
            self.emit(self.end, META_STATUS, END_OF_TRACK, 0)
        self.event_cuts.append(self.events)
        self.payload_cuts.append(len(self.payloads))
        return self.finished

    def arrays(self):
        """(deltas (n,), rows (n, 3)) of all events; then the walk is over, for it lets go of what it held."""
        self.runs = None
        deltas, rows = decode_messages(self.plain)
        places = numpy.frombuffer(self.places, numpy.int64)
        deltas[places] = numpy.frombuffer(self.deltas, numpy.int64)
        rows[places] = numpy.frombuffer(self.rows, numpy.uint8).reshape(-1, 3)
        rows[:, 0] = fill_running_status(rows[:, 0])
        self.plain = self.places = self.deltas = self.rows = None
        return deltas, rows

    def run_ahead(self):
        """Whether a run of plain messages was read from here."""
        if not CHANNEL_STATUS.match(self.data, self.at, self.end):
            if not self.count or self.interrupted:
                return False
            if self.count == 1:
                return self.single_run()
        end, events = self.runs.find_run(self.at, self.end)
        if not events:
            return False
        self.plain += self.data[self.at : end]
        self.at, self.status, self.interrupted = end, 0, ""
        self.count = 1 if 0xC0 <= self.data[end - 2] < 0xE0 else 2
        self.events += events
        return True

    def single_run(self):
        """Whether a run under the running status of a message with one data byte, all delta times short, was read."""
        events = (SMALL_BYTES.match(self.data, self.at, self.end).end() - self.at) // 2
        spread = bytearray(3 * events)
        spread[0::3], spread[1::3] = (self.data[self.at + k : self.at + 2 * events : 2] for k in (0, 1))
        self.plain += spread
        self.at += 2 * events
        self.events += events
        return events > 0

    def event(self):
        """Read one event, or skip what is none."""
        start = self.at
        try:
            self.carried += self.number()
            self.need(1)
            status = self.data[self.at]
            if status < 0x80:
                self.running(start)
            elif status < 0xF0:
                self.at += 1
                self.status, self.count, self.interrupted = status, DATA_BYTES[status >> 4], ""
                self.channel(start)
            elif status == META_STATUS:
                self.meta(start)
            elif status in (0xF0, 0xF7):
                self.at += 1
                self.payloads.append(self.payload())
                self.emit(start, status, 0, 0)
                self.interrupted = "a sysex"
            else:
                self.system(status)
        except CutOff:
            self.report(start, "an event is cut off", "left out")
            self.at = self.end

    def emit(self, start, *row):
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
        if self.at + count > self.end:
            raise CutOff

    def number(self):
        """The number of variable length at ``at``."""
        value, start, at, data, end = 0, self.at, self.at, self.data, self.end
        while at < end:
            byte = data[at]
            at += 1
            value = (value << 7 | byte & 0x7F) & LARGEST_NUMBER
            if byte < 0x80:
                self.at = at
                return value if at - start <= 4 else self.overlong(start, value)
        raise CutOff

    def overlong(self, start, value):
        if self.data[start : self.at - 4].strip(b"\x80"):  # else these are zeros
            value = 0
        self.report(start, f"a number of {self.at - start} bytes", f"read as {value}")
        return value

    def running(self, start):
        if not self.count:
            self.report(self.at, "data without a status", "skipped to the next event")
            self.resume()
            return
        if self.interrupted:
            self.report(self.at, f"running status after {self.interrupted}", "kept")
            self.interrupted = ""
        self.channel(start)

    def channel(self, start):
        count = self.count
        self.need(count)
        found = self.data[self.at : self.at + count]
        if max(found) > 0x7F:
            after = self.at + count
            # A velocity of 200 is a slip of the writer; what does not go on well after it is something else.
            if after < self.end and not NEXT_EVENT[count].match(self.data, after, self.end):
                self.report(self.at, f"data bytes {found.hex(' ')}", "skipped to the next event")
                self.resume()
                return
            self.report(self.at, f"data bytes {found.hex(' ')}", "read as 127 at most")
            found = bytes(min(byte, 0x7F) for byte in found)
        self.at += count
        self.emit(start, self.status, found[0], found[1] if count == 2 else 0)

    def resume(self):
        """Go on at the next event that has its status."""
        found = EVENT.search(self.data, self.at, self.end)
        self.at = found.start() if found else self.end

    def system(self, status):
        self.report(self.at, f"status {status:02x} in a track", "skipped")
        after = min(self.at + 1 + SYSTEM_DATA_BYTES.get(status, 0), self.end)
        self.at += 1
        while self.at < after and self.data[self.at] < 0x80:
            self.at += 1

    def meta(self, start):
        self.need(2)
        kind = self.data[self.at + 1]
        if kind > 0x7F:
            self.report(self.at, f"meta event of type {kind:02x}", "skipped to the next event")
            self.at += 1
            self.resume()
            return
        self.at += 2
        known, at = META.get(kind, OTHER_META), self.at
        payload = self.legal(at, known, self.payload(known.lengths))
        self.interrupted = "a meta event"
        if payload is not None:
            self.payloads.append(payload)
            self.emit(start, META_STATUS, kind, 0)
        if kind == END_OF_TRACK:
            self.finished = self.at

    def payload(self, lengths=()):
        """The bytes of a sysex, an escape, or a meta event of these legal lengths, from their length on."""
        at, length = self.at, self.number()
        left = self.end - self.at
        if length > left:
            likely = self.likely_length(lengths)
            self.report(at, f"length {length} where {left} bytes are left", f"read as {likely}")
            length = likely
        self.at += length
        return self.data[self.at - length : self.at]

    def likely_length(self, lengths):
        """How long a payload is whose length leads beyond the track: the next event tells."""
        legal = self.at + max(lengths, default=0)
        if lengths and EVENT.match(self.data, legal, self.end):
            return legal - self.at
        found = EVENT.search(self.data, self.at, self.end)
        return (found.start() if found else self.end) - self.at

    def legal(self, at, known, payload):
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
