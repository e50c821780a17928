"""Which of a file's tracks: one, the one with most notes, or all of them on one time line."""

from collections import defaultdict
from typing import NamedTuple

from tsuzuri.midi.file.text import decode_midi_text
from tsuzuri.midi.score import DRUMS, END, KEY, META, METER, OFF, ON, TEMPO
from tsuzuri.midi.words.settings import ALL, AUTO, NOTES

CONDUCTOR = (TEMPO, METER, KEY)  # meta types that hold for every track, wherever they stand
_NAME, _PORT = 0x03, 0x21
_PROGRAM = 0xC0


class Overview(NamedTuple):
    """What a track holds: channels from 0, programs as numbers, ``lowest`` and ``highest`` key or None."""

    name: str
    notes: int
    channels: list
    programs: list
    lowest: int
    highest: int


def track_overview(track):
    """The ``Overview`` of a track."""
    status = track.messages[:, 0]
    struck = (status & 0xF0 == ON) & (track.messages[:, 2] > 0)
    keys = track.messages[struck, 1]
    programs = track.messages[status & 0xF0 == _PROGRAM, 1]
    names = (track.payloads[i] for i in sorted(track.payloads) if tuple(track.messages[i, :2]) == (META, _NAME))
    return Overview(
        decode_midi_text(next(names, b"")),
        int(struck.sum()),
        sorted({int(s) & 0x0F for s in status[struck]}),
        sorted({int(program) for program in programs}),
        int(keys.min()) if len(keys) else None,
        int(keys.max()) if len(keys) else None,
    )


def choose_track(file, which):
    """The number of the track ``which`` means, "auto" or a number; raises ``ValueError`` where the file has none."""
    if not file.tracks:
        raise ValueError("has no tracks")
    if which == AUTO:
        sizes = [(track_overview(track).notes, len(track.ticks), -i) for i, track in enumerate(file.tracks)]
        return sizes.index(max(sizes))
    if which >= len(file.tracks):
        raise ValueError(f"has no track {which}: must be in range 0..{len(file.tracks) - 1}")
    return which


def merge_tracks(file, which, kept):
    """The (tick, message) events of the chosen tracks in order of time, and a list of what could not be taken along.

    ``kept`` is a setting's ``events``: notes alone; all channel messages; or tempo, time and key signatures of every
    track, and the end of the track, too. Raises ``ValueError`` where there are none.
    """
    left_out = []
    if which == ALL:
        events, left_out = _together(file)
    else:
        chosen = choose_track(file, which)
        events = [
            (tick, message)
            for i, track in enumerate(file.tracks)
            for tick, message in track.events()
            if i == chosen or (_conducts(message) and file.format != 2)
        ]
        events.sort(key=lambda event: event[0])
    found = [event for event in events if _is_kept(event[1], kept)]
    if not found:
        what = "notes" if kept == NOTES else "events"
        raise ValueError(f"holds no {what}" if which == ALL else f"its track {chosen} holds no {what}")
    if kept == ALL:
        found.append((events[-1][0], END))
    return found, left_out


def _conducts(message):
    return message[0] == META and message[1] in CONDUCTOR


def _is_kept(message, kept):
    if kept == NOTES:
        return message[0] & 0xF0 in (OFF, ON)
    return message[0] < 0xF0 or (kept == ALL and _conducts(message))


class _Part(NamedTuple):
    """What plays on one channel: the tracks whose notes it takes, the port and channel they name, its programs."""

    tracks: tuple
    port: int
    channel: int
    programs: tuple


def _together(file):
    """Every track's events on one time line, those of format 2 one after the other, each part on its own channel."""
    lists, start = [], 0
    for track in file.tracks:
        lists.append([(tick + start, message) for tick, message in track.events()])
        start += int(track.ticks[-1]) if file.format == 2 and len(track.ticks) else 0
    ports = [next((m[2] for _, m in events if m[:2] == bytes([META, _PORT]) and len(m) > 2), 0) for events in lists]
    targets, left_out = _channels(_parts(lists, ports))
    events = []
    for i, track in enumerate(lists):
        for tick, message in track:
            if message[0] >= 0xF0:
                events.append((tick, message))
                continue
            place = ports[i], message[0] & 0x0F
            for target in targets.get((i, *place), targets.get((None, *place), ())):  # a track of notes, or of settings
                events.append((tick, bytes([message[0] & 0xF0 | target]) + message[1:]))
    events.sort(key=lambda event: event[0])
    return events, left_out


def _parts(lists, ports):
    """The parts of a file. Tracks with notes on the same channel are one part unless their programs differ."""
    players, programs = defaultdict(list), defaultdict(list)
    for i, track in enumerate(lists):
        for _, message in track:
            if message[0] >= 0xF0:
                continue
            place = ports[i], message[0] & 0x0F
            if message[0] & 0xF0 == ON and message[2] and i not in players[place]:
                players[place].append(i)
            elif message[0] & 0xF0 == _PROGRAM and message[1] not in programs[i, place]:
                programs[i, place].append(message[1])
            players[place]  # a channel without notes too is a part, of no track
    parts = []
    for place, tracks in players.items():
        together = defaultdict(list)
        for i in tracks:
            together[tuple(programs[i, place])].append(i)
        if place[1] == DRUMS or sum(map(bool, together)) < 2:
            together = {(): tracks}
        parts += [_Part(tuple(members), *place, own) for own, members in together.items()]
    return sorted(parts, key=lambda part: (not part.tracks, part.tracks))


def _channels(parts):
    """The channels of each part: drums on theirs, the others on the one they name, or the next free one.

    Returns {(track, port, channel): [channel], (None, port, channel): channels of all its parts}, and what is left out.
    """
    free = [channel for channel in range(16) if channel != DRUMS]
    holders, others = {}, []
    for part in parts:
        if part.channel in free:
            free.remove(part.channel)
            holders[part] = part.channel
        elif part.channel == DRUMS:
            holders[part] = DRUMS
        else:
            others.append(part)
    for part in others:
        alike = [holders[other] for other in holders if part.programs and other.programs == part.programs]
        if free or alike:
            holders[part] = free.pop(0) if free else alike[0]
    targets, left_out = defaultdict(list), []
    for part in parts:
        found = [holders[part]] if part in holders else []
        if not found and part.tracks:
            left_out.append(f"channel {part.channel + 1} of track {part.tracks[0]}: 15 instruments have all channels")
        for i in part.tracks:
            targets[i, part.port, part.channel] = found
        targets[None, part.port, part.channel] += found
    return targets, left_out
