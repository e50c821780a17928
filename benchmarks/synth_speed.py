"""How many seconds of sound are made in one, how many notes are drawn in one, and the memory that an hour takes.

    python -m benchmarks.synth_speed FOLDER_OF_MIDI...

First each kind of tone is held against the plain sum of its sines. Then a few files of each folder are rendered and
drawn in turn, some rounds, and the medians are printed as rows of a Markdown table. Times are of the processor, so that
other work on the machine counts little.
"""

import math
import resource
import statistics
import sys
import time
from pathlib import Path

import numpy

from tsuzuri.midi.file import smf
from tsuzuri.midi.pictures import pianoroll
from tsuzuri.midi.score import Note, Score, score_of_events
from tsuzuri.midi.sound import synth, timbres, tones
from tsuzuri.midi.words import tracks
from tsuzuri.midi.words.settings import ALL

FILES, ROUNDS = 8, 3
STEADY = ((0, 0.0),)


def seconds(function):
    """Processor seconds of a call, and what it returns."""
    start = time.process_time()
    found = function()
    return time.process_time() - start, found


def check_tones():
    """The fast sums of sines are the plain ones, in the timbres that have neither noise nor vibrato."""
    hiss = tones.make_noise(synth.RATE)
    for timbre in timbres.TIMBRES.values():
        if timbre.breath or timbre.knock or timbre.voices != ((0.0, 0.0),):
            continue
        made = tones.render_tone(timbre, 57, STEADY, 1.0, 10.0, 0, 50_000, synth.RATE, hiss)[15_000:]
        t = numpy.arange(15_000, 50_000) / synth.RATE  # after the attack
        plain = numpy.zeros(len(t))
        for ratio, amplitude in zip(timbre.ratios or range(1, 99), timbre.amplitudes, strict=False):
            speed = math.log(1000) / (timbre.fall * 2**0.125) * (1 + timbre.damping * (ratio - 1)) if timbre.fall else 0
            plain += amplitude * numpy.exp(-speed * t) * numpy.sin(2 * numpy.pi * 220 * ratio * t)
        if not timbre.fall:
            plain *= timbre.sustain + (1 - timbre.sustain) * numpy.exp(-4 * t)
        plain *= 0.3 * timbre.gain / math.sqrt(sum(a * a for a in timbre.amplitudes))
        assert abs(made - plain).max() < 2e-3, (timbre, abs(made - plain).max())


def read(path):
    """The score of all of a file's tracks."""
    file = smf.read_smf(path.read_bytes())
    events, _ = tracks.merge_tracks(file, ALL, ALL)
    return score_of_events(events, file.division)[0]


def measure(folder):
    """A row of the table: notes, minutes of sound, how many times faster than it lasts, notes drawn a second."""
    paths = sorted(Path(folder).rglob("*.mid"))
    scores = [read(path) for path in paths[:: max(1, len(paths) // FILES)][:FILES]]
    ratios, slowest, drawing, sound = [], math.inf, [], 0.0
    for _ in range(ROUNDS):
        rendering, sound, drawn = 0.0, 0.0, 0.0
        for piece in scores:
            took, samples = seconds(lambda piece=piece: synth.render_score(piece))
            rendering += took
            sound += len(samples) / synth.RATE
            slowest = min(slowest, len(samples) / synth.RATE / took)
            drawn += seconds(lambda piece=piece: pianoroll.draw_pianoroll(piece))[0]
        ratios.append(sound / rendering)
        drawing.append(drawn / len(scores))
    notes = sum(len(piece.notes) for piece in scores)
    ratio, draw = statistics.median(ratios), statistics.median(drawing)
    row = Path(folder).name, len(scores), notes, f"{sound / 60:.1f}", f"{ratio:.0f}", f"{slowest:.0f}", f"{draw:.2f}"
    return f"| {' | '.join(map(str, row))} |"


def measure_an_hour():
    """Four voices for an hour: its speed, and the most memory this process has had."""
    notes = [
        Note(start, start + 240, voice, key, 80)
        for voice, key in enumerate((48, 60, 64, 67))
        for start in range(voice, 7200 * 480, 240)
    ]
    hour = Score(sorted(notes), [], 7200 * 480, 480)
    took, samples = seconds(lambda: synth.render_score(hour))
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(f"an hour of four voices: {len(samples) / synth.RATE / took:.0f} times faster than it lasts")
    print(f"the most memory in use {most:.0f} MB, of which {samples.nbytes / 1e6:.0f} MB are the samples")


def main():
    check_tones()
    pianoroll.draw_pianoroll(Score([], [], 0, 480))  # matplotlib's import does not count
    print("| folder | files | notes | minutes | times faster than real time | slowest file | seconds a drawing |")
    print("|---|---|---|---|---|---|---|")
    for folder in sys.argv[1:]:
        print(measure(folder), flush=True)
    measure_an_hour()


if __name__ == "__main__":
    main()
