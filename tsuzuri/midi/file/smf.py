"""Standard MIDI Files: bytes to events and back.

The format is that of Standard MIDI Files 1.0 (MIDI Association, RP-001). Faults are mended where possible, and each
is listed. ``walk.py`` reads the events of a track one by one, ``runs.py`` the plain ones among them all at once.
"""

from array import array
from typing import NamedTuple

import numpy

from tsuzuri.midi.file import chunks
from tsuzuri.midi.file.runs import MessageRuns
from tsuzuri.midi.file.specs import (
    DATA_BYTES,
    END_OF_TRACK,
    FORMATS,
    LARGEST_NUMBER,
    META,
    META_STATUS,
    OTHER_META,
    WITH_PAYLOAD,
    encode_variable_length,
)
from tsuzuri.midi.file.walk import NotMidi, Problem, Report, TrackWalker

__all__ = ["MidiFile", "NotMidi", "Problem", "Track", "make_track", "read_smf", "write_smf"]

MOST_TRACKS = 0x4000  # a quarter of what the header can count: an empty one takes a hundred times its bytes in memory
LARGEST_TICK = 1 << 62


class Track(NamedTuple):
    """The events of a track in order; the last one is the end of track.

    ``ticks`` (n,) int64, absolute, never decreasing. ``messages`` (n, 3) uint8: status and two data bytes, 0 where
    there is none; a meta event is (0xff, type, 0), a sysex or escape (0xf0 or 0xf7, 0, 0). ``payloads``: the bytes of
    each of these by its index, without length; a sysex has its final f7 where the file has it.
    """

    ticks: numpy.ndarray
    messages: numpy.ndarray
    payloads: dict

    def events(self):
        """Yield (tick, message): a channel message, status + type + payload of a meta event, or status + payload."""
        rows = self.messages.tobytes()
        for k, tick in enumerate(self.ticks.tolist()):
            status = rows[3 * k]
            yield tick, rows[3 * k : 3 * k + _row_length(status)] + self.payloads.get(k, b"")


class MidiFile(NamedTuple):
    """A file: its format 0, 1 or 2, its division, its tracks, and the problems met when it was read.

    ``division``: ticks a quarter note, or, where negative, SMPTE time as the signed 16-bit number in the file.
    """

    format: int
    division: int
    tracks: list
    problems: list


def read_smf(data, strict=False):
    """The ``MidiFile`` of a file's bytes, mended where broken: its meta events all have legal payloads.

    Raises ``NotMidi`` for bytes that are no MIDI file at all, and with ``strict`` for the first problem.
    """
    return read_smf_with(MessageRuns, bytes(data), strict)


def read_smf_with(runs, data, strict=False):
    """``read_smf`` with the class ``runs``, or by the walk alone where it is None: slower, with the same result."""
    report = Report(strict)
    start, stop = chunks.riff_bounds(data)
    header = chunks.find_header(data, start, stop)
    if header > start:
        report(start, f"{header - start} bytes before the header", "skipped")
    format, count, division, at = chunks.read_header(data, header, stop, report)
    walk = TrackWalker(data, report, runs and runs(data))
    while at < stop:
        is_track = data.startswith(b"MTrk", at)
        if is_track and at + 8 <= stop and len(walk.event_cuts) < MOST_TRACKS:
            at = _read_track(walk, at, stop)
        elif not is_track and chunks.is_chunk(data, at, stop):
            at += 8 + chunks.read_number(data, at + 4)
        else:
            following = stop if is_track else chunks.next_track(data, at + 1, stop)
            report(at, f"{following - at} bytes that are no chunk", "skipped")
            at = following
    tracks = _tracks(walk)
    if not tracks:
        report(at, "no track", "none read")
    elif count != len(tracks):
        report(header + 10, f"the header counts {count} tracks, there are {len(tracks)}", "all read")
    if format == 0 and len(tracks) > 1:
        report(header + 8, f"format 0 with {len(tracks)} tracks", "read as format 1")
        format = 1
    return MidiFile(format, division, tracks, report.problems())


