"""Bits a note on held-out pieces, ours and PyTorch's peers on the same words, as rows for RESULTS.md.

    python -m benchmarks.music_quality midi_ryan --minutes 8                     (peers need: pip install torch==2.13.0)
    python -m benchmarks.music_quality FOLDER --who ours lookback gpt:context=128 --seeds 0 1 -- --unit 128
    OMP_NUM_THREADS=1 python -m benchmarks.music_quality midi_jsb_derived --who gpt --minutes 8 --processor \\
        --parameters 4000000

What stands after ``--`` goes to train.py. ``ours`` is train.py as a user runs it; ``own-keys`` is what it was before
pieces said what they are and a model looked back, and ``plain`` before its model was regularized. ``lookback`` is an
LSTM with Magenta's lookback features, ``gpt`` a small GPT; both are as wide as the parameters of ours allow, or
--parameters, and train as long as ours did with that seed, or for --minutes. A peer's settings follow a colon; it may
be named with several.

A figure is all that the words of the held-out pieces cost, with those of key, meter, tempo and programs where there are
any, divided by the notes, known to the vocabulary or not. So the pieces are in their own keys: where notes are brought
to C major or C minor, the word of the key, which is paid for too, tells the way back. The peers read the very ids of
``ours``: the benchmark stops where train.py's fingerprint of them is another, and prints its beginning. ``own-keys``
and ``plain`` read other words of the same pieces.

With --processor, minutes are those that the processor had for a training, for a machine that others use too.
"""

import argparse
import math
import shlex
import sys
import tempfile
from pathlib import Path

from benchmarks import quality, quality_ours
from benchmarks.music_quality_corpora import read_pieces
from benchmarks.quality import DATA, GPT, OURS
from benchmarks.quality_corpora import SPLITS, read_corpus
from benchmarks.quality_result import Limits
from tsuzuri.errors import UserError

OWN = {  # what train.py is given beside the user's options
    OURS: (),
    "own-keys": ("--about", "off", "--keys", "own", "--lookback", "off"),
    "plain": ("--recipe", "plain", "--about", "off", "--keys", "own"),
}
LOOKBACK = "lookback"
PLACES = {"midi_ryan": "midi_ryan/midi"}  # beside texts
NAMES = (*OWN, LOOKBACK, GPT)
WHO = (OURS, "own-keys", LOOKBACK, GPT)


def contender_of(asked):
    return quality.contender_of(asked, NAMES, tuple(OWN), "benchmarks.music_quality_peers")


def in_bits(result, corpus, notes):
    """A result with its losses, nats a word, in bits a note of that split."""
    valid, test = (
        loss * len(getattr(corpus, split)) / math.log(2) / notes[split]
        for split, loss in (("valid", result.valid), ("test", result.test))
    )
    return result._replace(valid=valid, test=test)


def limits_of(contender, args, ours):
    """What a contender may take: of peers as much as ours took, where it is not said."""
    if contender.peer is None or ours is None:
        return Limits(args.minutes, args.parameters, args.processor)
    return Limits(args.minutes or ours.seconds / 60, args.parameters or ours.parameters, args.processor)


def cells(result):
    """A result's cells of the table, from its parameters on."""
    epochs = f"{result.epochs:.3g}, {result.best:.3g}"
    return [f"{result.parameters:,}", f"{result.seconds / 60:.1f}", epochs, f"{result.valid:.3f}", f"{result.test:.3f}"]


def remarks(pieces, corpora):
    """Lines that tell a corpus' size, and the ids that are read."""
    yield ", ".join(f"{notes:,} notes {split}" for split, notes in pieces.notes.items())
    for name, corpus in corpora.items():
        report = corpus.report
        words = ", ".join(f"{report['words'][s]:,} {s} ({report['unknown'][s]:.1%} unknown)" for s in SPLITS)
        yield f"words of {name}: {words}; {len(corpus.vocabulary):,} ids; fingerprint {corpus.fingerprint()[:12]}"


