"""Whether tunes are in the key and the meter that are asked for: of so many, how many are.

    python -m benchmarks.asked_music runs/folk --count 100

A tune is in a key if Krumhansl and Schmuckler's way finds that key in its notes, and in its mode if it finds it minor,
or major. What is asked for is said in the words of each tune too, which is not looked at. Whether a tune's beats are
quarters, or dotted quarters as in 6/8, is told by where in a beat its notes begin: by which of both its places are
likelier, as the corpus's pieces of each kind have theirs. The last table has how many of these are told right so.
"""

import argparse

import numpy

import tsuzuri
from benchmarks.music_measures import GRID
from benchmarks.music_stats import real_tunes
from tsuzuri.errors import UserError
from tsuzuri.midi import keys

KEYS = ("C", "G", "D", "Bb", "Am", "Em", "Gm", "Dm")
METERS = ("6/8", "9/8", "2/4", "4/4")
PLACES = {True: 18, False: 12}  # of a dotted quarter, and of a quarter
HEAD = "| asked | tunes | in it | in its mode | last note its tonic |\n|---|---|---|---|---|"
HEAD_OF_METERS = "\n| asked | tunes | with its beats |\n|---|---|---|"


def of_key(run, name, args):
    """The row of a key."""
    key, found, mode, ends = keys.read_key(name), 0, 0, 0
    for piece in run.generate_many(args.count, key=name, bars=args.bars, seed=args.seed, device=args.device):
        score = piece._score
        heard = keys.estimate_key(keys.pitch_time(score.notes))
        found += heard.tonic == key.tonic and heard.minor == key.minor
        mode += heard.minor == key.minor
        ends += max(score.notes).key % 12 == key.tonic
    return f"| {name} | {args.count} | {found} | {mode} | {ends} |"


def is_compound(numerator, denominator):
    """Whether a meter's beats are dotted."""
    return denominator == 8 and numerator % 3 == 0


def places_of(notes, division):
    """Of both kinds of beats the place in it where each note begins, by ``is_compound``."""
    starts = numpy.array([note.start for note in notes]) * 12 // division  # twelfths of a quarter note
    return {compound: starts % count for compound, count in PLACES.items()}


def likelihoods(real):
    """Of both kinds of beats how much likelier each place is than by chance, of (meter, notes, division) of pieces."""
    counts = {compound: numpy.ones(count) for compound, count in PLACES.items()}
    for meter, notes, division in real:
        kind = is_compound(*meter)
        counts[kind] += numpy.bincount(places_of(notes, division)[kind], minlength=PLACES[kind])
    return {kind: numpy.log(count / count.mean()) for kind, count in counts.items()}


def sounds_compound(notes, division, learned):
    """Whether the beats of some notes are likelier dotted; ``learned`` are ``likelihoods``."""
    places = places_of(notes, division)
    return bool(learned[True][places[True]].mean() > learned[False][places[False]].mean())


def of_meter(run, name, args, learned):
    """The row of a meter."""
    wanted, found = is_compound(*map(int, name.split("/"))), 0
    for piece in run.generate_many(args.count, meter=name, bars=args.bars, seed=args.seed, device=args.device):
        found += sounds_compound(piece._score.notes, piece._score.division, learned) == wanted
    return f"| {name} | {args.count} | {found} |"


def main(argv=None):
    parser = argparse.ArgumentParser("benchmarks.asked_music", description=__doc__.split("\n")[0])
    parser.add_argument("run")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--bars", type=int, default=16)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-d", "--device", default="auto")
    args = parser.parse_args(argv)
    try:
        run = tsuzuri.load(args.run, "music")
        print(HEAD, flush=True)
        for name in KEYS:
            print(of_key(run, name, args), flush=True)
        real = [(piece.meter, tune.notes, GRID) for piece, tune in real_tunes(args.run)[0]]
        learned = likelihoods(real)
        print(HEAD_OF_METERS, flush=True)
        for name in METERS:
            print(of_meter(run, name, args, learned), flush=True)
        right = sum(sounds_compound(notes, division, learned) == is_compound(*meter) for meter, notes, division in real)
        print(f"| pieces of the corpus, by their own | {len(real)} | {right} |")
    except UserError as error:
        parser.exit(2, f"{parser.prog}: error: {error}\n")


if __name__ == "__main__":
    main()
