"""The choice of a file's music: the part that has the tune, a track by number, or all of them on one time line."""

from collections import defaultdict
from typing import NamedTuple

from tsuzuri.midi.file.text import decode_midi_text
from tsuzuri.midi.score import DRUMS, END, KEY, META, METER, OFF, ON, TEMPO
from tsuzuri.midi.words.parts import FilePart, tune_part
from tsuzuri.midi.words.settings import ALL, AUTO, NOTES, Settings

CONDUCTOR = (TEMPO, METER, KEY)  # meta types that hold for every track, wherever they stand
_NAME, _PORT = 0x03, 0x21
_PROGRAM = 0xC0


class Overview(NamedTuple):
    """A summary of a track: number of notes, channels from 0, programs, ``lowest`` and ``highest`` key or None."""

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


def choose_track(file, track):
    """The number of a track, ``track`` being "auto" or a number; raises ``ValueError`` where the file has none."""
    if not file.tracks:
        raise ValueError("has no tracks")
    if track == AUTO:
        sizes = [(track_overview(each).notes, len(each.ticks), -i) for i, each in enumerate(file.tracks)]
        return sizes.index(max(sizes))
    if track >= len(file.tracks):
        raise ValueError(f"has no track {track}: must be in range 0..{len(file.tracks) - 1}")
    return track


def merge_tracks(file, track, kinds):
    """The (tick, message) events of the chosen track or of all, in order of time, and a list of remarks on losses.

    ``track`` and ``kinds`` are the settings ``track`` and ``events``: notes alone; all channel messages; or with tempo,
    time and key signatures of every track, and the end of the track. Raises ``ValueError`` where there are no events.
    """
    left_out = []
    if track == ALL:
        events, left_out = _all_on_one_line(file)
    else:
        chosen = choose_track(file, track)
        events = [
            (tick, message)
            for i, each in enumerate(file.tracks)
            for tick, message in each.events()
            if i == chosen or (_conducts(message) and file.format != 2)
        ]
        events.sort(key=lambda event: event[0])
    kept = [event for event in events if _is_kept(event[1], kinds)]
    if not kept:
        missing = "notes" if kinds == NOTES else "events"
        raise ValueError(f"holds no {missing}" if track == ALL else f"its track {chosen} holds no {missing}")
    if kinds == ALL:
        kept.append((events[-1][0], END))
    return kept, left_out


class Chosen(NamedTuple):
    """What is learned of a file: (tick, message) ``events``, remarks on losses, and its parts: ``taken``, ``left``."""

    events: list
    remarks: list
    taken: list
    left: list


def chosen_events(file, parts: list[FilePart], settings: Settings, kinds: str) -> Chosen:
    """The ``Chosen`` music of a file, of whose ``parts`` the settings choose; the rest is as in ``merge_tracks``.

    What is not all of a file stands on channel 1, drums on 10; only where a track that was asked for by its number has
    several instruments are there more channels, in the order of the file's.
    """
    if settings.track == ALL or settings.rules < 2:
        events, remarks = merge_tracks(file, settings.track, kinds)
        number = None if settings.track == ALL else choose_track(file, settings.track)
        return Chosen(events, remarks, *_divided(parts, [part for part in parts if number in (None, part.track)]))
    if settings.track == AUTO:
        tune = tune_part(parts)
        taken, number = ([tune], tune.track) if tune else ([], choose_track(file, AUTO))
    else:
        number = choose_track(file, settings.track)
        taken = [part for part in parts if part.track == number]
    events = _events_of_parts(file, number, parts, taken, kinds)
    if not events:
        missing = "notes" if kinds == NOTES else "events"
        raise ValueError(f"its track {number} holds no {missing}")
    return Chosen(events, [], *_divided(parts, taken))


def _divided(parts, taken):
    return taken, [part for part in parts if part not in taken]


def _events_of_parts(file, number, parts, taken, kinds):
    """The events of parts of a track, each instrument on a channel of its own from 1, and what holds for all tracks.

    Programs and controls of their channels also come from tracks that have no notes on these.
    """
    targets = _first_channels(taken) if taken else {channel: channel for channel in range(16)}
    players = {(part.track, channel) for part in parts for channel in part.channels}
    events = []
    for i, track in enumerate(file.tracks):
        together = i == number or file.format != 2
        for tick, message in track.events():
            channel = message[0] & 0x0F
            if message[0] >= 0xF0:
                if i == number or (together and _conducts(message)):
                    events.append((tick, message))
            elif channel in targets and (i == number or (taken and together and (i, channel) not in players)):
                events.append((tick, bytes([message[0] & 0xF0 | targets[channel]]) + message[1:]))
    events.sort(key=lambda event: event[0])
    kept = [event for event in events if _is_kept(event[1], kinds)]
    return kept + [(events[-1][0], END)] * bool(kept and kinds == ALL)


def _first_channels(taken):
    """Where each channel of some parts goes: drums to their own, others to 1 and on, those that sound alike to one."""
    targets, instruments = {}, {}
    for part in taken:
        for channel in part.channels:
            free = len(instruments) + (len(instruments) >= DRUMS)
            targets[channel] = DRUMS if part.is_drums else instruments.setdefault(part.programs, free)
    return targets


def _conducts(message):
    return message[0] == META and message[1] in CONDUCTOR


def _is_kept(message, kinds):
    if kinds == NOTES:
        return message[0] & 0xF0 in (OFF, ON)
    return message[0] < 0xF0 or (kinds == ALL and _conducts(message))


class _Part(NamedTuple):
    """The music of one channel: the tracks whose notes it takes, the port and channel that they name, its programs."""

    tracks: tuple
    port: int
    channel: int
    programs: tuple


def _all_on_one_line(file):
    """The events of all tracks on one time line, in format 2 one after the other, each part on a channel of its own."""
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
            players[place]  # a channel without notes is a part too, of no track
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
    """The channels of the parts: drums on their own, the others on the one that they name, or on the next free one.

    Returns {(track, port, channel): [channel], (None, port, channel): channels of all its parts}, and remarks on the
    parts that are left out.
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
        own = [holders[part]] if part in holders else []
        if not own and part.tracks:
            left_out.append(f"channel {part.channel + 1} of track {part.tracks[0]}: 15 instruments have all channels")
        for i in part.tracks:
            targets[i, part.port, part.channel] = own
        targets[None, part.port, part.channel] += own
    return targets, left_out
