"""The chunks of a Standard MIDI File: its start, its header, the places of its tracks."""

import re

from tsuzuri.midi.file.specs import FORMATS, FRAME_RATES
from tsuzuri.midi.file.walk import NotMidi

DEFAULT_DIVISION = 480
_HEADER = re.compile(rb"MThd\x00\x00\x00")
_TRACK = re.compile(rb"MTrk\x00")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a]")
_CHUNK_NAME = re.compile(rb"[A-Za-z][A-Za-z0-9 _]{3}")
_SIGNATURES = {
    b"PK\3\4": "a zip archive",
    b"\x1f\x8b": "a gzip archive",
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"\x89PNG": "a PNG image",
    b"GIF8": "a GIF image",
    b"\xff\xd8\xff": "a JPEG image",
    b"%PDF": "a PDF document",
    b"OggS": "Ogg audio",
    b"fLaC": "FLAC audio",
    b"ID3": "MP3 audio",
    b"<!DOCTYPE html": "HTML",
    b"<html": "HTML",
    b"<?xml": "XML",
}


def read_number(data, at, length=4, order="big"):
    """The unsigned number in the ``length`` bytes at ``at``."""
    return int.from_bytes(data[at : at + length], order)


def riff_bounds(data):
    """The first offset of the MIDI data and the one after its last: the data chunk of a RIFF file, else all bytes."""
    if not (data.startswith(b"RIFF") and data.startswith(b"RMID", 8)):
        return 0, len(data)
    at = 12
    while at + 8 <= len(data):
        size = read_number(data, at + 4, order="little")
        if data.startswith(b"data", at):
            return at + 8, min(len(data), at + 8 + size)
        at += 8 + size + size % 2
    return 0, len(data)


def find_header(data, start, stop):
    """The offset of MThd, or of the first MTrk of a file without header; raises ``NotMidi`` where there is neither."""
    if data.startswith(b"MThd", start):
        return start
    if start == stop:
        raise NotMidi(f"offset {start}: is empty")
    head = data[start : min(stop, start + 4096)]
    shown = f"not MIDI (it begins with {head.lstrip()[:9]!r})"
    for signature, name in _SIGNATURES.items():
        if head.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(signature.lower()):
            raise NotMidi(f"offset {start}: is {name}, {shown}")
    if not _CONTROL.search(head):
        raise NotMidi(f"offset {start}: is text, {shown}")
    for name in (_HEADER, _TRACK):
        if match := name.search(data, start, stop):
            return match.start()
    if not any(head):
        raise NotMidi(f"offset {start}: is not MIDI, but zero bytes")
    raise NotMidi(f"offset {start}: has no header MThd, {shown}")


def read_header(data, at, stop, report):
    """(format, number of tracks, division, offset of the next chunk) from the header at ``at``."""
    done = f"read as format 1 with {DEFAULT_DIVISION} ticks a quarter note"
    if data.startswith(b"MTrk", at):
        report(at, "no header MThd", done)
        return 1, data.count(b"MTrk", at, stop), DEFAULT_DIVISION, at
    if stop - at < 14:
        report(at, f"a header of {stop - at} bytes", done)
        return 1, 0, DEFAULT_DIVISION, stop
    length = read_number(data, at + 4)
    following = at + 8 + length
    if length < 6 or not (following == stop or is_chunk(data, following, stop)):
        nearest = next_track(data, at + 14, stop)
        if length < 6 or following > stop or nearest < following:
            report(at + 4, f"header length {length}", "read as 6")
            following = at + 14
    format, count, division = (read_number(data, at + k, 2) for k in (8, 10, 12))
    if format not in FORMATS:
        report(at + 8, f"format {format}", "read as format 1")
        format = 1
    return format, count, _division(division, at + 12, report), following


def _division(division, at, report):
    """The ticks a quarter note, or a negative number for SMPTE time, from the 16 bits of the header."""
    if division == 0 or (division >= 0x8000 and division & 0xFF == 0):
        report(at, f"division {division:04x} has no ticks", f"read as {DEFAULT_DIVISION} ticks a quarter note")
        return DEFAULT_DIVISION
    if division < 0x8000:
        return division
    division -= 0x10000
    if -(division >> 8) not in FRAME_RATES:
        report(at, f"division of {-(division >> 8)} frames a second", "kept")
    return division


def is_chunk(data, at, stop):
    """Whether there is a chunk at ``at``: a track of any length, or a foreign chunk that fits into the file."""
    if data.startswith(b"MTrk", at):
        return True
    return bool(_CHUNK_NAME.match(data, at, stop)) and at + 8 <= stop and at + 8 + read_number(data, at + 4) <= stop


def next_track(data, at, stop):
    """The offset of the next track at or after ``at``; ``stop`` where there is none."""
    track = data.find(b"MTrk", at, stop)
    return track if track >= 0 else stop
