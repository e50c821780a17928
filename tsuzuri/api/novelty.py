"""How new a text or a piece is: what of it is copied from the corpus, where that stands, how much was seen before."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping, Sequence

import numpy

from tsuzuri.api import corpora
from tsuzuri.api.resuming import source_files
from tsuzuri.errors import UserError
from tsuzuri.sampling.novelty import longest_runs, seen_share
from tsuzuri.training.corpus_file import NAME, TrainedOn
from tsuzuri.training.run import Run

RUNS = (4, 8, 16)  # words in a row, or notes, of which the share is told that was seen
LEAST = 8  # words in a row that are called a copy: shorter ones are anybody's
SPLITS = ("corpus", "valid", "test")


@dataclasses.dataclass(frozen=True)
class Copy:
    """A run of words, or of notes, that stands in the corpus, and is part of no longer one.

    ``start`` counts from 0 the new words, or the notes channel by channel, and ``length`` is how many are copied;
    ``passage`` is what they are. It stands in the text or tune ``source``, in line or bar ``number`` of it as it was
    read, after ``before`` and before ``after``; ``times`` is how often it stands in the corpus.
    """

    start: int
    length: int
    passage: str
    source: str
    number: int
    before: str
    after: str
    times: int


@dataclasses.dataclass(frozen=True)
class Novelty:
    """What of ``count`` new words, or notes (``unit``), is in the corpus.

    ``longest`` is the longest copy, None where nothing of two or more is one; ``copies`` are all of ``LEAST`` or more,
    in order. ``seen`` has for runs of 4, 8 and 16 the share that stands in the corpus, None where there is no such run.

    >>> print(run.novelty(run.generate(seed=1)))  # doctest: +SKIP
    longest copy: 9 words, in novel.txt, line 12: …と云って、[彼は立ち上がった。「何ですか」]と云った…
    seen before: 61 % of the runs of 4 words, 12 % of 8, none of 16
    """

    unit: str
    count: int
    longest: Copy | None
    copies: tuple[Copy, ...]
    seen: Mapping[int, float | None]

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> list[str]:
        """What it says to people, in two lines."""
        shares = ", ".join(
            f"{_share(self.seen[n])} of {f'the runs of {n} {self.unit}' if n == RUNS[0] else n}" for n in RUNS
        )
        return [f"longest copy: {self._longest()}", f"seen before: {shares}"]

    def _longest(self) -> str:
        copy = self.longest
        if copy is None:
            return f"none of two {self.unit} or more"
        line = "line" if self.unit == "words" else "bar"
        where = f"in {copy.source or 'the corpus'}, {line} {copy.number}"
        more = f" and {copy.times - 1:,} more place{'s' * (copy.times > 2)}" if copy.times > 1 else ""
        passage = f"…{copy.before}[{copy.passage}]{copy.after}…".replace("\n", " / ")
        return f"{copy.length} {self.unit}, {where}{more}: {passage}"

    def lengths(self) -> list[int]:
        """For each word, or note, the length of the longest of ``copies`` that it is part of, 0 for none."""
        held = [0] * self.count
        for copy in self.copies:
            for place in range(copy.start, copy.start + copy.length):
                held[place] = max(held[place], copy.length)
        return held


def _share(share: float | None) -> str:
    if not share:
        return "none"
    return f"{share:.0%}".replace("%", " %") if share >= 0.01 else f"{share:.1%}".replace("%", " %")


def measure(unit: str, lengths: numpy.ndarray, left: numpy.ndarray, copy_of: Callable[[int, int], Copy]) -> Novelty:
    """The ``Novelty`` by the length of the copy at each of the words or notes, 1 and less being none.

    ``left`` are how many there are from each on; ``copy_of(start, length)`` makes the ``Copy``.
    """
    runs = longest_runs(lengths, 2)
    longest = max(runs, key=lambda run: run[1], default=None)
    copies = tuple(copy_of(*run) for run in runs if run[1] >= LEAST)
    seen = {count: seen_share(lengths, left, count) for count in RUNS}
    return Novelty(unit, len(lengths), copy_of(*longest) if longest else None, copies, seen)


def gave_way_line(most: int | None, count: int) -> str:
    """What is said where copies had to be longer than ``most``, at ``count`` words."""
    return f"note: --max-copy {most} gave way at {count} word{'s' * (count > 1)}: no other could follow"


def trained_on(run: Run) -> TrainedOn:
    """What a run was trained on, as it keeps it, or else from the files that it was read from.

    Raises ``UserError`` where it keeps nothing and the files are gone or have changed.
    """
    kept: TrainedOn | None = run.load_corpus()
    if kept is not None:
        return kept
    needs = f"{run.path}: keeps no {NAME}, by which --novelty and --max-copy know its corpus"
    files = {name: source_files(run, name) for name in SPLITS}
    gone = next((path for paths in files.values() for path in paths if not os.path.exists(path)), None)
    if gone is not None:
        raise UserError(f"{needs}, and {gone}, which it was read from, is gone")
    source = run.about["corpus"]
    kind = {"kind": run.about["kind"], "text": source["text"] | {"tokens": run.about["tokens"]}}
    corpus = corpora.read_corpus(source | files | kind, run.recipe)
    if corpus.fingerprint() != source["fingerprint"] or corpus.vocabulary.words != run.vocabulary.words:
        raise UserError(f"{needs}, and {' '.join(files['corpus'])}, which it was read from, has changed")
    return TrainedOn(corpus.train, corpus.places)


def ends_of(breaks: Sequence[bool] | numpy.ndarray) -> numpy.ndarray:
    """How many there are from each on, itself counted, to the next after which there is a break."""
    places = numpy.arange(len(breaks))
    last = numpy.where(breaks, places, len(breaks))
    return numpy.asarray(numpy.minimum.accumulate(last[::-1])[::-1] - places + 1)
