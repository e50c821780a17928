"""The parts of a file: what one instrument plays, by track and channel; and which of them has the tune.

The tune is found by a skyline: a part has it that has the highest sounding note most often where it begins notes, also
among the parts that play one note at a time, as it does itself; in much of the piece, not as low as a bass, many notes
on several keys. Drums and effects never have it where there is anything else. In the 112 pieces of Freedoom this takes
leads, solos and voices, of a piano the right hand, of a chorale the soprano. The skyline is that of Uitdenbogerd and
Zobel, Melodic matching techniques for large music databases, 1999.
"""

import itertools
import math
from collections import Counter, defaultdict
from typing import NamedTuple

from tsuzuri.midi import names, timing
from tsuzuri.midi.file.text import decode_midi_text
from tsuzuri.midi.score import DRUMS, META, PROGRAM, score_of_events

NAME = 0x03
EFFECTS = range(112, 128)  # programs: bells and drums on a keyboard, a telephone, applause
CHORDS = 0.3  # how much an onset of several notes counts beside one of a single note
SEVERAL_KEYS, ONE_KEY = 2.0, 0.1  # bits: the entropy of pitch classes of a tune; what a part of one key counts
MOSTLY, AMONG_SINGLE = 0.5, 0.3  # which parts play single notes; how much it counts to be the highest among these
FEW = 32  # onsets, of which a part has too few to be a tune
REGISTER = 36, 54  # keys: below it a part is a bass
BAR = 4  # quarter notes, for how much of a piece a part covers


class FilePart(NamedTuple):
    """A part: its track, channels from 0, programs, number of notes, name, and ``tune``, how much it is like a tune."""

    track: int
    channels: tuple
    programs: tuple
    notes: int
    name: str
    tune: float

    @property
    def is_drums(self):
        """Whether it is on the channel of drums."""
        return self.channels == (DRUMS,)

    def label(self):
        """What it is called in a report: "track 7, Lead Guitar (Overdriven Guitar), channel 3"."""
        instruments = ["drums"] if self.is_drums else [names.PROGRAMS[program] for program in self.programs]
        played = instruments[0] if instruments else ""
        called = self.name if played in ("", self.name) else f"{self.name} ({played})" if self.name else played
        return ", ".join(filter(None, (f"track {self.track}", called, f"channel {self.channels[0] + 1}")))


def file_parts(file) -> list[FilePart]:
    """The ``FilePart`` of each instrument of a file, those with notes, in order of track and channel.

    In format 0 each channel is a part. In the others a track's channels are one where they have the same programs, as
    the strings of a guitar do.
    """
    found = {}
    for i, track in enumerate(file.tracks):
        score, _ = score_of_events(track.events(), file.division)
        by_channel = defaultdict(list)
        for note in score.notes:
            by_channel[note.channel].append(note)
        programs = _programs(track)
        together = defaultdict(list)
        for channel in sorted(by_channel):
            alike = channel if file.format == 0 or channel == DRUMS else programs[channel]
            together[alike].append(channel)
        for channels in together.values():
            notes = sorted(note for channel in channels for note in by_channel[channel])
            found[i, tuple(channels)] = notes, programs[channels[0]], _name(track)
    pitched = {place: notes for place, (notes, _, _) in found.items() if place[1] != (DRUMS,)}
    effects = {place for place, (_, own, _) in found.items() if own and all(program in EFFECTS for program in own)}
    tunes = _likeness(pitched, effects, file.division)
    return [FilePart(*place, own, len(notes), name, tunes.get(place, 0)) for place, (notes, own, name) in found.items()]


def tune_part(parts):
    """The part that has the tune, drums only where there is nothing else; None where there are no parts."""
    pitched = [part for part in parts if not part.is_drums] or parts
    return max(pitched, key=lambda part: (part.tune, part.notes, -part.track), default=None)


def _programs(track):
    """The programs of each channel of a track, in order, as a mapping that has () for the others."""
    programs = defaultdict(tuple)
    for _, message in track.events():
        channel = message[0] & 0x0F
        if message[0] & 0xF0 == PROGRAM and message[1] not in programs[channel]:
            programs[channel] += (message[1],)
    return programs


def _name(track):
    names_of = (track.payloads[i] for i in sorted(track.payloads) if tuple(track.messages[i, :2]) == (META, NAME))
    return decode_midi_text(next(names_of, b"")).strip()[:40]


def _likeness(notes_of, effects, division):
    """How much each part, its notes by place, is like a tune: 0 or more; ``effects`` are the places of effects."""
    ticks = division if division > 0 else timing.smpte_ticks_per_second(division) // 2
    end = max((note.end for notes in notes_of.values() for note in notes), default=0)
    alone = {place: _alone(notes) for place, notes in notes_of.items()}
    heard = {place: notes for place, notes in notes_of.items() if place not in effects}
    of_all = skyline(heard)
    of_single = skyline({place: notes for place, notes in heard.items() if alone[place] >= MOSTLY})
    found = {}
    for place, notes in notes_of.items():
        onsets = len({note.start for note in notes})
        highest = (1 - AMONG_SINGLE) * of_all[place] / onsets + AMONG_SINGLE * of_single[place] / onsets
        single = CHORDS + (1 - CHORDS) * alone[place]
        several = min(1, ONE_KEY + _entropy(Counter(note.key % 12 for note in notes)) / SEVERAL_KEYS)
        enough = math.log2(1 + onsets) * min(1, onsets / FEW)
        where = _register(notes) * math.sqrt(_cover(notes, BAR * ticks, end))
        found[place] = highest * single * several * enough * where
    return found


def _alone(notes):
    """The share of onsets at which a single note begins."""
    onsets = Counter(note.start for note in notes)
    return sum(count == 1 for count in onsets.values()) / len(onsets)


def _cover(notes, bar, end):
    """In how much of a piece that lasts to ``end`` notes sound, counted in bars."""
    bars = {number for note in notes for number in (note.start // bar, (note.end - 1) // bar)}
    return len(bars) / max(len(bars), math.ceil(end / bar))


def _register(notes):
    """How far notes are from the register of a bass, 0.1 to 1."""
    lowest, enough = REGISTER
    mean = sum(note.key for note in notes) / len(notes)
    return min(1, max(0.1, (mean - lowest) / (enough - lowest)))


def _entropy(counts):
    """The entropy of counts, in bits."""
    total = sum(counts.values())
    return -sum(count / total * math.log2(count / total) for count in counts.values())


def skyline(notes_of) -> Counter:
    """For each part, its notes by place: at how many of its onsets it has the highest note that sounds."""
    events = sorted(
        (tick, starts, note.key, place)
        for place, notes in notes_of.items()
        for note in notes
        for tick, starts in ((note.start, True), (note.end, False))
    )
    tops, sounding = Counter(), Counter()  # of keys
    for _, moment in itertools.groupby(events, key=lambda event: event[0]):
        struck = {}
        for _, starts, key, place in moment:
            sounding[key] += 1 if starts else -1
            if starts:
                struck[place] = max(key, struck.get(place, 0))
        sounding = +sounding
        highest = max(sounding, default=0)
        tops.update(place for place, key in struck.items() if key == highest)
    return tops
