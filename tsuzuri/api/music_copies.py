"""Pieces against the music that their run was trained on, by intervals and durations: a transposed copy is one too."""

from __future__ import annotations

import collections
from collections.abc import Iterator, Sequence

import numpy

from tsuzuri.api.novelty import Copy, Novelty, ends_of, measure, trained_on
from tsuzuri.midi import names, steps, timing
from tsuzuri.midi.compose import MusicVocabulary
from tsuzuri.midi.growth import GrowingPiece
from tsuzuri.midi.score import DRUMS, OFF, ON
from tsuzuri.sampling.suffixes import UNKNOWN, Suffixes
from tsuzuri.text.vocabulary import EOS
from tsuzuri.training.run import Run

CONTEXT = 4  # notes before and after a copy that are shown
Event = tuple[int, bytes]  # a tick and a message


class MusicCopies:
    """What a ``run`` of music was trained on, to be looked up in; raises ``UserError`` where that is not to be had.

    A melody that is there in several keys, as --transpose makes them, is kept once.
    """

    def __init__(self, run: Run) -> None:
        self._kept, about = trained_on(run), run.about["corpus"]["report"]["midi"]
        self._bar: int = timing.bar_length(about["meter"][0], about["meter"][1], about["division"])
        self._events = steps.events_of_ids(self._kept.ids, MusicVocabulary(run.vocabulary.words).parsed, EOS)
        found = _distinct(steps.note_steps(self._events))
        self._places, self._codes = found.places, found.codes
        self._alphabet, numbers = numpy.unique(found.codes, return_inverse=True)
        self._numbers = {code: n for n, code in enumerate(self._alphabet.tolist()) if code != steps.BREAK}
        self._suffixes = Suffixes(numbers)

    def number(self, code: int) -> int:
        """The number by which a step is looked up."""
        return self._numbers.get(code, UNKNOWN)

    def following(self, numbers: Sequence[int]) -> list[int]:
        """The codes of the steps that follow some, by their numbers."""
        codes = self._alphabet[self._suffixes.following(list(numbers))]
        return [code for code in codes.tolist() if code != steps.BREAK]

    def novelty(self, events: Sequence[Event], skip: int = 0) -> Novelty:
        """How new a piece is by its events, of which the first ``skip`` are its prime."""
        own = steps.events_of_piece(events[skip:])
        notes = steps.note_steps(own)
        numbers = numpy.array([self.number(code) for code in notes.codes.tolist()], numpy.int64)
        lengths = self._suffixes.longest_matches(numbers) + 1  # n steps are n + 1 notes
        left = ends_of(notes.codes == steps.BREAK)

        def copy_of(start: int, length: int) -> Copy:
            return self._copy(numbers[start : start + length - 1].tolist(), start)

        return measure("notes", lengths, left, copy_of)

    def _copy(self, numbers: list[int], start: int) -> Copy:
        places = self._suffixes.places(numbers)
        first, length = int(places[0]), len(numbers) + 1
        last, at = first + length, int(self._places[first])
        low, high = first, last
        while low > max(0, first - CONTEXT) and self._codes[low - 1] != steps.BREAK:
            low -= 1
        while high < last + CONTEXT and self._codes[high - 1] != steps.BREAK:
            high += 1
        shown = [self._notes(*part) for part in ((low, first), (first, last), (last, high))]
        before, passage, after = shown[0] + " " * bool(shown[0]), shown[1], " " * bool(shown[2]) + shown[2]
        return Copy(start, length, passage, self._kept.name_at(at), self._bar_at(at), before, after, len(places))

    def _bar_at(self, place: int) -> int:
        start = self._kept.start_at(place)
        begin = int(self._events.tick[start - 1]) if start else 0
        return 1 + (int(self._events.tick[place]) - begin) // self._bar

    def _notes(self, low: int, high: int) -> str:
        places = self._places[low:high]
        pairs = zip(self._events.channel[places].tolist(), self._events.key[places].tolist(), strict=True)
        return " ".join(names.drum_name(key) if channel == DRUMS else names.key_name(key) for channel, key in pairs)


