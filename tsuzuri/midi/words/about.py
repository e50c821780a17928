"""What a piece says of itself before its first note: meter, key, tempo and programs, as words like any others.

The words are those of MIDI's own events, always in this order and all at tick 0: ``00_ff_58…`` ``00_ff_59…``
``00_ff_51…``, and for each channel with notes but the drums ``00_c0_…``. The tempo is the nearest of ``TEMPOS``, so
that a model meets each of them often; a piece's own is kept beside its words.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy

from tsuzuri.midi import timing
from tsuzuri.midi.keys import Key, estimate_key, fits, key_of_payload, pitch_time, shift_to_common, shifted
from tsuzuri.midi.score import DRUMS, END, KEY, META, METER, OFF, ON, PROGRAM, TEMPO, Score, score_of_events
from tsuzuri.midi.words import codec
from tsuzuri.midi.words.lengths import length_of, with_lengths, without_lengths
from tsuzuri.midi.words.settings import BY_EVENT, ONE

STEP = 2 ** (1 / 6)  # from one tempo to the next
TEMPOS = tuple(round(120 * STEP**n) for n in range(-12, 8))  # quarter notes a minute: 30 to 269
ORDER = (METER, KEY, TEMPO)
LAST, HIGHEST_SHIFT = 127, 5  # a key; semitones to the common one: the lowest are one more, -6
CLOCKS = 96  # MIDI clocks of a whole note

Event = tuple[int, bytes]  # tick, message


def meta(kind: int, payload: bytes) -> bytes:
    """The message of a meta event."""
    return bytes([META, kind]) + payload


def meter_payload(numerator: int, denominator: int) -> bytes:
    """A time signature's payload: numerator, log2 of the denominator, MIDI clocks a click, 32nds a quarter note (8)."""
    clocks = CLOCKS // denominator * (3 if numerator % 3 == 0 and denominator >= 8 else 1)
    return bytes([numerator, denominator.bit_length() - 1, max(1, clocks), 8])


def tempo_class(microseconds: float) -> int:
    """The microseconds a quarter note of the nearest of ``TEMPOS``, by ratio."""
    rate = 60 * timing.SECOND / microseconds
    return round(60 * timing.SECOND / min(TEMPOS, key=lambda tempo: max(tempo / rate, rate / tempo)))


def key_of_score(score: Score, signatures: Sequence[bytes]) -> tuple[Key, bool]:
    """The key of a piece, and whether its file says so.

    That of the first of its key ``signatures``, payloads, where it fits the notes, or else the one that these suggest.
    Many a file has the signature of E minor, and calls it G major: where the notes suggest the relative key and end on
    its tonic, they are in that.
    """
    time = pitch_time(score.notes)
    named, heard = key_of_payload(signatures[0]) if signatures else None, estimate_key(time)
    if not named or not fits(named, time):
        return heard, False
    pitched = [note for note in score.notes if note.channel != DRUMS]
    ends = max(pitched, key=lambda note: (note.start, -note.key), default=None)  # the lowest of the last chord
    relative = named.sharps == heard.sharps and ends and ends.key % 12 == heard.tonic
    return (heard, named == heard) if relative else (named, True)


def about_events(score: Score, key: Key, tempo: int, meter: tuple[int, int], programs: Iterable) -> list[Event]:
    """The events that say it of a piece, at tick 0; a channel without one of the ``programs`` has a piano."""
    of_channel = dict(programs)
    channels = sorted({note.channel for note in score.notes} - {DRUMS})
    said = [meta(METER, meter_payload(*meter)), meta(KEY, key.payload())]
    said.append(meta(TEMPO, tempo_class(tempo).to_bytes(3, "big")))
    said += [bytes([PROGRAM | channel, of_channel.get(channel, 0)]) for channel in channels]
    return [(0, message) for message in said]


def kind_of(message: bytes | None) -> int | None:
    """What a message says of a piece: ``METER``, ``KEY``, ``TEMPO`` or ``PROGRAM``; None for any other."""
    if message is None:
        return None
    if message[0] == META:
        return message[1] if message[1] in ORDER else None
    return PROGRAM if message[0] & 0xF0 == PROGRAM else None


