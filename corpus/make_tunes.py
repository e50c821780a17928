"""The tunes that come with the project: `python -m corpus.make_tunes` makes tunes/*.mid of tunes/tunes.abc.

The notation is a small part of ABC (abcnotation.com), so that any program for ABC can show and play it:

- A tune is its nine fields in the order of ``FIELDS``, then its bars, then an empty line. % begins a comment line.
- C D E F G A B are notes, C the middle one; c to b are an octave higher; a comma is one lower, an apostrophe higher.
- The key in K: alters notes as a signature does; ^ _ = (sharp, flat, natural) before a note hold to the end of the bar.
- z is a rest. A2, A3/2, A/2 and A/ (the same) are that many times the unit length in L:. Spaces mean nothing.
- A bar ends in |, a part in || or |], and a part from |: to :| is played twice.
- A bar is as long as the meter in M: says. Only where two parts meet may one be split in two, so that the second part
  begins with an upbeat; an upbeat at the start of a tune is what its last bar leaves out.
"""

import itertools
import pathlib
import re
import sys
from fractions import Fraction
from typing import NamedTuple

from tsuzuri.errors import UserError
from tsuzuri.midi.file import smf
from tsuzuri.midi.score import END, KEY, META, METER, TEMPO, Note, Score
from tsuzuri.midi.timing import TICKS

NOTATION = pathlib.Path(__file__).parent / "tunes" / "tunes.abc"
ACCENT, PLAIN = 96, 80  # velocities of a note on the first beat of a bar, and of any other
_NAME, _PROGRAM = 0x03, 0xC0
_WHOLE = 4 * TICKS

# field, in the order of a tune: the pattern after its colon, and the pattern in words
FIELDS = {
    "X": (r"[0-9]+", "X: and a number"),
    "T": (r"(.+)", "T: and the title"),
    "F": (r"([a-z0-9]+(?:-[a-z0-9]+)*\.mid)", "F: and a file name of a-z, 0-9 and hyphens that ends in .mid"),
    "S": (
        r"(traditional, .+, before [0-9]{4}|made for this project, CC0)",
        "S:traditional, COUNTRY, before YEAR or S:made for this project, CC0",
    ),
    "M": (r"([1-9][0-9]?)/([248])", "the meter, such as M:6/8"),
    "L": (r"(1/(?:4|8|16))", "the unit length, L:1/4, L:1/8 or L:1/16"),
    "Q": (r"([1-9]/[248])=([1-9][0-9]{1,2})", "the tempo in beats a minute, such as Q:1/4=100"),
    "I": (r"MIDI program ([0-9]{1,2}|1[01][0-9]|12[0-7])", "I:MIDI program and a number in 0..127"),
    "K": (r"([A-G])([b#]?)(|m|mix|dor|phr)", "the key: A to G, b or # if need be, and nothing, m, mix, dor or phr"),
}

_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_FIFTHS = "FCGDAEB"  # sharps come in this order, flats from its end
# sharps more than in major, and whether the third is minor, which is all that MIDI can tell of a mode
_MODES = {"": (0, 0), "mix": (-1, 0), "dor": (-2, 1), "m": (-3, 1), "phr": (-4, 1)}
_ALTERATIONS = {"^": 1, "#": 1, "_": -1, "b": -1, "=": 0, "": 0}
_OCTAVES = {",": -12, "": 0, "'": 12}
_TOKEN = re.compile(
    r"(?P<sign>\|[|:\]]?|:\|)"
    r"|(?:(?P<mark>[_=^]?)(?P<letter>[A-Ga-g])(?P<octave>[,']?)|z)(?P<times>[1-9][0-9]?)?(?P<parts>/[248]?)?"
    r"|\s+"
)


class Bar(NamedTuple):
    """The notes between two bar signs: number in the tune, line of the end, and (key or None, length) pairs.

    Lengths are in whole notes; a rest has the key None.
    """

    number: int
    line: int
    notes: list

    def length(self):
        return sum(length for _, length in self.notes)


class Part(NamedTuple):
    """Bars, and the number of times that they are played."""

    bars: list
    times: int


class Tune(NamedTuple):
    """A tune: ``meter`` a pair, ``beat`` in whole notes, ``beats`` a minute, ``key`` sharps or -flats, 1 if minor."""

    title: str
    file: str
    source: str
    meter: tuple
    beat: Fraction
    beats: int
    program: int
    key: tuple
    parts: list


def parse_tunes(text, name):
    """The list of ``Tune`` in a text in the notation; raises ``UserError`` with ``name``, the line and the fault."""
    lines = [(k, line.strip()) for k, line in enumerate(text.split("\n"), 1) if not line.startswith("%")]
    blocks = itertools.groupby(lines, key=lambda numbered: bool(numbered[1]))
    return [_tune(list(block), name) for filled, block in blocks if filled]


