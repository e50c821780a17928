"""Forms: which bars of a piece come again, learned from a corpus, and new pieces that follow one.

A model of words forgets what it wrote eight bars ago, and a tune without repeats is none. The form of a piece is for
each of its bars the earlier one that it repeats, or None; a new piece takes the form of a piece of the corpus in the
same meter, bar by bar: what comes again is written again, all else is drawn by the model, which reads both.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy

from tsuzuri.midi import timing
from tsuzuri.midi.score import META, METER, OFF, ON
from tsuzuri.rules import Rule, is_whole

Event = tuple[int, bytes]  # tick, message
Form = tuple[int | None, ...]  # for each bar the earlier one that it repeats
MOST = 1000  # forms of a meter that a run keeps
LONGEST = 10_000  # bars of a form that is kept


def bars_of_events(events: Sequence[Event], bar: int) -> list[list[Event]]:
    """The events of notes in each bar of so many ticks, by their ticks in it; a note-off at its end is the bar's own.

    >>> bars_of_events([(0, b"\\x90<P"), (4, b"\\x80<\\0"), (4, b"\\x90>P"), (6, b"\\x80>\\0")], 4)
    [[(0, b'\\x90<P'), (4, b'\\x80<\\x00')], [(0, b'\\x90>P'), (2, b'\\x80>\\x00')]]
    """
    bars: list[list[Event]] = []
    for tick, message in events:
        kind = message[0] & 0xF0
        if kind in (OFF, ON):
            begins = kind == ON and message[2] > 0
            n = tick // bar if begins else max(0, (tick - 1) // bar)
            bars += [[] for _ in range(n + 1 - len(bars))]
            bars[n].append((tick - n * bar, message))
    return bars


def form_of(events: Sequence[Event], bar: int) -> Form:
    """The form of a piece: how loud notes are does not count, and of several bars it repeats the longest stretch."""
    bars = [tuple((tick, message[:2]) for tick, message in each) for each in bars_of_events(events, bar)]
    places: dict[Any, list[int]] = {}
    form: list[int | None] = []
    for n, each in enumerate(bars):
        before = places.setdefault(each, [])
        going_on = form[n - 1] + 1 if n and form[n - 1] is not None else None  # type: ignore[operator]
        if not each or not before:
            form.append(None)
        elif going_on in before:
            form.append(going_on)
        else:
            form.append(max(before, key=lambda start: (_stretch(bars, start, n), start)))
        before.append(n)
    return tuple(form)


def _stretch(bars: Sequence[object], start: int, again: int) -> int:
    """How many bars from ``again`` on are those from ``start`` on, up to where it begins."""
    length = 0
    while start + length < again and again + length < len(bars) and bars[start + length] == bars[again + length]:
        length += 1
    return length


def forms_of_ids(
    ids: Iterable[int], parsed: Sequence[Event | None], eos: int, meter: tuple[int, int], division: int
) -> dict[int, list[Form]]:
    """The forms of the pieces in ``ids`` by ticks a bar; ``parsed`` has the (delta, message) of an id."""
    forms: dict[int, list[Form]] = {}
    events: list[Event] = []
    now = 0
    for i in ids:
        event = parsed[i]
        if i == eos:
            bar = timing.bar_length(*(_meter_of(events) or meter), division)
            forms.setdefault(bar, []).append(form_of(events, bar)[:LONGEST])
            events, now = [], 0
        elif event:
            now += event[0]
            events.append((now, event[1]))
    return forms


def pack_forms(forms: Mapping[int, Sequence[Form]]) -> dict[str, list[list[list[int]]]]:
    """Forms as JSON keeps them, of each meter ``MOST`` at most: [source or -1 for new, how many bars from there on].

    >>> pack_forms({960: [(None, None, 0, 1)]})
    {'960': [[[-1, 2], [0, 2]]]}
    """
    return {str(bar): [_packed(form) for form in each[:: -(-len(each) // MOST)]] for bar, each in sorted(forms.items())}


def _packed(form: Form) -> list[list[int]]:
    runs: list[list[int]] = []
    for n, source in enumerate(form):
        first, count = runs[-1] if runs else (-1, 0)
        goes_on = source is None if first < 0 else source == first + count
        if n and goes_on:
            runs[-1][1] += 1
        else:
            runs.append([-1 if source is None else source, 1])
    return runs


def unpack_forms(packed: Mapping[str, Sequence[Sequence[Sequence[int]]]]) -> dict[int, list[Form]]:
    """The forms that ``pack_forms`` made these of."""
    return {int(bar): [_unpacked(form) for form in each] for bar, each in packed.items()}


def _unpacked(runs: Sequence[Sequence[int]]) -> Form:
    return tuple(None if first < 0 else first + k for first, count in runs for k in range(count))


def _is_packed(value: Any) -> bool:
    """Whether forms are as ``pack_forms`` has them, each bar's source before it."""
    for bar, each in value.items():
        if not (bar.isdecimal() and is_whole(int(bar), 1, 1 << 31) and isinstance(each, list)):
            return False
        for runs in each:
            if not all(is_whole(first, -1, LONGEST) and is_whole(count, 1, LONGEST) for first, count in runs):
                return False
            if any(source is not None and source >= n for n, source in enumerate(_unpacked(runs))):
                return False
    return True


FORMS = Rule("forms of pieces by ticks a bar: of each, pairs of the bar that comes again and how many", _is_packed)


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
    ) -> None:
        self._inner, self._grammar, self._forms, self._ids = inner, grammar, forms, ids
        self._meter, self._rng, self._bars = meter, rng, bars
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
            form = self._drawn(self._forms.get(bar, [()]))
            self._plans[row] = bar, form
            first, last = (len(form) - 1) * bar, len(form) * bar
            if self._bars is None and self._grammar.ticks[row] < first:
                self._grammar.end_between(row, first, last)
        return True

    def _drawn(self, forms: Sequence[Form]) -> Form:
        bars = self._bars or 0
        fitting = [form for form in forms if len(form) == bars] or [form for form in forms if len(form) > bars] or forms
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
        self._until[row] = self._end_of_repeat(row, waiting[0][0] // bar) * bar
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

    def _end_of_repeat(self, row: int, n: int) -> int:
        """The next bar from ``n`` on that is new."""
        form = self._plan(row)[1]
        return next((k for k in range(n, len(form)) if form[k] is None), len(form))

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
        for k in range(n, self._end_of_repeat(row, n)):
            source = form[k] or 0
            if source != (form[k - 1] or 0) + 1:  # what was tied over the bar's end
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
        n = next((n for n in range(-(-now // bar), len(form)) if form[n] is not None), None)
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
