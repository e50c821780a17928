"""The words of a vocabulary by what they do to a growing piece, for the grammar."""

import numpy

from tsuzuri.midi.score import END, META, OFF, ON, is_silence


class Lexicon:
    """The words of a vocabulary sorted by their effect: those that start or end each key, and those that do neither.

    ``parsed``: the (delta, message) of each id, None for a word that is no MIDI; ``eos``: the id of the line end. A key
    here is a pair (channel, key).
    """

    def __init__(self, parsed, eos):
        self.eos = eos
        self.parsed = [event or (0, None) for event in parsed]
        self.delta = numpy.array([delta for delta, _ in self.parsed])  # (V,)
        kinds = numpy.array([kind_of_word(message) for _, message in self.parsed])
        is_end = numpy.array([i == eos or message == END for i, (_, message) in enumerate(self.parsed)])
        self.ends = numpy.flatnonzero(is_end).tolist()
        # words that move a piece on: the others could follow one another for ever
        self.moves = is_end | (self.delta > 0) | numpy.isin(kinds, (ON, OFF))
        self.notes, self.strikes = numpy.isin(kinds, (ON, OFF)), kinds == ON
        self.free = numpy.array([message is not None for _, message in self.parsed]) & ~is_end & (kinds != OFF)
        self.free &= ~numpy.array([message is not None and is_silence(message) for _, message in self.parsed])
        self.on, self.off_at_once, self.off_later = {}, {}, {}
        for i, (delta, message) in enumerate(self.parsed):
            if kinds[i] == ON:
                self.on.setdefault(key_of(message), []).append(i)
            elif kinds[i] == OFF:
                (self.off_later if delta else self.off_at_once).setdefault(key_of(message), []).append(i)
        for key in self.on.keys() - (self.off_at_once.keys() | self.off_later.keys()):
            self.free[self.on.pop(key)] = False  # nothing could end these notes
        for table in (self.on, self.off_at_once, self.off_later):
            table.update({key: numpy.array(ids) for key, ids in table.items()})
        channels = range(16)
        self.channel = [
            numpy.array([i for key, ids in self.on.items() if key[0] == c for i in ids], int) for c in channels
        ]


def kind_of_word(message):
    """The status of a message without its channel, 0 for a meta event and for None."""
    return 0 if message is None or message[0] == META else message[0] & 0xF0


def key_of(message):
    """The (channel, key) of a message about a note."""
    return message[0] & 0x0F, message[1]
