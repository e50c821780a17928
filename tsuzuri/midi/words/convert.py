"""A MIDI file to pieces of words and back, by settings that are kept with the words."""

from typing import NamedTuple

from tsuzuri.midi import gaps, pedal, timing
from tsuzuri.midi.file import smf
from tsuzuri.midi.reading import read_music
from tsuzuri.midi.score import DRUMS, END, KEY, META, METER, OFF, ON, TEMPO, Score, score_of_events
from tsuzuri.midi.words import codec, tracks
from tsuzuri.midi.words.settings import ALL, KEEP, NOTES, Settings

_PRESSURE, _PROGRAM = 0xA0, 0xC0  # of one key; the instrument


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


def is_meter(numerator: object, denominator: object) -> bool:
    """Whether a time signature is possible."""
    numbers = type(numerator) is type(denominator) is int
    return numbers and 0 < numerator < 256 and denominator in (1, 2, 4, 8, 16, 32, 64, 128)


def is_program(channel, program):
    """Whether a channel, from 0, and a program are in range."""
    return type(channel) is type(program) is int and 0 <= channel < 16 and 0 <= program < 128


class Converted(NamedTuple):
    """The pieces of a file, the original first; the number of notes mended; remarks on faults and losses."""

    pieces: list
    mended: int
    remarks: list


def convert_file(name: str, data: bytes, settings: Settings, strict: bool = False) -> Converted:
    """The ``Converted`` of a MIDI file's bytes; raises ``ValueError`` with the reason for a file that cannot be read.

    ``strict`` refuses a file that breaks the standard, instead of mending it.
    """
    file, remarks = read_music(data, strict)
    events, left_out = tracks.merge_tracks(file, settings.track, settings.events)
    original, mended = score_of_events(events, file.division)
    whole = [
        event for event in tracks.merge_tracks(file, settings.track, ALL)[0] if event[1][0] & 0xF0 not in (OFF, ON)
    ]
    original, frame, heard = _as_heard(original, original._replace(others=whole), settings, bool(file.problems))
    left_out += heard
    context = timing.main_tempo(frame), timing.main_meter(frame), _programs(frame.others)
    before, tempo_map = len(original.notes), timing.tempo_changes(frame)
    if settings.ticks_per_beat != KEEP:
        original = timing.in_musical_time(original, settings.ticks_per_beat, tempo_map)
    elif settings.grid != KEEP and original.division < 0:
        original = timing.in_musical_time(original, tempo_map=tempo_map)
    pieces = []
    for label, copy in _copies(original, settings):
        score = quantize_velocities(copy, settings.velocities) if settings.velocities != KEEP else copy
        if settings.grid != KEEP:
            score = timing.snap_to_grid(score, settings.grid)
        if not label and len(score.notes) < before:
            left_out.append(f"{before - len(score.notes)} notes fell together with others of their key")
        events = score.events() + [(score.end, END)] * (settings.events == ALL)
        of = name if label else None
        pieces.append(PieceWords(name + label, codec.encode_events(events), score.division, *context, of))
    return Converted(pieces, mended, remarks + left_out)


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
    rests = gaps.long_rests(frame, settings.max_rest, faulty, ticks)
    remarks += [gaps.remark(frame, rests)] if rests else []
    return gaps.shorten(score, rests), gaps.shorten(frame, rests), remarks


def _programs(events):
    """The first program of each channel that has any, as (channel, program) pairs."""
    programs = [message for _, message in events if message[0] & 0xF0 == _PROGRAM]
    return tuple(sorted({message[0] & 0x0F: message[1] for message in reversed(programs)}.items()))


def _copies(original, settings):
    """Yield the (label, score) of a score, whose label is empty, and of its copies."""
    low, high = settings.transpose
    semitones = sorted({0, *range(low, high + 1)}, key=lambda n: (abs(n), n))
    for factor in dict.fromkeys((1.0, *settings.stretch)):
        stretched = timing.stretch(original, factor) if factor != 1 else original
        for n in semitones:
            copy = transpose(stretched, n)
            if copy is not None:
                yield (f" x{factor:g}" if factor != 1 else "") + (f" {n:+d}" if n else ""), copy


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

    Where the words are notes alone, tempo, meter and programs are those of the piece. ``tempo`` (quarter notes a
    minute) and ``program`` (0..127) replace both the piece's and those in the words.
    """
    events, faults = codec.decode_events(piece.words, piece.division)
    start = []
    if not any(message[0] == META for _, message in events):
        start = [_meta(TEMPO, piece.tempo.to_bytes(3, "big")), _meta(METER, _meter(*piece.meter))]
    channels = {message[0] & 0x0F for _, message in events if message[0] & 0xF0 == ON}
    if not any(message[0] & 0xF0 not in (OFF, ON) for _, message in events):
        start += [bytes([_PROGRAM | channel, number]) for channel, number in piece.programs if channel in channels]
    if tempo:
        events = [event for event in events if event[1][:2] != bytes([META, TEMPO])]
        start = [message for message in start if message[:2] != bytes([META, TEMPO])]
        start.append(_meta(TEMPO, round(60 * timing.SECOND / tempo).to_bytes(3, "big")))
    if program is not None:
        events = [event for event in events if event[1][0] & 0xF0 != _PROGRAM]
        start = [message for message in start if message[0] & 0xF0 != _PROGRAM]
        start += [bytes([_PROGRAM | channel, program]) for channel in sorted(channels - {DRUMS})]
    track = smf.make_track([(0, message) for message in start] + events)
    return smf.write_smf(smf.MidiFile(0, piece.division, [track], [])), faults


def _meta(kind, payload):
    return bytes([META, kind]) + payload


def _meter(numerator, denominator):
    """A time signature's payload: numerator, log2 of the denominator, MIDI clocks a click, 32nds a quarter note (8)."""
    clocks = 96 // denominator * (3 if numerator % 3 == 0 and denominator >= 8 else 1)
    return bytes([numerator, denominator.bit_length() - 1, max(1, clocks), 8])
