"""The sustain pedal: how long notes are heard whose keys are released while it is down."""

import bisect
import math
from collections import defaultdict

from tsuzuri.midi.score import CONTROL, DRUMS, Score

PEDAL, SOUND_OFF, RESET = 64, 120, 121  # controls
_DOWN = 64  # the least value of a pedal that is down


def hold_notes(score: Score) -> tuple[Score, int]:
    """The score with each note as long as it is heard, and the number of notes that are longer by that.

    A note whose key is released while the pedal is down lasts until the pedal is lifted, the key is struck again, or
    the piece is over. Drums last as they do. The pedal's own events stay.
    """
    lifts = _lifts(score)
    if not lifts:
        return score, 0
    notes, longer, struck = [], 0, {}  # when each key is struck next, as notes are taken backwards
    for note in reversed(score.notes):
        key = note.channel, note.key
        until = min(_release(lifts.get(note.channel), note.end), struck.get(key, score.end), score.end)
        if until > note.end:
            longer += 1
            note = note._replace(end=until)
        struck[key] = note.start
        notes.append(note)
    return score._replace(notes=notes[::-1]), longer


def _lifts(score):
    """For each channel with a pedal its (ticks, whether it is down since then), in order of time."""
    changes = defaultdict(lambda: ([-1], [False]))
    for tick, message in score.others:
        channel = message[0] & 0x0F
        if message[0] & 0xF0 != CONTROL or channel == DRUMS or message[1] not in (PEDAL, SOUND_OFF, RESET):
            continue
        ticks, downs = changes[channel]
        down = downs[-1] if message[1] == SOUND_OFF else message[1] == PEDAL and message[2] >= _DOWN
        if ticks[-1] > tick:  # after all sound off at this very tick
            ticks.pop()
            downs.pop()
        if message[1] == SOUND_OFF and downs[-1]:  # what sounds ends here, though the pedal stays down
            ticks.append(tick)
            downs.append(False)
        if downs[-1] != down:
            ticks.append(tick + (message[1] == SOUND_OFF))
            downs.append(down)
    return {channel: lifted for channel, lifted in changes.items() if any(lifted[1])}


def _release(lifted, tick):
    """The tick at which the pedal ends a note whose key is released at ``tick``; infinity where it never does."""
    if lifted is None:
        return tick
    ticks, downs = lifted
    i = bisect.bisect_right(ticks, tick) - 1
    if not downs[i]:
        return tick
    return ticks[i + 1] if i + 1 < len(ticks) else math.inf
