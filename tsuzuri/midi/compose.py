"""New pieces from a model's draws: their beginning, growth and end."""

import dataclasses
import os
from typing import NamedTuple

from tsuzuri.errors import UserError, read_failure
from tsuzuri.midi import names, timing
from tsuzuri.midi.score import DRUMS, END, META, METER, ON, TEMPO, score_of_events
from tsuzuri.midi.words import codec, sources, wordfile
from tsuzuri.midi.words.about import meta, meter_payload, tempo_class
from tsuzuri.midi.words.convert import PieceWords, convert_file
from tsuzuri.midi.words.lengths import ONSET, length_of, with_lengths
from tsuzuri.midi.words.settings import ALL, BY_EVENT, BY_NOTE, KEEP, settings_from_json

LONGEST = 1000  # notes of a piece that does not end by itself
DENSEST = 500  # notes in a bar or a second, beyond which a piece is brought to its end
TEMPO_EVENT, METER_EVENT = bytes([META, TEMPO]), bytes([META, METER])  # how they begin
WORDS = 50  # for each of these notes, beyond which it is as well
BEGINNINGS = f"a MIDI file, a file of words that ends in {wordfile.SUFFIX}, or words such as 00_90_4050"


class MusicVocabulary:
    """The words of a music model as events: ``parsed[i]`` is the (delta, message) of id i, None for a special word."""

    def __init__(self, words):
        self.parsed = [_parsed(word) for word in words]
        self.ids = {event: i for i, event in enumerate(self.parsed) if event}
        self._alike = {}
        for i, event in enumerate(self.parsed):
            if event:
                self._alike.setdefault(event[1][:2], []).append(i)

    def nearest(self, event):
        """The id of the word most like a (delta, message), or None: same status and first data byte, near in time."""
        delta, message = event
        if event in self.ids:
            return self.ids[event]

        def distance(i):
            word_delta, word_message = self.parsed[i]
            data, word_data = (_value(each) for each in (message, word_message))
            lasts = abs(length_of(word_message) - length_of(message))
            return abs(word_delta - delta) + lasts, abs(word_data - data), i

        return min(self._alike.get(message[:2], ()), key=distance, default=None)

    def onset_keys(self):
        """For each id the channel and key of the note that it starts, as one number; -1 for a drum or no note."""
        return [
            event[1][0] << 8 | event[1][1] if event and event[1][0] & 0xF0 == ON and event[1][0] & 0x0F != DRUMS else -1
            for event in self.parsed
        ]


def _value(message):
    """What two messages of a kind and key, or controller, differ in: of a note that is its velocity."""
    return int.from_bytes(message[2:ONSET] if length_of(message) else message[2:], "big")


def _parsed(word):
    try:
        return codec.decode_word(word)
    except ValueError:
        return None


class Beginning(NamedTuple):
    """The beginning of a piece: legal (tick, message) events, and tempo, meter and programs as ``PieceWords`` has them.

    ``from_file``: whether it comes from a file, which may hold events that the model has no word for; ``taken``: what
    part of a file of several it is, or "". ``rest``: the ticks from the last event to the end of the beginning, where
    what follows begins.
    """

    events: list
    tempo: int
    meter: tuple
    programs: tuple
    from_file: bool
    taken: str = ""
    rest: int = 0


def read_beginning(text, about):
    """The ``Beginning`` in ``text``: words, or the path of a MIDI file or a file of words.

    ``about`` is the report that a run keeps of its music (``collect.check_midi_report``); a MIDI file is converted by
    the same settings. Raises ``UserError`` for any other text.
    """
    division = about["division"]
    if not os.path.isfile(text):
        words = text.split()
        open_notes = settings_from_json(about["settings"]).words == BY_EVENT
        events, faults = codec.decode_events(words, division, unfinished=open_notes)
        if faults:
            raise UserError(_no_beginning(text, words, *faults[0]))
        programs = tuple(map(tuple, about["programs"]))
        context = about["tempo"], tuple(about["meter"]), programs
        return Beginning(_without_end(events), *context, False, rest=_closing_rest(events))
    if text.lower().endswith(wordfile.SUFFIX):
        _, pieces = wordfile.load_words(text)
        return _beginning_of_pieces(text, pieces, division)
    try:
        with open(text, "rb") as stream:
            data = stream.read()
    except OSError as error:
        raise UserError(f"{text}: {read_failure(error)}") from None
    return beginning_of_midi(text, data, about)


def _no_beginning(text, words, index, reason):
    """What is wrong with a ``text`` that is no file, and of whose ``words`` that at ``index`` is none."""
    if os.path.isdir(text):
        return f"{text}: is a folder, must be {BEGINNINGS}"
    if os.path.exists(text):
        return f"{text}: is a device or a pipe, must be {BEGINNINGS}"
    if text.lower().endswith(sources.MUSIC):
        return f"{text}: no such file"
    return f"word {index + 1} to begin with, {wordfile.cut_word(words[index])!r}, {reason}; and there is no such file"


def beginning_of_midi(path, data, about):
    """The ``Beginning`` that the bytes of a MIDI file are, which is called ``path``; the rest as ``read_beginning``."""
    settings = dataclasses.replace(settings_from_json(about["settings"]), transpose=(0, 0), stretch=())
    kept = dataclasses.replace(settings, rests=KEEP)
    try:
        converted, as_it_is, whole = (
            convert_file(os.path.basename(path), data, each)
            for each in (settings, kept, dataclasses.replace(kept, events=ALL, about=False))
        )
    except ValueError as error:
        raise UserError(f"{path}: {error}: must be {BEGINNINGS}") from None
    beginning = _beginning_of_pieces(path, converted.pieces, about["division"])
    taken = "; ".join(part.label() for part in converted.taken)
    # the closing rest, which notes alone do not say, and which is not cut
    (end, _), (_, last) = (_ends(each.pieces[0].words, about["division"]) for each in (whole, as_it_is))
    return beginning._replace(taken=taken if converted.left else "", rest=max(0, end - last))