def _read_track(walk, at, stop):
    """Read the track of the chunk at ``at``; returns the offset to go on at.

    A length that leads to the end of the file or to another chunk is trusted; else the track ends where its events end.
    """
    length, begin = chunks.read_number(walk.data, at + 4), at + 8
    stated = begin + length
    sure = stated == stop or (stated < stop and chunks.is_chunk(walk.data, stated, stop))
    finished = walk.read_track(begin, stated if sure else chunks.next_track(walk.data, begin, stop))
    end = walk.end if finished is None else finished
    if sure and end < stated and not walk.data.startswith(b"MTrk", end):
        walk.report(end, f"{stated - end} bytes after the end of track", "ignored")
        return stated
    if end != stated:
        walk.report(at + 4, f"track length {length}", f"read as {end - begin}")
    return end


def _tracks(walk):
    """The list of ``Track`` that a walk has read."""
    deltas, rows = walk.arrays()
    with_payload = numpy.flatnonzero(rows[:, 0] >= 0xF0)
    payloads = iter(walk.payloads)
    tracks, begin, first = [], 0, 0
    for end, last in zip(walk.event_cuts, walk.payload_cuts, strict=True):
        index = (with_payload[first:last] - begin).tolist()
        own = dict(zip(index, payloads, strict=False))
        tracks.append(Track(numpy.cumsum(deltas[begin:end]), rows[begin:end], own))
        begin, first = end, last
    return tracks


def _row_length(status):
    """The number of bytes of a row that belong to the message."""
    return 2 if status == META_STATUS else 1 + DATA_BYTES[status >> 4]


def make_track(events):
    """The ``Track`` of (tick, message) events as ``Track.events`` yields them, with ticks that do not decrease.

    Raises ``ValueError`` for a message of a wrong length or a tick that goes back.
    """
    ticks, rows, payloads = array("q"), bytearray(), {}
    before = 0
    for k, (tick, message) in enumerate(events):
        if not before <= tick <= LARGEST_TICK:
            raise ValueError(f"event {k}: tick {tick}, must be in range {before}..{LARGEST_TICK}")
        status = message[0] if message else 0
        if status < 0x80 or (status >= 0xF0 and status not in WITH_PAYLOAD):
            raise ValueError(f"event {k}: {message.hex(' ')} must have a status in 80..f0, f7 or ff")
        length = _row_length(status)
        if len(message) < length or (status < 0xF0 and len(message) > length):
            raise ValueError(f"event {k}: {message.hex(' ')} must have {length} bytes")
        ticks.append(tick)
        rows += message[:length].ljust(3, b"\0")
        if status >= 0xF0:
            payloads[k] = bytes(message[length:])
        before = tick
    return Track(numpy.array(ticks, numpy.int64), numpy.array(rows, numpy.uint8).reshape(-1, 3), payloads)


def write_smf(file):
    """The bytes of a ``MidiFile``: each event with its status, an end of track added where there is none.

    Raises ``ValueError`` for what the format cannot hold.
    """
    if file.format not in FORMATS:
        raise ValueError(f"format {file.format}, must be 0, 1 or 2")
    if not -0x8000 <= file.division <= 0x7FFF or not (file.division if file.division > 0 else file.division & 0xFF):
        raise ValueError(f"division {file.division}, must be in range 1..32767, or negative for SMPTE time")
    most = 1 if file.format == 0 else MOST_TRACKS
    if len(file.tracks) > most:
        raise ValueError(f"format {file.format} with {len(file.tracks)} tracks, must be {most} at most")
    tracks = [_track_bytes(track, f"track {k}") for k, track in enumerate(file.tracks)]
    header = b"".join(value.to_bytes(2, "big") for value in (file.format, len(tracks), file.division & 0xFFFF))
    return b"".join([b"MThd", (6).to_bytes(4, "big"), header, *tracks])


