"""Whether tunes are in the key that is asked for: of so many, how many are.

    python -m benchmarks.asked_music runs/folk --count 100

A tune is in a key if Krumhansl and Schmuckler's way finds that key in its notes, and in its mode if it finds it minor,
or major. What is asked for is said in the words of each tune too, which is not looked at.
"""

import argparse

import tsuzuri
from tsuzuri.errors import UserError
from tsuzuri.midi import keys

KEYS = ("C", "G", "D", "Bb", "Am", "Em", "Gm", "Dm")
HEAD = "| asked | tunes | in it | in its mode | last note its tonic |\n|---|---|---|---|---|"


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
    except UserError as error:
        parser.exit(2, f"{parser.prog}: error: {error}\n")


if __name__ == "__main__":
    main()
