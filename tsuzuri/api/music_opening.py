"""What is asked of a new piece before its first note, and what a piece said of itself: meter, key, tempo, programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tsuzuri.errors import UserError
from tsuzuri.midi import timing
from tsuzuri.midi.compose import Beginning, MusicVocabulary
from tsuzuri.midi.keys import Key, key_of_payload
from tsuzuri.midi.score import KEY, METER, PROGRAM, TEMPO
from tsuzuri.midi.words import about
from tsuzuri.midi.words.about import Event, Opening, kind_of, leanings, meta, meter_payload, what_is_said
from tsuzuri.midi.words.lengths import with_lengths
from tsuzuri.midi.words.settings import BY_NOTE, ONE, settings_from_json

Pairs = tuple[tuple[int, int], ...]
ASKED = ("key", "meter")  # options that are for pieces that say what they are
NOTHING_ASKED: Mapping[str, Any] = dict.fromkeys((*ASKED, "tempo", "program"))


class PieceOpening:
    """The beginning of a run's pieces, and the keys that they are written in.

    ``report`` is what the run keeps of its MIDI (``collect.check_midi_report``), ``args`` the options of generate.py.
    Raises ``UserError`` for a key or a meter that the model has not learned.
    """

    def __init__(
        self,
        report: Mapping[str, Any],
        vocabulary: MusicVocabulary,
        beginning: Beginning,
        args: Mapping[str, Any] = NOTHING_ASKED,
    ) -> None:
        self.settings = settings_from_json(report["settings"])
        asked = [name for name in ASKED if args[name] is not None]
        if asked and not self.settings.about:
            raise UserError(f"--{asked[0]}: is for runs whose pieces say what they are (train.py --about on)")
        if asked and beginning.events:
            raise UserError(f"--{asked[0]}: the piece that is begun with has its own: must be left out")
        self._vocabulary, self._common = vocabulary, self.settings.keys == ONE
        self._key: Key | None = args["key"]  # of all pieces, or None where each says its own
        self._report = report
        self._own: dict[bytes, bytes] = {}
        self.opening = self._opening(vocabulary, args) if self.settings.about else None

    def _opening(self, vocabulary: MusicVocabulary, args: Mapping[str, Any]) -> Opening:
        said = [event[1] for event in vocabulary.parsed if event and event[0] == 0]
        has = {kind: [m for m in said if kind_of(m) == kind] for kind in (METER, KEY, TEMPO, PROGRAM)}
        asked: dict[int, bytes] = {}
        if args["meter"]:
            asked[METER] = _checked_meter(args["meter"], has[METER])
        if self._key:
            asked[KEY] = self._asked_key(self._key, has[KEY])
        if args["tempo"] and has[TEMPO]:
            asked[TEMPO] = min((m[2:] for m in has[TEMPO]), key=lambda p: _far(p, args["tempo"]))
        if args["program"] is not None and bytes([args["program"]]) in [m[1:] for m in has[PROGRAM]]:
            asked[PROGRAM] = bytes([args["program"]])
        leaning = leanings(self._report["keys"]["notes"]) if self._report.get("keys") else {}
        return Opening(vocabulary.parsed, asked, leaning, self._common)

    def _model_key(self, key: Key) -> Key | None:
        """The learned key that sounds the same, or where pieces are learned in one key the commonest of its mode."""
        said = [event[1] for event in self._vocabulary.parsed if event and event[0] == 0]
        learned = [key_of_payload(message[2:]) for message in said if kind_of(message) == KEY]
        same = [other for other in learned if (other.tonic, other.minor) == (key.tonic, key.minor)]
        alike = [other for other in learned if other.minor == key.minor] if self._common else []
        counts = self._report.get("keys", {}).get("of", {})
        found: Key | None = max(same or alike, key=lambda other: counts.get(other.text(), 0), default=None)
        return found

    def _asked_key(self, key: Key, learned: Sequence[bytes]) -> bytes:
        """The payload of the key that the model knows for one that is asked for."""
        found = self._model_key(key)
        if found:
            return found.payload()
        known = ", ".join(sorted({key_of_payload(message[2:]).text() for message in learned})) or "none"
        raise UserError(f"--key {key.text()}: no piece that was learned from is in such a key: must be one of {known}")

    def begun(self, beginning: Beginning, division: int) -> list[Event]:
        """The events of a beginning as the model has learned such, before which it says what it is.

        Where notes are given, what they do not say of themselves is found out, or is as usual.
        """
        events = beginning.events
        if not events or not self.settings.about:
            return list(events)
        context = beginning.tempo, beginning.meter, beginning.programs
        said, rest = about.said_and_rest(events, division, *context)
        self._key, self._own = about.key_said(said), {what_is_said(message): message for _, message in said}
        moved = about.in_common_key([*said, *rest])[len(said) :] if self._common else rest
        known = [(tick, self._known(message)) for tick, message in said]
        return [*((tick, message) for tick, message in known if message), *moved]

    def _known(self, message: bytes) -> bytes | None:
        """What the model knows that is most like what a beginning says of itself; None where that is nothing."""
        if kind_of(message) == KEY:
            key = self._model_key(key_of_payload(message[2:]))
            return meta(KEY, key.payload()) if key else None
        i = self._vocabulary.nearest((0, message))
        event = None if i is None else self._vocabulary.parsed[i]
        return event[1] if event and event[0] == 0 else None

    def own_event(self, event: Event) -> Event:
        """What a (delta, message) of the model's is in the key of the beginning that is given."""
        return about.in_own_key([event], self._key)[0] if self._common else event

    def written(
        self, events: Sequence[Event], since: int = 0, ends: Mapping[tuple[int, int], int] | None = None
    ) -> list[Event]:
        """The events of a piece that the model wrote, from the ``since``-th on, in its key or the one asked for.

        With ``ends``, by (channel, key) the tick where what sounds will end, a note is one of them where words are so.
        """
        key, rest = self._key or about.key_said(events), list(events[since:])
        if ends is not None and self.settings.words == BY_NOTE:
            rest = with_lengths(rest, ends)
        moved = about.in_key(rest, key, self._common) if key else rest
        own = self._own  # what a beginning says of itself, for which the model may know something like it
        return [
            (t, own.get(what_is_said(m), m) if t == 0 and kind_of(m) and kind_of(m) != KEY else m) for t, m in moved
        ]

    def programs(self, events: Sequence[Event], usual: Pairs) -> Pairs:
        """The (channel, program) pairs that a piece says, and the ``usual`` ones of other channels."""
        if not self.settings.about:
            return usual
        said = [message for _, message in about.split_about(events)[0] if kind_of(message) == PROGRAM]
        own = {message[0] & 0x0F: message[1] for message in said}
        return tuple(sorted((dict(usual) | own).items()))


def _checked_meter(meter: tuple[int, int], learned: Sequence[bytes]) -> bytes:
    payload = meter_payload(*meter)
    if payload not in [message[2:] for message in learned]:
        known = ", ".join(sorted({f"{m[2]}/{1 << m[3]}" for m in learned})) or "none"
        asked = f"{meter[0]}/{meter[1]}"
        raise UserError(f"--meter {asked}: no piece that was learned from has it: must be one of {known}")
    return payload


def _far(payload: bytes, tempo: float) -> float:
    """How far a tempo event is from a tempo in quarter notes a minute, as a ratio."""
    rate = 60 * timing.SECOND / int.from_bytes(payload, "big")
    return max(rate / tempo, tempo / rate)
