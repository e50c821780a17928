"""All tracks of a file on one time line, each part on a channel of its own as long as there are any."""

from collections import defaultdict
from typing import NamedTuple

from tsuzuri.midi import timing
from tsuzuri.midi.drums import track_port
from tsuzuri.midi.score import DRUMS, META, METER, OFF, ON, TEMPO
from tsuzuri.midi.sharing import PROGRAM, ChannelState, Guest, share_channels

_USUAL = {  # meta type: what holds where a file says nothing, 120 quarter notes a minute and 4/4
    TEMPO: timing.MICROSECONDS.to_bytes(3, "big"),
    METER: bytes([4, 2, 24, 8]),
}


class _Part(NamedTuple):
    """The music of one channel: the tracks whose notes it takes, the port and channel that they name, its programs."""

    tracks: tuple
    port: int
    channel: int
    programs: tuple

    def name(self):
        """What it is called in a remark."""
        return f"channel {self.channel + 1} of track {self.tracks[0]}"


def events_of_all_tracks(file, with_programs=True):
    """The (tick, message) events of all tracks, in format 2 one after the other, and remarks on what has no place.

    Each part has a channel of its own, drums the tenth; where there are more parts, see ``sharing``, also for
    ``with_programs``.
    """
    lists = _patterns(file) if file.format == 2 else [list(track.events()) for track in file.tracks]
    ports = [track_port(track) for track in file.tracks]
    parts = _parts(lists, ports)
    targets, homeless = _channels(parts)
    events, others = [], defaultdict(list)
    for i, track in enumerate(lists):
        for tick, message in track:
            if message[0] >= 0xF0:
                events.append((tick, message))
                continue
            place = ports[i], message[0] & 0x0F
            for target in targets.get((i, *place), targets.get((None, *place), ())):  # a track of notes, or of settings
                if isinstance(target, _Part):
                    others[target].append((tick, message))
                else:
                    events.append((tick, bytes([message[0] & 0xF0 | target]) + message[1:]))
    events.sort(key=lambda event: event[0])
    if not homeless:
        return events, []
    guests = [Guest(part.name(), sorted(others[part], key=lambda event: event[0])) for part in homeless]
    return share_channels(events, guests, file.division, with_programs)


def _patterns(file):
    """The events of the tracks of format 2, one after the other: none has tempo, meter or settings of one before."""
    lists, start, metas, channels = [], 0, dict(_USUAL), defaultdict(ChannelState)
    for track in file.tracks:
        events = [(tick + start, message) for tick, message in track.events()]
        first = {message[1] for tick, message in events if tick == start and message[0] == META}
        begin = [
            bytes([META, kind]) + _USUAL[kind] for kind in metas if metas[kind] != _USUAL[kind] and kind not in first
        ]
        for channel in sorted({message[0] & 0x0F for _, message in events if message[0] & 0xF0 == ON}):
            changes = channels[channel].changes_to(ChannelState())
            begin += [bytes([message[0] | channel]) + message[1:] for message in changes]
        metas = dict(_USUAL)
        for _, message in events:
            if message[0] == META and message[1] in metas:
                metas[message[1]] = message[2:]
            elif message[0] < 0xF0 and message[0] & 0xF0 not in (OFF, ON):
                channels[message[0] & 0x0F].take(message)
        lists.append([(start, message) for message in begin] + events)
        start += int(track.ticks[-1]) if len(track.ticks) else 0
    return lists


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
            elif message[0] & 0xF0 == PROGRAM and message[1] not in programs[i, place]:
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

    Returns {(track, port, channel): [channel], (None, port, channel): channels of all its parts}, where the part itself
    stands for a channel that it lacks, and the list of the parts that lack one.
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
    targets = defaultdict(list)
    for part in parts:
        own = [holders[part]] if part in holders else [part] * bool(part.tracks)
        for i in part.tracks:
            targets[i, part.port, part.channel] = own
        targets[None, part.port, part.channel] += own
    return targets, [part for part in parts if part.tracks and part not in holders]
