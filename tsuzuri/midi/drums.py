"""Drums on other channels than the tenth, as GS, XG and GM2 allow: all of them are brought onto channel 10.

A GS message "use for rhythm part" makes a part of drums, or channel 10 one of notes (Roland's GS, address 40 1p 15);
XG's "part mode" does the same (Yamaha's XG, address 08 pp 07), as do XG's banks 126 and 127 and, in General MIDI 2, the
banks 120 and 121.
"""

from collections import defaultdict

import numpy

from tsuzuri.midi.file.smf import MidiFile
from tsuzuri.midi.score import CONTROL, DRUMS, META

PORT = 0x21  # a meta type
_BANK, _SYSEX = 0, 0xF0
_XG_DRUMS, _GM2_DRUMS, _GM2_MELODY = (126, 127), 120, 121
_SECOND = b"\x50"  # of the addresses of GS: the parts of a second port, as 40 are those of the message's own
_ROLAND, _GS, _YAMAHA, _XG, _GM2_ON = b"\x41", b"\x42\x12", b"\x43", b"\x4c\x08", b"\x09\x03"  # bytes of sysex


def track_port(track):
    """The port that a track names, 0 where it names none."""
    for i in sorted(track.payloads):
        if tuple(track.messages[i, :2]) == (META, PORT) and track.payloads[i]:
            return track.payloads[i][0]
    return 0


def event_ports(track):
    """The port of each event of a track, int (n,): the last that it has named, or the first that it will."""
    named = [i for i in sorted(track.payloads) if tuple(track.messages[i, :2]) == (META, PORT) and track.payloads[i]]
    ports = numpy.zeros(len(track.ticks), int)
    for i in named:
        ports[i if i != named[0] else 0 :] = track.payloads[i][0]
    return ports


def drums_on_ten(file: MidiFile) -> tuple[MidiFile, list[str]]:
    """The file with all drums on channel 10, and nothing else there; with remarks on what was moved.

    What is not drums goes from channel 10 to one that its port has free. Where drums of several channels meet, only
    those that name channel 10, or the first, keep their programs and controls.
    """
    if file.format == 2:  # of patterns that know nothing of one another
        moved = [drums_on_ten(file._replace(format=1, tracks=[track])) for track in file.tracks]
        tracks = [track for one, _ in moved for track in one.tracks]
        return file._replace(tracks=tracks), [remark for _, remarks in moved for remark in remarks]
    switches = _switches(file)
    if not switches:
        return file, []
    ports = [event_ports(track) for track in file.tracks]
    players = _players(file, ports, switches)
    targets, remarks = {}, []
    for port, channel, is_drum in sorted(players, key=lambda place: (place[0], place[1] != DRUMS, place[1])):
        if is_drum == (channel == DRUMS):
            continue
        target = DRUMS if is_drum else _free_channel(port, players, targets)
        if target is None:
            remarks.append("channel 10 is no drums, and no other channel is free: played as drums")
            continue
        targets[port, channel, is_drum] = target
        what = "drums" if is_drum else "no drums"
        remarks.append(f"channel {channel + 1} is {what}: moved to channel {target + 1}")
    led = {port: _leader(port, players) for port, _, _ in players}
    tracks = [_moved(track, own, switches, targets, led) for track, own in zip(file.tracks, ports, strict=True)]
    return file._replace(tracks=tracks), remarks


def _switches(file):
    """When each (port, channel) changes: ticks (n,), and whether it is drums before and since them (n + 1,).

    Empty where all is as in General MIDI: only channel 10 is drums.
    """
    found, gs, gm2 = [], False, False
    for track in file.tracks:
        ports = event_ports(track)
        for i, payload in track.payloads.items():
            if track.messages[i, 0] == _SYSEX:
                gs, gm2 = gs or payload[:1] + payload[2:4] == _ROLAND + _GS, gm2 or payload[2:4] == _GM2_ON
                found += [(int(track.ticks[i]), *part) for part in _part_of_sysex(payload, int(ports[i]))]
    for track in file.tracks:
        ports, status = event_ports(track), track.messages[:, 0]
        for i in numpy.flatnonzero((status & 0xF0 == CONTROL) & (track.messages[:, 1] == _BANK)):
            channel, bank = int(status[i]) & 0x0F, int(track.messages[i, 2])
            if bank == _GM2_MELODY and channel == DRUMS and not gm2:
                continue  # which some programs send without meaning it
            is_drum = bank == _GM2_DRUMS or (bank in _XG_DRUMS and not gs)  # GS has the MT-32's sounds there
            if is_drum or channel != DRUMS or bank == _GM2_MELODY:
                found.append((int(track.ticks[i]), int(ports[i]), channel, is_drum))
    found.sort(key=lambda switch: switch[0])
    if all(is_drum == (channel == DRUMS) for _, _, channel, is_drum in found):
        return {}
    ticks, states = defaultdict(list), {}
    for tick, port, channel, is_drum in found:
        ticks[port, channel].append(tick)
        states.setdefault((port, channel), [channel == DRUMS]).append(is_drum)
    return {place: (numpy.array(ticks[place]), numpy.array(states[place])) for place in ticks}


