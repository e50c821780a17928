"""The sound of a piece in a notebook: an audio player that holds it, small enough to be saved with the notebook."""

from __future__ import annotations

import base64

import numpy

from tsuzuri.midi import timing
from tsuzuri.midi.score import Score
from tsuzuri.midi.sound import synth

BYTES = 1_000_000  # of the sound, in 16 bits on one channel: its sampling rate follows from them
RATES = 8000, 22_050  # the range of that rate
LONGEST = 120  # seconds that are played


def player_html(score: Score) -> str:
    """An ``<audio>`` that holds the sound of a score itself; a longer score is played for ``LONGEST`` seconds."""
    tempo_map = timing.tempo_map_of(score)
    seconds = tempo_map.seconds(score.end)
    caption = ""
    if seconds > LONGEST:
        score, seconds = _beginning_of(score, round(tempo_map.tick(LONGEST))), LONGEST
        caption = f"the first {LONGEST} seconds:<br>"
    rate = round(min(RATES[1], max(RATES[0], BYTES / 2 / (seconds + synth.ROOM))))
    stereo = synth.render_score(score, rate)  # (n, 2)
    mono = stereo.mean(axis=1, keepdims=True).round().astype(numpy.int16)
    sound = base64.b64encode(synth.encode_wav(mono, rate)).decode()
    return f'{caption}<audio controls src="data:audio/wav;base64,{sound}"></audio>'


def _beginning_of(score: Score, end: int) -> Score:
    """A score up to tick ``end``."""
    notes = [note._replace(end=min(note.end, end)) for note in score.notes if note.start < end]
    return score._replace(notes=notes, others=[event for event in score.others if event[0] < end], end=end)
