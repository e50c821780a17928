"""Draws a piece's notes above the waveform of its sound, from what the commands wrote.

``python generate.py RUN -o tune.mid --wav``, ``python read_midi.py tune.mid --events all -o tune.words``, and then
``python -m docs.tune_picture tune.words tune.wav docs/pictures/tune.png``.
"""

import sys
import wave

import numpy
from matplotlib.figure import Figure

TICKS = 480  # a quarter note, unless read_midi.py is asked for others
TEMPO, END = "ff_51", "ff_2f"
NOTE_COLOR, SOUND_COLOR = "#0072b2", "#d55e00"
NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


def notes_of(words):
    """(start, seconds, key) of each note of a piece without changes of tempo after its first note."""
    now, seconds_per_tick, sounding, notes = 0.0, 0.5 / TICKS, {}, []
    for word in words:
        delta, _, message = word.partition("_")
        now += ticks(bytes.fromhex(delta)) * seconds_per_tick
        if message.startswith(TEMPO):
            seconds_per_tick = int(message[len(TEMPO) :], 16) / 1e6 / TICKS
            continue
        status, _, data = message.partition("_")
        key = data[:2]
        if status[0] == "9" and data[2:] != "00":
            sounding[status[1], key] = now
        elif status[0] in "89":
            start = sounding.pop((status[1], key))
            notes.append((start, now - start, int(key, 16)))
    return sorted(notes)


def ticks(delta):
    """The number that variable-length bytes hold, seven bits in each."""
    number = 0
    for byte in delta:
        number = number << 7 | byte & 0x7F
    return number


def waveform(path):
    """(seconds (n,), loudest sample of each column (n,)), of a .wav of 16 bits."""
    with wave.open(path) as sound:
        rate, channels = sound.getframerate(), sound.getnchannels()
        samples = numpy.frombuffer(sound.readframes(sound.getnframes()), "<i2").reshape(-1, channels)
    column = rate // 50
    loud = numpy.abs(samples[: len(samples) // column * column].astype("f") / 32768).max(axis=1)
    peaks = loud.reshape(-1, column).max(axis=1)
    return numpy.arange(len(peaks)) / 50, peaks


def draw(words, sound, picture):
    """Save the picture, notes above and waveform below, on one axis of seconds."""
    notes, (seconds, peaks) = notes_of(words), waveform(sound)
    figure = Figure(figsize=(10, 4), dpi=110, layout="constrained")
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    for start, length, key in notes:
        top.broken_barh([(start, length)], (key - 0.42, 0.84), facecolors=NOTE_COLOR, edgecolors="white", linewidth=0.5)
    keys = [key for _, _, key in notes]
    shown = range(min(keys), max(keys) + 1, 4)
    top.set_yticks(shown, [f"{NAMES[key % 12]}{key // 12 - 1}" for key in shown])
    top.set_ylabel("key")
    bottom.fill_between(seconds, -peaks, peaks, color=SOUND_COLOR, linewidth=0)
    bottom.set_yticks([])
    bottom.set_ylabel("sound")
    bottom.set_xlabel("seconds")
    bottom.set_xlim(0, seconds[-1])
    for axes in (top, bottom):
        axes.spines[["top", "right"]].set_visible(False)
    top.grid(color="#e3e5e8", linewidth=0.6)
    top.set_axisbelow(True)
    figure.savefig(picture)


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as stream:
        draw([word for word in stream.readline().split() if END not in word], *sys.argv[2:4])