def _tune(lines, name):
    fields = {}
    for (letter, (pattern, allowed)), (k, line) in zip(FIELDS.items(), lines, strict=False):
        match = re.fullmatch(f"{letter}:{pattern}", line)
        if not match:
            raise UserError(f"{name}, line {k}: {line!r} must be {allowed}")
        fields[letter] = match.groups()
    if len(lines) <= len(FIELDS):
        raise UserError(f"{name}, line {lines[-1][0]}: a tune must have {len(FIELDS)} fields and then its bars")
    key = _key(*fields["K"])
    if not -7 <= key[0] <= 7:
        raise UserError(f"{name}, line {lines[len(FIELDS) - 1][0]}: the key has {abs(key[0])} signs, must have 0..7")
    beat, beats = fields["Q"]
    return Tune(
        title=fields["T"][0],
        file=fields["F"][0],
        source=fields["S"][0],
        meter=tuple(int(number) for number in fields["M"]),
        beat=Fraction(beat),
        beats=int(beats),
        program=int(fields["I"][0]),
        key=key,
        parts=_parts(lines[len(FIELDS) :], Fraction(fields["L"][0]), key[0], f"{fields['T'][0]}: {name}"),
    )


def _key(letter, alteration, mode):
    shift, minor = _MODES[mode]
    return _FIFTHS.index(letter) - 1 + 7 * _ALTERATIONS[alteration] + shift, minor


def _parts(lines, unit, sharps, name):
    parts, bars, notes, altered, number = [], [], [], {}, 1
    for k, line in lines:
        at = 0
        while at < len(line):
            token = _TOKEN.match(line, at)
            if not token:
                raise UserError(f"{name}, line {k}, bar {number}: {line[at]!r} is no note, rest or bar sign")
            at = token.end()
            if token["sign"]:
                if notes:
                    bars.append(Bar(number, k, notes))
                    notes, altered, number = [], {}, number + 1
                if token["sign"] != "|" and bars:
                    parts.append(Part(bars, 2 if token["sign"] == ":|" else 1))
                    bars = []
            elif not token[0].isspace():
                notes.append((_pitch(token, sharps, altered), unit * _length(token)))
    if notes or bars:
        raise UserError(f"{name}, line {lines[-1][0]}: the last bar must end in ||, |] or :|")
    if not parts:
        raise UserError(f"{name}, line {lines[-1][0]}: a tune must have notes")
    return parts


def _pitch(token, sharps, altered):
    """The MIDI key of a note, None for a rest; ``altered`` collects the alterations of the bar by natural key."""
    if not token["letter"]:
        return None
    letter = token["letter"].upper()
    natural = 60 + _STEPS[letter] + 12 * token["letter"].islower() + _OCTAVES[token["octave"]]
    if token["mark"]:
        altered[natural] = _ALTERATIONS[token["mark"]]
    return natural + altered.get(natural, (sharps + 6 - _FIFTHS.index(letter)) // 7)


def _length(token):
    parts = token["parts"]
    return Fraction(int(token["times"] or 1), int(parts[1:] or 2) if parts else 1)


def tune_score(tune, name):
    """The ``Score`` of a tune with its repeats, an upbeat after a rest that fills its bar.

    Raises ``UserError`` with ``name``, the tune, the line and the bar whose length is wrong.
    """
    full = Fraction(*tune.meter)
    start = max(full - tune.parts[0].bars[0].length(), Fraction(0))
    at, notes = start, []
    for part in tune.parts:
        for bar in part.bars * part.times:
            left, length = full - at % full, bar.length()
            if length > left or (length < left and bar is not part.bars[-1]):
                raise _length_error(tune, name, bar, left)
            for key, duration in bar.notes:
                if key is not None:
                    velocity = PLAIN if at % full else ACCENT
                    notes.append(Note(int(at * _WHOLE), int((at + duration) * _WHOLE), 0, key, velocity))
                at += duration
    last = tune.parts[-1].bars[-1]
    if missing := (start - at) % full:
        raise _length_error(tune, name, last, (last.length() + missing) % full or full)
    others = [(0, message) for message in _settings(tune)]
    return Score(notes, others, int(-(-at // full) * full * _WHOLE), TICKS)


def _length_error(tune, name, bar, wanted):
    where = f"{tune.title}: {name}, line {bar.line}, bar {bar.number}"
    return UserError(f"{where} lasts {bar.length()} of a whole note, must last {wanted}")


def _settings(tune):
    """The messages at the start of the file: title, tempo, meter, key, program."""
    count, unit = tune.meter
    sharps, minor = tune.key
    yield bytes([META, _NAME]) + tune.title.encode()
    yield bytes([META, TEMPO]) + round(60_000_000 / (tune.beats * tune.beat * 4)).to_bytes(3, "big")
    yield bytes([META, METER, count, unit.bit_length() - 1, int(96 * tune.beat), 8])  # 96 MIDI clocks a whole note
    yield bytes([META, KEY, sharps & 0xFF, minor])
    yield bytes([_PROGRAM, tune.program])


def midi_files(text, name):
    """The bytes of each tune's MIDI file by file name; raises ``UserError`` as the functions above do."""
    files = {}
    for tune in parse_tunes(text, name):
        if tune.file in files:
            raise UserError(f"{name}: {tune.file} is the file of two tunes, must be of one")
        score = tune_score(tune, name)
        track = smf.make_track([*score.events(), (score.end, END)])
        files[tune.file] = smf.write_smf(smf.MidiFile(0, TICKS, [track], []))
    return files


def main():
    files = midi_files(NOTATION.read_text(encoding="utf-8"), NOTATION.name)
    for file, data in files.items():
        (NOTATION.parent / file).write_bytes(data)
    print(f"{len(files)} tunes in {NOTATION.parent}")


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        print(f"make_tunes: error: {error}", file=sys.stderr)
        sys.exit(2)