def _distinct(found: steps.Steps) -> steps.Steps:
    """The notes of the channels of all pieces, of those that are the same by their steps the first alone."""
    known, kept, start = set(), numpy.zeros(len(found.codes), bool), 0
    for end in (numpy.flatnonzero(found.codes == steps.BREAK) + 1).tolist():
        melody = found.codes[start:end].tobytes()
        kept[start:end] = melody not in known
        known.add(melody)
        start = end
    return steps.Steps(found.places[kept], found.codes[kept])


def new_events(events: Sequence[Event], prime: Sequence[Event]) -> list[Event] | None:
    """The notes' events of a piece that are not of its ``prime``; None where the piece does not begin with that.

    Neither how loud a note is nor the order of one tick counts: a piece that was saved may have another. What is new
    may begin while the last note of the prime sounds, where words are notes.
    """
    begun = collections.Counter(note for _, note in _notes_of(prime))
    last, new = max((tick for tick, _, struck in begun if struck), default=0), list[Event]()
    for event, note in _notes_of(events):
        if begun[note]:
            begun[note] -= 1
        elif event[0] < last:
            return None
        else:
            new.append(event)
    return None if begun.total() else new


def _notes_of(events: Sequence[Event]) -> Iterator[tuple[Event, tuple[int, bytes, bool]]]:
    """Yield each event that begins or ends a note, and what is compared of it."""
    for tick, message in events:
        kind = message[0] & 0xF0
        if kind in (OFF, ON):
            yield (tick, message), (tick, message[:2], kind == ON and message[2] > 0)


class MelodyRun:
    """The notes just drawn in one piece, and the words that would make a copy of more than ``most`` notes of them.

    The ``piece`` grows, and what of it is there already is its prime; ``words`` are the ids that strike a key, by
    (channel, key, delta).
    """

    def __init__(
        self,
        copies: MusicCopies,
        most: int,
        piece: GrowingPiece,
        words: dict[tuple[int, int, int], list[int]],
    ) -> None:
        self._copies, self._most, self._piece, self._words = copies, most, piece, words
        self._taken = len(piece.events)
        self._notes: dict[int, steps.LastNote] = {}  # by channel
        self._steps: dict[int, collections.deque[int]] = {}

    def take(self, word: int) -> None:
        """A word that was drawn: the grammar takes it, and what it makes of it is in the events."""

    def forbidden(self) -> list[int]:
        """The ids that must not follow."""
        events: Sequence[Event] = self._piece.events
        for tick, message in events[self._taken :]:
            self._read(tick, message)
        self._taken = len(events)
        now, ids = self._piece.now, list[int]()
        for channel, note in self._notes.items():
            if len(self._steps[channel]) == self._most - 1:
                for code in self._copies.following(self._steps[channel]):
                    onset = note.next_onset(code)
                    if onset:
                        ids += self._words.get((channel, onset[0], onset[1] - now), [])
        return ids

    def _read(self, tick: int, message: bytes) -> None:
        channel, kind = message[0] & 0x0F, message[0] & 0xF0
        note = self._notes.get(channel)
        if kind == ON and message[2]:
            if note:
                self._steps[channel].append(self._copies.number(note.code_to(message[1], tick)))
            else:
                self._steps[channel] = collections.deque(maxlen=self._most - 1)
            self._notes[channel] = steps.LastNote(channel, message[1], tick)
            self._notes[channel].ended = self._piece.ends.get((channel, message[1]))
        elif kind in (OFF, ON) and note and note.key == message[1] and note.ended is None:
            note.ended = tick


def striking_words(vocabulary: MusicVocabulary) -> dict[tuple[int, int, int], list[int]]:
    """The ids that strike a key, by (channel, key, delta)."""
    found: dict[tuple[int, int, int], list[int]] = {}
    for i, event in enumerate(vocabulary.parsed):
        if event and event[1][0] & 0xF0 == ON and event[1][2]:
            found.setdefault((event[1][0] & 0x0F, event[1][1], event[0]), []).append(i)
    return found
