"""A MIDI file to pieces of words and back, by settings that are kept with the words."""

from collections.abc import Sequence
from typing import NamedTuple

from tsuzuri.midi import controls, gaps, pedal, rests, timing
from tsuzuri.midi.file import smf
from tsuzuri.midi.keys import Key
from tsuzuri.midi.line import highest_line, one_at_a_time
from tsuzuri.midi.reading import read_music
from tsuzuri.midi.score import DRUMS, END, KEY, META, METER, OFF, ON, PROGRAM, TEMPO, Score, score_of_events
from tsuzuri.midi.words import about, codec, tracks
from tsuzuri.midi.words.about import meta, meter_payload
from tsuzuri.midi.words.parts import file_parts
from tsuzuri.midi.words.settings import ALL, AUTO, CUT, KEEP, NOTES, Settings

_PRESSURE = 0xA0  # of one key


class PieceWords(NamedTuple):
    """A line of words, with what the words alone may lack.

    ``division`` as in a file, ``tempo`` in microseconds a quarter note, ``meter`` as (numerator, denominator),
    ``programs`` as (channel, program) pairs; ``of``: the name of the piece that this is a copy of, transposed or
    stretched, or None.
    """

    name: str
    words: list
    division: int
    tempo: int
    meter: tuple
    programs: tuple = ()
    of: str | None = None

    def score(self) -> Score:
        """The ``Score`` of the words, mended where they are not legal."""
        events, _ = codec.decode_events(self.words, self.division)
        return score_of_events(events, self.division)[0]


def is_program(channel, program):
    """Whether a channel, from 0, and a program are in range."""
    return type(channel) is type(program) is int and 0 <= channel < 16 and 0 <= program < 128


class Converted(NamedTuple):
    """The pieces of a file, the original first; the number of notes mended; remarks on faults and losses.

    ``taken`` and ``left`` are the file's parts (``parts.FilePart``). Of what was taken the ``doubled`` notes, which
    sound below the tune, ``bars`` of rest, and ``thinned`` controls are left out. ``key`` is that of the original where
    its words say it, and ``named`` whether the file said so too.
    """

    pieces: list
    mended: int
    remarks: list
    taken: Sequence = ()
    left: Sequence = ()
    doubled: int = 0
    bars: float = 0
    thinned: int = 0
    key: Key | None = None
    named: bool = False


def convert_file(name: str, data: bytes, settings: Settings, strict: bool = False) -> Converted:
    """The ``Converted`` of a MIDI file's bytes; raises ``ValueError`` with the reason for a file that cannot be read.

    ``strict`` refuses a file that breaks the standard, instead of mending it.
    """
    file, remarks = read_music(data, strict)
    parts = file_parts(file)
    chosen = tracks.chosen_events(file, parts, settings, settings.events)
    score, mended = score_of_events(chosen.events, file.division)
    played = len(score.notes)
    is_line = settings.track == AUTO and settings.rules > 1 and chosen.left and not chosen.taken[0].is_drums
    if is_line:
        score = score._replace(notes=highest_line(score.notes))
    doubled = played - len(score.notes)
    everything = tracks.chosen_events(file, parts, settings, ALL).events
    whole = [event for event in everything if event[1][0] & 0xF0 not in (OFF, ON)]
    score, frame, heard = _as_heard(score, score._replace(others=whole), settings, bool(file.problems))
    if is_line:
        score = score._replace(notes=one_at_a_time(score.notes))  # a pedal holds them into one another
    before = len(score.notes)
    original, frame = _in_time(score, frame, settings)
    original, frame, bars, thinned = _trimmed(original, frame, settings)
    context = timing.main_tempo(frame), timing.main_meter(frame), _programs(frame.others)
    key, named = about.key_of_score(original, [payload for _, payload in frame.meta_events(KEY)])
    pieces, lost = [], heard
    for label, semitones, copy in _copies(original, settings):
        score = quantize_velocities(copy, settings.velocities) if settings.velocities != KEEP else copy
        if settings.grid != KEEP:
            score = timing.snap_to_grid(score, settings.grid)
        if not label and len(score.notes) < before:
            lost.append(f"{before - len(score.notes)} notes fell together with others of their key")
        events = score.events() + [(score.end, END)] * (settings.events == ALL)
        if settings.about:
            events = about.about_events(score, key.moved(semitones), *context) + events
        of = name if label else None
        words = codec.encode_events(events, settings.words)
        pieces.append(PieceWords(name + label, words, score.division, *context, of))
    said = (key, named) if settings.about else ()
    remarks += chosen.remarks + lost
    return Converted(pieces, mended, remarks, chosen.taken, chosen.left, doubled, bars, thinned, *said)


def _in_time(score, frame, settings):
    """A score, and its frame that has all tempo events and signatures, in the ticks that the settings ask for."""
    tempo_map = timing.tempo_changes(frame)
    if settings.ticks_per_beat != KEEP:
        ticks = settings.ticks_per_beat
    elif settings.grid != KEEP and score.division < 0:
        ticks = timing.TICKS
    else:
        return score, frame
    return tuple(timing.in_musical_time(each, ticks, tempo_map) for each in (score, frame))


