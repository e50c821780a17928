"""New pieces from a model's draws: what they begin with, how they grow, and where they end."""

import dataclasses
import os
from typing import NamedTuple

from tsuzuri.errors import UserError
from tsuzuri.midi.score import DRUMS, END, ON
from tsuzuri.midi.words import codec, wordfile
from tsuzuri.midi.words.convert import Piece, convert_file
from tsuzuri.midi.words.settings import settings_from_json

WORDS = 2000  # of a piece that does not end of itself
DENSEST = 1000  # words in a bar or a second, beyond which a piece is brought to its end


class MusicVocabulary:
    """The words of a music model by what they mean: ``parsed[i]`` is the (delta, message) of id i, None where none."""

    def __init__(self, spelled):
        self.parsed = [_parsed(word) for word in spelled]
        self.ids = {event: i for i, event in enumerate(self.parsed) if event}
        self._alike = {}
        for i, event in enumerate(self.parsed):
            if event:
                self._alike.setdefault(event[1][:2], []).append(i)

    def nearest(self, event):
        """The id of the word most like a (delta, message): of the same status and key, the delta nearest; or None."""
        delta, message = event
        if event in self.ids:
            return self.ids[event]

        def distance(i):
            other, found = self.parsed[i]
            return abs(other - delta), abs(int.from_bytes(found[2:], "big") - int.from_bytes(message[2:], "big")), i

        return min(self._alike.get(message[:2], ()), key=distance, default=None)

    def onset_keys(self):
        """For each id the channel and key of the note that it strikes as one number, -1 where it strikes none."""
        return [
            event[1][0] << 8 | event[1][1] if event and event[1][0] & 0xF0 == ON and event[1][0] & 0x0F != DRUMS else -1
            for event in self.parsed
        ]


def _parsed(word):
    try:
        return codec.decode_word(word)
    except ValueError:
        return None


class Beginning(NamedTuple):
    """What a piece begins with: legal (tick, message) events, their tempo, meter and programs as a ``Piece`` has them,
    and whether they come from a file, which may hold what the model has no word for."""

    events: list
    tempo: int
    meter: tuple
    programs: tuple
    from_file: bool


def read_beginning(text, about):
    """The ``Beginning`` that ``text`` means: words, or the path of a MIDI file or one of words.

    ``about`` is what a run keeps of its music: a MIDI file is converted by the same settings. Raises ``UserError`` for
    what is none of these.
    """
    division = about["division"]
    if not os.path.isfile(text):
        spelled = text.split()
        events, faults = codec.decode_events(spelled, division, begun=True)
        if faults:
            i, reason = faults[0]
            raise UserError(f"word {i + 1} to begin with, {spelled[i]!r}, {reason}; and there is no such file")
        programs = tuple(map(tuple, about["programs"]))
        return Beginning(_without_end(events), about["tempo"], tuple(about["meter"]), programs, False)
    if text.lower().endswith(wordfile.SUFFIX):
        _, pieces = wordfile.load_words(text)
    else:
        settings = dataclasses.replace(settings_from_json(about["settings"]), transpose=(0, 0), stretch=())
        try:
            with open(text, "rb") as stream:
                pieces = convert_file(os.path.basename(text), stream.read(), settings).pieces
        except OSError as error:
            raise UserError(f"{text}: cannot be read: {error.strerror}") from None
        except ValueError as error:
            raise UserError(f"{text}: {error}") from None
    if len(pieces) > 1:
        raise UserError(f"{text}: holds {len(pieces)} pieces, only one can be begun with")
    piece = pieces[0]
    if piece.division != division:
        raise UserError(f"{text}: has {piece.division} ticks a quarter note, the run has {division}")
    events, _ = codec.decode_events(piece.words, division)
    return Beginning(_without_end(events), piece.tempo, piece.meter, piece.programs, True)


def _without_end(events):
    return [event for event in events if event[1] != END]


def beginning_ids(events, spelling, unknown, where):
    """The ids by which a model reads (tick, message) events.

    ``unknown`` says what to do with an event that is no word of the model: "nearest" takes the most similar one where
    there is any, "skip" none, "error" raises ``UserError`` naming ``where`` the model is.
    """
    found, unlike, last = [], 0, 0
    for tick, message in events:
        event, last = (tick - last, message), tick
        i = spelling.ids.get(event)
        if i is None and unknown != "skip":
            i = spelling.nearest(event)
            if unknown == "error":
                nearest = codec.encode_word(*spelling.parsed[i]) if i is not None else "none like it"
                known = f"{where} knows {nearest} (--unk skip or --unk nearest goes on)"
                raise UserError(f"{codec.encode_word(*event)}: not a known word; {known}")
        unlike += spelling.ids.get(event) is None
        found += [i] * (i is not None)
    return found, unlike


def grow_pieces(rows, grammar, length):
    """Take draws from ``rows`` until every piece is over; after ``length`` words they are brought to an end."""
    for count, ids in enumerate(rows, 1):
        grammar.take(ids)
        if grammar.over():
            return
        if count == length:
            grammar.close()


def finished_pieces(grammar, beginning):
    """A ``Piece`` for each row of a grammar that is over."""
    context = grammar.division, beginning.tempo, beginning.meter, beginning.programs
    return [
        Piece(f"tune-{row + 1}", codec.encode_events(events), *context) for row, events in enumerate(grammar.events)
    ]