def _part_of_sysex(payload, port):
    """Yield the (port, channel, whether it is drums) that a sysex of GS or XG on a port names."""
    data = payload.removesuffix(b"\xf7")
    if data[:1] == _ROLAND and data[2:4] == _GS and data[4:5] in (b"\x40", _SECOND) and len(data) >= 8:
        port = 1 if data[4:5] == _SECOND else port
        part = data[5] & 0x0F  # 0 is channel 10, the others are 1 to 9 and 11 to 16
        if data[5] >> 4 == 1 and data[6] == 0x15:
            yield port, (DRUMS if part == 0 else part - 1 if part < 10 else part), data[7] > 0
    elif data[:1] == _YAMAHA and data[2:4] == _XG and data[5:6] == b"\x07" and len(data) >= 7 and data[4] < 16:
        yield port, data[4], data[6] > 0


def _drum_events(track, ports, switches):
    """Which events of a track are of a channel that is drums then, bool (n,); ``ports`` are those of its events."""
    channel = track.messages[:, 0] & 0x0F
    drums = channel == DRUMS
    for (where, number), (ticks, states) in switches.items():
        since = numpy.searchsorted(ticks, track.ticks, side="right")
        drums = numpy.where((channel == number) & (ports == where), states[since], drums)
    return drums & (track.messages[:, 0] < 0xF0)


def _players(file, ports, switches):
    """The set of (port, channel, whether it is drums) that play notes."""
    players = set()
    for track, own in zip(file.tracks, ports, strict=True):
        drums = _drum_events(track, own, switches)
        struck = (track.messages[:, 0] & 0xF0 == 0x90) & (track.messages[:, 2] > 0)
        rows = zip(own[struck].tolist(), track.messages[struck, 0].tolist(), drums[struck].tolist(), strict=True)
        players |= {(port, status & 0x0F, is_drum) for port, status, is_drum in rows}
    return players


def _free_channel(port, players, targets):
    """The first channel of a port on which nothing plays; None where there is none."""
    taken = {channel for where, channel, _ in players if where == port}
    taken |= {target for (where, _, _), target in targets.items() if where == port}
    return next((channel for channel in range(16) if channel != DRUMS and channel not in taken), None)


def _leader(port, players):
    """The channel whose programs and controls the drums of a port have: the tenth, or the first that plays drums."""
    channels = sorted(channel for where, channel, is_drum in players if where == port and is_drum)
    return DRUMS if DRUMS in channels else next(iter(channels), DRUMS)


def _moved(track, ports, switches, targets, leaders):
    """A track with its channel messages moved; settings of drums other than those of its port's leader are left out."""
    status = track.messages[:, 0].copy()
    drums, channel, kept = _drum_events(track, ports, switches), status & 0x0F, numpy.ones(len(status), bool)
    is_channel = status < 0xF0
    for (where, number, is_drum), target in targets.items():
        here = is_channel & (channel == number) & (drums == is_drum) & (ports == where)
        status[here] = status[here] & 0xF0 | target
        if is_drum and number != leaders[where]:
            kept[here & (track.messages[:, 0] & 0xF0 > 0xA0)] = False
    places = numpy.cumsum(kept) - 1
    messages = track.messages.copy()
    messages[:, 0] = status
    payloads = {int(places[i]): payload for i, payload in track.payloads.items()}
    return track._replace(ticks=track.ticks[kept], messages=messages[kept], payloads=payloads)
