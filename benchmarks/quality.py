"""Held-out loss against PyTorch's peers on the same words, splits and vocabulary, as rows for RESULTS.md.

    python -m benchmarks.quality etude --seeds 0 1 2                          (peers need: pip install torch==2.13.0)
    python -m benchmarks.quality wikitext2 --who ours word_language_model:units=650,dropout=0.5,tied=1 -- --unit 650
    python -m benchmarks.quality doyle --who ours gpt:dropout=0.2 gpt:dropout=0.4,epochs=10 --minutes 20 -- --epoch 30

What stands after ``--`` goes to train.py. ``ours`` is train.py as a user runs it. ``word_language_model`` is PyTorch's
example of that name, by its documented defaults. ``gpt`` is a small GPT that trains for as many minutes as ours did
with that seed, and is as wide as our number of parameters allows, or by --minutes and --parameters where ours is not
there. A contender's settings follow a colon; it may be named with several.

All read the same ids: the benchmark stops where train.py's fingerprint of them is another. Each is tested with the
weights that validated best. The LSTMs score a text in the same streams; the GPT with at least half a context before
each word.
"""

import argparse
import dataclasses
import datetime
import importlib
import math
import os
import platform
import re
import shlex
import statistics
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy

from benchmarks import quality_ours
from benchmarks.quality_corpora import PERPLEXITY, SOURCES, read_corpus, remarks, write_splits
from benchmarks.quality_result import Limits, Result
from tsuzuri.errors import UserError

OURS, GPT = "ours", "gpt"
NAMES = (OURS, "word_language_model", GPT)
DATA = quality_ours.ROOT.parent / "shared" / "data"
HEAD = ("corpus", "who", "seed", "parameters", "minutes", "epochs, the best", "validation", "test")


class Contender(NamedTuple):
    """Who it is, its peer's trainer and settings (None for ours), and what it was asked as."""

    name: str
    peer: object
    settings: object
    asked: str


def contender_of(asked, names=NAMES, own=(OURS,), module="benchmarks.quality_peers"):
    """A contender from its name, one of ``names``, and settings of a peer after a colon; raises ``UserError``.

    Those that are ``own`` are trained by train.py; ``PEERS`` of the ``module`` are the others.
    """
    name, _, settings = asked.partition(":")
    if name not in names:
        raise UserError(f"--who {asked}: must be one of {', '.join(names)}, a peer's settings after a colon")
    if name in own:
        if settings:
            raise UserError(f"--who {asked}: options of train.py stand after --")
        return Contender(name, None, None, asked)
    try:
        peers = importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise UserError(f"--who {asked}: the package {error.name} is missing (pip install torch==2.13.0)") from None
    peer = peers.PEERS[name]
    return Contender(name, peer, settings_of(peer.settings, settings, asked), asked)


def settings_of(kind, text, asked):
    """A dataclass' fields from ``name=value,name=value``, each of its default's type; raises ``UserError``."""
    defaults = {field.name: field.default for field in dataclasses.fields(kind)}
    found = {}
    for part in filter(None, text.split(",")):
        name, _, value = part.partition("=")
        if name not in defaults:
            raise UserError(f"--who {asked}: {name!r} must be one of {', '.join(defaults)}")
        kind_of_value = type(defaults[name])
        least = 1 if kind_of_value is int and defaults[name] else 0
        if not re.fullmatch(r"[0-9]+(\.[0-9]+)?(e-?[0-9]+)?", value) or float(value) < least:
            raise UserError(f"--who {asked}: {name} is {value!r}, must be a number, {least} at least")
        found[name] = kind_of_value(float(value))
    return kind(**found)


def limits_of(contender, args, ours):
    """What a peer may take: the GPT what ours took, where that is known."""
    if contender.name != GPT:
        return Limits(args.minutes, args.parameters)
    return Limits(ours.seconds / 60, ours.parameters) if ours else Limits(args.minutes, args.parameters)


def figures(result, figure):
    """A result's cells of the table, from its parameters on; a loss as the corpus' figure has it."""
    losses = [f"{math.exp(x):.2f}" if figure == PERPLEXITY else f"{x:.4f}" for x in (result.valid, result.test)]
    return [f"{result.parameters:,}", f"{result.seconds / 60:.1f}", f"{result.epochs:.3g}, {result.best:.3g}", *losses]