def compare(contenders, args, options, out):
    """Yield the rows as they are found: those of a seed, ours first, and at last the means."""
    place = Path(args.data, PLACES.get(args.corpus, args.corpus))
    pieces = read_pieces(place if place.is_dir() else Path(args.corpus), options)
    arguments = {name: [*pieces.arguments(), *options, *more] for name, more in OWN.items()}
    read = dict.fromkeys(contender.name if contender.peer is None else OURS for contender in contenders)
    corpora = {name: read_corpus(arguments[name]) for name in read}
    name = Path(args.corpus).name
    yield from (f"{name}: {line}" for line in remarks(pieces, corpora))
    yield "\n" + quality.row(quality.HEAD) + "\n" + "|---" * len(quality.HEAD) + "|"
    found = {contender: [] for contender in contenders}
    out.mkdir(parents=True, exist_ok=True)
    for seed in args.seeds:
        ours = None
        for contender in contenders:
            limits = limits_of(contender, args, ours)
            corpus = corpora.get(contender.name, corpora.get(OURS))
            if contender.peer is None:
                run = out / f"{contender.name}-{seed}"
                result = quality_ours.train(corpus, arguments[contender.name], seed, run, limits)
                ours = result if contender.name == OURS else ours
            else:
                result = contender.peer.train(corpus, contender.settings, seed, limits)
            found[contender].append(in_bits(result, corpus, pieces.notes))
            yield quality.row([name, contender.asked, seed, *cells(found[contender][-1])])
    if len(args.seeds) > 1:
        for contender, results in found.items():
            yield quality.row([name, contender.asked, "mean", *cells(quality.mean(results))])


def check_limits(contenders, args):
    """Refuse a peer that has nothing to go by, before anything is read."""
    peers = [contender.asked for contender in contenders if contender.peer]
    if peers and all(contender.name != OURS for contender in contenders) and not (args.minutes and args.parameters):
        raise UserError(f"--who {peers[0]}: needs ours beside it, or --minutes and --parameters")
    if args.processor and not Path("/proc/self/stat").exists():
        raise UserError("--processor: needs Linux' /proc, which this machine lacks")


def parsed(argv):
    """The parser, the options, and what is for train.py."""
    parser = argparse.ArgumentParser(
        "benchmarks.music_quality", description=__doc__.split("\n")[0], usage="%(prog)s CORPUS [options] [-- options]"
    )
    parser.add_argument("corpus", help="a folder of MIDI files, under --data or anywhere")
    parser.add_argument("--who", nargs="+", default=WHO, metavar="NAME[:SETTINGS]")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--minutes", type=quality.positive, help="that each may train at most")
    parser.add_argument("--processor", action="store_true", help="minutes of the processor, not of the clock")
    parser.add_argument("--parameters", type=quality.whole, help="that a peer may have, not as many as ours")
    parser.add_argument("--data", default=str(DATA), help="the folder of the corpora's folders")
    parser.add_argument("-o", "--out", help="where runs are kept, a folder that is not there yet")
    at = argv.index("--") if "--" in argv else len(argv)
    return parser, parser.parse_args(argv[:at]), argv[at + 1 :]


def main(argv=None):
    argv = sys.argv[1:] if argv is None else argv
    parser, args, options = parsed(argv)
    try:
        contenders = [contender_of(asked) for asked in dict.fromkeys(args.who)]
        contenders.sort(key=lambda contender: contender.name != OURS)
        check_limits(contenders, args)
        if args.out and Path(args.out).exists():
            raise UserError(f"--out {args.out}: is there already, must be a new folder")
        command = shlex.join(["python", "-m", "benchmarks.music_quality", *argv])
        print(f"`{command}`: {quality.machine()}.", flush=True)
        with tempfile.TemporaryDirectory() as temporary:
            out = Path(args.out or temporary).absolute()
            for line in compare(contenders, args, options, out):
                print(line, flush=True)
    except UserError as error:
        parser.exit(2, f"{parser.prog}: error: {error}\n")


if __name__ == "__main__":
    main()
