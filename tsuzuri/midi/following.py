"""New pieces that follow the forms of others: a constraint on the words that are drawn.

A piece takes the form of one of the corpus in its meter, bar by bar: what comes again is written again, all else is
drawn by the model, which reads both. The last bar is mostly one that comes again, and when it is first written the
model does not know that the piece will end so: its last note is where, as long as, and on the same degree of the key
as, that of the other piece is.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy

from tsuzuri.midi import timing
from tsuzuri.midi.forms import Event, Form, bars_of_events, meter_of, strikes, tonic_of
from tsuzuri.midi.score import DRUMS, OFF, ON


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
    ends in the last bar of its form, or where no note is alone there as the model ends it, after three to five
    quarters of the form; where ``bars`` is not None its end is no matter of that, and of so many bars, or
    else of more, is the form, where there is one. A model that ``looks_back`` goes on with what it repeats by itself
    unless something stops it: so its bars that are new do not go on as an earlier one did.
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
        looks_back: bool = False,
    ) -> None:
        self._inner, self._grammar, self._forms, self._ids = inner, grammar, forms, ids
        self._meter, self._rng, self._bars, self._common = meter, rng, bars, common
        self._looks_back = looks_back
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
        # Which words may end a piece is for the grammar, so that a form is to be known before it is asked
        rows = [row for row, ended in enumerate(self._grammar.ended) if not ended and self._has_plan(row)]
        logits = self._inner(logits)
        for row in rows:
            self._follow(row, logits[row])
        return logits

    def _has_plan(self, row: int) -> bool:
        """Whether a piece has a form, which is drawn when it has said what it is."""
        if self._plans[row] is None:
            if self._grammar.introducing(row):
                return False
            bar = timing.bar_length(*(meter_of(self._grammar.events[row]) or self._meter), self._grammar.division)
            form = self._drawn(self._forms.get(bar, [Form(())]))
            bar //= form.parts
            self._plans[row] = bar, form
            last = len(form.repeats) * bar
            first = last - bar + form.last[0] + 1 if form.last else 3 * last // 4  # after the last note has begun
            if self._bars is None and self._grammar.ticks[row] < first:
                self._grammar.end_between(row, first, last if form.last else 5 * last // 4)
        return True

    def _drawn(self, forms: Sequence[Form]) -> Form:
        asked = self._bars or 0
        fitting = [form for form in forms if len(form.repeats) == asked * form.parts]
        fitting = fitting or [form for form in forms if len(form.repeats) > asked * form.parts] or list(forms)
        return fitting[int(self._rng.integers(len(fitting)))]

    def _follow(self, row: int, logits: numpy.ndarray) -> None:
        """Leave what the form lets follow, of logits (V,)."""
        now, bar = self._grammar.ticks[row], self._plan(row)[0]
        waiting = self._waiting[row] = self._still_waiting(row)
        if not waiting and now % bar == 0 and not self._grammar.sounds(row):
            waiting = self._waiting[row] = self._repeated(row, now // bar)
        if not waiting:
            self._keep_clear(row, now, logits)
            if self._looks_back and now % bar == 0:
                self._begin_anew(row, now // bar, logits)
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

        In silence the first note of a repeat becomes as likely as all that is forbidden; but on a GPU, where the logits
        here are zeros to see what is forbidden, it stays as likely as it was. Nothing is forbidden where nothing else
        is left.
        """
        bar, form = self._plan(row)
        lexicon = self._grammar.lexicon
        wrong = lexicon.strikes & (lexicon.delta < self._until[row] - now)
        if form.last and self._bars is None:
            root, end = form.root_of_end(), len(form.repeats) - 1  # which is drawn too where it could not be repeated
            wrong |= self._astray(row, now, (root if now <= (root + 1) * bar else end) * bar, form.last)
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

    def _begin_anew(self, row: int, n: int, logits: numpy.ndarray) -> None:
        """Let a bar that is new not begin as one did before which the same bar stood as before this one."""
        bar, form = self._plan(row)
        bars = bars_of_events(self._grammar.events[row], bar)
        p = form.parts
        if len(bars) != n or any(source is not None for source in form.repeats[n : n + 1]):
            return
        same = [k for k in range(p, n) if bars[k - p : k] == bars[n - p : n] and any(bars[n - p : n])]
        keys = {message[1] for k in same for tick, message in bars[k] if tick == 0 and strikes(message)}
        lexicon = self._grammar.lexicon
        wrong = lexicon.strikes & (lexicon.delta == 0) & numpy.isin(self._keys, list(keys))
        if keys and (logits[~wrong & lexicon.strikes] > -numpy.inf).any():
            logits[wrong] = -numpy.inf

    def _astray(self, row: int, now: int, begin: int, last: tuple[int, int, int]) -> numpy.ndarray:
        """The words (V,) by which the bar that begins at ``begin`` would not end as the form does."""
        lexicon, events, (tick, degree, length) = self._grammar.lexicon, self._grammar.events[row], last
        struck = next((at for at, message in reversed(events) if strikes(message)), -1)
        if struck == begin + tick and self._grammar.sounds(row):
            return lexicon.strikes | (lexicon.delta != struck + length - now)
        if struck >= begin + tick or now > begin + tick:
            return lexicon.strikes & (lexicon.delta < begin + self._plan(row)[0] - now)
        home = self._keys % 12 == (tonic_of(events, self._common) + degree) % 12
        left = begin + tick - now
        return (lexicon.delta > left) | ((lexicon.delta == left) & lexicon.strikes & ~(home & (self._keys >= 0)))