def with_own_tempo(events: Sequence[Event], tempo: int) -> list[Event]:
    """The events with a piece's own ``tempo``, microseconds a quarter note, where they begin with its class."""
    kept = list(events)
    for n, (tick, message) in enumerate(kept):
        if tick or kind_of(message) is None:
            break
        if kind_of(message) == TEMPO and int.from_bytes(message[2:], "big") == tempo_class(tempo):
            kept[n] = tick, meta(TEMPO, tempo.to_bytes(3, "big"))
    return kept


def split_about(events: Sequence[Event]) -> tuple[list[Event], list[Event]]:
    """The events at the beginning that say what a piece is, and all others."""
    count = 0
    while count < len(events) and events[count][0] == 0 and kind_of(events[count][1]) is not None:
        count += 1
    return list(events[:count]), list(events[count:])


def said_and_rest(
    events: Sequence[Event], division: int, tempo: int, meter: tuple[int, int], programs: Iterable
) -> tuple[list[Event], list[Event]]:
    """As ``split_about``, but what events with notes do not say is added in its place, as ``about_events`` has it."""
    said, rest = split_about(events)
    if not rest:
        return said, rest
    score = score_of_events(rest, division)[0]
    key = key_said(said) or estimate_key(pitch_time(score.notes))
    own = {what_is_said(message): message for _, message in said}
    whole = about_events(score, key, tempo, meter, programs)
    start = [own.pop(what_is_said(message), message) for _, message in whole]
    return [(0, message) for message in (*start, *own.values())], rest


def what_is_said(message: bytes) -> bytes:
    """What a message says something of: the bytes of a kind of meta event, or of the program of a channel."""
    return message[:1] if kind_of(message) == PROGRAM else message[:2]


def key_said(events: Iterable[Event]) -> Key | None:
    """The key that the first key signature of some events says."""
    return next((key_of_payload(message[2:]) for _, message in events if kind_of(message) == KEY), None)


def moved_events(events: Iterable[Event], semitones: int) -> list[Event]:
    """The events with all notes but the drums' so many semitones higher, key signatures as they were.

    All go an octave the other way where one would leave MIDI's keys; where others would then, each by itself, and two
    that come to one key are made legal.
    """
    moved = list(events)
    if not semitones:
        return moved
    pitched = [n for n, (_, message) in enumerate(moved) if message[0] & 0xF0 in (OFF, ON) and not _is_drum(message)]
    found = [moved[n][1][1] for n in pitched]
    if found and max(found) + semitones > LAST:
        semitones -= 12
    elif found and min(found) + semitones < 0:
        semitones += 12
    for n in pitched:
        tick, message = moved[n]
        moved[n] = tick, bytes([message[0], shifted(message[1], semitones)]) + message[2:]
    if found and not (min(found) + semitones >= 0 and max(found) + semitones <= LAST):
        ends = [event for event in moved if event[1] == END]
        legal = score_of_events(without_lengths(moved), timing.TICKS)[0].events()
        return (with_lengths(legal) if any(length_of(message) for _, message in moved) else legal) + ends
    return moved


def in_common_key(events: Sequence[Event]) -> list[Event]:
    """The events with their notes brought to C major or C minor from the key that they say; as they are without one."""
    key = key_said(events)
    return moved_events(events, shift_to_common(key) if key else 0)


def in_own_key(events: Sequence[Event], key: Key | None = None) -> list[Event]:
    """The events of ``in_common_key`` brought back to the key that they say, or to another one of its mode."""
    own = key or key_said(events)
    return in_key(events, own, common=True) if own else list(events)


def in_key(events: Sequence[Event], key: Key, common: bool) -> list[Event]:
    """The events said to be in a key, to which their notes are brought from a ``common`` one where they are in that."""
    back = moved_events(events, -shift_to_common(key)) if common else events
    return [(tick, meta(KEY, key.payload()) if kind_of(message) == KEY else message) for tick, message in back]


def model_words(words: Iterable[str], keys: str, form: str = BY_EVENT) -> list[str]:
    """A piece's words as a model learns them: with ``keys`` "one", in C major or C minor.

    By the ``form``, the setting ``words``, a note is one of them or two.
    """
    words = codec.in_form(words, form)
    if keys != ONE:
        return words
    deltas, messages = zip(*map(codec.decode_word, words), strict=True)
    events = without_lengths(zip(itertools.accumulate(deltas), messages, strict=True))
    return codec.encode_events(in_common_key(events), form)


