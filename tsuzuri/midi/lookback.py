"""Lookback: what stood at the same place one to sixteen bars ago, as further inputs of a model of music.

Tunes come back to what they had: of the bars of 576 fiddle tunes 44 % are the bar eight before, note for note. An LSTM
that has read some 130 words since then cannot know which, and so each costs it as much as a new one. Magenta's lookback
RNN (Waite 2016) is told what its melody had one and two bars ago; here words are looked up, of any number of voices, by
the time that the words before have taken.

Before a word is predicted, a model is told

- for each of ``BARS`` the word that is due if the piece repeats itself at that distance: the one after those that stood
  at this tick so many bars ago, as many of them as there are words at this tick already. Of ends of notes there may be
  more or fewer than then, as they belong to what came before;
- for each, how many words in a row were as it said, up to ``LONGEST_RUN``;
- which of them say the same as the next longer distance: a section that has been repeated is not begun a third time;
- what the piece has said of itself, which a model forgets: whether it is in major or minor, and the beats of a bar;
- the place in the bar, in steps of ``STEPS`` a quarter note, and how many bars of the present meter the piece has had,
  up to ``LAST_BAR``.

A word that the vocabulary does not have takes no time here: what follows in its piece is told as if it came earlier.

The first are ids of words, ``LOOKS`` of them, and the others rows of a table of ``MARKS``. ``Lookback.rows`` has them
for a whole corpus, ``Lookback.reader`` for pieces that grow, word by word: twins.
"""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy

from tsuzuri.midi.keys import key_of_payload
from tsuzuri.midi.score import KEY, META, METER, OFF, PROGRAM
from tsuzuri.midi.timing import bar_length, is_meter
from tsuzuri.midi.words import codec

BARS = (1, 2, 4, 8, 16)
LOOKS = len(BARS)
LONGEST_RUN, LAST_BAR = 15, 63
STEPS = 24  # a quarter note
LAST_PLACE = 8 * STEPS - 1
RUNS = LOOKS * (LONGEST_RUN + 1)
PATTERNS = 2 ** (LOOKS - 1)
NUMERATORS = (None, 2, 3, 4, 6, 9, 12)  # of meters; None stands for any other
MODES = 3  # not said, major, minor
PLACED = RUNS + PATTERNS + MODES * len(NUMERATORS)
MARKS = PLACED + LAST_PLACE + 1 + LAST_BAR + 1
COLUMNS = 2 * LOOKS + 4
UNKNOWN = 0  # looked up where nothing stood at that tick: the line end, which never stands there
BEFORE = -1  # the tick of the words that say what a piece is, before its first note