def _track_bytes(track, where):
    """The bytes of a track's chunk: messages with their delta times as rows, cut where a payload follows."""
    track = _with_end(track, where)
    _check_track(track, where)
    deltas, n = numpy.diff(track.ticks, prepend=0), len(track.ticks)
    rows = numpy.empty((n, 7), numpy.uint8)  # four bytes of delta time, three of message
    written = numpy.ones((n, 7), bool)
    for k, shift in enumerate((21, 14, 7)):
        rows[:, k] = deltas >> shift & 0x7F | 0x80
        written[:, k] = deltas >> shift > 0
    rows[:, 3] = deltas & 0x7F
    rows[:, 4:] = track.messages
    written[:, 5:] = _used(track.messages)
    flat = rows[written].tobytes()
    lengths = numpy.cumsum(written.sum(axis=1))
    pieces, at = [], 0
    for k, payload in sorted(track.payloads.items()):
        end = int(lengths[k])
        pieces += [flat[at:end], encode_variable_length(len(payload)), payload]
        at = end
    body = b"".join([*pieces, flat[at:]])
    if len(body) > 0xFFFFFFFF:
        raise ValueError(f"{where} has {len(body)} bytes, a chunk holds 4294967295")
    return b"MTrk" + len(body).to_bytes(4, "big") + body


def _used(messages):
    """Whether each message has each of the two data bytes (n, 2); the type of a meta event counts as one."""
    status = messages[:, 0]
    counts = numpy.where(status == META_STATUS, 1, numpy.array(DATA_BYTES)[status >> 4])
    return counts[:, None] > numpy.arange(2)


def _with_end(track, where):
    """The track with an end of track as its last event; raises ``ValueError`` if it has one before that."""
    n = len(track.ticks)
    if track.messages.shape != (n, 3) or track.messages.dtype != numpy.uint8:
        raise ValueError(f"{where}: messages must be {n} rows of 3 bytes")
    ends = numpy.flatnonzero((track.messages[:, 0] == META_STATUS) & (track.messages[:, 1] == END_OF_TRACK))
    if len(ends) and ends[0] < n - 1:
        raise ValueError(f"{where}: its end of track is event {ends[0]} of {n}")
    if len(ends):
        return track
    ticks = numpy.append(track.ticks, track.ticks[-1] if n else 0)
    end = numpy.array([[META_STATUS, END_OF_TRACK, 0]], numpy.uint8)
    return Track(ticks, numpy.vstack([track.messages, end]), {**track.payloads, n: b""})


def _check_track(track, where):
    """Raise ``ValueError`` for the first event that the format cannot hold."""
    deltas = numpy.diff(track.ticks, prepend=0)
    status, data = track.messages[:, 0], track.messages[:, 1:]
    has_payload = numpy.isin(status, WITH_PAYLOAD)
    for wrong, rule in (
        ((deltas < 0) | (deltas > LARGEST_NUMBER), f"must come 0..{LARGEST_NUMBER} ticks after the one before"),
        ((status < 0x80) | ((status >= 0xF0) & ~has_payload), "must have a status in 80..f0, f7 or ff"),
        ((data > 0x7F).any(axis=1), "must have data in 00..7f"),
        (
            (~_used(track.messages) & (data > 0)).any(axis=1),
            "must have 0 for a data byte that its status does not have",
        ),
    ):
        if wrong.any():
            k = int(wrong.argmax())
            raise ValueError(f"{where}, event {k}: {bytes(track.messages[k]).hex(' ')} {rule}")
    if sorted(track.payloads) != numpy.flatnonzero(has_payload).tolist():
        raise ValueError(f"{where}: each meta event, sysex and escape must have a payload, and nothing else")
    for k, payload in track.payloads.items():
        known = META.get(int(data[k, 0]), OTHER_META) if status[k] == META_STATUS else OTHER_META
        if len(payload) > LARGEST_NUMBER or not known.allows(payload):
            raise ValueError(f"{where}, event {k}: {payload[:8].hex(' ')} ({len(payload)} bytes) is no {known.name}")