def _ends(words, division):
    """The ticks of the last event of a piece, and of the last but for the end of its track."""
    events = codec.decode_events(words, division)[0]
    return max((tick for tick, _ in events), default=0), max((tick for tick, _ in _without_end(events)), default=0)


def _beginning_of_pieces(path, pieces, division):
    if len(pieces) > 1:
        raise UserError(f"{path}: holds {len(pieces)} pieces, only one can be begun with")
    piece = pieces[0]
    if piece.division != division:
        raise UserError(f"{path}: has {piece.division} ticks a quarter note, the run has {division}")
    events, _ = codec.decode_events(piece.words, division)
    return Beginning(_without_end(events), piece.tempo, piece.meter, piece.programs, True, rest=_closing_rest(events))


def _closing_rest(events):
    """The ticks from the last event to the end of the track, where the events have one."""
    ends = [tick for tick, message in events if message == END]
    return ends[-1] - max((tick for tick, message in events if message != END), default=0) if ends else 0


def _without_end(events):
    return [event for event in events if event[1] != END]


def usual_messages(beginning, kinds):
    """Meter and tempo, as a new piece of such a kind of events has them where the model says no others.

    None where the words of pieces do not say them, nor for what a file begins, which has its own.
    """
    if kinds != ALL or (beginning.from_file and beginning.events):
        return ()
    return meta(METER, meter_payload(*beginning.meter)), meta(TEMPO, beginning.tempo.to_bytes(3, "big"))


def beginning_ids(events, vocabulary, unknown, run_path, own=lambda event: event):
    """The ids of (tick, message) events in a ``MusicVocabulary``, and the number of events that have no word in it.

    Such an event becomes the most similar word, if there is any, where ``unknown`` is "nearest"; is left out where it
    is "skip"; and raises ``UserError``, which names the ``run_path``, where it is "error". ``own`` is what a (delta,
    message) of the model is in the piece.
    """
    ids, unlike, last = [], 0, 0
    for tick, message in events:
        event, last = (tick - last, message), tick
        i = vocabulary.ids.get(event)
        if i is None and unknown != "skip":
            i = vocabulary.nearest(event)
            if unknown == "error":
                nearest = codec.encode_word(*own(vocabulary.parsed[i])) if i is not None else "none like it"
                known = f"{run_path} knows {nearest} (--unk skip or --unk nearest goes on)"
                raise UserError(f"{codec.encode_word(*own(event))}: not a known word; {known}")
        unlike += vocabulary.ids.get(event) is None
        ids += [i] * (i is not None)
    return ids, unlike


def grow_pieces(rows, grammar, length):
    """Let ``grammar`` take draws from ``rows`` until every piece has ended; after ``length`` words they are closed.

    A generator that yields None after each draw, so that what the pieces have grown by can be seen.
    """
    for count, ids in enumerate(rows, 1):
        grammar.take(ids)
        yield
        if grammar.over():
            return
        if count == length:
            grammar.close()


def events_in_form(events, form):
    """Legal events as a model reads them, a note as one or as two by the setting ``words``."""
    return with_lengths(events) if form == BY_NOTE else list(events)


def finished_pieces(grammar, beginning, opening):
    """The ``PieceWords`` of each row of a grammar whose pieces have all ended; ``opening`` is a ``PieceOpening``."""
    pieces, form = [], opening.settings.words
    for row, events in enumerate(map(opening.written, grammar.events)):
        context = *_own_time(events, grammar.division, beginning), opening.programs(events, beginning.programs)
        pieces.append(PieceWords(piece_name(row), codec.encode_events(events, form), grammar.division, *context))
    return pieces


def _own_time(events, division, beginning):
    """The tempo and the meter of a piece: its own where its words say them, else those that it began with."""
    kinds = {message[:2] for _, message in events}
    score, _ = score_of_events(events, division) if kinds & {TEMPO_EVENT, METER_EVENT} else (None, 0)
    tempo = timing.main_tempo(score) if TEMPO_EVENT in kinds else beginning.tempo
    if beginning.events and tempo == tempo_class(beginning.tempo):  # which is what its words say of it
        tempo = beginning.tempo
    return tempo, timing.main_meter(score) if METER_EVENT in kinds else beginning.meter


def piece_name(row: int) -> str:
    """What a new piece is called, by its row from 0."""
    return f"tune-{row + 1}"


def note_line(piece: PieceWords) -> str:
    """The notes of a piece by name in one line, such as ``C4+E4 G4 | - | A4``.

    "|" stands between two bars, "+" between notes that begin together, "-" for a bar in which none begins.
    """
    bar = timing.bar_length(*piece.meter, piece.division)
    bars: dict[int, dict[int, list[str]]] = {}
    for tick, message in codec.decode_events(piece.words, piece.division)[0]:
        if message[0] & 0xF0 == ON:
            drum = message[0] & 0x0F == DRUMS
            name = names.drum_name(message[1]) if drum else names.key_name(message[1])
            bars.setdefault(int(tick // bar), {}).setdefault(tick, []).append(name)
    shown = [bars.get(number, {}).values() for number in range(max(bars, default=-1) + 1)]
    return " | ".join(" ".join("+".join(chord) for chord in chords) or "-" for chords in shown) or "(no note)"