def mean(results):
    """The mean of some results in everything; of losses in nats, so that a perplexity's mean is a geometric one."""
    values = [statistics.mean(values) for values in zip(*results, strict=True)]
    return Result(round(values[0]), *values[1:])


def row(cells):
    return f"| {' | '.join(map(str, cells))} |"


def compare(name, contenders, args, arguments, out):
    """Yield the rows of a corpus as they are found: those of a seed, ours first, and at last the means."""
    source, found = SOURCES[name], {contender: [] for contender in contenders}
    arguments = [*write_splits(source, args.data, out / "splits"), *source.options, *arguments]
    corpus = read_corpus(arguments)
    yield from (f"{name}: {line}" for line in remarks(source, corpus))
    yield "\n" + row(HEAD) + "\n" + "|---" * len(HEAD) + "|"
    for seed in args.seeds:
        ours = None
        for contender in contenders:
            if contender.name == OURS:
                result = ours = quality_ours.train(corpus, arguments, seed, out / f"run-{seed}", Limits(args.minutes))
            else:
                limits = limits_of(contender, args, ours)
                result = contender.peer.train(corpus, contender.settings, seed, limits)
            found[contender].append(result)
            yield row([name, contender.asked, seed, *figures(result, source.figure)])
    if len(args.seeds) > 1:
        for contender, results in found.items():
            yield row([name, contender.asked, "mean", *figures(mean(results), source.figure)])


def machine():
    """The processor and the versions, for a table's caption."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    torch, today = sys.modules.get("torch"), datetime.date.today()
    parts = [f"{os.cpu_count()} cores of {models[0] if models else platform.machine()}"]
    parts += [f"Python {platform.python_version()}", f"NumPy {numpy.__version__}"]
    parts += [f"PyTorch {torch.__version__}"] if torch else []
    return ", ".join([*parts, f"{today.day} {today:%B %Y}"])


def positive(text):
    """A number of a command line that must be above 0."""
    value = float(text)
    if not 0 < value < math.inf:
        raise ValueError(text)
    return value


def whole(text):
    return int(positive(text))


def check_limits(contenders, args):
    """Refuse a GPT that has nothing to go by, before anything is trained."""
    names = {contender.name for contender in contenders}
    if GPT in names and OURS not in names and not (args.minutes and args.parameters):
        raise UserError("--who gpt: needs ours beside it, or --minutes and --parameters")


def main(argv=None):
    argv = sys.argv[1:] if argv is None else argv
    parser = argparse.ArgumentParser(
        "benchmarks.quality", description=__doc__.split("\n")[0], usage="%(prog)s CORPUS [options] [-- options]"
    )
    parser.add_argument("corpus", choices=SOURCES)
    parser.add_argument("--who", nargs="+", default=[OURS, "word_language_model", GPT], metavar="NAME[:SETTINGS]")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--minutes", type=positive, help="that each may train at most")
    parser.add_argument("--parameters", type=whole, help="that the GPT may have, where ours is not there")
    parser.add_argument("--data", default=str(DATA), help="the folder of the corpora's folders")
    parser.add_argument("-o", "--out", help="where splits and runs are kept, a folder that is not there yet")
    at = argv.index("--") if "--" in argv else len(argv)
    args, options = parser.parse_args(argv[:at]), argv[at + 1 :]
    try:
        contenders = [contender_of(asked) for asked in dict.fromkeys(args.who)]
        contenders.sort(key=lambda contender: contender.name != OURS)
        check_limits(contenders, args)
        if args.out and Path(args.out).exists():
            raise UserError(f"--out {args.out}: is there already, must be a new folder")
        print(f"`{shlex.join(['python', '-m', 'benchmarks.quality', *argv])}`: {machine()}.", flush=True)
        with tempfile.TemporaryDirectory() as temporary:
            out = Path(args.out or temporary).absolute()
            for line in compare(args.corpus, contenders, args, options, out):
                print(line, flush=True)
    except UserError as error:
        parser.exit(2, f"{parser.prog}: error: {error}\n")


if __name__ == "__main__":
    main()
