"""Whether generated music is like what its model learned from: ``python -m benchmarks.music_stats runs/folk``.

Pieces drawn with default options stand beside the pieces that were held out from training: how many notes are in the
piece's main key, how many begin on a grid of sixteenths or triplets, how long notes are, which steps of the
scale and which intervals they take. Each histogram's distance is half the sum of absolute differences: 0 the same, 1
nothing in common; beside it, what two halves of the held-out pieces are apart.
"""

import argparse
import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy

from tsuzuri.api.corpora import read_corpus
from tsuzuri.midi.score import DRUMS
from tsuzuri.midi.words import collect, wordfile
from tsuzuri.midi.words.convert import PieceWords
from tsuzuri.text import vocabulary
from tsuzuri.training import evaluation
from tsuzuri.training.language_model import bits_per_note
from tsuzuri.training.run import load_run

ROOT = Path(__file__).resolve().parent.parent
MAJOR, MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)
# How well each degree fits a key of either mode, as listeners rated it (Krumhansl and Kessler 1982)
PROFILES = {
    MAJOR: (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    MINOR: (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
}
DEGREES = ("1", "b2", "2", "b3", "3", "4", "#4", "5", "b6", "6", "b7", "7")
INTERVAL = 12  # semitones; larger ones are counted with the largest
GRIDS = 4, 6  # places a quarter note: sixteenths, and triplets of them


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("run")
    parser.add_argument("-n", type=int, default=100, help="pieces to generate (default: 100)")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    run = load_run(args.run)
    corpus = read_corpus(run.about["corpus"] | {"kind": "music", "tokens": "midi"}, run.recipe)
    midi = corpus.report["midi"]
    held_out = [*pieces_of(corpus.valid, corpus, midi), *pieces_of(corpus.test, corpus, midi)]
    generated = generate(args.run, args.n, args.seed)

    note_ons = numpy.array([collect.is_note_on(word) for word in corpus.vocabulary.words])
    for name, split, ids in (("validation", "valid", corpus.valid), ("test", "test", corpus.test)):
        nats = evaluation.evaluate_documents(run.load_best(), ids, corpus.documents[split], carried=True)
        print(f"{name}: {nats:.3f} nats a word, {nats * bits_per_note(ids, note_ons, len(ids)):.2f} bits a note")
    rows = [summary(pieces) for pieces in (generated, held_out)]
    print(f"\n| | {len(generated)} generated | {len(held_out)} held out |\n|---|---|---|")
    for name, made, real in zip(rows[0], rows[0].values(), rows[1].values(), strict=True):
        print(f"| {name} | {made} | {real} |")
    for name, histogram in HISTOGRAMS.items():
        made, real = histogram(generated), histogram(held_out)
        halves = distance(histogram(held_out[::2]), histogram(held_out[1::2]))
        print(f"\n{name}: distance {distance(made, real):.3f}; the held-out pieces' halves {halves:.3f}\n")
        labels = [label for label in real if max(real[label], made.get(label, 0)) >= 0.005]
        print("| | " + " | ".join(map(str, labels)) + " |\n|---|" + "---|" * len(labels))
        for title, found in (("generated", made), ("held out", real)):
            print(f"| {title} | " + " | ".join(f"{100 * found.get(label, 0):.1f}" for label in labels) + " |")


def pieces_of(ids, corpus, midi):
    """The pieces that ids were made of."""
    line = []
    for i in ids:
        if i != vocabulary.EOS:
            line.append(corpus.vocabulary.words[i])
        elif line:
            words = [word for word in line if word != "<unk>"]
            yield PieceWords("held out", words, midi["division"], midi["tempo"], tuple(midi["meter"]))
            line = []


def generate(run, count, seed):
    """Pieces drawn with default options."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "made.words")
        command = [sys.executable, ROOT / "generate.py", run, "-n", count, "--seed", seed, "--words", "-o", out]
        subprocess.run([str(part) for part in command], check=True)
        return wordfile.load_words(out)[1]


def melody(piece):
    """The notes of a piece that have a pitch, in order."""
    return [note for note in piece.score().notes if note.channel != DRUMS]


def main_key(notes):
    """(tonic, scale) of the major or natural minor key whose profile the lengths of the notes follow best."""
    lengths = numpy.zeros(12)
    for note in notes:
        lengths[note.key % 12] += note.end - note.start

    def fits(key):
        tonic, scale = key
        return numpy.corrcoef(numpy.roll(lengths, -tonic) + 1e-9 * numpy.arange(12), PROFILES[scale])[0, 1]

    return max(((tonic, scale) for tonic in range(12) for scale in (MAJOR, MINOR)), key=fits)


def in_key(notes):
    tonic, scale = main_key(notes)
    return sum((note.key - tonic) % 12 in scale for note in notes)


def on_grid(note, division):
    return any(note.start * places % division == 0 for places in GRIDS)


def summary(pieces):
    """What the table says of pieces, by name."""
    tunes = [(piece, melody(piece)) for piece in pieces]
    tunes = [(piece, notes) for piece, notes in tunes if notes]
    every = sum(len(notes) for _, notes in tunes)
    lengths = [(note.end - note.start) / piece.division for piece, notes in tunes for note in notes]
    ends = [notes[-1].key % 12 == main_key(notes)[0] for _, notes in tunes]
    return {
        "notes a piece, median": f"{numpy.median([len(notes) for _, notes in tunes]):.0f}",
        "notes in the piece's main key": f"{sum(in_key(notes) for _, notes in tunes) / every:.1%}",
        "onsets on sixteenths or their triplets": f"{_share(tunes):.1%}",
        "mean length of a note, quarter notes": f"{numpy.mean(lengths):.3f}",
        "pieces that end on the tonic": f"{numpy.mean(ends):.0%} (of all notes, {degrees(pieces)['1']:.0%} are on it)",
        "steps of two semitones or less": f"{sum(v for k, v in intervals(pieces).items() if abs(int(k)) <= 2):.1%}",
    }


def _share(tunes):
    hits = [on_grid(note, piece.division) for piece, notes in tunes for note in notes]
    return sum(hits) / len(hits)


def degrees(pieces):
    """The share of notes on each degree over the piece's tonic."""
    counts = numpy.zeros(12)
    for piece in pieces:
        notes = melody(piece)
        tonic = main_key(notes)[0] if notes else 0
        for note in notes:
            counts[(note.key - tonic) % 12] += 1
    return dict(zip(DEGREES, counts / counts.sum(), strict=True))


def intervals(pieces):
    """The share of each interval from note to note, in semitones."""
    counts = numpy.zeros(2 * INTERVAL + 1)
    for piece in pieces:
        keys = [note.key for note in melody(piece)]
        for step in numpy.diff(keys):
            counts[int(numpy.clip(step, -INTERVAL, INTERVAL)) + INTERVAL] += 1
    return dict(zip(map("{:+d}".format, range(-INTERVAL, INTERVAL + 1)), counts / counts.sum(), strict=True))


def lengths(pieces):
    """The share of each length, in quarter notes."""
    counts = {}
    for piece in pieces:
        for note in melody(piece):
            length = f"{(note.end - note.start) / piece.division:.3g}"
            counts[length] = counts.get(length, 0) + 1
    total = sum(counts.values())
    return {length: counts[length] / total for length in sorted(counts, key=float)}


HISTOGRAMS = {"Degrees over the tonic, %": degrees, "Intervals, %": intervals, "Lengths, %": lengths}


def distance(made, real):
    return math.fsum(abs(made.get(label, 0) - real.get(label, 0)) for label in {*made, *real}) / 2


if __name__ == "__main__":
    main()