class Lookback:
    """The words of a vocabulary by what they do to the time of a piece.

    ``words`` by their ids, of which ``eos`` ends a piece; a piece that says no meter has this ``meter``.
    """

    def __init__(self, words: Sequence[str], division: int, meter: tuple[int, int], eos: int = 0) -> None:
        self.division, self.eos = division, eos
        self.bar, self.beats = bar_length(*meter, division), _beats(meter[0])
        self.delta = numpy.zeros(len(words), "q")  # (V,) ticks
        self.bars = numpy.zeros(len(words), "q")  # (V,) ticks of a bar from this word on; 0 for a word that is no meter
        self.beats_said = numpy.zeros(len(words), "q")  # (V,) places in ``NUMERATORS``, of those that are a meter
        self.modes = numpy.zeros(len(words), "q")  # (V,) 1 for a key in major, 2 for one in minor, else 0
        self.says = numpy.zeros(len(words), bool)  # (V,) meta events and programs
        self.ends = numpy.zeros(len(words), bool)  # (V,) ends of notes
        for i, word in enumerate(words):
            try:
                self.delta[i], message = codec.decode_word(word)
            except ValueError:
                continue  # the special words
            self.ends[i] = message[0] & 0xF0 == OFF
            self.says[i] = message[0] == META or message[0] & 0xF0 == PROGRAM
            if message[:2] == bytes([META, METER]) and len(message) >= 4:
                said = message[2], 1 << message[3]
                if is_meter(*said):
                    self.bars[i], self.beats_said[i] = bar_length(*said, division), _beats(said[0])
            key = key_of_payload(message[2:]) if message[:2] == bytes([META, KEY]) else None
            self.modes[i] = 1 + key.minor if key else 0

    def rows(self, ids: numpy.ndarray) -> numpy.ndarray:
        """What a model is told before it predicts each of the ids (R,): (R, COLUMNS) int32.

        That depends on the ids before, of the same piece; each piece ends with the line end.
        """
        ids = numpy.asarray(ids)
        index, over = numpy.arange(len(ids)), ids == self.eos
        start = _last(numpy.append(True, over[:-1]), index)  # (R,) the first word of each piece
        tick = self._ticks(ids, start)
        meter = _last((self.bars[ids] > 0) | (index == start), index)  # (R,) the word that says it, or the first one
        said = self.bars[ids[meter]]
        bar, since = numpy.where(said, said, self.bar), numpy.where(said, numpy.maximum(tick[meter], 0), 0)
        apart = int(tick.max(initial=0)) + (max(BARS) + 1) * int(bar.max(initial=self.bar)) + 2
        time = tick + numpy.cumsum(numpy.append(0, over[:-1])) * apart  # (R,) one piece after another

        last = index - 1  # what a model has read
        began = last >= start  # (R,) whether that is a word of this piece
        ends = numpy.append(0, numpy.cumsum(self.ends[ids]))  # (R + 1,) before each
        first = numpy.searchsorted(time, time)[last]  # (R,) of the words at this tick
        ended = ends[index] - ends[first]  # (R,) of them
        others = index - first - ended
        made = numpy.empty((len(ids), COLUMNS), numpy.int32)
        for k, bars in enumerate(BARS):
            then = time[last] - bars * bar[last]
            there, beyond = (numpy.searchsorted(time, then, side) for side in ("left", "right"))
            due = there + _ends_before(ends[beyond] - ends[there], ended, others) + others
            known = began & (there < beyond) & (due <= beyond)
            made[:, k] = numpy.where(known, ids[numpy.minimum(due, len(ids) - 1)], UNKNOWN)
            missed = _last((made[:, k] != ids) | over, index, -1)
            made[:, LOOKS + k] = _run_mark(k, numpy.where(began, last - missed[last], 0))
        mode = self.modes[ids[_last((self.modes[ids] > 0) | (index == start), index)]]
        beats = numpy.where(said, self.beats_said[ids[meter]], self.beats)
        made[:, -3] = numpy.where(began, _said_mark(mode[last], beats[last]), _said_mark(0, self.beats))
        made[:, -4] = _pattern_mark(made[:, :LOOKS].T)
        passed = numpy.where(began, numpy.maximum(tick, 0)[last] - since[last], 0)
        made[:, -2] = _place_mark(passed % bar[last], self.division)
        made[:, -1] = _bar_mark(numpy.where(began, numpy.maximum(tick, 0)[last] // bar[last], 0))
        return made

    def _ticks(self, ids, start):
        """The tick after each word, from the beginning of its piece."""
        elapsed = numpy.cumsum(self.delta[ids])
        tick = elapsed - (elapsed - self.delta[ids])[start]
        begun = _last(~(self.says[ids] & (tick == 0)), numpy.arange(len(ids)), -1) >= start
        return numpy.where(begun, tick, BEFORE)

    def reader(self, count: int) -> "LookbackReader":
        """A new ``LookbackReader`` of ``count`` pieces side by side."""
        return LookbackReader(self, count)


def _last(there, index, none=0):
    """(R,) the last place up to each at which ``there`` is true."""
    return numpy.maximum.accumulate(numpy.where(there, index, none))


def _ends_before(then, now, others):
    """How many ends of notes are before the word due: of those ``then``, by those ``now`` and the other words."""
    return numpy.where(others > 0, then, numpy.minimum(then, now))


def _run_mark(k, run):
    return k * (LONGEST_RUN + 1) + numpy.minimum(run, LONGEST_RUN)


def _pattern_mark(due):
    same = [(near == far) & (near != UNKNOWN) for near, far in itertools.pairwise(due)]
    return RUNS + sum(numpy.left_shift(said, k) for k, said in enumerate(same))


def _said_mark(mode, beats):
    return RUNS + PATTERNS + mode * len(NUMERATORS) + beats


def _beats(numerator):
    return NUMERATORS.index(numerator) if numerator in NUMERATORS else 0


def _place_mark(ticks, division):
    return PLACED + numpy.minimum(ticks * STEPS // division, LAST_PLACE)


def _bar_mark(bars):
    return PLACED + LAST_PLACE + 1 + numpy.minimum(bars, LAST_BAR)


class LookbackReader:
    """Reads pieces side by side, a word of each at a time."""

    def __init__(self, lookback: Lookback, count: int) -> None:
        self._lookback = lookback
        self._pieces = [_Piece(lookback) for _ in range(count)]

    def read(self, words: Iterable[int]) -> numpy.ndarray:
        """What a model is told next, (B, COLUMNS) int32, once a word of each piece, (B,), was read."""
        for piece, word in zip(self._pieces, words, strict=True):
            piece.read(int(word))
        return numpy.array([piece.row() for piece in self._pieces], numpy.int32)

    def forget(self, which: Sequence[bool]) -> None:
        """Begin some of the pieces, ``which`` (B,), anew."""
        for n, begun in enumerate(which):
            if begun:
                self._pieces[n] = _Piece(self._lookback)


class _Piece:
    """One piece so far: its words, and where among them those of each tick are."""

    def __init__(self, lookback):
        self.lookback = lookback
        self._begin()

    def _begin(self):
        self.tick, self.bar, self.since = BEFORE, self.lookback.bar, 0
        self.mode, self.beats = 0, self.lookback.beats
        self.words, self.places = [], defaultdict(list)
        self.ended = defaultdict(int)  # notes, at a tick
        self.due, self.runs = [UNKNOWN] * LOOKS, [0] * LOOKS

    def read(self, word):
        """Take the word that follows."""
        own = self.lookback
        if word == own.eos:
            self._begin()
            return
        tick = max(self.tick, 0) + int(own.delta[word])
        if tick or self.tick != BEFORE or not own.says[word]:
            self.tick = tick
        if own.bars[word]:
            self.bar, self.since, self.beats = int(own.bars[word]), tick, int(own.beats_said[word])
        self.mode = int(own.modes[word]) or self.mode
        self.runs = [run + 1 if due == word else 0 for run, due in zip(self.runs, self.due, strict=True)]
        self.places[self.tick].append(len(self.words))
        self.ended[self.tick] += int(own.ends[word])
        self.words.append(word)
        self.due = [self._word_due(bars) for bars in BARS]

    def _word_due(self, bars):
        tick = self.tick - bars * self.bar
        then, ended = self.places.get(tick), self.ended[self.tick]
        others = len(self.places[self.tick]) - ended
        passed = others + int(_ends_before(self.ended.get(tick, 0), ended, others))
        return self.words[then[0] + passed] if then and passed <= len(then) else UNKNOWN

    def row(self):
        """What a model is told before the word that follows."""
        tick = max(self.tick, 0)
        runs = [_run_mark(k, run) for k, run in enumerate(self.runs)]
        place = _place_mark((tick - self.since) % self.bar, self.lookback.division)
        said = _said_mark(self.mode, self.beats)
        return [*self.due, *runs, _pattern_mark(self.due), said, place, _bar_mark(tick // self.bar)]
