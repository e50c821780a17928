"""Whether generated music is like what its model learned from: ``python -m benchmarks.music_stats runs/folk -n 200``.

Pieces that a run draws are measured beside the real ones of its whole corpus: notes, rhythm, repeats, form, what is
copied, and of a run on all tracks how the voices go together. For each measure the table gives the range that random
samples of the real pieces span, each as large as what was held out from training, and marks what is outside. Of a
histogram the table has the distance to that of the real pieces (those that are not in the sample), 0 to 1, and only
what is farther than all samples is outside. A stretch is copied if it stands in the corpus in any key; for a real piece
the corpus is nine tenths of the others.

    python -m benchmarks.music_stats runs/folk --draw="" --draw="--form off" --draw="--temperature 1"

sets pieces drawn by several settings side by side. Another 200 real pieces, always in the table,
show how many measures chance alone leaves outside.
"""

import argparse
import dataclasses
import math
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy

from benchmarks.music_form import FORM
from benchmarks.music_measures import BASIC, DEGREES, figure, histogram, tune_of, with_copies
from benchmarks.music_voices import VOICES
from tsuzuri.api.resuming import source_files
from tsuzuri.errors import UserError
from tsuzuri.midi.words import collect, wordfile
from tsuzuri.midi.words.settings import settings_from_json
from tsuzuri.training.run import load_run

ROOT = Path(__file__).resolve().parent.parent
SAMPLES, FOLDS, CONTROL = 20, 10, 200
SPLITS = "corpus", "valid", "test"
RARE = 0.005  # share: labels that are rarer everywhere are not shown


class Row(NamedTuple):
    """A measure's ``low`` and ``high`` over the samples of real pieces, and the ``figures`` of the columns."""

    name: str
    kind: str
    low: float
    high: float
    figures: list[float]

    def excess(self, value):
        """How far outside a figure is, in widths of the range, of a tenth of its top at least; 0 where it is inside."""
        below = 0 if self.kind == "histogram" else self.low - value
        return max(0.0, below, value - self.high) / max(self.high - self.low, self.high / 10, 1e-9)


