"""The words of a vocabulary by what they do to a growing piece, for the grammar."""

import numpy

from tsuzuri.midi.score import END, META, METER, OFF, ON, is_silence
from tsuzuri.midi.words.lengths import length_of

METER_EVENT = bytes([META, METER])  # how it begins


class ByDelta:
    """Some ids in order of their deltas."""

    def __init__(self, ids, delta):
        self._ids = ids[numpy.argsort(delta[ids], kind="stable")]
        self._delta = delta[self._ids]

    def before(self, ticks):
        """Those whose deltas are shorter, an array."""
        return self._ids[: self._delta.searchsorted(ticks)]


class Lexicon:
    """The words of a vocabulary sorted by their effect: those that start or end each key, and those that do neither.

    ``parsed``: the (delta, message) of each id, None for a word that is no MIDI; ``eos``: the id of the line end. A key
    here is a pair (channel, key). ``by_note``: notes are one word each, with their lengths, and no others are used.
    """

    def __init__(self, parsed, eos):
        self.eos = eos
        self.parsed = [event or (0, None) for event in parsed]
        self.delta = numpy.array([delta for delta, _ in self.parsed])  # (V,)
        kinds = numpy.array([kind_of_word(message) for _, message in self.parsed])
        lasting = numpy.array([message is not None and length_of(message) > 0 for _, message in self.parsed])
        self.by_note = bool(lasting.any())
        if self.by_note:
            kinds[numpy.isin(kinds, (ON, OFF)) & ~lasting] = OFF
        is_end = numpy.array([i == eos or message == END for i, (_, message) in enumerate(self.parsed)])
        self.ends = numpy.flatnonzero(is_end).tolist()
        is_meter = numpy.array([message is not None and message[:2] == METER_EVENT for _, message in self.parsed])
        self.meters = numpy.flatnonzero(is_meter)
        # words that move a piece on: the others could follow one another for ever, or must wait for the next bar
        self.moves = is_end | ((self.delta > 0) & ~is_meter) | numpy.isin(kinds, (ON, OFF))
        self.notes, self.strikes = numpy.isin(kinds, (ON, OFF)), kinds == ON
        self.free = numpy.array([message is not None for _, message in self.parsed]) & ~is_end & (kinds != OFF)
        self.free &= ~numpy.array([message is not None and is_silence(message) for _, message in self.parsed])
        self.on, self.off_at_once, self.off_later = {}, {}, {}
        for i, (delta, message) in enumerate(self.parsed):
            if kinds[i] == ON:
                self.on.setdefault(key_of(message), []).append(i)
            elif kinds[i] == OFF:
                (self.off_later if delta else self.off_at_once).setdefault(key_of(message), []).append(i)
        for key in self.on.keys() - (self.off_at_once.keys() | self.off_later.keys()) if not self.by_note else ():
            self.free[self.on.pop(key)] = False  # nothing could end these notes
        for table in (self.on, self.off_at_once, self.off_later):
            table.update({key: numpy.array(ids) for key, ids in table.items()})
        channels = range(16)
        self.channel = [
            numpy.array([i for key, ids in self.on.items() if key[0] == c for i in ids], int) for c in channels
        ]
        if self.by_note:
            self.of_key = {key: ByDelta(ids, self.delta) for key, ids in self.on.items()}
            self.of_channel = [ByDelta(ids, self.delta) for ids in self.channel]
            marks = [i for i in self.ends if i != eos]
            self.end_marks = ByDelta(numpy.array(marks, int), self.delta)


def kind_of_word(message):
    """The status of a message without its channel, 0 for a meta event and for None."""
    return 0 if message is None or message[0] == META else message[0] & 0xF0


def key_of(message):
    """The (channel, key) of a message about a note."""
    return message[0] & 0x0F, message[1]