def _as_heard(score, frame, settings, faulty):
    """A score as it is heard, its ``frame``, which has all events but notes, and remarks on what was changed.

    Where only notes are kept, they last as long as the pedal holds them. A rest too long to be meant is shortened.
    """
    remarks = []
    if settings.events == NOTES:
        if not score.notes:
            raise ValueError("holds no notes")
        end = max([frame.end, *(tick for tick, _ in frame.others)])  # where the pedal is lifted
        held, longer = pedal.hold_notes(frame._replace(end=end))
        end = max(note.end for note in held.notes)
        score, frame = (each._replace(notes=held.notes, end=end) for each in (score._replace(others=[]), frame))
        remarks = [f"{longer:,} notes are held by the pedal"] * bool(longer)
    ticks = 0 if settings.ticks_per_beat == KEEP else settings.ticks_per_beat
    long = gaps.long_rests(frame, settings.max_rest, faulty, ticks)
    remarks += [gaps.remark(frame, long)] if long else []
    return gaps.shorten(score, long), gaps.shorten(frame, long), remarks


def _trimmed(score, frame, settings):
    """A score and its frame without long rests and with few controls, and how many bars and controls were left out."""
    bars = thinned = 0
    if score.division < 0:
        return score, frame, 0, 0
    if settings.rests == CUT:
        (score, bars), frame = rests.cut_rests(score, frame), rests.cut_rests(frame, frame).score
    if settings.controls != KEEP:
        thinned = len(score.others)
        score = controls.thin_controls(score, settings.controls)
        thinned -= len(score.others)
    return score, frame, bars, thinned


def _programs(events):
    """The first program of each channel that has any, as (channel, program) pairs."""
    programs = [message for _, message in events if message[0] & 0xF0 == PROGRAM]
    return tuple(sorted({message[0] & 0x0F: message[1] for message in reversed(programs)}.items()))


def _copies(original, settings):
    """Yield the (label, semitones, score) of a score, whose label is empty, and of its copies."""
    low, high = settings.transpose
    semitones = sorted({0, *range(low, high + 1)}, key=lambda n: (abs(n), n))
    for factor in dict.fromkeys((1.0, *settings.stretch)):
        stretched = timing.stretch(original, factor) if factor != 1 else original
        for n in semitones:
            copy = transpose(stretched, n)
            if copy is not None:
                yield (f" x{factor:g}" if factor != 1 else "") + (f" {n:+d}" if n else ""), n, copy


def transpose(original, semitones):
    """The score moved up by ``semitones``, key signatures too, drums not; None where a key would leave 0..127."""
    if not semitones:
        return original
    notes, others = [], []
    for note in original.notes:
        key = note.key + semitones * (note.channel != DRUMS)
        if not 0 <= key <= 127:
            return None
        notes.append(note._replace(key=key))
    for tick, message in original.others:
        if message[0] & 0xF0 == _PRESSURE and message[0] & 0x0F != DRUMS:
            message = bytes([message[0], min(127, max(0, message[1] + semitones)), message[2]])
        elif message[0] == META and message[1] == KEY:
            sharps = int.from_bytes(message[2:3], "big", signed=True)  # a semitone is seven fifths
            message = bytes([META, KEY, ((sharps + 7 * semitones + 5) % 12 - 5) % 256]) + message[3:]
        others.append((tick, message))
    return original._replace(notes=notes, others=others)


def quantize_velocities(original, bins):
    """The score with each velocity 1..127 replaced by the middle of its range, one of ``bins`` equal ones."""
    middles = [1 + (2 * b + 1) * 127 // (2 * bins) for b in range(bins)]
    notes = [note._replace(velocity=middles[(note.velocity - 1) * bins // 127]) for note in original.notes]
    return original._replace(notes=notes)


def encode_piece(
    piece: PieceWords, tempo: float | None = None, program: int | None = None
) -> tuple[bytes, list[codec.Fault]]:
    """The bytes of a piece's MIDI file, of format 0, and the ``codec.Fault`` of each word that had to be mended.

    Tempo, meter, and the program of each channel are the piece's where its words have none. ``tempo`` (quarter notes a
    minute) and ``program`` (0..127) replace both the piece's and those in the words.
    """
    events, faults = codec.decode_events(piece.words, piece.division)
    events = about.with_own_tempo(events, piece.tempo)
    said = {message[:2] for _, message in events}
    usual = {TEMPO: timing.MICROSECONDS.to_bytes(3, "big"), METER: meter_payload(4, 4)} if END in said else {}
    own = {TEMPO: piece.tempo.to_bytes(3, "big"), METER: meter_payload(*piece.meter)}
    start = [
        meta(kind, payload)
        for kind, payload in own.items()
        if bytes([META, kind]) not in said and usual.get(kind) != payload
    ]
    channels = {message[0] & 0x0F for _, message in events if message[0] & 0xF0 == ON}
    lacking = channels - {message[0] & 0x0F for _, message in events if message[0] & 0xF0 == PROGRAM}
    start += [bytes([PROGRAM | channel, number]) for channel, number in piece.programs if channel in lacking]
    if tempo:
        events = [event for event in events if event[1][:2] != bytes([META, TEMPO])]
        start = [message for message in start if message[:2] != bytes([META, TEMPO])]
        start.append(meta(TEMPO, round(60 * timing.SECOND / tempo).to_bytes(3, "big")))
    if program is not None:
        events = [event for event in events if event[1][0] & 0xF0 != PROGRAM]
        start = [message for message in start if message[0] & 0xF0 != PROGRAM]
        start += [bytes([PROGRAM | channel, program]) for channel in sorted(channels - {DRUMS})]
    track = smf.make_track([(0, message) for message in start] + events)
    return smf.write_smf(smf.MidiFile(0, piece.division, [track], [])), faults
