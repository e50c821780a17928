"""Forms: which bars of a piece come again, learned from a corpus.

A model of words forgets what it wrote eight bars ago, and a tune without repeats is none. The form of a piece is for
each of its bars the earlier one that it repeats, or None, and how its last bar ends.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from tsuzuri.midi import timing
from tsuzuri.midi.keys import estimate_key, pitch_time
from tsuzuri.midi.score import DRUMS, META, METER, OFF, ON, score_of_events
from tsuzuri.midi.words.about import key_said
from tsuzuri.rules import Rule, is_whole

Event = tuple[int, bytes]  # tick, message
Sources = tuple[int | None, ...]
FAR = 4  # bars
MOST = 1000  # forms of a meter that a run keeps
LONGEST = 10_000  # bars of a form that is kept


class Form(NamedTuple):
    """For each bar the earlier one that it ``repeats``, or None; the ``last`` note's tick in its bar, degree, length.

    A degree is semitones 0..11 above the tonic; there is none where several notes begin last. What is called a bar here
    is one of so many ``parts`` of it.
    """

    repeats: Sources
    last: tuple[int, int, int] | None = None
    parts: int = 1

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
            n = tick // bar if strikes(message) else max(0, (tick - 1) // bar)
            bars += [[] for _ in range(n + 1 - len(bars))]
            bars[n].append((tick - n * bar, message))
    return bars


def form_of(events: Sequence[Event], bar: int, tonic: int = 0, parts: int = 1) -> Form:
    """The form of a piece: how loud notes are does not count, and of several bars it repeats the longest stretch.

    A part of a bar repeats only what is as far within its bar, and less than a whole bar only what is ``FAR`` bars
    before, or twice as far and so on: elsewhere two parts are easily the same by chance.
    """
    found = bars_of_events(events, bar // parts)
    bars = [tuple((tick, message[:2]) for tick, message in each) for each in found]
    places: dict[Any, list[int]] = {}
    repeats: list[int | None] = []
    for n, each in enumerate(bars):
        same = places.setdefault(each, [])
        before = [k for k in same if parts == 1 or _counts(bars, k, n, parts)] if each else []
        last = repeats[-1] if repeats else None
        if last is not None and last + 1 in same and each:
            repeats.append(last + 1)
        elif not before:
            repeats.append(None)
        else:
            repeats.append(max(before, key=lambda start: (_stretch(bars, start, n), start)))
        same.append(n)
    return Form(tuple(repeats), _last_note(found[-1], tonic) if found else None, parts)


def _counts(bars: Sequence[object], start: int, again: int, parts: int) -> bool:
    """Whether a part of a bar repeats an equal one, and is not the same by chance."""
    distance = again - start
    return distance % parts == 0 and (distance % (FAR * parts) == 0 or _stretch(bars, start, again) >= parts)


def _last_note(events: Sequence[Event], tonic: int) -> tuple[int, int, int] | None:
    """The tick, the degree and the length of the note that begins last, if any does, it is alone, and it ends."""
    begun = [(tick, message[1]) for tick, message in events if strikes(message) and message[0] & 0x0F != DRUMS]
    if not begun or [tick for tick, _ in begun].count(begun[-1][0]) > 1:
        return None
    start, key = begun[-1]
    ends = [tick for tick, message in events if tick > start and message[1] == key]
    return (start, (key - tonic) % 12, ends[0] - start) if ends else None


def strikes(message: bytes) -> bool:
    """Whether a message begins a note."""
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
            numerator, denominator = meter_of(events) or meter
            bar = timing.bar_length(numerator, denominator, division)
            parts = next((n for n in (2, 3) if numerator % n == 0 and bar % n == 0), 1)
            forms.setdefault(bar, []).append(form_of(events, bar, tonic_of(events, common), parts))
            events, now = [], 0
        elif event:
            now += event[0]
            events.append((now, event[1]))
    return forms


def pack_forms(forms: Mapping[int, Sequence[Form]]) -> dict[str, list[Any]]:
    """Forms as JSON keeps them, by ticks a bar: pairs of a source, -1 for new, and how many bars; last note; parts.

    A run keeps ``MOST`` of a meter at most, of no more than ``LONGEST`` bars.

    >>> pack_forms({960: [Form((None, None, 0, 1), (480, 0, 480))]})
    {'960': [[[[-1, 2], [0, 2]], [480, 0, 480], 1]]}
    """
    packed = {}
    for bar, each in sorted(forms.items()):
        short = [form for form in each if len(form.repeats) <= LONGEST]
        packed[str(bar)] = [_packed(form) for form in short[:: max(1, -(-len(short) // MOST))]]
    return packed


def _packed(form: Form) -> list[Any]:
    return [_runs(form.repeats), form.last and list(form.last), form.parts]


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
    return {int(bar): [_unpacked(*form) for form in each] for bar, each in packed.items()}


def _unpacked(runs: Any, last: Any, parts: int) -> Form:
    return Form(_sources(runs), (last[0], last[1], last[2]) if last else None, parts)


def _sources(runs: Sequence[Sequence[int]]) -> Sources:
    return tuple(None if first < 0 else first + k for first, count in runs for k in range(count))


def _is_packed(value: Any) -> bool:
    """Whether forms are as ``pack_forms`` has them, the source of each bar before it."""
    return isinstance(value, dict) and all(
        is_whole(int(bar), 1, 1 << 31) and all(_is_form(int(bar), *form) for form in each)
        for bar, each in value.items()
    )


def _is_form(bar: int, runs: Any, last: Any, parts: Any) -> bool:
    if not is_whole(parts, 1, bar):
        return False
    if not all(is_whole(first, -1, LONGEST) and is_whole(count, 1, LONGEST) for first, count in runs):
        return False
    if last is not None and not all(
        is_whole(value, low, high) for value, low, high in zip(last, (0, 0, 1), (bar - 1, 11, bar), strict=True)
    ):
        return False
    return all(source is None or source < n for n, source in enumerate(_sources(runs)))


FORMS = Rule("forms of pieces by ticks a bar: pairs of a bar that comes again and how many, and the last", _is_packed)


def tonic_of(events: Sequence[Event], common: bool) -> int:
    """The tonic of a piece: that of the key that it says, or else of the one that its notes suggest."""
    if common:
        return 0
    return (key_said(events) or estimate_key(pitch_time(score_of_events(events, timing.TICKS)[0].notes))).tonic


def meter_of(events: Iterable[Event]) -> tuple[int, int] | None:
    """The meter that the events say first, or None."""
    for _, message in events:
        if message[0] == META and message[1] == METER:
            return message[2], 1 << message[3]
        if message[0] & 0xF0 == ON:
            break
    return None
