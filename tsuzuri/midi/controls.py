"""Controllers, bends and pressure thinned to what is heard, so that a flood of them does not take a piece's words.

Of each on its channel a number of changes a quarter note is kept, by steps that an ear can tell apart. Switches
(pedals), bank and program changes, and registered parameters are kept as they are.
"""

from tsuzuri.midi.score import META, Score

LEVELS = 8  # of 0..127: a step of a controller or of pressure, at least
CENTER, BEND_STEP = 0x2000, 256  # of 0..16383: with a range of two semitones six cents
CONTROL, PRESSURE, KEY_PRESSURE, BEND = 0xB0, 0xD0, 0xA0, 0xE0
FINE = range(32, 64)  # the low seven bits of controllers 0 to 31, which nobody hears without the others
# controllers that are no levels: bank, data entry (two), pedals and other switches, parameters, modes of a channel
KEPT = frozenset((0, 6, 32, 38, *range(64, 70), 84, *range(96, 102), *range(120, 128)))


def thin_controls(score: Score, rate: int) -> Score:
    """The score with at most ``rate`` changes a quarter note of each controller, bend and pressure of a channel.

    It has ticks a quarter note. The last of the changes in each such span of time is kept, with its value rounded, and
    of those that change nothing none. The low bits of a controller are left out.
    """
    width, last = score.division / rate, {}
    for n, (tick, message) in enumerate(score.others):
        place = _place(message)
        if place:
            last[place, int(tick / width)] = n
    kept, values, wanted = [], {}, set(last.values())
    for n, (tick, message) in enumerate(score.others):
        place = _place(message)
        if place and message[0] & 0xF0 == CONTROL and message[1] in FINE:
            continue
        if place:
            message = _rounded(message)
            if n not in wanted or values.get(place) == message:
                continue
            values[place] = message
        kept.append((tick, message))
    return score._replace(others=kept)


def _place(message):
    """What a message changes, as its channel and kind; None for one that is kept as it is."""
    kind = message[0] & 0xF0
    if message[0] >= META or kind not in (CONTROL, PRESSURE, KEY_PRESSURE, BEND):
        return None
    if kind == CONTROL and message[1] in KEPT:
        return None
    return message[:1] if kind in (PRESSURE, BEND) else message[:2]


def _rounded(message):
    """The message with its value at the nearest step; silence, the loudest and a bend's center are steps."""
    if message[0] & 0xF0 == BEND:
        value = message[1] | message[2] << 7
        value = min(0x3FFF, round((value - CENTER) / BEND_STEP) * BEND_STEP + CENTER)
        return bytes([message[0], value & 0x7F, value >> 7])
    value = message[-1]
    return message[:-1] + bytes([value if value in (0, 127) else min(127, max(1, round(value / LEVELS) * LEVELS))])