def leanings(notes: Mapping[str, Sequence[int]]) -> dict[bool, numpy.ndarray]:
    """How much less likely each step above the tonic is in a mode than in all pieces, in nats: (12,) float32.

    By ``minor``; ``notes`` are counts in "major" and "minor". No step becomes likelier: where few pieces are in minor,
    the minor third would come a dozen times as often, and little else.
    """
    counts = {minor: numpy.array(notes[name], float) + 1 for name, minor in (("major", False), ("minor", True))}
    whole = counts[False] + counts[True]
    shares = {minor: (count / count.sum()) / (whole / whole.sum()) for minor, count in counts.items()}
    return {minor: numpy.minimum(0, numpy.log(share)).astype("f") for minor, share in shares.items()}


class Opening:
    """What the words of a new piece may be until it has said what it is: one after another, some of them asked for.

    ``parsed`` is the (delta, message) of each id, or None; ``asked`` maps ``METER``, ``KEY``, ``TEMPO`` and ``PROGRAM``
    to a payload, or a program, which the vocabulary has. ``leaning`` is of ``leanings``; in a
    ``common`` key notes are those of C major or C minor, or else of the key that a piece says.
    """

    def __init__(
        self,
        parsed: Sequence[Event | None],
        asked: Mapping[int, Any] = {},
        leaning: Mapping[bool, numpy.ndarray] = {},
        common: bool = False,
    ):
        self._leaning, self._common = leaning, common
        notes = numpy.array([event[1][1] if event and _is_pitched(event[1]) else -1 for event in parsed])  # (V,)
        self._struck = numpy.flatnonzero(notes >= 0)
        self._pitches = notes[self._struck]
        self._kinds = numpy.array([_opening_kind(event) for event in parsed])  # (V,)
        self._channel = numpy.array([event[1][0] & 0x0F if event else 0 for event in parsed])
        drums = any(event and event[1][0] == ON | DRUMS for event in parsed)
        self._forced = asked.get(PROGRAM) is not None or not drums  # or else a piece may be of drums alone
        self.ids = numpy.flatnonzero(self._kinds)
        self._slots = [self._chosen(parsed, kind, asked) for kind in ORDER]
        self._programs = self._chosen(parsed, PROGRAM, asked)

    def _chosen(self, parsed, kind, asked):
        """The ids of a kind, of what is asked for alone where something is."""
        ids = numpy.flatnonzero(self._kinds == kind)
        if asked.get(kind) is None:
            return ids
        start = 1 if kind == PROGRAM else 2
        return numpy.array([i for i in ids if parsed[i][1][start:] == asked[kind]], int)

    def lean(self, key: Key) -> numpy.ndarray:
        """What is added to the logits (V,) of notes in a piece that says a key, so that it stays in it.

        A model that has read many words no longer knows what the first of them said, and of few pieces in minor goes on
        in major. So a note of a step that is rarer in the mode than in all pieces is made so much less likely.
        """
        added = numpy.zeros(len(self._kinds), "f")
        if self._common:  # what would leave MIDI's keys in some key that is asked for
            leaves = (self._pitches < HIGHEST_SHIFT) | (self._pitches > LAST - HIGHEST_SHIFT - 1)
            added[self._struck[leaves & ~leaves.all()]] = -numpy.inf
        if self._leaning:
            steps = self._pitches - (0 if self._common else key.tonic)
            added[self._struck] += self._leaning[key.minor][steps % 12]
        return added

    def allowed(self, said: Sequence[bytes]) -> tuple[numpy.ndarray, bool]:
        """The ids (n,) that may follow what a piece has ``said`` of itself, and whether nothing else may.

        What no word says is left out. After the tempo come programs, of higher and higher channels; one at least, but
        where a piece may be of drums.
        """
        kinds = {kind_of(message) for message in said}
        for kind, ids in zip(ORDER, self._slots, strict=True):
            if kind not in kinds and len(ids):
                return ids, True
        last = max((message[0] & 0x0F for message in said if kind_of(message) == PROGRAM), default=-1)
        ids = self._programs[self._channel[self._programs] > last]
        return ids, self._forced and last < 0 and len(ids) > 0


def _is_drum(message):
    return message[0] & 0x0F == DRUMS


def _is_pitched(message):
    return message[0] & 0xF0 == ON and not _is_drum(message)


def _opening_kind(event):
    """The kind of a word of no delta that says what a piece is, 0 for any other."""
    return kind_of(event[1]) or 0 if event and event[0] == 0 else 0
