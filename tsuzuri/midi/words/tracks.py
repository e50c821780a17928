"""The choice of a file's music: the part that has the tune, a track by number, or all of them on one time line."""

from typing import NamedTuple

from tsuzuri.midi.drums import track_port
from tsuzuri.midi.file.text import decode_midi_text
from tsuzuri.midi.merging import events_of_all_tracks
from tsuzuri.midi.score import DRUMS, END, KEY, META, METER, OFF, ON, PROGRAM, TEMPO, is_silence
from tsuzuri.midi.words.parts import FilePart, tune_part
from tsuzuri.midi.words.settings import ALL, AUTO, NOTES, Settings

CONDUCTOR = (TEMPO, METER, KEY)  # meta types that hold for every track, wherever they stand
_NAME = 0x03


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
    programs = track.messages[status & 0xF0 == PROGRAM, 1]
    names = (track.payloads[i] for i in sorted(track.payloads) if tuple(track.messages[i, :2]) == (META, _NAME))
    return Overview(
        decode_midi_text(next(names, b"")),
        int(struck.sum()),
        sorted({int(s) & 0x0F for s in status[struck]}),
        sorted({int(program) for program in programs}),
        int(keys.min()) if len(keys) else None,
        int(keys.max()) if len(keys) else None,
    )


def track_overviews(file) -> list[Overview]:
    """The ``Overview`` of each track; a channel that has its program in another track of its port has that one."""
    found = list(map(track_overview, file.tracks))
    if file.format == 2:  # of patterns that know nothing of one another
        return found
    ports, programs = list(map(track_port, file.tracks)), list(map(_programs_of_channels, file.tracks))
    whole = {}
    for port, own in zip(ports, programs, strict=True):
        for channel, numbers in own.items():
            whole.setdefault((port, channel), set()).update(numbers)
    for i, each in enumerate(found):
        lacking = [channel for channel in each.channels if channel not in programs[i]]
        others = set().union(*(whole.get((ports[i], channel), ()) for channel in lacking))
        found[i] = each._replace(programs=sorted({*each.programs, *others}))
    return found


def _programs_of_channels(track):
    """The set of programs of each channel that has any in a track."""
    programs = {}
    for status, number, _ in track.messages[track.messages[:, 0] & 0xF0 == PROGRAM].tolist():
        programs.setdefault(status & 0x0F, set()).add(number)
    return programs


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
        events, left_out = events_of_all_tracks(file, kinds != NOTES)
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

    Programs and controls of their channels also come from other tracks, but for those that have another instrument on
    these.
    """
    targets = _first_channels(taken) if taken else {channel: channel for channel in range(16)}
    own = {channel: part.programs for part in taken for channel in part.channels}
    strangers = {
        (part.track, channel)
        for part in parts
        for channel in part.channels
        if part.programs and own.get(channel) and part.programs != own[channel]
    }
    events = []
    for i, track in enumerate(file.tracks):
        together = i == number or file.format != 2
        for tick, message in track.events():
            channel = message[0] & 0x0F
            if message[0] >= 0xF0:
                if i == number or (together and _conducts(message)):
                    events.append((tick, message))
            elif channel in targets and (i == number or (taken and together and _goes_along(message, i, strangers))):
                events.append((tick, bytes([message[0] & 0xF0 | targets[channel]]) + message[1:]))
    events.sort(key=lambda event: event[0])
    kept = [event for event in events if _is_kept(event[1], kinds)]
    return kept + [(events[-1][0], END)] * bool(kept and kinds == ALL)


def _goes_along(message, track, strangers):
    """Whether a message of another track is for the notes of its channel: no note, and not of another instrument."""
    return message[0] & 0xF0 not in (OFF, ON) and (track, message[0] & 0x0F) not in strangers


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
        return message[0] & 0xF0 in (OFF, ON) or is_silence(message)  # which end notes
    return message[0] < 0xF0 or (kinds == ALL and _conducts(message))
