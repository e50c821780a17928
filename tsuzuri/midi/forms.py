"""Forms: which bars of a piece come again, learned from a corpus, and new pieces that follow one.

A model of words forgets what it wrote eight bars ago, and a tune without repeats is none. The form of a piece is for
each of its bars the earlier one that it repeats, or None; a new piece takes the form of a piece of the corpus in the
same meter, bar by bar: what comes again is written again, all else is drawn by the model, which reads both. The last
bar is mostly one that comes again, and when it is first written the model does not know that the piece will end so: its
last note is where, and on which degree of the key, that of the other piece is.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy

from tsuzuri.midi import timing
from tsuzuri.midi.keys import estimate_key, pitch_time
from tsuzuri.midi.score import DRUMS, META, METER, OFF, ON, score_of_events
from tsuzuri.midi.words.about import key_said
from tsuzuri.rules import Rule, is_whole

Event = tuple[int, bytes]  # tick, message
Sources = tuple[int | None, ...]
MOST = 1000  # forms of a meter that a run keeps
LONGEST = 10_000  # bars of a form that is kept


class Form(NamedTuple):
    """For each bar the earlier one that it ``repeats``, or None; the ``last`` note's tick in its bar, and degree.

    A degree is semitones 0..11 above the tonic; there is none where several notes begin last.
    """

    repeats: Sources
    last: tuple[int, int] | None = None

    def end_of_repeat(self, n: int) -> int:
        """The next bar from ``n`` on that is new."""
        return next((k for k in range(n, len(self.repeats)) if self.repeats[k] is None), len(self.repeats))

    def root_of_end(self) -> int:
        """The bar that the last one comes from."""
        n = len(self.repeats) - 1
        while (source := self.repeats[n]) is not None:
            n = source
        return n


def bars_of_events(events: Sequence[Event], bar: int) -> list[list[Event]]:
    """The events of notes in each bar of so many ticks, by their ticks in it; a note-off at its end is the bar's own.

    >>> bars_of_events([(0, b"\\x90<P"), (4, b"\\x80<\\0"), (4, b"\\x90>P"), (6, b"\\x80>\\0")], 4)
    [[(0, b'\\x90<P'), (4, b'\\x80<\\x00')], [(0, b'\\x90>P'), (2, b'\\x80>\\x00')]]
    """
    bars: list[list[Event]] = []
    for tick, message in events:
        kind = message[0] & 0xF0
        if kind in (OFF, ON):
            n = tick // bar if _strikes(message) else max(0, (tick - 1) // bar)
            bars += [[] for _ in range(n + 1 - len(bars))]
            bars[n].append((tick - n * bar, message))
    return bars


def form_of(events: Sequence[Event], bar: int, tonic: int = 0) -> Form:
    """The form of a piece: how loud notes are does not count, and of several bars it repeats the longest stretch."""
    found = bars_of_events(events, bar)
    bars = [tuple((tick, message[:2]) for tick, message in each) for each in found]
    places: dict[Any, list[int]] = {}
    repeats: list[int | None] = []
    for n, each in enumerate(bars):
        before = places.setdefault(each, [])
        last = repeats[-1] if repeats else None
        if not each or not before:
            repeats.append(None)
        elif last is not None and last + 1 in before:
            repeats.append(last + 1)
        else:
            repeats.append(max(before, key=lambda start: (_stretch(bars, start, n), start)))
        before.append(n)
    return Form(tuple(repeats), _last_note(found[-1], tonic) if found else None)


def _last_note(events: Iterable[Event], tonic: int) -> tuple[int, int] | None:
    """The tick and the degree of the note that begins last, if any does and it is alone."""
    begun = [(tick, message[1]) for tick, message in events if _strikes(message) and message[0] & 0x0F != DRUMS]
    ticks = [tick for tick, _ in begun]
    return (ticks[-1], (begun[-1][1] - tonic) % 12) if begun and ticks.count(ticks[-1]) == 1 else None


def _strikes(message: bytes) -> bool:
    return message[0] & 0xF0 == ON and message[2] > 0


def _stretch(bars: Sequence[object], start: int, again: int) -> int:
    """How many bars from ``again`` on are those from ``start`` on, up to where it begins."""
    length = 0
    while start + length < again and again + length < len(bars) and bars[start + length] == bars[again + length]:
        length += 1
    return length


def forms_of_ids(
    ids: Iterable[int],
    parsed: Sequence[Event | None],
    eos: int,
    meter: tuple[int, int],
    division: int,
    common: bool = False,
) -> dict[int, list[Form]]:
    """The forms of the pieces in ``ids`` by ticks a bar; ``parsed`` has the (delta, message) of an id.

    In a ``common`` key all pieces are in C, whatever they say.
    """
    forms: dict[int, list[Form]] = {}
    events: list[Event] = []
    now = 0
    for i in ids:
        event = parsed[i]
        if i == eos:
            bar = timing.bar_length(*(_meter_of(events) or meter), division)
            forms.setdefault(bar, []).append(form_of(events, bar, tonic_of(events, common)))
            events, now = [], 0
        elif event:
            now += event[0]
            events.append((now, event[1]))
    return forms


def pack_forms(forms: Mapping[int, Sequence[Form]]) -> dict[str, list[Any]]:
    """Forms as JSON keeps them, by ticks a bar: of each pairs of a source, -1 for new, and of how many bars; its last.

    A run keeps ``MOST`` of a meter at most, of no more than ``LONGEST`` bars.

    >>> pack_forms({960: [Form((None, None, 0, 1), (480, 0))]})
    {'960': [[[[-1, 2], [0, 2]], [480, 0]]]}
    """
    packed = {}
    for bar, each in sorted(forms.items()):
        short = [form for form in each if len(form.repeats) <= LONGEST]
        packed[str(bar)] = [[_runs(form.repeats), form.last and list(form.last)] for form in short[:: _every(short)]]
    return packed


def _every(forms: Sequence[Form]) -> int:
    """Each how many of them are kept."""
    return max(1, -(-len(forms) // MOST))


def _runs(repeats: Sources) -> list[list[int]]:
    runs: list[list[int]] = []
    for source in repeats:
        first, count = runs[-1] if runs else (0, 0)
        if count and (source is None if first < 0 else source == first + count):
            runs[-1][1] += 1
        else:
            runs.append([-1 if source is None else source, 1])
    return runs


def unpack_forms(packed: Mapping[str, Sequence[Any]]) -> dict[int, list[Form]]:
    """The forms that ``pack_forms`` made these of."""
    return {
        int(bar): [Form(_sources(runs), (last[0], last[1]) if last else None) for runs, last in each]
        for bar, each in packed.items()
    }


def _sources(runs: Sequence[Sequence[int]]) -> Sources:
    return tuple(None if first < 0 else first + k for first, count in runs for k in range(count))


def _is_packed(value: Any) -> bool:
    """Whether forms are as ``pack_forms`` has them, the source of each bar before it."""
    return isinstance(value, dict) and all(
        is_whole(int(bar), 1, 1 << 31) and all(_is_form(int(bar), runs, last) for runs, last in each)
        for bar, each in value.items()
    )


def _is_form(bar: int, runs: Any, last: Any) -> bool:
    if not all(is_whole(first, -1, LONGEST) and is_whole(count, 1, LONGEST) for first, count in runs):
        return False
    if last is not None and not (is_whole(last[0], 0, bar - 1) and is_whole(last[1], 0, 11)):
        return False
    return all(source is None or source < n for n, source in enumerate(_sources(runs)))


FORMS = Rule("forms of pieces by ticks a bar: pairs of a bar that comes again and how many, and the last", _is_packed)


def tonic_of(events: Sequence[Event], common: bool) -> int:
    """The tonic of a piece: that of the key that it says, or else of the one that its notes suggest."""
    if common:
        return 0
    return (key_said(events) or estimate_key(pitch_time(score_of_events(events, timing.TICKS)[0].notes))).tonic


def _meter_of(events: Iterable[Event]) -> tuple[int, int] | None:
    """The meter that the events say first, or None."""
    for _, message in events:
        if message[0] == META and message[1] == METER:
            return message[2], 1 << message[3]
        if message[0] & 0xF0 == ON:
            break
    return None


def _with_own_ends(events: Sequence[Event], sounding: dict[bytes, None]) -> list[Event]:
    """The events without the ends of notes that are not ``sounding``, by channel and key, which is kept up to date."""
    kept = []
    for tick, message in events:
        key = bytes([message[0] & 0x0F, message[1]])
        if message[0] & 0xF0 == ON and message[2]:
            sounding[key] = None
        elif sounding.pop(key, False) is False:
            continue
        kept.append((tick, message))
    return kept


class FollowForm:
    """A constraint that lets the pieces of a ``grammar`` follow forms, over an ``inner`` one that must hold too.

    ``forms`` are by ticks a bar, of which each piece draws one by ``rng`` as soon as it has said its meter, or else has
    ``meter``; ``ids`` the id of each (delta, message). A bar that is repeated is written once nothing sounds at its
    beginning, which no note is let beyond; where what it needs has no word, or is not legal, the model goes on. A piece
    ends in the last bar of its form; where ``bars`` is not None its end is no matter of that, and of so many bars, or
    else of more, is the form, where there is one.
    """

    steady, changed = False, True

    def __init__(
        self,
        inner: Callable[[numpy.ndarray], numpy.ndarray],
        grammar: Any,
        forms: Mapping[int, Sequence[Form]],
        ids: Mapping[Event, int],
        meter: tuple[int, int],
        rng: numpy.random.Generator,
        bars: int | None = None,
        common: bool = False,
    ) -> None:
        self._inner, self._grammar, self._forms, self._ids = inner, grammar, forms, ids
        self._meter, self._rng, self._bars, self._common = meter, rng, bars, common
        struck = ((n, event) for n, event in enumerate(grammar.lexicon.parsed) if grammar.lexicon.strikes[n])
        self._keys = numpy.full(len(grammar.lexicon.delta), -1)  # (V,) that are struck
        for n, (_, message) in struck:
            self._keys[n] = message[1] if message[0] & 0x0F != DRUMS else -1
        batch = len(grammar.events)
        self._plans: list[tuple[int, Form] | None] = [None] * batch
        self._waiting: list[list[Event]] = [[] for _ in range(batch)]  # what is still to be repeated
        self._until = [0] * batch  # the end of the last bar that was repeated
        self._offered: list[list[Event]] = [[] for _ in range(batch)]  # what the model may begin to repeat after a rest

    def __call__(self, logits: numpy.ndarray) -> numpy.ndarray:
        logits = self._inner(logits)
        for row, ended in enumerate(self._grammar.ended):
            if not ended and self._has_plan(row):
                self._follow(row, logits[row])
        return logits

    def _has_plan(self, row: int) -> bool:
        """Whether a piece has a form, which is drawn when it has said what it is."""
        if self._plans[row] is None:
            if self._grammar.introducing(row):
                return False
            bar = timing.bar_length(*(_meter_of(self._grammar.events[row]) or self._meter), self._grammar.division)
            form = self._drawn(self._forms.get(bar, [Form(())]))
            self._plans[row] = bar, form
            last = len(form.repeats) * bar
            if self._bars is None and self._grammar.ticks[row] < last - bar:
                end = form.last[0] + 1 if form.last else 0  # after the last note has begun
                self._grammar.end_between(row, last - bar + end, last)
        return True

    def _drawn(self, forms: Sequence[Form]) -> Form:
        asked = self._bars or 0
        fitting = [form for form in forms if len(form.repeats) == asked]
        fitting = fitting or [form for form in forms if len(form.repeats) > asked] or list(forms)
        return fitting[int(self._rng.integers(len(fitting)))]

    def _follow(self, row: int, logits: numpy.ndarray) -> None:
        """Leave what the form lets follow, of logits (V,)."""
        now, bar = self._grammar.ticks[row], self._plan(row)[0]
        waiting = self._waiting[row] = self._still_waiting(row)
        if not waiting and now % bar == 0 and not self._grammar.sounds(row):
            waiting = self._waiting[row] = self._repeated(row, now // bar)
        if not waiting:
            self._keep_clear(row, now, logits)
            return
        self._until[row] = self._plan(row)[1].end_of_repeat(waiting[0][0] // bar) * bar
        i = self._ids.get((waiting[0][0] - now, waiting[0][1]))
        if i is None or numpy.isneginf(logits[i]):
            waiting.clear()
            self._until[row] = 0
            return
        kept = logits[i]
        logits[:] = -numpy.inf
        logits[i] = kept

    def _plan(self, row: int) -> tuple[int, Form]:
        plan = self._plans[row]
        assert plan
        return plan

    def _still_waiting(self, row: int) -> list[Event]:
        """What is left of a repeat after the last word drawn, which may have begun one."""
        waiting = self._waiting[row] or self._offered[row]
        self._offered[row] = []
        return waiting[1:] if waiting and self._grammar.events[row][-1] == waiting[0] else []

    def _repeated(self, row: int, n: int) -> list[Event]:
        """What is repeated from the beginning of bar ``n`` on, up to a bar that is new."""
        bar, form = self._plan(row)
        bars = bars_of_events(self._grammar.events[row], bar)[:n]
        bars += [[] for _ in range(n - len(bars))]
        repeated: list[Event] = []
        sounding: dict[bytes, None] = {}
        for k in range(n, form.end_of_repeat(n)):
            source = form.repeats[k] or 0
            if source != (form.repeats[k - 1] or 0) + 1:  # what was tied over the bar's end
                repeated += [(k * bar, bytes([OFF | key[0], key[1], 0])) for key in sounding]
                sounding.clear()
            bars.append(_with_own_ends(bars[source], sounding))
            repeated += [(k * bar + tick, message) for tick, message in bars[k]]
        return repeated

    def _keep_clear(self, row: int, now: int, logits: numpy.ndarray) -> None:
        """Forbid notes in the rest of a bar that was repeated, and beyond the beginning of one that will be.

        In silence the first note of a repeat becomes as likely as all that is forbidden. Nothing is forbidden where
        nothing else is left.
        """
        bar, form = self._plan(row)
        lexicon = self._grammar.lexicon
        wrong = lexicon.strikes & (lexicon.delta < self._until[row] - now)
        if form.last and self._bars is None:
            wrong |= self._astray(row, now, form.root_of_end() * bar, *form.last)
        n = next((n for n in range(-(-now // bar), len(form.repeats)) if form.repeats[n] is not None), None)
        if n is not None:
            left, sounds = n * bar - now, self._grammar.sounds(row)
            beyond = (lexicon.delta > left) | ((lexicon.delta == left) & lexicon.strikes)
            offered = [] if sounds else self._repeated(row, n)
            i = self._ids.get((offered[0][0] - now, offered[0][1])) if offered else None
            if i is not None and logits[i] > -numpy.inf:
                self._offered[row] = offered
                logits[i] = numpy.logaddexp.reduce(logits[beyond])
                beyond[i] = False
            wrong |= beyond
        if (logits[~wrong] > -numpy.inf).any():
            logits[wrong] = -numpy.inf

    def _astray(self, row: int, now: int, begin: int, tick: int, degree: int) -> numpy.ndarray:
        """The words (V,) by which the bar that begins at ``begin`` would not end as the form does."""
        lexicon, events = self._grammar.lexicon, self._grammar.events[row]
        last = next((at for at, message in reversed(events) if _strikes(message)), -1)
        if last >= begin + tick or now > begin + tick:
            return lexicon.strikes & (lexicon.delta < begin + self._plan(row)[0] - now)
        home = self._keys % 12 == (tonic_of(events, self._common) + degree) % 12
        left = begin + tick - now
        return (lexicon.delta > left) | ((lexicon.delta == left) & lexicon.strikes & ~(home & (self._keys >= 0)))