def main(argv=None):
    parser = argparse.ArgumentParser("benchmarks.music_stats", description=__doc__.split("\n")[0])
    parser.add_argument("run")
    parser.add_argument("-n", type=int, default=200, help="pieces to generate by each setting (default: 200)")
    parser.add_argument(
        "--draw", action="append", metavar="OPTIONS", help="of generate.py, for each column (default: none)"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--histograms", action="store_true", help="all histograms below the table")
    args = parser.parse_args(argv)
    args.draw = args.draw or [""]
    try:
        real, size = real_tunes(args.run)
        pieces = [generate(args.run, args.n, args.seed, options) for options in args.draw]
    except UserError as error:
        parser.exit(2, f"{parser.prog}: error: {error}\n")
    known = [piece for piece, _ in real]
    drawn = [with_copies([tune_of(piece) for piece in each], each, known) for each in pieces]
    tunes = [tune for _, tune in real]
    several = any(len(tune.voices()) > 1 or len(tune.pitched()) < len(tune.notes) for tune in tunes)
    measures = BASIC + FORM + VOICES * several
    rng = numpy.random.default_rng(args.seed)
    rows = compare(measures, tunes, drawn, min(size, len(tunes) // 2), rng)
    titles = [options or "default options" for options in args.draw]
    print(f"{args.n} pieces by each setting; the range of {SAMPLES} samples of {size} of {len(tunes)} real pieces\n")
    print_table(rows, [*titles, "real pieces"])
    if args.histograms:
        print_histograms(measures, [*zip(titles, drawn, strict=True), ("real pieces", tunes)])


def real_tunes(path):
    """The (piece, tune) of each real piece of a run's corpus, and how many of them were held out."""
    run = load_run(path)
    source = run.about["corpus"]
    if run.about["kind"] != "music":
        raise UserError(f"{path}: was trained on {run.about['kind']}: must be a run of music")
    settings = dataclasses.replace(settings_from_json(source["midi"]), transpose=(0, 0), stretch=())
    files = [file for split in SPLITS for file in source_files(run, split)]
    found = collect.collect_pieces(files, settings).pieces
    pieces = list({tuple(piece.words): piece for piece in found}.values())  # those that are there twice once
    tunes = [tune_of(piece) for piece in pieces]
    for fold in range(FOLDS):
        others = [piece for n, piece in enumerate(pieces) if n % FOLDS != fold]
        tunes[fold::FOLDS] = with_copies(tunes[fold::FOLDS], pieces[fold::FOLDS], others)
    documents = source["report"]["documents"]
    return list(zip(pieces, tunes, strict=True)), documents["valid"] + documents["test"]


def generate(run, count, seed, options=""):
    """Pieces drawn by ``options`` of generate.py."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "made.words")
        command = [sys.executable, ROOT / "generate.py", run, "-n", count, "--seed", seed, "--words", "-o", out]
        subprocess.run([*map(str, command), *shlex.split(options)], check=True)
        return wordfile.load_words(out)[1]


def compare(measures, real, columns, size, rng):
    """The ``Row`` of each measure of ``real`` tunes and of several ``columns`` of tunes, then of real ones again.

    Of histograms a sample of ``size`` real tunes is compared with all other real ones.
    """
    places = [set(rng.permutation(len(real))[:size].tolist()) for _ in range(SAMPLES)]
    control = rng.permutation(len(real))[: min(CONTROL, len(real) // 2)].tolist()
    rows = []
    for measure in measures:
        values = [measure.of(tune) for tune in real]
        is_histogram = measure.kind == "histogram"

        def sampled(chosen, values=values, kind=measure.kind, is_histogram=is_histogram):
            rest = [value for n, value in enumerate(values) if n not in chosen]
            return figure(kind, [values[n] for n in chosen], histogram(rest) if is_histogram else None)

        spans = [sampled(chosen) for chosen in places]
        if any(map(math.isnan, spans)):  # no drums, say
            continue
        whole = histogram(values) if is_histogram else None
        figures = [figure(measure.kind, [measure.of(tune) for tune in tunes], whole) for tunes in columns]
        rows.append(Row(measure.name, measure.kind, min(spans), max(spans), [*figures, sampled(control)]))
    return rows


def print_table(rows, titles):
    """The table in Markdown, what is outside in bold, with how many that are, and how far on average."""
    print(f"| measure | real pieces, range | {' | '.join(titles)} |\n|---|---|{'---|' * len(titles)}")
    for row in rows:
        name, low = row.name, shown(row, row.low) + " "
        if row.kind == "histogram":
            name, low = f"{row.name}, distance", ""
        cells = [f"**{shown(row, value)}**" if row.excess(value) else shown(row, value) for value in row.figures]
        print(f"| {name} | {low}to {shown(row, row.high)} | {' | '.join(cells)} |")
    excess = numpy.array([[row.excess(value) for value in row.figures] for row in rows])
    print(f"| outside, of {len(rows)} | | {' | '.join(map(str, (excess > 0).sum(0)))} |")
    print(f"| how far outside on average, in ranges | | {' | '.join(f'{mean:.2f}' for mean in excess.mean(0))} |")


def shown(row, value):
    """A figure as the table has it."""
    return f"{value:.1%}" if row.kind == "share" else f"{value:.0f}" if row.kind == "median" else f"{value:.3f}"


def print_histograms(measures, columns):
    """Each histogram of the (title, tunes) of columns, in %, with the labels that are not rare in all of them."""
    for measure in (measure for measure in measures if measure.kind == "histogram"):
        found = {title: histogram([measure.of(tune) for tune in tunes]) for title, tunes in columns}
        labels = {label for each in found.values() for label, share in each.items() if share >= RARE}
        labels = sorted(labels, key=lambda label: DEGREES.index(label) if label in DEGREES else label)
        print(f"\n{measure.name}, %\n\n| | {' | '.join(map(str, labels))} |\n|---|{'---|' * len(labels)}")
        for title, each in found.items():
            print(f"| {title} | {' | '.join(f'{100 * each.get(label, 0):.1f}' for label in labels)} |")


if __name__ == "__main__":
    main()
